"""The whole way of a product through a person's browser, and everything that must not work."""

import html
import json
import re
from typing import Any

from sqlalchemy import insert, update

from tests.oauth.house import House, told
from tests.seed import BEGAN, add_policy, add_service
from tests.web.pages import BEFORE, CSRF, PASSWORD
from tocsin.accounts.store.tables import team_members, teams, users
from tocsin.escalation.store.tables import escalation_policies

BACK = "https://eyes.example.com/connected"
ACTION = re.compile(r'<form class="card form connect" method="post" action="([^"]+)"')


def product(home: House, **other: Any) -> Any:
    return home.register(name="ThousandEyes", redirect_urls=[BACK], **other)


def asking(app: Any, **other: Any) -> dict[str, Any]:
    given = {"app_id": app["id"], "redirect_uri": BACK, "version": "2", **other}
    return {name: value for name, value in given.items() if value is not None}


def press(home: House, app: Any, do: str = "connect", asked: dict[str, Any] | None = None, **form: Any) -> Any:
    """Fill in the page and press a button."""
    page = home.browser.get("/install/integration", params=asking(app, **(asked or {})))
    action, csrf = ACTION.search(page.text), CSRF.search(page.text)
    assert action, page.text
    assert csrf
    return home.browser.post(html.unescape(action.group(1)), data={"csrf": csrf.group(1), "do": do, **form})


def config(answer: Any) -> Any:
    """What the product is told."""
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith(BACK)
    return json.loads(told(answer)["config"])


UNPROVEN = [
    {"app_id": None}, {"app_id": "PNOBODY"}, {"app_id": "' OR 1=1 --"}, {"app_id": ["PA", "PB"]},
    {"redirect_uri": None}, {"redirect_uri": "https://evil.example/"}, {"redirect_uri": BACK + "/more"},
    {"redirect_uri": "javascript:alert(1)"}, {"redirect_url": "https://evil.example/"},
    {"redirect_uri": "https://eyes.example.com@evil.example/connected"},
]  # fmt: skip


def test_a_request_that_proves_nothing_is_told_here_and_never_redirected(at_home: House) -> None:
    app = product(at_home)
    for other in UNPROVEN:
        for browser in (at_home.browser, at_home.anybody):
            answer = browser.get("/install/integration", params=asking(app, **other))
            assert answer.status_code == 400, other
            assert "location" not in answer.headers
            assert "cannot be answered" in answer.text
            assert "Nothing was given to it" in answer.text
    assert at_home.rows("integrations") == 1


def test_a_form_sent_to_an_unregistered_address_gives_nothing(at_home: House) -> None:
    app, seeded = product(at_home), at_home.site.seeded
    csrf = CSRF.search(at_home.browser.get("/app").text)
    assert csrf
    answer = at_home.browser.post(
        "/install/integration", params=asking(app, redirect_uri="https://evil.example/"),
        data={"csrf": csrf.group(1), "do": "connect", "service": seeded.service},
    )  # fmt: skip
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert at_home.rows("integrations") == 1


def test_without_the_sessions_token_nothing_is_given(at_home: House) -> None:
    app = product(at_home)
    data = {"do": "connect", "service": at_home.site.seeded.service}
    for browser, status in ((at_home.browser, 403), (at_home.anybody, 401)):
        assert browser.post("/install/integration", params=asking(app), data=data).status_code == status
    assert at_home.rows("integrations") == 1


def test_a_service_is_picked_and_its_key_goes_back(at_home: House) -> None:
    app, seeded = product(at_home), at_home.site.seeded
    said = config(press(at_home, app, service=seeded.service))
    (key,) = said["integration_keys"]
    assert (key["id"], key["type"], key["name"]) == (seeded.service, "service", key["Name"])
    assert said["account"] == {"subdomain": "acme", "name": "Acme"}
    found = at_home.rest("GET", f"/services/{seeded.service}?include[]=integrations", at_home.owner_key).json()
    made = found["service"]["integrations"][-1]
    assert (made["name"], made["integration_key"]) == ("ThousandEyes", key["integration_key"])
    assert made["vendor"]["summary"] == "ThousandEyes"
    assert len(key["integration_key"]) == 32


