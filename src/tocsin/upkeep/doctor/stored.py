"""What the database says of itself and of the server: version, schema, clock, workers, backlog."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import text

from tocsin.accounts.store import people
from tocsin.core import heartbeats, schema
from tocsin.core.clock import real_now
from tocsin.core.db import Database, Tx
from tocsin.incidents.store.audit import silent
from tocsin.notifications.store import sends
from tocsin.upkeep.doctor.finding import GREEN, RED, YELLOW, Finding, Level
from tocsin.workers.auditing import late_timers

OLDEST_SERVER = 15
SKEW, BAD_SKEW = timedelta(seconds=2), timedelta(seconds=30)


def stored(database: Database) -> Iterator[Finding]:
    """Findings of the database; a schema that is not ours ends them."""
    with database.begin() as tx:
        yield version(tx)
        yield clock(tx)
    state = revision(database)
    yield state
    if state.level == GREEN:
        with database.begin() as tx:
            yield from running(tx)


def version(tx: Tx) -> Finding:
    """PostgreSQL 15 or newer."""
    number = int(tx.conn.scalar(text("SHOW server_version_num")) or 0)
    name = tx.conn.scalar(text("SHOW server_version"))
    if number < OLDEST_SERVER * 10_000:
        return Finding(RED, "database", f"PostgreSQL {name}", f"Tocsin needs PostgreSQL {OLDEST_SERVER} or newer")
    return Finding(GREEN, "database", f"PostgreSQL {name}")


def clock(tx: Tx) -> Finding:
    """Do this machine and the database agree on the time?"""
    before = real_now()
    theirs = tx.conn.scalar(text("SELECT clock_timestamp()"))
    after = real_now()
    assert theirs is not None
    apart = max(theirs - after, before - theirs, timedelta())
    said = f"{apart.total_seconds():.1f} s apart from the database's"
    level: Level = GREEN if apart < SKEW else YELLOW if apart < BAD_SKEW else RED
    return Finding(level, "clock", said, "" if level == GREEN else "let both machines follow a time server")


def revision(database: Database) -> Finding:
    """Is the schema ours and current?"""
    found, wanted = schema.state_of(database.engine)
    if found == wanted:
        return Finding(GREEN, "schema", f"up to date ({found})")
    if found is None:
        return Finding(
            RED, "schema", "this database holds no Tocsin", "check TOCSIN_DATABASE_URL, or run tocsin migrate"
        )
    if not schema.knows(found):
        return Finding(RED, "schema", f"made by a newer Tocsin ({found})", "install that version")
    return Finding(RED, "schema", f"at {found}, this version needs {wanted}", "run tocsin migrate")


def running(tx: Tx) -> Iterator[Finding]:
    """Is there an account, does somebody work, is anything stuck?"""
    account = people.the_account(tx.conn)
    if account is None:
        yield Finding(RED, "account", "this install is empty", "run tocsin bootstrap --email you@example.com")
    elif account.held:
        yield Finding(RED, "account", "held after a restore: nothing is sent", "run tocsin resume")
    yield workers(tx)
    for name, channel in sends.health(tx.conn).items():
        if channel.failures:
            found = f"{channel.failures} failures in a row, the last: {channel.why}"
            yield Finding(RED if channel.failures > 2 else YELLOW, f"channel {name}", found, "see what it says")
    yield from auditor(tx)


def workers(tx: Tx) -> Finding:
    """Does anybody decide, plan and send?"""
    alive = heartbeats.alive(tx.conn, "worker")
    if not alive:
        return Finding(RED, "workers", "none is alive: events are stored, nobody is paged", "run tocsin serve")
    return Finding(GREEN, "workers", f"{len(alive)} alive on {', '.join(sorted({beat.host for beat in alive}))}")


def auditor(tx: Tx) -> Iterator[Finding]:
    """What the auditor would page for."""
    if lost := silent(tx.conn):
        found = f"{len(lost)} incidents or held alerts have no next step: {', '.join(lost[:5])}"
        yield Finding(RED, "incidents", found, "answer them, and report this")
    if late := late_timers(tx):
        found = f"{len(late)} timers are more than two minutes late"
        yield Finding(RED, "timers", found, "look at the workers' log")
    if parked := tx.conn.scalar(text("SELECT count(*) FROM intake_parked")):
        yield Finding(YELLOW, "events", f"{parked} could not be decided", "look into intake_parked for the errors")
