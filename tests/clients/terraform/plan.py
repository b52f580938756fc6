"""Terraform's cycle, as its core drives the provider: plan, apply, refresh, plan again, import, destroy.

1. What is planned: the configured value; else the present one where the server decides (`computed`); else the default.
2. After every apply the refreshed state is compared with the configuration, attribute by attribute: one difference is
   a plan that never comes to rest.
3. In the provider's older half (`framework=False`) a missing value and an empty one are the same.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.clients.terraform.api import Api

Config = Mapping[str, Any]
State = dict[str, Any]
_EMPTY = (None, "", 0, False, [], {})


def equal(wanted: Any, present: Any) -> bool:
    """The same value and the same type."""
    return type(wanted) is type(present) and bool(wanted == present)


@dataclass(frozen=True)
class Attribute:
    """One attribute of a resource: its default, whether the server may decide, and when two values are the same."""

    default: Any = None
    computed: bool = False
    same: Callable[[Any, Any], bool] = equal


@dataclass(frozen=True)
class Resource:
    """A resource: which operations it needs, its attributes, and what the provider does for each verb.

    `create(api, planned) -> id`; `read(api, id, planned) -> state | None`; `update(api, id, planned, present)`;
    `delete(api, id, present)`. `imported(id, present)` is what an import knows before it reads.
    """

    name: str
    operations: tuple[str, ...]
    schema: Mapping[str, Attribute]
    create: Callable[[Api, State], str]
    read: Callable[[Api, str, State], State | None]
    update: Callable[[Api, str, State, State], None] | None
    delete: Callable[[Api, str, State], None] | None
    framework: bool = False
    imported: Sequence[str] = field(default=())


def planned(resource: Resource, config: Config, present: State | None = None) -> State:
    """What the provider is told to make."""
    unknown = set(config) - set(resource.schema)
    assert not unknown, f"{resource.name} has no {unknown}"

    def value(name: str, attribute: Attribute) -> Any:
        if name in config:
            return config[name]
        return (present or {}).get(name) if attribute.computed else attribute.default

    return {name: value(name, attribute) for name, attribute in resource.schema.items()}


def diff(resource: Resource, config: Config, state: State) -> list[str]:
    """What the next plan would change, though nothing was changed."""
    found = []
    for name, attribute in resource.schema.items():
        if name not in config and attribute.computed:
            continue
        wanted, present = config.get(name, attribute.default), state.get(name)
        empty = not resource.framework and wanted in _EMPTY and present in _EMPTY
        if not empty and not attribute.same(wanted, present):
            found.append(f"{resource.name}.{name}: {present!r} -> {wanted!r}")
    return found


@dataclass
class Managed:
    """A thing under Terraform's care."""

    api: Api
    resource: Resource
    id: str
    state: State

    def apply(self, config: Config) -> "Managed":
        """`terraform apply` with another configuration, and a plan that must be empty."""
        assert self.resource.update is not None, f"{self.resource.name} is replaced, not changed"
        self.resource.update(self.api, self.id, planned(self.resource, config, self.state), self.state)
        self.state = self.refreshed(config)
        return self

    def refreshed(self, config: Config) -> State:
        """The state after a refresh; it must ask for no change, and must not change by itself."""
        state = self.resource.read(self.api, self.id, planned(self.resource, config, self.state))
        assert state is not None, f"{self.resource.name} {self.id} is gone"
        assert diff(self.resource, config, state) == []
        assert self.resource.read(self.api, self.id, planned(self.resource, config, state)) == state
        return state

    def reimported(self, config: Config) -> None:
        """`terraform import`, then a plan that must be empty."""
        known = {name: self.state[name] for name in self.resource.imported}
        state = self.resource.read(self.api, self.id, dict.fromkeys(self.resource.schema) | known)
        assert state is not None
        assert diff(self.resource, config, state) == []

    def destroy(self) -> None:
        """`terraform destroy`, after which a refresh finds nothing."""
        if self.resource.delete is None:
            return
        self.resource.delete(self.api, self.id, self.state)
        assert self.resource.read(self.api, self.id, self.state) is None


def applied(api: Api, resource: Resource, config: Config) -> Managed:
    """`terraform apply` of something new, and a plan that must be empty."""
    first = planned(resource, config)
    made = Managed(api, resource, resource.create(api, first), first)
    made.state = made.refreshed(config)
    return made


def round_trip(api: Api, resource: Resource, *configs: Config) -> None:
    """Create with the first configuration, change to each of the others and back, import, destroy."""
    made = applied(api, resource, configs[0])
    for config in [*configs[1:], configs[0]] if len(configs) > 1 else []:
        made.apply(config)
    made.reimported(configs[0])
    made.destroy()


def same_time(wanted: Any, present: Any) -> bool:
    """RFC 3339 with any offset; the same instant is no difference."""
    return instant(wanted) == instant(present)


def started(wanted: Any, present: Any) -> bool:
    """A layer's start: two moments that are both over are no difference."""
    now = datetime.now(UTC)
    return same_time(wanted, present) or (instant(wanted) < now and instant(present) < now)


def instant(text: str) -> datetime:
    """An RFC 3339 time, as strict as Go: with seconds and an offset."""
    at = datetime.fromisoformat(text)
    exact = at.tzinfo is not None and "T" in text and len(text) >= 20
    assert exact, f"{text!r} is not RFC 3339"
    return at


def same_set(wanted: Any, present: Any) -> bool:
    """A set of ids."""
    return sorted(wanted or []) == sorted(present or [])


def blocks(same: Mapping[str, Callable[[Any, Any], bool]] | None = None, *computed: str) -> Callable[[Any, Any], bool]:
    """A list of blocks: those of `computed` that the configuration leaves out are the server's."""
    comparing = same or {}

    def compare(wanted: Any, present: Any) -> bool:
        wanted, present = wanted or [], present or []
        return len(wanted) == len(present) and all(map(one, wanted, present))

    def one(wanted: Mapping[str, Any], present: Mapping[str, Any]) -> bool:
        names = (set(wanted) | set(present)) - (set(computed) - set(wanted))
        return all(alike(name, wanted.get(name), present.get(name)) for name in names)

    def alike(name: str, wanted: Any, present: Any) -> bool:
        if wanted in _EMPTY and present in _EMPTY:
            return True
        return comparing.get(name, equal)(wanted, present) if present not in _EMPTY else False

    return compare
