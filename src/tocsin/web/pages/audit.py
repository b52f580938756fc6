"""What was changed, by whom, from where: for the owner and admins (core:A1).

1. The filters stand in the address, so that a view can be passed on; a link "Older" goes on where a page ends.
2. The same view can be taken away as CSV or JSON. A cell that a spreadsheet would take for a formula is defused.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from tocsin.core.errors import Invalid
from tocsin.rest.permissions import Permission
from tocsin.web import audit_words as says
from tocsin.web.pages.frame import framed
from tocsin.web.queries import audit as read
from tocsin.web.serving import Page
from tocsin.web.site import Ask

HOME = "/app/audit"
COLUMNS = (
    "at", "action", "resource_type", "resource_id", "resource_name", "root_type", "root_id", "actor_kind", "actor_id",
    "actor_name", "method", "key_tail", "address", "request_id", "before", "after",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_FILTERS = ("who", "type", "action", "q", "from", "until", "of")


def show(ask: Ask) -> Response:
    """One page of records."""
    wanted = _wanted(ask)
    records, more = read.listed(ask.tx.conn, wanted)
    held = {name: ask.query(name) for name in _FILTERS}
    who = read.actors(ask.tx.conn)
    if wanted.who and wanted.who not in dict(who):
        who.append((wanted.who, read.one_actor(ask.tx.conn, wanted.who) or wanted.who))
    return framed(
        ask, "audit.html", records=records, held=held, who=who, says=says,
        kinds=[(type, says.thing(type).capitalize()) for type in read.TYPES],
        deeds=[(action, says.VERBS[action].capitalize()) for action in read.ACTIONS],
        here_with=_address(held), older=_older(held, records) if more else None, paged=wanted.place is not None,
        of=wanted.of, of_name=read.name_of(ask.tx.conn, wanted.of) if wanted.of else "", most=read.MOST_LOADED,
    )  # fmt: skip


def _wanted(ask: Ask) -> read.Wanted:
    kind, _, id = ask.query("of").partition("/")
    until = _day(ask, "until")
    return read.Wanted(
        who=ask.query("who")[:100], type=ask.query("type")[:100], action=ask.query("action")[:100],
        text=ask.query("q").strip()[:200], since=_day(ask, "from"), until=until + timedelta(days=1) if until else None,
        of=(kind[:100], id[:100]) if kind and id else None, place=_place(ask.query("before")),
    )  # fmt: skip


def _day(ask: Ask, name: str) -> datetime | None:
    given = ask.query(name)
    if not given:
        return None
    try:
        found = datetime.strptime(given, "%Y-%m-%d").replace(tzinfo=ask.watch.zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(f"{name.capitalize()} must be a day like 2026-01-31") from None
    if not 2000 <= found.year <= 9000:
        raise Invalid(f"{name.capitalize()} must be a day of this century")
    return found


def _place(given: str) -> tuple[datetime, str] | None:
    at, _, id = given.partition("~")
    try:
        return (datetime.fromisoformat(at).astimezone(UTC), id[:100]) if given else None
    except (ValueError, OverflowError):
        raise Invalid("This link is damaged: begin again from the newest") from None


def _address(held: Mapping[str, str], **more: str) -> str:
    return urlencode({name: value for name, value in (dict(held) | more).items() if value})


def _older(held: Mapping[str, str], records: Sequence[read.Record]) -> str:
    last = records[-1].row
    return f"{HOME}?{_address(held, before=f'{last.at.isoformat()}~{last.id}')}"


def as_csv(ask: Ask) -> Response:
    """The records of the filters as a table."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(row[name]) for name in COLUMNS] for row in _loaded(ask))
    return _file(text.getvalue().encode(), "text/csv; charset=utf-8", "csv")


def as_json(ask: Ask) -> Response:
    """The same as a list of objects."""
    return _file(msgspec.json.encode(_loaded(ask)), "application/json", "json")


def _loaded(ask: Ask) -> list[dict[str, Any]]:
    rows = ask.tx.conn.execute(read.find(_wanted(ask)).limit(read.MOST_LOADED))
    return [{name: row._mapping[name] for name in COLUMNS} for row in rows]


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    text = value if isinstance(value, str) else "" if value is None else msgspec.json.encode(value).decode()
    return f"'{text}" if text.startswith(_FORMULA) else text


def _file(content: bytes, type: str, ending: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="audit.{ending}"'}
    return Response(content, headers=headers, media_type=type)


_A = Permission.ACCOUNT
PAGES = (
    Page("GET", HOME, show, needs=_A),
    Page("GET", f"{HOME}.csv", as_csv, needs=_A),
    Page("GET", f"{HOME}.json", as_json, needs=_A),
)
