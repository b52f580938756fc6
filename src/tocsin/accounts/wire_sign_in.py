"""Sign-in providers and rules on the wire: request bodies in, objects out.

1. Groups give any role but the owner's. Lists are read from the top; the first group that a person is in decides.
2. Who lets new people in says from which e-mail domains, or `*`: at a public provider anybody can have an account.
"""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator
from sqlalchemy import Row

from tocsin.accounts.store.sign_in_rules import SignInRules
from tocsin.accounts.wire import Name, TeamRole
from tocsin.core.sealing import is_sealed
from tocsin.rest.body import Body, Pointer
from tocsin.rest.objects import Ref, Thing

ANY: Literal["*"] = "*"
MOST = 200
_DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))+")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,200}")
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Claim = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
GivenRole = Literal[
    "admin", "user", "limited_user", "observer", "restricted_access", "read_only_user", "read_only_limited_user"
]  # fmt: skip


class Claims(Body):
    """Which claim holds what; `a.b` is `b` within `a`."""

    email: Claim = "email"
    name: Claim = "name"
    groups: Claim = "groups"


class RoleOfGroup(Body):
    """People of this group get this role."""

    group: Text
    role: GivenRole


class TeamOfGroup(Body):
    """People of this group are on this team, in this role."""

    group: Text
    team: Pointer
    role: TeamRole = "responder"


class ProviderBody(Body):
    """A provider as it is saved; `client_secret` is needed the first time, and kept when it is left out."""

    name: Name
    issuer: Text
    client_id: Text
    client_secret: str | None = Field(None, max_length=2000)
    scopes: tuple[str, ...] = Field(("openid", "email", "profile"), max_length=50)
    claims: Claims = Claims()
    email_domains: tuple[str, ...] = Field((), max_length=MOST)
    make_people: bool = False
    default_role: GivenRole = "limited_user"
    roles: tuple[RoleOfGroup, ...] = Field((), max_length=MOST)
    teams: tuple[TeamOfGroup, ...] = Field((), max_length=MOST)
    trust_unverified_email: bool = False
    enabled: bool = True

    @field_validator("scopes")
    @classmethod
    def _scopes(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [scope[:60] for scope in given if not _SCOPE.fullmatch(scope)]:
            raise ValueError(f"are words without blanks, not {wrong[0]!r}")
        return tuple(dict.fromkeys(("openid", *given)))

    @field_validator("email_domains")
    @classmethod
    def _domains(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        named = [name.strip().lower().removeprefix("@") for name in given]
        if wrong := [name[:60] for name in named if name != ANY and not _DOMAIN.fullmatch(name)]:
            raise ValueError(f"are names like example.com, not {wrong[0]!r}")
        return tuple(dict.fromkeys(named))

    @field_validator("issuer")
    @classmethod
    def _issuer(cls, given: str) -> str:
        if not given.isascii() or "?" in given or "#" in given:
            raise ValueError("must be an address without query and fragment")
        return given

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.claims.email:
            raise ValueError("claims.email: people are found by their e-mail, so a claim must hold it")
        if self.make_people and not self.email_domains:
            raise ValueError(
                "email_domains: say from which domains people are made, or * for anybody that the provider knows"
            )
        return self

    def row(self) -> dict[str, Any]:
        """The columns, but for issuer and secret."""
        return {
            "name": self.name, "client_id": self.client_id, "scopes": list(self.scopes),
            "claims": self.claims.model_dump(), "email_domains": list(self.email_domains),
            "make_people": self.make_people, "default_role": self.default_role,
            "roles": [{"group": given.group, "role": given.role} for given in self.roles],
            "teams": [{"group": g.group, "team_id": g.team.id, "role": g.role} for g in self.teams],
            "trust_unverified_email": self.trust_unverified_email, "enabled": self.enabled,
        }  # fmt: skip


def present(row: Row[Any]) -> dict[str, Any]:
    """A provider as a body that would change nothing."""
    members = {name: row._mapping[name] for name in ProviderBody.model_fields if name != "client_secret"}
    teams = [{"group": given["group"], "team": {"id": given["team_id"]}, "role": given["role"]} for given in row.teams]
    return members | {"teams": teams}


def provider(row: Row[Any], teams: dict[str, Any], callback: str) -> Thing:
    """A provider, without its secret; `redirect_uri` is what it must know us by."""
    fields = present(row) | {
        "kind": row.kind, "redirect_uri": callback, "has_client_secret": is_sealed(row.client_secret),
        "teams": [
            {"group": given["group"], "team": _team(given["team_id"], teams), "role": given["role"]}
            for given in row.teams
        ],
        "checked_at": row.checked_at, "created_at": row.created_at,
    }  # fmt: skip
    path = f"/tocsin/sign_in_providers/{row.id}"
    return Thing("sign_in_provider", row.id, row.name, fields, path, f"/settings/sign-in/{row.id}")


def _team(id: str, teams: dict[str, Any]) -> Ref:
    row = teams.get(id)
    return Ref("team", id, row.name if row else None, gone=row is None or row.deleted_at is not None)


def identity(row: Row[Any]) -> Thing:
    """An account of a provider's that is linked to a person."""
    fields = {
        "subject": row.subject, "email": row.email, "created_at": row.created_at, "last_used_at": row.last_used_at,
        "user": Ref("user", row.user_id, row.name, gone=row.deleted_at is not None),
    }  # fmt: skip
    path = f"/tocsin/sign_in_providers/{row.provider_id}/identities/{row.id}"
    return Thing("identity", row.id, row.email or row.subject, fields, path)


class RulesBody(Body):
    """Whether people sign in through single sign-on only, and who may use a password all the same."""

    single_sign_on_only: bool = False
    break_glass: Pointer | None = None


def rules(found: SignInRules, owner: Row[Any] | None) -> dict[str, Any]:
    """The rules."""
    person = Ref("user", found.break_glass, owner.name if owner else None) if found.break_glass else None
    return {"single_sign_on_only": found.only, "break_glass": person}
