"""One letter through one SMTP connection, and what its end means.

1. Up to the letter's last byte nothing has been accepted: a refusal, a lost line or a time-out is `Failed`. After it,
   a lost line or a time-out is `Unknown`: the server may have taken the letter. SPINE 3.
2. Permanent is only a 5xx that speaks of this recipient or this letter (RCPT, DATA). A 5xx at connect, AUTH or MAIL
   FROM, and one at RCPT or DATA that speaks of us (authentication, sender, relaying, policy), is a misconfigured
   relay: it delays a page and never loses it.
3. The reply of the server is the receipt and the reason, on one line.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import aiosmtplib
from aiosmtplib.protocol import normalize_message_line_endings

from tocsin.notifications.channels.email.plain import cut, line
from tocsin.notifications.model import Failed, Outcome, Sent, Unknown

LONGEST_WHY: Final = 300
LOST: Final = (aiosmtplib.SMTPServerDisconnected, ConnectionError)
TROUBLE: Final = (aiosmtplib.SMTPException, OSError)  # time-outs and TLS errors are OSErrors
OF_THE_RELAY: Final = frozenset({500, 502, 503, 504, 521, 530, 534, 535, 538})
OF_THE_LETTER: Final = ("5.1.", "5.2.", "5.6.")
OF_THE_SENDER: Final = ("5.1.7", "5.1.8")


class Step(StrEnum):
    CONNECT = "connect"
    MAIL = "MAIL FROM"
    RCPT = "RCPT TO"
    DATA = "DATA"
    LETTER = "the letter"


@dataclass(frozen=True, slots=True)
class Envelope:
    """`raw` is the whole letter; `beyond_ascii` tells that an address needs SMTPUTF8."""

    sender: str
    recipient: str
    raw: bytes
    beyond_ascii: bool = False


@dataclass(slots=True)
class Progress:
    """How far the conversation got; it outlives the exception or the cancellation that ends it."""

    step: Step = Step.CONNECT


async def hand_over(client: aiosmtplib.SMTP, envelope: Envelope, progress: Progress) -> Sent:
    """The whole transaction on an open connection; raises what the library raises, with `progress` telling where."""
    progress.step = Step.MAIL
    encoding, options = "ascii", []
    if envelope.beyond_ascii:
        if not client.supports_extension("smtputf8"):
            raise aiosmtplib.SMTPNotSupported("the server takes no address beyond ASCII (SMTPUTF8)")
        encoding, options = "utf-8", ["SMTPUTF8"]
    await client.mail(envelope.sender, options=options, encoding=encoding)
    progress.step = Step.RCPT
    await client.rcpt(envelope.recipient, encoding=encoding)
    progress.step = Step.DATA
    reply = await client.execute_command(b"DATA")
    if reply.code != 354:
        raise aiosmtplib.SMTPDataError(reply.code, reply.message)
    reply = await _letter(client, envelope.raw, progress)
    if not 200 <= reply.code < 300:
        raise aiosmtplib.SMTPDataError(reply.code, reply.message)
    return Sent(receipt=say(f"{reply.code} {reply.message}"))


async def _letter(client: aiosmtplib.SMTP, raw: bytes, progress: Progress) -> aiosmtplib.SMTPResponse:
    """Writes the letter and its final dot. The library's own `data()` cannot tell a time-out before from one after."""
    protocol = client.protocol
    if protocol is None:
        raise aiosmtplib.SMTPServerDisconnected("connection lost")
    dotted = normalize_message_line_endings(raw).replace(b"\r\n.", b"\r\n..")
    if dotted.startswith(b"."):
        dotted = b"." + dotted
    progress.step = Step.LETTER
    protocol.write(dotted + b".\r\n")
    return await protocol.read_response(timeout=client.timeout)


def meaning(error: BaseException, step: Step, server: str) -> Failed | Unknown:
    """What an exception of the conversation says about the letter (rules 1 and 2)."""
    why = f"{server}, {step}: {reason(error)}"
    code = getattr(error, "code", -1) if isinstance(error, aiosmtplib.SMTPResponseException) else -1
    if code < 200:
        return Unknown(why) if step is Step.LETTER else Failed(permanent=False, why=why)
    spoken_of = step in (Step.RCPT, Step.DATA, Step.LETTER) and _of_the_letter(code, str(getattr(error, "message", "")))
    return Failed(permanent=spoken_of, why=why)


def _of_the_letter(code: int, text: str) -> bool:
    if code < 500 or code in OF_THE_RELAY:
        return False
    enhanced = text.split(maxsplit=1)[0] if text else ""
    if not enhanced.startswith("5.") or enhanced.count(".") != 2:
        return True
    return enhanced.startswith(OF_THE_LETTER) and not enhanced.startswith(OF_THE_SENDER)


def lost_line(outcome: Outcome, error: BaseException) -> bool:
    """Whether the server closed the connection, perhaps while it lay idle, before it had a letter."""
    goodbye = isinstance(error, aiosmtplib.SMTPResponseException) and error.code == 421
    return isinstance(outcome, Failed) and (goodbye or isinstance(error, LOST))


def reason(error: BaseException) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException) and error.code > 0:
        return say(f"{error.code} {error.message}")
    if isinstance(error, TimeoutError):
        return say(str(error)) or "no answer in time"
    return say(str(error)) or type(error).__name__


def say(text: str) -> str:
    return cut(line(text), LONGEST_WHY)
