"""`/tocsin/account`: how clients name this account."""

from tocsin.accounts import wire_account as wire
from tocsin.accounts.commands import account
from tocsin.rest.call import Call
from tocsin.rest.objects import Thing
from tocsin.rest.operations import Operation, Table
from tocsin.rest.permissions import Permission

_PATH, _SCOPE = "/tocsin/account", "tocsin.account"


def get_account(call: Call) -> Thing:
    """Get the account: its name, region and subdomain"""
    return wire.account(account.get(call.conn))


def update_account(call: Call) -> Thing:
    """Change the account's name, region or subdomain"""
    given = call.read(wire.AccountBody, over=wire.present(account.get(call.conn)))
    account.edit(call.tx, call.actor, given)
    return get_account(call)


TABLE = Table(
    (
        Operation("GET", _PATH, get_account, 200, "account", _SCOPE, Permission.READ, sees="all"),
        Operation(
            "PUT", _PATH, update_account, 200, "account", _SCOPE, Permission.ACCOUNT, audit="account",
            takes="account", body=wire.AccountBody,
        ),
    )
)  # fmt: skip
