"""What is wrong with a request: lists of sentences for the error body, empty when all is well."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from tocsin.core.zones import zone
from tocsin.schedules.model import Layer, Restriction

SHORTEST_TURN, LONGEST_TURN = 3_600, 31_536_000
MOST_LAYERS = 60
LONGEST_WINDOW = timedelta(days=366)
ONCALL_REACH = timedelta(days=90)
_DEFAULT_WINDOW = timedelta(weeks=2)


def schedule_errors(name: str, time_zone: str, description: str | None, layers: Sequence[Layer]) -> list[str]:
    """core:S2, with what is wrong in each layer."""
    errors = []
    if not name.strip():
        errors.append("Name can't be blank")
    if len(name) > 255:
        errors.append("Name is too long (maximum is 255 characters)")
    if description is not None and len(description) > 1024:
        errors.append("Description is too long (maximum is 1024 characters)")
    try:
        zone(time_zone)
    except ValueError as error:
        errors.append(f"Time zone {error}")
    if not 1 <= len(layers) <= MOST_LAYERS:
        errors.append(f"A schedule needs 1 to {MOST_LAYERS} layers")
    return errors + [
        f"{_label(layer, i)}: {error}" for i, layer in enumerate(layers, 1) for error in layer_errors(layer)
    ]


def _label(layer: Layer, place: int) -> str:
    return f"Layer {layer.name!r}" if layer.name else f"Layer {place}"


def unknown_layer_errors(before: Iterable[Layer], ids: Iterable[str]) -> list[str]:
    """Ids in a request that are no layer of the schedule, or stand there twice (core:S6)."""
    known, seen, errors = {layer.id for layer in before}, set[str](), []
    for id in ids:
        if id not in known:
            errors.append(f"Layer {id} does not belong to this schedule")
        elif id in seen:
            errors.append(f"Layer {id} is listed twice")
        seen.add(id)
    return errors


def layer_errors(layer: Layer) -> list[str]:
    """core:S3, S4, G-62."""
    errors = []
    if len(layer.name) > 100:
        errors.append("Name is too long (maximum is 100 characters)")
    if not SHORTEST_TURN <= layer.rotation_turn_length_seconds <= LONGEST_TURN:
        errors.append(f"Rotation turn length must be from {SHORTEST_TURN} to {LONGEST_TURN} seconds")
    if not layer.users:
        errors.append("Users can't be empty")
    if layer.end is not None and layer.end <= layer.start:
        errors.append("Layer must end after its start")
    return errors + [error for restriction in layer.restrictions for error in restriction_errors(restriction)]


def restriction_errors(restriction: Restriction) -> list[str]:
    """core:S5."""
    errors, day = [], restriction.start_day_of_week
    longest = 604_800 if restriction.kind == "weekly" else 86_400
    if not 0 < restriction.duration_seconds < longest:
        errors.append(f"A {restriction.kind} restriction must last from 1 to {longest - 1} seconds")
    if restriction.kind == "daily" and day is not None:
        errors.append("A daily restriction takes no start_day_of_week")
    if restriction.kind == "weekly" and (day is None or not 1 <= day <= 7):
        errors.append("A weekly restriction needs a start_day_of_week from 1 (Monday) to 7")
    return errors


def override_errors(start: datetime, end: datetime, now: datetime) -> list[str]:
    """core:S42. One that is over already ends before its start, for that is now."""
    return ["Override must end after its start"] if end <= max(start, now) else []


def render_window(since: datetime | None, until: datetime | None) -> tuple[datetime, datetime] | None:
    """What to render: two weeks where one side is missing, nothing where both are (core:S20)."""
    if since is None and until is None:
        return None
    if since is None:
        assert until is not None
        return until - _DEFAULT_WINDOW, until
    return since, until if until is not None else since + _DEFAULT_WINDOW


def render_errors(since: datetime, until: datetime) -> list[str]:
    """At most a year, leap day included (core:S26, G-18)."""
    if until <= since:
        return ["Until must be after since"]
    return ["The time range may not be longer than one year"] if until - since > LONGEST_WINDOW else []


def oncall_errors(since: datetime, until: datetime, now: datetime) -> list[str]:
    """core:S61."""
    errors = []
    if until < since:
        errors.append("Until must not be before since")
    if until > now + ONCALL_REACH:
        errors.append("Until may not be more than 90 days ahead")
    return errors
