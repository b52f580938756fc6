"""`/docs`: our own OpenAPI document, made from the same table that serves."""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader

from tocsin import __version__
from tocsin.rest.dispatch import Answer
from tocsin.rest.not_built import published
from tocsin.rest.operations import Operation
from tocsin.rest.parameters import TEXT, asked
from tocsin.rest.request import Request

_templates = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class Docs:
    """The two documents, each made when it is first asked for (the schemas of all bodies take a tenth of a second)."""

    def __init__(self, operations: Sequence[Operation]):
        self._operations = operations

    @cached_property
    def _json(self) -> bytes:
        return msgspec.json.encode(openapi(self._operations))

    @cached_property
    def _page(self) -> bytes:
        rows = sorted((o.path, o.method, _first_line(o), o.scope or "") for o in self._operations)
        return _templates.get_template("docs.html").render(rows=rows, published=len(published())).encode()

    @cached_property
    def _style(self) -> bytes:
        return (Path(__file__).parent / "docs.css").read_bytes()

    def answer(self, request: Request) -> Answer | None:
        """The document at this path, None for any other path."""
        if request.method not in ("GET", "HEAD"):
            return None
        if request.path == "/docs/openapi.json":
            return Answer(200, self._json, {"content-type": "application/json"})
        if request.path == "/docs/docs.css":
            return Answer(200, self._style, {"content-type": "text/css; charset=utf-8"})
        if request.path == "/docs":
            return Answer(
                200, self._page, {"content-type": "text/html; charset=utf-8", "content-security-policy": _POLICY}
            )
        return None


def openapi(operations: Sequence[Operation]) -> dict[str, Any]:
    """An OpenAPI 3.1 document of these operations."""
    schemas: dict[str, Any] = {"Error": _ERROR}
    paths: dict[str, Any] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation, schemas)
    key = {"type": "apiKey", "name": "Authorization", "in": "header", "description": "Token token=<key>"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tocsin", "version": __version__},
        "security": [{"api_key": []}],
        "components": {"securitySchemes": {"api_key": key}, "schemas": schemas, "responses": _REFUSALS},
        "paths": paths,
    }


_ERROR: dict[str, Any] = {
    "type": "object", "required": ["error"],
    "properties": {"error": {
        "type": "object", "required": ["message", "code", "errors"],
        "properties": {
            "message": {"type": "string"}, "code": {"type": "integer"},
            "errors": {"type": "array", "items": {"type": "string"}},
        },
    }},
}  # fmt: skip
_REFUSED = {
    "400": "What was asked makes no sense; `errors` lists everything that is wrong", "401": "No valid key",
    "402": "The account cannot do this", "403": "The key or its person may not do this",
    "404": "There is no such thing", "405": "The thing is over, so it cannot be changed",
    "409": "The thing is in a state that does not allow this", "413": "Too many items or bytes",
    "422": "The thing is in a state that does not allow this",
    "429": "Too many requests; the headers say when to come back", "500": "A fault of Tocsin's",
    "503": "A part that this needs is away; ask again",
}  # fmt: skip
_JSON_ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
_REFUSALS = {status: {"description": told, "content": _JSON_ERROR} for status, told in _REFUSED.items()}


def _described(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    words = re.findall(r"[a-z_]+", operation.path)
    refusals = {status: {"$ref": f"#/components/responses/{status}"} for status in _REFUSALS}
    described = {
        "operationId": "_".join([operation.method.lower(), *words]),
        "summary": _first_line(operation),
        "parameters": list(_parameters(operation)),
        "responses": {str(operation.status): _response(operation), **refusals},
    }
    if operation.scope:
        described["description"] = f"Needs the scope `{operation.scope}`."
    return described | (_body(operation, schemas) if operation.takes else _free(operation))


def _parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"\{(\w+)\}", operation.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    if operation.includes:
        names = {"type": "array", "items": {"type": "string", "enum": list(operation.includes)}}
        yield {"name": "include[]", "in": "query", "schema": names}
    anywhere = {("query", "time_zone"): TEXT} if operation.method == "GET" and operation.status == 200 else {}
    for (place, name), schema in {**anywhere, **asked(operation.run)}.items():
        yield {"name": name, "in": place, "schema": schema}


def _response(operation: Operation) -> dict[str, Any]:
    if operation.status == 204:
        return {"description": "Done"}
    if operation.envelope is None:
        return {"description": "OK", "content": {"application/json": {"schema": {}}}}
    around = {name: schema for (_, name), schema in asked(operation.run).items() if name in _AROUND}
    paged = (
        {**around, "more": {"type": "boolean"}, "total": {"type": ["integer", "null"]}} if "offset" in around else {}
    )
    members = {operation.envelope: {"type": "array"} if paged else {}, **paged}
    schema = {"type": "object", "required": list(members), "properties": members}
    return {"description": "OK", "content": {"application/json": {"schema": schema}}}


_AROUND = ("limit", "offset")


def _free(operation: Operation) -> dict[str, Any]:
    """The body of an operation that takes the whole document; a DELETE's and a GET's is not read."""
    if operation.method not in ("POST", "PUT", "PATCH"):
        return {}
    return {"requestBody": {"content": {"application/json": {"schema": {}}}}}


def _body(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    inner: dict[str, Any] = {"type": "object"}
    if operation.body:
        inner = operation.body.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= inner.pop("$defs", {})
        schemas[operation.body.__name__] = inner
        inner = {"$ref": f"#/components/schemas/{operation.body.__name__}"}
    schema = {"type": "object", "required": [operation.takes], "properties": {operation.takes: inner}}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _first_line(operation: Operation) -> str:
    return (operation.run.__doc__ or "").strip().split("\n")[0]
