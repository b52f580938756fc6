"""Who hears of incidents and business services (core:I92, core:C17, ei:BS2, core:G-43).

1. Subscribing tells nobody. A person's own unsubscribing is kept: neither their team's subscription nor that of the
   account reaches them any more, until they are subscribed by name again.
2. What does not exist, or may not be seen by whoever asks or by the person who would be told, is `unauthorized`.
3. What people subscribe to a business service, a user or a team is on record; an incident's subscribers are not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid
from tocsin.core.recorded import Subject, note
from tocsin.status_pages.store import subscriptions as stored
from tocsin.status_pages.store.subscriptions import Link, Thing

MOST_USERS = 25_000
Allowed = Callable[[Link], bool]


@dataclass(frozen=True, slots=True)
class Counts:
    """What unsubscribing came to."""

    deleted: int
    unauthorized: int
    non_existent: int


def subscribe(tx: Tx, actor: Actor, links: Sequence[Link], allowed: Allowed, root: Thing | None) -> list[str]:
    """Subscribe; for each link success, duplicate or unauthorized."""
    there = stored.present(tx.conn, links)
    results: dict[Link, str] = {}
    said = []
    for link in links:
        old = there.get(link)
        known = link in results or (old is not None and not old.refused)
        result = "unauthorized" if not allowed(link) else "duplicate" if known else "success"
        results.setdefault(link, result)
        said.append(result)
    new = [link for link, result in results.items() if result == "success"]
    for what in {what for what, _ in new}:
        if stored.count_users(tx.conn, what) + sum(one == what for one, _ in new) > MOST_USERS:
            raise Invalid(f"At most {MOST_USERS:,} can subscribe to one {what[0].replace('_', ' ')}", code=2019)
    stored.put(tx.conn, new, False, tx.now)
    _record(tx, actor, "create", new, root)
    return said


def unsubscribe(tx: Tx, actor: Actor, links: Sequence[Link], allowed: Allowed, root: Thing | None) -> Counts:
    """End these subscriptions; a person's own end is kept (rule 1)."""
    wanted = list(dict.fromkeys(links))
    mine = [link for link in wanted if allowed(link)]
    there = {link for link, row in stored.present(tx.conn, mine).items() if not row.refused}
    told = {link for link in mine if link[1][0] == "user"}
    refusable = stored.by_team(tx.conn, told) - set(_refused(tx, told))
    ended = [link for link in mine if link in there or link in refusable]
    stored.drop(tx.conn, [link for link in ended if link not in told])
    stored.put(tx.conn, [link for link in ended if link in told], True, tx.now)
    _record(tx, actor, "delete", ended, root)
    return Counts(len(ended), len(wanted) - len(mine), len(mine) - len(ended))


def _refused(tx: Tx, links: set[Link]) -> list[Link]:
    return [link for link, row in stored.present(tx.conn, links).items() if row.refused]


def refuse(tx: Tx, user_id: str, incident_id: str) -> None:
    """A person wants to hear no more of an incident, whichever way it reaches them (a link in the mail, the page)."""
    stored.put(tx.conn, [(("incident", incident_id), ("user", user_id))], True, tx.now)


def _record(tx: Tx, actor: Actor, action: str, links: Sequence[Link], root: Thing | None) -> None:
    if root is None or not links:
        return
    told = {"subscriptions": [{"to": "/".join(what), "of": "/".join(who)} for what, who in links]}
    subject = Subject("notification_subscription", root[1], None, root)
    note(tx, actor, action, subject, *((None, told) if action == "create" else (told, None)))


def subscribe_account(tx: Tx, actor: Actor, business_id: str, account_id: str, wanted: bool) -> None:
    """Let everybody hear of a business service, or not."""
    link: Link = (("business_service", business_id), ("account", account_id))
    there = link in stored.present(tx.conn, [link])
    if there == wanted:
        return
    if wanted:
        stored.put(tx.conn, [link], False, tx.now)
    else:
        stored.drop(tx.conn, [link])
    _record(tx, actor, "create" if wanted else "delete", [link], link[0])
