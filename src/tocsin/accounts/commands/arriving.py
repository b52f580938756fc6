"""Somebody arrives from a provider: found by subject, else by e-mail, else made; then the groups decide.

1. The provider must vouch for the e-mail (or be trusted without), and its domain must be one of the provider's.
2. (provider, subject) is found first. An e-mail links a person once; an account that comes later with the e-mail of
   somebody who is linked to another one is refused: e-mail addresses are given to new people.
3. A removed person is not let in and not made again; one who was taken back is linked anew.
4. Roles: the first group that fits decides; where none does, a role that a group gave goes back to the default one. The
   owner's role is never touched. Teams: what a group gave, it takes back; what was given by hand stays.
5. The groups never keep anybody out: what cannot be given or taken (a full team, an escalation policy that needs the
   member) stays as it is, and the log says so.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection, Row, update

from tocsin.accounts.commands import providers, teams, users
from tocsin.accounts.oidc.model import Arrival
from tocsin.accounts.store import people, sign_in
from tocsin.accounts.store import tables as t
from tocsin.accounts.store.sign_in_tables import identities
from tocsin.accounts.wire import UserBody
from tocsin.core import ids
from tocsin.core.actor import Actor, ActorKind
from tocsin.core.db import Tx
from tocsin.core.errors import Forbidden, Invalid, NotFound
from tocsin.core.recorded import Subject, change, create, live
from tocsin.rest.body import read

Uses = Callable[[Connection, str], Sequence[str]]
ASK = "Ask an admin of Tocsin"
log = structlog.get_logger("tocsin.sign_in")


def arrive(tx: Tx, provider_id: str, arrival: Arrival, at: datetime, uses: Uses, address: str | None = None) -> str:
    """The id of the person who is let in, made if need be; `Forbidden` says why not."""
    provider = providers.get(tx.conn, provider_id, lock=True)  # two arrivals of one person wait for each other
    if not provider.enabled:
        raise Forbidden(f"{provider.name} is switched off here. {ASK}")
    email = _email(provider, arrival)
    actor = Actor(ActorKind.SYSTEM, None, provider.name, "website", address=address, method="identity_provider")
    user_id, identity = _person(tx, actor, provider, arrival, email)
    user = users.get(tx.conn, user_id, lock=True)
    given = _role(tx, actor, provider, user, identity, arrival.groups)
    _teams(tx, actor, provider, users.get(tx.conn, user_id), arrival.groups, uses)
    used = {"last_used_at": at, "email": email, "role": given}
    tx.conn.execute(update(identities).where(identities.c.id == identity.id).values(used))
    return user_id


def _email(provider: Row[Any], arrival: Arrival) -> str:
    if arrival.email is None:
        raise Forbidden(
            f"{provider.name} sent no e-mail address (claim {provider.claims['email']}). {ASK} to look at its scopes"
        )
    if not arrival.verified and not provider.trust_unverified_email:
        raise Forbidden(f"{provider.name} has not verified {arrival.email}. Verify it there, then sign in again")
    domain = arrival.email.rpartition("@")[2].lower()
    if provider.email_domains and not {domain, "*"} & set(provider.email_domains):
        raise Forbidden(f"People of {domain[:100]} are not let in through {provider.name}. {ASK}")
    return arrival.email


def _person(tx: Tx, actor: Actor, provider: Row[Any], arrival: Arrival, email: str) -> tuple[str, Row[Any]]:
    identity = sign_in.identity(tx.conn, provider.id, arrival.subject)
    user = people.user_by_email(tx.conn, email)
    if identity is not None and live(tx.conn, t.users, identity.user_id):
        return identity.user_id, identity
    if user is None:
        _may_be_made(tx.conn, provider, identity, email)
        user_id = _made(tx, actor, provider, arrival, email)
    else:
        user_id = user.id
        if other := sign_in.identity_of(tx.conn, provider.id, user_id):
            log.warning("another account of the provider is linked", provider=provider.id, identity=other.id)
            raise Forbidden(f"{email} is linked to another account of {provider.name}. {ASK} to unlink that one")
    return user_id, _linked(tx, actor, provider, arrival, email, user_id, identity)


def _may_be_made(conn: Connection, provider: Row[Any], identity: Row[Any] | None, email: str) -> None:
    if identity is not None or sign_in.removed_by_email(conn, email):
        raise Forbidden(f"{email} was removed from this account. {ASK} if that was a mistake")
    if not provider.make_people:
        raise Forbidden(f"Nobody here has the e-mail address {email}. {ASK} to invite you")


def _made(tx: Tx, actor: Actor, provider: Row[Any], arrival: Arrival, email: str) -> str:
    role = _first_role(provider, arrival.groups) or provider.default_role
    name = arrival.name or email.partition("@")[0]
    try:
        body = read(UserBody, {"name": name, "email": email, "role": role})
    except Invalid as wrong:
        raise Forbidden([f"{provider.name} sent what cannot be used", *wrong.errors]) from None
    return users.insert(tx, actor, body)


def _linked(
    tx: Tx, actor: Actor, provider: Row[Any], arrival: Arrival, email: str, user_id: str, old: Row[Any] | None
) -> Row[Any]:
    subject = Subject("identity", old.id if old else ids.thing(), f"{email} at {provider.name}", ("user", user_id))
    if old:
        change(tx, actor, identities, old, {"user_id": user_id, "role": None}, subject)
    else:
        row = {
            "id": subject.id, "provider_id": provider.id, "subject": arrival.subject, "user_id": user_id,
            "email": email, "created_at": tx.now, "last_used_at": tx.now,
        }  # fmt: skip
        create(tx, actor, identities, row, subject)
    found = sign_in.identity(tx.conn, provider.id, arrival.subject)
    assert found is not None
    return found


def _first_role(provider: Row[Any], groups: Sequence[str]) -> str | None:
    return next((given["role"] for given in provider.roles if given["group"] in groups), None)


def _role(
    tx: Tx, actor: Actor, provider: Row[Any], user: Row[Any], identity: Row[Any], groups: Sequence[str]
) -> str | None:
    given = _first_role(provider, groups)
    wanted = given
    if given is None and identity.role is not None and identity.role == user.role:
        wanted = provider.default_role
    if wanted is not None and user.role != "owner":
        change(tx, actor, t.users, user, {"role": wanted}, users.subject(user))
    return given


def _teams(tx: Tx, actor: Actor, provider: Row[Any], user: Row[Any], groups: Sequence[str], uses: Uses) -> None:
    wanted = {} if user.role in teams.NEVER_MEMBERS else _wanted(provider, groups)
    had = sign_in.given_teams(tx.conn, provider.id, user.id)
    for team_id, role in wanted.items():
        present = people.member(tx.conn, team_id, user.id)
        if present is None or (team_id in had and present.role != role):
            with _kept(provider, user, team_id):
                team = teams.get(tx.conn, team_id, lock=True)
                teams.put_member(tx, actor, team, user.id, role)
                sign_in.mark_given(tx.conn, provider.id, team_id, user.id)
    for team_id in had.keys() - wanted.keys():
        with _kept(provider, user, team_id):
            teams.drop_member(tx, actor, teams.get(tx.conn, team_id, lock=True), user.id, uses)


@contextmanager
def _kept(provider: Row[Any], user: Row[Any], team_id: str) -> Iterator[None]:
    try:
        yield
    except (Invalid, NotFound) as why:
        log.warning("a membership stays as it is", provider=provider.id, user=user.id, team=team_id, why=str(why))


def _wanted(provider: Row[Any], groups: Sequence[str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for given in provider.teams:
        if given["group"] in groups:
            found.setdefault(given["team_id"], given["role"])
    return found
