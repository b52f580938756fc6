"""Incident types on the wire (core:I120)."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from sqlalchemy import Row

from tocsin.rest.body import Body

_RESERVED = ("PD", "PagerDuty", "Default")


def _name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise ValueError("may have only letters, digits and _ . - and begins with a letter or digit")
    if name.endswith("_default"):
        raise ValueError("may not end in _default")
    return name


def _display_name(name: str) -> str:
    if not name[:1].isalnum():
        raise ValueError("must begin with a letter or digit")
    return name


def _free(name: str) -> str:
    if name.startswith(_RESERVED):
        raise ValueError(f"may not begin with {', '.join(_RESERVED[:-1])} or {_RESERVED[-1]}")
    return name


def _pointed(given: Any) -> Any:
    return given.get("id") or given.get("name") if isinstance(given, dict) else given


Description = Annotated[str | None, Field(max_length=1000), AfterValidator(lambda text: text or None)]
ShownName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50), AfterValidator(_display_name)
]


class NewType(Body):
    """A type to be made; `parent_type` is an id or a name."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=50), AfterValidator(_name)]
    display_name: Annotated[ShownName, AfterValidator(_free)]
    parent_type: Annotated[str, StringConstraints(min_length=1), BeforeValidator(_pointed)]
    enabled: bool = True
    description: Description = None


class TypeChange(Body):
    """What may change of a type; `name` and `parent_type` only say what they are."""

    display_name: ShownName
    enabled: bool = True
    description: Description = None
    name: Any | None = None
    parent_type: Annotated[Any | None, BeforeValidator(_pointed)] = None


def incident_type(row: Row[Any]) -> dict[str, Any]:
    """A type in full."""
    parent = {"id": row.parent_id, "type": "incident_type_reference"} if row.parent_id else None
    return {
        "id": row.id, "type": "incident_type", "name": row.name, "display_name": row.display_name,
        "description": row.description, "enabled": row.enabled, "parent": parent, "created_at": row.created_at,
        "updated_at": row.updated_at,
    }  # fmt: skip
