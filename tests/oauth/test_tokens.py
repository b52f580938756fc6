"""Tokens: every way in which a request for one is refused, and what the granted ones are."""

from tests.oauth.house import BACK, READS, House, refused

ACCOUNT = "as_account-us.acme"


def test_a_wrong_secret_is_401_and_says_nothing_more(at_home: House) -> None:
    app = at_home.register()
    for given in ({"client_secret": "wrong"}, {"client_secret": None}, {"client_id": "nobody"}, {"client_id": None}):
        answer = at_home.credentials(app, f"{ACCOUNT} users.read", **given)
        said = refused(answer, 401, "invalid_client")
        assert "client id or the client secret" in said
        assert answer.headers["www-authenticate"].startswith("Basic ")


ODD_HEADERS = ["Basic", "Basic !!!", "Basic //8=", "Basic bm9ib2R5", "Bearer x", "Basic Og=="]  # fmt: skip


def test_odd_authorization_headers_are_401(at_home: House) -> None:
    form = {"grant_type": "client_credentials", "scope": ACCOUNT}
    for header in ODD_HEADERS:
        answer = at_home.anybody.post("/oauth/token", data=form, headers={"authorization": header})
        refused(answer, 401, "invalid_client")


def test_an_app_may_prove_itself_in_the_header(at_home: House) -> None:
    app = at_home.register()
    form = {"grant_type": "client_credentials", "scope": f"{ACCOUNT} users.read"}
    answer = at_home.anybody.post("/oauth/token", data=form, auth=(app["client_id"], app["client_secret"]))
    assert answer.status_code == 200


def test_the_old_secret_ends_with_the_new_one(at_home: House) -> None:
    app = at_home.register()
    path = f"/tocsin/apps/{app['id']}/rotate_secret"
    new = at_home.rest("POST", path, at_home.owner_key).json()["app"]
    refused(at_home.credentials(app, f"{ACCOUNT} users.read"), 401, "invalid_client")
    assert at_home.credentials(new, f"{ACCOUNT} users.read").status_code == 200


BAD_REQUESTS = [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password", "username": "a", "password": "b"}, "unsupported_grant_type"),
        ({"grant_type": "é\"\\"}, "unsupported_grant_type"),
        ({"grant_type": ["client_credentials", "client_credentials"]}, "invalid_request"),
        ({"grant_type": "client_credentials", "scope": "a\0b"}, "invalid_request"),
    ]  # fmt: skip


def test_a_request_that_makes_no_sense_is_refused(at_home: House) -> None:
    for form, error in BAD_REQUESTS:
        refused(at_home.anybody.post("/oauth/token", data=form), 400, error)


def test_only_a_form_of_bounded_size_is_read(at_home: House) -> None:
    refused(at_home.anybody.post("/oauth/token", json={"grant_type": "x"}), 400, "invalid_request")
    refused(at_home.anybody.post("/oauth/token", data={"grant_type": "x" * 70_000}), 400, "invalid_request")
    raw = {"content-type": "application/x-www-form-urlencoded"}
    for body in (b"grant_type=%ff", b"\xff=1", b"&".join(b"a%d=1" % n for n in range(200))):
        refused(at_home.anybody.post("/oauth/token", content=body, headers=raw), 400, "invalid_request")
    assert at_home.anybody.get("/oauth/token").status_code == 405


BAD_ACCOUNT_SCOPES = [
        (None, "must name the account"),
        ("users.read", "must name the account"),
        ("as_account-eu.acme users.read", "another account"),
        ("as_account-us.other users.read", "another account"),
        ("as_account- users.read", "another account"),
        (f"{ACCOUNT} as_account-us.other users.read", "another account"),
        (ACCOUNT + " users.write", "None of the scopes"),
        (ACCOUNT + " openid nonsense", "None of the scopes"),
    ]  # fmt: skip


def test_for_the_account_the_scope_must_name_it(at_home: House) -> None:
    app = at_home.register()
    for scope, said in BAD_ACCOUNT_SCOPES:
        assert said in refused(at_home.credentials(app, scope), 400, "invalid_scope")
        assert at_home.rows("oauth_tokens") == 0


def test_an_app_gets_what_it_was_registered_for(at_home: House) -> None:
    app = at_home.register()
    scope = f"AS users.read {ACCOUNT} users.write oncalls.read made.up"
    given = at_home.credentials(app, scope).json()
    assert given["scope"] == f"{ACCOUNT} oncalls.read users.read"
    assert (given["token_type"], given["expires_in"]) == ("bearer", 86400)
    assert given["access_token"].startswith("pdus+_0X")
    assert "refresh_token" not in given
    assert at_home.rows("oauth_delegations") == 1
    at_home.credentials(app, scope)
    assert at_home.rows("oauth_delegations") == 1


