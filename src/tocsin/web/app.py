"""The table of pages, and the application made of it.

`main.py` mounts it: everything under `/app` goes to `build(...)`, with the path left as it is.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from tocsin.accounts.commands.arriving import Uses
from tocsin.accounts.oidc.discovery import directory
from tocsin.core.db import Database
from tocsin.core.errors import Conflict, NotFound, TocsinError
from tocsin.core.settings import Settings
from tocsin.core.signing import Signer
from tocsin.rest.address import proxies
from tocsin.rest.call import Facts
from tocsin.rest.rights import Standings
from tocsin.web import devices, sign_on, words
from tocsin.web.live import Live
from tocsin.web.pages import (
    account,
    addons,
    answers,
    apps,
    audit,
    business_services,
    connect,
    consent,
    custom_fields,
    extensions,
    incident,
    incident_types,
    incidents,
    keys,
    mailbox,
    maintenance,
    me,
    oncall,
    password_link,
    people,
    priorities,
    responders,
    second_step,
    security,
    services,
    sign_in,
    sign_in_settings,
    status_templates,
    tags,
    teams,
    things,
    updates,
    webhooks,
)
from tocsin.web.security import SafeHeaders
from tocsin.web.serving import THREADS, Page, Threads, blank, endpoint
from tocsin.web.site import Site
from tocsin.web.stream import stream

STATIC = Path(__file__).parent / "static"
A_YEAR = "public, max-age=31536000, immutable"

PAGES: tuple[Page, ...] = (
    *sign_in.PAGES, *incidents.PAGES, *incident.PAGES, *answers.PAGES, *oncall.PAGES, *mailbox.PAGES, *services.PAGES,
    *maintenance.PAGES,
    *things.PAGES, *audit.PAGES, *people.PAGES, *teams.PAGES, *security.PAGES, *keys.PAGES, *account.PAGES,
    *second_step.PAGES, *password_link.PAGES, *sign_in_settings.PAGES, *incident_types.PAGES, *custom_fields.PAGES,
    *business_services.PAGES, *priorities.PAGES, *tags.PAGES, *addons.PAGES,
    *responders.PAGES, *updates.PAGES, *status_templates.PAGES,
    *me.PAGES,
    *webhooks.PAGES, *extensions.PAGES,
)  # fmt: skip
OAUTH_PAGES: tuple[Page, ...] = (*consent.PAGES, *apps.PAGES, *connect.PAGES)


def pages_of(settings: Settings) -> tuple[Page, ...]:
    """The pages that these settings leave on."""
    return PAGES + OAUTH_PAGES if settings.oauth else PAGES


class WebApp:
    """The pages as an ASGI application; `close()` ends live connections so that a server can stop."""

    def __init__(self, site: Site, app: Starlette, live: Live):
        self.site = site
        self._app = app
        self._live = live
        self._outside = {"/", "/app", *(page.path for page in pages_of(site.settings))}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; paths are those seen from outside, `/` and `/app…`."""
        await self._app(scope, receive, send)

    def serves(self, path: str) -> bool:
        """Whether a path is one of the pages'."""
        return path in self._outside or path.startswith("/app/")

    def close(self) -> None:
        """End all live connections and the thread behind them."""
        self._live.close()


def build(
    database: Database, settings: Settings, signer: Signer, mail_folder: Path | None = None,
    standings: Standings | None = None, member_uses: Sequence[Uses] = (), facts: Mapping[str, Facts] | None = None,
) -> WebApp:  # fmt: skip
    """The pages. `mail_folder` is the built-in mail sink's, where letters lie when no mail server is set."""
    site = Site(
        database, settings, signer, mail_folder, _templates(), proxies(settings.trusted_proxies), standings or {},
        directory(settings.outbound_allow), lambda conn, id: [why for use in member_uses for why in use(conn, id)],
        facts or {},
    )  # fmt: skip
    live = Live(database.url)
    app = Starlette(
        routes=[
            *_routes(site),
            *sign_on.routes(site),
            Route("/app/live", stream(site, live), methods=["GET"]),
            _static(),
        ],
        middleware=[Middleware(SafeHeaders)],
        exception_handlers={HTTPException: _unknown(site)},
    )
    app.router.redirect_slashes = False
    return WebApp(site, app, live)


def _routes(site: Site) -> list[BaseRoute]:
    threads = Threads(THREADS)

    async def home(request: Request) -> Response:
        return RedirectResponse("/app", 307)

    by_path: dict[str, dict[str, Page]] = {}
    for page in pages_of(site.settings):
        by_path.setdefault(page.path, {})[page.method] = page
    rows: list[BaseRoute] = [Route("/", home, methods=["GET"])]
    for path, pages in by_path.items():
        for method, page in pages.items():
            rows.append(Route(path, endpoint(site, page, threads), methods=[method]))
    return [*rows, *sign_on.routes(site)]


def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("tocsin.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals |= {"asset": _asset, "has": _has, "words": words, "devices": devices}
    return templates


@cache
def _asset(name: str) -> str:
    """The address of a file of ours, named by its content so that it may be kept for ever."""
    return f"/app/static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


@cache
def _has(name: str) -> bool:
    """Whether a built asset is there; pages work without."""
    return (STATIC / name).exists()


class KeptFiles(StaticFiles):
    """Files of ours; those asked for by their content's name may be kept for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            response.headers["cache-control"] = A_YEAR if b"v=" in scope["query_string"] else "no-cache"
        return response


def _static() -> Mount:
    return Mount("/app/static", GZipMiddleware(KeptFiles(directory=STATIC), minimum_size=1024))


def _unknown(site: Site) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        shown: TocsinError = NotFound("There is no such page")
        if error.status_code == 405:
            shown = Conflict("This page cannot be asked for in that way", status=405, message="Method Not Allowed")
        response = blank(site, shown)
        response.headers.update(error.headers or {})
        return response

    return answer
