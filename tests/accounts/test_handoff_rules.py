"""Hand-off notification rules over the API (core:N30), as Terraform's provider uses them."""

from typing import Any

import pytest

from tests.accounts import people
from tests.rest_client import RestClient

RULE = "oncall_handoff_notification_rule"


@pytest.fixture
def ann(rest_client: RestClient) -> dict[str, Any]:
    return people.add(rest_client, "Ann")


def at(ann: dict[str, Any], id: str = "") -> str:
    return f"/users/{ann['id']}/oncall_handoff_notification_rules" + (f"/{id}" if id else "")


def body(ann: dict[str, Any], type: str = "email_contact_method", **more: Any) -> dict[str, Any]:
    method = {"id": ann["contact_methods"][0]["id"], "type": type}
    return {RULE: {"handoff_type": "both", "notify_advance_in_minutes": 180, "contact_method": method, **more}}


@pytest.mark.parametrize("type", ["email_contact_method", "email_contact_method_reference"])
def test_a_rule_reads_back_as_it_was_configured_and_goes(
    rest_client: RestClient, ann: dict[str, Any], type: str
) -> None:
    made = rest_client.post(at(ann), body(ann, type), lenient=True)
    rule = made.body[RULE]
    assert (made.status, rule["contact_method"]["type"], rule["notify_advance_in_minutes"]) == (201, type, 180)
    assert rest_client.get(at(ann, rule["id"])).body[RULE] == rule
    assert rest_client.get(at(ann)).body == {f"{RULE}s": [rule]}
    again = rest_client.put(at(ann, rule["id"]), body(ann, type, handoff_type="oncall"), lenient=True)
    assert (again.status, again.body[RULE]) == (200, rule | {"handoff_type": "oncall"})
    assert rest_client.delete(at(ann, rule["id"])).status == 204
    assert rest_client.get(at(ann, rule["id"])).status == 404


def test_what_a_client_leaves_out_has_its_default_and_a_rule_written_anew_without_advance_has_none(
    rest_client: RestClient, ann: dict[str, Any]
) -> None:
    method = {"id": ann["contact_methods"][0]["id"], "type": "email_contact_method"}
    rule = rest_client.post(at(ann), {RULE: {"handoff_type": "", "contact_method": method}}, lenient=True).body[RULE]
    assert (rule["handoff_type"], rule["notify_advance_in_minutes"]) == ("both", 0)
    one = at(ann, rule["id"])
    rest_client.put(one, body(ann), lenient=True)
    part = rest_client.put(one, {RULE: {"handoff_type": "offcall"}}, lenient=True).body[RULE]
    assert (part["handoff_type"], part["notify_advance_in_minutes"]) == ("offcall", 180)
    anew = rest_client.put(one, {RULE: {"handoff_type": "both", "contact_method": method}}, lenient=True).body[RULE]
    assert anew["notify_advance_in_minutes"] == 0


def test_what_makes_no_sense_is_refused_with_every_reason(rest_client: RestClient, ann: dict[str, Any]) -> None:
    for wrong in ({"notify_advance_in_minutes": 2881}, {"notify_advance_in_minutes": -1}, {"handoff_type": "never"}):
        assert rest_client.post(at(ann), body(ann, **wrong), lenient=True).status == 400
    bob = people.add(rest_client, "Bob")
    others = {"contact_method": {"id": bob["contact_methods"][0]["id"], "type": "email_contact_method"}}
    refused = rest_client.post(at(ann), body(ann, **others), lenient=True)
    assert refused.errors == ["Contact method Not Found"]
    assert rest_client.post(at({"id": "PNONE"}), body(ann), lenient=True).status == 404
    assert rest_client.get(at({"id": "PNONE"})).status == 404
    assert rest_client.get(at(ann, "PNONE")).status == 404


def test_any_kind_of_contact_method_is_taken_and_its_rules_go_with_it(
    rest_client: RestClient, ann: dict[str, Any]
) -> None:
    phone = {"type": "phone_contact_method", "label": "Work", "address": "2025550199", "country_code": 1}
    method = rest_client.post(f"/users/{ann['id']}/contact_methods", {"contact_method": phone}).body["contact_method"]
    named = {"contact_method": {"id": method["id"], "type": "phone_contact_method"}}
    rule = rest_client.post(at(ann), body(ann, **named), lenient=True).body[RULE]
    assert rule["contact_method"] == {
        "id": method["id"], "type": "phone_contact_method", "summary": "Work", "html_url": None,
        "self": f"http://testserver/users/{ann['id']}/contact_methods/{method['id']}",
    }  # fmt: skip
    rest_client.delete(f"/users/{ann['id']}/contact_methods/{method['id']}")
    assert rest_client.get(at(ann)).body[f"{RULE}s"] == []
