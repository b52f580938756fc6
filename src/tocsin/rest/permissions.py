"""Who may do what: the one table of roles (core:R2, core:R3, core:T1). What is not listed is refused.

1. `BASE` says what a role may do anywhere, `ON_TEAM` what a role on a team may do with what belongs to that team.
   What somebody may do with a thing is the union of both; fixed roles are not raised by teams (core:R3).
2. What one may *see* is apart from what one may do: a private team's things are seen by its members, the owner and
   admins alone, and who has restricted access sees the things of his own teams alone. What one may not see is not there
   (404, core:R4); what one sees and may not do is 403.
3. Whoever is asked to answer an incident sees it and may answer it, whatever his role.
4. A full-access account key acts as the owner; a read-only key passes GET alone (core:K2). A token needs the scope of
   the operation besides; `write` does not imply `read` (core:Q2, core:G-23).
5. One's own profile is open to everybody; another's to those who manage people.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tocsin.core.actor import Actor
from tocsin.core.errors import Forbidden


class Permission(StrEnum):
    """What an operation does, as far as rights go."""

    READ = "read"
    RESPOND = "respond"
    COVER = "cover"
    CONFIGURE = "configure"
    MANAGE_TEAM = "manage_team"
    OWN_PROFILE = "own_profile"
    MANAGE_PEOPLE = "manage_people"
    ACCOUNT = "account"


MEANING: Mapping[Permission, str] = {
    Permission.READ: "see what is there, and who is on call",
    Permission.RESPOND: "open, acknowledge, reassign and resolve incidents, write notes",
    Permission.COVER: "let somebody take over a shift (overrides)",
    Permission.CONFIGURE: "make and change services, escalation policies, schedules and teams",
    Permission.MANAGE_TEAM: "change a team and who is on it",
    Permission.OWN_PROFILE: "change a person's profile and how that person is reached; one's own is always allowed",
    Permission.MANAGE_PEOPLE: "invite, change and remove people",
    Permission.ACCOUNT: "settings of the account, audit records, sign-in, admins",
}

_ALL = frozenset(Permission)
_READ = frozenset({Permission.READ})
_RESPONDS = _READ | {Permission.RESPOND, Permission.COVER}

BASE: Mapping[str, frozenset[Permission]] = {
    "owner": _ALL,
    "admin": _ALL,
    "user": _ALL - {Permission.ACCOUNT},
    "limited_user": _RESPONDS,
    "observer": _READ,
    "restricted_access": _READ,
    "read_only_user": _READ,
    "read_only_limited_user": _READ,
}

ON_TEAM: Mapping[str, frozenset[Permission]] = {
    "manager": _RESPONDS | {Permission.CONFIGURE, Permission.MANAGE_TEAM},
    "responder": _RESPONDS,
    "observer": _READ,
}

FIXED = frozenset({"owner", "admin", "read_only_user", "read_only_limited_user"})
SEE_ALL = frozenset({"owner", "admin"})
SEE_OWN_TEAMS = frozenset({"restricted_access"})

NAMES: Mapping[str, str] = {
    "owner": "Account Owner", "admin": "Global Admin", "user": "Manager", "limited_user": "Responder",
    "observer": "Observer", "restricted_access": "Restricted Access", "read_only_user": "Full Stakeholder",
    "read_only_limited_user": "Limited Stakeholder",
}  # fmt: skip
"""What people call the roles (core:R1)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What rights on a thing depend on: the teams it belongs to, the people who are asked to deal with it.

    `open` things are seen by all who are not restricted to their own teams.
    """

    teams: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    open: bool = False


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose things an actor sees: those of the teams in `only` (None: of any team), but none of those in `never`.

    What belongs to several teams is seen by whoever sees one of them; what belongs to none by all but the restricted.
    What a person (`user_id`) is asked to deal with is always seen.
    """

    only: frozenset[str] | None = None
    never: frozenset[str] = frozenset()
    user_id: str | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing is hidden."""
        return self.only is None and not self.never

    def sees(self, standing: Standing) -> bool:
        """Whether a thing that stands so is seen."""
        if self.user_id is not None and self.user_id in standing.people:
            return True
        if self.only is not None:
            return bool(self.only & standing.teams)
        return standing.open or not standing.teams or bool(standing.teams - self.never)

    def sees_team(self, team_id: str) -> bool:
        """Whether this team is seen."""
        return self.sees(Standing(frozenset({team_id})))


EVERYTHING = Sight()


def sight(actor: Actor) -> Sight:
    """What the actor sees."""
    if actor.role in SEE_ALL:
        return EVERYTHING
    only = frozenset(actor.teams) if actor.role in SEE_OWN_TEAMS else None
    return Sight(only, actor.closed, actor.user_id)


def granted(actor: Actor, standing: Standing | None = None) -> frozenset[Permission]:
    """What the actor may do anywhere, or with a thing that stands so."""
    base = BASE.get(actor.role, frozenset())
    if standing is None or actor.role in FIXED:
        return base
    for team in standing.teams & actor.teams.keys():
        base |= ON_TEAM.get(actor.teams[team], frozenset())
    return base | _RESPONDS if actor.user_id in standing.people else base


def somewhere(actor: Actor) -> frozenset[Permission]:
    """What the actor may do with something, at least: the door of operations that name their things in the body."""
    return granted(actor, Standing(teams=frozenset(actor.teams)))


def may(actor: Actor, permission: Permission, subject: str | None = None, standing: Standing | None = None) -> bool:
    """Whether the actor may do it; `subject` is the person it is about, `standing` that of the thing."""
    rights = granted(actor, standing)
    own = subject is not None and subject == actor.user_id
    if permission is Permission.OWN_PROFILE:
        return own or Permission.MANAGE_PEOPLE in rights
    return permission in rights or (own and permission is Permission.READ)


def check_key(actor: Actor, method: str, scope: str | None) -> None:
    """`Forbidden` unless the key or token reaches as far as this operation."""
    if actor.read_only and method != "GET":
        raise Forbidden("This API key is read-only")
    if actor.scopes is not None and scope is not None and scope not in actor.scopes:
        raise Forbidden(f"The token lacks the scope {scope}")


def refusal(actor: Actor) -> Forbidden:
    """What somebody gets who sees it and may not do it."""
    return Forbidden(f"The role {NAMES.get(actor.role, actor.role)} does not permit this")
