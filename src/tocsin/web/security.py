"""What keeps the pages safe in a browser.

1. Scripts come from our own folder alone; nothing inline, no eval, no frames around us, no remote images.
2. Every POST carries the session's CSRF token (form field, or header); a request that says it comes from elsewhere is
   refused besides. Pages without a session (sign-in) compare a cookie with a field.
3. Over https, cookies that scripts cannot read are named `__Host-` (or `__Secure-` below a path of their own), so that
   no other host of the same domain can set them for us; without that name they do not count there. Pages know them by
   their plain names.
4. A redirect after signing in leads to our own pages and nowhere else.
"""

import hmac
import re
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# A letter as it was sent: its own styles, no script, no forms, nothing loaded; links open outside of the frame.
LETTER_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
PERMISSIONS: Final = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), "
    "midi=(), payment=(), publickey-credentials-get=(self), screen-wake-lock=(self), usb=()"
)
HOST, SECURE = "__Host-", "__Secure-"
HARMLESS: Final = ("tocsin_zone", "tocsin_theme")  # looks alone; a script of ours sets the first
HOME: Final = "/app"
LONGEST: Final = 8000  # an app may ask for every scope there is, by name
# Inside our own pages, printable, and nothing that a browser could read as another host.
_LOCAL: Final = re.compile(
    r"(?:/oauth/authorize|/install/integration|/app)(?:/[A-Za-z0-9_./~-]*)?(?:\?[A-Za-z0-9_=&.,~%+-]*)?(?:#[A-Za-z0-9_-]*)?"
)


def sending_on_to(origin: str) -> str:
    """The policy of a page whose form leads on to another site: browsers hold redirects against it as well."""
    return POLICY.replace("form-action 'self'", f"form-action 'self' {origin}")


def local_path(given: str | None) -> str:
    """Where to go after signing in: `given` if it is one of our own pages, else the first one."""
    if not given or len(given) > LONGEST or not _LOCAL.fullmatch(given) or "//" in given or "/.." in given:
        return HOME
    return HOME if given.startswith(("/app/sign-", "/app/live")) else given


def same(expected: str, given: str | None) -> bool:
    """Whether two secrets are equal, in constant time; an empty one equals nothing."""
    return bool(expected and given) and hmac.compare_digest(expected.encode(), (given or "").encode())


def ours(cookies: Mapping[str, str], secure: bool) -> dict[str, str]:
    """The cookies by their plain names; over https only those that a browser vouches for, and the harmless ones."""
    if not secure:
        return dict(cookies)
    found = {name: value for name, value in cookies.items() if name in HARMLESS}
    for name, value in cookies.items():
        for prefix in (SECURE, HOST):
            if name.startswith(prefix):
                found[name.removeprefix(prefix)] = value
    return found


def vouched(cookie: str) -> str:
    """A Set-Cookie header under the name that rule 3 asks for."""
    name, _, rest = cookie.partition("=")
    words = {part.strip().lower() for part in rest.split(";")[1:]}
    if name.startswith("__") or not {"secure", "httponly"} <= words:
        return cookie
    return f"{HOST if 'path=/' in words else SECURE}{cookie}"


def from_elsewhere(headers: dict[str, str], base_url: str) -> bool:
    """Whether a browser says that another site made this request."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and origin != base_url


class SafeHeaders:
    """Puts the standing headers on every answer that does not bring its own."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add(MutableHeaders(scope=message))
            await send(message)

        await self.app(scope, receive, sending)


def _add(headers: MutableHeaders) -> None:
    if cookies := headers.getlist("set-cookie"):
        del headers["set-cookie"]
        for cookie in cookies:
            headers.append("set-cookie", vouched(cookie))
    headers.setdefault("permissions-policy", PERMISSIONS)
    headers.setdefault("content-security-policy", POLICY)
    headers.setdefault("x-content-type-options", "nosniff")
    headers.setdefault("referrer-policy", "same-origin")
    headers.setdefault("cross-origin-opener-policy", "same-origin")
    headers.setdefault("cross-origin-resource-policy", "same-origin")
    headers.setdefault("cache-control", "no-store")
    if "frame-ancestors 'none'" in headers["content-security-policy"]:
        headers.setdefault("x-frame-options", "DENY")
