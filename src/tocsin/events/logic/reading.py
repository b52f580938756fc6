"""From an accepted body to `Incoming`: one meaning for v2 and v1 (core:E14-E18, core:E55, core:E70, ei:N2-N5).

1. `links` and `images` inside `payload` are lifted when the top level has none (ei:N2).
2. A timestamp that cannot be read never loses a page: receive time is taken (core:E18, core:G-01).
3. U+0000 cannot be stored in PostgreSQL's text: it becomes U+FFFD, in the dedup_key too.
4. Where the wire says text, anything else is left out: what pages tell is text.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import structs

from tocsin.core.intake_log import Stored
from tocsin.events.model import Action, Incoming

SUMMARY_LIMIT = 1024
_FORMS = ("%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S.%f%z", "%Y-%m-%d %H:%M:%S%z")
_decode = msgspec.json.Decoder().decode


def read(stored: Stored) -> Incoming:
    """What a stored event means."""
    event = _decode(stored.raw.body)
    if b"\\u0000" in bytes(stored.raw.body):
        event = without_nul(event)
        stored = replace(stored, raw=structs.replace(stored.raw, dedup_key=without_nul(stored.raw.dedup_key)))
    return _v1(stored, event) if stored.raw.kind == "v1" else _v2(stored, event)


def unreadable(stored: Stored, why: str) -> Incoming:
    """A stand-in for an event that could not be decided: a trigger of its own that says so (SPINE 1)."""
    text = bytes(stored.raw.body)[:2000].decode(errors="replace").replace("\x00", "\ufffd")
    summary = f"An event could not be processed: {text}"[:SUMMARY_LIMIT]
    details = {"error": why, "raw": text.replace("\\u0000", "\ufffd")}
    body = {"type": "alert_body", "contexts": [], "details": details, "cef_details": {"message": summary}}
    dedup = f"tocsin-parked-{stored.id}"
    return Incoming(
        stored.id, stored.raw.key, Action.TRIGGER, dedup, stored.raw.received_at, summary, "critical", None, body
    )


def _v2(stored: Stored, event: dict[str, Any]) -> Incoming:
    action = Action(event["event_action"])
    if action is not Action.TRIGGER:
        return Incoming(stored.id, stored.raw.key, action, stored.raw.dedup_key, stored.raw.received_at)
    payload = event["payload"]
    links = event.get("links") or payload.get("links")
    images = event.get("images") or payload.get("images")
    summary = _text(payload["summary"])[:SUMMARY_LIMIT]
    cef = {
        "message": summary,
        "severity": payload["severity"],
        "source_origin": payload["source"],
        "source_component": _string(payload.get("component")),
        "service_group": _string(payload.get("group")),
        "event_class": _string(payload.get("class")),
        "creation_time": timestamp(payload.get("timestamp"), stored.raw.received_at),
        "details": payload.get("custom_details"),
    }
    return _incoming(
        stored, summary, payload["severity"], event, cef, [*contexts(links, "link"), *contexts(images, "image")]
    )


def _v1(stored: Stored, event: dict[str, Any]) -> Incoming:
    action = Action(event["event_type"])
    if action is not Action.TRIGGER:
        return Incoming(stored.id, stored.raw.key, action, stored.raw.dedup_key, stored.raw.received_at)
    summary = _text(event["description"])[:SUMMARY_LIMIT]
    cef = {
        "message": summary,
        "severity": "critical",
        "source_origin": _string(event.get("client")),
        "source_component": None,
        "service_group": None,
        "event_class": None,
        "creation_time": stored.raw.received_at,
        "details": event.get("details"),
    }
    given = event.get("contexts")
    both = [context for kind in ("link", "image") for context in contexts(_of_kind(given, kind), kind)]
    return _incoming(stored, summary, None, event, cef, both)


def _incoming(
    stored: Stored, summary: str, severity: str | None, event: dict[str, Any], cef: dict[str, Any], lifted: list[Any]
) -> Incoming:
    cef |= {
        "dedup_key": stored.raw.dedup_key,
        "client": _string(event.get("client")),
        "client_url": _string(event.get("client_url")),
        "contexts": lifted,
        "version": "1.0",
    }
    body = {"type": "alert_body", "contexts": lifted, "details": cef["details"], "cef_details": cef}
    return Incoming(
        stored.id,
        stored.raw.key,
        Action.TRIGGER,
        stored.raw.dedup_key,
        stored.raw.received_at,
        summary,
        severity,
        cef["client"],
        body,
    )


def _of_kind(given: Any, kind: str) -> list[Any]:
    if not isinstance(given, list):
        return []
    return [context for context in given if isinstance(context, dict) and context.get("type") == kind]


def contexts(given: Any, kind: str) -> list[dict[str, Any]]:
    """Links or images as the alert's body lists them; what lacks its address is left out."""
    if not isinstance(given, list):
        return []
    names = ("href", "text") if kind == "link" else ("src", "href", "alt")
    kept = [item for item in given if isinstance(item, dict) and isinstance(item.get(names[0]), str) and item[names[0]]]
    return [{"type": kind, **{name: _string(item.get(name)) for name in names}} for item in kept]


def timestamp(given: Any, received_at: datetime) -> datetime:
    """The event's own time, leniently; years outside 1970-2100 and what cannot be read: the receive time."""
    if not isinstance(given, str):
        return received_at
    found = _iso(given) or next(filter(None, (_parsed(given, form) for form in _FORMS)), None)
    if found is None:
        return received_at
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found
    if not 1970 <= found.year <= 2100:
        return received_at
    return found.astimezone(UTC)


def _iso(given: str) -> datetime | None:
    try:
        return datetime.fromisoformat(given.strip())
    except ValueError:
        return None


def _parsed(given: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(given.strip(), form)
    except ValueError:
        return None


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _text(value: str) -> str:
    return value.strip()


def without_nul(value: Any) -> Any:
    """The same JSON value with every U+0000 replaced."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, list):
        return [without_nul(item) for item in value]
    if isinstance(value, dict):
        return {without_nul(key): without_nul(item) for key, item in value.items()}
    return value
