"""`include[]`: references of an answer replaced by the things themselves (HOUSE rule 8).

One load for each type and each answer, however many rows: N+1 cannot be written. Unknown names are ignored, and a
reference whose type nobody can load stays a reference.
"""

from collections.abc import Iterator
from typing import Any

from tocsin.rest.call import Call
from tocsin.rest.objects import Ref, Thing
from tocsin.rest.paging import Page

Spot = tuple[Any, Any]  # (dict or list, key or index) where a reference stands


def expand(call: Call, answer: Any) -> None:
    """Expand in place what the call's `include[]` asks for."""
    wanted = [path for name, path in call.operation.includes.items() if path and call.wants(name)]
    for path in wanted:
        _fill(call, list(_spots(_root(answer), "items", ["items", *path.split(".")][1:])))


def _root(answer: Any) -> dict[str, Any]:
    return {"items": list(answer.items) if isinstance(answer, Page) else [answer]}


def _spots(holder: Any, key: Any, path: list[str]) -> Iterator[Spot]:
    value = holder[key]
    if isinstance(value, list):
        for index in range(len(value)):
            yield from _spots(value, index, path)
    elif isinstance(value, Ref) and not path:
        yield holder, key
    elif isinstance(value, (Thing, dict)) and path:
        members = value.fields if isinstance(value, Thing) else value
        if path[0] in members:
            yield from _spots(members, path[0], path[1:])


def _fill(call: Call, spots: list[Spot]) -> None:
    by_loader: dict[Any, list[Spot]] = {}
    for holder, key in spots:
        loader = call.ports.loaders.get(holder[key].type)
        if loader:
            by_loader.setdefault(loader, []).append((holder, key))
    for loader, places in by_loader.items():
        found = loader(call, list({holder[key].id: None for holder, key in places}))
        for holder, key in places:
            holder[key] = found.get(holder[key].id, holder[key])
