"""What a token opens: scopes, roles, and their meeting."""

from typing import Any

import pytest

from tests.oauth.house import READS, House
from tocsin.oauth.model import SCOPES
from tocsin.operations import TABLES

ACCOUNT = "as_account-us.acme"


def app_token(house: House, *scopes: str, **other: Any) -> str:
    app = house.register(scopes=list(scopes or READS), **other)
    return str(house.credentials(app, " ".join([ACCOUNT, *app["scopes"]])).json()["access_token"])


def service(house: House) -> dict[str, Any]:
    policy = {"id": house.site.seeded.policy, "type": "escalation_policy_reference"}
    return {"service": {"type": "service", "name": "Billing", "escalation_policy": policy}}


def test_an_app_reads_what_it_may_and_no_more(at_home: House) -> None:
    token = app_token(at_home)
    for path in ("/users", "/oncalls", "/escalation_policies", "/schedules"):
        assert at_home.rest("GET", path, token).status_code == 200, path
    for path in ("/services", "/incidents", "/teams", "/audit/records", "/tocsin/apps", "/tocsin/account"):
        answer = at_home.rest("GET", path, token)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, 2010), path
    user = {"user": {"type": "user", "name": "Mallory", "email": "m@example.com"}}
    assert at_home.rest("POST", "/users", token, user).status_code == 403
    assert at_home.rest("DELETE", f"/users/{at_home.site.seeded.people['dan']}", token).status_code == 403


def test_writing_is_not_reading(at_home: House) -> None:
    token = app_token(at_home, "services.write")
    assert at_home.rest("POST", "/services", token, service(at_home)).status_code == 201
    assert at_home.rest("GET", "/services", token).status_code == 403


def test_an_app_acts_for_the_account_as_whom_from_names(at_home: House) -> None:
    token = app_token(at_home, "incidents.write", "incidents.read")
    target = {"id": at_home.site.seeded.service, "type": "service_reference"}
    body = {"incident": {"type": "incident", "title": "Down", "service": target}}
    assert at_home.rest("POST", "/incidents", token, body).status_code == 400
    assert at_home.rest("POST", "/incidents", token, body, **{"from": "bob@example.com"}).status_code == 201
    assert at_home.rest("GET", "/users/me", token).status_code in (400, 403)


def test_an_app_of_a_manager_stays_below_the_admins(at_home: House) -> None:
    alice = at_home.site.seeded.people["alice"]
    token = app_token(at_home, "users.write", "audit_records.read", key=at_home.key_of("alice"))
    put = {"user": {"type": "user", "name": "Alice", "email": "alice@example.com", "role": "admin"}}
    assert at_home.rest("PUT", f"/users/{alice}", token, put).status_code == 403
    assert at_home.rest("GET", "/audit/records", token).status_code == 403


def test_a_persons_token_needs_scope_and_role(at_home: House) -> None:
    app = at_home.register(scopes=["services.write", "users.read"])
    token = at_home.tokens(app)["access_token"]
    me = at_home.rest("GET", "/users/me", token).json()["user"]
    assert me["email"] == "alice@example.com"
    assert at_home.rest("GET", "/services", token).status_code == 403
    at_home.give_role("alice", "observer")
    assert at_home.rest("POST", "/services", token, service(at_home)).status_code == 403
    at_home.give_role("alice", "user")
    assert at_home.rest("POST", "/services", token, service(at_home)).status_code == 201


def test_classic_read_reads_and_classic_write_does_both(at_home: House) -> None:
    reading = at_home.tokens(at_home.classic("read"))["access_token"]
    assert at_home.rest("GET", "/services", reading).status_code == 200
    assert at_home.rest("POST", "/services", reading, service(at_home)).status_code == 403
    writing = at_home.tokens(at_home.register(name="W", kind="classic", scopes=["write"]))["access_token"]
    assert at_home.rest("GET", "/services", writing).status_code == 200
    assert at_home.rest("POST", "/services", writing, service(at_home)).status_code == 201


def test_no_token_registers_apps_or_takes_their_secrets(at_home: House) -> None:
    app = at_home.classic("write")
    token = at_home.tokens(app)["access_token"]
    body = {"app": {"name": "Worm", "scopes": ["users.write"]}}
    assert at_home.rest("POST", "/tocsin/apps", token, body).status_code == 403
    assert at_home.rest("POST", f"/tocsin/apps/{app['id']}/rotate_secret", token).status_code == 403
    assert at_home.rest("DELETE", f"/tocsin/apps/{app['id']}", token).status_code == 403


