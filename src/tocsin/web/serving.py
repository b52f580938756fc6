"""From an HTTP request to a page: read, find the session, check, run in a thread, one transaction each.

1. A form has at most `MOST_BYTES` and `MOST_FIELDS`; what is not a form is read as an empty one.
2. No session: a GET leads to the sign-in page and back, anything else is 401. Every POST in a session needs its token.
3. A refusal (`TocsinError`) shows the page again with what is wrong and the refusal's own status.
4. A lost database is a plain 503 that says so, never a stack of frames.
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import parse_qs, quote

import structlog
from anyio import CapacityLimiter, to_thread
from sqlalchemy.exc import DBAPIError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from tocsin.accounts.commands import sessions
from tocsin.core.clock import real_now
from tocsin.core.db import Tx
from tocsin.core.errors import Forbidden, Invalid, NotFound, TocsinError, TooLarge, Unauthenticated, Unavailable
from tocsin.rest import address, rights
from tocsin.rest.permissions import Permission
from tocsin.web.security import from_elsewhere, ours, same
from tocsin.web.site import SESSION, Ask, Asked, Site, Values, go

MOST_BYTES = 512 * 1024
MOST_FIELDS = 5000
THREADS = 12
ANSWER, PASSWORD, UNSUBSCRIBE = "/app/answer/", "/app/password/", "/app/unsubscribe/"
log = structlog.get_logger("tocsin.web")
T = TypeVar("T")
Run = Callable[[Ask], Response]


@dataclass(frozen=True, slots=True)
class Page:
    """One path. `open` needs no session; `again` is shown, with the errors, when `run` refuses; `needs` is what the
    person must be permitted, with what the path names. `in_body` and `sees` are those of an operation.
    """

    method: str
    path: str
    run: Run
    again: Run | None = None
    open: bool = False
    needs: Permission | None = Permission.READ
    in_body: bool = False
    sees: str = ""

    @property
    def permission(self) -> Permission:
        """What rights ask for."""
        return self.needs or Permission.READ


class Threads:
    """A bounded pool of threads, made on the event loop that first needs it."""

    def __init__(self, most: int):
        self._most = most
        self._limiter: CapacityLimiter | None = None

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """`work(*args)` in one of the threads."""
        self._limiter = self._limiter or CapacityLimiter(self._most)
        return await to_thread.run_sync(work, *args, limiter=self._limiter)


def endpoint(site: Site, page: Page, threads: Threads) -> Callable[[Request], Awaitable[Response]]:
    """The page as Starlette calls it."""

    async def answer(request: Request) -> Response:
        try:
            asked = await read(site, request)
        except TooLarge as error:
            return blank(site, error)
        except ClientDisconnect:
            return blank(site, Invalid("The connection ended before the form did"))
        response = await threads.run(answered, site, page, asked)
        response.headers["x-request-id"] = asked.id
        return response

    return answer


async def read(site: Site, request: Request) -> Asked:
    """The request as plain values."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    peer = request.client.host if request.client else None
    asked = Asked(
        method=request.method,
        path=request.url.path,
        params=request.path_params,
        query=_values(request.scope["query_string"]),
        form=_values(await _body(request)) if request.method == "POST" else {},
        cookies={},
        headers=headers,
        address=address.client(peer, headers, site.proxies),
        base_url=address.base(request.url.scheme, peer, headers, site.proxies, site.settings.base_url),
        id=secrets.token_hex(16),
    )
    return replace(asked, cookies=ours(request.cookies, asked.secure))


async def _body(request: Request) -> bytes:
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return b""
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES:
            raise TooLarge(f"A form may have at most {MOST_BYTES // 1024} kB")
    return b"".join(parts)


