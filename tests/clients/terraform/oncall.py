"""The provider's schedules and escalation policies."""

from datetime import UTC, datetime
from typing import Any

from tests.clients.terraform.api import Api
from tests.clients.terraform.go import REFERENCE, Pointer, omitempty
from tests.clients.terraform.people import MANAGED
from tests.clients.terraform.plan import Attribute, Resource, State, blocks, instant, same_time, started

ENTRY = {"start": str, "end": str, "user": Pointer(REFERENCE)}
DRAWN = {"name": str, "rendered_coverage_percentage": float, "rendered_schedule_entries": [ENTRY]}
RESTRICTION = {"duration_seconds": int, "start_day_of_week": int, "start_time_of_day": str, "type": str}
LAYER = {
    "id": str, "name": str, "start": str, "end": Pointer(str), "rotation_virtual_start": str,
    "rotation_turn_length_seconds": int, "users": [{"user": Pointer(REFERENCE)}], "restrictions": [RESTRICTION],
    "rendered_coverage_percentage": float, "rendered_schedule_entries": [ENTRY],
}  # fmt: skip
SCHEDULE = REFERENCE | {
    "name": str, "time_zone": str, "description": str, "escalation_policies": [REFERENCE], "users": [REFERENCE],
    "teams": [REFERENCE], "schedule_layers": [LAYER], "final_schedule": Pointer(DRAWN),
    "overrides_subschedule": Pointer(DRAWN),
}  # fmt: skip
STRATEGY = Pointer({"type": str})
RULE = {
    "id": str, "escalation_delay_in_minutes": int, "escalation_rule_assignment_strategy": STRATEGY,
    "targets": [REFERENCE],
}  # fmt: skip
POLICY = REFERENCE | {
    "name": str, "description": str, "num_loops": Pointer(int), "repeat_enabled": bool, "services": [REFERENCE],
    "teams": [REFERENCE], "escalation_rules": [RULE],
}  # fmt: skip


def go_string(text: str) -> str:
    """An RFC 3339 time as Go's `Time.String` prints it in UTC."""
    return instant(text).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S +0000 UTC")


def _layer(layer: State) -> dict[str, Any]:
    """`end` is always there; the start goes as it is configured, the start of the rotation in Go's form."""
    users = [{"user": {"id": id, "type": "user"}} for id in layer["users"]]
    restrictions = [omitempty(**one) for one in layer.get("restriction") or []]
    return {"end": layer.get("end") or None} | omitempty(
        id=layer.get("id"), name=layer.get("name"), start=layer["start"],
        rotation_virtual_start=go_string(layer["rotation_virtual_start"]),
        rotation_turn_length_seconds=layer["rotation_turn_length_seconds"], users=users, restrictions=restrictions,
    )  # fmt: skip


def _schedule_body(planned: State) -> dict[str, Any]:
    teams = [{"id": id, "type": "team_reference"} for id in planned["teams"] or []]
    own = omitempty(name=planned["name"], time_zone=planned["time_zone"], description=planned["description"])
    return own | {"schedule_layers": [_layer(one) for one in planned["layer"]], "teams": teams or None}


def _overflow(planned: State) -> str:
    return "?overflow=true" if planned["overflow"] else ""


def _create_schedule(api: Api, planned: State) -> str:
    body = {"schedule": _schedule_body(planned)}
    got = api.call("POST", f"/schedules{_overflow(planned)}", body, {"schedule": SCHEDULE})
    return str(got["schedule"]["id"])


def _read_layer(layer: dict[str, Any]) -> State:
    restrictions = []
    for one in layer["restrictions"]:
        told = {name: one[name] for name in ("duration_seconds", "start_time_of_day", "type")}
        restrictions.append(told | omitempty(start_day_of_week=one["start_day_of_week"]))
    names = ("id", "name", "start", "rotation_virtual_start", "rotation_turn_length_seconds")
    users = [one["user"]["id"] for one in layer["users"]]
    return {name: layer[name] for name in names} | {
        "end": layer["end"] or "", "users": users, "restriction": restrictions,
        "rendered_coverage_percentage": f"{layer['rendered_coverage_percentage']:.0f}",
    }  # fmt: skip


def _read_schedule(api: Api, id: str, planned: State) -> State | None:
    """Layers come back reversed (core:S7), those that have ended are left out; a missing final schedule is a crash."""
    got = api.found(f"/schedules/{id}", {"schedule": SCHEDULE})
    if got is None:
        return None
    schedule, now = got["schedule"], datetime.now(UTC)
    assert schedule["final_schedule"] is not None, "the provider reads final_schedule without asking whether it is nil"
    present = [one for one in schedule["schedule_layers"] if not (one["end"] and instant(one["end"]) < now)]
    names = ("name", "time_zone", "description")
    return {name: schedule[name] for name in names} | {
        "layer": [_read_layer(one) for one in present][::-1], "teams": [team["id"] for team in schedule["teams"]],
        "final_schedule": schedule["final_schedule"]["name"], "overflow": planned["overflow"],
    }  # fmt: skip