def test_fewer_scopes_bind_tokens_that_are_out(at_home: House) -> None:
    app = at_home.register()
    token = at_home.tokens(app)["access_token"]
    less = {"app": {"scopes": ["oncalls.read"]}}
    assert at_home.rest("PUT", f"/tocsin/apps/{app['id']}", at_home.owner_key, less).status_code == 200
    assert at_home.rest("GET", "/users", token).status_code == 403
    assert at_home.rest("GET", "/oncalls", token).status_code == 200


@pytest.mark.parametrize("what", ["app", "person", "unknown", "refresh"])
def test_what_ends_a_token_ends_it_at_once(at_home: House, what: str) -> None:
    at_home.browser = at_home.browser_of("carol")
    app = at_home.register()
    given = at_home.tokens(app)
    token = given["access_token"]
    assert at_home.rest("GET", "/users", token).status_code == 200
    gone = {"app": f"/tocsin/apps/{app['id']}", "person": f"/users/{at_home.site.seeded.people['carol']}"}
    if what in gone:
        assert at_home.rest("DELETE", gone[what], at_home.owner_key).status_code == 204
    answer = at_home.rest("GET", "/users", {"unknown": token + "x", "refresh": given["refresh_token"]}.get(what, token))
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 2006)
    if what in ("app", "person"):
        assert at_home.refresh(app, given["refresh_token"]).status_code in (400, 401)


def test_the_odd_scope_is_its_plural(at_home: House) -> None:
    token = app_token(at_home, "incident.read")
    assert at_home.rest("GET", "/incidents", token).status_code == 200


def test_use_is_noted_once_a_minute(at_home: House) -> None:
    token = app_token(at_home)
    with at_home.site.database.begin() as tx:
        at_home.rest("GET", "/users", token)
        first = tx.conn.exec_driver_sql("SELECT last_used_at FROM oauth_tokens").scalar_one()
        at_home.rest("GET", "/users", token)
        assert tx.conn.exec_driver_sql("SELECT last_used_at FROM oauth_tokens").scalar_one() == first
        at_home.later(seconds=61)
        at_home.rest("GET", "/users", token)
        assert tx.conn.exec_driver_sql("SELECT last_used_at FROM oauth_tokens").scalar_one() > first


def test_what_an_app_did_is_on_record_as_the_apps(at_home: House) -> None:
    assert at_home.rest("POST", "/services", app_token(at_home, "services.write"), service(at_home)).status_code == 201
    records = at_home.rest("GET", "/audit/records?root_resource_types[]=service", at_home.owner_key).json()["records"]
    assert records[0]["method"]["type"] == "oauth"
    assert records[0]["actors"][0]["type"] == "app_reference"


def test_every_operation_has_a_scope_that_can_be_registered_or_none_can(at_home: House) -> None:
    open_to_all = {"GET /users/me"}
    ours = {"tocsin.apps", "tocsin.account", "tocsin.sign_in"}
    for operation in (operation for table in TABLES for operation in table.operations):
        known = operation.scope in {*SCOPES, "incident.read", *ours}
        closed = operation.path.startswith("/webhook_subscriptions/oauth_clients")  # secrets: no scope opens them
        assert known or (operation.scope is None and (closed or operation.key in open_to_all)), operation.key


def test_a_private_team_stays_closed_to_tokens_of_outsiders(at_home: House) -> None:
    team = {"team": {"type": "team", "name": "Secret", "default_role": "none"}}
    id = at_home.rest("POST", "/teams", at_home.owner_key, team).json()["team"]["id"]
    app = at_home.register(scopes=["teams.read"])
    of_managers = app_token(at_home, "teams.read", key=at_home.key_of("alice"), name="Alice's")
    for token in (at_home.tokens(app)["access_token"], of_managers):
        assert at_home.rest("GET", f"/teams/{id}", token).status_code == 404
        assert at_home.rest("GET", "/teams", token).json()["teams"] == []
    assert at_home.rest("GET", f"/teams/{id}", app_token(at_home, "teams.read", name="Eve's")).status_code == 200
