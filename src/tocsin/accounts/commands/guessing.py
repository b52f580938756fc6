"""What slows a guesser of passwords and codes without locking anybody out (docs/decisions/guessing.md).

1. A password: 5 failures by (e-mail, network), 50 by network, in 15 minutes; then nothing more is checked from there.
2. An e-mail tried from many networks: after 20 failures each further try waits twice as long, up to a minute. Nobody
   is refused for longer, and tries that came too early do not count.
3. The person's own browser (a signed cookie that names it) is counted by itself alone: 10 in 15 minutes. Whatever
   strangers do, it opens; and so does a link by mail, which makes a new browser their own.
4. A code of the second factor: 5 failures by person. Whoever gets there knows the password; recovery codes go on
   working (80 random bits are not guessed).
5. `at` is the real clock. A failure is a row: the caller's transaction must commit it.
6. Unknown people are counted like known ones, so an answer does not tell who exists.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select
from sqlalchemy import text as sql

from tocsin.accounts.store import tables
from tocsin.core.db import Tx

WINDOW = timedelta(minutes=15)
MOST_BY_PAIR, MOST_BY_NETWORK, MOST_BY_DEVICE, MOST_CODES = 5, 50, 10, 5
FREE_BY_EMAIL, LONGEST_WAIT, MOST_RESETS = 20, 60, 20
_failure = tables.sign_in_failures.c


@dataclass(frozen=True, slots=True)
class Guess:
    """One try: `device` is the mark of the person's own browser, None from any other."""

    email: str
    network: str
    device: str | None = None


def guess(email: str, address: str | None, device: str | None = None) -> Guess:
    """A try as it is counted."""
    return Guess(email.strip().lower()[:100], network(address), device)


def network(address: str | None) -> str:
    """What one guesser has: an IPv4 address, or the /64 in which anybody may take any IPv6 address."""
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address or "")
    except ValueError:
        return address or ""
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or IPv6Network((parsed, 64), strict=False))


def too_many(tx: Tx, tried: Guess, at: datetime) -> bool:
    """Whether this try must not be looked at now. Tries of one guesser happen one after the other, so none slips by."""
    tx.conn.execute(
        sql("SELECT pg_advisory_xact_lock(hashtextextended(:who, 7))"),
        {"who": f"{tried.email} {tried.device or tried.network}"},
    )
    if tried.device is not None:
        return _count(tx.conn, at, _failure.device == tried.device) >= MOST_BY_DEVICE
    from_there = (_failure.address == tried.network) & _failure.device.is_(None)
    return (
        _count(tx.conn, at, from_there & (_failure.email == tried.email)) >= MOST_BY_PAIR
        or _count(tx.conn, at, from_there) >= MOST_BY_NETWORK
        or _waits(tx.conn, tried.email, at)
    )


def _waits(conn: Connection, email: str, at: datetime) -> bool:
    mine = (_failure.email == email) & _failure.device.is_(None) & (_failure.kind == "password")
    found = select(func.count().label("n"), func.max(_failure.at).label("last")).where(mine, _failure.at > at - WINDOW)
    row: Row[Any] = conn.execute(found).one()
    if row.n < FREE_BY_EMAIL:
        return False
    seconds = min(1 << min(row.n - FREE_BY_EMAIL, 10), LONGEST_WAIT)
    return bool(at < row.last + timedelta(seconds=seconds))


def note(tx: Tx, tried: Guess, at: datetime) -> None:
    """It was wrong."""
    row = {"kind": "password", "email": tried.email, "address": tried.network, "device": tried.device, "at": at}
    tx.conn.execute(insert(tables.sign_in_failures).values(row))


def too_many_codes(tx: Tx, user_id: str, at: datetime) -> bool:
    """Whether no code of this person is looked at now (the caller holds the row of their second factor)."""
    found = select(func.count()).where(_failure.kind == "code", _failure.email == user_id, _failure.at > at - WINDOW)
    return (tx.conn.scalar(found) or 0) >= MOST_CODES


def note_code(tx: Tx, user_id: str, at: datetime) -> None:
    """A code was wrong."""
    tx.conn.execute(insert(tables.sign_in_failures).values(kind="code", email=user_id, at=at))


def _count(conn: Connection, at: datetime, where: ColumnElement[bool]) -> int:
    found = select(func.count()).where(_failure.kind == "password", _failure.at > at - WINDOW, where)
    return conn.scalar(found) or 0


def sweep(tx: Tx, at: datetime) -> None:
    """Forget what no longer counts."""
    tx.conn.execute(delete(tables.sign_in_failures).where(_failure.at <= at - WINDOW))


def too_many_resets(tx: Tx, address: str | None, at: datetime) -> bool:
    """Whether this network has asked for many password links lately; asking is noted."""
    there = network(address)
    found = select(func.count()).where(_failure.kind == "reset", _failure.address == there, _failure.at > at - WINDOW)
    if (tx.conn.scalar(found) or 0) >= MOST_RESETS:
        return True
    tx.conn.execute(insert(tables.sign_in_failures).values(kind="reset", email="", address=there, at=at))
    return False
