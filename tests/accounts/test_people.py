"""People over the wire: what clients rely on."""

import time

import pytest
from sqlalchemy import event

from tests import audited
from tests.accounts import people
from tests.rest_client import RestClient
from tocsin.accounts.commands import keys
from tocsin.accounts.commands.bootstrap import Bootstrapped, bootstrap
from tocsin.accounts.store import people as stored
from tocsin.accounts.store import tables
from tocsin.core import actor
from tocsin.core.db import Database
from tocsin.core.errors import Conflict


def test_a_new_user_is_reachable_by_mail_for_both_urgencies(rest_client: RestClient) -> None:
    alice = people.add(rest_client, "Alice", role="limited_user", time_zone="Berlin")
    url = f"/users/{alice['id']}"
    assert [
        rule["urgency"] for rule in rest_client.get(f"{url}/notification_rules?urgency=all").body["notification_rules"]
    ] == ["high", "low"]
    (rule,) = rest_client.get(f"{url}/notification_rules").body["notification_rules"]
    assert (rule["urgency"], rule["start_delay_in_minutes"]) == ("high", 0)
    assert rule["contact_method"]["type"] == "email_contact_method"
    assert [method["address"] for method in rest_client.get(f"{url}/contact_methods").body["contact_methods"]] == [
        "alice@example.com"
    ]


def test_includes_expand_in_lists_and_in_one(rest_client: RestClient) -> None:
    people.add(rest_client, "Alice")
    asked = "include[]=contact_methods&include[]=notification_rules&include[]=teams&include[]=subdomains"
    for user in rest_client.get(f"/users?{asked}").body["users"]:
        assert [method["type"] for method in user["contact_methods"]] == ["email_contact_method"]
        assert {rule["type"] for rule in user["notification_rules"]} == {"assignment_notification_rule"}
    plain = rest_client.get("/users").body["users"][0]
    assert plain["contact_methods"][0]["type"] == "email_contact_method_reference"


def test_a_list_takes_the_same_few_statements_however_long(rest_client: RestClient, database: Database) -> None:
    asked: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    counts = []
    for name in ("Alice", "Bob", "Charlie"):
        people.add(rest_client, name)
        asked.clear()
        assert rest_client.get("/users?include[]=contact_methods&include[]=notification_rules").status == 200
        counts.append(len(asked))
    assert counts == [counts[0]] * 3
    assert counts[0] <= 8


def test_a_query_is_no_pattern(rest_client: RestClient) -> None:
    people.add(rest_client, "Bob")
    assert [user["name"] for user in rest_client.get("/users?query=b@ex").body["users"]] == ["Bob"]
    assert rest_client.get("/users?query=%25").body["users"] == []


def test_put_changes_one_member_and_leaves_the_rest(rest_client: RestClient) -> None:
    alice = people.add(rest_client, "Alice", job_title="Pilot")
    changed = rest_client.put(f"/users/{alice['id']}", {"user": {"name": "Alicia"}}, lenient=True).body["user"]
    assert (changed["name"], changed["email"], changed["job_title"]) == ("Alicia", "alice@example.com", "Pilot")
    cleared = rest_client.put(f"/users/{alice['id']}", {"user": {"job_title": None}}, lenient=True).body["user"]
    assert cleared["job_title"] is None


def test_a_deleted_user_is_gone_with_his_keys_and_his_email_is_free(
    rest_client: RestClient, database: Database
) -> None:
    alice = people.add(rest_client, "Alice")
    client = rest_client.as_key(people.key_of(database, alice["id"]))
    assert rest_client.delete(f"/users/{alice['id']}").status == 204
    assert (rest_client.get(f"/users/{alice['id']}").status, client.get("/users/me").status) == (404, 401)
    assert people.add(rest_client, "Alice")["id"] != alice["id"]


def test_me_is_the_user_of_the_key(as_owner: RestClient, owner: Bootstrapped) -> None:
    me = as_owner.get("/users/me?include[]=contact_methods").body["user"]
    assert (me["id"], me["role"]) == (owner.user_id, "owner")


def test_the_sender_is_found_by_email_in_any_case_and_by_id(rest_client: RestClient, owner: Bootstrapped) -> None:
    for sender in ("OWNER@Example.com", owner.user_id):
        assert rest_client.post("/users", people.user_body(f"u{len(sender)}"), **{"from": sender}).status == 201


@pytest.mark.parametrize("suffix", ["", "_reference"])
@pytest.mark.parametrize("type", ["phone", "sms", "whatsapp"])
def test_contact_methods_live_their_lives(rest_client: RestClient, owner: Bootstrapped, type: str, suffix: str) -> None:
    url = f"/users/{owner.user_id}/contact_methods"
    body = {"type": f"{type}_contact_method{suffix}", "label": "Mobile", "address": "1701234567", "country_code": 49}
    made = rest_client.post(url, {"contact_method": body}, lenient=True).body["contact_method"]
    assert (made["type"], made["country_code"], made["blacklisted"]) == (f"{type}_contact_method", 49, False)
    changed = rest_client.put(f"{url}/{made['id']}", {"contact_method": {"label": "Work"}}, lenient=True)
    assert (changed.body["contact_method"]["label"], changed.body["contact_method"]["address"]) == (
        "Work",
        "1701234567",
    )
    assert rest_client.delete(f"{url}/{made['id']}").status == 204
    assert rest_client.get(f"{url}/{made['id']}").status == 404


