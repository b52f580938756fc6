"""References that incidents, alerts and log entries share (core:K7)."""

from typing import Any

from tocsin.accounts.wire import team_ref
from tocsin.accounts.wire import user_ref as user_reference
from tocsin.incidents.store.queries import Around
from tocsin.rest.objects import Ref


def numbered(number: int, title: str) -> str:
    """An incident's summary (core:I3)."""
    return f"[#{number}] {title}"


def incident_ref(id: str, around: Around) -> Ref:
    """A reference to an incident."""
    row = around.incidents.get(id)
    return Ref("incident", id, numbered(row.number, row.title) if row else None, gone=row is None)


def of_incident(id: str, number: int, title: str) -> Ref:
    """A reference to an incident at hand."""
    return Ref("incident", id, numbered(number, title))


def user_ref(id: str, around: Around) -> Ref:
    """A reference to a person, living or gone."""
    row = around.users.get(id)
    return user_reference(id, row.name if row else None, gone=row is None or row.deleted_at is not None)


def service_ref(id: str, around: Around) -> Ref:
    """A reference to a service, living or gone."""
    row = around.services.get(id)
    return Ref("service", id, row.name if row else None, gone=row is None or row.deleted_at is not None)


def policy_ref(id: str | None, around: Around) -> Ref | None:
    """A reference to an escalation policy, living or gone."""
    row = around.policies.get(id or "")
    return Ref("escalation_policy", row.id, row.name, gone=row.deleted_at is not None) if row else None


def team_refs(policy_id: str | None, around: Around) -> list[Ref]:
    """The team of an incident is that of its policy."""
    policy = around.policies.get(policy_id or "")
    team = around.teams.get(policy.team_id) if policy else None
    return [team_ref(team.id, team.name)] if team else []


def agent_ref(kind: str, id: str | None, name: str | None, service_id: str, around: Around) -> Ref | None:
    """Who did it: a person, a service or its integration; Tocsin itself acts as the service (core:L4)."""
    if kind == "user" and id:
        return user_ref(id, around)
    if kind == "integration" and id:
        path = f"/services/{service_id}/integrations/{id}"
        return Ref("integration", id, name, path, path)
    if kind in ("service", "system"):
        return service_ref(service_id, around)
    return None


WIRE = {"responder_request": "annotate", "responder_reply": "annotate", "status_update": "annotate"}
"""Types of the ledger that the wire's closed list has no name for (core:L1, core:3.8)."""


def entry_type(row: Any) -> str:
    """A log entry's type on the wire."""
    return f"{WIRE.get(row.type, row.type)}_log_entry"


def entry_ref(row: Any, summary: str) -> Ref:
    """A reference to a log entry."""
    return Ref(entry_type(row), row.id, summary, entry_path(row), entry_page(row))


def entry_path(row: Any) -> str:
    """Where a log entry stands (core:L7)."""
    return f"/log_entries/{row.id}" + (f"?incident_id={row.incident_id}" if row.incident_id else "")


def entry_page(row: Any) -> str | None:
    """Its page."""
    return f"/incidents/{row.incident_id}/log_entries/{row.id}" if row.incident_id else None
