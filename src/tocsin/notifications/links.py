"""The links in a page that answer without signing in: acknowledge, resolve, join, decline. core:N45.

1. A link names one incident, one person, one action and the send it went out with, and is signed. One that joins or
   declines names the call for help besides.
2. It lives 14 days. Opening it shows a question; only the answer's POST acts, so a mail scanner's GET changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from tocsin.core.signing import BadToken, Signer

Action = Literal["acknowledge", "resolve", "join", "decline"]

LINK_LIFE: Final = timedelta(days=14)
PURPOSE: Final = "answer"


@dataclass(frozen=True, slots=True)
class Answer:
    incident_id: str
    user_id: str
    action: Action
    send_id: str
    request_id: str = ""


def answer_url(
    signer: Signer, public_url: str, incident_id: str, user_id: str, action: Action, send_id: str, now: datetime,
    request_id: str = "",
) -> str:  # fmt: skip
    """The address that asks this person to confirm this action on this incident (join, decline: of this request)."""
    payload = {"i": incident_id, "u": user_id, "a": action, "s": send_id} | ({"r": request_id} if request_id else {})
    token = signer.sign(PURPOSE, payload, now, LINK_LIFE)
    return f"{public_url.rstrip('/')}/app/answer/{token}"


def read_answer(signer: Signer, token: str, now: datetime) -> Answer:
    """What the link's token says, else `BadToken`."""
    payload = signer.verify(PURPOSE, token, now)
    asked = {"r"} if payload.get("a") in ("join", "decline") else set()
    if set(payload) != {"i", "u", "a", "s"} | asked or payload["a"] not in get_args(Action):
        raise BadToken("malformed")
    return Answer(payload["i"], payload["u"], payload["a"], payload["s"], payload.get("r", ""))


ENOUGH: Final = "unsubscribe"
ENOUGH_LIFE: Final = timedelta(days=60)


def unsubscribe_url(signer: Signer, public_url: str, incident_id: str, user_id: str, now: datetime) -> str:
    """The address that ends the status updates of an incident for a person, without signing in."""
    token = signer.sign(ENOUGH, {"i": incident_id, "u": user_id}, now, ENOUGH_LIFE)
    return f"{public_url.rstrip('/')}/app/unsubscribe/{token}"


def read_unsubscribe(signer: Signer, token: str, now: datetime) -> tuple[str, str]:
    """(incident, person) of such a link, else `BadToken`."""
    payload = signer.verify(ENOUGH, token, now)
    if set(payload) != {"i", "u"}:
        raise BadToken("malformed")
    return payload["i"], payload["u"]
