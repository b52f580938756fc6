"""A town of four quarters, each with a thing of every kind: what outsiders must not touch.

`mine` belongs to the team that visitors with a team role are on, `public` and `private` to other teams (the latter
private), `free` to nobody. Made over the API by the owner's key; every later request is taken back.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import text

from tests.accounts import people
from tests.rest_client import RestClient
from tocsin.accounts.commands import keys
from tocsin.accounts.commands.bootstrap import bootstrap
from tocsin.core import actor
from tocsin.core.db import Database, Tx
from tocsin.core.intake_log import Raw, Stored
from tocsin.core.settings import Settings
from tocsin.events.commands.changes import store_changes
from tocsin.events.commands.deciding import take
from tocsin.events.logic.reading import read
from tocsin.operations import rest_app

QUARTERS = ("mine", "public", "private", "free")
ROLES = (
    "owner", "admin", "user", "limited_user", "observer", "restricted_access", "read_only_user",
    "read_only_limited_user",
)  # fmt: skip
TEAM_ROLES = ("manager", "responder", "observer")
FLEXIBLE = ("user", "limited_user", "observer", "restricted_access")


class Undone(Database):
    """A database whose transactions are all taken back: every request finds the town as it was built."""

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        with self.engine.connect() as conn:
            outer = conn.begin()
            try:
                yield Tx(conn, self.clock.now(conn), self.sealer)
            finally:
                outer.rollback()


@dataclass
class Quarter:
    """Ids of the things of one quarter: path parameter of each collection -> id."""

    name: str
    ids: dict[str, str] = field(default_factory=dict)


@dataclass
class Town:
    """The quarters, and everybody's key: (role, team role or "") -> key."""

    quarters: dict[str, Quarter]
    keys: dict[tuple[str, str], str]
    users: dict[tuple[str, str], str]
    account_key: str
    read_only_key: str
    revoked_key: str


def built(database: Database) -> Town:
    """Build it all."""
    owner = database.run(lambda tx: bootstrap(tx, "owner@example.com", "Olga Owner", None))
    client = RestClient(rest_app(database, Settings(api_rate_limit=0)), owner.api_key, {"from": "owner@example.com"})
    quarters = {name: _quarter(database, client, name) for name in QUARTERS}
    mine = quarters["mine"].ids["team"]
    found = {("owner", ""): owner.user_api_key}
    users = {("owner", ""): owner.user_id}
    for role in ROLES[1:]:
        for on in ("", *(TEAM_ROLES if role in FLEXIBLE else ())):
            user = people.add(client, f"{role}-{on or 'nowhere'}", role=role)["id"]
            if on:
                client.put(f"/teams/{mine}/users/{user}", {"role": on})
            users[role, on] = user
            found[role, on] = people.key_of(database, user)
    issued = [database.run(lambda tx, ro=ro: keys.issue(tx, actor.system(), None, "k", ro)) for ro in (True, False)]
    database.run(lambda tx: _revoke(tx, issued[1]))
    return Town(quarters, found, users, owner.api_key, issued[0], issued[1])


def _revoke(tx: Tx, key: str) -> None:
    id = tx.conn.scalar(text("SELECT id FROM api_keys WHERE sha256 = :d"), {"d": keys.digest(key)})
    keys.revoke(tx, actor.system(), str(id))


