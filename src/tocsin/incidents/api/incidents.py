"""`/incidents`: list, open, change one or many, snooze, merge (core:2.3-2.8)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tocsin.accounts import acting
from tocsin.core.errors import Invalid
from tocsin.core.recorded import by_id
from tocsin.fields.commands import values
from tocsin.incidents.api import shown
from tocsin.incidents.commands import changing, fields, moving, opening, types, verbs
from tocsin.incidents.store import queries
from tocsin.incidents.store.tables import incidents
from tocsin.incidents.wire import bodies
from tocsin.rest.call import Call
from tocsin.rest.objects import Thing
from tocsin.rest.operations import Operation, Table
from tocsin.rest.paging import Page, offset_page
from tocsin.rest.permissions import Permission

STATUSES = "Status must be a list of triggered, acknowledged, or resolved."
URGENCIES = "Urgency must be a list of high or low."
MONTH, LONGEST = timedelta(days=31), timedelta(days=184)
SORTS = {
    "incident_number": incidents.c.number,
    "created_at": incidents.c.created_at,
    "resolved_at": incidents.c.resolved_at,
    "urgency": incidents.c.urgency,
}
INCLUDES = {
    "acknowledgers": "acknowledgements.acknowledger",
    "agents": "last_status_change_by",
    "custom_fields": "",
    "assignees": "assignments.assignee",
    "conference_bridge": "",
    "escalation_policies": "escalation_policy",
    "first_trigger_log_entries": "first_trigger_log_entry",
    "priorities": "priority",
    "services": "service",
    "teams": "teams",
    "users": "assignments.assignee",
}


def load_incidents(call: Call, ids: Sequence[str]) -> dict[str, Thing]:
    """Incidents for `include[]`."""
    return shown.found(shown.incidents, call, list(by_id(call.conn, incidents, ids).values()))


def list_incidents(call: Call) -> Page:
    """List incidents; those of the last month unless a window is given"""
    since, until = _window(call)
    wanted = queries.Filters(
        since,
        until,
        shown.among(call, "statuses", ("triggered", "acknowledged", "resolved"), STATUSES),
        shown.among(call, "urgencies", ("high", "low"), URGENCIES),
        call.many("service_ids"),
        call.many("team_ids"),
        call.many("user_ids"),
        call.text("incident_key"),
        call.sight,
        call.many("incident_type_ids"),
    )
    order = [*shown.sorting(call, SORTS, "created_at:asc", 2), incidents.c.number]
    return offset_page(call, queries.find(wanted).order_by(*order), lambda rows: shown.incidents(call, rows))


def _window(call: Call) -> tuple[datetime | None, datetime | None]:
    """core:I31: a month unless said, half a year at most, everything with `date_range=all`."""
    if call.text("date_range"):
        if call.text("date_range") != "all":
            raise Invalid("date_range must be all", code=2005)
        return None, None
    since, until = shown.window(call)
    if since is None:
        since = (until or call.now) - MONTH
    if (until or call.now) - since > LONGEST:
        raise Invalid("The time between since and until may be six months at most", code=2005)
    return since, until


def get_incident(call: Call) -> Thing:
    """Get an incident by its id or its number"""
    return shown.incident(call, shown.incident_id(call), call.wants("body"))


def create_incident(call: Call) -> Thing:
    """Open an incident"""
    actor, given = acting.required(call), call.read(bodies.NewBody)
    call.demand(Permission.RESPOND, "service", [given.service.id])
    wanted = values.items(given.custom_fields)
    made = opening.create(call.tx, actor, _new(call, given))
    if wanted:
        fields.put(call.tx, actor, made.id, wanted)
    return shown.incident(call, made.id, detailed=True)


def _new(call: Call, given: bodies.NewBody) -> opening.NewIncident:
    users = changing.people(given.assignments)
    if len(users) > 1:
        raise Invalid("assignments may have one assignee at most")
    if users and given.escalation_policy:
        raise Invalid("assignments and escalation_policy cannot be given together")
    changing.check_people(call.tx, users)
    policy = given.escalation_policy.id if given.escalation_policy else None
    changing.policies_of(call.tx, [policy] if policy else [])
    name = changing.priority_name(given.priority)
    known = changing.priorities_of(call.tx, [name])
    type = given.incident_type.said if given.incident_type else None
    return opening.NewIncident(
        title=given.title,
        service_id=given.service.id,
        urgency=given.urgency,
        priority_id=known[name] if name else None,
        incident_key=given.incident_key,
        body={"type": "incident_body", "details": given.body.details} if given.body else None,
        users=users,
        policy_id=policy,
        incident_type=types.chosen(call.conn, [type])[type] if type is not None else opening.DEFAULT_TYPE,
        conference_bridge=given.conference_bridge.model_dump() if given.conference_bridge else None,
    )


def update_incident(call: Call) -> Thing:
    """Change an incident: acknowledge, resolve, reopen, escalate, reassign, edit"""
    actor, id = acting.required(call), shown.incident_id(call)
    changing.change(call.tx, actor, [(id, call.read(bodies.Change))])
    return shown.incident(call, id)


def update_incidents(call: Call) -> Page:
    """Change many incidents, all or none"""
    actor = acting.required(call)
    items = shown.items(call, bodies.Change)
    ids = queries.ids_of(call.conn, [item.id for item in items if item.id])
    if missing := [item.id for item in items if item.id not in ids]:
        raise Invalid([f"Incident {id} not found" for id in missing], code=1004)
    call.demand(Permission.RESPOND, "incident", ids.values())
    pairs = [(ids[item.id], item.changed(service=None)) for item in items if item.id]
    changing.change(call.tx, actor, pairs)
    rows = queries.by_ids(call.conn, list(dict.fromkeys(id for id, _ in pairs)))
    return shown.changed(shown.incidents(call, rows))


def snooze_incident(call: Call) -> Thing:
    """Leave an acknowledged incident for a while"""
    actor, id = acting.required(call), shown.incident_id(call)
    verbs.snooze(call.tx, actor, [id], _duration(call.body))
    return shown.incident(call, id)


def _duration(body: Any) -> int:
    given = body.get("duration") if isinstance(body, Mapping) else None
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 10:
        given = int(given)
    if not isinstance(given, int) or isinstance(given, bool):
        raise Invalid("Snooze duration must be a whole number of seconds", code=1013)
    return given


def merge_incidents(call: Call) -> Thing:
    """Merge other incidents into this one"""
    actor, id = acting.required(call), shown.incident_id(call)
    wanted = [source.id for source in call.read(bodies.Sources).source_incidents]
    known = queries.ids_of(call.conn, wanted)
    if missing := [one for one in dict.fromkeys(wanted) if one not in known]:
        raise Invalid([f"Incident {one} not found" for one in missing], code=1004)
    call.demand(Permission.RESPOND, "incident", known.values())
    moving.merge(call.tx, actor, id, [known[one] for one in wanted])
    return shown.incident(call, id)


_READ: dict[str, Any] = {"scope": "incidents.read", "permission": Permission.READ}
_WRITE: dict[str, Any] = {"scope": "incidents.write", "permission": Permission.RESPOND}

TABLE = Table(
    (
        Operation("GET", "/incidents", list_incidents, 200, "incidents", includes=INCLUDES, sees="filtered", **_READ),
        Operation(
            "POST", "/incidents", create_incident, 201, "incident", takes="incident", body=bodies.NewBody, in_body=True,
            **_WRITE,
        ),
        Operation("PUT", "/incidents", update_incidents, 200, "incidents", takes="incidents", in_body=True, **_WRITE),
        Operation(
            "GET", "/incidents/{id}", get_incident, 200, "incident",
            includes=INCLUDES | {"body": ""}, **_READ,
        ),
        Operation(
            "PUT", "/incidents/{id}", update_incident, 200, "incident", takes="incident", body=bodies.Change, **_WRITE
        ),
        Operation("POST", "/incidents/{id}/snooze", snooze_incident, 201, "incident", **_WRITE),
        Operation("PUT", "/incidents/{id}/merge", merge_incidents, 200, "incident", body=bodies.Sources, **_WRITE),
    ),
    {"incident": load_incidents},
)  # fmt: skip
