"""The two shapes of every answer: a thing in full and a reference to one (core:K7).

1. `self` starts with the address that the client used; `html_url` has the form of the setting `html_url`.
2. `wire.py` builds `Thing`s and `Ref`s without knowing addresses; `render` turns them into plain JSON data.
3. A deleted thing stays visible as a reference without addresses.
4. The path of a type is the plural of its name; anything else says its own `path`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import Enum
from functools import cache
from typing import Any

from tocsin.rest import times


@cache
def plural(name: str) -> str:
    """The collection's name of a type: user -> users, escalation_policy -> escalation_policies."""
    return name[:-1] + "ies" if name.endswith("y") else name + "s"


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference. `path` is below the API's root; without `page` only types with a path of their own have one.

    `bare` leaves out the `_reference` of the type, where the wire does.
    """

    type: str
    id: str
    summary: str | None = None
    path: str | None = None
    page: str | None = None
    gone: bool = False
    bare: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Thing:
    """An object in full: the five common members and its own `fields` (JSON data, `Ref`s, `Thing`s, datetimes)."""

    type: str
    id: str
    summary: str | None
    fields: dict[str, Any]
    path: str | None = None
    page: str | None = None

    def ref(self) -> Ref:
        """A reference to it."""
        return Ref(self.type, self.id, self.summary, self.path, self.page)


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses: `base` for `self`; `page` a form with `{path}` for `html_url`."""

    base: str
    page: str

    def of(self, thing: Ref | Thing) -> dict[str, str | None]:
        """`self` and `html_url` of a thing."""
        if isinstance(thing, Ref) and thing.gone:
            return {"self": None, "html_url": None}
        path = thing.path or f"/{plural(thing.type)}/{thing.id}"
        page = thing.page or (None if thing.path else path)
        return {"self": self.base + path, "html_url": page and self.page.replace("{path}", page.lstrip("/"))}


_PLAIN = frozenset({str, int, float, bool, type(None)})


def render(value: Any, links: Links, zone: tzinfo | None = None) -> Any:
    """`value` as plain JSON data."""
    return _Rendering(links, zone).of(value)


class _Rendering:
    """One answer in the making; a thing that stands in it a hundred times is rendered once."""

    __slots__ = ("_done", "_links", "_zone")

    def __init__(self, links: Links, zone: tzinfo | None):
        self._links, self._zone = links, zone
        self._done: dict[int, Any] = {}

    def of(self, value: Any) -> Any:
        """The JSON data of a value; by exact types first, because most of them are plain."""
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind is Ref:
            return self._ref(value)
        if kind is dict:
            return {name: part if type(part) in _PLAIN else self.of(part) for name, part in value.items()}
        if kind is list or kind is tuple:
            return [self.of(part) for part in value]
        return self._thing(value) if kind is Thing else self._other(value)

    def _thing(self, thing: Thing) -> Any:
        if (done := self._done.get(id(thing))) is None:
            own = {"id": thing.id, "type": thing.type, "summary": thing.summary, **self._links.of(thing)}
            done = self._done[id(thing)] = own | self.of(thing.fields)
        return done

    def _ref(self, ref: Ref) -> Any:
        kind = ref.type if ref.bare else ref.type + "_reference"
        own = {"id": ref.id, "type": kind, "summary": ref.summary, **self._links.of(ref)}
        return own | self.of(dict(ref.extra)) if ref.extra else own

    def _other(self, value: Any) -> Any:
        if isinstance(value, datetime):
            return times.text(value, self._zone)
        if isinstance(value, Mapping):
            return self.of(dict(value))
        if isinstance(value, (list, tuple)):
            return self.of(list(value))
        return value.value if isinstance(value, Enum) else value
