"""Log entries: of an incident, of a person, of the account, and a new text in the channel of one (core:L1-L7)."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from tocsin.accounts import acting
from tocsin.accounts.commands import users
from tocsin.core.errors import NotFound
from tocsin.core.recorded import by_id
from tocsin.incidents.api import shown
from tocsin.incidents.commands.channels import rewrite
from tocsin.incidents.store import ledger, queries
from tocsin.incidents.store import tables as stored
from tocsin.incidents.store.ledger import Span
from tocsin.rest.body import Body
from tocsin.rest.call import Call
from tocsin.rest.objects import Thing
from tocsin.rest.operations import Operation, Table
from tocsin.rest.paging import Page, offset_page, reach
from tocsin.rest.permissions import Permission

INCLUDES = {"incidents": "incident", "services": "service", "teams": "teams", "channels": ""}


class ChannelBody(Body):
    """What of a channel can be written anew; the type has to be the present one."""

    type: Literal["web_trigger", "mobile"]
    details: str = Field(max_length=65_535)


def _span(call: Call) -> Span:
    return Span(*shown.window(call), call.flag("is_overview"), call.sight)


def list_entries_of_incident(call: Call) -> Page:
    """List an incident's log entries, newest first"""
    since, until = shown.window(call)
    found = queries.entries_of(shown.incident_id(call), since, until, call.flag("is_overview"))
    return offset_page(call, found, lambda rows: shown.entries(call, rows))


def list_entries(call: Call) -> Page:
    """List log entries, newest first"""
    span, team_ids = _span(call), call.many("team_ids")
    if team_ids:
        found = ledger.of_teams(call.conn, team_ids, span, reach(call))
        counted = ledger.all_of_teams(call.conn, team_ids, span) if call.flag("total") else None
        return offset_page(call, found, lambda rows: shown.entries(call, rows), counted)
    found = queries.entries_of(None, span.since, span.until, span.overview, span.sight)
    return offset_page(call, found, lambda rows: shown.entries(call, rows))


def list_entries_of_person(call: Call) -> Page:
    """List the log entries about what a user did, was told or was given, newest first"""
    users.get(call.conn, call.id)
    span = _span(call)
    found = ledger.of_person(call.id, span, reach(call))
    return offset_page(call, found, lambda rows: shown.entries(call, rows), ledger.all_of_person(call.id, span))


def get_entry(call: Call) -> Thing:
    """Get a log entry"""
    found = load_entries(call, [call.id])
    if call.id not in found:
        raise NotFound()
    return found[call.id]


def update_channel(call: Call) -> None:
    """Write the details of a log entry's channel anew, where a person triggered the incident"""
    acting.required(call)
    body = call.read(ChannelBody)
    rewrite(call.tx, call.id, body.type, body.details)


def load_entries(call: Call, ids: Sequence[str]) -> dict[str, Thing]:
    """Log entries for `include[]`."""
    return shown.found(shown.entries, call, list(by_id(call.conn, stored.log_entries, ids).values()))


_READ: dict[str, Any] = {"scope": "incidents.read", "permission": Permission.READ, "includes": INCLUDES}

TABLE = Table(
    (
        Operation("GET", "/incidents/{id}/log_entries", list_entries_of_incident, 200, "log_entries", **_READ),
        Operation("GET", "/users/{id}/log_entries", list_entries_of_person, 200, "log_entries", subject="id", **_READ),
        Operation("GET", "/log_entries", list_entries, 200, "log_entries", sees="filtered", **_READ),
        Operation("GET", "/log_entries/{id}", get_entry, 200, "log_entry", **_READ),
        Operation(
            "PUT", "/log_entries/{id}/channel", update_channel, 202, None, "incidents.write", Permission.RESPOND,
            takes="channel", body=ChannelBody,
        ),
    ),
    {"trigger_log_entry": load_entries},
)  # fmt: skip
