"""The cookie that makes a browser a person's own: it exempts them from what strangers do to their e-mail (guessing, 3).

1. It is signed, names one person, carries a mark of its own and lives 180 days. It opens nothing by itself.
2. It names the password of its day: after a change of password every browser has to prove itself again.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from tocsin.core.signing import BadToken, Signer

LIFE: Final = timedelta(days=180)
PURPOSE: Final = "device"


@dataclass(frozen=True, slots=True)
class Device:
    """A browser that proved itself: `mark` counts its failures, `epoch` is the password's."""

    user_id: str
    mark: str
    epoch: str

    def is_of(self, user: Any) -> bool:
        """Whether this is the browser of this person (a row of users) with the password of now."""
        return user is not None and self.user_id == user.id and self.epoch == epoch_of(user)


def epoch_of(user: Any) -> str:
    """A short name of a person's password, which tells nothing of it."""
    return hashlib.sha256(f"epoch {user.password_hash}".encode()).hexdigest()[:12]


def made(signer: Signer, user: Any, now: datetime, mark: str | None = None) -> str:
    """The cookie's value for this person's browser; `mark` when it has one."""
    return signer.sign(PURPOSE, {"u": user.id, "m": mark or secrets.token_hex(8), "p": epoch_of(user)}, now, LIFE)


def read(signer: Signer, cookie: str, now: datetime) -> Device | None:
    """Whose browser it says it is; None for anything that we did not sign."""
    try:
        found = signer.verify(PURPOSE, cookie, now)
    except BadToken:
        return None
    return Device(found["u"], found["m"], found["p"])
