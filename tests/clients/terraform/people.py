"""The provider's users, contact methods, notification rules, teams and memberships."""

from typing import Any

import pytest

from tests.clients.terraform.api import NEW, Api, Refused
from tests.clients.terraform.go import PAGE, POINTED, REFERENCE, Pointer, omitempty
from tests.clients.terraform.plan import Attribute, Resource, State

MANAGED = Attribute("Managed by Terraform")
COMPUTED = Attribute(computed=True)
USER = {
    "avatar_url": str, "color": str, "description": str, "email": str, "html_url": str, "id": str,
    "invitation_sent": bool, "job_title": str, "name": str, "role": str, "self": str, "summary": str, "time_zone": str,
    "type": str, "notification_rules": [{"contact_method": POINTED, "id": str, "start_delay_in_minutes": int}],
    "teams": [REFERENCE], "contact_methods": [REFERENCE],
}  # fmt: skip
METHOD = {
    "id": str, "type": str, "summary": str, "self": str, "html_url": str, "label": str, "address": str,
    "send_short_email": bool, "send_html_email": bool, "blacklisted": bool, "country_code": int, "enabled": bool,
    "device_type": str, "created_at": str,
}  # fmt: skip
RULE = {
    "id": str, "start_delay_in_minutes": int, "created_at": str, "contact_method": METHOD, "urgency": str, "type": str,
}  # fmt: skip
TEAM = REFERENCE | {"name": str, "description": str, "parent": Pointer(REFERENCE), "default_role": str}
LICENSE = {"id": str, "type": str, "name": str, "description": str, "valid_roles": [str], "role_group": str}


def _user_body(planned: State) -> dict[str, Any]:
    given = {name: planned[name] for name in ("email", "color", "time_zone", "role", "job_title", "description")}
    return {"user": omitempty(name=planned["name"].strip(), **given)}


def _create_user(api: Api, planned: State) -> str:
    """A new user is written twice: by POST, then the same by PUT."""
    id = api.call("POST", "/users", _user_body(planned), {"user": USER})["user"]["id"]
    _update_user(api, id, planned, {})
    return str(id)


def _read_user(api: Api, id: str, planned: State) -> State | None:
    got = api.found(f"/users/{id}", {"user": USER})
    if got is None:
        return None
    user = got["user"]
    names = (
        "name", "email", "time_zone", "html_url", "color", "role", "avatar_url", "description", "job_title",
        "invitation_sent",
    )  # fmt: skip
    return {name: user[name] for name in names} | {"teams": [team["id"] for team in user["teams"]]}


def _update_user(api: Api, id: str, planned: State, present: State) -> None:
    api.call("PUT", f"/users/{id}", _user_body(planned), {"user": USER})


def _same_name(wanted: str, present: str) -> bool:
    return wanted.strip() == present


def _same_letters(wanted: str, present: str) -> bool:
    return wanted.lower() == present.lower()


USERS = Resource(
    "pagerduty_user",
    ("POST /users", "GET /users/{id}", "PUT /users/{id}", "DELETE /users/{id}"),
    {
        "name": Attribute(same=_same_name), "email": Attribute(same=_same_letters), "color": COMPUTED,
        "role": Attribute("user"), "job_title": Attribute(), "description": MANAGED, "avatar_url": COMPUTED,
        "teams": COMPUTED, "time_zone": COMPUTED, "html_url": COMPUTED, "invitation_sent": COMPUTED,
    },
    _create_user, _read_user, _update_user, lambda api, id, _: api.call("DELETE", f"/users/{id}"),
)  # fmt: skip


def _read_licensed(api: Api, id: str, planned: State) -> State | None:
    """Newer versions also ask which licence the user has; a licence answers as an object (clients.md)."""
    state = _read_user(api, id, planned)
    if state is None:
        return None
    license = api.call("GET", f"/users/{id}/license", into={"license": Pointer(LICENSE)})["license"]
    assert license["id"], "a user's licence has no id"
    return state | {"license": license["id"]}


