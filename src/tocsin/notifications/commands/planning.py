"""The planner: reads effects, starts and steps chains, puts pages into messages (SPINE 3).

One planner plans at a time (a transaction-scoped advisory lock); it is idle-cheap and safe to kill at any point, since
effects are deleted in the transaction that plans them.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from tocsin.accounts import letters
from tocsin.accounts.commands import links
from tocsin.accounts.store.responders import held
from tocsin.accounts.store.tables import contact_methods, users
from tocsin.core import effects, ids, timers
from tocsin.core.db import Tx
from tocsin.core.effects import Effect
from tocsin.core.timers import Timer
from tocsin.notifications.commands.noting import note_sent, note_trouble, note_unreachable
from tocsin.notifications.logic import BUNDLE, Chain, Rule, condition_of, due_at, step
from tocsin.notifications.store import chains, sends
from tocsin.notifications.store.sends import Bundle, Item

STEP = "page.step"
_LOCK = 7_246_002


def plan(tx: Tx, limit: int = 500) -> int:
    """Plan the oldest effects; how many there were (0 also when another planner is at work, or the install is held)."""
    if not tx.conn.scalar(text("SELECT pg_try_advisory_xact_lock(:n)"), {"n": _LOCK}):
        return 0
    if held(tx.conn):
        return 0
    found = effects.take(tx.conn, limit)
    of: dict[str, list[Effect]] = {}
    for effect in found:
        of.setdefault(effect.kind, []).append(effect)
    start_chains(tx, of.get("page", []))
    send_notices(tx, of.get("notice", []))
    send_letters(tx, of.get(letters.LETTER, []))
    for asked in of.get(links.RESET_ASKED, []):
        links.offer_reset(tx, asked.subject)
    note_sent(tx, [effect.subject for effect in of.get("sent", [])])
    note_trouble(tx, of.get("trouble", []))
    return len(found)


def start_chains(tx: Tx, pages: Sequence[Effect]) -> None:
    """A chain for each page; its rules without delay fire now. A new assignment takes the place of older chains.

    A call for help stands beside them, each request by itself.
    """
    latest = {(p.subject, p.body["page"]["user_id"], p.body["page"].get("request_id")): p for p in pages}
    anew = [(incident, user) for (incident, user, _), page in latest.items() if not page.body["page"]["goes_on"]]
    replaced = chains.drop(tx.conn, anew)
    timers.clear(tx.conn, [(id, STEP) for id in replaced])
    again = step_chains(tx, [_chain(page) for page in latest.values()])
    chains.add(tx.conn, (chain for chain, _ in again))  # most end with their first step and are never stored
    _set_timers(tx, again)


def _chain(effect: Effect) -> Chain:
    page, at = effect.body["page"], datetime.fromisoformat(effect.body["at"])
    return Chain(
        ids.thing(), effect.subject, page["user_id"], page["urgency"], page["level"], page["kind"], page["why"], at,
        request_id=page.get("request_id"),
    )  # fmt: skip


def fire(tx: Tx, due: Sequence[Timer]) -> int:
    """Step the chains whose timers are due; how many were taken."""
    locked = {chain.id: chain for chain in chains.lock(tx.conn, [timer.subject for timer in due])}
    taken = timers.take(tx.conn, [timer for timer in due if timer.subject in locked])
    stepping = [locked[timer.subject] for timer in taken]
    again = step_chains(tx, stepping)
    chains.advance(tx.conn, (chain for chain, _ in again))
    chains.end(tx.conn, {chain.id for chain in stepping} - {chain.id for chain, _ in again})
    _set_timers(tx, again)
    return len(taken)


def step_chains(tx: Tx, stepping: Sequence[Chain]) -> list[tuple[Chain, datetime]]:
    """Fire what is due of each chain; those that go on, with their next instants."""
    if not stepping:
        return []
    rules = chains.rules_of(tx.conn, {chain.user_id for chain in stepping})
    standing = chains.standings(tx.conn, {chain.incident_id for chain in stepping})
    fired: list[tuple[Chain, Rule]] = []
    again: list[tuple[Chain, datetime]] = []
    unreachable: list[Chain] = []
    for chain in stepping:
        stepped = step(chain, rules.get(chain.user_id, []), standing.get(chain.incident_id), tx.now)
        fired += [(chain, rule) for rule in stepped.fire]
        if stepped.goes_on is not None and stepped.next_at is not None:
            again.append((stepped.goes_on, stepped.next_at))
        if stepped.unreachable:
            unreachable.append(chain)
    bundle(tx, fired)
    note_unreachable(tx, unreachable)
    return again


def _set_timers(tx: Tx, again: Sequence[tuple[Chain, datetime]]) -> None:
    timers.put(tx.conn, [Timer(chain.id, STEP, at, chain.step + 2) for chain, at in again])


def bundle(tx: Tx, fired: Sequence[tuple[Chain, Rule]]) -> None:
    """Put each page into the open message of its (contact method, urgency), or into a new one."""
    if not fired:
        return
    bundles: dict[Bundle, tuple[Chain, Rule]] = {(rule.method_id, rule.urgency): (c, rule) for c, rule in fired}
    into = sends.waiting(tx.conn, bundles)
    sends.hasten(tx.conn, into.values(), tx.now + BUNDLE)
    last = sends.last_handed(tx.conn, bundles)
    rows = [_new(tx, c, rule, last.get(key)) for key, (c, rule) in bundles.items() if key not in into]
    into |= {(row["contact_method_id"], row["urgency"]): row["id"] for row in rows}
    sends.add(tx.conn, rows)
    sends.put_items(tx.conn, ((into[rule.method_id, rule.urgency], _item(c, rule)) for c, rule in fired), tx.now)
    tx.conn.execute(text("SELECT pg_notify('tocsin_send', '')"))


def _new(tx: Tx, chain: Chain, rule: Rule, last: datetime | None) -> dict[str, Any]:
    return sends.new_send(
        rule.channel, rule.user_id, rule.method_id, rule.address, rule.urgency, chain.kind, due_at(last, tx.now), tx.now
    )


def _item(chain: Chain, rule: Rule) -> Item:
    return Item(
        chain.incident_id, chain.id, chain.user_id, chain.level, chain.kind, condition_of(chain, rule), chain.why,
        chain.request_id,
    )  # fmt: skip


def send_notices(tx: Tx, notices: Iterable[Effect]) -> None:
    """Messages that need no answer go to the person's mail addresses."""
    told = [(effect.subject, effect.body["notice"]) for effect in notices]
    if not told:
        return
    addresses = mail_addresses(tx, {notice["user_id"] for _, notice in told})
    rows = [
        sends.new_send("email", notice["user_id"], method, address, "high", "notice", tx.now, tx.now, notice)
        for _, notice in told
        for method, address in addresses.get(notice["user_id"], ())
    ]
    sends.add(tx.conn, rows)
    tx.conn.execute(text("SELECT pg_notify('tocsin_send', '')"))


def send_letters(tx: Tx, posted: Sequence[Effect]) -> None:
    """Mails about somebody's own account go to its address alone."""
    told = [effect.body["letter"] for effect in posted]
    if told:
        sends.add(
            tx.conn,
            (
                sends.new_send("email", one["user_id"], None, one["address"], "high", "notice", tx.now, tx.now, one)
                for one in told
            ),
        )
        tx.conn.execute(text("SELECT pg_notify('tocsin_send', '')"))


def mail_addresses(tx: Tx, user_ids: Iterable[str]) -> dict[str, list[tuple[str | None, str]]]:
    """(contact method, address) of these people's usable mail addresses, else their own e-mail."""
    wanted = list(user_ids)
    m = contact_methods.c
    usable = (m.type == "email") & m.enabled & ~m.blacklisted
    found: dict[str, list[tuple[str | None, str]]] = {}
    for row in tx.conn.execute(select(m.user_id, m.id, m.address).where(m.user_id.in_(wanted), usable)):
        found.setdefault(row.user_id, []).append((row.id, row.address))
    for id, email in tx.conn.execute(select(users.c.id, users.c.email).where(users.c.id.in_(wanted))):
        found.setdefault(id, [(None, email)])
    return found
