"""What an answer means, and when to try again (core:H7, core:H8, core:G-21).

1. 2xx is success. 429, 5xx and whatever went wrong on the way are worth another try; anything else is dropped: other
   4xx, redirects (never followed), TLS that fails for another reason than an expired certificate.
2. 5 s, 15 s, 1 min, 5 min, 15 min, 30 min, then every hour, each ±20 %, until 48 hours after the first try.
3. Three dropped in a row switch the receiver off for a day.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from ssl import SSLCertVerificationError, SSLError

from tocsin.webhooks.model import Answer, Delivered, Dropped, Outcome, Retry

WAITS = (5, 15, 60, 300, 900, 1800)
HOUR = 3600
JITTER = 0.2
LONGEST = timedelta(hours=48)
MOST_DROPPED = 3
OFF_FOR = timedelta(hours=24)
_EXPIRED = 10  # OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED


def retry_at(attempt: int, first: datetime, now: datetime, dice: float, told: float | None = None) -> datetime | None:
    """When to try again after `attempt` tries; None: never. `dice`: 0…1; `told`: seconds it asked for."""
    wait = WAITS[attempt - 1] if attempt <= len(WAITS) else HOUR
    seconds = max(wait * (1 + JITTER * (2 * dice - 1)), min(told or 0, HOUR))
    at = now + timedelta(seconds=seconds)
    return at if at < first + LONGEST else None


def judged(answer: Answer, after: float | None = None) -> Outcome:
    """What an answer's status means."""
    status = answer.status or 0
    if 200 <= status < 300:
        return Delivered(answer)
    if status == 429 or status >= 500:
        return Retry(f"It answered {status}", answer, after)
    if 300 <= status < 400:
        return Dropped(f"It answered {status}: redirects are not followed; subscribe the address it leads to", answer)
    return Dropped(f"It answered {status}", answer)


def tls_fault(error: BaseException) -> Outcome | None:
    """What a failure of TLS in the causes of this error means; None where TLS is not to blame."""
    for cause in _causes(error):
        if isinstance(cause, SSLCertVerificationError):
            if cause.verify_code == _EXPIRED:
                return Retry("Its certificate has expired")
            return Dropped(f"Its certificate is not to be trusted: {cause.verify_message}")
        if isinstance(cause, SSLError) and not isinstance(cause, TimeoutError):
            return Dropped(f"TLS failed: {cause.reason or 'handshake'}")
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
