"""What stands in the way of pages, for the red line on top of every page (SPINE 9)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from tocsin.accounts.store.tables import account
from tocsin.core import heartbeats
from tocsin.core.effects import effects
from tocsin.core.intake_log import parked, pending
from tocsin.core.timers import timers
from tocsin.incidents.store.audit import silent
from tocsin.notifications.store.sends import health
from tocsin.notifications.store.tables import items, sends

BACKLOG = 1000
LATE = timedelta(minutes=1)
CALLED = {
    "email": "The mail server", "email_updates": "The mail server (for status updates)", "sms": "The SMS provider",
    "phone": "The phone provider",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong. `since` is shown in the viewer's time; `link` leads to where one can do something."""

    what: str
    why: str = ""
    since: datetime | None = None
    link: tuple[str, str] | None = None
    grave: bool = True


def troubles(conn: Connection, now: datetime, real_channel: bool, mailbox: bool) -> list[Trouble]:
    """Everything that keeps people from being paged, the gravest first."""
    return [
        *_held(conn), *_no_worker(conn), *_silent(conn), *_channels(conn), *_late(conn, now), *_intake(conn),
        *_no_channel(real_channel, mailbox),
    ]  # fmt: skip


def _held(conn: Connection) -> list[Trouble]:
    if not conn.scalar(select(account.c.held).limit(1)):
        return []
    return [Trouble("This install is held after a restore: nothing is sent", "`tocsin resume` lets it go on")]


def _no_worker(conn: Connection) -> list[Trouble]:
    if heartbeats.alive(conn, "worker"):
        return []
    return [Trouble("No worker is alive", "Events are stored, but nobody is paged until one runs again")]


def _silent(conn: Connection) -> list[Trouble]:
    found = len(silent(conn))
    what = "An incident or a held alert has" if found == 1 else f"{found} incidents or held alerts have"
    return [Trouble(f"{what} no next step", "The auditor found this; acknowledge or escalate by hand")] if found else []


def _intake(conn: Connection) -> list[Trouble]:
    found = []
    if (waiting := conn.scalar(select(func.count()).select_from(pending)) or 0) > BACKLOG:
        found.append(Trouble(f"{waiting:,} batches of events wait to be decided", grave=False))
    if broken := conn.scalar(select(func.count()).select_from(parked)) or 0:
        what = "An event" if broken == 1 else f"{broken:,} events"
        found.append(
            Trouble(f"{what} could not be decided", "The people of the service were paged instead", grave=False)
        )
    return found


def _channels(conn: Connection) -> list[Trouble]:
    failing = [row for row in health(conn).values() if row.failures > 0]
    if not failing:
        return []
    waiting = _waiting(conn)
    return [
        Trouble(
            f"{CALLED.get(row.channel, row.channel)} is not taking messages"
            + (f"; {waiting} {'page waits' if waiting == 1 else 'pages wait'}" if waiting else ""),
            row.why or "",
            row.last_success_at or row.last_failure_at,
        )
        for row in failing
    ]


def _waiting(conn: Connection) -> int:
    query = (
        select(func.count()).select_from(items).join(sends, sends.c.id == items.c.send_id)
        .where(items.c.state == "waiting", sends.c.state.in_(("waiting", "sending", "unknown")))
    )  # fmt: skip
    return conn.scalar(query) or 0


def _no_channel(real_channel: bool, mailbox: bool) -> list[Trouble]:
    if real_channel:
        return []
    link = ("/app/mailbox", "Open the mailbox") if mailbox else None
    why = "Mails stay on this machine until TOCSIN_SMTP_URL names a mail server"
    return [Trouble("No real channel: nobody outside is paged", why, link=link)]


def _late(conn: Connection, now: datetime) -> list[Trouble]:
    found = []
    if (due := conn.scalar(select(func.min(timers.c.due_at)))) and due < now - LATE:
        found.append(Trouble("Escalations are late: no worker takes the timers that are due", since=due))
    if (put := conn.scalar(select(func.min(effects.c.created_at)))) and put < now - LATE:
        found.append(Trouble("Pages are late: no worker plans them", since=put))
    return found
