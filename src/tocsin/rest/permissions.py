"""Who may do what: the one table of roles, a first reading of core:R2. What is not listed is refused.

1. Owner and admin may do everything; so may a full-access account key (it acts as owner).
2. A read-only key passes GET alone (core:K2).
3. A key with scopes needs the operation's own scope; `write` does not imply `read` (core:Q2, core:G-23).
4. One's own profile is open to everybody; another's to those who manage people.
"""

from enum import StrEnum

from tocsin.core.actor import Actor
from tocsin.core.errors import Forbidden


class Permission(StrEnum):
    """What an operation does, as far as rights go."""

    READ = "read"
    CONFIGURE = "configure"
    RESPOND = "respond"
    OWN_PROFILE = "own_profile"
    MANAGE_PEOPLE = "manage_people"
    ACCOUNT = "account"


_ALL = frozenset(Permission)

ROLES: dict[str, frozenset[Permission]] = {
    "owner": _ALL,
    "admin": _ALL,
    "user": _ALL - {Permission.ACCOUNT},
    "limited_user": frozenset({Permission.READ, Permission.RESPOND}),
    "observer": frozenset({Permission.READ}),
    "restricted_access": frozenset(),
    "read_only_user": frozenset({Permission.READ}),
    "read_only_limited_user": frozenset({Permission.READ}),
}


def check(actor: Actor, method: str, permission: Permission, scope: str | None, subject: str | None) -> None:
    """`Forbidden` unless `actor` may; `subject` is the id of the person it is about, where there is one."""
    if actor.read_only and method != "GET":
        raise Forbidden("This API key is read-only")
    if actor.scopes is not None and scope is not None and scope not in actor.scopes:
        raise Forbidden(f"The token lacks the scope {scope}")
    if not may(actor, permission, subject):
        raise Forbidden(f"The role {actor.role} does not permit this")


def may(actor: Actor, permission: Permission, subject: str | None = None) -> bool:
    """Whether the actor's role permits it."""
    granted = ROLES.get(actor.role, frozenset())
    own = subject is not None and subject == actor.user_id
    if permission is Permission.OWN_PROFILE:
        return own or Permission.MANAGE_PEOPLE in granted
    return permission in granted or (own and permission is Permission.READ)
