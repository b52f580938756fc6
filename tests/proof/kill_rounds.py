"""Kill -9 web, intake and worker processes at random instants during a storm, and see that nothing was lost.

    python -m tests.proof.kill_rounds --rounds 50 [--seed N]

A round: events are sent, repeated until they got their 202, while children of the server are killed at random. One of
the services is in maintenance, which ends in the midst of it. Then every 202 must have become its alert, every alert
its incident, every open incident must have been paged by a mail that really arrived, nothing may wait or be parked, and
the auditor must be content. Duplicates are counted and printed.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx2
from rich.console import Console
from sqlalchemy import text

from tests.e2e.ports import free_port
from tests.e2e.postbox import Postbox
from tests.e2e.served import Served, trigger
from tests.seed import Seeded, add_policy, add_service, seed
from tocsin.core import postgres, schema
from tocsin.core.actor import Actor, ActorKind
from tocsin.core.clock import Clock
from tocsin.core.db import Database, Tx
from tocsin.incidents.store.audit import silent
from tocsin.rest.body import read
from tocsin.services import commands_windows as windows
from tocsin.services.wire_windows import WindowBody

SENDERS = 12
SECONDS = 3.0
console = Console()


@dataclass
class Round:
    """What was done in a round, and what was found."""

    keys: list[str]
    accepted: Counter[tuple[str, str]] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    repeats: int = 0


async def storm(served: Served, round: Round, dice: random.Random) -> None:
    """Many senders at once, each as stubborn as a monitoring system."""
    until = time.monotonic() + SECONDS
    async with httpx2.AsyncClient(base_url=served.base, timeout=10) as client:
        await asyncio.gather(*(sender(client, n, round, random.Random(dice.random()), until) for n in range(SENDERS)))


async def sender(client: httpx2.AsyncClient, number: int, round: Round, dice: random.Random, until: float) -> None:
    """New problems mostly, now and then one again."""
    sent: list[tuple[str, str]] = []
    while time.monotonic() < until:
        again = sent and dice.random() < 0.2
        key, dedup = dice.choice(sent) if again else (dice.choice(round.keys), f"{number}-{len(sent)}-{dice.random()}")
        if await deliver(client, trigger(key, f"problem {dedup}", dedup)):
            round.accepted[key, dedup] += 1
            sent.append((key, dedup))


async def deliver(client: httpx2.AsyncClient, event: dict[str, object]) -> bool:
    """Send until it is accepted, as senders do; True once it got its 202."""
    for _ in range(60):
        try:
            answer = await client.post("/v2/enqueue", json=event)
        except httpx2.HTTPError:
            await asyncio.sleep(0.1)
            continue
        if answer.status_code == 202:
            return True
        await asyncio.sleep(0.1)
    return False


async def killer(served: Served, round: Round, dice: random.Random) -> None:
    """Kill a random child every now and then."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        await asyncio.sleep(dice.uniform(0.05, 0.7))
        children = served.children()
        if children:
            victim = dice.choice(children)
            round.kills["worker" if "worker" in victim.cmdline() else "http"] += 1
            victim.kill()


def settle(served: Served) -> None:
    """Let it come to rest: everybody alive again, the bundles' minute over, everything sent."""
    time.sleep(1.0)
    served.ready()
    for _ in range(2):
        served.advance(seconds=61)


