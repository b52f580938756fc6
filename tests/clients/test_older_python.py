"""PyPI's `pdpyras` and `pypd`, the two clients before the official one, as they are."""

import importlib
import warnings
from typing import Any

import pytest

from tests.clients.conftest import OWNER, Account, Way
from tests.clients.terraform.made import unique

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pdpyras: Any = importlib.import_module("pdpyras")
pypd: Any = importlib.import_module("pypd")


@pytest.fixture(scope="module")
def session(account: Account) -> Any:
    """pdpyras with the account's key."""
    session = pdpyras.APISession(account.owner.api_key, default_from=OWNER)
    session.url = account.base
    return session


@pytest.fixture(autouse=True)
def pointed(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """pypd keeps its key and address in its module."""
    monkeypatch.setattr(pypd, "api_key", account.owner.api_key)
    monkeypatch.setattr(pypd, "base_url", account.base)


def test_pdpyras_lists_finds_persists_and_removes(session: Any) -> None:
    name = unique("pdpyras")
    made = session.persist("users", "email", {"name": name, "email": f"{name}@example.com", "type": "user"})
    assert session.persist("users", "email", {"name": "Other", "email": f"{name}@example.com"})["id"] == made["id"]
    assert made["id"] in {one["id"] for one in session.iter_all("users", page_size=2, total=True)}
    assert session.find("users", name, attribute="name")["id"] == made["id"]
    assert session.dict_all("users")[made["id"]]["name"] == name
    assert session.rput(made, json={**made, "job_title": "Pager"})["job_title"] == "Pager"
    session.rdelete(made)
    with pytest.raises(pdpyras.PDHTTPError):
        session.rget(made)


def test_pdpyras_reads_pages_behind_a_cursor_and_the_kind_of_its_key(session: Any) -> None:
    assert len(list(session.iter_cursor("audit/records", params={"limit": 2}))) >= 2
    assert (session.api_key_access, session.subdomain) == ("account", "tocsin")


def test_pdpyras_sends_events_and_changes(account: Account, way: Way) -> None:
    events, changes = pdpyras.EventsAPISession(way.key), pdpyras.ChangeEventsAPISession(way.key)
    events.url = changes.url = account.base
    key = events.trigger("disk full", "db-1", severity="warning")
    assert events.acknowledge(key) == events.resolve(key) == key
    changes.submit("deployed", source="ci")


def test_pypd_reads_what_it_knows(way: Way, account: Account) -> None:
    service = pypd.Service.fetch(way.service)
    assert (service["name"], service["escalation_policy"]["id"]) == (way.name, way.policy)
    assert way.service in {one["id"] for one in pypd.Service.find(query=way.name)}
    assert pypd.EscalationPolicy.fetch(way.policy)["num_loops"] == 0
    assert pypd.User.find_one(email=OWNER)["id"] == account.owner.user_id
    assert "Datadog" in {vendor["name"] for vendor in pypd.Vendor.find(query="Data")}
    assert account.owner.user_id in {one["user"]["id"] for one in pypd.OnCall.find()}
    assert pypd.User.fetch(account.owner.user_id).contact_methods()


def test_pypd_makes_a_service_and_a_way_into_it(way: Way) -> None:
    held = {"id": way.policy, "type": "escalation_policy_reference"}
    body = {"name": unique("pypd"), "type": "service", "escalation_policy": held}
    made = pypd.Service.create(data=body)  # it puts the wrapper around itself
    assert made["escalation_policy"]["id"] == way.policy
    pypd.Service.delete(made["id"])


def test_pypd_acknowledges_notes_snoozes_and_resolves(way: Way) -> None:
    service = {"id": way.service, "type": "service_reference"}
    body = {"type": "incident", "title": unique("pypd"), "service": service}
    incident = pypd.Incident.create(data=body, add_headers={"from": OWNER})
    incident.acknowledge(OWNER)
    incident.create_note(OWNER, "Looking")
    incident.snooze(OWNER, 300)
    assert [note["content"] for note in incident.notes()] == ["Looking"]
    assert {entry["type"] for entry in incident.log_entries()} >= {"trigger_log_entry", "snooze_log_entry"}
    incident.resolve(OWNER, resolution="Done")
    assert pypd.Incident.fetch(incident["id"])["status"] == "resolved"