def test_it_is_on_record_without_the_key(at_home: House) -> None:
    app, seeded = product(at_home), at_home.site.seeded
    answer = press(at_home, app, service=seeded.service)
    key = config(answer)["integration_keys"][0]["integration_key"]
    records = at_home.rest("GET", f"/services/{seeded.service}/audit/records", at_home.owner_key)
    newest = records.json()["records"][0]
    assert newest["actors"][0]["summary"] == "Alice"
    assert (newest["method"]["type"], newest["action"]) == ("browser", "create")
    assert newest["execution_context"]["request_id"] == answer.headers["x-request-id"]
    assert newest["details"]["references"][0]["added"][0]["id"] == app["id"]
    assert key not in records.text


def test_several_services_and_a_new_one_at_once(at_home: House) -> None:
    app, seeded = product(at_home), at_home.site.seeded
    form = {"service": [seeded.service], "new_name": "Network", "policy": seeded.policy}
    keys = config(press(at_home, app, **form))["integration_keys"]
    assert {key["name"] for key in keys} >= {"Network"}
    assert len({key["integration_key"] for key in keys}) == 2


def test_connecting_again_gives_the_same_key(at_home: House) -> None:
    app, service = product(at_home), at_home.site.seeded.service
    first, again = (config(press(at_home, app, service=service))["integration_keys"] for _ in range(2))
    assert first == again
    other = at_home.register(name="Other", redirect_urls=[BACK])
    assert config(press(at_home, other, service=service))["integration_keys"] != first


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "Choose a service"), ({"service": "PNOBODY"}, "not there any more"),
    ({"new_name": "Net"}, "escalation policy"),
    ({"new_name": "Net", "policy": "PNOBODY"}, "Escalation Policy Not Found"),
    ({"new_name": "x" * 300, "policy": "P"}, "name"), ({"service": [f"P{n}" for n in range(60)]}, "At most 50"),
]  # fmt: skip


def test_bad_choices_are_explained_and_nothing_is_half_done(at_home: House) -> None:
    app = product(at_home)
    for form, why in BAD:
        answer = press(at_home, app, **form)
        assert answer.status_code == 400, form
        assert why in html.unescape(answer.text)
    assert (at_home.rows("integrations"), at_home.rows("services")) == (1, 1)


def test_one_bad_choice_among_good_ones_gives_nothing(at_home: House) -> None:
    seeded = at_home.site.seeded
    form = {"service": [seeded.service, "PNOBODY"], "new_name": "Net", "policy": seeded.policy}
    assert press(at_home, product(at_home), **form).status_code == 400
    assert (at_home.rows("integrations"), at_home.rows("services")) == (1, 1)


def test_a_person_may_say_no(at_home: House) -> None:
    answer = press(at_home, product(at_home), "deny", service=at_home.site.seeded.service)
    assert told(answer)["error"] == "access_denied"
    assert "config" not in told(answer)
    assert at_home.rows("integrations") == 1


def test_query_and_fragment_of_the_product_come_back(at_home: House) -> None:
    own = f"{BACK}?account=7&next=%2Fa%3Fb&config=forged#step-2"
    answer = press(at_home, product(at_home), asked={"redirect_uri": own}, service=at_home.site.seeded.service)
    assert answer.headers["location"].startswith(f"{BACK}?account=7&next=%2Fa%3Fb&config=%7B")
    assert answer.headers["location"].endswith("#step-2")
    assert len(config(answer)["integration_keys"]) == 1


def test_who_may_not_configure_services_is_told_and_can_go_back(at_home: House) -> None:
    app, seeded = product(at_home), at_home.site.seeded
    with at_home.site.database.begin() as tx:
        tx.conn.execute(update(users).where(users.c.id == seeded.people["alice"]).values(role="observer"))
        tx.conn.exec_driver_sql("DELETE FROM audit_watch")
    page = at_home.browser.get("/install/integration", params=asking(app))
    assert page.status_code == 403
    assert "You may not configure services" in page.text
    assert press(at_home, app, service=seeded.service).status_code == 403
    assert told(press(at_home, app, "deny"))["error"] == "access_denied"
    assert at_home.rows("integrations") == 1


