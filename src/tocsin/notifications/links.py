"""The links in a page that acknowledge or resolve without signing in. core:N45.

1. A link names one incident, one person, one action and the send it went out with, and is signed.
2. It lives 14 days. Opening it shows a question; only the answer's POST acts, so a mail scanner's GET changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from tocsin.core.signing import BadToken, Signer

Action = Literal["acknowledge", "resolve"]

LINK_LIFE: Final = timedelta(days=14)
PURPOSE: Final = "answer"


@dataclass(frozen=True, slots=True)
class Answer:
    incident_id: str
    user_id: str
    action: Action
    send_id: str


def answer_url(
    signer: Signer, public_url: str, incident_id: str, user_id: str, action: Action, send_id: str, now: datetime
) -> str:
    """The address that asks this person to confirm this action on this incident."""
    payload = {"i": incident_id, "u": user_id, "a": action, "s": send_id}
    token = signer.sign(PURPOSE, payload, now, LINK_LIFE)
    return f"{public_url.rstrip('/')}/app/answer/{token}"


def read_answer(signer: Signer, token: str, now: datetime) -> Answer:
    """What the link's token says, else `BadToken`."""
    payload = signer.verify(PURPOSE, token, now)
    if set(payload) != {"i", "u", "a", "s"} or payload["a"] not in ("acknowledge", "resolve"):
        raise BadToken("malformed")
    return Answer(incident_id=payload["i"], user_id=payload["u"], action=payload["a"], send_id=payload["s"])
