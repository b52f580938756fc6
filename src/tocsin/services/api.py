"""`/services`, their integrations, and `/vendors`."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, func

from tocsin.accounts.api.audit import records_of
from tocsin.accounts.wire import team_ref
from tocsin.core.errors import NotFound
from tocsin.core.recorded import by_id
from tocsin.escalation.wire import policy_ref
from tocsin.rest.call import Call
from tocsin.rest.objects import Thing
from tocsin.rest.operations import Table, resource
from tocsin.rest.paging import Page, limit_of, offset_page
from tocsin.rest.permissions import Permission
from tocsin.services import commands, wire
from tocsin.services.logic import hold_of
from tocsin.services.store import catalog
from tocsin.services.store.routes import from_row
from tocsin.services.store.tables import integrations, services
from tocsin.services.vendors import VENDORS
from tocsin.services.wire_addons import addon_ref

INCLUDES = {
    "escalation_policies": "escalation_policy", "teams": "teams", "integrations": "integrations",
    "auto_pause_notifications_parameters": "",
}  # fmt: skip


def _show(call: Call, rows: Sequence[Row[Any]]) -> list[Thing]:
    return _shown(call, rows, catalog.around(call.conn, [row.id for row in rows]))


def _shown(call: Call, rows: Sequence[Any], around: Mapping[str, Sequence[Any]]) -> list[Thing]:
    policies = {policy.id: policy for policy in around["policies"]}
    named = {team.id: team for team in around["teams"]}
    ways_in, extras = _by_service(around["integrations"]), _by_service(around["addons"])
    facts = call.facts("service", [row.id for row in rows])

    def show(row: Any) -> Thing:
        policy = policies[row.escalation_policy_id]
        team = [team_ref(policy.team_id, named[policy.team_id].name)] if policy.team_id in named else []
        shown, hold = [addon_ref(one) for one in extras[row.id]], hold_of(from_row(row), call.now)
        return wire.service(row, policy_ref(policy), team, ways_in[row.id], facts.get(row.id, {}), shown, hold)

    return [show(row) for row in rows]


def _by_service(rows: Sequence[Any]) -> Mapping[str, list[Any]]:
    grouped: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        grouped[row.service_id].append(row)
    return grouped


def _one(call: Call, id: str) -> Thing:
    return _show(call, [commands.get(call.conn, id)])[0]


def load_services(call: Call, ids: Sequence[str]) -> dict[str, Thing]:
    """Services for `include[]`."""
    around = catalog.around(call.conn, ids)
    return {thing.id: thing for thing in _shown(call, around["services"], around)}


def load_integrations(call: Call, ids: Sequence[str]) -> dict[str, Thing]:
    """Integrations for `include[]`."""
    return {thing.id: thing for thing in _show_integrations(call, list(by_id(call.conn, integrations, ids).values()))}


def _show_integrations(call: Call, rows: Sequence[Row[Any]]) -> list[Thing]:
    named = by_id(call.conn, services, {row.service_id for row in rows})
    return [wire.integration(row, wire.service_ref(named[row.service_id])) for row in rows]


def load_vendors(call: Call, ids: Sequence[str]) -> dict[str, Thing]:
    """Vendors for `include[]`."""
    return {id: wire.vendor(VENDORS[id]) for id in ids if id in VENDORS}


def list_services(call: Call) -> Page:
    """List services; `query` finds a part of the name or a whole integration key"""
    found = catalog.find(call.text("query"), call.text("name"), call.many("team_ids"), call.many("id"), call.sight)
    order = call.sort({"name": func.lower(services.c.name)}, "name:asc")
    return offset_page(call, found.order_by(order, services.c.id), lambda rows: _show(call, rows))


def get_service(call: Call) -> Thing:
    """Get a service"""
    return _one(call, call.id)


def create_service(call: Call) -> Thing:
    """Create a service"""
    body = call.read(wire.ServiceBody)
    call.demand(Permission.CONFIGURE, "escalation_policy", [body.escalation_policy.id])
    return _one(call, commands.add(call.tx, call.actor, body))


def update_service(call: Call) -> Thing:
    """Change a service"""
    row = commands.get(call.conn, call.id, lock=True)
    body = call.read(wire.ServiceBody, over=wire.present(row))
    if body.escalation_policy.id != row.escalation_policy_id:
        call.demand(Permission.CONFIGURE, "escalation_policy", [body.escalation_policy.id])
    commands.edit(call.tx, call.actor, row, body)
    return get_service(call)


def delete_service(call: Call) -> None:
    """Remove a service and its integrations"""
    commands.drop(call.tx, call.actor, commands.get(call.conn, call.id, lock=True))


def _integration(call: Call, lock: bool = False) -> Row[Any]:
    return commands.get_integration(call.conn, call.id, call.path["integration_id"], lock)


def get_integration(call: Call) -> Thing:
    """Get an integration with its key"""
    return _show_integrations(call, [_integration(call)])[0]


def create_integration(call: Call) -> Thing:
    """Give a service a way in"""
    id = commands.add_integration(call.tx, call.actor, call.id, call.read(wire.IntegrationBody))
    return _show_integrations(call, [commands.get_integration(call.conn, call.id, id)])[0]


def update_integration(call: Call) -> Thing:
    """Change an integration; its key stays"""
    row = _integration(call, lock=True)
    over = wire.present_integration(row)
    commands.edit_integration(call.tx, call.actor, row, call.read(wire.IntegrationBody, over=over))
    return get_integration(call)


def delete_integration(call: Call) -> None:
    """Close a way into a service"""
    commands.drop_integration(call.tx, call.actor, _integration(call, lock=True))


def list_vendors(call: Call) -> Page:
    """List the vendors that integrations can name"""
    query = (call.text("query") or "").lower()
    found = [vendor for vendor in VENDORS.values() if query in vendor.name.lower()]
    limit, offset = limit_of(call), call.whole("offset", 0)
    around = {"limit": limit, "offset": offset, "more": len(found) > offset + limit}
    total = len(found) if call.flag("total") else None
    return Page([wire.vendor(one) for one in found[offset : offset + limit]], around | {"total": total})


def get_vendor(call: Call) -> Thing:
    """Get a vendor"""
    if call.id not in VENDORS:
        raise NotFound()
    return wire.vendor(VENDORS[call.id])


_INTEGRATIONS = resource(
    "/services/{id}/integrations", "integration", "integrations", scope="services", key="integration_id",
    audit="service", body=wire.IntegrationBody, includes={"services": "service", "vendors": "vendor"},
    create=create_integration, get=get_integration, update=update_integration, delete=delete_integration,
)  # fmt: skip

TABLE = Table(
    (
        *resource(
            "/services", "service", "services", scope="services", body=wire.ServiceBody, includes=INCLUDES,
            in_body=True, sees="filtered", list=list_services, create=create_service,
            get=get_service, update=update_service, delete=delete_service,
        ),
        *_INTEGRATIONS,
        *resource("/vendors", "vendor", "vendors", scope="vendors", sees="all", list=list_vendors, get=get_vendor),
        records_of("services", "service"),
    ),
    {"service": load_services, "vendor": load_vendors}
    | {f"{type}_inbound_integration": load_integrations for type in wire.INTEGRATION_TYPES},
)  # fmt: skip
