"""What the operations on incidents share: finding one by id or number, showing rows, reading windows of time."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import Connection, Row

from tocsin.core.errors import Invalid, NotFound, TooLarge
from tocsin.fields import wire as field_wire
from tocsin.fields.store import finding
from tocsin.incidents.store import fields, queries
from tocsin.incidents.store.tables import FIELDS
from tocsin.incidents.wire import alerts as alert_wire
from tocsin.incidents.wire import entries as entry_wire
from tocsin.incidents.wire import incidents as wire
from tocsin.rest import body
from tocsin.rest.call import Call
from tocsin.rest.objects import Thing
from tocsin.rest.paging import Page

B = TypeVar("B", bound=BaseModel)
MOST_ITEMS = 250


def incident_id(call: Call) -> str:
    """The id of the path's incident, given by id or by number (core:I12)."""
    found = queries.ids_of(call.conn, [call.id]).get(call.id)
    if found is None:
        raise NotFound()
    return found


def incidents(call: Call, rows: Sequence[Row[Any]], detailed: bool = False) -> list[Thing]:
    """Incidents in full; a bridge is shown to those who ask for it or have just changed something (core:I2)."""
    around = queries.around_incidents(call.conn, rows)
    bridge = call.operation.method != "GET" or call.wants("conference_bridge")
    things = [wire.incident(row, around, bridge, detailed) for row in rows]
    if call.operation.path.startswith("/incidents") and call.wants("custom_fields"):
        values = field_values(call.conn, rows)
        for thing in things:
            thing.fields["custom_fields"] = values[thing.id]
    return things


def field_values(conn: Connection, rows: Sequence[Row[Any]]) -> dict[str, list[dict[str, Any]]]:
    """Every field of these incidents with its value, by incident."""
    found = fields.with_values(conn, [row.id for row in rows]) if rows else ()
    return {
        row.id: [
            field_wire.value(field, finding.value_of(FIELDS, field, row.id))
            for field in fields.of_type(found, row.incident_type)
        ]
        for row in rows
    }


def incident(call: Call, id: str, detailed: bool = False) -> Thing:
    """One incident in full."""
    return incidents(call, queries.by_ids(call.conn, [id]), detailed)[0]


def alerts(call: Call, rows: Sequence[Row[Any]]) -> list[Thing]:
    """Alerts in full."""
    around = queries.around_alerts(call.conn, rows)
    return [alert_wire.alert(row, around) for row in rows]


def entries(call: Call, rows: Sequence[Row[Any]]) -> list[Thing]:
    """Log entries in full."""
    around = queries.around_entries(call.conn, rows)
    return [entry_wire.entry(row, around) for row in rows]


def items(call: Call, model: type[B]) -> list[B]:
    """The items of a bulk body, each read as `model` and with an id (core:I50)."""
    if not isinstance(call.body, list):
        raise Invalid(f"{call.operation.takes} must be a list")
    if len(call.body) > MOST_ITEMS:
        raise TooLarge(f"At most {MOST_ITEMS} {call.operation.takes} can be changed at once")
    read, problems = [], []
    for n, given in enumerate(call.body):
        try:
            read.append(body.read(model, given))
        except Invalid as error:
            problems += [f"{call.operation.takes}[{n}]: {problem}" for problem in error.errors]
            continue
        if not getattr(read[-1], "id", None):
            problems.append(f"{call.operation.takes}[{n}]: id is required")
    if problems:
        raise Invalid(problems)
    return read


def changed(items: Sequence[Thing]) -> Page:
    """The answer to a bulk change: all of it on one page."""
    return Page(items, {"limit": MOST_ITEMS, "offset": 0, "more": False, "total": None})


def window(call: Call) -> tuple[datetime | None, datetime | None]:
    """`since` and `until`; `Invalid` when unreadable (2004) or the wrong way round (2005)."""
    try:
        since, until = call.instant("since"), call.instant("until")
    except Invalid as error:
        raise Invalid(error.errors, code=2004) from None
    if since and until and since > until:
        raise Invalid("since must be before until", code=2005)
    return since, until


def sorting(call: Call, columns: dict[str, Any], default: str, most: int) -> list[Any]:
    """`sort_by` with up to `most` names, comma-separated (core:I30, core:G-74)."""
    order = []
    given = (call.text("sort_by") or default).split(",")
    for name, _, direction in (one.strip().partition(":") for one in given):
        if name not in columns or direction not in ("", "asc", "desc") or len(given) > most:
            raise Invalid(f"sort_by must be at most {most} of {', '.join(columns)}, each with :asc or :desc")
        order.append(columns[name].desc() if direction == "desc" else columns[name].asc())
    return order


def among(call: Call, name: str, allowed: Sequence[str], said: str) -> list[str]:
    """An array parameter of named values, once each."""
    given = list(dict.fromkeys(call.many(name)))
    if any(value not in allowed for value in given):
        raise Invalid(said)
    return given


def found(load: Callable[[Call, Sequence[Any]], list[Thing]], call: Call, rows: Sequence[Any]) -> dict[str, Thing]:
    """Things by id, for `include[]`."""
    return {thing.id: thing for thing in load(call, rows)}
