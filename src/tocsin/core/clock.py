"""The one place that reads the clock (HOUSE rule 3, SPINE 5).

1. `now` is read once a transaction and handed on as an argument. SQL never says `now()`.
2. The test clock is real time plus an offset in the row `clock`, read in every transaction; off, no row is read.
3. Leases, time-outs and rate windows use `real_now`: an advanced test clock must not expire a lease.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Column, Connection, Interval, SmallInteger, Table, select, update

from tocsin.core.metadata import metadata

clock_table = Table(
    "clock",
    metadata,
    Column("id", SmallInteger, primary_key=True),
    Column("ahead", Interval, nullable=False),
)


def real_now() -> datetime:
    """The machine's time in UTC."""
    return datetime.now(UTC)


class Clock:
    """Tells decisions what time it is. `test` makes it obey the offset row."""

    def __init__(self, test: bool = False):
        self.test = test

    def now(self, conn: Connection) -> datetime:
        """The time of this transaction, UTC."""
        return real_now() + self.ahead(conn) if self.test else real_now()

    def ahead(self, conn: Connection) -> timedelta:
        """How far the test clock is ahead of real time (zero without a row)."""
        return conn.scalar(select(clock_table.c.ahead)) or timedelta()

    def move_to(self, conn: Connection, instant: datetime) -> None:
        """Set the test clock to `instant`; it never goes back (work takes real time meanwhile)."""
        ahead = max(instant - real_now(), self.ahead(conn))
        conn.execute(update(clock_table).values(ahead=ahead))
