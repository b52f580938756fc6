"""A digest of our own OpenAPI, for where the published document is not at hand: what /docs promised when recorded.

1. Of each operation: its success status, the members of its answer, the parameters that it reads.
2. `python -m scripts.record_digest` records it anew; a test holds the record against today's /docs, so that no promise
   changes unseen.
3. Without the published document, every answer of the suite is held against the record.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

RECORD = Path(__file__).parent / "rest" / "digest.json"
#: What `Done` answers instead, by what happened (core:S44, core:W4, ei:OD1).
BESIDES = {"DELETE /schedules/{id}/overrides/{override_id}": {200}}
REFUSED = {400, 401, 402, 403, 404, 405, 409, 413, 422, 429, 500, 501, 503}
Digest = dict[str, dict[str, Any]]


def of(openapi: dict[str, Any]) -> Digest:
    """The digest of an OpenAPI document."""
    found = {}
    for path, item in openapi["paths"].items():
        for method, told in item.items():
            status = next(int(status) for status in told["responses"] if status.startswith("2"))
            content = told["responses"][str(status)].get("content", {})
            members = [one["schema"].get("required", []) for one in content.values()]
            names = sorted(one["name"] for one in told["parameters"])
            found[f"{method.upper()} {path}"] = {
                "status": status, "answer": sorted(members[0]) if members else None, "parameters": names,
            }  # fmt: skip
    return dict(sorted(found.items()))


@cache
def recorded() -> Digest:
    """What was recorded."""
    found: Digest = json.loads(RECORD.read_text())
    return found


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    by_literal = sorted(recorded(), key=lambda key: (key.count("{"), -len(key)))
    return [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", key)), key) for key in by_literal]


def faults(method: str, path: str, status: int, received: Any) -> list[str]:
    """In what an answer differs from what was recorded of its operation."""
    key = next((key for pattern, key in _patterns() if pattern.fullmatch(f"{method} {path}")), None)
    if status in REFUSED or key is None:
        known = status in REFUSED
        return [] if known else [f"{method} {path} answers {status} but is not recorded"]
    told = recorded()[key]
    if status != told["status"]:
        return [] if status in BESIDES.get(key, set()) else [f"{key} answers {status}, recorded is {told['status']}"]
    missing = [name for name in told["answer"] or () if not isinstance(received, dict) or name not in received]
    return [f"{key}: {name} is missing from the answer" for name in missing]