LICENSED_USERS = Resource(
    "pagerduty_user (with licence)",
    (*USERS.operations, "GET /users/{id}/license"),
    {**USERS.schema, "license": COMPUTED},
    USERS.create, _read_licensed, USERS.update, USERS.delete,
)  # fmt: skip


def _method_body(planned: State) -> dict[str, Any]:
    """The newer client sends its read-only members along, empty."""
    empty = {"id": "", "summary": "", "self": "", "html_url": ""}
    own = {"type": planned["type"], "label": planned["label"], "address": planned["address"]}
    sometimes = ("send_short_email", "enabled", "country_code", "device_type")
    return {"contact_method": {**empty, **own, **omitempty(**{name: planned[name] for name in sometimes})}}


def _methods(planned: State) -> str:
    return f"/users/{planned['user_id']}/contact_methods"


def _create_method(api: Api, planned: State) -> str:
    got = api.call("POST", _methods(planned), _method_body(planned), {"contact_method": METHOD}, NEW)
    return str(got["contact_method"]["id"])


def _read_method(api: Api, id: str, planned: State) -> State | None:
    got = api.found(f"{_methods(planned)}/{id}", {"contact_method": METHOD}, agent=NEW)
    if got is None:
        return None
    names = ("address", "blacklisted", "country_code", "enabled", "label", "send_short_email", "type", "device_type")
    return {name: got["contact_method"][name] for name in names} | {"user_id": planned["user_id"]}


def _update_method(api: Api, id: str, planned: State, present: State) -> None:
    api.call("PUT", f"{_methods(planned)}/{id}", _method_body(planned), {"contact_method": METHOD}, NEW)


CONTACT_METHODS = Resource(
    "pagerduty_user_contact_method",
    tuple(f"{verb} /users/{{id}}/contact_methods/{{contact_method_id}}" for verb in ("GET", "PUT", "DELETE")),
    {
        "user_id": Attribute(), "type": Attribute(), "send_short_email": Attribute(False), "country_code": COMPUTED,
        "enabled": COMPUTED, "blacklisted": COMPUTED, "label": Attribute(), "address": Attribute(),
        "device_type": Attribute(),
    },
    _create_method, _read_method, _update_method,
    lambda api, id, present: api.call("DELETE", f"{_methods(present)}/{id}", agent=NEW), imported=("user_id",),
)  # fmt: skip


def _rule_body(planned: State, id: str = "") -> dict[str, Any]:
    target = {"summary": "", "self": "", "label": "", "address": "", "html_url": "", **planned["contact_method"]}
    own = {name: planned[name] for name in ("start_delay_in_minutes", "urgency")}
    rule = {"id": id, "created_at": "", "type": "assignment_notification_rule", "contact_method": target, **own}
    return {"notification_rule": rule}


def _rules(planned: State) -> str:
    return f"/users/{planned['user_id']}/notification_rules"


def _create_rule(api: Api, planned: State) -> str:
    got = api.call("POST", _rules(planned), _rule_body(planned), {"notification_rule": RULE}, NEW)
    return str(got["notification_rule"]["id"])


def _read_rule(api: Api, id: str, planned: State) -> State | None:
    got = api.found(f"{_rules(planned)}/{id}", {"notification_rule": RULE}, agent=NEW)
    if got is None:
        return None
    rule = got["notification_rule"]
    target = {name: rule["contact_method"][name] for name in ("id", "type")}
    own = {name: rule[name] for name in ("start_delay_in_minutes", "urgency")}
    return {"user_id": planned["user_id"], "contact_method": target, **own}


def _update_rule(api: Api, id: str, planned: State, present: State) -> None:
    api.call("PUT", f"{_rules(planned)}/{id}", _rule_body(planned, id), {"notification_rule": RULE}, NEW)


