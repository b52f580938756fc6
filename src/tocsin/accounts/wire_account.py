"""The account on the wire."""

from typing import Any, Literal

from pydantic import Field

from tocsin.rest.body import Body
from tocsin.rest.objects import Thing


class AccountBody(Body):
    """What can be changed of the account. A subdomain is one label of a host name."""

    name: str = Field(min_length=1, max_length=100)
    region: Literal["us", "eu"]
    subdomain: str = Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")


def present(row: Any) -> dict[str, Any]:
    """The members as they are."""
    return {"name": row.name, "region": row.region, "subdomain": row.subdomain}


def account(row: Any) -> Thing:
    """The account."""
    fields = present(row) | {"time_zone": row.time_zone, "created_at": row.created_at}
    return Thing("account", row.id, row.name, fields, path="/tocsin/account")