def test_by_team_alone_one_connects_that_teams_services_and_no_others(at_home: House) -> None:
    app, seeded = product(at_home), at_home.site.seeded
    with at_home.site.database.begin() as tx:
        tx.conn.execute(update(users).where(users.c.id == seeded.people["alice"]).values(role="limited_user"))
        other = add_service(tx.conn, add_policy(tx.conn, seeded.people, ((5, ("bob",)),), 0))[0]
        on_a_team(tx.conn, seeded.policy, seeded.people["alice"])
        tx.conn.exec_driver_sql("DELETE FROM audit_watch")
    assert press(at_home, app, service=[other, seeded.service]).status_code == 403
    assert len(config(press(at_home, app, service=seeded.service))["integration_keys"]) == 1


def test_a_private_teams_service_is_as_good_as_not_there(at_home: House) -> None:
    app, seeded = product(at_home), at_home.site.seeded
    with at_home.site.database.begin() as tx:
        on_a_team(tx.conn, seeded.policy, seeded.people["bob"], "none")
        tx.conn.exec_driver_sql("DELETE FROM audit_watch")
    page = at_home.browser.get("/install/integration", params=asking(app))
    assert seeded.service not in page.text
    assert seeded.policy not in page.text
    for form in ({"service": seeded.service}, {"new_name": "Net", "policy": seeded.policy}):
        assert press(at_home, app, **form).status_code == 404
    assert at_home.rows("integrations") == 1


def on_a_team(conn: Any, policy: str, user: str, default_role: str = "manager") -> None:
    """Give a policy to a new team with this manager on it."""
    row = {"id": "PTEAM", "name": "Team", "default_role": default_role, "created_at": BEGAN}
    conn.execute(insert(teams).values(row))
    conn.execute(insert(team_members).values(team_id="PTEAM", user_id=user, role="manager"))
    conn.execute(update(escalation_policies).where(escalation_policies.c.id == policy).values(team_id="PTEAM"))


def test_search_keeps_what_was_ticked(at_home: House) -> None:
    app, seeded = product(at_home), at_home.site.seeded
    answer = press(
        at_home, app, "search", q="nothing like it", service=seeded.service, new_name="Net", policy=seeded.policy
    )
    assert answer.status_code == 200
    assert f'value="{seeded.service}" checked' in answer.text
    assert 'value="Net"' in answer.text
    assert "nothing like it" in answer.text


def test_signing_in_leads_back_to_the_product(at_home: House) -> None:
    asked = at_home.anybody.get("/install/integration", params=asking(product(at_home)))
    assert asked.status_code == 303
    form = at_home.anybody.get(asked.headers["location"])
    before, following = BEFORE.search(form.text), re.search(r'name="next" value="([^"]+)"', form.text)
    assert before
    assert following
    data = {"email": "alice@example.com", "password": PASSWORD, "before": before.group(1)}
    answer = at_home.anybody.post("/app/sign-in", data=data | {"next": html.unescape(following.group(1))})
    assert answer.headers["location"].startswith("/install/integration?app_id=")
    assert "ThousandEyes" in at_home.anybody.get(answer.headers["location"]).text


def test_the_page_may_lead_to_the_product_alone_and_stands_in_no_frame(at_home: House) -> None:
    page = at_home.browser.get("/install/integration", params=asking(product(at_home)))
    policy = page.headers["content-security-policy"]
    assert "form-action 'self' https://eyes.example.com;" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["cache-control"] == "no-store"


def test_the_client_id_and_the_other_spelling_do_as_well(at_home: House) -> None:
    app = product(at_home)
    asked = {"app_id": app["client_id"], "redirect_uri": None, "redirect_url": BACK}
    assert len(config(press(at_home, app, asked=asked, service=at_home.site.seeded.service))["integration_keys"]) == 1


def test_the_apps_page_shows_its_setup_url(at_home: House) -> None:
    app = product(at_home)
    page = html.unescape(at_home.browser.get(f"/app/apps/{app['id']}").text)
    assert f"/install/integration?app_id={app['id']}&redirect_uri=https%3A%2F%2Feyes.example.com%2Fconnected" in page


def test_a_removed_app_gets_nothing(at_home: House) -> None:
    app = product(at_home)
    assert at_home.rest("DELETE", f"/tocsin/apps/{app['id']}", at_home.owner_key).status_code == 204
    assert at_home.browser.get("/install/integration", params=asking(app)).status_code == 400
