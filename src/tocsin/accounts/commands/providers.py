"""Sign-in providers: added, changed, removed, and the accounts at them unlinked.

1. A provider is asked for its documents when it is saved; what is wrong with them is said then, not at 3 a.m.
2. Its secret is sealed and never shown again; a change without one keeps it.
3. The issuer stays: accounts are known by (issuer, subject), and another issuer's subjects are other people.
4. Where single sign-on is enforced, the last provider that an owner or admin came through stays enabled.
"""

from typing import Any

from sqlalchemy import Connection, Row

from tocsin.accounts.oidc.discovery import Directory
from tocsin.accounts.oidc.model import Fault
from tocsin.accounts.store import sign_in, sign_in_rules, tables
from tocsin.accounts.store.sign_in_tables import PURPOSE, identities, sign_in_providers
from tocsin.accounts.wire_sign_in import ProviderBody
from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.clock import real_now
from tocsin.core.db import Tx
from tocsin.core.errors import Conflict, Invalid, NotFound
from tocsin.core.recorded import Subject, by_id, change, create, live, remove

ADVICE = "Check the address, and that this server can reach it, then save again"


def get(conn: Connection, id: str, lock: bool = False) -> Row[Any]:
    """A provider, or `NotFound`."""
    row = live(conn, sign_in_providers, id, lock)
    if row is None:
        raise NotFound()
    return row


def add(tx: Tx, actor: Actor, body: ProviderBody, directory: Directory) -> str:
    """Add a provider; the id."""
    if not body.client_secret:
        raise Invalid("client_secret is required")
    row = _row(tx, body, directory, None) | {
        "id": ids.thing(), "kind": "oidc", "issuer": body.issuer, "created_at": tx.now,
        "client_secret": tx.sealer.seal(PURPOSE, body.client_secret.encode()),
    }  # fmt: skip
    create(tx, actor, sign_in_providers, row, _subject(row["id"], body.name))
    return str(row["id"])


def edit(tx: Tx, actor: Actor, row: Row[Any], body: ProviderBody, directory: Directory) -> None:
    """Change a provider."""
    if body.issuer != row.issuer:
        raise Invalid("issuer cannot be changed, since people are known by it; add another provider")
    if row.enabled and not body.enabled:
        _stays(tx.conn, row.id, "disabled")
    values = _row(tx, body, directory, row.id)
    if body.client_secret:
        values["client_secret"] = tx.sealer.seal(PURPOSE, body.client_secret.encode())
    change(tx, actor, sign_in_providers, get(tx.conn, row.id, lock=True), values, _subject(row.id, row.name))


def drop(tx: Tx, actor: Actor, row: Row[Any]) -> None:
    """Remove a provider. Its people stay, with their roles and teams; the links to its accounts end."""
    _stays(tx.conn, row.id, "removed")
    remove(tx, actor, sign_in_providers, row, _subject(row.id, row.name))


def unlink(tx: Tx, actor: Actor, provider_id: str, id: str) -> None:
    """Unlink an account: whoever holds it is looked up by e-mail again at the next sign-in."""
    row = live(tx.conn, identities, id, lock=True)
    if row is None or row.provider_id != provider_id:
        raise NotFound()
    remove(tx, actor, identities, row, Subject("identity", row.id, row.email, ("user", row.user_id)))


def _row(tx: Tx, body: ProviderBody, directory: Directory, own: str | None) -> dict[str, Any]:
    for column, value in (("name", body.name), ("issuer", body.issuer)):
        if sign_in.taken(tx.conn, column, value, own):
            raise Invalid(f"{column}: another provider has it already")
    _teams_exist(tx.conn, body)
    row = body.row()
    if own is None or body.enabled:
        _ask(body.issuer, directory)
        row["checked_at"] = tx.now
    return row


def _ask(issuer: str, directory: Directory) -> None:
    try:
        directory.check(issuer, real_now())
    except Fault as fault:
        raise Invalid([f"issuer: {fault.what}", ADVICE]) from None


def _teams_exist(conn: Connection, body: ProviderBody) -> None:
    known = by_id(conn, tables.teams, {given.team.id for given in body.teams})
    missing = [given.group for given in body.teams if getattr(known.get(given.team.id), "deleted_at", 0) is not None]
    if missing:
        raise Invalid([f"teams: the team of the group {group} is not there" for group in missing])


def _stays(conn: Connection, id: str, what: str) -> None:
    if sign_in_rules.read(conn).only and not sign_in.admins_linked(conn, but=id):
        raise Conflict(
            f"Single sign-on is enforced, and no owner or admin has come through another provider: this one cannot be "
            f"{what}. Let an admin sign in through another one first, or permit passwords"
        )


def _subject(id: str, name: str) -> Subject:
    return Subject("sign_in_provider", id, name)
