"""A real SMTP server that keeps what it is sent: where pages arrive."""

import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from tests.e2e.ports import free_port


class Postbox:
    """Keeps (recipient, mail) in order of arrival; `refuse` is an SMTP reply to give instead of taking mail."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, EmailMessage]] = []
        self.refuse: str | None = None
        self._lock = threading.Lock()
        self.port = free_port()
        self._server: Controller | None = None

    @property
    def url(self) -> str:
        """What TOCSIN_SMTP_URL is set to."""
        return f"smtp://127.0.0.1:{self.port}?starttls=off"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take a mail."""
        if self.refuse:
            return self.refuse
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        with self._lock:
            self.mails += [(recipient, mail) for recipient in envelope.rcpt_tos]
        return "250 taken"

    def to(self, recipient: str) -> list[EmailMessage]:
        """What somebody got."""
        with self._lock:
            return [mail for to, mail in self.mails if to == recipient]

    def keys(self) -> list[str]:
        """The key of every mail, in order of arrival."""
        with self._lock:
            return [str(mail["X-Tocsin-Key"]) for _, mail in self.mails]

    def go_down(self) -> None:
        """Nobody answers on its port any more."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def come_back(self) -> None:
        """Answer again."""
        if self._server is None:
            self._server = Controller(self, hostname="127.0.0.1", port=self.port, data_size_limit=2**24)
            self._server.start()

    def __enter__(self) -> "Postbox":
        self.come_back()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_down()