def check(database: Database, postbox: Postbox, round: Round) -> None:
    """Compare what was promised with what is there."""
    with database.begin() as tx:
        scalar = tx.conn.scalars
        alerts = set(scalar(text("SELECT dedup_key FROM alerts")))
        lost = [dedup for _, dedup in round.accepted if dedup not in alerts]
        round.wrong += [f"{len(lost)} events were answered 202 and lost: {lost[:3]}"] if lost else []
        held = scalar(text("SELECT id FROM alerts WHERE status = 'triggered' AND incident_id IS NULL")).all()
        round.wrong += [f"{len(held)} alerts fire and have no incident: {held[:3]}"] if held else []
        arrived = set(postbox.keys())
        told = tx.conn.execute(
            text(
                "SELECT i.id, array_agg(s.id) FILTER (WHERE s.state = 'sent') AS sends FROM incidents i"
                " LEFT JOIN send_items t ON t.incident_id = i.id LEFT JOIN sends s ON s.id = t.send_id"
                " WHERE i.status = 'triggered' GROUP BY i.id"
            )
        ).all()
        unpaged = [row.id for row in told if not set(row.sends or ()) & arrived]
        round.wrong += [f"{len(unpaged)} open incidents were never paged: {unpaged[:3]}"] if unpaged else []
        for table in ("intake_pending", "intake_parked", "effects"):
            count = tx.conn.scalar(text(f"SELECT count(*) FROM {table}"))
            round.wrong += [f"{count} rows left in {table}"] if count else []
        quiet = silent(tx.conn)
        round.wrong += [f"the auditor found {len(quiet)} silent incidents"] if quiet else []
        doubled = tx.conn.execute(
            text(
                "SELECT count(*) FROM (SELECT 1 FROM send_items t JOIN sends s ON s.id = t.send_id"
                " WHERE s.state = 'sent' GROUP BY t.incident_id, t.user_id, t.kind, t.level, t.chain_id"
                " HAVING count(*) > 1) d"
            )
        ).scalar_one()
    round.repeats = len(postbox.keys()) - len(arrived)
    round.wrong += [f"{doubled} pages were planned twice"] if doubled else []


def play(served: Served, database: Database, postbox: Postbox, seeded: Seeded, dice: random.Random) -> Round:
    """One round."""
    with database.begin() as tx:
        policies = [add_policy(tx.conn, seeded.people, [(30, [name])], 0) for name in ("alice", "bob", "carol")]
        made = [add_service(tx.conn, policy) for policy in policies]
        maintenance(tx, seeded, made[0][0])
        round = Round([key for _, _, key in made])

    async def go() -> None:
        await asyncio.gather(storm(served, round, dice), killer(served, round, dice))

    asyncio.run(go())
    settle(served)
    check(database, postbox, round)
    clear(database, postbox)
    return round


def maintenance(tx: Tx, seeded: Seeded, service: str) -> None:
    """Put a service into maintenance that ends in the midst of the round."""
    eve = Actor(ActorKind.USER, seeded.people["eve"], "Eve", "website")
    until = tx.now + timedelta(seconds=SECONDS / 2)
    windows.add(tx, eve, read(WindowBody, {"start_time": tx.now, "end_time": until, "services": [{"id": service}]}))


def clear(database: Database, postbox: Postbox) -> None:
    """End what the round left open, so that the next one's figures are its own."""
    with database.begin() as tx:
        tx.conn.execute(text("TRUNCATE incidents, alerts, log_entries, timers, sends, send_items, page_chains CASCADE"))
    postbox.mails.clear()


def main() -> int:
    """All rounds; 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Postbox() as postbox:
        place = Path(folder)
        with postgres.start(place / "pg") as embedded:
            schema.upgrade(embedded.url)
            database = Database(embedded.url, Clock(test=True))
            seeded = seed(database)
            more = {"TOCSIN_DATABASE_URL": embedded.url, "TOCSIN_SMTP_URL": postbox.url, "TOCSIN_LOG_LEVEL": "warning"}
            with Served(place, free_port(), processes=2, **more) as served:
                failed = run(served, database, postbox, seeded, given.rounds, given.seed)
                if failed:
                    console.print(served.tail(80))
            database.close()
    return 1 if failed else 0


def run(served: Served, database: Database, postbox: Postbox, seeded: Seeded, rounds: int, start: int) -> int:
    """Print a line a round and a summary; how many rounds failed."""
    failed = events = kills = repeats = 0
    for number in range(rounds):
        round = play(served, database, postbox, seeded, random.Random(start + number))
        events, repeats = events + round.accepted.total(), repeats + round.repeats
        kills += round.kills.total()
        failed += bool(round.wrong)
        verdict = "[red]" + "; ".join(round.wrong) if round.wrong else "[green]nothing lost"
        console.print(
            f"round {number + 1:>2} seed {start + number}: {round.accepted.total():>5} events accepted, kills "
            f"{dict(round.kills)}, mails sent twice {round.repeats}: {verdict}"
        )
    console.print(
        f"{rounds - failed} of {rounds} rounds without loss; {events} events, {kills} kills, {repeats} mails twice"
    )
    return failed


if __name__ == "__main__":
    sys.exit(main())
