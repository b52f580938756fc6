"""Registering apps by REST: what is wrong is said, what is secret is seen once, and nobody rises through an app."""

from typing import Any

from tests.rest_client import Reply, RestClient
from tocsin.accounts.commands import keys
from tocsin.accounts.commands.bootstrap import Bootstrapped
from tocsin.core.actor import system
from tocsin.core.db import Database

AVIATOR = {
    "name": "Aviator", "description": "Reviewers from who is on call", "kind": "scoped",
    "scopes": ["users.read", "escalation_policies.read", "oncalls.read", "schedules.read"],
    "redirect_urls": ["https://aviator.example.com/oauth/callback"],
}  # fmt: skip


def registered(client: RestClient, **other: Any) -> Any:
    answer = client.post("/tocsin/apps", {"app": {**AVIATOR, **other}})
    assert answer.status == 201, answer.body
    return answer.body["app"]


def refused(client: RestClient, **other: Any) -> str:
    answer = client.post("/tocsin/apps", {"app": {**AVIATOR, **other}})
    assert answer.status == 400, answer.body
    assert client.get("/tocsin/apps").body["apps"] == []
    return "; ".join(answer.errors)


def key_of(client: RestClient, database: Database, role: str) -> RestClient:
    """The API as a person of this role sees it."""
    body = {"type": "user", "name": role, "email": f"{role}@example.com", "role": role}
    id = client.post("/users", {"user": body}).body["user"]["id"]
    return client.as_key(database.run(lambda tx: keys.issue(tx, system(), id, "theirs")))


BAD_APPS = [
        ({"name": None}, "name is required"),
        ({"name": "  "}, "name cannot be empty"),
        ({"name": "x" * 101}, "name should have at most 100"),
        ({"kind": "implicit"}, "kind should be 'classic' or 'scoped'"),
        ({"scopes": []}, "scopes: choose at least one"),
        ({"scopes": ["users.read", "users.rule"]}, "a scoped app knows no users.rule"),
        ({"scopes": ["read"]}, "a scoped app knows no read"),
        ({"kind": "classic"}, "a classic app knows no"),
        ({"confidential": False}, "keeps a secret"),
        ({"kind": "classic", "scopes": ["read"], "confidential": False, "redirect_urls": []}, "so it needs one"),
        ({"setup_url": "javascript:alert(1)"}, "setup_url must be an absolute URL"),
    ]  # fmt: skip


def test_an_app_that_makes_no_sense_is_refused(rest_client: RestClient) -> None:
    for other, said in BAD_APPS:
        assert said in refused(rest_client, **other)


BAD_URLS = ["/callback", "example.com/cb", "javascript:alert(1)", "data:text/html,x", "http://app.example.com/cb",
     "https://app.example.com/cb#part", "https://user:pw@app.example.com/", "https://", "https://[::1", "https://a:99999/",
     "https://app.example.com/\r\nset-cookie: x", "https://app.example.com\\@evil.example/", "https://ä.example/",
     "http://localhost.evil.example/cb", "https://app.example.com/" + "x" * 2000]  # fmt: skip


def test_a_redirect_url_that_leads_astray_is_refused(rest_client: RestClient) -> None:
    for url in BAD_URLS:
        assert "redirect_urls" in refused(rest_client, redirect_urls=[url])


def test_the_secret_is_seen_once(rest_client: RestClient) -> None:
    app = registered(rest_client)
    assert len(app["client_secret"]) >= 40
    assert app["secret_tail"] == app["client_secret"][-4:]
    (listed,) = rest_client.get("/tocsin/apps").body["apps"]
    assert "client_secret" not in listed
    assert "client_secret" not in rest_client.get(f"/tocsin/apps/{app['id']}").body["app"]
    records = rest_client.get("/audit/records?root_resource_types[]=app")
    assert app["client_secret"] not in str(records.body)


