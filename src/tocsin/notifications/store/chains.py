"""Chains and the rules they follow."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, delete, select, true, tuple_

from tocsin.accounts.store.tables import contact_methods, notification_rules, users
from tocsin.core.db import insert_rows, update_rows
from tocsin.incidents.model import waiting_for
from tocsin.incidents.store.incidents import requests_of
from tocsin.incidents.store.tables import incidents
from tocsin.notifications.channels import CHANNELS
from tocsin.notifications.logic import Chain, Rule, Standing
from tocsin.notifications.store.tables import chains


def rules_of(
    conn: Connection, user_ids: Iterable[str], channels: Collection[str] | None = CHANNELS
) -> dict[str, list[Rule]]:
    """Usable rules of living people (core:N14): methods that are switched off, blacklisted, or of a channel that
    nothing here can send on, count as absent, so that whoever has no other is noted as not told. `channels` None: all.
    """
    r, m = notification_rules.c, contact_methods.c
    query = (
        select(r.user_id, r.urgency, r.start_delay_in_minutes, m.id, m.type, m.address)
        .join(contact_methods, m.id == r.contact_method_id)
        .join(users, users.c.id == r.user_id)
        .where(
            r.user_id.in_(list(user_ids)),
            m.type.in_(channels) if channels is not None else true(),
            m.enabled,
            ~m.blacklisted,
        )
        .where(users.c.deleted_at.is_(None))
        .order_by(r.start_delay_in_minutes, r.id)
    )
    found: dict[str, list[Rule]] = {}
    for user, urgency, delay, method, kind, address in conn.execute(query):
        found.setdefault(user, []).append(Rule(user, urgency, delay, method, kind, address))
    return found


def standings(conn: Connection, incident_ids: Iterable[str]) -> dict[str, Standing]:
    """What decides whether a page of these incidents still means anything (read without a lock)."""
    i = incidents.c
    query = select(i.id, i.status, i.urgency, i.assignments, i.requests).where(i.id.in_(list(incident_ids)))
    return {
        r.id: Standing(r.status, r.urgency, tuple(a["user_id"] for a in r.assignments), _asked(r.requests))
        for r in conn.execute(query)
    }


def _asked(stored: Any) -> frozenset[tuple[str, str]]:
    return waiting_for(requests_of(stored)) if stored else frozenset()


def _row(chain: Chain) -> dict[str, Any]:
    return {
        "id": chain.id, "incident_id": chain.incident_id, "user_id": chain.user_id, "urgency": chain.urgency,
        "level": chain.level, "kind": chain.kind, "why": chain.why, "started_at": chain.started_at,
        "step_minutes": chain.step, "request_id": chain.request_id,
    }  # fmt: skip


def add(conn: Connection, new: Iterable[Chain]) -> None:
    """Store new chains."""
    insert_rows(conn, chains, map(_row, new))


def drop(conn: Connection, people: Iterable[tuple[str, str]]) -> list[str]:
    """Forget the chains of these (incident, person), but those of calls for help; their ids."""
    pair = tuple_(chains.c.incident_id, chains.c.user_id)
    whose = list(people)
    if not whose:
        return []
    mine = pair.in_(whose) & chains.c.request_id.is_(None)
    return list(conn.scalars(delete(chains).where(mine).returning(chains.c.id)))


def advance(conn: Connection, stepped: Iterable[Chain]) -> None:
    """Store how far chains have come."""
    update_rows(conn, chains, ({"id": chain.id, "step_minutes": chain.step} for chain in stepped))


def end(conn: Connection, ended: Iterable[str]) -> None:
    """Forget chains that are over."""
    ids = list(ended)
    if ids:
        conn.execute(delete(chains).where(chains.c.id.in_(ids)))


def lock(conn: Connection, ids: Iterable[str]) -> list[Chain]:
    """These chains, locked; those that somebody else holds are left out."""
    query = select(chains).where(chains.c.id.in_(list(ids))).order_by(chains.c.id).with_for_update(skip_locked=True)
    return [
        Chain(
            r.id,
            r.incident_id,
            r.user_id,
            r.urgency,
            r.level,
            r.kind,
            r.why,
            r.started_at,
            r.step_minutes,
            r.request_id,
        )
        for r in conn.execute(query)
    ]