def test_deleting_a_method_takes_its_rules_along(rest_client: RestClient, owner: Bootstrapped) -> None:
    url = f"/users/{owner.user_id}"
    (method,) = rest_client.get(f"{url}/contact_methods").body["contact_methods"]
    assert rest_client.delete(f"{url}/contact_methods/{method['id']}").status == 204
    assert rest_client.get(f"{url}/notification_rules?urgency=all").body["notification_rules"] == []


def test_notification_rules_live_their_lives(rest_client: RestClient, owner: Bootstrapped) -> None:
    url = f"/users/{owner.user_id}/notification_rules"
    method = rest_client.get(f"/users/{owner.user_id}/contact_methods").body["contact_methods"][0]
    target = {"id": method["id"], "type": "email_contact_method_reference"}
    rule = {
        "type": "assignment_notification_rule",
        "start_delay_in_minutes": 5,
        "urgency": "low",
        "contact_method": target,
    }
    made = rest_client.post(url, {"notification_rule": rule}).body["notification_rule"]
    changed = rest_client.put(f"{url}/{made['id']}", {"notification_rule": {"start_delay_in_minutes": 9}}, lenient=True)
    assert (
        changed.body["notification_rule"]["start_delay_in_minutes"],
        changed.body["notification_rule"]["urgency"],
    ) == (9, "low")
    full = rest_client.get(f"{url}/{made['id']}?include[]=contact_methods").body["notification_rule"]["contact_method"]
    assert full["address"] == "owner@example.com"
    assert rest_client.delete(f"{url}/{made['id']}").status == 204


def test_teams_have_members_with_roles(rest_client: RestClient) -> None:
    team = rest_client.post("/teams", {"team": {"type": "team", "name": "Ops", "description": "runs it"}}).body["team"][
        "id"
    ]
    alice = people.add(rest_client, "Alice", role="limited_user")["id"]
    assert rest_client.put(f"/teams/{team}/users/{alice}").status == 204
    (member,) = rest_client.get(f"/teams/{team}/members?include[]=users").body["members"]
    assert (member["role"], member["user"]["name"]) == ("responder", "Alice")
    assert rest_client.put(f"/teams/{team}/users/{alice}", {"role": "manager"}).status == 204
    assert rest_client.get(f"/users?team_ids[]={team}").body["users"][0]["teams"][0]["summary"] == "Ops"
    assert rest_client.delete(f"/teams/{team}/users/{alice}").status == 204
    assert rest_client.delete(f"/teams/{team}").status == 204


def test_a_team_with_a_team_below_it_goes_only_when_that_moves(rest_client: RestClient) -> None:
    ids = [
        rest_client.post("/teams", {"team": {"type": "team", "name": name}}).body["team"]["id"]
        for name in ("A", "B", "C")
    ]
    parent = {"team": {"parent": {"id": ids[0], "type": "team_reference"}}}
    assert rest_client.put(f"/teams/{ids[1]}", parent, lenient=True).body["team"]["parent"]["summary"] == "A"
    assert rest_client.delete(f"/teams/{ids[0]}").status == 400
    assert rest_client.delete(f"/teams/{ids[0]}?reassignment_team={ids[2]}").status == 204
    assert rest_client.get(f"/teams/{ids[1]}").body["team"]["parent"]["id"] == ids[2]


def test_every_change_is_on_record_with_who_and_from_where(rest_client: RestClient, owner: Bootstrapped) -> None:
    alice = people.add(rest_client, "Alice")["id"]
    rest_client.put(f"/users/{alice}", {"user": {"name": "Alicia"}}, lenient=True)
    records = rest_client.get(f"/users/{alice}/audit/records?limit=2").body
    newest = records["records"][0]
    assert (newest["action"], newest["method"]["type"], newest["method"]["truncated_token"]) == (
        "update",
        "api_token",
        owner.api_key[-4:],
    )
    assert newest["details"]["fields"] == [{"name": "name", "value": "Alicia", "before_value": "Alice"}]
    older = rest_client.get(f"/users/{alice}/audit/records?cursor={records['next_cursor']}").body
    assert {record["id"] for record in older["records"]}.isdisjoint(record["id"] for record in records["records"])
    assert rest_client.get("/audit/records?root_resource_types[]=users&actions[]=delete").body["records"] == []


def test_a_revoked_key_stops_within_five_seconds(
    rest_client: RestClient, database: Database, owner: Bootstrapped
) -> None:
    client = rest_client.as_key(people.key_of(database, owner.user_id))
    assert client.get("/users/me").status == 200
    with database.begin() as tx:
        for row in stored.keys_of(tx.conn, owner.user_id):
            keys.revoke(tx, actor.system(), row.id)
    time.sleep(4.1)
    assert client.get("/users/me").status == 401


def test_only_one_bootstrap_wins(database: Database, owner: Bootstrapped) -> None:
    with pytest.raises(Conflict):
        database.run(lambda tx: bootstrap(tx, "second@example.com", "Second", None))


def test_the_watch_on_audit_records_sees_a_change_without_one(database: Database, owner: Bootstrapped) -> None:
    with database.engine.begin() as conn:
        conn.execute(tables.users.update().values(color="red"))
        assert audited.unrecorded(conn) == ["users"]
        conn.rollback()
