"""Add-ons on the wire (core:X2)."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from sqlalchemy import Row

from tocsin.rest.body import Body, Pointer
from tocsin.rest.objects import Ref, Thing
from tocsin.services.wire import service_ref

TYPES = ("full_page_addon", "incident_show_addon")


def _type(given: Any) -> Any:
    return given.removesuffix("_reference") if isinstance(given, str) else given


def _secure(src: str) -> str:
    """A browser loads it inside our pages, so nobody on the way may change it."""
    try:
        parts = urlsplit(src)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme != "https" or not parts.hostname or any(mark.isspace() for mark in src):
        raise ValueError("must be an https address")
    return src


class AddonBody(Body):
    """An add-on as clients send one; `services` are those whose incidents show it."""

    type: Annotated[Literal["full_page_addon", "incident_show_addon"], BeforeValidator(_type)]
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    src: Annotated[str, Field(max_length=2048), AfterValidator(_secure)]
    services: Annotated[list[Pointer], BeforeValidator(lambda given: given or [])] = Field(
        default_factory=list, max_length=1000
    )

    def row(self) -> dict[str, Any]:
        """The columns."""
        return {"type": self.type, "name": self.name, "src": self.src}


def present(row: Row[Any], services: Sequence[str]) -> dict[str, Any]:
    """A stored add-on, as a request would say it."""
    return dict(row._mapping) | {"services": [{"id": id} for id in services]}


def addon_ref(row: Any) -> Ref:
    """A reference to an add-on."""
    return Ref(row.type, row.id, row.name, f"/addons/{row.id}")


def addon(row: Row[Any], services: Sequence[Row[Any]], reference: bool = False) -> Thing:
    """An add-on in full; lists and the answer to a new one call it a reference, with all its members."""
    type = f"{row.type}_reference" if reference else row.type
    fields = {"name": row.name, "src": row.src, "services": [service_ref(one) for one in services]}
    return Thing(type, row.id, row.name, fields, f"/addons/{row.id}")
