"""Getting an access token with a receiver's client credentials (core:H11; RFC 6749, 4.4).

Servers differ in where they want the credentials: first in the form, then as HTTP Basic. What a server says in full is
never shown: it may repeat what it was sent.
"""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote_plus

import httpx2
import msgspec

from tocsin.core.outbound import Limits, Outbound, Refused
from tocsin.webhooks.model import Credentials, Token

LIMITS: Final = Limits(connect=5.0, read=5.0, total=5.0, most_bytes=64 * 1024)
_SHORTEST, _LONGEST, _MARGIN = 30, 86_400, 30
Request = tuple[dict[str, str], dict[str, str]]


class NoToken(Exception):
    """The token endpoint gave none: one line that says why. `refused`: it said no, rather than being away."""

    def __init__(self, why: str, refused: bool):
        super().__init__(why)
        self.refused = refused


def fetch(outbound: Outbound, one: Credentials) -> Token:
    """A new token, for code in threads."""
    with outbound.client(LIMITS) as client:
        answer = None
        for headers, form in _requests(one):
            with _told(one.token_url):
                answer = client.post(one.token_url, headers=headers, data=form)
            if answer.status_code not in (400, 401):
                break
        return _token(answer)


async def fetch_async(client: httpx2.AsyncClient, one: Credentials) -> Token:
    """The same on an event loop, with a guarded client."""
    answer = None
    for headers, form in _requests(one):
        with _told(one.token_url):
            answer = await client.post(one.token_url, headers=headers, data=form)
        if answer.status_code not in (400, 401):
            break
    return _token(answer)


def _requests(one: Credentials) -> Iterator[Request]:
    form = {"grant_type": "client_credentials"} | ({"scope": one.scope} if one.scope else {})
    accept = {"accept": "application/json"}
    yield accept, form | {"client_id": one.client_id, "client_secret": one.client_secret}
    pair = f"{quote_plus(one.client_id)}:{quote_plus(one.client_secret)}".encode()
    yield accept | {"authorization": f"Basic {base64.b64encode(pair).decode()}"}, form


@contextmanager
def _told(url: str) -> Iterator[None]:
    """Trouble on the way as `NoToken`."""
    try:
        yield
    except Refused as error:
        raise NoToken(f"{url[:200]}: {error}", True) from None
    except httpx2.HTTPError:
        raise NoToken(f"{url[:200]} cannot be reached", False) from None


def _token(answer: httpx2.Response | None) -> Token:
    assert answer is not None
    if answer.status_code != 200:
        refused = 300 <= answer.status_code < 500 and answer.status_code != 429
        raise NoToken(f"The token endpoint answered {answer.status_code}", refused)
    try:
        said = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeError):
        raise NoToken("The token endpoint answered something else than JSON", True) from None
    value = said.get("access_token") if isinstance(said, Mapping) else None
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not 0 < len(value) <= 16_384:
        raise NoToken("The token endpoint gave no access_token", True)
    return Token(value, _seconds(said.get("expires_in")))


def _seconds(given: Any) -> int:
    try:
        lives = int(given) if given is not None else 3600
    except (TypeError, ValueError, OverflowError):
        lives = 3600
    return max(_SHORTEST, min(lives, _LONGEST) - _MARGIN)
