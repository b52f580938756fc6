"""Who on call cannot be reached, and which services lead nowhere.

1. A person is reachable when a notification rule of theirs for high urgency, without delay, leads to a contact method
   that is switched on, not blacklisted, and of a channel that this install can send.
2. Looked at: whoever is on call now behind a policy of an active service, and every person such a policy names.
"""

from collections.abc import Collection, Iterator

from sqlalchemy import exists, select

from tocsin.accounts.store.tables import users
from tocsin.core.db import Tx
from tocsin.escalation.model import Snapshot, TargetKind
from tocsin.escalation.store.oncall import on_call
from tocsin.escalation.store.snapshots import current
from tocsin.escalation.store.tables import escalation_policies
from tocsin.notifications.logic import Rule
from tocsin.notifications.store.chains import rules_of
from tocsin.services.store.tables import integrations, services
from tocsin.upkeep.doctor.finding import GREEN, RED, YELLOW, Finding


def people(tx: Tx, channels: Collection[str]) -> Iterator[Finding]:
    """Findings about people, policies and services; `channels` are those that this install can send by."""
    live = select(escalation_policies.c.id).where(escalation_policies.c.deleted_at.is_(None))
    active = services.c.deleted_at.is_(None) & (services.c.status == "active")
    used = set(tx.conn.scalars(select(services.c.escalation_policy_id).where(active)))
    policies = current(tx.conn, used | set(tx.conn.scalars(live)))
    now = on_call(tx.conn, policies.values(), tx.now)
    standing = {
        id: {user for level in p.levels for t in level.targets for user in now.get(t, ())} for id, p in policies.items()
    }
    for id, policy in policies.items():
        if not standing[id]:
            yield empty(policy, id in used)
    named = {t.id for id in used for lv in policies[id].levels for t in lv.targets if t.kind is TargetKind.USER}
    yield from reached(tx, named.union(*(standing[id] for id in used)), channels)
    yield from without_way_in(tx)


def empty(policy: Snapshot, used: bool) -> Finding:
    """A policy that reaches nobody now."""
    found = f"escalation policy {policy.name} has nobody on call at any level"
    if used:
        return Finding(RED, "on call", f"{found}: its incidents go to managers and owner", "put somebody on call")
    return Finding(YELLOW, "on call", f"{found}; no active service uses it", "put somebody on call, or remove it")


def reached(tx: Tx, ids: Collection[str], channels: Collection[str]) -> Iterator[Finding]:
    """Each of these people, if they cannot be paged at once; one green line when all can."""
    rules = rules_of(tx.conn, ids, None)
    found = tx.conn.execute(select(users).where(users.c.id.in_(list(ids)), users.c.deleted_at.is_(None)))
    lost = []
    for person in sorted(found, key=lambda row: row.name.lower()):
        if why := unreachable(rules.get(person.id, []), channels):
            lost.append(Finding(RED, "on call", f"{person.name} <{person.email}> {why[0]}", why[1]))
    yield from lost
    if ids and not lost:
        yield Finding(GREEN, "on call", f"{len(ids)} can be paged at once")


def unreachable(rules: Collection[Rule], channels: Collection[str]) -> tuple[str, str] | None:
    """(why these rules page nobody at once for high urgency, what to do); None if they do."""
    high = [rule for rule in rules if rule.urgency == "high"]
    if not high:
        return "has no usable notification rule for high urgency", "add one that uses a method which is switched on"
    at_once = [rule for rule in high if rule.delay == 0]
    if not at_once:
        return f"is first paged after {min(rule.delay for rule in high)} minutes", "add a rule without delay"
    if not any(rule.channel in channels for rule in at_once):
        ways = ", ".join(sorted({rule.channel for rule in at_once}))
        return f"is paged at once only by {ways}, which is not set up here", "set that channel up, or add another rule"
    return None


def without_way_in(tx: Tx) -> Iterator[Finding]:
    """Services that no event can reach."""
    has = exists().where(integrations.c.service_id == services.c.id, integrations.c.deleted_at.is_(None))
    query = select(services.c.name).where(services.c.deleted_at.is_(None), ~has).order_by(services.c.name)
    if names := list(tx.conn.scalars(query)):
        shown = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
        yield Finding(YELLOW, "services", f"{len(names)} without an integration: {shown}", "add one, or remove them")
