"""From method and path to an operation. Literal segments win over parameters (`/users/me` over `/users/{id}`)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tocsin.core.errors import Conflict, NotFound


@dataclass(slots=True)
class _Node:
    below: dict[str, "_Node"] = field(default_factory=dict)
    methods: dict[str, tuple[tuple[str, ...], Any]] = field(default_factory=dict)


class Routes:
    """All paths as a tree of their segments."""

    def __init__(self, rows: Iterable[tuple[str, str, Any]]):
        """Rows of (method, path, what to find); a later row of the same method and path is refused."""
        self._root = _Node()
        for method, path, found in rows:
            self._add(method, path, found)

    def _add(self, method: str, path: str, found: Any) -> None:
        node, names = self._root, []
        for segment in path.strip("/").split("/"):
            if segment.startswith("{"):
                names.append(segment.strip("{}"))
            node = node.below.setdefault("{}" if segment.startswith("{") else segment, _Node())
        if method in node.methods:
            raise ValueError(f"{method} {path} stands in the table twice")
        node.methods[method] = (tuple(names), found)

    def find(self, method: str, path: str) -> tuple[Any, dict[str, str]]:
        """What stands there and the path's parameters; `NotFound`, or 405 that names the methods there are."""
        segments = path.removeprefix("/").split("/")
        others: set[str] = set()
        for node, given in _walk(self._root, segments, ()):
            if method in node.methods:
                names, found = node.methods[method]
                return found, dict(zip(names, given, strict=True))
            others |= node.methods.keys()
        if others:
            said = f"{method} is not possible here; there are {', '.join(sorted(others))}"
            raise Conflict(said, status=405, code=2015, message="Method Not Allowed")
        raise NotFound()


def _walk(node: _Node, segments: list[str], given: tuple[str, ...]) -> Iterable[tuple[_Node, tuple[str, ...]]]:
    if not segments:
        yield node, given
        return
    head, rest = segments[0], segments[1:]
    if head in node.below and head != "{}":
        yield from _walk(node.below[head], rest, given)
    text = unquote(head, errors="replace")
    if "{}" in node.below and text and "\0" not in text and "\ufffd" not in text:
        yield from _walk(node.below["{}"], rest, (*given, text))
