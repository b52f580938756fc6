"""Schedules out of PostgreSQL, many at once.

1. A schedule, its layers and its overrides come in one statement, so that no edit can fall between them.
2. Parsed schedules are kept in this process by their version token; a batch asks for the tokens alone.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, select, text

from tocsin.accounts.store.tables import users
from tocsin.core.together import among
from tocsin.schedules.model import Layer, Override, Restriction, Schedule
from tocsin.schedules.store.tables import schedules

MOST_KEPT = 5_000
BEHIND = timedelta(days=400)  # a year's turn is the longest: overrides this old can still say where a shift began
BEGINNING = datetime(1900, 1, 1, tzinfo=UTC)

_LOAD = text(
    "SELECT s.id, s.name, s.time_zone, s.version, "
    "(SELECT json_agg(l ORDER BY l.place, l.term) FROM schedule_layers l WHERE l.schedule_id = s.id) AS layers, "
    '(SELECT json_agg(o) FROM schedule_overrides o WHERE o.schedule_id = s.id AND o."end" > :since) AS overrides '
    "FROM schedules s WHERE s.id = ANY(:ids) AND s.deleted_at IS NULL"
)


@dataclass(frozen=True, slots=True)
class _Kept:
    version: str
    since: datetime
    schedule: Schedule


_kept: dict[str, _Kept] = {}


def load(conn: Connection, ids: Iterable[str], since: datetime = BEGINNING) -> dict[str, Schedule]:
    """Live schedules by id, with the overrides that end after `since`."""
    return {id: kept.schedule for id, kept in _read(conn, ids, since).items()}


_VERSIONS = select(schedules.c.id, schedules.c.version).where(among(schedules.c.id), schedules.c.deleted_at.is_(None))


def ready(conn: Connection, ids: Iterable[str], since: datetime) -> dict[str, Schedule]:
    """`load` for those who ask often: costs one small query while nothing was edited.

    What is kept may hold more overrides than asked for.
    """
    wanted = list(ids)
    return fresh(conn, conn.execute(_VERSIONS, {"ids": wanted}), since) if wanted else {}


def fresh(conn: Connection, rows: Iterable[Any], since: datetime) -> dict[str, Schedule]:
    """`ready` for those who have read the rows (`id`, `version`) already: no query while nothing was edited."""
    versions: dict[str, str] = {row.id: row.version for row in rows}
    found = {id: kept.schedule for id, version in versions.items() if (kept := _fitting(id, version, since))}
    missing = versions.keys() - found.keys()
    if missing:
        new = _read(conn, missing, max(since, BEGINNING) - BEHIND)
        if len(_kept) + len(new) > MOST_KEPT:
            _kept.clear()
        _kept.update(new)
        found |= {id: kept.schedule for id, kept in new.items()}
    return found


def _fitting(id: str, version: str, since: datetime) -> _Kept | None:
    kept = _kept.get(id)
    return kept if kept and kept.version == version and kept.since <= since else None


def _read(conn: Connection, ids: Iterable[str], since: datetime) -> dict[str, _Kept]:
    wanted = list(ids)
    rows = conn.execute(_LOAD, {"ids": wanted, "since": since}) if wanted else ()
    return {row.id: _Kept(row.version, since, _schedule(row)) for row in rows}


def _schedule(row: Any) -> Schedule:
    terms: dict[str, list[Layer]] = {}
    for layer in row.layers or ():
        terms.setdefault(layer["layer_id"], []).append(_term(layer))
    overrides = tuple(_override(override) for override in row.overrides or ())
    return Schedule(row.id, row.name, row.time_zone, tuple(_joined(layer) for layer in terms.values()), overrides)


def _joined(terms: list[Layer]) -> Layer:
    """A layer as it is, carrying what it was."""
    *past, last = terms
    return Layer(**{name: getattr(last, name) for name in _FIELDS}, past=tuple(past))


_FIELDS = (
    "id", "name", "start", "end", "rotation_virtual_start", "rotation_turn_length_seconds", "users", "restrictions",
    "phase", "time_zone",
)  # fmt: skip


def _term(row: Mapping[str, Any]) -> Layer:
    return Layer(
        row["layer_id"],
        row["name"],
        _instant(row["start"]),
        _instant(row["end"]) if row["end"] else None,
        _instant(row["rotation_virtual_start"]),
        row["rotation_turn_length_seconds"],
        tuple(row["users"]),
        tuple(_restriction(restriction) for restriction in row["restrictions"]),
        row["phase"],
        time_zone=row["time_zone"],
    )


def _restriction(kept: Mapping[str, Any]) -> Restriction:
    opens = time.fromisoformat(kept["start_time_of_day"])
    return Restriction(kept["kind"], kept["start_day_of_week"], opens, kept["duration_seconds"])


def _override(row: Mapping[str, Any]) -> Override:
    return Override(row["id"], _instant(row["start"]), _instant(row["end"]), row["user_id"], row["created"])


def _instant(iso: str) -> datetime:
    return datetime.fromisoformat(iso).astimezone(UTC)


def absent(conn: Connection, people: Collection[str]) -> frozenset[str]:
    """Those of these people who are no longer in the account (core:G-71)."""
    gone = select(users.c.id).where(users.c.id.in_(list(people)), users.c.deleted_at.is_not(None))
    return frozenset(conn.scalars(gone)) if people else frozenset()


def people_of(found: Iterable[Schedule]) -> set[str]:
    """Everybody named in these schedules, now or before, in layers and overrides."""
    named: set[str] = set()
    for schedule in found:
        named.update(user for layer in schedule.layers for term in layer.terms for user in term.users)
        named.update(override.user for override in schedule.overrides)
    return named
