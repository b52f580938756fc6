"""Reading the records over REST: filters, spans, links, and whose history a record belongs to (core:A1-A3)."""

from datetime import timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import select, update

from tests.rest_client import RestClient
from tocsin.accounts.commands import guessing, keys, second_factor, sessions, users
from tocsin.accounts.commands.bootstrap import Bootstrapped
from tocsin.accounts.commands.signing_in import Half, Visitor, second_step, sign_in
from tocsin.accounts.keyring import Keyring
from tocsin.core import audit
from tocsin.core.actor import system
from tocsin.core.audit import audit_records
from tocsin.core.clock import real_now
from tocsin.core.db import Database
from tocsin.core.errors import Unauthenticated
from tocsin.core.settings import Settings
from tocsin.operations import rest_app
from tocsin.rest.request import Request
from tocsin.workers.housekeeping import Housekeeping


def team(client: RestClient, name: str = "Platform") -> str:
    return str(client.post("/teams", {"team": {"type": "team", "name": name}}).body["team"]["id"])


def read(client: RestClient, path: str = "/audit/records") -> list[Any]:
    reply = client.get(path)
    assert reply.status == 200, reply.body
    return list(reply.body["records"])


@pytest.mark.parametrize(
    "query",
    ["actions[]=destroy", "actor_type=robot", "method_type=telepathy", "actor_id=P1", "method_truncated_token=abcd",
     "since=2026-01-01&until=2026-02-02", "since=2026-02-01&until=2026-01-31", "since=soon", "limit=0", "cursor=zzz"],
)  # fmt: skip
def test_senseless_questions_are_refused(rest_client: RestClient, query: str) -> None:
    assert rest_client.get(f"/audit/records?{query}").status == 400


@pytest.mark.parametrize("name", ["teams", "team", "team_reference", "teams_reference"])
def test_types_are_read_in_every_spelling(rest_client: RestClient, name: str) -> None:
    id = team(rest_client)
    assert [r["root_resource"]["id"] for r in read(rest_client, f"/audit/records?root_resource_types[]={name}")] == [id]
    assert read(rest_client, "/audit/records?root_resource_types[]=schedules") == []


def test_filters_narrow_it_down(rest_client: RestClient, owner: Bootstrapped) -> None:
    team(rest_client)
    team(rest_client.as_key(owner.user_api_key), "Second")
    mine = f"actor_type=user_reference&actor_id={owner.user_id}"
    (one,) = read(rest_client, f"/audit/records?{mine}&root_resource_types[]=teams")
    assert one["details"]["resource"]["summary"] == "Second"
    token = f"method_type=api_token&method_truncated_token={owner.user_api_key[-4:]}"
    assert [r["id"] for r in read(rest_client, f"/audit/records?{token}")] == [one["id"]]
    (other,) = read(rest_client, "/audit/records?actor_type=api_key_reference&root_resource_types[]=teams")
    assert other["actors"][0]["type"] == "api_key_reference"
    assert read(rest_client, "/audit/records?actions[]=delete") == []


def test_a_membership_is_found_under_the_team_and_the_person(rest_client: RestClient, owner: Bootstrapped) -> None:
    id = team(rest_client)
    rest_client.put(f"/teams/{id}/users/{owner.user_id}", {"role": "manager"})
    of_team = read(rest_client, f"/teams/{id}/audit/records")[0]
    of_user = read(rest_client, f"/users/{owner.user_id}/audit/records")[0]
    assert of_team == of_user
    (link,) = of_team["details"]["references"]
    assert (link["name"], link["removed"]) == ("team_members", [])
    assert (link["added"][0]["id"], link["added"][0]["summary"]) == (owner.user_id, "Olga Owner")
    rest_client.delete(f"/teams/{id}/users/{owner.user_id}")
    (gone,) = read(rest_client, f"/teams/{id}/audit/records?limit=1")[0]["details"]["references"]
    assert [one["id"] for one in gone["removed"]] == [owner.user_id]


def test_what_belongs_to_a_thing_is_found_under_it(rest_client: RestClient, owner: Bootstrapped) -> None:
    kinds = {r["details"]["resource"]["type"] for r in read(rest_client, f"/users/{owner.user_id}/audit/records")}
    assert {"email_contact_method_reference", "assignment_notification_rule_reference", "user_reference"} <= kinds
    method = read(rest_client, f"/users/{owner.user_id}/audit/records")
    found = next(r for r in method if r["details"]["resource"]["type"] == "email_contact_method_reference")
    assert found["root_resource"]["summary"] == "Olga Owner"
    assert found["details"]["resource"]["self"].endswith(f"/contact_methods/{found['details']['resource']['id']}")


def test_the_history_of_what_was_deleted_stays_and_leads_nowhere(rest_client: RestClient) -> None:
    id = team(rest_client)
    rest_client.delete(f"/teams/{id}")
    gone = read(rest_client, f"/teams/{id}/audit/records")[0]
    assert gone["action"] == "delete"
    assert gone["details"]["resource"]["self"] is None


def test_records_of_one_transaction_keep_their_order(rest_client: RestClient, owner: Bootstrapped) -> None:
    types = [r["details"]["resource"]["type"] for r in read(rest_client, f"/users/{owner.user_id}/audit/records")]
    assert types[-2:] == ["email_contact_method_reference", "user_reference"]


