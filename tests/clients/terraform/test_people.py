"""Users, contact methods, notification rules, teams and memberships under Terraform."""

from typing import Any

import pytest

from tests.clients.terraform import people
from tests.clients.terraform.api import Api, Refused
from tests.clients.terraform.made import team, unique, user
from tests.clients.terraform.not_built import needs
from tests.clients.terraform.plan import applied, planned, round_trip


def test_a_user_comes_to_rest_after_every_apply(api: Api) -> None:
    name = unique("alice")
    plain = {"name": name, "email": f"{name}@example.com"}
    full = {
        "name": f" {name} Liddell ", "email": f"{name.upper()}@example.com", "role": "limited_user", "color": "green",
        "job_title": "Paid to be awake", "description": "On nights", "time_zone": "Europe/Berlin",
    }  # fmt: skip
    round_trip(api, people.USERS, plain | {"job_title": "None yet"}, full)
    round_trip(api, people.USERS, full | {"email": f"{name}2@example.com", "role": "read_only_user"})


@needs(people.LICENSED_USERS)
def test_a_user_has_a_licence_to_read(api: Api) -> None:
    name = unique("lea")
    round_trip(api, people.LICENSED_USERS, {"name": name, "email": f"{name}@example.com"})


def test_a_user_who_is_there_already_is_told_in_the_words_that_the_provider_knows(api: Api) -> None:
    name = unique("twice")
    config = {"name": name, "email": f"{name}@example.com"}
    made = applied(api, people.USERS, config)
    again = people.duplicate(api, people.USERS, planned(people.USERS, config))
    assert again == ["Email has already been taken"]
    users = api.call("GET", f"/users?query={name}%40example.com", into={"users": [people.USER]})["users"]
    assert [(one["id"], one["name"], one["role"]) for one in users] == [(made.id, name, "user")]
    made.destroy()


@pytest.mark.parametrize(
    "config",
    [
        {"type": "sms_contact_method", "country_code": 49, "address": "1701234567", "label": "Mobile"},
        {"type": "phone_contact_method", "country_code": 1, "address": "2025550199", "label": "Desk"},
        {"type": "phone_contact_method", "address": "2025550177", "label": "No country"},
        {"type": "email_contact_method", "address": "second@example.com", "label": "Other", "send_short_email": True},
        {"type": "push_notification_contact_method", "address": "token", "label": "Phone", "device_type": "ios"},
    ],
    ids=lambda config: f"{config['type']}-{config['label']}",
)
def test_contact_methods_come_to_rest(api: Api, config: dict[str, Any]) -> None:
    own = {"user_id": user(api), **config}
    changed = own | {"label": "Changed"}
    round_trip(api, people.CONTACT_METHODS, own, changed)


def test_a_contact_method_or_rule_that_is_there_already_is_told_in_known_words(api: Api) -> None:
    owner = user(api)
    method = {"user_id": owner, "type": "sms_contact_method", "address": "2025550188", "label": "Mobile"}
    sms = applied(api, people.CONTACT_METHODS, method)
    again = people.duplicate(api, people.CONTACT_METHODS, planned(people.CONTACT_METHODS, method))
    assert again == ["User Contact method must be unique"]
    target = {"id": sms.id, "type": "sms_contact_method"}
    rule = {"user_id": owner, "start_delay_in_minutes": 0, "urgency": "high", "contact_method": target}
    applied(api, people.NOTIFICATION_RULES, rule)
    again = people.duplicate(api, people.NOTIFICATION_RULES, planned(people.NOTIFICATION_RULES, rule))
    assert again == ["Channel Start delay must be unique for a given contact method"]


def test_notification_rules_come_to_rest_and_name_their_method_without_reference(api: Api) -> None:
    owner = user(api)
    method = {"user_id": owner, "type": "sms_contact_method", "address": "2025550166", "label": "Mobile"}
    sms = applied(api, people.CONTACT_METHODS, method)
    target = {"id": sms.id, "type": "sms_contact_method"}
    rule = {"user_id": owner, "start_delay_in_minutes": 0, "urgency": "high", "contact_method": target}
    round_trip(api, people.NOTIFICATION_RULES, rule, rule | {"start_delay_in_minutes": 5}, rule | {"urgency": "low"})


def test_teams_come_to_rest_though_their_bodies_have_no_wrapper(api: Api) -> None:
    parent, name = team(api), unique("team")
    child = {"name": name, "parent": parent, "description": "Below", "default_role": "none"}
    round_trip(api, people.TEAMS, {"name": unique("plain")}, {"name": name, "description": "Changed"})
    round_trip(api, people.TEAMS, child, {"name": unique("team"), "parent": team(api)})


def test_memberships_come_to_rest_in_every_role(api: Api) -> None:
    config = {"user_id": user(api), "team_id": team(api)}
    roles = [config, config | {"role": "responder"}, config | {"role": "observer"}]
    round_trip(api, people.TEAM_MEMBERSHIPS, *roles)


def test_a_member_whom_a_policy_needs_stays_in_the_words_that_the_provider_looks_for(api: Api) -> None:
    config = {"user_id": user(api), "team_id": team(api)}
    made = applied(api, people.TEAM_MEMBERSHIPS, config)
    target = {"id": config["user_id"], "type": "user_reference"}
    policy = {
        "name": unique("policy"), "teams": [{"id": config["team_id"], "type": "team_reference"}],
        "escalation_rules": [{"escalation_delay_in_minutes": 30, "targets": [target]}],
    }  # fmt: skip
    api.call("POST", "/escalation_policies", {"escalation_policy": policy})
    with pytest.raises(Refused, match="User cannot be removed as they belong to an escalation policy on this team"):
        made.destroy()


def test_the_provider_starts_with_the_list_of_abilities(api: Api) -> None:
    assert "teams" in api.call("GET", "/abilities", into={"abilities": [str]})["abilities"]
