"""What a template can say of an incident: the list of fields, and their values (ei:SU2)."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from tocsin.core.errors import NotFound
from tocsin.incidents.store import queries
from tocsin.incidents.wire.refs import numbered
from tocsin.rest import times


@dataclass(frozen=True, slots=True)
class Field:
    """One variable: `data_type` is string, integer, datetime or url."""

    name: str
    data_type: str
    description: str
    example: str


FIELDS = (
    Field("incident.id", "string", "The incident's id.", "Q0A1B2C3D4E5F6"),
    Field("incident.number", "integer", "The incident's number.", "1234"),
    Field("incident.title", "string", "The incident's title.", "Disk full on db-1"),
    Field("incident.summary", "string", "Number and title.", "[#1234] Disk full on db-1"),
    Field("incident.status", "string", "triggered, acknowledged or resolved.", "acknowledged"),
    Field("incident.urgency", "string", "high or low.", "high"),
    Field("incident.created_at", "datetime", "When the incident was opened.", "2026-11-22T07:12:50Z"),
    Field("incident.resolved_at", "datetime", "When it was resolved; empty while it is open.", "2026-11-22T08:12:50Z"),
    Field(
        "incident.html_url", "url", "The incident's page.", "https://tocsin.example.com/app/incidents/Q0A1B2C3D4E5F6"
    ),
    Field("incident.priority.summary", "string", "The priority's name; empty without one.", "P1"),
    Field("incident.service.id", "string", "The id of the incident's service.", "P0A1B2C3D4E5F6"),
    Field("incident.service.summary", "string", "The name of the incident's service.", "Checkout"),
    Field("incident.escalation_policy.summary", "string", "The name of the escalation policy.", "On call"),
    Field("incident.assignees", "string", "Who has it, by name.", "Alice, Bob"),
    Field("incident.teams", "string", "The team that answers for it.", "Platform"),
    Field("incident.conference_bridge.conference_number", "string", "The bridge's number.", "+1 555 0100"),
    Field("incident.conference_bridge.conference_url", "url", "The bridge's address.", "https://meet.example.com/1"),
    Field("status_update.message", "string", "What the update says.", "We are on it."),
)


def of_incident(conn: Connection, incident_id: str, page: str) -> dict[str, Any]:
    """Plain data of an incident under the names of `FIELDS`; `page` is its address."""
    rows = queries.by_ids(conn, [incident_id])
    if not rows:
        raise NotFound()
    row, around = rows[0], queries.around_incidents(conn, rows)
    policy = around.policies.get(row.policy_id or "")
    team = around.teams.get(policy.team_id or "") if policy else None
    bridge = row.conference_bridge or {}
    people = [around.users[one["user_id"]].name for one in row.assignments if one["user_id"] in around.users]
    return {
        "incident": {
            "id": row.id, "number": row.number, "incident_number": row.number, "title": row.title,
            "summary": numbered(row.number, row.title), "status": row.status, "urgency": row.urgency,
            "created_at": times.text(row.created_at), "html_url": page,
            "resolved_at": times.text(row.resolved_at) if row.resolved_at else "",
            "priority": _named(around.priorities.get(row.priority_id or "")),
            "service": _named(around.services.get(row.service_id)), "escalation_policy": _named(policy),
            "assignees": ", ".join(people), "teams": team.name if team else "",
            "conference_bridge": {name: bridge.get(name) or "" for name in ("conference_number", "conference_url")},
        }
    }  # fmt: skip


def _named(row: Any) -> dict[str, str]:
    return {"id": row.id, "summary": row.name, "name": row.name} if row else {"id": "", "summary": "", "name": ""}
