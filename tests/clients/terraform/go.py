"""What Go's `encoding/json` makes of an answer: PagerDuty's Terraform provider decodes every answer with it.

1. A wrong JSON *type* is an error, wherever it stands: the provider repeats for two minutes, then fails.
2. null and a missing member give the zero value (`""`, 0, False, [], None behind a pointer).
3. Members that a struct does not name are ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Pointer:
    """A pointer to something: None where JSON has null or nothing."""

    to: Any


class WrongType(AssertionError):
    """JSON that Go refuses to put into its struct."""


REFERENCE = {"id": str, "type": str, "summary": str, "self": str, "html_url": str}
POINTED = Pointer(REFERENCE)
PAGE = {"limit": int, "offset": int, "more": bool, "total": int}
_ZERO: dict[type, Any] = {str: "", int: 0, float: 0.0, bool: False, object: None}


def decode(shape: Any, value: Any, where: str = "answer") -> Any:
    """`value` as Go holds it; a shape is str, int, float, bool, object (anything), [shape], {name: shape}, Pointer."""
    if isinstance(shape, Pointer):
        return None if value is None else decode(shape.to, value, where)
    if isinstance(shape, list):
        return [decode(shape[0], one, f"{where}[{n}]") for n, one in enumerate(_as(list, value, where) or ())]
    if isinstance(shape, Mapping):
        given = _as(dict, value, where) or {}
        return {name: decode(inner, given.get(name), f"{where}.{name}") for name, inner in shape.items()}
    return _ZERO[shape] if value is None else _scalar(shape, value, where)


def _as(kind: type, value: Any, where: str) -> Any:
    if value is not None and not isinstance(value, kind):
        raise WrongType(f"cannot unmarshal {value!r} into {where}, a {kind.__name__}")
    return value


def _scalar(shape: type, value: Any, where: str) -> Any:
    fits = {
        object: True, str: isinstance(value, str), bool: isinstance(value, bool),
        int: isinstance(value, int) and not isinstance(value, bool),
        float: isinstance(value, (int, float)) and not isinstance(value, bool),
    }  # fmt: skip
    if not fits[shape]:
        raise WrongType(f"cannot unmarshal {value!r} into {where}, a {shape.__name__}")
    return value


def omitempty(**members: Any) -> dict[str, Any]:
    """The members that Go's `omitempty` leaves in: none that is false, 0, nil or empty. A nil pointer is None."""
    return {name: value for name, value in members.items() if value not in (None, "", 0, False, [])}