def test_the_account_may_be_renamed(at_home: House) -> None:
    app = at_home.register()
    place = {"account": {"region": "eu", "subdomain": "acme-corp"}}
    assert at_home.rest("PUT", "/tocsin/account", at_home.owner_key, place).status_code == 200
    refused(at_home.credentials(app, f"{ACCOUNT} users.read"), 400, "invalid_scope")
    given = at_home.credentials(app, "as_account-eu.acme-corp users.read").json()
    assert given["access_token"].startswith("pdeu+_0X")
    for wrong in ({"region": "mars"}, {"subdomain": "Acme Corp"}, {"subdomain": "-"}, {"subdomain": "a\n"}):
        assert at_home.rest("PUT", "/tocsin/account", at_home.owner_key, {"account": wrong}).status_code == 400


def test_a_classic_app_acts_for_people_alone(at_home: House) -> None:
    app = at_home.classic("read")
    refused(at_home.credentials(app, f"{ACCOUNT} read"), 400, "unauthorized_client")


def test_a_code_gives_tokens_once_and_reuse_takes_them_back(at_home: House) -> None:
    app = at_home.register()
    code = at_home.decide(app)["code"]
    given = at_home.exchange(app, code).json()
    assert given["refresh_token"].startswith("pdus+_1X")
    assert (given["expires_in"], given["scope"]) == (86400, " ".join(READS))
    assert at_home.rest("GET", "/users/me", given["access_token"]).status_code == 200
    refused(at_home.exchange(app, code), 400, "invalid_grant")
    assert at_home.rest("GET", "/users/me", given["access_token"]).status_code == 401
    refused(at_home.refresh(app, given["refresh_token"]), 400, "invalid_grant")


def test_a_code_lives_thirty_seconds(at_home: House) -> None:
    app = at_home.register()
    early, late = at_home.decide(app)["code"], at_home.decide(app)["code"]
    at_home.later(seconds=25)
    assert at_home.exchange(app, early).status_code == 200
    at_home.later(seconds=6)
    refused(at_home.exchange(app, late), 400, "invalid_grant")