def _values(raw: bytes) -> Values:
    try:
        found = parse_qs(raw.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise TooLarge(f"A form may have at most {MOST_FIELDS} fields") from None
    return {name: [value.replace("\x00", "\ufffd") for value in values] for name, values in found.items()}


def answered(site: Site, page: Page, asked: Asked) -> Response:
    """The page, whatever happens."""
    try:
        return site.database.run(lambda tx: page.run(_ask(site, page, asked, tx)))
    except TocsinError as error:
        return _refused(site, page, asked, error)
    except DBAPIError as error:
        log.error("page without database", path=loggable(asked.path), why=str(error.orig))
        return blank(site, Unavailable("The database does not answer. Pages go out again as soon as it does"))
    except Exception:  # the border: the unexpected is logged, the person gets a page
        log.exception("page failed", path=loggable(asked.path))
        return blank(site, TocsinError("Something went wrong here; it has been logged"))


def loggable(path: str) -> str:
    """A path for the log: the token of a mailed link is an authority, so it is not written down."""
    return next((f"{start}…" for start in (ANSWER, PASSWORD, UNSUBSCRIBE) if path.startswith(start)), path)


def _ask(site: Site, page: Page, asked: Asked, tx: Tx) -> Ask:
    ask = Ask(site, tx, asked, session_of(tx, asked))
    if page.open:
        return ask
    if ask.session is None:
        raise Unauthenticated("You are not signed in")
    if asked.method == "POST":
        _check(ask, ask.session)
    _admit(ask, page)
    return ask


def _admit(ask: Ask, page: Page) -> None:
    """Refuse who may not have this page."""
    if page.open or page.needs is None:
        return
    own = ask.actor.user_id if page.needs is Permission.OWN_PROFILE and not ask.asked.params else None
    rights.admit(ask.tx.conn, ask.site.standings, ask.actor, page, ask.asked.params, own)


def session_of(tx: Tx, asked: Asked) -> sessions.Session | None:
    """The live session of this request's cookie."""
    token = asked.cookies.get(SESSION, "")
    return sessions.find(tx, token, real_now(), asked.id, asked.address) if 20 <= len(token) <= 100 else None


def _check(ask: Ask, session: sessions.Session) -> None:
    given = ask.asked.headers.get("x-csrf-token") or ask.field("csrf")
    if from_elsewhere(ask.asked.headers, ask.asked.base_url) or not same(session.csrf, given):
        raise Forbidden("This form is out of date or came from another site. Load the page again and repeat")


def _refused(site: Site, page: Page, asked: Asked, error: TocsinError) -> Response:
    if isinstance(error, Unauthenticated):
        return _to_sign_in(site, asked, error)
    try:
        return site.database.run(lambda tx: _explained(site, page, asked, error, tx))
    except (TocsinError, DBAPIError):
        return blank(site, error)


def _to_sign_in(site: Site, asked: Asked, error: TocsinError) -> Response:
    if asked.method == "POST" and "hx-request" not in asked.headers:
        return blank(site, error)
    back = asked.locator if asked.method == "GET" else asked.headers.get("referer", "").removeprefix(asked.base_url)
    return go(f"/app/sign-in?next={quote(back, safe='')}")


def _explained(site: Site, page: Page, asked: Asked, error: TocsinError, tx: Tx) -> Response:
    ask = Ask(site, tx, asked, session_of(tx, asked))
    if page.again is None or isinstance(error, NotFound) or not _may_see_again(ask, page):
        return ask.page("error.html", error.status, error=error, troubles=())
    response = page.again(replace(ask, errors=error.errors or [error.message]))
    response.status_code = error.status
    return response


def _may_see_again(ask: Ask, page: Page) -> bool:
    """Whether who was refused may have the page that explains it: it shows what the refused form stood on."""
    try:
        _admit(ask, page)
    except TocsinError:
        return False
    return True


def blank(site: Site, error: TocsinError) -> Response:
    """An error page that needs no database and no session."""
    html = site.templates.get_template("blank.html").render(error=error, theme="auto")
    return Response(html, error.status, media_type="text/html")
