"""One incident: everything known of it, and everything one can do to it (core:I2, core:I7)."""

import math
from collections.abc import Callable
from datetime import timedelta

from starlette.responses import Response

from tocsin.core.errors import Invalid, NotFound
from tocsin.incidents.commands import fields, notes, types, verbs
from tocsin.incidents.model import Acknowledged, Delegated, Event, Snoozed, Status
from tocsin.rest.permissions import Permission
from tocsin.web.pages import impact, values
from tocsin.web.pages.frame import framed
from tocsin.web.queries import fields as field_queries
from tocsin.web.queries import incidents as read
from tocsin.web.queries import names, responders, timeline, triage
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go
from tocsin.webhooks.addresses import links_of
from tocsin.webhooks.commands import actions
from tocsin.webhooks.store.receivers import actions_on

MORNING = 9
SNOOZES = {"15": timedelta(minutes=15), "60": timedelta(hours=1), "240": timedelta(hours=4)}
SAID = {
    "acknowledge": "You have it. Nobody else is paged for it.",
    "resolve": "Resolved.",
    "snooze": "Snoozed.",
    "reassign": "Handed on.",
    "note": "Noted.",
    "reopen": "Open again.",
    "escalate": "Escalated.",
    "unacknowledge": "Given back: it pages again.",
    "fields": "Saved.",
    "ask": "They are paged.",
    "cancel": "They are not asked any more.",
    "join": "You joined. Who has the incident has not changed.",
    "decline": "You declined.",
    "impact": "Saved: business services show it at once.",
    "action": "The action is under way; the timeline says that you ran it.",
}


def show(ask: Ask) -> Response:
    """The incident's page."""
    shown = shown_incident(ask)
    incident = shown.incident
    every = ask.query("entries") == "all"
    lines, older = timeline.entries(ask.tx.conn, incident.id, every)
    tree = [row for _, row in field_queries.tree(ask.tx.conn)]
    alerts, hidden = timeline.of_incident(ask.tx.conn, incident.id)
    return framed(
        ask, "incident.html", shown=shown, i=incident, lines=lines, older=older, alerts=alerts, hidden=hidden,
        described=timeline.described(incident.body), everybody=names.everybody(ask.tx.conn),
        policies=names.policies(ask.tx.conn, ask.sight), morning=ask.watch.tomorrow_at(MORNING),
        can_answer=ask.may(Permission.RESPOND, "incident", incident.id),
        fields=field_queries.on_incident(ask.tx.conn, incident.id, incident.incident_type),
        types=[row for row in tree if row.enabled or row.name == incident.incident_type],
        draft_fields=ask.fields("fields"),
        type=next((row.display_name for row in tree if row.name == incident.incident_type), incident.incident_type),
        impact=impact.of_incident(ask, incident.id),
        calls=responders.calls(ask.tx.conn, incident, ask.actor.user_id),
        updates=responders.updates(ask.tx.conn, incident.id, 1),
        asking=ask.field("message") if ask.errors else "",
        near=triage.beside(ask.tx.conn, incident, ask.now, ask.sight, ask.site.facts),
        actions=actions_on(ask.tx.conn, incident.service_id),
        told=SAID.get(ask.query("done"), ""), draft=ask.field("content") if ask.errors else "",
    )  # fmt: skip


def shown_incident(ask: Ask) -> read.Shown:
    """The incident of the path, or `NotFound`."""
    found = read.one(ask.tx.conn, ask.param("id"), ask.now)
    if found is None:
        raise NotFound("There is no such incident")
    return found


def incident_id(ask: Ask) -> str:
    """Its id."""
    return shown_incident(ask).incident.id


def _done(ask: Ask, what: str) -> Response:
    return go(f"/app/incidents/{incident_id(ask)}?done={what}")


def acknowledge(ask: Ask) -> Response:
    """I have it."""
    verbs.acknowledge(ask.tx, ask.actor, [incident_id(ask)])
    return _done(ask, "acknowledge")


def unacknowledge(ask: Ask) -> Response:
    """I give it back."""
    verbs.unacknowledge(ask.tx, ask.actor, [incident_id(ask)])
    return _done(ask, "unacknowledge")


def resolve(ask: Ask) -> Response:
    """It is over."""
    verbs.resolve(ask.tx, ask.actor, [incident_id(ask)], ask.field("resolution").strip()[:5000] or None)
    return _done(ask, "resolve")