NOT_OF_THE_CODE = [
        ({"code": "made up"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": "x" * 50}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"redirect_uri": BACK + "/other"}, "invalid_grant"),
    ]  # fmt: skip


def test_what_does_not_go_with_the_code_is_refused(at_home: House) -> None:
    app = at_home.register()
    for other, error in NOT_OF_THE_CODE:
        code = at_home.decide(app)["code"]
        refused(at_home.exchange(app, **{"code": code, **other}), 400, error)
        assert at_home.exchange(app, code).status_code == 200


def test_a_code_is_of_no_use_to_another_app(at_home: House) -> None:
    app, other = at_home.register(), at_home.register(name="Another")
    code = at_home.decide(app)["code"]
    refused(at_home.exchange(other, code), 400, "invalid_grant")
    given = at_home.exchange(app, code).json()
    refused(at_home.exchange(other, code), 400, "invalid_grant")
    refused(at_home.refresh(other, given["refresh_token"]), 400, "invalid_grant")
    assert at_home.rest("GET", "/users/me", given["access_token"]).status_code == 200


def test_both_names_of_the_redirect_are_read(at_home: House) -> None:
    app = at_home.register()
    code = at_home.decide(app, redirect_uri=None, redirect_url=BACK)["code"]
    assert at_home.exchange(app, code, redirect_uri=None, redirect_url=BACK).status_code == 200
    refused(at_home.exchange(app, code, redirect_url=BACK), 400, "invalid_request")


def test_a_refresh_token_is_turned_in_and_never_comes_back(at_home: House) -> None:
    app = at_home.register()
    first = at_home.tokens(app)
    second = at_home.refresh(app, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert second["scope"] == first["scope"]
    refused(at_home.refresh(app, first["refresh_token"]), 400, "invalid_grant")
    refused(at_home.refresh(app, second["refresh_token"]), 400, "invalid_grant")
    for given in (first, second):
        assert at_home.rest("GET", "/users/me", given["access_token"]).status_code == 401


def test_a_refresh_may_ask_for_less_but_not_for_more(at_home: House) -> None:
    app = at_home.register()
    token = at_home.tokens(app, scope="users.read oncalls.read")["refresh_token"]
    refused(at_home.refresh(app, token, scope="schedules.read"), 400, "invalid_scope")
    less = at_home.refresh(app, token, scope="users.read made.up").json()
    assert less["scope"] == "users.read"
    assert at_home.refresh(app, less["refresh_token"]).json()["scope"] == "oncalls.read users.read"


BAD_REFRESHES = [{"client_secret": "wrong"}, {"refresh_token": None}, {"refresh_token": "made up"}]


def test_a_refresh_that_proves_nothing_is_refused(at_home: House) -> None:
    app = at_home.register()
    for other in BAD_REFRESHES:
        given = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
        token = at_home.tokens(app)["refresh_token"]
        answer = at_home.token(**{"grant_type": "refresh_token", "refresh_token": token, **given, **other})
        assert answer.status_code in (400, 401)
        assert at_home.refresh(app, token).status_code == 200


def test_nothing_lives_longer_than_it_should(at_home: House) -> None:
    app, classic = at_home.register(), at_home.classic("write")
    scoped_token, classic_token = at_home.tokens(app), at_home.tokens(classic)
    assert classic_token["expires_in"] == 864_000
    at_home.later(days=1, seconds=1)
    assert at_home.rest("GET", "/users/me", scoped_token["access_token"]).status_code == 401
    at_home.later(days=8)
    assert at_home.rest("GET", "/users/me", classic_token["access_token"]).status_code == 200
    at_home.later(days=21)
    refused(at_home.refresh(app, scoped_token["refresh_token"]), 400, "invalid_grant")
    assert at_home.refresh(classic, classic_token["refresh_token"]).status_code == 200


def test_no_refresh_outlives_the_window(at_home: House) -> None:
    app = at_home.register()
    token = at_home.tokens(app)["refresh_token"]
    for _ in range(12):
        at_home.later(days=29)
        token = at_home.refresh(app, token).json()["refresh_token"]
    at_home.later(days=20)
    refused(at_home.refresh(app, token), 400, "invalid_grant")


def test_a_public_app_proves_itself_by_pkce(at_home: House) -> None:
    app = at_home.classic("read", confidential=False)
    code = at_home.decide(app)["code"]
    refused(at_home.exchange(app, code, code_verifier=None), 400, "invalid_request")
    given = at_home.exchange(app, code).json()
    assert at_home.refresh(app, given["refresh_token"]).status_code == 200


def test_a_classic_app_with_a_secret_needs_no_pkce(at_home: House) -> None:
    app = at_home.classic("read")
    code = at_home.decide(app, code_challenge=None, code_challenge_method=None)["code"]
    assert at_home.exchange(app, code, code_verifier=None).status_code == 200


def test_an_app_gives_tokens_back(at_home: House) -> None:
    app, given = at_home.register(), None
    given = at_home.tokens(app)
    proof = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    revoke = at_home.anybody.post
    refused(revoke("/oauth/revoke", data={"token": given["access_token"]}), 401, "invalid_client")
    refused(revoke("/oauth/revoke", data=proof), 400, "invalid_request")
    assert revoke("/oauth/revoke", data={**proof, "token": "made up"}).status_code == 200
    assert revoke("/oauth/revoke", data={**proof, "token": given["access_token"]}).status_code == 200
    assert at_home.rest("GET", "/users/me", given["access_token"]).status_code == 401
    again = at_home.refresh(app, given["refresh_token"]).json()
    assert revoke("/oauth/revoke", data={**proof, "token": again["refresh_token"]}).status_code == 200
    assert at_home.rest("GET", "/users/me", again["access_token"]).status_code == 401


def test_no_app_gives_back_what_is_anothers(at_home: House) -> None:
    app, other = at_home.register(), at_home.register(name="Another")
    token = at_home.tokens(app)["access_token"]
    proof = {"client_id": other["client_id"], "client_secret": other["client_secret"]}
    refused(at_home.anybody.post("/oauth/revoke", data={**proof, "token": token}), 400, "invalid_grant")
    assert at_home.rest("GET", "/users/me", token).status_code == 200


def test_what_is_stored_opens_nothing(at_home: House) -> None:
    app = at_home.register()
    given = at_home.tokens(app, scope="openid users.read")
    with at_home.site.database.begin() as tx:
        for table in ("oauth_apps", "oauth_codes", "oauth_tokens", "oauth_signing_keys", "audit_records"):
            stored = str(tx.conn.exec_driver_sql(f"SELECT * FROM {table}").all())
            for secret in (app["client_secret"], given["access_token"], given["refresh_token"], "PRIVATE", "'d':"):
                assert secret not in stored, table
