"""Signing in through a provider: off to it, and back from it.

1. What waits on a provider runs in threads of its own and holds no transaction: a slow one holds up no other page.
2. The attempt (state, nonce, verifier) lies in a signed cookie for `TTL`; the answer counts in that browser alone, and
   once.
3. Whatever goes wrong is said above the sign-in form, where the other ways in are. Reasons also go to the log.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import Row
from sqlalchemy.exc import DBAPIError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tocsin.accounts.commands import arriving, providers, sessions
from tocsin.accounts.commands.keys import digest
from tocsin.accounts.oidc import flow
from tocsin.accounts.oidc.model import Arrival, Attempt, Client, Fault
from tocsin.accounts.store import sign_in as stored
from tocsin.accounts.store.sign_in_tables import PURPOSE
from tocsin.core.clock import real_now
from tocsin.core.db import Tx
from tocsin.core.errors import Forbidden, NotFound, TocsinError, TooLarge, Unavailable
from tocsin.core.signing import BadToken
from tocsin.web import entering
from tocsin.web.pages import sign_in
from tocsin.web.security import local_path, same
from tocsin.web.serving import Page, Threads, answered, blank, read
from tocsin.web.site import Ask, Asked, Site

BEGIN: Final = "/app/sign-in/with/{id}"
CALLBACK: Final = "/app/sign-in/callback"
ATTEMPT: Final = "tocsin_attempt"
TTL: Final = timedelta(minutes=10)
THREADS: Final = 8
OVER = "This sign-in was not begun in this browser, took longer than ten minutes, or is over already. Sign in again."
log = structlog.get_logger("tocsin.sign_in")
Work = Callable[[Site, Asked], Callable[[Ask], Response]]


def routes(site: Site) -> list[Route]:
    """The two paths."""
    threads = Threads(THREADS)
    return [
        Route(BEGIN, _endpoint(site, threads, begin), methods=["GET"]),
        Route(CALLBACK, _endpoint(site, threads, come_back), methods=["GET"]),
    ]


def _endpoint(site: Site, threads: Threads, work: Work) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            asked = await read(site, request)
        except TooLarge as error:
            return blank(site, error)
        return await threads.run(_answered, site, asked, work)

    return answer


def _answered(site: Site, asked: Asked, work: Work) -> Response:
    """The network's part without a transaction, then the page in one."""
    try:
        finish = work(site, asked)
    except TocsinError as error:
        finish = _raising(error)
    except DBAPIError:
        finish = _raising(Unavailable("The database does not answer"))
    response = answered(site, Page("GET", asked.path, finish, again=sign_in.show, open=True), asked)
    if work is come_back:
        response.delete_cookie(ATTEMPT, path="/app/sign-in", httponly=True, samesite="lax", secure=asked.secure)
    return response


def _raising(error: TocsinError) -> Callable[[Ask], Response]:
    def finish(ask: Ask) -> Response:
        raise error

    return finish


def begin(site: Site, asked: Asked) -> Callable[[Ask], Response]:
    """Send the browser to the provider."""
    at = real_now()
    following = local_path((asked.query.get("next") or [""])[-1])
    provider, client = site.database.run(lambda tx: _provider(tx, asked, asked.params["id"].replace("\x00", "")))
    made = flow.attempt(provider.id, following)
    try:
        url = flow.address(site.providers.metadata(provider.issuer, at), client, made)
    except Fault as fault:
        raise _refusal(provider, fault) from None
    cookie = site.signer.sign(ATTEMPT, asdict(made), at, TTL)

    def finish(ask: Ask) -> Response:
        response = RedirectResponse(url, 303)
        response.set_cookie(
            ATTEMPT, cookie, max_age=int(TTL.total_seconds()), path="/app/sign-in", httponly=True, samesite="lax",
            secure=asked.secure,
        )  # fmt: skip
        return response

    return finish


def come_back(site: Site, asked: Asked) -> Callable[[Ask], Response]:
    """Take the provider's answer and let the person in."""
    at = real_now()
    made = _attempt(site, asked, at)
    provider, client = site.database.run(lambda tx: _once(tx, asked, made, at))
    answer = {name: values[-1] for name, values in asked.query.items()}
    try:
        metadata = site.providers.metadata(provider.issuer, at)
        code = flow.code_of(answer, metadata)
        found = flow.arrived(site.providers, metadata, client, made, code, provider.claims, at)
    except Fault as fault:
        raise _refusal(provider, fault) from None
    return lambda ask: _enter(ask, made, found)


def _attempt(site: Site, asked: Asked, at: datetime) -> Attempt:
    try:
        made = Attempt(**site.signer.verify(ATTEMPT, asked.cookies.get(ATTEMPT, ""), at))
    except BadToken:
        raise Forbidden(OVER) from None
    if not same(made.state, (asked.query.get("state") or [""])[-1]):
        raise Forbidden(OVER)
    return made


def _once(tx: Tx, asked: Asked, made: Attempt, at: datetime) -> tuple[Row[Any], Client]:
    if not stored.use_up(tx.conn, digest(made.state), at):
        raise Forbidden(OVER)
    return _provider(tx, asked, made.provider)


def _provider(tx: Tx, asked: Asked, id: str) -> tuple[Row[Any], Client]:
    try:
        row = providers.get(tx.conn, id)
    except NotFound:
        raise Forbidden("This way to sign in is not there any more; choose another one") from None
    if not row.enabled:
        raise Forbidden(f"{row.name} is switched off here; choose another way to sign in")
    secret = tx.sealer.open(PURPOSE, row.client_secret).decode()
    return row, Client(row.client_id, secret, asked.base_url + CALLBACK, tuple(row.scopes))


def _enter(ask: Ask, made: Attempt, found: Arrival) -> Response:
    at, asked = real_now(), ask.asked
    user_id = arriving.arrive(ask.tx, made.provider, found, at, ask.site.member_uses, asked.address)
    agent = asked.headers.get("user-agent")
    begun = sessions.start(ask.tx, user_id, at, asked.address, agent, asked.id, method="identity_provider")
    return entering.let_in(ask, begun, made.following)


def _refusal(provider: Row[Any], fault: Fault) -> TocsinError:
    log.warning("sign-in through a provider failed", provider=provider.id, why=fault.what, down=fault.down)
    if fault.down:
        return Unavailable(
            [
                f"{provider.name} does not answer: {fault.what}.",
                "Try again in a moment. The links in the mails of pages work without signing in.",
            ]
        )
    return Forbidden(
        [f"Signing in through {provider.name} failed: {fault.what}.", "Sign in again; if it stays, tell an admin."]
    )
