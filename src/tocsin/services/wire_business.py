"""Business services on the wire (ei:BS1). `html_url` is null there: clients that know them expect it so."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from sqlalchemy import Row

from tocsin.rest.body import Body
from tocsin.rest.objects import Ref, Thing
from tocsin.services.wire import Name


def _id_of(given: Any) -> Any:
    """A team as `{"id"}`; null, `{}` and an empty id mean none."""
    if isinstance(given, dict):
        given = given.get("id")
    return given or None


def _or_none(given: Any) -> Any:
    return None if given == "" else given


Note = Annotated[str | None, BeforeValidator(_or_none)]


class BusinessBody(Body):
    """A business service as clients send one."""

    name: Name
    description: Note = Field(None, max_length=10_000)
    point_of_contact: Note = Field(None, max_length=255)
    team_id: Annotated[str | None, BeforeValidator(_id_of)] = Field(None, alias="team")

    def row(self) -> dict[str, Any]:
        """The columns."""
        return self.model_dump()


def present(row: Row[Any]) -> dict[str, Any]:
    """A stored business service, as a request would say it."""
    return {name: row._mapping[name] for name in ("name", "description", "point_of_contact")} | {"team": row.team_id}


def business_service_ref(row: Any) -> Ref:
    """A reference to a business service."""
    return Ref("business_service", row.id, row.name, _path(row.id), gone=row.deleted_at is not None)


def business_service(row: Row[Any], team: Ref | None) -> Thing:
    """A business service in full."""
    fields = {
        "name": row.name, "description": row.description, "point_of_contact": row.point_of_contact, "team": team,
    }  # fmt: skip
    return Thing("business_service", row.id, row.name, fields, _path(row.id))


def _path(id: str) -> str:
    return f"/business_services/{id}"
