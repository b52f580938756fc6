"""The person on whose behalf a request acts (core:I140-I142, core:G-05).

1. A user's key acts as that user; `From` is then ignored.
2. An account key acts as the user that `From` names: by e-mail in any case, or by id (some clients send that).
"""

from dataclasses import replace

from tocsin.accounts.store import people, tables
from tocsin.core.actor import Actor, ActorKind
from tocsin.core.errors import Invalid
from tocsin.core.recorded import live
from tocsin.rest.call import Call

_MISSING = 'You must specify a user\'s email address in the "From" header to perform this action'


def required(call: Call) -> Actor:
    """The acting person; 400 when an account key names none or an unknown one."""
    actor = optional(call)
    if actor.user_id is None:
        raise Invalid("The From header is required with an account-level access token", code=2016, message=_MISSING)
    return actor


def optional(call: Call) -> Actor:
    """The acting person where there is one, else the key itself; an unknown `From` is 400."""
    if call.actor.user_id is not None or not call.sender:
        return call.actor
    user = people.user_by_email(call.conn, call.sender) or live(call.conn, tables.users, call.sender.strip())
    if user is None:
        raise Invalid("The From header names no user of this account", code=1008, message="Requester User Not Found")
    return replace(call.actor, kind=ActorKind.USER, id=user.id, name=user.name)
