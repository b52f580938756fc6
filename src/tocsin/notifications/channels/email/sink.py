"""A mail server of our own that keeps letters in a folder and delivers none: for a first try without TOCSIN_SMTP_URL.

1. It listens on the loopback only, in its own thread. The newest 200 letters stay, as numbered `.eml` files.
2. A letter is written whole under another name, then renamed: a reader in another process never sees half of one.
3. A letter has at most `MOST_BYTES`, and who says nothing for `PATIENCE` seconds is left.
4. A full disk answers 452, so the sender keeps the page and tries again.
5. Reading needs the folder alone: `messages(folder)` and `message(folder, id)` are what the mailbox pages stand on.
"""

import os
import re
import socket
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

KEPT: Final = 200
MOST_BYTES: Final = 2 << 20
PATIENCE: Final = 30
MAIL_ID: Final = re.compile(r"[0-9]{10}")


@dataclass(frozen=True, slots=True)
class Mail:
    """One kept letter. `date` is the letter's own; `links` are the addresses its html part leads to, in order."""

    id: str
    subject: str
    sender: str
    to: str
    date: datetime | None
    text: str
    html: str
    links: tuple[str, ...]


class MailSink:
    """Takes every letter that comes to host:port and keeps it in `folder`."""

    def __init__(self, folder: Path, port: int, host: str = "127.0.0.1", keep: int = KEPT) -> None:
        self.folder = folder
        self._place = (host, port)
        self._controller = Controller(
            Letterbox(folder, keep), hostname=host, port=port, data_size_limit=MOST_BYTES, timeout=PATIENCE
        )

    def start(self) -> None:
        """Listens when it returns; OSError at once if the port is taken (the library would tell after 5 s)."""
        socket.create_server(self._place).close()
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()


class Letterbox:
    """The end of an SMTP conversation: a letter becomes a file. aiosmtpd calls the method by this name."""

    def __init__(self, folder: Path, keep: int) -> None:
        self._folder = folder
        self._keep = keep
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw = envelope.original_content or b""
        try:
            with self._lock:
                mail_id = keep_letter(self._folder, raw, self._keep)
        except OSError as trouble:
            return f"452 4.3.1 not kept: {trouble.strerror}"
        return f"250 2.0.0 kept as {mail_id}"


def keep_letter(folder: Path, raw: bytes, keep: int = KEPT) -> str:
    """Writes one letter (rule 2), drops the oldest beyond `keep`, and tells the new letter's id."""
    files = _files(folder)
    mail_id = f"{int(files[-1].stem) + 1 if files else 1:010}"
    draft = folder / f"{mail_id}.part"
    with draft.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(folder / f"{mail_id}.eml")
    for old in files[: max(0, len(files) + 1 - keep)]:
        old.unlink(missing_ok=True)
    return mail_id


def messages(folder: Path) -> list[Mail]:
    """The kept letters, the newest first."""
    found = (message(folder, file.stem) for file in reversed(_files(folder)))
    return [mail for mail in found if mail is not None]


def message(folder: Path, mail_id: str) -> Mail | None:
    """One letter by its id; None if it is unknown, dropped by now, or no id at all."""
    if not MAIL_ID.fullmatch(mail_id):
        return None
    try:
        return read_letter(mail_id, (folder / f"{mail_id}.eml").read_bytes())
    except FileNotFoundError:
        return None


def read_letter(mail_id: str, raw: bytes) -> Mail:
    """What a letter says; whatever it lacks is empty."""
    mail = BytesParser(policy=default).parsebytes(raw)
    assert isinstance(mail, EmailMessage)
    html = _part(mail, "html")
    return Mail(
        id=mail_id,
        subject=_header(mail, "Subject"),
        sender=_header(mail, "From"),
        to=_header(mail, "To"),
        date=_date(mail),
        text=_part(mail, "plain"),
        html=html,
        links=links_in(html),
    )


def links_in(html: str) -> tuple[str, ...]:
    reader = Links()
    reader.feed(html)
    return tuple(dict.fromkeys(reader.found))


class Links(HTMLParser):
    """Collects where the anchors lead."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("*.eml") if MAIL_ID.fullmatch(file.stem))


def _header(mail: EmailMessage, name: str) -> str:
    try:
        return str(mail.get(name, ""))
    except (IndexError, ValueError, MessageError):  # the standard parser trips over some broken addresses
        return next((str(value) for own, value in mail.raw_items() if own.lower() == name.lower()), "")


def _date(mail: EmailMessage) -> datetime | None:
    try:
        found = parsedate_to_datetime(_header(mail, "Date"))
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    if not isinstance(body, EmailMessage):
        return ""
    try:
        return str(body.get_content()).replace("\r\n", "\n")
    except (LookupError, ValueError):
        raw = body.get_payload(decode=True)
        return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""
