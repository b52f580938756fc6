"""Without OAuth (core:O13), and what housekeeping forgets."""

from pathlib import Path

from tests.oauth.house import House, house
from tests.web.pages import pages
from tocsin.core.settings import Settings, load
from tocsin.oauth.commands import ending
from tocsin.workers.housekeeping import Housekeeping


def test_switched_off_there_is_no_such_path(pg_url: str, tmp_path: Path) -> None:
    site = pages(pg_url, tmp_path, oauth=False)
    with house(site, Settings(api_rate_limit=0, oauth=False)) as off:
        for path in (
            "/oauth/authorize", "/oauth/token", "/oauth/revoke", "/.well-known/openid-configuration", "/tocsin/apps",
            "/global/oauth/anonymous/jwks",
        ):  # fmt: skip
            assert off.rest("GET", path, off.owner_key).status_code == 404, path
        for path in ("/app/apps", "/app/allowed-apps"):
            assert off.browser.get(path).status_code == 404
        assert "/app/allowed-apps" not in off.browser.get("/app").text
        assert off.rest("GET", "/users", off.owner_key).status_code == 200
    site.app.close()
    site.database.close()


def test_switched_off_tokens_open_nothing(at_home: House) -> None:
    token = at_home.tokens(at_home.register())["access_token"]
    with house(at_home.site, Settings(api_rate_limit=0, oauth=False)) as off:
        assert off.rest("GET", "/users", token).status_code == 401


def test_the_setting_is_on_or_off(tmp_path: Path) -> None:
    assert load({}, tmp_path / "none").oauth is True
    assert load({"TOCSIN_OAUTH": "off"}, tmp_path / "none").oauth is False


def test_what_is_long_over_is_forgotten(at_home: House) -> None:
    app = at_home.register()
    given = at_home.tokens(app)
    assert at_home.site.database.run(ending.sweep) == 0
    at_home.later(days=3)
    Housekeeping(at_home.site.database, 30)()
    assert (at_home.rows("oauth_codes"), at_home.rows("oauth_tokens")) == (0, 1)
    assert at_home.refresh(app, given["refresh_token"]).status_code == 200