def _made(client: RestClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    got = client.post(path, body, lenient=True)
    assert got.status in (200, 201), (path, got.body)
    return dict(next(iter(got.body.values())))


def _quarter(database: Database, client: RestClient, name: str) -> Quarter:
    person = people.add(client, f"resident-{name}")["id"]
    on: list[dict[str, Any]] = []
    ids = {"user": person}
    if name != "free":
        role = {"default_role": "none"} if name == "private" else {}
        ids["team"] = _made(client, "/teams", {"team": {"name": f"team {name}", **role}})["id"]
        client.put(f"/teams/{ids['team']}/users/{person}", {"role": "manager"})
        on = [{"id": ids["team"], "type": "team_reference"}]
    ids |= _things(database, client, name, person, on)
    ids["change_event"] = database.run(lambda tx: _change(tx, name, ids))
    return Quarter(name, ids)


def _things(database: Database, client: RestClient, name: str, person: str, on: list[dict[str, Any]]) -> dict[str, str]:
    who = {"id": person, "type": "user_reference"}
    layer = {
        "name": "all", "start": "2026-01-01T00:00:00Z", "rotation_virtual_start": "2026-01-01T00:00:00Z",
        "rotation_turn_length_seconds": 86_400, "users": [{"user": who}],
    }  # fmt: skip
    schedule = _made(client, "/schedules", {"schedule": {
        "type": "schedule", "name": f"schedule {name}", "time_zone": "UTC", "schedule_layers": [layer], "teams": on,
    }})  # fmt: skip
    over = {"start": "2099-01-01T00:00:00Z", "end": "2099-01-02T00:00:00Z", "user": who}
    override = client.post(f"/schedules/{schedule['id']}/overrides", {"overrides": [over]}).body[0]["override"]
    target = {"id": schedule["id"], "type": "schedule_reference"}
    rules = [{"escalation_delay_in_minutes": 30, "targets": [target]}]
    policy = _made(client, "/escalation_policies", {"escalation_policy": {
        "type": "escalation_policy", "name": f"policy {name}", "escalation_rules": rules, "teams": on,
    }})  # fmt: skip
    service = _made(client, "/services", {"service": {
        "type": "service", "name": f"service {name}",
        "escalation_policy": {"id": policy["id"], "type": "escalation_policy_reference"},
    }})  # fmt: skip
    way_in = _made(client, f"/services/{service['id']}/integrations", {"integration": {
        "type": "events_api_v2_inbound_integration", "name": "in",
    }})  # fmt: skip
    business = _graph(client, name, service["id"], on)
    incident = _fired(database, client, way_in["integration_key"], name)
    note = _made(client, f"/incidents/{incident}/notes", {"note": {"content": "n"}})
    entries = client.get(f"/incidents/{incident}/log_entries").body["log_entries"]
    alerts = client.get(f"/incidents/{incident}/alerts").body["alerts"]
    method, rule, handoff = _reached(client, person)
    update_rule = _told(client, person, method, incident, business)
    return {
        **_hooked(client, service["id"], name),
        "schedule": schedule["id"], "override": override["id"], "escalation_policy": policy["id"],
        "service": service["id"], "business_service": business,
        "integration": way_in["id"], "incident": incident, "note": note["id"],
        "log_entry": entries[0]["id"], "alert": alerts[0]["id"], "contact_method": method, "notification_rule": rule,
        "status_update_notification_rule": update_rule,
        "handoff_rule": handoff, "integration_key": way_in["integration_key"],
        "maintenance_window": _window(client, service["id"]),
    }  # fmt: skip


def _window(client: RestClient, service_id: str) -> str:
    """A maintenance window far ahead."""
    return str(_made(client, "/maintenance_windows", {"maintenance_window": {
        "type": "maintenance_window", "start_time": "2090-01-01T00:00:00Z", "end_time": "2090-01-02T00:00:00Z",
        "services": [{"id": service_id, "type": "service_reference"}],
    }})["id"])  # fmt: skip


def _graph(client: RestClient, name: str, service_id: str, on: list[dict[str, Any]]) -> str:
    """A business service that the service carries, and an add-on of the service."""
    business = _made(client, "/business_services", {"business_service": {
        "name": f"business {name}", "team": on[0] if on else None,
    }})  # fmt: skip
    ref = {"id": service_id, "type": "service_reference"}
    edge = {"supporting_service": ref, "dependent_service": {"id": business["id"], "type": "business_service"}}
    assert client.post("/service_dependencies/associate", {"relationships": [edge]}).status == 200
    _made(client, "/addons", {"addon": {
        "type": "incident_show_addon", "name": name, "src": "https://example.com", "services": [ref],
    }})  # fmt: skip
    return str(business["id"])


def _hooked(client: RestClient, service: str, name: str) -> dict[str, str]:
    hook = _made(client, "/webhook_subscriptions", {"webhook_subscription": {
        "type": "webhook_subscription", "events": ["incident.triggered"], "description": name,
        "filter": {"id": service, "type": "service_reference"},
        "delivery_method": {"type": "http_delivery_method", "url": "https://hooks.example.com"},
    }})  # fmt: skip
    extension = _made(client, "/extensions", {"extension": {
        "name": f"extension {name}", "endpoint_url": "https://hooks.example.com", "config": None,
        "extension_schema": {"id": "PJFWPEP"},
        "extension_objects": [{"id": service, "type": "service_reference"}],
    }})  # fmt: skip
    return {"webhook_subscription": hook["id"], "extension": extension["id"]}


def _fired(database: Database, client: RestClient, key: str, name: str) -> str:
    sent = {"event_action": "trigger", "payload": {"summary": f"trouble {name}", "severity": "error", "source": "db"}}
    with database.begin() as tx:
        raw = Raw("v2", tx.now, key, name, msgspec.Raw(json.dumps(sent).encode()))
        number = QUARTERS.index(name) + 1
        take(tx, [read(Stored(f"{number}.0", number, 0, True, raw))])
    return str(client.get(f"/incidents?incident_key={name}").body["incidents"][0]["id"])


def _reached(client: RestClient, person: str) -> tuple[str, str, str]:
    method = client.get(f"/users/{person}/contact_methods").body["contact_methods"][0]["id"]
    rule = client.get(f"/users/{person}/notification_rules").body["notification_rules"][0]["id"]
    told = {"contact_method": {"id": method, "type": "email_contact_method"}}
    at = f"/users/{person}/oncall_handoff_notification_rules"
    made = client.post(at, {"oncall_handoff_notification_rule": told}, lenient=True).body
    return method, rule, str(made["oncall_handoff_notification_rule"]["id"])


def _told(client: RestClient, person: str, method: str, incident: str, business: str) -> str:
    """The resident asked for help, and hearing of this quarter's things; a rule for status updates."""
    wanted = [{"subscribable_type": "incident", "subscribable_id": incident},
              {"subscribable_type": "business_service", "subscribable_id": business}]  # fmt: skip
    got = client.post(f"/users/{person}/notification_subscriptions", {"subscribables": wanted})
    assert [one["result"] for one in got.body["subscriptions"]] == ["success"] * 2
    rule = {"status_update_notification_rule": {"contact_method": {"id": method, "type": "email_contact_method"}}}
    return str(_made(client, f"/users/{person}/status_update_notification_rules", rule)["id"])


def _change(tx: Tx, name: str, ids: dict[str, str]) -> str:
    key = tx.conn.scalar(text("SELECT integration_key FROM integrations WHERE id = :id"), {"id": ids["integration"]})
    body = json.dumps({"payload": {"summary": f"deployed {name}", "timestamp": tx.now.isoformat()}}).encode()
    number = QUARTERS.index(name) + 1
    store_changes(tx, [Stored(f"{number}.0", number, 0, True, Raw("change", tx.now, str(key), "", msgspec.Raw(body)))])
    return str(tx.conn.scalar(text("SELECT id FROM change_events WHERE service_id = :s"), {"s": ids["service"]}))
