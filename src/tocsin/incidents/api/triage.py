"""What other incidents tell about one: past, related, and how unusual it is (core:I110, ei:T1-T4)."""

from typing import Any

from sqlalchemy import Row

from tocsin.core.errors import Invalid
from tocsin.incidents.api import shown
from tocsin.incidents.logic import likeness
from tocsin.incidents.store import queries, triage
from tocsin.rest.call import Call
from tocsin.rest.operations import Operation, Table
from tocsin.rest.permissions import Permission

MOST, USUAL = 999, 5


def _incident(call: Call) -> Row[Any]:
    return queries.by_ids(call.conn, [shown.incident_id(call)])[0]


def _brief(call: Call, row: Any) -> dict[str, Any]:
    return {
        "id": row.id, "type": "incident", "created_at": row.created_at, "title": row.title,
        "self": f"{call.links.base}/incidents/{row.id}",
    }  # fmt: skip


def neighbours(call: Call, service_id: str) -> triage.Neighbours:
    """The service's neighbours, as far as a later package knows any."""
    return triage.neighbours_of(call.facts("service_dependencies", [service_id]).get(service_id, {}))


def past_incidents(call: Call) -> dict[str, Any]:
    """List the service's incidents of the last six months that are most like this one"""
    limit = call.whole("limit", USUAL)
    if not 1 <= limit <= MOST:
        raise Invalid(f"limit must be between 1 and {MOST}")
    found = triage.past(call.conn, _incident(call), call.now, call.sight)
    told = [{"incident": _brief(call, row), "score": score} for row, score in found[:limit]]
    return {"past_incidents": told, "total": len(found) if call.flag("total") else None, "limit": limit}


def related_incidents(call: Call) -> dict[str, Any]:
    """List up to 20 incidents on other services that may belong to this one, the newest first"""
    incident = _incident(call)
    near = neighbours(call, incident.service_id)
    found = triage.related(call.conn, incident, near, call.sight)
    rows = queries.by_ids(call.conn, [one.row.id for one in found]) if _detailed(call) else []
    full = {thing.id: thing for thing in shown.incidents(call, rows)} if rows else {}
    return {
        "related_incidents": [
            {
                "incident": full.get(one.row.id) or _brief(call, one.row),
                "relationships": _relationships(call, incident, one),
            }
            for one in found
        ]
    }


def _detailed(call: Call) -> bool:
    return "incident" in call.many("additional_details")


def _relationships(call: Call, incident: Any, one: triage.Related) -> list[dict[str, Any]]:
    told = []
    if one.alike:
        feedback = {"positive_feedback_count": 0, "negative_feedback_count": 0}
        metadata = {"grouping_classification": "similar_contents", "user_feedback": feedback}
        told.append({"type": "machine_learning_inferred", "metadata": metadata})
    if one.dependency:
        supports = one.dependency == "supporting"
        below, above = (one.row, incident) if supports else (incident, one.row)
        sides = {"dependent_services": [_service(call, above)], "supporting_services": [_service(call, below)]}
        told.append({"type": "service_dependency", "metadata": sides})
    return told


def _service(call: Call, row: Any) -> dict[str, str]:
    at = f"{call.links.base}/services/{row.service_id}"
    return {"id": row.service_id, "type": "technical_service_reference", "self": at}


def outlier_incident(call: Call) -> dict[str, Any]:
    """Tell how often incidents of this kind occurred on the service in the 30 days before"""
    incident = _incident(call)
    until = incident.created_at
    since = call.instant("since") or until - triage.MONTH
    if since > until:
        raise Invalid("since must be before the incident", code=2005)
    masked = likeness.mask(incident.title)
    seen = likeness.occurrence(masked, triage.titles(call.conn, incident, since, until))
    occurrence = {
        "count": seen.count, "frequency": seen.frequency, "category": seen.category, "since": since, "until": until,
    }  # fmt: skip
    detailed = shown.incident(call, incident.id) if _detailed(call) else None
    told: Any = _brief(call, incident) | {"occurrence": occurrence}
    if detailed is not None:
        detailed.fields["occurrence"] = occurrence
        told = detailed
    return {"incident": told, "incident_template": _template(incident.service_id, masked)}


def _template(service_id: str, masked: str) -> dict[str, str]:
    ids = {use: likeness.template_id(service_id, masked, use) for use in ("template", "cluster")}
    return {"id": ids["template"], "cluster_id": ids["cluster"], "mined_text": masked}


_READ: dict[str, Any] = {"scope": "incidents.read", "permission": Permission.READ}

TABLE = Table(
    (
        Operation("GET", "/incidents/{id}/past_incidents", past_incidents, 200, None, **_READ),
        Operation("GET", "/incidents/{id}/related_incidents", related_incidents, 200, None, **_READ),
        Operation("GET", "/incidents/{id}/outlier_incident", outlier_incident, 200, "outlier_incident", **_READ),
    )
)
