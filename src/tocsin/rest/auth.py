"""The credentials of a request (core:K2) and the port that knows whose they are.

`Token token=<key>` (quotes allowed) or `Bearer <token>`; anything else is 401 with a hint at what is expected.
"""

import re
from collections.abc import Callable

from tocsin.core.actor import Actor
from tocsin.core.errors import Unauthenticated
from tocsin.rest.request import Request

Authenticate = Callable[[Request], Actor]

_FORMS = re.compile(r"(?:token\s+token=|bearer\s+)(\"?)([A-Za-z0-9_+./=~-]{1,1024})\1", re.IGNORECASE)
_HINT = "Send the header `Authorization: Token token=<your API key>` or `Authorization: Bearer <your token>`"


def secret_of(request: Request) -> str:
    """The key or token that a request brings; `Unauthenticated` says what is wrong with it."""
    given = request.header("authorization")
    if not given:
        raise Unauthenticated(["No credentials were sent", _HINT])
    form = _FORMS.fullmatch(given.strip())
    if not form:
        raise Unauthenticated(["The Authorization header is malformed", _HINT])
    return form.group(2)


def unknown() -> Unauthenticated:
    """What an unknown, revoked or expired key gets."""
    return Unauthenticated("The API key is unknown, revoked or expired")