NOTIFICATION_RULES = Resource(
    "pagerduty_user_notification_rule",
    tuple(f"{verb} /users/{{id}}/notification_rules/{{notification_rule_id}}" for verb in ("GET", "PUT", "DELETE")),
    {name: Attribute() for name in ("user_id", "start_delay_in_minutes", "urgency", "contact_method")},
    _create_rule, _read_rule, _update_rule,
    lambda api, id, present: api.call("DELETE", f"{_rules(present)}/{id}", agent=NEW),
    framework=True, imported=("user_id",),
)  # fmt: skip


def _team_body(planned: State, id: str = "") -> dict[str, Any]:
    """A team goes without its wrapper."""
    parent = {"id": planned["parent"], "type": "team_reference"} if planned["parent"] else None
    own = {name: planned[name] for name in ("name", "description", "default_role")}
    return omitempty(id=id, parent=parent, **own)


def _read_team(api: Api, id: str, planned: State) -> State | None:
    got = api.found(f"/teams/{id}", {"team": TEAM}, agent=NEW)
    if got is None:
        return None
    team = got["team"]
    parent = team["parent"]["id"] if team["parent"] else planned["parent"]
    return {name: team[name] for name in ("name", "description", "html_url", "default_role")} | {"parent": parent}


TEAMS = Resource(
    "pagerduty_team",
    ("POST /teams", "GET /teams/{id}", "PUT /teams/{id}", "DELETE /teams/{id}"),
    {
        "name": Attribute(), "description": MANAGED, "default_role": COMPUTED, "html_url": COMPUTED,
        "parent": Attribute(),
    },
    lambda api, planned: str(api.call("POST", "/teams", _team_body(planned), {"team": TEAM}, NEW)["team"]["id"]),
    _read_team,
    lambda api, id, planned, _: api.call("PUT", f"/teams/{id}", _team_body(planned, id), {"team": TEAM}, NEW),
    lambda api, id, _: api.call("DELETE", f"/teams/{id}", agent=NEW),
    framework=True,
)  # fmt: skip


def _put_member(api: Api, planned: State) -> str:
    path = f"/teams/{planned['team_id']}/users/{planned['user_id']}"
    api.call("PUT", path, omitempty(role=planned["role"]), agent=NEW)
    return f"{planned['user_id']}:{planned['team_id']}"


def _members(api: Api, team: str) -> list[dict[str, Any]]:
    """Every page, by the limit that the answer names."""
    members: list[dict[str, Any]] = []
    offset, more = 0, True
    while more:
        query = f"limit=100&offset={offset}" if offset else "limit=100"
        page = api.call(
            "GET", f"/teams/{team}/members?{query}", None, PAGE | {"members": [{"user": REFERENCE, "role": str}]}, NEW
        )
        members += page["members"]
        more, offset = page["more"], offset + page["limit"]
        assert page["limit"] > 0, "without a limit the provider asks for the same page for ever"
    return members


def _read_member(api: Api, id: str, planned: State) -> State | None:
    user, team = id.split(":")
    for member in _members(api, team):
        if member["user"]["id"] == user:
            return {"user_id": user, "team_id": team, "role": member["role"]}
    return None


def _drop_member(api: Api, id: str, present: State) -> None:
    user, team = id.split(":")
    api.call("DELETE", f"/teams/{team}/users/{user}", agent=NEW)


TEAM_MEMBERSHIPS = Resource(
    "pagerduty_team_membership",
    ("PUT /teams/{id}/users/{user_id}", "GET /teams/{id}/members", "DELETE /teams/{id}/users/{user_id}"),
    {"user_id": Attribute(), "team_id": Attribute(), "role": Attribute("manager")},
    _put_member, _read_member, lambda api, id, planned, _: _put_member(api, planned) and None, _drop_member,
    framework=True,
)  # fmt: skip


def duplicate(api: Api, resource: Resource, planned: State) -> Any:
    """The whole list of errors when the same is created again: the provider compares it as a text."""
    with pytest.raises(Refused) as refused:
        resource.create(api, planned)
    assert refused.value.status == 400
    return refused.value.error["errors"]
