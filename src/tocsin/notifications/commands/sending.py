"""From a due message to its outcome: claim, check again, compose, settle (SPINE 3).

1. Every page in a message is checked against its condition when the message is claimed; what means nothing any more
   is dropped with its reason, and an empty message is not sent.
2. Sent is marked after the channel said so. `Unknown` is tried again under the same key; a plain failure goes back to
   waiting, where newer pages may join it.
3. Everything after the claim is fenced by the attempt number: a worker that lost its lease changes nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.core import effects
from tocsin.core.db import Tx, to_json
from tocsin.notifications.commands.broadcasting import Broadcast, letters
from tocsin.notifications.logic import retry_at, why_not
from tocsin.notifications.model import Asked, Failed, Message, Outcome, PagedIncident, Sent, Unknown
from tocsin.notifications.store import sends
from tocsin.notifications.store.chains import standings
from tocsin.notifications.store.content import Told, person, told
from tocsin.notifications.store.sends import Item, Send

LISTED = 50


@dataclass(frozen=True, slots=True)
class Addresses:
    """How the links in a message are made.

    `answer(incident_id, user_id, action, send_id, now)` signs a one-click link; `page(incident_id)` is its page;
    `unsubscribe(incident_id, user_id, now)` signs one that ends the updates of an incident.
    `account(kind, link_id, now)` signs a link of `accounts.commands.links`. `reply(incident_id, user_id, action,
    send_id, request_id, now)` signs one that answers a call for help.
    """

    answer: Callable[[str, str, str, str, datetime], str]
    page: Callable[[str], str]
    home: str
    account: Callable[[str, str, datetime], str] = lambda kind, link_id, now: ""
    unsubscribe: Callable[[str, str, datetime], str] = lambda incident_id, user_id, now: ""
    reply: Callable[[str, str, str, str, str, datetime], str] = lambda *given: ""


def claim(
    tx: Tx, channel: str, owner: str, lease: timedelta, limit: int, urls: Addresses
) -> list[tuple[Send, Message]]:
    """Messages to send now, each checked and composed."""
    taken = sends.claim(tx.conn, channel, owner, tx.now, lease, limit)
    if not taken:
        return []
    pages = sends.items_of(tx.conn, [send.id for send in taken if send.kind != "notice"])
    live = _still_meant(tx, taken, pages)
    about = told(tx.conn, {item.incident_id for listed in live.values() for item in listed[:LISTED]})
    written = letters(tx.conn, (send.notice for send in taken))
    ready = []
    for send in taken:
        if letter := written.get((send.notice or {}).get("broadcast", "")):
            ready.append((send, _copy(tx, send, letter, urls)))
        elif send.kind == "notice":
            ready.append((send, _notice(tx, send, urls)))
        elif listed := live.get(send.id):
            ready.append((send, _message(tx, send, listed, about, urls)))
        else:
            sends.mark(tx.conn, send, state="dropped", why="none of its pages means anything any more")
    return ready


def _still_meant(tx: Tx, taken: Sequence[Send], pages: dict[str, list[tuple[int, Item]]]) -> dict[str, list[Item]]:
    standing = standings(tx.conn, {item.incident_id for listed in pages.values() for _, item in listed})
    urgency = {send.id: send.urgency for send in taken}
    live: dict[str, list[Item]] = {}
    dropped: dict[int, str] = {}
    for send_id, listed in pages.items():
        for row_id, item in listed:
            incident = standing.get(item.incident_id)
            reason = why_not(item.condition, item.user_id, urgency[send_id], incident, item.request_id)
            if reason is None:
                live.setdefault(send_id, []).append(item)
            else:
                dropped[row_id] = reason
    sends.drop_items(tx.conn, dropped)
    return live


def _notice(tx: Tx, send: Send, urls: Addresses) -> Message:
    name, zone = person(tx.conn, send.user_id)
    notice = send.notice or {}
    link = notice.get("link")
    leads_to = urls.account(link["kind"], link["id"], tx.now) if link else urls.home + notice.get("page", "")
    return Message(
        send.id, send.address, name, "notice", (), 0, zone, leads_to,
        notice_subject=notice.get("subject", ""), notice_text=notice.get("text", ""),
        notice_button=notice.get("button", ""),
    )  # fmt: skip


def _copy(tx: Tx, send: Send, letter: Broadcast, urls: Addresses) -> Message:
    name, zone = person(tx.conn, send.user_id)
    return Message(
        send.id, send.address, name, "notice", (), 0, zone, urls.page(letter.incident_id),
        notice_subject=letter.subject, notice_text=letter.text, notice_button="Open the incident",
        notice_html=letter.html, unsubscribe_url=urls.unsubscribe(letter.incident_id, send.user_id or "", tx.now),
    )  # fmt: skip


def _message(tx: Tx, send: Send, listed: Sequence[Item], about: dict[str, Told], urls: Addresses) -> Message:
    name, zone = person(tx.conn, send.user_id)
    once = {(item.incident_id, item.request_id): item for item in listed}
    shown = [item for item in once.values() if item.incident_id in about][:LISTED]
    kinds = {item.kind for item in listed}
    return Message(
        key=send.id,
        to=send.address,
        to_name=name,
        kind="request" if kinds == {"request"} else "re-page" if kinds == {"re-page"} else "page",
        incidents=tuple(_paged(tx, send, item, about[item.incident_id], urls) for item in shown),
        total=len(once),
        time_zone=zone,
        html_url=urls.page(shown[0].incident_id) if len(once) == 1 else urls.home,
    )


def _paged(tx: Tx, send: Send, item: Item, incident: Told, urls: Addresses) -> PagedIncident:
    cef = (incident.body or {}).get("cef_details") or {}
    return PagedIncident(
        id=incident.id,
        number=incident.number,
        title=incident.title,
        service=incident.service,
        urgency=incident.urgency,
        status=incident.status,
        triggered_at=incident.created_at,
        level=item.level,
        why=item.why,
        severity=incident.severity,
        source=cef.get("source_origin"),
        details=details_of(cef.get("details")),
        links=tuple(
            (c["href"], c.get("text") or c["href"]) for c in cef.get("contexts", ()) if c.get("type") == "link"
        ),
        html_url=urls.page(incident.id),
        acknowledge_url=urls.answer(incident.id, item.user_id, "acknowledge", send.id, tx.now),
        resolve_url=urls.answer(incident.id, item.user_id, "resolve", send.id, tx.now),
        asked=_asked(tx, send, item, incident, urls),
    )


def _asked(tx: Tx, send: Send, item: Item, incident: Told, urls: Addresses) -> Asked | None:
    request = incident.requests.get(item.request_id or "")
    if request is None:
        return None
    bridge = incident.conference_bridge or {}
    return Asked(
        by=person(tx.conn, request.requester_id)[0],
        message=request.message,
        conference_number=bridge.get("conference_number") or "",
        conference_url=bridge.get("conference_url") or "",
        join_url=urls.reply(incident.id, item.user_id, "join", send.id, request.id, tx.now),
        decline_url=urls.reply(incident.id, item.user_id, "decline", send.id, request.id, tx.now),
    )


def details_of(details: object) -> tuple[tuple[str, str], ...]:
    """Custom details as lines of (name, value), whatever JSON they were."""
    if details is None or details == "":
        return ()
    if isinstance(details, dict):
        return tuple((str(name), _plain(value)) for name, value in details.items())
    return (("details", _plain(details)),)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else to_json(value)


def settle(tx: Tx, send: Send, outcome: Outcome) -> None:
    """Write what became of a message, and when to try again if it failed."""
    match outcome:
        case Sent(receipt):
            _sent(tx, send, receipt)
        case Unknown(why):
            again = retry_at(send.attempt, tx.now, None)
            if sends.mark(tx.conn, send, state="unknown", why=why, due_at=again):
                _trouble(tx, send, "unknown", why)
        case Failed(True, why):
            if sends.mark(tx.conn, send, state="failed", why=why):
                sends.mark_items(tx.conn, send.id, "failed", why)
                _trouble(tx, send, "failed", why)
        case Failed(False, why, told_at):
            _wait(tx, send, why, retry_at(send.attempt, tx.now, told_at))
    sends.note_health(tx.conn, send.channel, tx.now, None if isinstance(outcome, Sent) else outcome.why)


def _sent(tx: Tx, send: Send, receipt: str) -> None:
    if not sends.mark(tx.conn, send, state="sent", receipt=receipt, sent_at=tx.now, why=None):
        return
    sends.mark_items(tx.conn, send.id, "sent")
    if send.kind != "notice":
        sends.handed_over(tx.conn, (send.method_id or "", send.urgency), tx.now)
        effects.put(tx.conn, [("sent", send.id, {})], tx.now)


def _wait(tx: Tx, send: Send, why: str, again: datetime) -> None:
    bundle = (send.method_id or "", send.urgency)
    other = sends.waiting(tx.conn, [bundle]).get(bundle) if send.kind != "notice" else None
    if other is None:
        if sends.mark(tx.conn, send, state="waiting", why=why, due_at=again):
            _trouble(tx, send, "delayed", why)
    elif sends.mark(tx.conn, send, state="dropped", why=f"joined into {other}"):
        sends.join(tx.conn, send, other, again)


def _trouble(tx: Tx, send: Send, status: str, why: str) -> None:
    """The timeline hears of the first failure of a message, and of the last word; the tries between are counted."""
    if send.kind != "notice" and (send.attempt == 1 or status == "failed"):
        text = f"could not be handed over ({status}): {why}"
        effects.put(tx.conn, [("trouble", send.id, {"status": status, "why": text})], tx.now)
