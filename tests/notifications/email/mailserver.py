"""A real SMTP server in its own thread, whose answers a test may choose."""

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tocsin.notifications.channels.email.smtp import Patience, SmtpChannel
from tocsin.notifications.channels.email.smtp_url import parse_smtp_url

DROP = "drop the connection"
QUICK = Patience(connect=0.5, command=0.5, letter=2, ask_after=10, idle=60)


@dataclass
class Script:
    """What the server answers (`DROP` closes the line), and what it saw. `pause` is in seconds, before each answer."""

    mail: str = ""
    rcpt: str = ""
    data: str = ""
    letter: str = ""
    pause: dict[str, float] = field(default_factory=dict)
    seen: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    verbs: list[str] = field(default_factory=list)
    at_once: int = 0
    busiest: int = 0
    sessions: list[SMTP] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)


class ScriptedSmtp(SMTP):
    """The server's own conversation, with the script's answers in place of its own."""

    script: Script

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if self not in self.script.sessions:
            self.script.sessions.append(self)

    async def _answer(self, verb: str, answer: str) -> bool:
        self.script.verbs.append(verb)
        await asyncio.sleep(self.script.pause.get(verb, 0))
        if answer == DROP:
            self.transport.abort()
        elif answer:
            await self.push(answer)
        return bool(answer)

    async def smtp_MAIL(self, arg: str) -> None:
        if not await self._answer("MAIL", self.script.mail):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str) -> None:
        if not await self._answer("RCPT", self.script.rcpt):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:
        if not await self._answer("DATA", self.script.data):
            await super().smtp_DATA(arg)

    async def smtp_NOOP(self, arg: str) -> None:
        await self._answer("NOOP", "")
        await super().smtp_NOOP(arg)


class Postbox:
    """The end of each letter; aiosmtpd calls the method by this name."""

    def __init__(self, script: Script) -> None:
        self.script = script

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        script = self.script
        script.at_once += 1
        script.busiest = max(script.busiest, script.at_once)
        await asyncio.sleep(script.pause.get("LETTER", 0))
        script.at_once -= 1
        mail = BytesParser(policy=default).parsebytes(envelope.original_content or b"")
        assert isinstance(mail, EmailMessage)
        script.seen.append(mail)
        script.recipients += envelope.rcpt_tos
        script.encrypted.append(session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None)
        if script.letter == DROP:
            server.transport.abort()
        return "250 2.0.0 queued as 4F1" if script.letter in ("", DROP) else script.letter


class ScriptedController(Controller):
    def __init__(self, script: Script, port: int, **options: Any) -> None:
        self._script = script
        super().__init__(Postbox(script), hostname="127.0.0.1", port=port, **options)

    def factory(self) -> SMTP:
        server = ScriptedSmtp.__new__(ScriptedSmtp)
        server.script = self._script
        server.__init__(self.handler, **self.SMTP_kwargs)  # type: ignore[misc]
        return server


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


@dataclass
class Server:
    script: Script
    port: int
    controller: ScriptedController

    def channel(self, credentials: str = "", options: str = "", scheme: str = "smtp", **more: Any) -> SmtpChannel:
        from_clock = more.pop("clock")
        url = f"{scheme}://{credentials}127.0.0.1:{self.port}{options}"
        more.setdefault("patience", QUICK)
        return SmtpChannel(parse_smtp_url(url), "Tocsin <tocsin@pager.example>", from_clock, **more)

    def close_idle_lines(self) -> None:
        """Closes every open connection from the server's side, as a server does with one that lies idle."""
        for session in self.script.sessions:
            if session.transport is not None:
                self.controller.loop.call_soon_threadsafe(session.transport.close)
        time.sleep(0.05)

    async def sees_the_end_of(self, session: SMTP, within: float = 2) -> bool:
        """Whether the client's side of this connection is closed in time (seconds)."""
        end = time.monotonic() + within
        while session.transport is not None and time.monotonic() < end:
            await asyncio.sleep(0.01)
        return session.transport is None


@contextmanager
def serving(script: Script | None = None, **options: Any) -> Iterator[Server]:
    script, port = script or Script(), free_port()
    controller = ScriptedController(script, port, **options)
    controller.start()
    script.sessions.clear()
    try:
        yield Server(script, port, controller)
    finally:
        controller.stop()


def only_alice(script: Script) -> Any:
    """Lets in the user alice with the password `p@ss:w/rd`, nobody else."""

    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        script.users.append(data.login.decode())
        return AuthResult(success=(data.login, data.password) == (b"alice", b"p@ss:w/rd"), handled=False)

    return check


@dataclass
class Certificates:
    """A throw-away authority, with what a server and a client that trusts it need."""

    authority: trustme.CA = field(default_factory=trustme.CA)

    def server(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.authority.issue_cert("127.0.0.1").configure_cert(context)
        return context

    def client(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context
