"""The app of brief/000 against a whole running install: what `main.py` puts together, over HTTP alone."""

from typing import Any

from authlib.integrations.requests_client import OAuth2Session

from tests.e2e.install import Install
from tocsin.accounts.commands import keys
from tocsin.core.actor import system

SCOPES = ["escalation_policies.read", "oncalls.read", "schedules.read", "users.read"]


def registered(install: Install) -> Any:
    """The app as an admin registers it by REST."""
    key = install.database.run(lambda tx: keys.issue(tx, system(), None, "to register an app"))
    body = {"app": {"name": "Reviewers", "scopes": SCOPES}}
    call = install.served.call
    for present in call("GET", "/tocsin/apps", authorization=f"Token token={key}")[1]["apps"]:
        call("DELETE", f"/tocsin/apps/{present['id']}", authorization=f"Token token={key}")
    status, answer = call("POST", "/tocsin/apps", body, authorization=f"Token token={key}")
    assert status == 201, answer
    return answer["app"]


def test_an_app_asks_who_is_on_call(install: Install) -> None:
    install.service([(30, ("alice",))])
    app, base = registered(install), install.served.base
    scope = f"as_account-{app['region']}.{app['subdomain']} {' '.join(SCOPES)}"
    client = OAuth2Session(app["client_id"], app["client_secret"], scope=scope)
    client.fetch_token(f"{base}/oauth/token", grant_type="client_credentials")
    on_call = client.get(f"{base}/oncalls", params={"include[]": "users"}).json()["oncalls"]
    assert "alice@example.com" in {one["user"]["email"] for one in on_call}
    for path in ("/users", "/escalation_policies", "/schedules"):
        assert client.get(base + path).status_code == 200
    assert client.get(f"{base}/services").status_code == 403
    assert client.post(f"{base}/users", json={"user": {}}).status_code == 403


def test_the_paths_of_oauth_are_there(install: Install) -> None:
    call = install.served.call
    assert call("GET", "/.well-known/openid-configuration")[1]["issuer"] == install.served.base
    assert len(call("GET", "/global/oauth/anonymous/jwks")[1]["keys"]) == 1
    assert call("GET", "/oauth/authorize")[0] == 400
    assert call("POST", "/oauth/token", {})[1]["error"] == "invalid_request"
    assert call("GET", "/oauth/elsewhere")[0] == 404
