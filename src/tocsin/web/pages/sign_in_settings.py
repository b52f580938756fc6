"""How people sign in: the providers, and whether passwords still open. For the owner and admins.

Groups are typed as lines, since any number of them must work without script: `group = role`, `group = team = role`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select
from starlette.responses import Response

from tocsin.accounts.commands import enforcing, providers
from tocsin.accounts.store import sign_in as stored
from tocsin.accounts.store import sign_in_rules
from tocsin.accounts.store.tables import teams, users
from tocsin.accounts.wire_sign_in import ProviderBody
from tocsin.core.errors import Invalid
from tocsin.core.recorded import by_id
from tocsin.rest.body import read
from tocsin.rest.permissions import NAMES, Permission
from tocsin.web.pages.frame import framed
from tocsin.web.serving import Page
from tocsin.web.sign_on import CALLBACK
from tocsin.web.site import Ask, go

HOME = "/app/settings/sign-in"
ROLES = {role: name for role, name in NAMES.items() if role != "owner"}
SAID = {
    "saved": "Saved. The provider answered, and its documents are right.", "removed": "Removed.",
    "unlinked": "Unlinked.", "enforced": "People sign in through single sign-on only.",
    "permitted": "Passwords work for everybody again.",
}  # fmt: skip
EMPTY: Mapping[str, str] = {
    "scopes": "openid email profile", "claim_email": "email", "claim_name": "name", "claim_groups": "groups",
    "default_role": "limited_user", "enabled": "1",
}  # fmt: skip


def every(ask: Ask) -> Response:
    """All providers, and the rules."""
    conn = ask.tx.conn
    found = select(users.c.id, users.c.name, users.c.email, users.c.password_hash.is_not(None).label("has_password"))
    owner = conn.execute(found.where(users.c.role == "owner", users.c.deleted_at.is_(None)).limit(1)).one_or_none()
    return framed(
        ask, "sign_in_settings.html", providers=conn.execute(stored.find_providers()).all(), owner=owner,
        only=sign_in_rules.read(conn).only, holds=enforcing.rules_hold(conn), linked=stored.admins_linked(conn),
        told=SAID.get(ask.query("done"), ""),
    )  # fmt: skip


def rules(ask: Ask) -> Response:
    """Enforce single sign-on, or permit passwords again."""
    only = ask.field("only") == "1"
    enforcing.enforce(ask.tx, ask.actor, only, ask.field("break_glass") or None)
    return go(f"{HOME}?done={'enforced' if only else 'permitted'}")


def new(ask: Ask) -> Response:
    """The form of a provider to add."""
    return _form(ask, None, (ask.errors and _typed(ask)) or EMPTY)


def one(ask: Ask) -> Response:
    """The form of a provider that is there."""
    row = providers.get(ask.tx.conn, ask.param("id"))
    return _form(ask, row, (ask.errors and _typed(ask)) or _known(ask.tx.conn, row))


def _form(ask: Ask, row: Row[Any] | None, values: Mapping[str, str]) -> Response:
    linked = ask.tx.conn.execute(stored.find_identities(row.id).limit(200)).all() if row else ()
    return framed(
        ask, "sign_in_provider.html", provider=row, v=lambda name: values.get(name, ""), roles=ROLES, linked=linked,
        callback=ask.asked.base_url + CALLBACK, told=SAID.get(ask.query("done"), ""),
    )  # fmt: skip


def _typed(ask: Ask) -> dict[str, str]:
    return {name: ask.field(name) for name in ask.asked.form if name not in ("csrf", "client_secret")}


def _known(conn: Connection, row: Row[Any]) -> dict[str, str]:
    names = by_id(conn, teams, {given["team_id"] for given in row.teams})
    return {
        "name": row.name, "issuer": row.issuer, "client_id": row.client_id, "scopes": " ".join(row.scopes),
        **{f"claim_{name}": value for name, value in row.claims.items()},
        "email_domains": " ".join(row.email_domains), "make_people": "1" if row.make_people else "",
        "default_role": row.default_role, "trust_unverified_email": "1" if row.trust_unverified_email else "",
        "enabled": "1" if row.enabled else "",
        "roles": "\n".join(f"{given['group']} = {given['role']}" for given in row.roles),
        "teams": "\n".join(f"{g['group']} = {names[g['team_id']].name} = {g['role']}" for g in row.teams),
    }  # fmt: skip


def add(ask: Ask) -> Response:
    """Add a provider."""
    id = providers.add(ask.tx, ask.actor, _body(ask, ask.field("issuer")), ask.site.providers)
    return go(f"{HOME}/{id}?done=saved")


def save(ask: Ask) -> Response:
    """Change a provider; the issuer stays."""
    row = providers.get(ask.tx.conn, ask.param("id"))
    providers.edit(ask.tx, ask.actor, row, _body(ask, row.issuer), ask.site.providers)
    return go(f"{HOME}/{row.id}?done=saved")


def drop(ask: Ask) -> Response:
    """Remove a provider."""
    providers.drop(ask.tx, ask.actor, providers.get(ask.tx.conn, ask.param("id"), lock=True))
    return go(f"{HOME}?done=removed")


def unlink(ask: Ask) -> Response:
    """Unlink an account from its person."""
    providers.unlink(ask.tx, ask.actor, ask.param("id"), ask.field("identity"))
    return go(f"{HOME}/{ask.param('id')}?done=unlinked")


def _body(ask: Ask, issuer: str) -> ProviderBody:
    given = {
        "name": ask.field("name"), "issuer": issuer, "client_id": ask.field("client_id"),
        "client_secret": ask.field("client_secret") or None, "scopes": ask.field("scopes").split(),
        "claims": {name: ask.field(f"claim_{name}") for name in ("email", "name", "groups")},
        "email_domains": ask.field("email_domains").replace(",", " ").split(),
        "make_people": ask.field("make_people") == "1", "default_role": ask.field("default_role"),
        "roles": [{"group": group, "role": role} for group, role in _lines(ask, "roles", 2)],
        "teams": _teams(ask), "trust_unverified_email": ask.field("trust_unverified_email") == "1",
        "enabled": ask.field("enabled") == "1",
    }  # fmt: skip
    return read(ProviderBody, given)


def _lines(ask: Ask, name: str, parts: int) -> list[list[str]]:
    form = " = ".join(("group", "team", "role")) if parts == 3 else "group = role"
    found, wrong = [], []
    for number, line in enumerate(ask.field(name).splitlines(), 1):
        cut = [part.strip() for part in line.rsplit("=", parts - 1)]
        if len(cut) == parts and all(cut):
            found.append(cut)
        elif line.strip():
            wrong.append(f"{name}: line {number} must be like {form}")
    if wrong:
        raise Invalid(wrong)
    return found


def _teams(ask: Ask) -> Sequence[Mapping[str, Any]]:
    lines = _lines(ask, "teams", 3)
    lower = {team.lower() for _, team, _ in lines}
    found = select(teams.c.id, teams.c.name).where(func.lower(teams.c.name).in_(lower), teams.c.deleted_at.is_(None))
    ids = {row.name.lower(): row.id for row in ask.tx.conn.execute(found)}
    if missing := sorted({team for _, team, _ in lines if team.lower() not in ids}):
        raise Invalid([f"teams: there is no team {team}" for team in missing])
    return [{"group": group, "team": {"id": ids[team.lower()]}, "role": role} for group, team, role in lines]


_WHO = Permission.ACCOUNT
PAGES = (
    Page("GET", HOME, every, needs=_WHO),
    Page("POST", HOME, rules, again=every, needs=_WHO),
    Page("GET", f"{HOME}/new", new, needs=_WHO),
    Page("POST", f"{HOME}/new", add, again=new, needs=_WHO),
    Page("GET", f"{HOME}/{{id}}", one, needs=_WHO),
    Page("POST", f"{HOME}/{{id}}", save, again=one, needs=_WHO),
    Page("POST", f"{HOME}/{{id}}/remove", drop, again=one, needs=_WHO),
    Page("POST", f"{HOME}/{{id}}/unlink", unlink, again=one, needs=_WHO),
)
