"""Providers by REST: what is wrong is said when it is saved, and secrets are never seen again."""

from typing import Any

import pytest

from tests.rest_client import RestClient
from tests.sign_on.provider import Provider
from tocsin.accounts.commands import keys
from tocsin.accounts.commands.bootstrap import Bootstrapped
from tocsin.core.actor import system
from tocsin.core.db import Database
from tocsin.core.settings import Settings
from tocsin.operations import rest_app

ALL = "/tocsin/sign_in_providers"
SECRET = "a client secret"


@pytest.fixture
def client(database: Database, owner: Bootstrapped) -> RestClient:
    """The API, as the owner's own key sees it, of an install that may ask the loopback."""
    app = rest_app(database, Settings(api_rate_limit=0, outbound_allow=("127.0.0.1",)))
    return RestClient(app, owner.user_api_key)


def body(provider: Provider, **other: Any) -> dict[str, Any]:
    plain = {"name": "Example ID", "issuer": provider.issuer, "client_id": "tocsin", "client_secret": SECRET}
    return {"sign_in_provider": {**plain, **other}}


def added(client: RestClient, provider: Provider, **other: Any) -> Any:
    answer = client.post(ALL, body(provider, **other))
    assert answer.status == 201, answer.body
    return answer.body["sign_in_provider"]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"name": None}, "name is required"),
        ({"client_secret": None}, "client_secret is required"),
        ({"issuer": "file:///etc/passwd"}, "must begin with https:// or http://"),
        ({"issuer": "http://id.example.com"}, "must begin with https://"),
        ({"issuer": "https://169.254.169.254"}, "not public"),
        ({"issuer": "https://id.example.com/?tenant=1"}, "without query and fragment"),
        ({"issuer": "http://127.0.0.1:1"}, "cannot be reached"),
        ({"claims": {"email": ""}}, "a claim must hold it"),
        ({"make_people": True}, "email_domains: say from which domains"),
        ({"email_domains": ["example"]}, "are names like example.com, not 'example'"),
        ({"scopes": ["two words"]}, "are words without blanks"),
        ({"default_role": "owner"}, "default_role should be"),
        ({"roles": [{"group": "sre", "role": "owner"}]}, "roles.0.role should be"),
        ({"teams": [{"group": "sre", "team": {"id": "PNONE"}}]}, "the team of the group sre is not there"),
    ],
)
def test_a_provider_that_makes_no_sense_is_refused(
    client: RestClient, provider: Provider, other: dict[str, Any], said: str
) -> None:
    answer = client.post(ALL, body(provider, **other))
    assert answer.status == 400, answer.body
    assert said in "; ".join(answer.errors)
    assert client.get(ALL).body["sign_in_providers"] == []


@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        ("/.well-known/openid-configuration", {"issuer": "https://evil.example"}, "names another issuer"),
        ("/.well-known/openid-configuration", {"jwks_uri": None}, "its jwks_uri is missing"),
        ("/.well-known/openid-configuration", {"token_endpoint": "https://10.0.0.1/t"}, "its token_endpoint"),
        ("/.well-known/openid-configuration", {"authorization_endpoint": "http://id.example.com/"}, "https://"),
        ("/.well-known/openid-configuration", {"response_types_supported": ["id_token"]}, "code flow"),
        ("/jwks", {"keys": []}, "no RSA or EC key"),
        ("/jwks", {"keys": [{"kty": "oct", "k": "c2VjcmV0"}, {"kty": "RSA"}, 7]}, "no RSA or EC key"),
        ("/jwks", {"keys": None}, "is no JWKS"),
        ("/jwks", {"keys": "x" * 300_000}, "longer than"),
    ],
)
def test_documents_with_anything_wrong_are_refused_when_it_is_saved(
    client: RestClient, provider: Provider, path: str, answer: dict[str, Any], said: str
) -> None:
    provider.lies[path] = lambda honest: honest | answer
    got = client.post(ALL, body(provider))
    assert (got.status, said in got.errors[0]) == (400, True), got.body
    assert "then save again" in got.errors[1]


def test_the_loopback_is_asked_only_where_the_setting_allows_it(rest_client: RestClient, provider: Provider) -> None:
    got = rest_client.post(ALL, body(provider))
    assert (got.status, "TOCSIN_OUTBOUND_ALLOW" in got.errors[0]) == (400, True)
    assert provider.asked == []


