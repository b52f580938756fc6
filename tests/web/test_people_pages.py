"""People, teams, keys, security and the account: what each may do there, and what is refused."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.web.pages import PASSWORD, Pages
from tocsin.accounts.commands import sessions
from tocsin.core.clock import real_now

KEY = re.compile(r'id="fresh-key">([^<]+)<')
NEW = "a whole new password of mine"


def role(site: Pages, name: str, given: str) -> None:
    site.execute("UPDATE users SET role = :role WHERE id = :id", role=given, id=site.seeded.people[name])


def scalar(site: Pages, statement: str, **values: Any) -> Any:
    with site.database.begin() as tx:
        return tx.conn.scalar(text(statement), values)


def role_of(site: Pages, name: str) -> str:
    return str(scalar(site, "SELECT role FROM users WHERE id = :id", id=site.seeded.people[name]))


PAGES = ("/app/people", "/app/teams", "/app/security", "/app/keys", "/app/account", "/app/account/keys")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_there_for_the_owner_without_a_word_of_inline_style(site: Pages, path: str) -> None:
    answer = site.sign_in("eve").get(path)
    assert answer.status_code == 200
    assert not re.search(r" style=|<style|onclick=|<script(?! src)", answer.text)


@pytest.mark.parametrize("path", ["/app/account", "/app/account/keys", "/app/users/{bob}/leave"])
@pytest.mark.parametrize("given", ["user", "limited_user", "observer", "read_only_user"])
def test_the_account_is_the_owners_and_the_admins_alone(site: Pages, path: str, given: str) -> None:
    role(site, "alice", given)
    assert site.sign_in("alice").get(path.replace("{bob}", site.seeded.people["bob"])).status_code == 403


@pytest.mark.parametrize(
    "path",
    ["/app/people", "/app/users/{bob}/role", "/app/users/{bob}/invite", "/app/users/{bob}/second-factor/reset",
     "/app/users/{bob}/sessions/end", "/app/users/{bob}/leave", "/app/teams", "/app/account/second-factor",
     "/app/account/session-limits", "/app/account/owner", "/app/account/keys"],
)  # fmt: skip
def test_a_responder_changes_nothing_of_others(site: Pages, path: str) -> None:
    role(site, "alice", "limited_user")
    site.sign_in("alice")
    assert site.post(path.replace("{bob}", site.seeded.people["bob"]), {"role": "admin"}).status_code == 403
    assert role_of(site, "bob") == "user"


def test_roles_are_given_but_neither_the_owners_nor_above_ones_own(site: Pages) -> None:
    site.sign_in("alice")  # a manager
    people = site.seeded.people
    assert site.post(f"/app/users/{people['bob']}/role", {"role": "limited_user"}).status_code == 303
    assert site.post(f"/app/users/{people['bob']}/role", {"role": "admin"}).status_code == 403
    assert site.post(f"/app/users/{people['bob']}/role", {"role": "owner"}).status_code == 400
    assert site.post(f"/app/users/{people['eve']}/role", {"role": "user"}).status_code == 403
    assert [role_of(site, name) for name in ("bob", "eve")] == ["limited_user", "owner"]


def test_a_key_is_shown_once_and_ends_when_revoked(site: Pages) -> None:
    site.sign_in("alice")
    made = site.post("/app/keys", {"description": "Terraform", "read_only": "yes"})
    key = KEY.search(made.text)
    assert key
    again = site.client.get("/app/keys").text
    assert key.group(1) not in again
    assert "read-only" in again
    id = scalar(site, "SELECT id FROM api_keys WHERE user_id = :id", id=site.seeded.people["alice"])
    assert site.post(f"/app/keys/{id}/revoke").status_code == 303
    assert scalar(site, "SELECT revoked_at FROM api_keys WHERE id = :id", id=id) is not None


def test_nobody_revokes_anothers_key_on_their_own_page_and_a_key_needs_words(site: Pages) -> None:
    site.sign_in("alice")
    site.post("/app/keys", {"description": "mine"})
    id = scalar(site, "SELECT id FROM api_keys")
    site.sign_in("bob", client := site.visitor())
    site.client = client
    assert site.post(f"/app/keys/{id}/revoke").status_code == 404
    assert site.post("/app/keys", {"description": " "}).status_code == 400


def test_a_password_is_changed_with_the_old_one_and_other_sessions_end(site: Pages) -> None:
    other = site.sign_in("alice", site.visitor())
    site.sign_in("alice")
    assert site.post("/app/security/password", {"old": "wrong", "new": NEW}).status_code == 422
    assert site.post("/app/security/password", {"old": PASSWORD, "new": "password1234"}).status_code == 400
    assert other.get("/app").status_code == 200
    assert site.post("/app/security/password", {"old": PASSWORD, "new": NEW}).status_code == 303
    assert (site.client.get("/app").status_code, other.get("/app").status_code) == (200, 303)


def test_sessions_are_ended_one_by_one_or_all_but_this(site: Pages) -> None:
    others = [site.sign_in("alice", site.visitor()) for _ in range(2)]
    site.sign_in("alice")
    alice = site.seeded.people["alice"]
    with site.database.begin() as tx:
        first = sessions.listed(tx.conn, alice, real_now())[-1]
    assert site.post(f"/app/security/sessions/{first.id}/end").status_code == 303
    assert sorted(client.get("/app").status_code for client in others) == [200, 303]
    assert site.post("/app/security/sessions/end-others").status_code == 303
    assert [client.get("/app").status_code for client in others] == [303, 303]
    assert site.client.get("/app").status_code == 200


def test_nobody_ends_a_session_of_somebody_else_on_their_own_page(site: Pages) -> None:
    bob = site.sign_in("bob", site.visitor())
    site.sign_in("alice")
    id = scalar(site, "SELECT id FROM sessions WHERE user_id = :id", id=site.seeded.people["bob"])
    assert site.post(f"/app/security/sessions/{id}/end").status_code == 404
    assert bob.get("/app").status_code == 200


def test_an_admin_signs_somebody_out_and_it_is_recorded(site: Pages) -> None:
    bob = site.sign_in("bob", site.visitor())
    site.sign_in("eve")
    assert site.post(f"/app/users/{site.seeded.people['bob']}/sessions/end").status_code == 303
    assert bob.get("/app").status_code == 303
    assert scalar(site, "SELECT count(*) FROM audit_records WHERE resource_type = 'session' AND action = 'delete'") == 1


def test_limits_set_on_the_page_hold(site: Pages) -> None:
    site.sign_in("eve")
    given = {"kind": "web", "idle": "2", "idle_unit": "hours", "longest": "1", "longest_unit": "days"}
    assert site.post("/app/account/session-limits", {**given, "idle": "-1"}).status_code == 400
    assert site.post("/app/account/session-limits", given).status_code == 303
    assert site.client.get("/app").status_code == 303  # their own session was of that kind
    with site.database.begin() as tx:
        assert sessions.limits(tx.conn, "web") == (timedelta(hours=2), timedelta(days=1))


def test_the_account_changes_hands_with_the_password_alone(site: Pages) -> None:
    alice, eve = site.seeded.people["alice"], site.seeded.people["eve"]
    site.sign_in("eve")
    assert site.post("/app/account/owner", {"to": alice, "password": "wrong"}).status_code == 422
    assert site.post("/app/account/owner", {"to": eve, "password": PASSWORD}).status_code == 400
    assert [role_of(site, name) for name in ("alice", "eve")] == ["user", "owner"]
    assert site.post("/app/account/owner", {"to": alice, "password": PASSWORD}).status_code == 303
    assert [role_of(site, name) for name in ("alice", "eve")] == ["owner", "admin"]
    letters = scalar(site, "SELECT count(*) FROM effects WHERE kind = 'letter'")
    assert letters == 2
    assert site.post("/app/account/owner", {"to": alice, "password": PASSWORD}).status_code == 403


def test_a_responder_is_not_made_owner(site: Pages) -> None:
    role(site, "bob", "limited_user")
    site.sign_in("eve")
    to = {"to": site.seeded.people["bob"], "password": PASSWORD}
    assert site.post("/app/account/owner", to).status_code == 400
    assert role_of(site, "eve") == "owner"


def test_a_team_is_made_staffed_changed_and_removed(site: Pages) -> None:
    site.sign_in("eve")
    bob = site.seeded.people["bob"]
    made = site.post("/app/teams", {"name": "Ops", "default_role": "none"}).headers["location"].partition("?")[0]
    assert site.post(f"{made}/members", {"user": bob, "role": "manager"}).status_code == 303
    page = site.client.get(made).text
    assert "private" in page
    assert "Bob" in page
    assert site.post(made, {"name": "Operations", "default_role": "manager"}).status_code == 303
    assert site.post("/app/teams", {"name": "operations", "default_role": "manager"}).status_code == 400
    assert site.post(f"{made}/members/remove", {"user": bob}).status_code == 303
    assert site.post(f"{made}/remove").headers["location"] == "/app/teams?done=removed"


def test_somebody_leaves_only_when_it_is_confirmed(site: Pages) -> None:
    incident = site.incident()
    site.sign_in("eve")
    url = f"/app/users/{site.seeded.people['alice']}/leave"
    assert "Disk full" in site.client.get(url).text
    assert site.post(url, {"stand_in": site.seeded.people["carol"]}).status_code == 400
    assert site.post(url, {"stand_in": site.seeded.people["carol"], "sure": "yes"}).status_code == 303
    assigned = scalar(site, "SELECT assignments->0->>'user_id' FROM incidents WHERE id = :id", id=incident)
    assert assigned == site.seeded.people["carol"]
    assert site.client.get(url).status_code == 404
