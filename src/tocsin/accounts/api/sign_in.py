"""`/tocsin/sign_in_providers` and `/tocsin/sign_in_rules`: single sign-on, for the owner and admins."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from tocsin.accounts import wire_sign_in as wire
from tocsin.accounts.commands import enforcing, providers
from tocsin.accounts.oidc.discovery import Directory
from tocsin.accounts.store import sign_in, sign_in_rules, tables
from tocsin.core.recorded import by_id
from tocsin.rest.call import Call
from tocsin.rest.objects import Thing
from tocsin.rest.operations import Operation, Table
from tocsin.rest.paging import Page, offset_page
from tocsin.rest.permissions import Permission

#: Not among the published scopes, so no scoped token has it.
SCOPE = "tocsin.sign_in"
CALLBACK = "/app/sign-in/callback"


def _show(call: Call, rows: Sequence[Row[Any]]) -> list[Thing]:
    teams = by_id(call.conn, tables.teams, {given["team_id"] for row in rows for given in row.teams})
    return [wire.provider(row, teams, call.links.base + CALLBACK) for row in rows]


def _shown(call: Call, id: str) -> Thing:
    return _show(call, [providers.get(call.conn, id)])[0]


def list_providers(call: Call) -> Page:
    """List sign-in providers"""
    return offset_page(call, sign_in.find_providers(), lambda rows: _show(call, rows))


def get_provider(call: Call) -> Thing:
    """Get a sign-in provider"""
    return _shown(call, call.id)


def create_provider(call: Call) -> Thing:
    """Add a sign-in provider; it is asked for its documents now"""
    return _shown(call, providers.add(call.tx, call.actor, call.read(wire.ProviderBody), call.part(Directory)))


def update_provider(call: Call) -> Thing:
    """Change a sign-in provider; without a secret the present one stays"""
    row = providers.get(call.conn, call.id)
    body = call.read(wire.ProviderBody, over=wire.present(row))
    providers.edit(call.tx, call.actor, row, body, call.part(Directory))
    return _shown(call, row.id)


def delete_provider(call: Call) -> None:
    """Remove a sign-in provider"""
    providers.drop(call.tx, call.actor, providers.get(call.conn, call.id, lock=True))


def list_identities(call: Call) -> Page:
    """List the accounts of a provider that are linked to people"""
    row = providers.get(call.conn, call.id)
    return offset_page(call, sign_in.find_identities(row.id), lambda rows: [wire.identity(row) for row in rows])


def delete_identity(call: Call) -> None:
    """Unlink an account of a provider"""
    providers.unlink(call.tx, call.actor, call.id, call.path["identity_id"])


def get_rules(call: Call) -> dict[str, Any]:
    """Get the rules of signing in"""
    rules = sign_in_rules.read(call.conn)
    return wire.rules(rules, by_id(call.conn, tables.users, [rules.break_glass or ""]).get(rules.break_glass or ""))


def put_rules(call: Call) -> dict[str, Any]:
    """Enforce single sign-on, or permit passwords again"""
    body = call.read(wire.RulesBody)
    enforcing.enforce(call.tx, call.actor, body.single_sign_on_only, body.break_glass.id if body.break_glass else None)
    return get_rules(call)


_ALL, _ONE, _KIND = "/tocsin/sign_in_providers", "/tocsin/sign_in_providers/{id}", "sign_in_provider"
_RULES, _WHO = "/tocsin/sign_in_rules", Permission.ACCOUNT
_BODY: dict[str, Any] = {"audit": _KIND, "takes": _KIND, "body": wire.ProviderBody}

TABLE = Table(
    (
        Operation("GET", _ALL, list_providers, 200, "sign_in_providers", SCOPE, _WHO),
        Operation("POST", _ALL, create_provider, 201, _KIND, SCOPE, _WHO, **_BODY),
        Operation("GET", _ONE, get_provider, 200, _KIND, SCOPE, _WHO),
        Operation("PUT", _ONE, update_provider, 200, _KIND, SCOPE, _WHO, **_BODY),
        Operation("DELETE", _ONE, delete_provider, 204, None, SCOPE, _WHO, audit=_KIND),
        Operation("GET", f"{_ONE}/identities", list_identities, 200, "identities", SCOPE, _WHO),
        Operation(
            "DELETE", f"{_ONE}/identities/{{identity_id}}", delete_identity, 204, None, SCOPE, _WHO, audit="identity"
        ),
        Operation("GET", _RULES, get_rules, 200, "sign_in_rules", SCOPE, _WHO),
        Operation(
            "PUT", _RULES, put_rules, 200, "sign_in_rules", SCOPE, _WHO, audit="account", takes="sign_in_rules",
            body=wire.RulesBody,
        ),
    )
)  # fmt: skip
