"""The consent page: whom it redirects, what it shows, and that nothing is allowed without a person's own click."""

import html
from urllib.parse import parse_qs, urlsplit

from tests.oauth.house import ACTION, BACK, CHALLENGE, READS, House, told
from tests.web.pages import BEFORE, CSRF, PASSWORD

UNPROVEN = [
        {"client_id": None}, {"client_id": "nobody"}, {"client_id": "' OR 1=1 --"}, {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": BACK + "/more"}, {"redirect_uri": BACK + "?x=1"}, {"redirect_uri": BACK + "#x"},
        {"redirect_uri": "javascript:alert(1)"}, {"redirect_uri": BACK.upper()},
        {"redirect_uri": "https://app.example.com@evil.example/oauth/callback"},
    ]  # fmt: skip


def test_without_a_proven_address_nobody_is_redirected(at_home: House) -> None:
    app = at_home.register()
    for other in UNPROVEN:
        for browser in (at_home.browser, at_home.anybody):
            answer = browser.get("/oauth/authorize", params=at_home.asking(app, **other))
            assert answer.status_code == 400
            assert "location" not in answer.headers
            assert "cannot be answered" in answer.text
            assert "evil" not in answer.text


def test_with_several_addresses_the_request_says_which(at_home: House) -> None:
    app = at_home.register(redirect_urls=[BACK, "https://other.example.com/"])
    assert at_home.look(app, redirect_uri=None).status_code == 400
    one = at_home.register(name="One")
    assert at_home.look(one, redirect_uri=None).status_code == 200
    none = at_home.register(name="None", redirect_urls=[])
    assert at_home.look(none, redirect_uri=None).status_code == 400


PROVEN_BUT_WRONG = [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": 'é"\\'}, "unsupported_response_type"),
        ({"scope": "made.up users.write"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
    ]  # fmt: skip


def test_with_a_proven_address_the_app_is_told(at_home: House) -> None:
    app = at_home.register()
    for other, error in PROVEN_BUT_WRONG:
        for browser in (at_home.browser, at_home.anybody):
            answer = browser.get("/oauth/authorize", params=at_home.asking(app, **other))
            assert answer.status_code == 303
            assert answer.headers["location"].startswith(BACK + "?")
            assert (told(answer)["error"], told(answer)["state"]) == (error, "s t/ä")
            assert "code" not in told(answer)


def test_a_parameter_that_stands_twice_is_refused(at_home: House) -> None:
    app = at_home.register()
    asked = [*at_home.asking(app).items(), ("scope", "users.read")]
    assert told(at_home.browser.get("/oauth/authorize", params=asked))["error"] == "invalid_request"


def test_the_page_says_who_asks_for_what(at_home: House) -> None:
    app = at_home.register(name="<b>Re&viewers</b>")
    page = at_home.look(app, scope="users.read oncalls.read users.write made.up")
    assert "Allow <bdi>&lt;b&gt;Re&amp;viewers&lt;/b&gt;</bdi> to act as you?" in page.text
    for said in ("Alice", "acme", "app.example.com", "registered by <bdi>Eve</bdi>"):
        assert said in page.text
    wanted = html.unescape(page.text.split('class="wanted"')[1].split("</ul>")[0])
    assert ("Users" in wanted, "Oncalls" in wanted, "write" in wanted) == (True, True, False)
    assert "form-action 'self' https://app.example.com;" in page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


def test_looking_allows_nothing(at_home: House) -> None:
    assert at_home.look(at_home.register()).status_code == 200
    assert at_home.rows("oauth_codes") == 0


def test_allowing_sends_a_code_and_the_state(at_home: House) -> None:
    back = at_home.decide(at_home.register())
    assert set(back) == {"code", "state"}
    assert back["state"] == "s t/ä"
    assert len(back["code"]) >= 32


def test_denying_sends_access_denied(at_home: House) -> None:
    back = at_home.decide(at_home.register(), "deny")
    assert (back["error"], back["state"]) == ("access_denied", "s t/ä")
    assert back["error_description"]
    assert at_home.rows("oauth_codes") == 0


def test_a_decision_needs_the_token_of_its_session(at_home: House) -> None:
    app = at_home.register()
    path = "/oauth/authorize?" + urlsplit(str(at_home.look(app).url)).query
    for given in ({}, {"csrf": ""}, {"csrf": "wrong"}):
        assert at_home.browser.post(path, data={"decision": "allow", **given}).status_code == 403
    csrf = CSRF.search(at_home.look(app).text)
    assert csrf
    whole = {"decision": "allow", "csrf": csrf.group(1)}
    assert at_home.browser.post(path, data=whole, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert at_home.anybody.post(path, data=whole).status_code == 401
    assert at_home.browser.post(path, data={"csrf": csrf.group(1)}).status_code == 400
    assert at_home.rows("oauth_codes") == 0


def test_a_decision_is_checked_afresh(at_home: House) -> None:
    app = at_home.register()
    csrf = CSRF.search(at_home.look(app).text)
    assert csrf
    asked = at_home.asking(app, redirect_uri="https://evil.example/")
    answer = at_home.browser.post("/oauth/authorize", params=asked, data={"csrf": csrf.group(1), "decision": "allow"})
    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_who_is_not_signed_in_comes_back_to_the_same_request(at_home: House) -> None:
    app = at_home.register(redirect_urls=[BACK, BACK + "?tenant=a%20b&x=1"])
    asked = at_home.asking(app, redirect_uri=BACK + "?tenant=a%20b&x=1")
    sent = at_home.anybody.get("/oauth/authorize", params=asked)
    assert sent.headers["location"].startswith("/app/sign-in?next=")
    form = at_home.anybody.get(sent.headers["location"]).text
    before, following = BEFORE.search(form), form.split('name="next" value="')[1].split('"')[0]
    assert before
    given = {"email": "bob@example.com", "password": PASSWORD, "before": before.group(1)}
    back = at_home.anybody.post("/app/sign-in", data={**given, "next": html.unescape(following)})
    assert back.headers["location"].startswith("/oauth/authorize?")
    assert parse_qs(urlsplit(back.headers["location"]).query)["state"] == ["s t/ä"]
    page = at_home.anybody.get(back.headers["location"])
    assert page.status_code == 200
    assert ACTION.search(page.text)


def test_an_app_on_a_desk_takes_the_port_it_gets(at_home: House) -> None:
    app = at_home.classic("read", confidential=False, redirect_urls=["http://127.0.0.1/cb", "http://localhost:99/cb"])
    assert "code" in at_home.decide(app, redirect_uri="http://127.0.0.1:52011/cb")
    for wrong in ("http://127.0.0.1:52011/other", "http://localhost:52011/cb", "https://127.0.0.1/cb"):
        assert at_home.look(app, redirect_uri=wrong).status_code == 400


def test_without_scopes_it_is_all_that_the_app_has(at_home: House) -> None:
    assert at_home.tokens(at_home.register(), scope=None)["scope"] == " ".join(READS)


def test_only_openid_may_be_left(at_home: House) -> None:
    given = at_home.tokens(at_home.register(), scope="openid made.up")
    assert given["scope"] == "openid"
    assert at_home.rest("GET", "/users", given["access_token"]).status_code == 403


def test_a_challenge_is_kept_to_the_letter(at_home: House) -> None:
    app = at_home.register()
    code = at_home.decide(app, code_challenge=CHALLENGE[:-1] + ("a" if CHALLENGE[-1] != "a" else "b"))["code"]
    assert at_home.exchange(app, code).json()["error"] == "invalid_grant"