def test_pages_follow_each_other_without_gap(rest_client: RestClient) -> None:
    ids = [team(rest_client, f"Team {n}") for n in range(5)]
    seen, cursor = [], ""
    while cursor is not None:
        page = rest_client.get(f"/audit/records?root_resource_types[]=teams&limit=2&cursor={cursor}").body
        seen += [r["root_resource"]["id"] for r in page["records"]]
        cursor = page["next_cursor"]
    assert seen == ids[::-1]


def test_an_older_record_is_outside_of_the_last_day(rest_client: RestClient, database: Database) -> None:
    id = team(rest_client)
    with database.begin() as tx:
        tx.conn.execute(update(audit_records).values(at=tx.now - timedelta(hours=25)))
        since = (tx.now - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert read(rest_client, f"/teams/{id}/audit/records") == []
    assert len(read(rest_client, f"/teams/{id}/audit/records?since={since}")) == 1


def test_an_address_that_a_stranger_forwards_is_not_believed(database: Database, owner: Bootstrapped) -> None:
    client = RestClient(rest_app(database, Settings(api_rate_limit=0)), owner.api_key)
    reply = client.post("/teams", {"team": {"type": "team", "name": "A"}}, x_forwarded_for="198.51.100.9")
    assert reply.status == 201
    assert address(database, reply) == "testclient"


def address(database: Database, reply: Any) -> Any:
    with database.begin() as tx:
        mine = audit_records.c.request_id == reply.headers["x-request-id"]
        return tx.conn.scalar(select(audit_records.c.address).where(mine))


def test_signing_in_and_failing_to_are_on_record(
    rest_client: RestClient, database: Database, owner: Bootstrapped
) -> None:
    now = real_now()
    by = Visitor(now, "192.0.2.1")
    database.run(lambda tx: sign_in(tx, "owner@example.com", "my secret word", by))
    database.run(lambda tx: sign_in(tx, "typed my secret word here", "x", by))
    made = database.run(lambda tx: sessions.start(tx, owner.user_id, now, "192.0.2.1", "Firefox", "request-1"))
    database.run(lambda tx: sessions.end(tx, made.token))
    ended, begun, failed = read(rest_client, f"/users/{owner.user_id}/audit/records")[:3]
    assert [r["details"]["resource"]["type"] for r in (ended, begun, failed)] == [
        "session_reference", "session_reference", "sign_in_failure_reference",
    ]  # fmt: skip
    assert begun["execution_context"] == {"request_id": "request-1", "remote_address": "192.0.2.1"}
    assert (begun["method"]["type"], failed["actors"]) == ("browser", [])
    assert "secret word" not in str(read(rest_client))
    assert made.token not in str(read(rest_client))


def test_a_wrong_code_after_the_right_password_is_on_record(
    rest_client: RestClient, database: Database, owner: Bootstrapped
) -> None:
    with database.begin() as tx:
        user = users.get(tx.conn, owner.user_id)
        second_factor.begin(tx, user)
        pending = second_factor.pending(tx, user)
        assert pending is not None
        second_factor.confirm(tx, system(), user, pyotp.TOTP(pending.secret).at(real_now()), real_now())
    half = Half(owner.user_id, "", enrols=False)
    database.run(lambda tx: second_step(tx, half, "000 000", Visitor(real_now(), "192.0.2.1")))
    newest = read(rest_client, f"/users/{owner.user_id}/audit/records")[0]
    assert {"name": "wrong", "value": "code", "before_value": None} in newest["details"]["fields"]


def test_attempts_that_the_throttle_refuses_fill_nothing(database: Database, owner: Bootstrapped) -> None:
    for _ in range(12):
        database.run(lambda tx: sign_in(tx, "owner@example.com", "wrong", Visitor(real_now(), "192.0.2.1")))
    with database.begin() as tx:
        failed = audit_records.c.resource_type == "sign_in_failure"
        assert len(tx.conn.execute(select(audit_records.c.id).where(failed)).all()) == guessing.MOST_BY_PAIR


def test_a_revoked_key_that_is_still_used_is_on_record_once(database: Database, owner: Bootstrapped) -> None:
    secret = database.run(lambda tx: keys.issue(tx, system(), owner.user_id, "Old laptop"))
    ring = Keyring(database)
    request = Request("GET", "/users", "", {"authorization": f"Token token={secret}"}, b"", "", "192.0.2.9", "r-1")
    id = ring.authenticate(request).id
    with database.begin() as tx:
        row = next(row for row in tx.conn.exec_driver_sql("SELECT id FROM api_keys WHERE description = 'Old laptop'"))
        keys.revoke(tx, system(), row.id)
    fresh = Keyring(database)
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            fresh.authenticate(request)
    with database.begin() as tx:
        found = tx.conn.execute(select(audit_records).where(audit_records.c.resource_type == "refused_key")).all()
    assert [(r.root_id, r.key_tail, r.address, r.actor_id) for r in found] == [(id, secret[-4:], "192.0.2.9", None)]


def test_records_of_more_than_a_year_are_forgotten(database: Database, owner: Bootstrapped) -> None:
    with database.begin() as tx:
        some = select(audit_records.c.id).limit(2).scalar_subquery()
        tx.conn.execute(
            update(audit_records).where(audit_records.c.id.in_(some)).values(at=tx.now - timedelta(days=367))
        )
        before = len(tx.conn.execute(select(audit_records.c.id)).all())
    Housekeeping(database, 30)()
    with database.begin() as tx:
        assert len(tx.conn.execute(select(audit_records.c.id)).all()) == before - 2
        assert not audit.sweep(tx)