def test_a_secret_is_never_seen_again(client: RestClient, provider: Provider, database: Database) -> None:
    made = added(client, provider)
    assert made["has_client_secret"] is True
    with database.begin() as tx:
        rows = tx.conn.exec_driver_sql("SELECT p::text || a::text FROM sign_in_providers p, audit_records a").scalars()
        assert not any(SECRET in row for row in rows)
    assert SECRET not in str(client.get(ALL).body) + str(client.get("/audit/records").body)


def test_a_change_without_a_secret_keeps_it(client: RestClient, provider: Provider, database: Database) -> None:
    id = added(client, provider)["id"]
    with database.begin() as tx:
        before = tx.conn.exec_driver_sql("SELECT client_secret FROM sign_in_providers").scalar()
    answer = client.put(f"{ALL}/{id}", {"sign_in_provider": {"name": "Other ID"}})
    assert (answer.status, answer.body["sign_in_provider"]["name"]) == (200, "Other ID")
    with database.begin() as tx:
        assert tx.conn.exec_driver_sql("SELECT client_secret FROM sign_in_providers").scalar() == before


def test_the_issuer_stays_and_each_is_there_once(client: RestClient, provider: Provider) -> None:
    id = added(client, provider)["id"]
    answer = client.put(f"{ALL}/{id}", {"sign_in_provider": {"issuer": "https://id.example.com"}})
    assert (answer.status, "issuer cannot be changed" in answer.errors[0]) == (400, True)
    assert "another provider has it already" in client.post(ALL, body(provider)).errors[0]


def test_it_says_what_the_provider_must_know_us_by(client: RestClient, provider: Provider) -> None:
    made = added(client, provider)
    assert made["redirect_uri"].endswith("/app/sign-in/callback")
    assert client.get(f"{ALL}/{made['id']}").body["sign_in_provider"]["redirect_uri"] == made["redirect_uri"]


def test_groups_are_kept_in_their_order(client: RestClient, provider: Provider) -> None:
    team = client.post("/teams", {"team": {"type": "team", "name": "Red"}}).body["team"]["id"]
    roles = [{"group": "b", "role": "user"}, {"group": "a", "role": "admin"}]
    made = added(client, provider, roles=roles, teams=[{"group": "a", "team": {"id": team}}])
    assert made["roles"] == roles
    assert [(g["team"]["summary"], g["role"]) for g in made["teams"]] == [("Red", "responder")]


def test_it_can_be_removed(client: RestClient, provider: Provider) -> None:
    id = added(client, provider)["id"]
    assert client.delete(f"{ALL}/{id}").status == 204
    assert client.get(f"{ALL}/{id}").status == 404
    assert client.get(f"{ALL}/{id}/identities").status == 404


@pytest.mark.parametrize("role", ["user", "limited_user", "observer"])
def test_nobody_below_the_admins_sees_or_changes_it(client: RestClient, provider: Provider, role: str) -> None:
    id = added(client, provider)["id"]
    person = {"type": "user", "name": role, "email": "somebody@example.com", "role": role}
    theirs = _key(client, client.post("/users", {"user": person}, From="owner@example.com").body["user"]["id"])
    for answer in (theirs.get(ALL), theirs.get(f"{ALL}/{id}"), theirs.delete(f"{ALL}/{id}"),
                   theirs.get("/tocsin/sign_in_rules")):  # fmt: skip
        assert answer.status == 403


def _key(client: RestClient, user_id: str) -> RestClient:
    database: Database = client.app.dispatcher.database
    return client.as_key(database.run(lambda tx: keys.issue(tx, system(), user_id, "theirs")))


def test_the_rules_are_read_and_refused_by_rest(client: RestClient) -> None:
    assert client.get("/tocsin/sign_in_rules").body == {
        "sign_in_rules": {"single_sign_on_only": False, "break_glass": None}
    }
    answer = client.put("/tocsin/sign_in_rules", {"sign_in_rules": {"single_sign_on_only": True}})
    assert answer.status == 400
    assert [line.partition(":")[0] for line in answer.errors] == ["single_sign_on_only", "break_glass"]
