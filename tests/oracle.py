"""The published document as an oracle: every request and answer of the REST tests is held against it.

Checked strictly: the operation exists, success statuses, the envelope, ids and types, member types, enums, required
members, members that nobody documented. Tolerated: nulls, `oneOf` that overlap (core of `reference/clients.md`, last
section). What we do otherwise on purpose stands in `tests/waivers.py`, each with its reason.
The document is not ours: without `../shared` beside the project, answers are held against our own (`tests/digest.py`).
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests import digest, waivers

DOCUMENT = Path(__file__).parents[2] / "shared" / "reference" / "openapi" / "REST.json"
VALIDATED: set[tuple[str, int]] = set()  # (operation, success status) that an answer was held against
_REFERENCE = {"id", "type", "summary", "self", "html_url"}
_TYPES: dict[str, Any] = {
    "string": str, "boolean": bool, "object": dict, "array": list, "integer": int, "number": (int, float),
}  # fmt: skip


@cache
def document() -> dict[str, Any] | None:
    """The published document, parsed once; None when it is not at hand."""
    return json.loads(DOCUMENT.read_text()) if DOCUMENT.exists() else None


def resolved(node: Any) -> Any:
    """`node` behind its `$ref`s, which may point deep inside components."""
    while isinstance(node, dict) and "$ref" in node:
        target: Any = document()
        for part in node["$ref"].removeprefix("#/").split("/"):
            part = part.replace("~1", "/").replace("~0", "~")
            target = target[int(part)] if isinstance(target, list) else target[part]
        node = target
    return node


@cache
def _paths() -> list[tuple[re.Pattern[str], str]]:
    paths = (document() or {"paths": {}})["paths"]
    by_literal = sorted(paths, key=lambda path: (path.count("{"), -len(path)))
    return [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), path) for path in by_literal]


def operation_of(method: str, path: str) -> tuple[str, dict[str, Any]] | None:
    """(`METHOD /path`, its description) of a concrete request; None when it is not published."""
    for pattern, template in _paths():
        if pattern.fullmatch(path):
            item = resolved((document() or {})["paths"][template])
            if method.lower() in item:
                described = item[method.lower()]
                shared = item.get("parameters", [])
                return f"{method} {template}", described | {"parameters": shared + described.get("parameters", [])}
    return None


def check(method: str, url: str, sent: Any, status: int, received: Any, lenient: bool = False) -> None:
    """AssertionError names everything in which this exchange differs from the document."""
    if document() is None:
        faults = digest.faults(method, urlsplit(url).path, status, received)
        assert not faults, f"{method} {url} -> {status}\n  " + "\n  ".join(faults)
        return
    path, found = urlsplit(url).path, operation_of(method, urlsplit(url).path)
    if found is None:
        known = any(re.fullmatch(pattern, f"{method} {path}") for pattern in waivers.OUTSIDE)
        assert known or status in (404, 405), f"{method} {path} answers {status} but is not published"
        return
    key, described = found
    faults = _check_answer(key, described, status, received)
    if 200 <= status < 300 and not lenient:
        faults += _check_request(key, described, urlsplit(url).query, sent)
    faults = list(dict.fromkeys(faults))
    assert not faults, f"{method} {url} -> {status}\n  " + "\n  ".join(faults)
    if status < 300:
        VALIDATED.add((key, waivers.STATUSES.get((key, status), status)))


def successes(key: str) -> set[int]:
    """The statuses that the document names for success of an operation."""
    method, path = key.split(" ", 1)
    found = operation_of(method, path)
    return {int(status) for status in found[1]["responses"] if status.startswith("2")} if found else set()


def _check_request(key: str, described: dict[str, Any], query: str, sent: Any) -> list[str]:
    names = {resolved(parameter)["name"] for parameter in described["parameters"]}
    allowed = names | {name.removesuffix("[]") for name in names} | waivers.PARAMETERS.get(key, set())
    faults = [f"parameter {name} is not published" for name, _ in parse_qsl(query) if name not in allowed]
    schema = _schema(described.get("requestBody"))
    return faults + (_faults(sent, schema, f"{key} request") if schema and sent is not None else [])


def _check_answer(key: str, described: dict[str, Any], status: int, received: Any) -> list[str]:
    if status >= 400:
        return _check_error(status, described, received)
    if key in waivers.SILENT and not any(name.startswith("2") for name in described["responses"]):
        return []
    response = described["responses"].get(str(waivers.STATUSES.get((key, status), status)))
    if response is None:
        return [f"status {status} is not published for {key}"]
    schema = _schema(response)
    if schema is None:
        return [] if received is None or key in waivers.BODIES else [f"{key} answers a body where none is published"]
    faults = _faults(received, schema, key)
    expected = _envelope(schema) - waivers.ENVELOPES.get(key, set())
    left_out = {name for name in expected if waivers.optional(key, name)}
    missing = [name for name in expected - left_out if not isinstance(received, dict) or name not in received]
    return faults + [f"{key}: {name} is missing from the envelope" for name in missing]


def _check_error(status: int, described: dict[str, Any], received: Any) -> list[str]:
    error = received.get("error") if isinstance(received, dict) else None
    shaped = isinstance(error, dict) and set(error) - waivers.ERROR_MEMBERS == {"message", "code", "errors"}
    faults = [] if shaped else [f"an error must be {{error: message, code, errors}}, not {received!r}"]
    if status in waivers.ERRORS or str(status) in described["responses"]:
        return faults
    return [*faults, f"error status {status} is neither published nor among the usual ones"]


def _schema(described: Any) -> dict[str, Any] | None:
    content = resolved(described or {}).get("content") or {}
    first = next(iter(content.values()), None)
    return resolved(first["schema"]) if first and "schema" in first else None


def _envelope(schema: dict[str, Any]) -> set[str]:
    names: set[str] = set()
    for part in [schema, *map(resolved, schema.get("allOf", []))]:
        names |= set(part.get("properties", {}))
    return names - waivers.ENVELOPE


def _faults(value: Any, schema: Any, where: str) -> list[str]:
    schema = resolved(schema) if _is_asked(where) else _expanded(value, resolved(schema))
    if value is None or not isinstance(schema, dict):
        return []
    faults = _own(value, schema, where)
    return faults + ([] if where.endswith("request") else _undocumented(value, schema, where))


def _is_asked(where: str) -> bool:
    """Whether this is a part of the request, not of the answer."""
    return where.split(".")[0].removesuffix("[]").endswith(" request")


def _expanded(value: Any, schema: Any) -> Any:
    """The schema of the thing itself where an `include[]` put it in the place of a reference."""
    if not isinstance(value, dict) or set(value) <= _REFERENCE or not _is_reference(schema):
        return schema
    schemas = (document() or {})["components"]["schemas"]
    kind = str(value.get("type"))
    name = waivers.SCHEMAS.get(kind) or "".join(word.title() for word in kind.split("_"))
    return resolved(schemas.get(name, schema))


def _is_reference(schema: Any) -> bool:
    """Whether a reference may stand here."""
    parts = [schema, *map(resolved, schema.get("allOf", []))] if isinstance(schema, dict) else []
    types = [value for part in parts for value in part.get("properties", {}).get("type", {}).get("enum", [])]
    return any(str(value).endswith("_reference") for value in types)


def _own(value: Any, schema: dict[str, Any], where: str) -> list[str]:
    faults = [fault for part in schema.get("allOf", []) for fault in _own(value, resolved(part), where)]
    for choice in ("oneOf", "anyOf"):
        faults += _choice(value, schema.get(choice, []), where)
    faults += _typed(value, schema, where)
    if isinstance(value, list) and "items" in schema:
        faults += [fault for item in value for fault in _faults(item, schema["items"], f"{where}[]")]
    if isinstance(value, dict):
        faults += _members(value, schema, where)
    return faults


def _choice(value: Any, choices: list[Any], where: str) -> list[str]:
    tried = [_faults(value, choice, where) for choice in choices]
    return min(tried, key=len) if tried and all(tried) else []


def _typed(value: Any, schema: dict[str, Any], where: str) -> list[str]:
    kind, enum = schema.get("type"), schema.get("enum")
    faults = []
    expected = _TYPES.get(kind) if isinstance(kind, str) and not waivers.typed(where, value) else None
    if expected and (not isinstance(value, expected) or (isinstance(value, bool) and kind in ("integer", "number"))):
        faults.append(f"{where} must be {kind}, not {value!r}")
    if enum and value not in enum and not waivers.allows(where, value):
        faults.append(f"{where} must be one of {enum}, not {value!r}")
    if schema.get("format") == "date-time" and isinstance(value, str) and not re.match(r"\d{4}-\d\d-\d\dT", value):
        faults.append(f"{where} must be a date-time, not {value!r}")
    return faults


def _members(value: dict[str, Any], schema: dict[str, Any], where: str) -> list[str]:
    asked = _is_asked(where)
    faults = [
        f"{where}.{name} is required"
        for name in schema.get("required", [])
        if name not in value and not waivers.optional(where, name) and not (asked and _read_only(schema, name))
    ]
    for name, inner in schema.get("properties", {}).items():
        if name in value:
            faults += _faults(value[name], inner, f"{where}.{name}")
    return faults


def _read_only(schema: dict[str, Any], name: str) -> bool:
    return bool(resolved(schema.get("properties", {}).get(name, {})).get("readOnly"))


def _names(schema: Any) -> set[str] | None:
    """Every member that a schema knows, or None when it is open."""
    schema = resolved(schema)
    if schema.get("additionalProperties"):
        return None
    names = set(schema.get("properties", {}))
    for part in [*schema.get("allOf", []), *schema.get("oneOf", []), *schema.get("anyOf", [])]:
        inner = _names(part)
        if inner is None:
            return None
        names |= inner
    return names


def _undocumented(value: Any, schema: dict[str, Any], where: str) -> list[str]:
    names = _names(schema) if isinstance(value, dict) else None
    if not names:
        return []
    return [
        f"{where}.{name} is not documented" for name in value if name not in names and not waivers.extra(where, name)
    ]
