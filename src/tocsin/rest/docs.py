"""`/docs`: our own OpenAPI document, made from the same table that serves."""

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader

from tocsin import __version__
from tocsin.rest.dispatch import Answer
from tocsin.rest.not_built import published
from tocsin.rest.operations import Operation
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
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation, schemas)
    key = {"type": "apiKey", "name": "Authorization", "in": "header", "description": "Token token=<key>"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tocsin", "version": __version__},
        "security": [{"api_key": []}],
        "components": {"securitySchemes": {"api_key": key}, "schemas": schemas},
        "paths": paths,
    }


def _described(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    words = re.findall(r"[a-z_]+", operation.path)
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", operation.path)
    ]
    if operation.includes:
        names = {"type": "array", "items": {"type": "string", "enum": list(operation.includes)}}
        parameters.append({"name": "include[]", "in": "query", "schema": names})
    described = {
        "operationId": "_".join([operation.method.lower(), *words]),
        "summary": _first_line(operation),
        "parameters": parameters,
        "responses": {str(operation.status): _response(operation)},
    }
    return described | (_body(operation, schemas) if operation.takes else {})


def _response(operation: Operation) -> dict[str, Any]:
    if operation.status == 204:
        return {"description": "Done"}
    members: dict[str, Any] = {operation.envelope: {}} if operation.envelope else {}
    schema = {"type": "object", "properties": members}
    return {"description": "OK", "content": {"application/json": {"schema": schema}}}


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
