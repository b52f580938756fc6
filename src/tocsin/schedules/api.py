"""`/schedules`: the collection, preview, users (core:S1-S30)."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row

from tocsin.accounts.api.audit import records_of
from tocsin.accounts.commands import calendar_feeds
from tocsin.core.errors import Invalid
from tocsin.core.recorded import by_id
from tocsin.rest.call import Call
from tocsin.rest.objects import Ref, Thing
from tocsin.rest.operations import Operation, Table, resource
from tocsin.rest.paging import Page, all_of, offset_page
from tocsin.rest.permissions import Permission
from tocsin.schedules import commands, feeds, wire
from tocsin.schedules.logic import next_on_call, render_errors, render_window, rendered, users_in, who
from tocsin.schedules.model import Schedule, Shift
from tocsin.schedules.store import finding
from tocsin.schedules.store.loading import absent, fresh, load, people_of
from tocsin.schedules.store.tables import schedules
from tocsin.schedules.wire import Teller, Window

BAD_RANGE = 2005
PARTS = ("schedule_layers", "overrides_subschedule", "final_schedule")


def window_of(call: Call) -> Window | None:
    """What `since`, `until` and `overflow` ask to render."""
    asked = render_window(call.instant("since"), call.instant("until"))
    if asked is None:
        return None
    if errors := render_errors(*asked):
        raise Invalid(errors, code=BAD_RANGE)
    return Window(*asked, call.flag("overflow"))


def _show(
    call: Call,
    rows: Sequence[Row[Any]],
    parts: Iterable[str] = PARTS,
    window: Window | None = None,
    listed: bool = False,
) -> list[Thing]:
    """Schedules with these parts; those of a list in the zone of whoever asks, others each in its own (core:S25)."""
    ids = [row.id for row in rows]
    found = load(call.conn, ids, min(window.since, call.now)) if window else fresh(call.conn, rows, call.now)
    around = finding.around(call.conn, ids, people_of(found.values()), call.actor.user_id)
    people, teams, facts = around.people, around.teams, call.facts("schedule", ids)
    shown = []
    for row in rows:
        teller = Teller(people, call.zone or wire.zone_of(around.zone if listed else row.time_zone))
        fields = _parts(found[row.id], teller, window, set(parts))
        fields |= {
            "users": [teller.user(id) for id in wire.users_of(found[row.id])],
            "teams": [Ref("team", team.id, team.name, gone=bool(team.deleted_at)) for team in teams.get(row.id, ())],
            "escalation_policies": facts.get(row.id, {}).get("escalation_policies", []),
        }
        shown.append(wire.schedule(row, fields | _next(call, found[row.id], teller)))
    return shown


def _parts(schedule: Schedule, teller: Teller, window: Window | None, wanted: set[str]) -> dict[str, Any]:
    if not wanted:
        return {}
    drawn = None
    if window:
        gone = _gone(teller)
        drawn = rendered(schedule, window.since, window.until, overflow=window.overflow, absent=gone)
    return {name: part for name, part in teller.parts(schedule, drawn, window).items() if name in wanted}


def _gone(teller: Teller) -> frozenset[str]:
    return frozenset(id for id, row in teller.people.items() if row.deleted_at is not None)


def _next(call: Call, schedule: Schedule, teller: Teller) -> dict[str, Any]:
    """The next shift of the user asked about (core:S28)."""
    user = call.text("include_next_oncall_for_user")
    if user is None:
        return {}
    shift: Shift | None = next_on_call(schedule, user, call.now, absent=_gone(teller))
    return {"next_oncall_for_user": teller.shift(shift) if shift else None}


def _one(call: Call, id: str) -> Thing:
    return _show(call, [commands.get(call.conn, id)], window=window_of(call))[0]


def load_schedules(call: Call, ids: Sequence[str]) -> dict[str, Thing]:
    """Schedules for `include[]`, in full but not rendered."""
    rows = [row for row in by_id(call.conn, schedules, ids).values() if row.deleted_at is None]
    return {thing.id: thing for thing in _show(call, rows)}


def list_schedules(call: Call) -> Page:
    """List schedules; layers, overrides and the final schedule only where `include[]` names them"""
    parts = [name for name in PARTS if call.wants(name)]
    found = finding.find(call.text("query"), call.many("team_ids"), call.sight)
    window = window_of(call)
    return offset_page(call, found, lambda rows: _show(call, rows, parts, window, listed=True))


def get_schedule(call: Call) -> Thing:
    """Get a schedule, rendered where `since` or `until` says; a person is told the address of its calendar"""
    shown = _one(call, call.id)
    if call.actor.user_id and not call.actor.read_only and feeds.is_open(call.conn, call.id):
        feed = calendar_feeds.addresses(call.tx, calendar_feeds.SCHEDULE, call.id, call.links.base)
        shown.fields.update(feed)
    return shown


def create_schedule(call: Call) -> Thing:
    """Create a schedule"""
    asked = call.read(wire.ScheduleBody).asked()
    call.demand(Permission.CONFIGURE, "team", asked.team_ids)
    return _one(call, commands.add(call.tx, call.actor, asked))


def update_schedule(call: Call) -> Thing:
    """Change a schedule from now on; what was before now stays as it was"""
    row = commands.get(call.conn, call.id, lock=True)
    before = load(call.conn, [row.id], call.now)[row.id].layers
    teams = [team.id for team in finding.teams_of(call.conn, [row.id]).get(row.id, ())]
    body = call.read(wire.ScheduleBody, over=wire.present(row, teams))
    asked = body.asked(before)
    if moves := set(asked.team_ids) - set(teams):
        call.demand(Permission.CONFIGURE, "team", moves)
    commands.edit(call.tx, call.actor, row, asked)
    return _one(call, call.id)


def delete_schedule(call: Call) -> None:
    """Remove a schedule that nothing uses"""
    row = commands.get(call.conn, call.id, lock=True)
    commands.drop(call.tx, call.actor, row, call.uses("schedule"))


def preview_schedule(call: Call) -> Thing:
    """Show what a schedule would look like; nothing is saved, and layers begin as given, in the past too"""
    body = call.read(wire.ScheduleBody)
    asked = body.changed(schedule_layers=[one.changed(id=None) for one in body.schedule_layers or []]).asked()
    commands.check(call.conn, asked)
    planned = Schedule("", asked.name, asked.time_zone, asked.layers or ())
    teller = Teller(finding.names_of(call.conn, people_of([planned])), call.zone or wire.zone_of(asked.time_zone))
    users = [teller.user(id) for id in wire.users_of(planned)]
    fields = _parts(planned, teller, window_of(call), set(PARTS)) | {"users": users}
    own = {"name": asked.name, "time_zone": asked.time_zone, "description": asked.description}
    refs = {"teams": [Ref("team", id) for id in asked.team_ids], "escalation_policies": []}
    return Thing("schedule", "PREVIEW", asked.name, {**own, **fields, **refs}, "/schedules/preview")


def list_users(call: Call) -> Page:
    """List the users on call in a window; without one, those on call now"""
    commands.get(call.conn, call.id)
    window = window_of(call)
    schedule = load(call.conn, [call.id], window.since if window else call.now)[call.id]
    gone = absent(call.conn, people_of([schedule]))
    if window:
        found = users_in(schedule, window.since, window.until, absent=gone)
    else:
        found = who(schedule, call.now, absent=gone)
    things = call.ports.loaders["user"](call, sorted(found)) if found else {}
    return all_of(sorted(things.values(), key=lambda thing: (thing.summary or "").lower()))


TABLE = Table(
    (
        *resource(
            "/schedules", "schedule", "schedules", scope="schedules", body=wire.ScheduleBody, in_body=True,
            includes=dict.fromkeys(PARTS, ""), sees="filtered", list=list_schedules, create=create_schedule,
            get=get_schedule, update=update_schedule, delete=delete_schedule,
        ),
        Operation(
            "POST", "/schedules/preview", preview_schedule, 200, "schedule", "schedules.write", Permission.READ,
            audit="schedule", takes="schedule", body=wire.ScheduleBody, sees="all",
        ),
        Operation("GET", "/schedules/{id}/users", list_users, 200, "users", "users.read", Permission.READ),
        records_of("schedules", "schedule"),
    ),
    {"schedule": load_schedules},
)  # fmt: skip
