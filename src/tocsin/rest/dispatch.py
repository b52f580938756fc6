"""From a request to an answer, all synchronous: it runs in a thread, each call that may write in one transaction.

The order is: route (404, 405), key (401), rate (429), built (501), rights (403), body and query (400), the function.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from tocsin.core.actor import Actor
from tocsin.core.db import Database, Tx
from tocsin.core.errors import Invalid, NotBuilt, RateLimited
from tocsin.rest import errors, permissions, rights
from tocsin.rest.auth import Authenticate
from tocsin.rest.call import Call, Ports
from tocsin.rest.include import expand
from tocsin.rest.objects import Links, render
from tocsin.rest.operations import Done, Operation
from tocsin.rest.paging import Page
from tocsin.rest.rates import Rates
from tocsin.rest.request import Request
from tocsin.rest.routes import Routes

_STANDING = {"cache-control": "no-cache", "vary": "Authorization, Accept", "x-content-type-options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back; `body` is empty where the wire has none."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Answers requests from a table of operations."""

    routes: Routes
    database: Database
    authenticate: Authenticate
    rates: Rates
    ports: Ports
    page_form: str

    def answer(self, request: Request) -> Answer:
        """The answer to `request`, whatever happens."""
        told = _STANDING | {"x-request-id": request.id}
        try:
            method = "GET" if request.method == "HEAD" else request.method
            operation, path = self.routes.find(method, request.path)
            actor = self._actor(request, told)
            if not isinstance(operation, Operation):
                raise NotBuilt(f"Tocsin does not serve {method} {operation} yet")
            within = self.database.read if method == "GET" else self.database.run
            status, document = within(lambda tx: self._run(tx, operation, actor, request, path))
        except Exception as error:  # the border: everything becomes an error object, the unexpected is logged
            shown = errors.known(error, request.id)
            return _answer(shown.status, errors.document(shown), told)
        return _answer(status, document, told)

    def _actor(self, request: Request, told: dict[str, str]) -> Actor:
        actor = self.authenticate(request)
        rate = self.rates.count(f"{actor.kind} {actor.id}")
        if rate:
            told |= rate.headers
        if rate and rate.exceeded:
            raise RateLimited(f"This key may send {rate.limit} requests a minute")
        return replace(actor, request_id=request.id, address=request.address)

    def _run(
        self, tx: Tx, operation: Operation, actor: Actor, request: Request, path: dict[str, str]
    ) -> tuple[int, Any]:
        subject = actor.user_id if operation.subject == "me" else path.get(operation.subject or "")
        permissions.check_key(actor, operation.method, operation.scope)
        rights.admit(tx.conn, self.ports.standings, actor, operation, path, subject)
        links = self._links(tx, request)
        body = _unwrapped(operation, request) if operation.method != "GET" else None
        call = Call(tx, actor, request, operation, path, request.pairs(), body, links, self.ports)
        result = operation.run(call)
        if operation.in_body and not call.demanded:
            raise RuntimeError(f"{operation.key} asks for no rights on what its body names")
        status, result = (result.status, result.answer) if isinstance(result, Done) else (operation.status, result)
        expand(call, result)
        return status, _wrapped(operation, result, links, call)

    def _links(self, tx: Tx, request: Request) -> Links:
        form = self.page_form.replace("{base}", request.base_url)
        facts = self.ports.facts.get("account") if "{subdomain}" in form else None
        for name, value in (facts(tx.conn, [""]).get("", {}) if facts else {}).items():
            form = form.replace(f"{{{name}}}", str(value))
        return Links(request.base_url, form)


def _unwrapped(operation: Operation, request: Request) -> Any:
    if operation.takes is None:
        return request.document()
    document = request.document()
    if isinstance(document, dict) and isinstance(document.get(operation.takes), (dict, list)):
        return document[operation.takes]
    if operation.bare and isinstance(document, dict) and operation.takes not in document:
        return document
    raise Invalid(f"{operation.takes} is required")  # core:G-80


def _wrapped(operation: Operation, result: Any, links: Links, call: Call) -> Any:
    if result is None:
        return None
    around = result.around if isinstance(result, Page) else {}
    shown = render(result.items if isinstance(result, Page) else result, links, call.zone)
    return {operation.envelope: shown, **around} if operation.envelope else shown


def _answer(status: int, document: Any, told: dict[str, str]) -> Answer:
    if document is None:
        return Answer(status, b"", told)
    return Answer(status, msgspec.json.encode(document), told | {"content-type": "application/json; charset=utf-8"})
