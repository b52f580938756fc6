"""The e-mail channel: letters over SMTP, with one connection kept for the next page.

1. At most two letters are on their way at a time; one idle connection is kept, for a minute at most.
2. A kept connection is asked (NOOP) before it is used after a pause. If the server closed it all the same, the letter
   goes over a new one, once, and only if it had not been handed in.
3. Connecting may take 10 s, each answer 30 s, a whole letter 90 s. These use the real clock (SPINE 5).
4. `health()` tells whether the relay works. A refused recipient says nothing about the relay.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Final

import aiosmtplib

from tocsin.notifications.channels.email.compose import compose
from tocsin.notifications.channels.email.dialogue import (
    TROUBLE,
    Envelope,
    Progress,
    Step,
    hand_over,
    lost_line,
    meaning,
    say,
)
from tocsin.notifications.channels.email.headers import BadAddress
from tocsin.notifications.channels.email.smtp_url import SmtpServer
from tocsin.notifications.model import Failed, Message, Outcome, Sent

AT_ONCE: Final = 2


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: to connect, for each answer, for a whole letter, until an idle connection is asked, is dropped."""

    connect: float = 10
    command: float = 30
    letter: float = 90
    ask_after: float = 10
    idle: float = 60


@dataclass(frozen=True, slots=True)
class Health:
    """What the relay did lately; `why` is the reason of the last failure."""

    last_success: datetime | None = None
    last_failure: datetime | None = None
    why: str = ""
    failures_in_a_row: int = 0

    def after(self, outcome: Outcome, now: datetime) -> "Health":
        if isinstance(outcome, Sent):
            return Health(now, self.last_failure, self.why, 0)
        if isinstance(outcome, Failed) and outcome.permanent:
            return self
        return Health(self.last_success, now, outcome.why, self.failures_in_a_row + 1)


@dataclass(slots=True)
class Line:
    """An open connection that has served a letter, and when (loop time)."""

    client: aiosmtplib.SMTP
    used_at: float


class SmtpChannel:
    """Sends messages as letters from `sender` through `server`. Belongs to the event loop that first uses it."""

    def __init__(
        self,
        server: SmtpServer,
        sender: str,
        clock: Callable[[], datetime],
        *,
        patience: Patience | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server
        self._sender = sender
        self._clock = clock
        self._patience = patience or Patience()
        self._tls = tls
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._idle: Line | None = None
        self._health = Health()

    def health(self) -> Health:
        return self._health

    async def send(self, message: Message) -> Outcome:
        try:
            envelope = sealed(compose(message, self._sender, self._clock()))
        except BadAddress as bad:
            return Failed(permanent=True, why=str(bad))
        async with self._slots:
            outcome = await self._try_twice(envelope)
        self._health = self._health.after(outcome, self._clock())
        return outcome

    async def check(self) -> str:
        """Why the relay does not let us in, or nothing if it does; no letter is sent."""
        try:
            client = await self._connect()
        except TROUBLE as error:
            return meaning(error, Step.CONNECT, self._server.name).why
        await self._hang_up(Line(client, 0))
        return ""

    async def close(self) -> None:
        """Says goodbye on the kept connection."""
        if self._idle is not None:
            line, self._idle = self._idle, None
            await self._hang_up(line)

    async def _try_twice(self, envelope: Envelope) -> Outcome:
        line = await self._kept_line()
        if line is not None:
            outcome, closed = await self._try_once(envelope, line)
            if not closed:
                return outcome
        return (await self._try_once(envelope, None))[0]

    async def _try_once(self, envelope: Envelope, line: Line | None) -> tuple[Outcome, bool]:
        """The outcome, and whether the server had closed the line before it had the letter."""
        progress, client = Progress(), line.client if line else None
        try:
            async with asyncio.timeout(self._patience.letter):
                client = client or await self._connect()
                sent = await hand_over(client, envelope, progress)
        except TROUBLE as error:
            _drop(client)
            outcome = meaning(error, progress.step, self._server.name)
            return outcome, lost_line(outcome, error)
        except BaseException:
            _drop(client)
            raise
        await self._keep(client)
        return sent, False

    async def _kept_line(self) -> Line | None:
        line, self._idle = self._idle, None
        if line is None:
            return None
        quiet = asyncio.get_running_loop().time() - line.used_at
        if not line.client.is_connected or quiet > self._patience.idle:
            await self._hang_up(line)
            return None
        if quiet >= self._patience.ask_after and not await self._answers(line):
            return None
        return line

    async def _answers(self, line: Line) -> bool:
        try:
            await line.client.noop(timeout=min(5, self._patience.command))
        except TROUBLE:
            _drop(line.client)
            return False
        return True

    async def _keep(self, client: aiosmtplib.SMTP) -> None:
        line = Line(client, asyncio.get_running_loop().time())
        if self._idle is None and client.is_connected:
            self._idle = line
        else:
            await self._hang_up(line)

    async def _hang_up(self, line: Line) -> None:
        try:
            await line.client.quit(timeout=min(2, self._patience.command))
        except TROUBLE:
            _drop(line.client)

    async def _connect(self) -> aiosmtplib.SMTP:
        client = self._client()
        await client.connect(timeout=self._patience.connect, use_tls=self._server.security == "tls", start_tls=False)
        try:
            await self._secure(client)
            await self._sign_in(client)
        except BaseException:
            _drop(client)
            raise
        return client

    def _client(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            local_hostname=greeting_name(),
            timeout=self._patience.command,
            tls_context=self._tls if self._server.security != "auto" else None,
            validate_certs=self._server.security != "auto",
        )

    async def _secure(self, client: aiosmtplib.SMTP) -> None:
        await client.ehlo()
        offered = client.supports_extension("starttls")
        if self._server.security == "required" and not offered:
            raise aiosmtplib.SMTPNotSupported(
                "the server offers no STARTTLS; ?starttls=off in TOCSIN_SMTP_URL goes without"
            )
        if self._server.security == "required" or (self._server.security == "auto" and offered):
            await client.starttls()
            await client.ehlo()

    async def _sign_in(self, client: aiosmtplib.SMTP) -> None:
        if not self._server.user:
            return
        clear = client.get_transport_info("sslcontext") is None
        if clear and not self._server.local and self._server.security != "off":
            raise aiosmtplib.SMTPNotSupported("the password would travel in the clear; the server offers no STARTTLS")
        try:
            await client.login(self._server.user.encode(), self._server.password.encode())
        except aiosmtplib.SMTPAuthenticationError as refused:
            raise aiosmtplib.SMTPAuthenticationError(refused.code, f"AUTH refused: {say(refused.message)}") from None


def _drop(client: aiosmtplib.SMTP | None) -> None:
    if client is not None:
        client.close()


def sealed(mail: EmailMessage) -> Envelope:
    """The letter as bytes, with the two addresses of its envelope."""
    sender, recipient = mail["From"].addresses[0].addr_spec, mail["To"].addresses[0].addr_spec
    beyond = not (sender + recipient).isascii()
    policy = mail.policy
    assert isinstance(policy, EmailPolicy)
    return Envelope(sender, recipient, mail.as_bytes(policy=policy.clone(utf8=True) if beyond else policy), beyond)


def greeting_name() -> str:
    """What we call ourselves in EHLO: the host's name, or the form for those who have none."""
    name = socket.gethostname()
    return name if name.isascii() and name.replace("-", "").replace(".", "").isalnum() else "[127.0.0.1]"
