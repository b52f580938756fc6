"""A custom field as decisions see it (core:I121, core:I123, core:G-83)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MOST_FIELDS = 100
"""Fields of one scope (an incident type, or all services): core:G-83."""
MOST_OPTIONS = 200
MOST_VALUES = 10
LONGEST_TEXT = 200


class DataType(StrEnum):
    """What a field holds."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    FLOAT = "float"
    STRING = "string"
    DATETIME = "datetime"
    URL = "url"


class FieldType(StrEnum):
    """How many values, and whether only listed ones."""

    SINGLE = "single_value"
    SINGLE_FIXED = "single_value_fixed"
    MULTI = "multi_value"
    MULTI_FIXED = "multi_value_fixed"

    @property
    def fixed(self) -> bool:
        """Whether only the field's options may be chosen."""
        return self in (FieldType.SINGLE_FIXED, FieldType.MULTI_FIXED)

    @property
    def multi(self) -> bool:
        """Whether a value is a list."""
        return self in (FieldType.MULTI, FieldType.MULTI_FIXED)


@dataclass(frozen=True, slots=True)
class Form:
    """What a value of a field must look like; `options` count only where the field is fixed."""

    data_type: DataType
    field_type: FieldType
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """A value as it is kept (None: none), or why it cannot be."""

    value: Any = None
    wrong: str | None = None
