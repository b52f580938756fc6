"""What groups at the provider give and take back, and what they never touch."""

from typing import Any

import pytest

from tests.sign_on.walk import Walk
from tocsin.accounts.commands import teams
from tocsin.accounts.wire import TeamBody
from tocsin.core.actor import system
from tocsin.rest.body import read

ROLES = [{"group": "admins", "role": "admin"}, {"group": "sre", "role": "user"}]


def team(walk: Walk, name: str) -> str:
    return walk.site.database.run(lambda tx: teams.add(tx, system(), read(TeamBody, {"name": name})))


def role(walk: Walk, id: str) -> str:
    return str(walk.one("SELECT role FROM users WHERE id = :id", id=id).role)


def on(walk: Walk, id: str) -> dict[str, str]:
    query = "SELECT t.name, m.role FROM team_members m JOIN teams t ON t.id = m.team_id WHERE user_id = :id"
    return {row.name: row.role for row in walk.all(query, id=id)}


def given(*pairs: tuple[str, str, str]) -> list[dict[str, Any]]:
    return [{"group": group, "team": {"id": team}, "role": role} for group, team, role in pairs]


def test_the_first_group_that_fits_decides_the_role_at_each_sign_in(walk: Walk) -> None:
    walk.set(roles=ROLES)
    id = walk.comes_in("nina", groups=["sre", "admins"])
    assert role(walk, id) == "admin"
    walk.comes_in("nina", groups=["sre"])
    assert role(walk, id) == "user"


def test_who_leaves_every_group_goes_back_to_the_default_role(walk: Walk) -> None:
    walk.set(roles=ROLES, default_role="observer")
    id = walk.comes_in("nina", groups=["admins"])
    walk.comes_in("nina", groups=[])
    assert role(walk, id) == "observer"


def test_a_role_given_by_hand_stays_where_no_group_says_another(walk: Walk) -> None:
    walk.set(roles=ROLES)
    id = walk.comes_in("bob", groups=["cooks"])
    assert role(walk, id) == "user"
    walk.execute("UPDATE users SET role = 'admin' WHERE id = :id", id=id)
    walk.comes_in("bob")
    assert role(walk, id) == "admin"


def test_the_owner_stays_the_owner(walk: Walk) -> None:
    walk.set(roles=[{"group": "sre", "role": "observer"}])
    assert role(walk, walk.comes_in("eve", groups=["sre"])) == "owner"


def test_groups_put_people_on_teams_and_take_them_off(walk: Walk) -> None:
    red, blue = team(walk, "Red"), team(walk, "Blue")
    walk.set(teams=given(("sre", red, "manager"), ("all", red, "observer"), ("all", blue, "responder")))
    id = walk.comes_in("nina", groups=["all", "sre"])
    assert on(walk, id) == {"Red": "manager", "Blue": "responder"}
    walk.comes_in("nina", groups=["all"])
    assert on(walk, id) == {"Red": "observer", "Blue": "responder"}
    walk.comes_in("nina", groups="sre")
    assert on(walk, id) == {"Red": "manager"}


def test_a_membership_by_hand_stays_as_it_is(walk: Walk) -> None:
    red, blue = team(walk, "Red"), team(walk, "Blue")
    walk.set(teams=given(("sre", red, "manager"), ("sre", blue, "manager")))
    id = walk.comes_in("bob", groups=["sre"])

    def by_hand(tx: Any) -> None:
        teams.put_member(tx, system(), teams.get(tx.conn, blue), id, "observer")

    walk.site.database.run(by_hand)
    walk.comes_in("bob", groups=["sre"])
    assert on(walk, id) == {"Red": "manager", "Blue": "observer"}
    walk.comes_in("bob", groups=[])
    assert on(walk, id) == {"Blue": "observer"}


def test_what_cannot_be_given_or_taken_keeps_nobody_out(walk: Walk) -> None:
    red, gone = team(walk, "Red"), team(walk, "Gone")
    walk.set(teams=given(("sre", red, "manager"), ("sre", gone, "manager")))
    walk.execute("UPDATE teams SET deleted_at = now() WHERE id = :id", id=gone)
    id = walk.comes_in("alice", groups=["sre"])
    assert on(walk, id) == {"Red": "manager"}
    walk.execute("UPDATE escalation_policies SET team_id = :team", team=red)
    walk.comes_in("alice", groups=[])
    assert on(walk, id) == {"Red": "manager"}  # her policy needs her on it


def test_stakeholders_are_put_on_no_team(walk: Walk) -> None:
    walk.set(
        roles=[{"group": "board", "role": "read_only_user"}], teams=given(("board", team(walk, "Red"), "observer"))
    )
    id = walk.comes_in("nina", groups=["board"])
    assert (role(walk, id), on(walk, id)) == ("read_only_user", {})


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("realm_access.roles", {"realm_access": {"roles": ["admins"]}}),
        ("https://example.com/groups", {"https://example.com/groups": ["admins"]}),
        ("groups", {"groups": "admins"}),
    ],
)
def test_groups_are_found_where_the_provider_puts_them(walk: Walk, name: str, claims: dict[str, Any]) -> None:
    walk.set(roles=ROLES, claims={"groups": name})
    assert role(walk, walk.comes_in("nina", **claims)) == "admin"


@pytest.mark.parametrize("groups", [None, 7, {"admins": True}, [["admins"], 1, None], "sre admins", ["ADMINS"]])
def test_groups_of_an_odd_form_give_nothing(walk: Walk, groups: Any) -> None:
    walk.set(roles=ROLES)
    assert role(walk, walk.comes_in("nina", groups=groups)) == "limited_user"
