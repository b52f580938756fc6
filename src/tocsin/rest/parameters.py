"""Which parameters an operation's function asks for, read out of the function itself, so that /docs cannot be wrong.

1. Every parameter is asked for through `Call` (`call.text("query")`, `call.sort({...})`), here or in a function that is
   handed the call; both are followed.
2. A function whose source is not at hand tells nothing; it still serves.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import FunctionType, ModuleType
from typing import Any

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
_KINDS: Mapping[str, Schema] = {
    "text": TEXT, "one_of": TEXT, "flag": {"type": "boolean"}, "whole": {"type": "integer", "minimum": 0},
    "instant": {"type": "string", "format": "date-time"}, "many": {"type": "array", "items": TEXT},
}  # fmt: skip


@cache
def asked(run: Callable[..., Any]) -> Mapping[tuple[str, str], Schema]:
    """{(place, name): schema} of what `run(call)` asks for; the place is "query" or "header"."""
    found: dict[tuple[str, str], Schema] = {}
    waiting, seen = [_Handed(run, ())], set[_Handed]()
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            told, called = _read(one)
            found |= told
            waiting += called
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class _Handed:
    """A function that is handed the call, and texts with it: the names of parameters, mostly."""

    function: Callable[..., Any]
    texts: tuple[tuple[str, str], ...]


def _read(handed: _Handed) -> tuple[dict[tuple[str, str], Schema], list[_Handed]]:
    """What one function asks for, and the functions that it hands its call to."""
    names, tree = _calls_of(handed.function), _tree(handed.function)
    if tree is None or not names:
        return {}, []
    told: dict[tuple[str, str], Schema] = {}
    called: list[_Handed] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _is_call(node.value, names):
            told |= {"zone": {("query", "time_zone"): TEXT}, "sender": {("header", "From"): TEXT}}.get(node.attr, {})
        if isinstance(node, ast.Call):
            told |= dict(_parameter(node, names, dict(handed.texts)))
            called += _passed_on(node, names, handed.function)
    return told, called


def _parameter(node: ast.Call, names: set[str], texts: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], Schema]]:
    method, given = node.func, [_text(one, texts) for one in node.args]
    if isinstance(method, ast.Name) and method.id == "values" and len(given) == 2 and given[1]:
        yield ("query", f"{given[1]}[]"), _KINDS["many"]
    if not (isinstance(method, ast.Attribute) and _is_call(method.value, names) and node.args):
        return
    if method.attr == "sort" and isinstance(node.args[0], ast.Dict):
        keys = [_text(key, texts) for key in node.args[0].keys]
        yield ("query", "sort_by"), TEXT | {"enum": [f"{key}{way}" for key in keys for way in _WAYS]}
    elif method.attr == "one_of" and given[0]:
        yield ("query", given[0]), _choice(node)
    elif method.attr in _KINDS and given[0]:
        yield ("query", given[0] + ("[]" if method.attr == "many" else "")), _KINDS[method.attr]


_WAYS = ("", ":asc", ":desc")


def _text(node: ast.AST | None, texts: Mapping[str, str]) -> str | None:
    """A text that is written here, or that the function was handed."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return texts.get(node.id) if isinstance(node, ast.Name) else None


def _choice(node: ast.Call) -> Schema:
    allowed = node.args[1] if len(node.args) > 1 else None
    if not isinstance(allowed, (ast.Tuple, ast.List)):
        return TEXT
    return TEXT | {"enum": [one.value for one in allowed.elts if isinstance(one, ast.Constant)]}


def _passed_on(node: ast.Call, names: set[str], function: Callable[..., Any]) -> list[_Handed]:
    """The function called here, if it is handed the call and is one of ours."""
    if not any(_is_call(argument, names) for argument in node.args):
        return []
    space = getattr(function, "__globals__", {})
    found: Any = None
    if isinstance(node.func, ast.Name):
        found = space.get(node.func.id)
    elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        module = space.get(node.func.value.id)
        found = getattr(module, node.func.attr, None) if isinstance(module, ModuleType) else None
    if not isinstance(found, FunctionType):
        return []
    given = [(name, _text(one, {})) for name, one in zip(inspect.signature(found).parameters, node.args, strict=False)]
    return [_Handed(found, tuple((name, text) for name, text in given if text is not None))]


def _is_call(node: ast.AST, names: set[str]) -> bool:
    return isinstance(node, ast.Name) and node.id in names


def _calls_of(function: Callable[..., Any]) -> set[str]:
    """The names under which a function knows the call that it is handed."""
    told = getattr(function, "__annotations__", {})
    return {name for name, kind in told.items() if getattr(kind, "__name__", kind) == "Call" and name != "return"}


def _tree(function: Callable[..., Any]) -> ast.AST | None:
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None
