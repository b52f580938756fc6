"""What makes an event acceptable, with the wire's own words for what does not (core:E3, core:E11-E22, core:E70-E72).

1. Every problem is reported at once, in the order routing_key, event_action, dedup_key, payload.* (core:G-04).
2. Over-long summaries are cut, never refused; an over-long dedup_key is refused: cutting could merge two problems
   (core:G-24, SPINE 12).
3. `null` and `""` mean absent (clients.md); unknown fields are ignored.
4. An emoji cut in half, a letter that is not UTF-8 or a byte order mark must not lose a page: such a body is mended
   before it is given up.
5. What is nested deeper than 500 is refused: near its limit a reader of JSON that gets one event passes what fails in a
   list of events, and a segment that cannot be read would block its lane.
"""

import re
from typing import Any

SEVERITIES = frozenset({"critical", "error", "warning", "info"})
ACTIONS = frozenset({"trigger", "acknowledge", "resolve"})
KEY_LENGTH = 32
DEDUP_LIMIT = 255
MAX_BYTES = 524_288
MAX_DEPTH = 500


_BOM = b"\xef\xbb\xbf"
# An escaped pair of surrogates, a lone one (the group), or any other escape.
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)


def too_deep(body: bytes, value: Any) -> bool:
    """Whether `value`, read from `body`, is nested deeper than is safe to store (rule 5)."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    layer = [value]
    for _ in range(MAX_DEPTH):
        inner = [item for item in layer if isinstance(item, dict | list)]
        layer = [child for item in inner for child in (item.values() if isinstance(item, dict) else item)]
        if not layer:
            return False
    return True


def mended(body: bytes) -> bytes:
    """JSON text with what no reader accepts replaced by U+FFFD; anything else is left as it is."""
    text = body.removeprefix(_BOM).decode(errors="replace").encode()
    return _ESCAPE.sub(lambda found: b"\\ufffd" if found[1] else found[0], text)


def blank(value: Any) -> bool:
    """Whether a required text is missing."""
    return not isinstance(value, str) or not value.strip()


def key_problems(name: str, key: Any) -> list[str]:
    """What is wrong with a routing key's form (core:E3)."""
    if isinstance(key, str) and len(key) == KEY_LENGTH and key.isascii() and key.isalnum():
        return []
    if blank(key):
        return [f"'{name}' is missing or blank"]
    problems = []
    if len(key) != KEY_LENGTH:
        problems.append(f"Length of '{name}' is incorrect (should be {KEY_LENGTH} characters)")
    if not (key.isascii() and key.isalnum()):
        problems.append(f"'{name}' cannot contain non-alphanumeric characters.")
    return problems


def v2_problems(event: dict[str, Any]) -> list[str]:
    """Everything wrong with an Events API v2 event."""
    problems = key_problems("routing_key", event.get("routing_key"))
    action = event.get("event_action")
    if action not in ACTIONS if isinstance(action, str) else True:
        problems.append("'event_action' is invalid (must be one of: 'trigger', 'acknowledge' or 'resolve')")
    problems += _dedup_problems("dedup_key", event.get("dedup_key"), required=action in ("acknowledge", "resolve"))
    if action == "trigger":
        problems += _payload_problems(event.get("payload"))
    return problems


def _dedup_problems(name: str, key: Any, required: bool) -> list[str]:
    if key is None or key == "":
        return [f"'{name}' is missing or blank"] if required else []
    if not isinstance(key, str):
        return [f"'{name}' is invalid (must be a string)"]
    if len(key) > DEDUP_LIMIT:
        return [f"'{name}' is too long (maximum is {DEDUP_LIMIT} characters)"]
    return []


def _payload_problems(payload: Any) -> list[str]:
    if not isinstance(payload, dict):
        payload = {}
    problems = []
    if blank(payload.get("summary")):
        problems.append("'payload.summary' is missing or blank")
    if blank(payload.get("source")):
        problems.append("'payload.source' is missing or blank")
    severity = payload.get("severity")
    if not isinstance(severity, str) or severity not in SEVERITIES:
        problems.append(
            "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')"
        )
    return problems


def v1_problems(event: dict[str, Any]) -> list[str]:
    """Everything wrong with an Events API v1 event."""
    problems = key_problems("service_key", event.get("service_key"))
    kind = event.get("event_type")
    if kind not in ACTIONS if isinstance(kind, str) else True:
        problems.append("event_type is invalid (must be one of: trigger acknowledge resolve)")
    problems += _dedup_problems("incident_key", event.get("incident_key"), required=kind in ("acknowledge", "resolve"))
    if kind == "trigger" and blank(event.get("description")):
        problems.append("Description is missing or blank")
    return problems


def change_problems(event: dict[str, Any]) -> list[str]:
    """Everything wrong with a change event; orchestration keys (R…) take none (core:E7, core:E60)."""
    problems = key_problems("routing_key", event.get("routing_key"))
    payload = event.get("payload")
    if not isinstance(payload, dict) or blank(payload.get("summary")):
        problems.append("'payload.summary' is missing or blank")
    return problems
