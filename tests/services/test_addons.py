"""Add-ons over the API (core:X2)."""

from typing import Any

import pytest

from tests.escalation import policies
from tests.rest_client import RestClient
from tests.services.test_services_api import add
from tocsin.accounts.commands.bootstrap import Bootstrapped

STATUS = {"type": "full_page_addon", "name": "Status", "src": "https://intranet.example.com/status"}
RUNBOOK = {"type": "incident_show_addon", "name": "Runbook", "src": "https://intranet.example.com/run?x=1#y"}


@pytest.fixture
def web(rest_client: RestClient, owner: Bootstrapped) -> str:
    """A service."""
    policy = str(policies.add(rest_client, "Ops", policies.rule(owner.user_id))["id"])
    return str(add(rest_client, policy)["id"])


def install(client: RestClient, body: dict[str, Any], **more: Any) -> str:
    """An add-on; its id."""
    reply = client.post("/addons", {"addon": body | more})
    assert reply.status == 201, reply.body
    return str(reply.body["addon"]["id"])


def test_an_addon_comes_back_as_terraform_made_it(rest_client: RestClient) -> None:
    id = install(rest_client, STATUS)
    got = rest_client.get(f"/addons/{id}").body["addon"]
    assert {name: got[name] for name in STATUS} == STATUS
    assert (got["services"], got["html_url"], got["summary"]) == ([], None, "Status")
    renamed = rest_client.put(f"/addons/{id}", {"addon": STATUS | {"name": "Board"}})
    assert renamed.body["addon"] == got | {"name": "Board", "summary": "Board"}
    assert rest_client.delete(f"/addons/{id}").status == 204
    assert rest_client.get(f"/addons/{id}").status == rest_client.delete(f"/addons/{id}").status == 404


def test_an_addon_of_a_service_stands_with_it_until_it_goes(rest_client: RestClient, web: str) -> None:
    install(rest_client, STATUS)
    id = install(rest_client, RUNBOOK, services=[{"id": web, "type": "service_reference"}])
    listed = rest_client.get(f"/addons?filter=incident_show_addon&service_ids[]={web}&include[]=services").body
    assert [(one["id"], one["type"]) for one in listed["addons"]] == [(id, "incident_show_addon_reference")]
    assert listed["addons"][0]["services"][0]["name"] == "Web"
    assert [one["name"] for one in rest_client.get("/addons").body["addons"]] == ["Runbook", "Status"]
    assert rest_client.get("/addons?service_ids[]=PNONE").body["addons"] == []
    service = rest_client.get(f"/services/{web}").body["service"]
    assert [(one["id"], one["type"]) for one in service["addons"]] == [(id, "incident_show_addon_reference")]
    rest_client.delete(f"/services/{web}")
    assert rest_client.get(f"/addons/{id}").body["addon"]["services"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"src": "http://example.com"}, {"src": "https://"}, {"src": "https://[x"}, {"src": "javascript:alert(1)"},
        {"src": "https://a b"}, {"src": None}, {"name": ""}, {"name": "x" * 101}, {"type": "moon_addon"},
        {"services": [{"id": "PNONE"}]}, {"services": 7},
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused(rest_client: RestClient, change: dict[str, Any]) -> None:
    reply = rest_client.post("/addons", {"addon": STATUS | change}, lenient=True)
    assert (reply.status, len(reply.errors)) == (400, 1)
    assert rest_client.get("/addons?filter=moon").status == 400
