"""The SQL over people, teams and keys: rows in, rows out."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from tocsin.accounts.store.standing import seen_by_team, seen_people
from tocsin.accounts.store.tables import (
    account,
    api_keys,
    contact_methods,
    notification_rules,
    team_members,
    teams,
    users,
)
from tocsin.core.audit import audit_records
from tocsin.core.together import Found, Together, among
from tocsin.rest.permissions import EVERYTHING, Sight

Rows = Sequence[Row[Any]]


def matching(column: ColumnElement[Any] | Column[Any], text: str) -> ColumnElement[bool]:
    """`text` anywhere in the column, in any case; its wildcards are plain characters."""
    return column.icontains(text, autoescape=True)


def the_account(conn: Connection) -> Row[Any] | None:
    """The one account; None before the bootstrap."""
    return conn.execute(select(account)).first()


def find_users(query: str | None = None, team_ids: Sequence[str] = (), sight: Sight = EVERYTHING) -> Select[Any]:
    """Live users by name."""
    found = select(users).where(users.c.deleted_at.is_(None)).order_by(func.lower(users.c.name), users.c.id)
    if sight.only is not None:
        found = found.where(seen_people(sight))
    if query:
        found = found.where(or_(matching(users.c.name, query), matching(users.c.email, query)))
    if team_ids:
        member = (team_members.c.user_id == users.c.id) & team_members.c.team_id.in_(team_ids)
        found = found.where(exists().where(member))
    return found


def user_by_email(conn: Connection, email: str) -> Row[Any] | None:
    """The live user with this e-mail, in any case."""
    same = func.lower(users.c.email) == email.strip().lower()
    return conn.execute(select(users).where(same, users.c.deleted_at.is_(None))).one_or_none()


def live_users(conn: Connection, ids: Iterable[str], hold: bool = False) -> dict[str, Row[Any]]:
    """Those of `ids` that are live users; `hold` keeps them from being deleted until the transaction ends."""
    found = select(users).where(users.c.id.in_(list(ids)), users.c.deleted_at.is_(None)).order_by(users.c.id)
    return {row.id: row for row in conn.execute(found.with_for_update(read=True) if hold else found)}


_METHODS = (
    select(contact_methods)
    .where(among(contact_methods.c.user_id))
    .order_by(contact_methods.c.created_at, contact_methods.c.id)
)
_RULES = (
    select(notification_rules, contact_methods.c.type.label("method_type"), contact_methods.c.address)
    .join(contact_methods, contact_methods.c.id == notification_rules.c.contact_method_id)
    .where(among(notification_rules.c.user_id))
    .order_by(*(notification_rules.c[name] for name in ("urgency", "start_delay_in_minutes", "created_at", "id")))
)
_TEAMS = (
    select(team_members.c.user_id, teams.c.id, teams.c.name, team_members.c.role)
    .join(teams, teams.c.id == team_members.c.team_id)
    .where(among(team_members.c.user_id))
    .order_by(func.lower(teams.c.name))
)
_USERS = select(users).where(among(users.c.id), users.c.deleted_at.is_(None)).order_by(users.c.id)
_AROUND = Together(users=_USERS, methods=_METHODS, rules=_RULES, teams=_TEAMS)


def around_users(conn: Connection, user_ids: Iterable[str]) -> dict[str, list[Found]]:
    """The live `users` among these; `methods`, `rules` and `teams` of all, as the functions below tell them."""
    return _AROUND.read(conn, ids=user_ids)


def methods_of(conn: Connection, user_ids: Iterable[str]) -> Rows:
    """Contact methods of these users, oldest first."""
    return conn.execute(_METHODS, {"ids": list(user_ids)}).all()


def rules_of(conn: Connection, user_ids: Iterable[str], urgency: str | None = None) -> Rows:
    """Notification rules of these users with the type of their contact method, by urgency and delay."""
    found = _RULES.where(notification_rules.c.urgency == urgency) if urgency else _RULES
    return conn.execute(found, {"ids": list(user_ids)}).all()


def teams_of(conn: Connection, user_ids: Iterable[str]) -> Sequence[Any]:
    """(user_id, id, name, role) of the teams that these users are on."""
    return conn.execute(_TEAMS, {"ids": list(user_ids)}).all()


def same_method(conn: Connection, row: dict[str, Any]) -> bool:
    """Whether another contact method of this user has the same type, address and country (core:N11)."""
    method = contact_methods.c
    found = select(method.id).where(
        method.user_id == row["user_id"], method.type == row["type"], method.address == row["address"],
        func.coalesce(method.country_code, 0) == (row["country_code"] or 0), method.id != row["id"],
    )  # fmt: skip
    return conn.execute(found).first() is not None


def same_rule(conn: Connection, row: dict[str, Any]) -> bool:
    """Whether another rule of this user tells the same method at the same moment and urgency."""
    rule = notification_rules.c
    found = select(rule.id).where(
        rule.user_id == row["user_id"], rule.contact_method_id == row["contact_method_id"],
        rule.urgency == row["urgency"], rule.start_delay_in_minutes == row["start_delay_in_minutes"],
        rule.id != row["id"],
    )  # fmt: skip
    return conn.execute(found).first() is not None


def method_edits(conn: Connection, user_id: str, now: datetime) -> int:
    """How often this user's contact methods were edited in the last 24 hours (core:N12)."""
    record = audit_records.c
    found = select(func.count()).where(
        record.root_type == "user", record.root_id == user_id, record.action == "update",
        record.resource_type.endswith("_contact_method"), record.at > now - timedelta(hours=24),
    )  # fmt: skip
    return conn.scalar(found) or 0


