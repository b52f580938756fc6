"""A message becomes a letter: headers, a text part and an html part that say the same.

1. The Message-ID follows from the idempotency key alone: sent twice, it is the same letter. SPINE 3.
2. Every header value is one clean line; a title can never start a header of its own.
3. `Auto-Submitted` keeps holiday replies away. Nothing marks a page as a mailing list, which people filter, and no
   References join a re-page to the page before it: a thread somebody muted would swallow it.
4. A notice carries its own words; a page, a re-page and a call for help carry links that answer without signing in.
   core:N40, core:N45, core:I100.
5. A status update is one of many that a person may end: it says so to mail programs, too.
"""

import hashlib
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from tocsin.notifications.channels.email.headers import LETTER, mailbox
from tocsin.notifications.channels.email.plain import cut, fenced, line
from tocsin.notifications.channels.email.view import MailView, view
from tocsin.notifications.model import Message

LONGEST_SUBJECT_TITLE: Final = 160
LONGEST_SUBJECT_SERVICE: Final = 60

TEMPLATES: Final = Environment(
    loader=PackageLoader("tocsin.notifications.channels.email"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def compose(message: Message, sender: str, now: datetime) -> EmailMessage:
    """The letter for this message, from `sender` (`Name <a@b>` or `a@b`), dated `now`; else `BadAddress`."""
    author = mailbox(sender, "Tocsin")
    shown = view(message, now)
    mail = EmailMessage(policy=LETTER)
    mail["From"] = author
    mail["To"] = mailbox(message.to, message.to_name)
    mail["Subject"] = subject(message, shown)
    mail["Date"] = format_datetime(now.astimezone(UTC))
    mail["Message-ID"] = message_id(message.key, author.domain)
    _mark(mail, message, shown)
    name = "notice" if message.kind == "notice" else "page"
    mail.set_content(TEMPLATES.get_template(f"{name}.txt").render(mail=shown), cte="quoted-printable")
    html = TEMPLATES.get_template(f"{name}.html").render(mail=shown, subject=subject(message, shown))
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    return mail


def _mark(mail: EmailMessage, message: Message, shown: MailView) -> None:
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if shown.high:
        mail["Importance"] = "high"
    mail["X-Tocsin-Kind"] = message.kind
    mail["X-Tocsin-Key"] = _token(message.key)
    if shown.unsubscribe_url:
        mail["List-Unsubscribe"] = f"<{shown.unsubscribe_url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if message.kind != "notice":
        mail["X-Tocsin-Total"] = str(shown.total)
    if len(message.incidents) == 1:
        mail["X-Tocsin-Incident"] = _token(message.incidents[0].id)
        mail["X-Tocsin-Urgency"] = _token(shown.incidents[0].urgency.lower())


def _token(text: str) -> str:
    return line(text).encode("ascii", "backslashreplace").decode()[:60]


def subject(message: Message, shown: MailView) -> str:
    if message.kind == "notice":
        return f"[Tocsin] {cut(shown.notice_subject, LONGEST_SUBJECT_TITLE)}"
    first = message.incidents[0]
    title = fenced(cut(line(first.title), LONGEST_SUBJECT_TITLE)) or "(no title)"
    service = fenced(cut(line(first.service), LONGEST_SUBJECT_SERVICE))
    if shown.total == 1 and (asked := shown.incidents[0].asked):
        return f"[Tocsin] {asked.by} asks for your help: {title} — {service}"
    if shown.total == 1:
        open_still = ", still open" if shown.again else ""
        return f"[Tocsin] {shown.incidents[0].urgency}{open_still}: {title} — {service}"
    if shown.asks:
        return f"[Tocsin] {shown.total} incidents wait for you, first: {title} — {service}"
    still = "still " if shown.again else ""
    return f"[Tocsin] You {still}have {shown.total} triggered incidents, first: {title} — {service}"


def message_id(key: str, domain: str) -> str:
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:40]
    return f"<{digest}@{domain}>"
