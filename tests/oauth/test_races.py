"""Several at once, and a server that cannot open its own key."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from starlette.testclient import TestClient

from tests.oauth.house import VERIFIER, House, refused
from tocsin.core.sealing import Sealer

MANY = 4


def at_once(house: House, send: Callable[[], Any]) -> list[Any]:
    """The answers to the same request, sent by several threads at once."""
    ready = Barrier(MANY)

    def one(_: int) -> Any:
        ready.wait(20)
        return send()

    with ThreadPoolExecutor(MANY) as threads:
        return list(threads.map(one, range(MANY)))


def sender(house: House, form: dict[str, str]) -> Callable[[], Any]:
    return lambda: TestClient(house.app).post("/oauth/token", data=form)


def good(answers: list[Any]) -> list[Any]:
    return [answer.json() for answer in answers if answer.status_code == 200]


def test_of_many_that_bring_one_code_one_is_served_and_then_none(at_home: House) -> None:
    app = at_home.register()
    proof = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    asked = at_home.asking(app)
    code = at_home.decide(app)["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": asked["redirect_uri"], **proof}
    (given,) = good(at_once(at_home, sender(at_home, {**form, "code_verifier": VERIFIER})))
    assert at_home.rest("GET", "/users", given["access_token"]).status_code == 401


def test_of_many_that_bring_one_refresh_token_one_is_served_and_then_none(at_home: House) -> None:
    app = at_home.register()
    token = at_home.tokens(app)["refresh_token"]
    proof = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    (given,) = good(at_once(at_home, sender(at_home, {"grant_type": "refresh_token", "refresh_token": token, **proof})))
    assert at_home.rest("GET", "/users", given["access_token"]).status_code == 401


def test_many_first_looks_make_one_signing_key(at_home: House) -> None:
    answers = at_once(at_home, lambda: TestClient(at_home.app).get("/global/oauth/anonymous/jwks"))
    assert len({answer.text for answer in answers}) == 1
    assert at_home.rows("oauth_signing_keys") == 1


def test_without_the_key_of_its_key_the_server_says_come_back(at_home: House) -> None:
    app = at_home.register()
    at_home.anybody.get("/global/oauth/anonymous/jwks")
    code = at_home.decide(app, scope="openid users.read")["code"]
    known, at_home.site.database.sealer = at_home.site.database.sealer, Sealer(["another key than the one of before"])
    said = refused(at_home.exchange(app, code), 503, "temporarily_unavailable")
    assert "log" in said
    assert at_home.rows("oauth_tokens") == 0
    at_home.site.database.sealer = known
    assert "id_token" in at_home.exchange(app, code).json()
