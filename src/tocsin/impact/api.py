"""`/business_services/impacts`, `…/impactors`, `…/priority_thresholds`, and what one incident impacts (ei:BS3, ei:BS4).

What is wrong with a parameter or a body is 422 here, as the wire has it.
"""

from collections.abc import Collection, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from tocsin.accounts import acting
from tocsin.core.errors import Conflict, Invalid, NotFound
from tocsin.impact import commands, reading, store, wire
from tocsin.impact.logic import behind
from tocsin.impact.model import Priority
from tocsin.impact.reading import Picture
from tocsin.incidents.api.shown import incident_id
from tocsin.rest.call import Call
from tocsin.rest.operations import Operation, Table
from tocsin.rest.paging import Page, cursor_page
from tocsin.rest.permissions import Permission
from tocsin.services import commands_business
from tocsin.services.store import business
from tocsin.services.store.graph_tables import business_services

B = TypeVar("B", bound=BaseModel)
MOST = 200


def _wrong(errors: Sequence[str] | str) -> Conflict:
    return Conflict(errors, status=422, message="Invalid Input Provided")


def _read(call: Call, model: type[B]) -> B:
    try:
        return call.read(model)
    except Invalid as error:
        raise _wrong(error.errors) from None


def _ids(call: Call) -> set[str]:
    found = set(call.many("ids"))
    if len(found) > MOST:
        raise _wrong(f"At most {MOST} ids can be asked for at once")
    return found


def _fields(call: Call) -> Collection[str]:
    asked = call.many("additional_fields")
    if unknown := [name for name in asked if name not in (wire.HIGHEST, wire.TOTAL)]:
        raise _wrong(f"additional_fields[] can be {wire.HIGHEST} or {wire.TOTAL}, not {unknown[0][:100]}")
    return asked


def list_impacts(call: Call) -> Page:
    """List business services, the most recently impacted first"""
    fields, ids = _fields(call), _ids(call)
    seen = reading.picture(call.conn, call.sight)
    return _impacts(seen, seen.only(ids), fields)


def list_supporting(call: Call) -> Page:
    """List the business services that support one, the most recently impacted first"""
    fields, ids = _fields(call), _ids(call)
    seen = reading.picture(call.conn, call.sight, call.id)
    if all(row.id != call.id for row in seen.services):
        raise NotFound()
    return _impacts(seen, [row for row in seen.only(ids) if row.id in seen.below], fields)


def _impacts(seen: Picture, rows: Sequence[Any], fields: Collection[str]) -> Page:
    first = seen.ranked(rows)[:MOST]
    shown = [wire.impacted(row.id, row.name, seen.impacts.get(row.id), wire.HIGHEST in fields) for row in first]
    count = sum(row.id in seen.impacts for row in rows)
    told = {wire.TOTAL: count} if wire.TOTAL in fields else {}
    return Page(shown, {"limit": MOST, "more": len(rows) > MOST, "additional_fields": told})


def list_impactors(call: Call) -> Page:
    """List the incidents that impact business services, the most severe first"""
    ids = _ids(call)
    seen = reading.picture(call.conn, call.sight)
    hurt = [seen.impacts[row.id] for row in seen.only(ids) if row.id in seen.impacts]
    found = [cause for cause in behind(seen.causes, hurt) if cause.seen]
    return Page([wire.impactor(cause) for cause in found[:MOST]], {"limit": MOST, "more": len(found) > MOST})


def get_threshold(call: Call) -> dict[str, Any]:
    """Get the priority from which on incidents impact business services; null: any"""
    found = store.threshold(call.conn)
    return {"global_threshold": wire.order(Priority(found.id, found.position)) if found else None}


def set_threshold(call: Call) -> dict[str, Any]:
    """Set the priority from which on incidents impact business services"""
    given = _read(call, wire.ThresholdBody).global_threshold
    commands.set_threshold(call.tx, call.actor, given.id if given else None)
    return get_threshold(call)


def clear_threshold(call: Call) -> None:
    """Let incidents of any priority impact business services"""
    commands.set_threshold(call.tx, call.actor, None)


def list_impacted(call: Call) -> Page:
    """List the business services that an incident impacts, newest first"""
    impacts = reading.of_incident(call.conn, incident_id(call))
    mine = business_services.c
    rows = business.find(call.sight).where(mine.id.in_(impacts)).order_by(None)
    return cursor_page(
        call, rows, mine.created_at, mine.id,
        lambda rows: [wire.impacted(row.id, row.name, impacts[row.id], False) for row in rows],
    )  # fmt: skip


def mark(call: Call) -> dict[str, str]:
    """Say that an incident impacts a business service, or that it does not"""
    id, actor = incident_id(call), acting.optional(call)
    service = commands_business.get(call.conn, call.path["business_service_id"])
    relation = _read(call, wire.RelationBody).relation
    commands.mark(call.tx, actor, id, service, relation)
    return {"relation": relation.value}


_READ: dict[str, Any] = {"scope": "services.read", "permission": Permission.READ, "sees": "filtered"}
_ACCOUNT: dict[str, Any] = {"scope": "services.write", "permission": Permission.ACCOUNT, "audit": "account"}
_ALL, _ONE = "/business_services", "/incidents/{id}/business_services"

TABLE = Table(
    (
        Operation("GET", f"{_ALL}/impacts", list_impacts, 200, "services", **_READ),
        Operation("GET", f"{_ALL}/impactors", list_impactors, 200, "impactors", **_READ),
        Operation("GET", f"{_ALL}/{{id}}/supporting_services/impacts", list_supporting, 200, "services", **_READ),
        Operation("GET", f"{_ALL}/priority_thresholds", get_threshold, 200, None, **_READ),
        Operation("PUT", f"{_ALL}/priority_thresholds", set_threshold, 200, None, **_ACCOUNT),
        Operation("DELETE", f"{_ALL}/priority_thresholds", clear_threshold, 204, None, **_ACCOUNT),
        Operation("GET", f"{_ONE}/impacts", list_impacted, 200, "services", "incidents.read", Permission.READ),
        Operation(
            "PUT", f"{_ONE}/{{business_service_id}}/impacts", mark, 200, None, "incidents.write", Permission.RESPOND
        ),
    ),
)  # fmt: skip
