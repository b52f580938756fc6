"""The errors that commands raise, rendered in one place (`rest/errors.py`).

Each carries the wire's own error object (core:I130-I134): a message, a code of core:I132 and the list of everything
that is wrong. Logic returns a `Refused` value instead; commands turn it into one of these.
"""

from collections.abc import Sequence


class TocsinError(Exception):
    """A request that is refused: `status` is HTTP's, `code` PagerDuty's, `errors` every problem found."""

    status = 500
    code = 2000
    message = "Internal Server Error"

    def __init__(self, errors: Sequence[str] | str = (), *, code: int | None = None, message: str | None = None):
        self.errors: list[str] = [errors] if isinstance(errors, str) else list(errors)
        self.also: dict[str, str] = {}  # further members that one client or other looks for
        self.code = self.code if code is None else code
        self.message = self.message if message is None else message
        super().__init__("; ".join([self.message, *self.errors]))


class Invalid(TocsinError):
    """What was asked makes no sense (400); nothing has changed."""

    status, code, message = 400, 2001, "Invalid Input Provided"


class Unauthenticated(TocsinError):
    """No key, or one that is malformed, unknown, revoked or expired (401)."""

    status, code, message = 401, 2006, "Authentication failed"


class Forbidden(TocsinError):
    """The key or the person may not do this (403)."""

    status, code, message = 403, 2010, "Access Denied"


class NotFound(TocsinError):
    """No such thing, or none that the caller may know of (404)."""

    status, code, message = 404, 2100, "Not Found"


class Conflict(TocsinError):
    """The thing is in a state that does not allow this (409, or 405 and 422 where the wire says so)."""

    status, code, message = 409, 2001, "Conflict"

    def __init__(self, errors: Sequence[str] | str = (), *, status: int = 409, **wire: int | str | None):
        super().__init__(errors, **wire)  # type: ignore[arg-type]
        self.status = status


class TooLarge(TocsinError):
    """Too many items or too many bytes (413)."""

    status, code, message = 413, 2001, "Request Entity Too Large"


class RateLimited(TocsinError):
    """Too many requests in this window (429); always sent with the headers that say when to come back."""

    status, code, message = 429, 2020, "Rate Limit Exceeded"


class NotBuilt(TocsinError):
    """An operation of the wire that Tocsin does not serve yet (501)."""

    status, code, message = 501, 2015, "Not Implemented"


class Unavailable(TocsinError):
    """A part that this needs is away (503); the same request may be repeated."""

    status, code, message = 503, 2000, "Service Unavailable"
