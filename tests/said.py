"""Events as their senders word them, for the world of the tests."""

from dataclasses import dataclass
from typing import Any

KEYS = {"api": "a" * 32, "other": "b" * 32}


@dataclass(frozen=True)
class Said:
    """An event as its sender words it, and the integration it is sent to."""

    body: dict[str, Any]
    via: str = "api"


def trigger(summary: str, key: str | None = None, severity: str = "critical", via: str = "api", **more: Any) -> Said:
    payload = {"summary": summary, "source": "web-1", "severity": severity, **more}
    return _said("trigger", key or summary, via, payload=payload)


def acknowledge(key: str, via: str = "api") -> Said:
    return _said("acknowledge", key, via)


def resolve(key: str, via: str = "api") -> Said:
    return _said("resolve", key, via)


def _said(action: str, key: str, via: str, **more: Any) -> Said:
    return Said({"routing_key": KEYS[via], "event_action": action, "dedup_key": key, **more}, via)