def test_an_app_tells_what_its_configuration_needs(rest_client: RestClient) -> None:
    app = registered(rest_client)
    assert (app["region"], app["subdomain"]) == ("us", "tocsin")
    assert app["redirect_urls"] == AVIATOR["redirect_urls"]
    assert app["scopes"] == sorted(AVIATOR["scopes"])
    assert app["html_url"].endswith(f"/app/apps/{app['id']}")


def test_the_other_spellings_of_the_field_are_read(rest_client: RestClient) -> None:
    both = {"redirect_urls": None, "redirect_uris": ["http://localhost:3000/cb"], "scopes": ["incident.read"]}
    app = registered(rest_client, **both)
    assert app["redirect_urls"] == ["http://localhost:3000/cb"]
    assert app["scopes"] == ["incidents.read"]
    moved = rest_client.put(f"/tocsin/apps/{app['id']}", {"app": {"redirect_uris": ["http://127.0.0.1:3000/cb"]}})
    assert moved.body["app"]["redirect_urls"] == ["http://127.0.0.1:3000/cb"]


def test_what_is_not_given_stays(rest_client: RestClient) -> None:
    app = registered(rest_client)
    put = rest_client.put(f"/tocsin/apps/{app['id']}", {"app": {"name": "Flex"}}).body["app"]
    assert (put["name"], put["scopes"], put["redirect_urls"]) == ("Flex", app["scopes"], app["redirect_urls"])


BAD_CHANGES = [{"kind": "classic", "scopes": ["read"]}, {"scopes": []}, {"redirect_urls": ["x"]}]


def test_a_change_that_makes_no_sense_changes_nothing(rest_client: RestClient) -> None:
    app = registered(rest_client)
    path = f"/tocsin/apps/{app['id']}"
    for given in BAD_CHANGES:
        assert rest_client.put(path, {"app": given}).status == 400
        assert rest_client.get(path).body["app"] == {k: v for k, v in app.items() if k != "client_secret"}


def test_a_name_is_taken_once(rest_client: RestClient) -> None:
    app = registered(rest_client)
    assert rest_client.post("/tocsin/apps", {"app": {**AVIATOR, "name": "aviator"}}).status == 400
    assert rest_client.delete(f"/tocsin/apps/{app['id']}").status == 204
    assert rest_client.get(f"/tocsin/apps/{app['id']}").status == 404
    registered(rest_client)


def test_a_new_secret_is_another_one(rest_client: RestClient) -> None:
    app = registered(rest_client)
    again = rest_client.post(f"/tocsin/apps/{app['id']}/rotate_secret", None).body["app"]
    assert again["client_secret"] != app["client_secret"]
    public = registered(rest_client, name="On a desk", kind="classic", scopes=["read"], confidential=False)
    assert "client_secret" not in public
    assert rest_client.post(f"/tocsin/apps/{public['id']}/rotate_secret", None).status == 400


BELOW_MANAGERS = ["limited_user", "observer", "read_only_user"]  # fmt: skip


def test_below_a_manager_nobody_sees_or_registers_apps(rest_client: RestClient, database: Database) -> None:
    for role in BELOW_MANAGERS:
        theirs = key_of(rest_client, database, role)
        answers: list[Reply] = [theirs.get("/tocsin/apps"), theirs.post("/tocsin/apps", {"app": AVIATOR})]
        assert [answer.status for answer in answers] == [403, 403]


def test_a_manager_takes_no_app_of_an_admin_over(
    rest_client: RestClient, database: Database, owner: Bootstrapped
) -> None:
    path = f"/tocsin/apps/{registered(rest_client.as_key(owner.user_api_key))['id']}"
    manager = key_of(rest_client, database, "user")
    assert manager.post(f"{path}/rotate_secret", None).status == 403
    assert manager.put(path, {"app": {"scopes": ["users.write"]}}).status == 403
    assert manager.delete(path).status == 403
    assert manager.post("/tocsin/apps", {"app": {**AVIATOR, "name": "Theirs"}}).status == 201
