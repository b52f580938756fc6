"""API keys: one's own, and for admins the account's and everybody's. A key is shown in the answer that made it."""

from starlette.responses import Response

from tocsin.accounts.commands import keys
from tocsin.accounts.store import tables
from tocsin.core.errors import Invalid, NotFound
from tocsin.core.recorded import live
from tocsin.rest.permissions import Permission
from tocsin.web.pages.frame import framed
from tocsin.web.queries import people as read
from tocsin.web.serving import Page
from tocsin.web.site import Ask, go

OWN, ALL = "/app/keys", "/app/account/keys"
TOLD = {"revoked": "The key is revoked: within five seconds nothing takes it any more."}


def own(ask: Ask) -> Response:
    """The keys of whoever is signed in."""
    return _page(ask, None)


def _page(ask: Ask, fresh: str | None) -> Response:
    user_id = ask.actor.user_id or ""
    return framed(
        ask, "keys.html", keys=read.keys_of(ask.tx.conn, user_id), fresh=fresh, told=TOLD.get(ask.query("done"), ""),
        base=ask.asked.base_url, keys_at=OWN,
    )  # fmt: skip


def every(ask: Ask) -> Response:
    """The account's keys and everybody's."""
    return _account_page(ask, None)


def _account_page(ask: Ask, fresh: str | None) -> Response:
    return framed(
        ask, "account_keys.html", keys=read.all_keys(ask.tx.conn), fresh=fresh, told=TOLD.get(ask.query("done"), ""),
        base=ask.asked.base_url, keys_at=ALL,
    )  # fmt: skip


def _description(ask: Ask) -> str:
    description = ask.field("description").strip()
    if not 1 <= len(description) <= 200:
        raise Invalid("Say in a few words what the key is for: whoever finds it here later will want to know")
    return description


def make_own(ask: Ask) -> Response:
    """A key that acts as its person."""
    return _page(ask, keys.issue(ask.tx, ask.actor, ask.actor.user_id, _description(ask), bool(ask.field("read_only"))))


def make_for_account(ask: Ask) -> Response:
    """A key with no person behind it."""
    return _account_page(ask, keys.issue(ask.tx, ask.actor, None, _description(ask), bool(ask.field("read_only"))))


def revoke_own(ask: Ask) -> Response:
    """End one of one's own."""
    row = live(ask.tx.conn, tables.api_keys, ask.param("id"))
    if row is None or row.user_id is None or row.user_id != ask.actor.user_id:
        raise NotFound("There is no such key")
    keys.revoke(ask.tx, ask.actor, row.id)
    return go(f"{OWN}?done=revoked")


def revoke_any(ask: Ask) -> Response:
    """End any."""
    keys.revoke(ask.tx, ask.actor, ask.param("id"))
    return go(f"{ALL}?done=revoked")


PAGES = (
    Page("GET", OWN, own, needs=None),
    Page("POST", OWN, make_own, again=own, needs=None),
    Page("POST", OWN + "/{id}/revoke", revoke_own, again=own, needs=None),
    Page("GET", ALL, every, needs=Permission.ACCOUNT),
    Page("POST", ALL, make_for_account, again=every, needs=Permission.ACCOUNT),
    Page("POST", ALL + "/{id}/revoke", revoke_any, again=every, needs=Permission.ACCOUNT),
)
