"""Every failure as the wire's error object (core:I130-I134), rendered here and nowhere else.

1. `{"error": {"message", "code", "errors": […]}}`, `errors` always there.
2. A request that lost a race for a unique name, or that points at a thing just deleted, is 400, not 500.
3. A database that is away is 503; what nobody expected is 500 with the request id, its traceback in the log alone.
"""

from typing import Any

import msgspec
import structlog
from pydantic import ValidationError
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError, TimeoutError

from tocsin.core.errors import Invalid, TocsinError, Unavailable
from tocsin.rest.body import problems

log = structlog.get_logger()

_UNIQUE, _FOREIGN = "23505", "23503"


def document(error: TocsinError) -> dict[str, Any]:
    """The body of an error."""
    return {"error": {"message": error.message, "code": error.code, "errors": error.errors, **error.also}}


def known(error: Exception, request_id: str) -> TocsinError:
    """`error` as one that may be shown."""
    match error:
        case TocsinError():
            return error
        case ValidationError():
            return Invalid(problems(error))
        case IntegrityError():
            return _broken_rule(error)
        case DataError():
            log.warning(
                "a value went through the checks that the database refuses", request_id=request_id, exc_info=error
            )
            return Invalid("A value is out of range")
        case OperationalError() | InterfaceError() | TimeoutError():
            log.error("database unreachable", request_id=request_id, error=str(error).splitlines()[0])
            return Unavailable("The database is unreachable")
    log.error("unexpected error", request_id=request_id, exc_info=error)
    return TocsinError(f"Something went wrong; the request id is {request_id}")


def _broken_rule(error: IntegrityError) -> TocsinError:
    state = getattr(error.orig, "sqlstate", None)
    if state == _UNIQUE:
        return Invalid("Another request has just taken this name")
    if state == _FOREIGN:
        return Invalid("It refers to something that is in use or no longer exists")
    log.warning("a rule of the database was broken", exc_info=error)
    return Invalid("The request breaks a rule of the data")


def encoded(error: TocsinError) -> bytes:
    """The body of an error as JSON text."""
    return msgspec.json.encode(document(error))
