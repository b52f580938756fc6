"""One HTTP request as plain data, checked for what no field may hold.

1. Text is UTF-8 without NUL: PostgreSQL stores neither NUL nor half a surrogate pair, so both are 400 here.
2. Arrays repeat their key: `x[]=a&x[]=b`, percent-encoded or not; `x[0]=a` and `x=a` are read too (core:K6).
3. A body is JSON whatever its content type says (core:G-78); an empty one is no body.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from tocsin.core.errors import Invalid

Pairs = tuple[tuple[str, str], ...]
_MOST_PAIRS = 2000


@dataclass(frozen=True, slots=True)
class Request:
    """What came in. `base_url` is the address the client used, `address` the client's own (both past proxies)."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    base_url: str
    address: str | None
    id: str

    def header(self, name: str) -> str | None:
        """A header by its lower-case name."""
        return self.headers.get(name)

    def pairs(self) -> Pairs:
        """The query, decoded; `Invalid` when it is not UTF-8 text."""
        try:
            pairs = parse_qsl(self.query, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PAIRS)
        except ValueError:
            raise Invalid("The query string is not valid") from None
        if any("\0" in part for pair in pairs for part in pair):
            raise Invalid("The query string contains a NUL character")
        return tuple(pairs)

    def document(self) -> Any:
        """The body as JSON, None when empty."""
        if not self.body.strip():
            return None
        try:
            document = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Invalid(f"The body is not valid JSON: {error}") from None
        if _has_bad_text(document):
            raise Invalid("The body contains a NUL character")
        return document


def _has_bad_text(document: Any) -> bool:
    stack = [document]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            if "\0" in value:
                return True
        elif isinstance(value, dict):
            stack.extend(value)
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
    return False


def values(pairs: Pairs, name: str) -> list[str]:
    """Every value of an array parameter, in order."""
    return [value for key, value in pairs if key == name or _is_element(key, name)]


def _is_element(key: str, name: str) -> bool:
    inner = key.removeprefix(name)
    return key.startswith(name) and inner[:1] == "[" and inner[-1:] == "]" and (inner == "[]" or inner[1:-1].isdigit())
