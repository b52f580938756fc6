"""Third parties' apps, scripted with Authlib's own client, against a really running server.

The first is the app of brief/000: Scoped OAuth, read access to four resources, configured by client id, client secret,
region and subdomain. It finds nothing out by other ways.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.oauth.house import ACTION, BACK, READS, House
from tests.oauth.serving import served
from tests.web.pages import CSRF

MINE = {"escalation_policies", "oncalls", "schedules", "users"}


@pytest.fixture
def base(at_home: House) -> Iterator[str]:
    with served(at_home) as address:
        yield address


def clicked(house: House, url: str) -> str:
    """A person signs in, looks, and allows; where the browser is sent."""
    parts = urlsplit(url)
    page = house.browser.get(f"{parts.path}?{parts.query}").text
    action, csrf = ACTION.search(page), CSRF.search(page)
    assert action
    assert csrf
    given = {"csrf": csrf.group(1), "decision": "allow"}
    sent = house.browser.post(action.group(1).replace("&amp;", "&"), data=given)
    return str(sent.headers["location"])


def session(app: Any, base: str, scope: str, **more: Any) -> Any:
    """Authlib's client for this app."""
    return OAuth2Session(
        app["client_id"], app.get("client_secret"), scope=scope, redirect_uri=BACK, code_challenge_method="S256",
        token_endpoint=f"{base}/oauth/token", token_endpoint_auth_method=more.pop("auth", "client_secret_basic"),
        **more,
    )  # fmt: skip


def reads_four_and_no_more(client: Any, base: str) -> None:
    """What brief/000 needs works, and nothing beside it."""
    for name in MINE:
        answer = client.get(f"{base}/{name}")
        assert answer.status_code == 200
        assert name in answer.json()
    for name in ("services", "incidents", "teams", "priorities", "vendors"):
        assert client.get(f"{base}/{name}").status_code in (403, 501), name
    body = {"user": {"type": "user", "name": "M", "email": "m@example.com"}}
    assert client.post(f"{base}/users", json=body).status_code == 403


@pytest.mark.parametrize("auth", ["client_secret_basic", "client_secret_post"])
def test_the_app_of_the_reviewers(at_home: House, base: str, auth: str) -> None:
    app = at_home.register()
    scope = f"as_account-{app['region']}.{app['subdomain']} {' '.join(READS)}"
    client = session(app, base, scope, auth=auth)
    token = client.fetch_token(grant_type="client_credentials")
    assert (token["token_type"], token["expires_in"]) == ("bearer", 86400)
    reads_four_and_no_more(client, base)
    on_call = client.get(f"{base}/oncalls", params={"include[]": "users"}).json()["oncalls"]
    emails = [one["user"]["email"] for one in on_call if one["escalation_level"] == 1]
    assert emails == ["alice@example.com"]


def test_an_app_that_acts_for_a_person(at_home: House, base: str) -> None:
    app = at_home.register()
    client = session(app, base, " ".join(READS))
    verifier = "x" * 64
    url, state = client.create_authorization_url(f"{base}/oauth/authorize", code_verifier=verifier)
    back = clicked(at_home, url)
    token = client.fetch_token(authorization_response=back, state=state, code_verifier=verifier)
    reads_four_and_no_more(client, base)
    assert client.get(f"{base}/users/me").json()["user"]["email"] == "alice@example.com"
    renewed = client.refresh_token(f"{base}/oauth/token")
    assert renewed["access_token"] != token["access_token"]
    reads_four_and_no_more(client, base)
    assert client.revoke_token(f"{base}/oauth/revoke", renewed["refresh_token"]).status_code == 200
    assert client.get(f"{base}/users").status_code == 401


def test_an_app_learns_who_the_person_is(at_home: House, base: str) -> None:
    found = requests.get(f"{base}/.well-known/openid-configuration", timeout=10).json()
    app = at_home.register()
    client = session(app, base, "openid users.read")
    url, state = client.create_authorization_url(found["authorization_endpoint"], code_verifier="x" * 64, nonce="n-1")
    given = client.fetch_token(authorization_response=clicked(at_home, url), state=state, code_verifier="x" * 64)
    keys = KeySet.import_key_set(requests.get(found["jwks_uri"], timeout=10).json())
    read = jwt.decode(given["id_token"], keys, algorithms=found["id_token_signing_alg_values_supported"])
    assert read.header["alg"] == "RS256"
    options = {"iss": {"value": found["issuer"]}, "aud": {"value": base}}
    claims = CodeIDToken(read.claims, read.header, options, {"nonce": "n-1", "client_id": app["client_id"]})
    claims.validate()
    alice = at_home.site.seeded.people["alice"]
    assert (claims["user_id"], claims["sub"], claims["subdomain"], claims["region"]) == (alice, alice, "acme", "us")
    assert set(claims) > {"account_id", "delegation_id"}


def test_the_metadata_tells_all_addresses_on_every_host(at_home: House, base: str) -> None:
    paths = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
    for host in ("identity.example.com", "api.example.com"):
        for path in paths:
            found = requests.get(f"{base}{path}", headers={"host": host}, timeout=10).json()
            assert found["issuer"] == f"http://{host}"
            for name in ("authorization_endpoint", "token_endpoint", "revocation_endpoint", "jwks_uri"):
                assert found[name].startswith(f"http://{host}/")
    app = at_home.register()
    form = {"grant_type": "client_credentials", "scope": "as_account-us.acme users.read"}
    proof = (app["client_id"], app["client_secret"])
    answer = requests.post(
        f"{base}/oauth/token", form, auth=proof, headers={"host": "identity.example.com"}, timeout=10
    )
    assert answer.status_code == 200


def test_the_public_keys_hold_nothing_private(at_home: House) -> None:
    keys = at_home.anybody.get("/global/oauth/anonymous/jwks").json()["keys"]
    assert [set(key) for key in keys] == [{"kty", "kid", "use", "alg", "n", "e"}]
    assert at_home.anybody.get("/global/oauth/anonymous/jwks").json()["keys"] == keys