def _update_schedule(api: Api, id: str, planned: State, present: State) -> None:
    """A layer keeps the id of its place in the list; those without a place are sent along, ended now."""
    known = present["layer"]
    layers = [
        {"id": known[n]["id"], "name": known[n]["name"], **layer} if n < len(known) else layer
        for n, layer in enumerate(planned["layer"])
    ]
    body = _schedule_body(planned | {"layer": layers})
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S +0000 UTC")
    body["schedule_layers"] += [_layer(one) | {"end": now} for one in known[len(layers) :]]
    api.call("PUT", f"/schedules/{id}{_overflow(planned)}", {"schedule": body}, {"schedule": SCHEDULE})


def _delete_schedule(api: Api, id: str, present: State) -> None:
    api.call("GET", f"/schedules/{id}", into={"schedule": SCHEDULE})
    api.call("DELETE", f"/schedules/{id}")


_LAYERS = blocks(
    {
        "start": started, "end": same_time, "rotation_virtual_start": same_time,
        "restriction": blocks(), "users": lambda wanted, present: list(wanted) == list(present),
    },
    "id", "name", "rendered_coverage_percentage",
)  # fmt: skip
SCHEDULES = Resource(
    "pagerduty_schedule",
    ("POST /schedules", "GET /schedules/{id}", "PUT /schedules/{id}", "DELETE /schedules/{id}"),
    {
        "name": Attribute(), "time_zone": Attribute(), "description": MANAGED, "overflow": Attribute(),
        "layer": Attribute(same=_LAYERS), "teams": Attribute(), "final_schedule": Attribute(computed=True),
    },
    _create_schedule, _read_schedule, _update_schedule, _delete_schedule,
)  # fmt: skip


def _policy_rule(rule: State) -> dict[str, Any]:
    """A rule goes without its id, its strategy as an object."""
    strategy = rule.get("escalation_rule_assignment_strategy")
    sent = {"escalation_delay_in_minutes": rule["escalation_delay_in_minutes"], "targets": rule["target"]}
    return sent | ({"escalation_rule_assignment_strategy": {"type": strategy}} if strategy else {})


def _policy_body(planned: State) -> dict[str, Any]:
    teams = [{"id": id, "type": "team_reference"} for id in planned["teams"] or []]
    own = omitempty(name=planned["name"], description=planned["description"])
    rules = [_policy_rule(rule) for rule in planned["rule"]]
    policy = {"escalation_rules": rules, "num_loops": planned["num_loops"] or 0, "teams": teams or None}
    return {"escalation_policy": own | policy}


def _read_policy(api: Api, id: str, planned: State) -> State | None:
    path = f"/escalation_policies/{id}?include%5B%5D=escalation_rule_assignment_strategies"
    got = api.found(path, {"escalation_policy": POLICY})
    if got is None:
        return None
    policy = got["escalation_policy"]
    rules = [
        {
            "id": rule["id"], "escalation_delay_in_minutes": rule["escalation_delay_in_minutes"],
            "escalation_rule_assignment_strategy": (rule["escalation_rule_assignment_strategy"] or {}).get("type"),
            "target": _in_order([{"id": one["id"], "type": one["type"]} for one in rule["targets"]], n, planned),
        }
        for n, rule in enumerate(policy["escalation_rules"])
    ]  # fmt: skip
    names = ("name", "description", "num_loops")
    teams = [team["id"] for team in policy["teams"]]
    return {name: policy[name] for name in names} | {"teams": teams, "rule": rules}


def _in_order(targets: list[State], n: int, planned: State) -> list[State]:
    """Targets in the order of the plan, as the provider sorts them."""
    rules = planned["rule"] or []
    wanted = [one["id"] for one in rules[n]["target"]] if n < len(rules) else []
    return sorted(targets, key=lambda one: wanted.index(one["id"]) if one["id"] in wanted else len(wanted))


def _update_policy(api: Api, id: str, planned: State, present: State) -> None:
    """What the configuration leaves to the server goes back as it is, rule by rule."""
    name = "escalation_rule_assignment_strategy"
    known = present["rule"]
    rules = [{name: known[n][name], **rule} if n < len(known) else rule for n, rule in enumerate(planned["rule"])]
    body = _policy_body(planned | {"rule": rules})
    api.call("PUT", f"/escalation_policies/{id}", body, {"escalation_policy": POLICY})


def _create_policy(api: Api, planned: State) -> str:
    got = api.call("POST", "/escalation_policies", _policy_body(planned), {"escalation_policy": POLICY})
    return str(got["escalation_policy"]["id"])


POLICIES = Resource(
    "pagerduty_escalation_policy",
    tuple(f"{verb} /escalation_policies/{{id}}" for verb in ("GET", "PUT", "DELETE")),
    {
        "name": Attribute(), "description": MANAGED, "num_loops": Attribute(0), "teams": Attribute(),
        "rule": Attribute(same=blocks({"target": blocks()}, "id", "escalation_rule_assignment_strategy")),
    },
    _create_policy, _read_policy, _update_policy, lambda api, id, _: api.call("DELETE", f"/escalation_policies/{id}"),
)  # fmt: skip
