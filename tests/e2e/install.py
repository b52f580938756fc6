"""An install for end-to-end tests: a real server, a real mail server, the cast, and words to tell a story with."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from sqlalchemy import text

from tests.e2e.ports import free_port
from tests.e2e.postbox import Postbox
from tests.e2e.served import Served, trigger
from tests.seed import Seeded, add_policy, add_service, seed
from tocsin.core.clock import Clock
from tocsin.core.db import Database, Tx

SECRET = "a secret of the end-to-end tests, long enough"
FORGOTTEN = (
    "incidents, alerts, log_entries, timers, sends, send_items, page_chains, bundle_windows, channel_health, effects, "
    "intake_parked, intake_pending, rings, policy_snapshots, change_events"
)
T = TypeVar("T")


def eventually(look: Callable[[], T], seconds: float = 10) -> T:
    """The first true value of `look`, in real time."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"still {found!r} after {seconds} s"
        time.sleep(0.02)
    return found


@dataclass(frozen=True)
class Way:
    """A service and the key that leads to it."""

    service: str
    key: str


class Install:
    """The server, its database (read by tests, and seeded), and where its mail arrives."""

    def __init__(self, served: Served, database: Database, postbox: Postbox, seeded: Seeded):
        self.served, self.database, self.postbox, self.seeded = served, database, postbox, seeded
        self.began = self.now()
        self.names = {id: name for name, id in seeded.people.items()}

    def service(
        self, levels: Sequence[tuple[int, Sequence[str]]] = ((30, ("alice",)),), loops: int = 0, **more: Any
    ) -> Way:
        """A new service on a new policy with these levels (delay in minutes, names); starts the story's time."""
        with self.database.begin() as tx:
            policy = add_policy(tx.conn, self.seeded.people, levels, loops)
            service, _, key = add_service(tx.conn, policy, **more)
        self.began = self.now()
        return Way(service, key)

    def now(self) -> datetime:
        """The server's time."""
        with self.database.begin() as tx:
            return tx.now

    def send(self, event: dict[str, Any]) -> dict[str, Any]:
        """An event over HTTP that must be accepted."""
        status, answer = self.served.call("POST", "/v2/enqueue", event)
        assert status == 202, answer
        assert isinstance(answer, dict)
        return answer

    def fire(self, way: Way, summary: str = "disk full", dedup: str | None = "k", **payload: Any) -> str:
        """Trigger, and wait until all that follows at once has happened; the incident's id."""
        dedup = self.send(trigger(way.key, summary, dedup, **payload))["dedup_key"]
        self.settle()
        found = self.rows("SELECT incident_id FROM alerts WHERE dedup_key = :k AND status = 'triggered'", k=dedup)
        return str(found[0].incident_id)

    def tell(self, way: Way, action: str, dedup: str = "k") -> None:
        """An acknowledge or a resolve, and what follows at once."""
        self.send({"routing_key": way.key, "event_action": action, "dedup_key": dedup})
        self.settle()

    def settle(self) -> None:
        """Everything that is due now has been done."""
        self.served.advance(seconds=0)

    def rows(self, query: str, **given: Any) -> list[Any]:
        """What is in the database."""
        with self.database.begin() as tx:
            return list(tx.conn.execute(text(query), given))

    def status(self, incident: str) -> str:
        """An incident's status."""
        return str(self.rows("SELECT status FROM incidents WHERE id = :id", id=incident)[0].status)

    def log(self, incident: str) -> list[Any]:
        """Its log entries in order."""
        return self.rows("SELECT * FROM log_entries WHERE incident_id = :id ORDER BY seq", id=incident)

    def timeline(self, incident: str) -> list[tuple[int, str, tuple[str, ...]]]:
        """(whole minutes since the story began, type, names of assignees) of all but the pages."""
        return [
            (self.minute(entry.at), entry.type, tuple(sorted(self.names[id] for id in entry.assignees or ())))
            for entry in self.log(incident)
            if entry.type != "notify"
        ]

    def pages(self, incident: str) -> list[tuple[int, str]]:
        """(minute, name) of every page of this incident that was handed over, as the ledger has it."""
        return [
            (self.minute(entry.at), self.names[entry.user_id])
            for entry in self.log(incident)
            if entry.type == "notify" and entry.details["status"] == "success"
        ]

    def minute(self, at: datetime) -> int:
        """Whole minutes since the story began; the work itself takes some real seconds."""
        return int((at - self.began) / timedelta(minutes=1))

    def told(self, incident: str) -> list[str]:
        """What became of its pages, in order: delayed, success, failed."""
        return [entry.details["status"] for entry in self.log(incident) if entry.type == "notify"]

    def mails(self, name: str) -> list[EmailMessage]:
        """What somebody of the cast got."""
        return self.postbox.to(f"{name}@example.com")

    def mailed(self) -> dict[str, int]:
        """How many mails each of the cast got."""
        return {name: count for name in self.seeded.people if (count := len(self.mails(name)))}

    def forget(self) -> None:
        """End the story, so that the next test's figures are its own."""
        self.postbox.refuse = None
        self.postbox.come_back()
        self.settle()
        self.database.run(_forget)
        self.postbox.mails.clear()


def _forget(tx: Tx) -> None:
    tx.conn.execute(text(f"TRUNCATE {FORGOTTEN} CASCADE"))
    tx.conn.execute(text("DELETE FROM notification_rules WHERE start_delay_in_minutes > 0"))


def plain(mail: EmailMessage) -> str:
    """The text part."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def answer_path(mail: EmailMessage, number: int = 0) -> str:
    """The path of a one-click link: 0 acknowledges, 1 resolves (the order in which a page of one incident has them)."""
    return urlsplit(re.findall(r"https?://\S+/app/answer/\S+", plain(mail))[number]).path


@contextmanager
def installed(url: str, place: Path, processes: int = 1, **env: str) -> Iterator[Install]:
    """A whole install on this database."""
    database = Database(url, Clock(test=True), pool=4)
    seeded = seed(database)
    with Postbox() as postbox:
        settings = {"TOCSIN_DATABASE_URL": url, "TOCSIN_SMTP_URL": postbox.url, "TOCSIN_SECRET_KEY": SECRET, **env}
        settings = {"TOCSIN_LOG_LEVEL": "warning", "TOCSIN_OUTBOUND_ALLOW": "127.0.0.1", **settings}
        with Served(place, free_port(), processes, **settings) as served:
            yield Install(served, database, postbox, seeded)
    database.close()
