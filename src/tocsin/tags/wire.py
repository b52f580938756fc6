"""Tags on the wire (core:X1)."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from sqlalchemy import Row

from tocsin.rest.body import Body
from tocsin.rest.objects import Thing


def _not_blank(label: str) -> str:
    if not label.strip():
        raise ValueError("cannot be blank")
    return label


def _list(given: Any) -> Any:
    return given or []


Label = Annotated[str, Field(max_length=191), AfterValidator(_not_blank)]


class TagBody(Body):
    """A tag as clients send one."""

    label: Label


class Given(Body):
    """A tag that is put on something: by its label, which is made where it is new, or by its id."""

    type: Literal["tag", "tag_reference"] | None = None
    id: str | None = None
    label: Label | None = None

    @model_validator(mode="after")
    def _names_one(self) -> "Given":
        if self.type == "tag_reference" and not self.id:
            raise ValueError("id is required")
        if not self.id and self.label is None:
            raise ValueError("label is required")
        return self

    @property
    def by_label(self) -> str | None:
        """The label, where the tag is not named by its id."""
        return self.label if self.type == "tag" or not self.id else None


class Taken(Body):
    """A tag that is taken off."""

    id: str


class ChangeBody(Body):
    """What becomes of a thing's tags; both lists may be missing, null or empty."""

    add: Annotated[list[Given], BeforeValidator(_list)] = Field(default_factory=list)
    remove: Annotated[list[Taken], BeforeValidator(_list)] = Field(default_factory=list)


def tag(row: Row[Any]) -> Thing:
    """A tag in full; it has no page of its own on the wire."""
    return Thing("tag", row.id, row.label, {"label": row.label}, f"/tags/{row.id}")
