"""The paths that apps call without a page: tokens, revocation, metadata, keys (core:O1, core:O6, RFC 8414, 7009).

1. The same paths on every Host (CONTRACT): nothing here depends on `identity.*`.
2. A body is form-encoded, at most `MOST_BYTES`; anything else is `invalid_request`, in the protocol's own error form.
3. No answer with a token may be kept by a cache.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import structlog
from anyio import CapacityLimiter, to_thread
from authlib.oauth2.rfc6749.errors import InvalidRequestError, OAuth2Error
from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tocsin.core.db import Database, Tx
from tocsin.core.errors import TocsinError
from tocsin.core.settings import Settings
from tocsin.oauth.commands import signing
from tocsin.oauth.model import CLASSIC_SCOPES, OPENID, SCOPES
from tocsin.oauth.server import Answer, Asked, Server, Values
from tocsin.rest import address

MOST_BYTES, MOST_FIELDS, THREADS = 64 * 1024, 100, 8
TOKEN, REVOKE = "/oauth/token", "/oauth/revoke"
AUTHORIZE = "/oauth/authorize"
JWKS = "/global/oauth/anonymous/jwks"
METADATA = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
_STANDING = {"cache-control": "no-store", "pragma": "no-cache", "x-content-type-options": "nosniff"}
log = structlog.get_logger("tocsin.oauth")


class Unavailable(OAuth2Error):  # type: ignore[misc]
    """We cannot answer now; the same request may be repeated."""

    error = "temporarily_unavailable"
    status_code = 503


class OAuthDoor:
    """These paths as an ASGI application."""

    def __init__(self, database: Database, settings: Settings):
        self._database = database
        self._proxies = address.proxies(settings.trusted_proxies)
        self._fallback = settings.base_url
        self._threads: CapacityLimiter | None = None
        routes = [
            Route(TOKEN, self._token, methods=["POST"]),
            Route(REVOKE, self._revoke, methods=["POST"]),
            Route(JWKS, self._jwks, methods=["GET"]),
            *(Route(path, self._metadata, methods=["GET"]) for path in METADATA),
        ]
        self._app = Starlette(routes=routes)
        self._app.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        await self._app(scope, receive, send)

    def serves(self, path: str) -> bool:
        """Whether a path is one of these."""
        return path in (TOKEN, REVOKE, JWKS, *METADATA)

    async def _token(self, request: Request) -> Response:
        return await self._protocol(request, Server.token)

    async def _revoke(self, request: Request) -> Response:
        return await self._protocol(request, Server.revoke)

    async def _protocol(self, request: Request, run: Callable[[Server, Asked], Answer]) -> Response:
        try:
            asked = Asked("POST", await _form(request), request.headers.get("authorization"))
            base = self._base(request)
            return _response(await self._in_thread(lambda tx: run(Server(tx, base), asked)))
        except OAuth2Error as error:
            return _response(Answer(*error()))

    async def _jwks(self, request: Request) -> Response:
        try:
            return JSONResponse(await self._in_thread(signing.public_keys), headers={"cache-control": "max-age=300"})
        except OAuth2Error as error:
            return _response(Answer(*error()))

    async def _metadata(self, request: Request) -> Response:
        return JSONResponse(metadata(self._base(request)))

    def _base(self, request: Request) -> str:
        headers = {name.lower(): value for name, value in request.headers.items()}
        peer = request.client.host if request.client else None
        return address.base(request.url.scheme, peer, headers, self._proxies, self._fallback)

    async def _in_thread(self, work: Callable[[Tx], Any]) -> Any:
        self._threads = self._threads or CapacityLimiter(THREADS)
        return await to_thread.run_sync(self._run, work, limiter=self._threads)

    def _run(self, work: Callable[[Tx], Any]) -> Any:
        try:
            return self._database.run(work)
        except DBAPIError as error:
            log.error("no answer from the database", why=str(error.orig).splitlines()[0])
            raise Unavailable("The database does not answer") from None
        except TocsinError as error:
            log.error("an OAuth request failed", why=str(error))
            raise Unavailable("This server cannot answer now; its log says why") from None


async def _form(request: Request) -> Values:
    if not request.headers.get("content-type", "").lower().startswith("application/x-www-form-urlencoded"):
        raise InvalidRequestError("The body must be form-encoded (application/x-www-form-urlencoded)")
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES:
            raise InvalidRequestError("The body is too large")
    try:
        values = parse_qs(
            b"".join(parts).decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError:
        raise InvalidRequestError("The body is not form-encoded text") from None
    if any("\0" in text for name, given in values.items() for text in (name, *given)):
        raise InvalidRequestError("The body contains a NUL character")
    return values


def _response(answer: Answer) -> Response:
    headers = {name.lower(): value for name, value in answer.headers if name.lower() != "content-type"}
    return JSONResponse(answer.body, answer.status, headers | _STANDING)


def metadata(base: str) -> dict[str, Any]:
    """What a client can find out by itself (RFC 8414, OpenID Connect Discovery)."""
    methods = ["client_secret_basic", "client_secret_post", "none"]
    return {
        "issuer": base,
        "authorization_endpoint": base + AUTHORIZE,
        "token_endpoint": base + TOKEN,
        "revocation_endpoint": base + REVOKE,
        "jwks_uri": base + JWKS,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": [OPENID, *CLASSIC_SCOPES, *SCOPES],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [signing.ALGORITHM],
        "claims_supported": [
            "iss", "sub", "aud", "azp", "iat", "exp", "nonce", "account_id", "user_id", "subdomain", "region",
            "delegation_id",
        ],
    }  # fmt: skip