def find_teams(query: str | None = None, sight: Sight = EVERYTHING) -> Select[Any]:
    """Live teams by name."""
    found = select(teams).where(teams.c.deleted_at.is_(None)).order_by(func.lower(teams.c.name), teams.c.id)
    found = found.where(seen_by_team(sight, teams.c.id))
    return found.where(matching(teams.c.name, query)) if query else found


def live_named(conn: Connection, table: Table, name: str, but: str | None = None) -> bool:
    """Whether a live row of `table` other than `but` has this name, in any case."""
    found = select(table.c.id).where(func.lower(table.c.name) == name.lower(), table.c.deleted_at.is_(None))
    return conn.execute(found.where(table.c.id != but) if but else found).first() is not None


def find_members(team_id: str) -> Select[Any]:
    """(user_id, name, role) of a team's members."""
    return (
        select(team_members.c.user_id, users.c.name, team_members.c.role)
        .join(users, users.c.id == team_members.c.user_id)
        .where(team_members.c.team_id == team_id)
        .order_by(func.lower(users.c.name), users.c.id)
    )


def member(conn: Connection, team_id: str, user_id: str) -> Row[Any] | None:
    """The membership of one user in one team."""
    mine = (team_members.c.team_id == team_id) & (team_members.c.user_id == user_id)
    return conn.execute(select(team_members).where(mine)).one_or_none()


def put_member(conn: Connection, team_id: str, user_id: str, role: str) -> None:
    """Make someone a member, or give a member another role."""
    drop_member(conn, team_id, user_id)
    conn.execute(insert(team_members).values(team_id=team_id, user_id=user_id, role=role))


def drop_member(conn: Connection, team_id: str, user_id: str) -> None:
    """End a membership."""
    mine = (team_members.c.team_id == team_id) & (team_members.c.user_id == user_id)
    conn.execute(delete(team_members).where(mine))


def subteams(conn: Connection, team_id: str) -> Rows:
    """Live teams below this one."""
    return conn.execute(select(teams).where(teams.c.parent_id == team_id, teams.c.deleted_at.is_(None))).all()


def key_by_hash(conn: Connection, sha256: bytes) -> Row[Any] | None:
    """A key that is not revoked, with its live user's name and role (None for account keys)."""
    found = (
        select(api_keys, users.c.name.label("user_name"), users.c.role, users.c.deleted_at.label("user_deleted_at"))
        .outerjoin(users, users.c.id == api_keys.c.user_id)
        .where(api_keys.c.sha256 == sha256, api_keys.c.revoked_at.is_(None), users.c.deleted_at.is_(None))
    )
    return conn.execute(found).one_or_none()


def ended_key(conn: Connection, sha256: bytes) -> Row[Any] | None:
    """A key that was ours once; asked only after `key_by_hash` found none."""
    return conn.execute(select(api_keys).where(api_keys.c.sha256 == sha256)).one_or_none()


def touch_key(conn: Connection, key_id: str, now: datetime) -> None:
    """Note that a key was used."""
    conn.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=now))


def keys_of(conn: Connection, user_id: str) -> Rows:
    """Keys of a user that are not revoked."""
    return conn.execute(select(api_keys).where(api_keys.c.user_id == user_id, api_keys.c.revoked_at.is_(None))).all()
