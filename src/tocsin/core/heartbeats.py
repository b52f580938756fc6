"""Which processes are alive: each beats every few seconds of real time, for /readyz, /metrics and /app (SPINE 9)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Table, delete, select, text

from tocsin.core.clock import real_now
from tocsin.core.metadata import instant, metadata
from tocsin.core.metadata import text as text_column

EVERY = 5.0
ALIVE = timedelta(seconds=20)

heartbeats = Table(
    "heartbeats",
    metadata,
    text_column("owner", primary_key=True),
    text_column("role"),
    text_column("host"),
    instant("at"),  # real time
)


@dataclass(frozen=True, slots=True)
class Beat:
    """A process that was alive at `at`."""

    owner: str
    role: str
    host: str
    at: datetime


def beat(conn: Connection, owner: str, role: str, host: str) -> None:
    """Say that this process lives; forget those that have not for an hour."""
    now = real_now()
    conn.execute(
        text(
            "INSERT INTO heartbeats (owner, role, host, at) VALUES (:owner, :role, :host, :now)"
            " ON CONFLICT (owner) DO UPDATE SET at = excluded.at"
        ),
        {"owner": owner, "role": role, "host": host, "now": now},
    )
    conn.execute(text("DELETE FROM heartbeats WHERE at < :old"), {"old": now - timedelta(hours=1)})


def stale(conn: Connection) -> list[str]:
    """Owners that stopped beating: they are taken for dead."""
    return list(conn.scalars(select(heartbeats.c.owner).where(heartbeats.c.at <= real_now() - ALIVE)))


def bury(conn: Connection, owner: str) -> None:
    """Forget a process that is known to be dead."""
    conn.execute(delete(heartbeats).where(heartbeats.c.owner == owner))


def alive(conn: Connection, role: str) -> list[Beat]:
    """The processes of this role that beat lately."""
    query = select(heartbeats).where(heartbeats.c.role == role, heartbeats.c.at > real_now() - ALIVE)
    return [Beat(row.owner, row.role, row.host, row.at) for row in conn.execute(query)]