def reopen(ask: Ask) -> Response:
    """It is not over."""
    verbs.reopen(ask.tx, ask.actor, incident_id(ask), Status.TRIGGERED)
    return _done(ask, "reopen")


def snooze(ask: Ask) -> Response:
    """Leave it for a while; who snoozes an incident that is still triggered takes it first."""
    shown = shown_incident(ask)
    id, event = shown.incident.id, Snoozed(ask.actor, seconds=_seconds(ask))
    first: list[tuple[str, Event]] = (
        [(id, Acknowledged(ask.actor))] if shown.incident.status is Status.TRIGGERED else []
    )
    verbs.act(ask.tx, [*first, (id, event)])
    return _done(ask, "snooze")


def _seconds(ask: Ask) -> int:
    chosen = ask.field("for")
    if chosen in SNOOZES:
        return int(SNOOZES[chosen].total_seconds())
    until = ask.watch.tomorrow_at(MORNING) if chosen == "morning" else ask.watch.local(ask.field("until"))
    if until is None:
        raise Invalid("Say until when to snooze it")
    if until <= ask.now:
        raise Invalid("That time is over: choose a later one")
    return math.ceil((until - ask.now).total_seconds())


def note(ask: Ask) -> Response:
    """Write something down."""
    notes.add(ask.tx, ask.actor, incident_id(ask), ask.field("content").replace("\r\n", "\n"))
    return _done(ask, "note")


def set_fields(ask: Ask) -> Response:
    """Another type, other values."""
    incident, wanted = shown_incident(ask).incident, ask.field("incident_type")
    shown = field_queries.on_incident(ask.tx.conn, incident.id, incident.incident_type)
    if given := values.given(ask, shown):
        fields.put(ask.tx, ask.actor, incident.id, given)
    if wanted and wanted != incident.incident_type:
        verbs.edit(ask.tx, ask.actor, incident.id, incident_type=types.chosen(ask.tx.conn, [wanted])[wanted])
    return _done(ask, "fields")


def reassign(ask: Ask) -> Response:
    """Hand it to people, to another policy, or to a level of its own."""
    way = {"people": _to_people, "policy": _to_policy, "level": _to_level}.get(ask.field("to"))
    if way is None:
        raise Invalid("Say to whom it goes")
    return way(ask)


def _to_people(ask: Ask) -> Response:
    chosen = ask.fields("user")
    if not chosen:
        raise Invalid("Choose at least one person")
    if set(chosen) - {id for id, _ in names.everybody(ask.tx.conn)}:
        raise Invalid("Somebody of those is not here any more")
    verbs.reassign(ask.tx, ask.actor, [incident_id(ask)], chosen)
    return _done(ask, "reassign")


def _to_policy(ask: Ask) -> Response:
    snapshot = verbs.snapshot_of(ask.tx, ask.field("policy"))
    if snapshot is None or snapshot.policy_id not in {id for id, _ in names.policies(ask.tx.conn, ask.sight)}:
        raise Invalid("Choose an escalation policy")
    verbs.act(ask.tx, [(incident_id(ask), Delegated(ask.actor, snapshot=snapshot))], [snapshot])
    return _done(ask, "reassign")


def _to_level(ask: Ask) -> Response:
    level = ask.field("level")
    if not (level.isascii() and level.isdigit() and len(level) < 4):
        raise Invalid("Choose a level")
    verbs.escalate(ask.tx, ask.actor, [incident_id(ask)], int(level))
    return _done(ask, "escalate")


def run_action(ask: Ask) -> Response:
    """Run a custom action."""
    actions.run(ask.tx, ask.actor, incident_id(ask), ask.field("action"), links_of(ask.site.settings)(ask.tx.conn))
    return _done(ask, "action")


_VERBS: dict[str, Callable[[Ask], Response]] = {
    "acknowledge": acknowledge, "unacknowledge": unacknowledge, "resolve": resolve, "reopen": reopen, "snooze": snooze,
    "note": note, "reassign": reassign, "fields": set_fields, "impact": impact.mark, "action": run_action,
}  # fmt: skip

PAGES = (
    Page("GET", "/app/incidents/{id}", show),
    *(
        Page("POST", f"/app/incidents/{{id}}/{name}", run, again=show, needs=Permission.RESPOND)
        for name, run in _VERBS.items()
    ),
)
