"""Fields, options and values on the wire (core:I121, core:I122).

1. `summary` is the name, which never changes: Terraform keeps it as it was planned.
2. `default_value` and values are answered plain; `{"value": x}` is understood too.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from sqlalchemy import Row

from tocsin.fields.model import DataType, FieldType
from tocsin.rest.body import Body

Text = Annotated[str | None, Field(max_length=1000), AfterValidator(lambda text: text or None)]
ShownName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)]
_CONSTANT = ("name", "data_type", "field_type")


def _plain(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise ValueError("may have only lower-case letters (a-z), digits and underscores")
    return name


Name = Annotated[str, StringConstraints(min_length=1, max_length=50), AfterValidator(_plain)]


class OptionData(Body):
    """What an option stands for."""

    data_type: str = "string"
    value: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class OptionBody(Body):
    """An option; with an id, one that is there."""

    id: Annotated[str | None, BeforeValidator(lambda id: id or None)] = None
    data: OptionData


class FieldBody(Body):
    """A field as clients send one. `field_options`: None leaves them as they are."""

    name: Name
    display_name: ShownName
    description: Text = None
    data_type: DataType
    field_type: FieldType
    default_value: Any | None = None
    enabled: bool = True
    field_options: list[OptionBody] | None = Field(None, max_length=1000)


def present(row: Row[Any]) -> dict[str, Any]:
    """A stored field, as a request would say it; its options stay as they are."""
    return dict(row._mapping)


def given(body: Any) -> Any:
    """A change as it was sent, without empty members that cannot change anyway (older clients send them)."""
    if not isinstance(body, dict):
        return body
    return {name: value for name, value in body.items() if name not in _CONSTANT or value not in ("", None)}


class ValueBody(Body):
    """A value for a field that is named by id or by name."""

    id: Annotated[str | None, BeforeValidator(lambda id: id or None)] = None
    name: Annotated[str | None, BeforeValidator(lambda name: name or None)] = None
    value: Any | None


def option(row: Row[Any]) -> dict[str, Any]:
    """An option in full."""
    return {
        "id": row.id, "type": "field_option", "data": {"data_type": "string", "value": row.value},
        "created_at": row.created_at, "updated_at": row.updated_at,
    }  # fmt: skip


def field(row: Row[Any], address: str, options: Sequence[Row[Any]] | None) -> dict[str, Any]:
    """A field in full; its options only where they are asked for."""
    shown: dict[str, Any] = {
        "id": row.id, "type": "field", "summary": row.name, "self": address, "name": row.name,
        "display_name": row.display_name, "description": row.description, "data_type": row.data_type,
        "field_type": row.field_type, "default_value": row.default_value, "enabled": row.enabled,
        "created_at": row.created_at, "updated_at": row.updated_at,
    }  # fmt: skip
    return shown if options is None else shown | {"field_options": [option(one) for one in options]}


def value(row: Row[Any], held: Any) -> dict[str, Any]:
    """A field's value on one thing."""
    return {
        "id": row.id, "type": "field_value", "name": row.name, "display_name": row.display_name,
        "description": row.description, "data_type": row.data_type, "field_type": row.field_type, "value": held,
    }  # fmt: skip
