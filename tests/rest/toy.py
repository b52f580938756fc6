"""A small made-up collection, to test the kit without any package of the product."""

from dataclasses import replace
from typing import Any

from pydantic import Field
from sqlalchemy import Column, Integer, select
from sqlalchemy import Table as SqlTable

from tocsin.core.actor import Actor, ActorKind
from tocsin.core.db import Database
from tocsin.core.errors import NotFound
from tocsin.core.metadata import instant, metadata, text
from tocsin.core.settings import Settings
from tocsin.rest import auth
from tocsin.rest.app import RestApp, build
from tocsin.rest.body import Body
from tocsin.rest.call import Call
from tocsin.rest.objects import Ref, Thing
from tocsin.rest.operations import Operation, Table, resource
from tocsin.rest.paging import Page, cursor_page, offset_page
from tocsin.rest.permissions import Permission
from tocsin.rest.request import Request

boats = SqlTable(
    "toy_boats",
    metadata,
    text("id", primary_key=True),
    text("name", unique=True),
    Column("seats", Integer),
    instant("at"),
)
LOADS: list[list[str]] = []


class Boat(Body):
    """A boat as clients send it."""

    name: str = Field(min_length=1, max_length=20)
    seats: int | None = Field(4, ge=1, le=99)
    note: str = "none"


def _show(call: Call, rows: Any) -> list[Thing]:
    facts = call.facts("boat", [row.id for row in rows])
    return [
        Thing(
            "boat",
            row.id,
            row.name,
            {
                "name": row.name,
                "seats": row.seats,
                "at": row.at,
                "dock": Ref("dock", "D1", "North"),
                **facts.get(row.id, {}),
            },
        )
        for row in rows
    ]


def _list(call: Call) -> Page:
    """List boats"""
    order = call.sort({"name": boats.c.name, "seats": boats.c.seats}, "name:asc")
    return offset_page(call, select(boats).order_by(order), lambda rows: _show(call, rows))


def _log(call: Call) -> Page:
    return cursor_page(call, select(boats), boats.c.at, boats.c.id, lambda rows: _show(call, rows))


def _row(call: Call) -> Any:
    row = call.conn.execute(select(boats).where(boats.c.id == call.id)).one_or_none()
    if row is None:
        raise NotFound()
    return row


def _get(call: Call) -> Thing:
    return _show(call, [_row(call)])[0]


def _create(call: Call) -> Thing:
    boat = call.read(Boat)
    row = {"id": f"B{boat.name}", "name": boat.name, "seats": boat.seats, "at": call.now}
    call.conn.execute(boats.insert().values(row))
    return Thing("boat", row["id"], boat.name, {"note": boat.note})


def _update(call: Call) -> Thing:
    row = _row(call)
    boat = call.read(Boat, over={"name": row.name, "seats": row.seats})
    call.conn.execute(boats.update().where(boats.c.id == row.id).values(name=boat.name, seats=boat.seats))
    return _show(call, [_row(call)])[0]


def _delete(call: Call) -> None:
    if reasons := call.uses("boat")(call.conn, call.id):
        raise NotFound(reasons)
    call.conn.execute(boats.delete().where(boats.c.id == call.id))


def _burst(call: Call) -> None:
    call.conn.execute(boats.insert().values(id="half", name="half done", at=call.now))
    raise RuntimeError("the secret is mahogany")


def _docks(call: Call, ids: Any) -> dict[str, Thing]:
    LOADS.append(list(ids))
    return {id: Thing("dock", id, "North", {"length": 9}) for id in ids}


def _when(call: Call) -> dict[str, Any]:
    return {"since": call.instant("since"), "ids": call.many("ids")}


TABLE = Table(
    (
        *resource("/boats", "boat", "boats", scope="boats", body=Boat, includes={"docks": "dock"},
                  list=_list, create=_create, get=_get, update=_update, delete=_delete),
        Operation("GET", "/boats/log", _log, 200, "boats", "boats.read", Permission.READ),
        Operation("GET", "/boats/when", _when, 200, None, "boats.read", Permission.READ),
        Operation("POST", "/boats/burst", _burst, 204, None, "boats.write", Permission.CONFIGURE),
    ),
    {"dock": _docks},
)  # fmt: skip

ACTORS = {
    "full": Actor(ActorKind.ACCOUNT_KEY, "K1"),
    "readonly": Actor(ActorKind.ACCOUNT_KEY, "K2", read_only=True),
    "scoped": Actor(ActorKind.USER, "U1", scopes=frozenset({"boats.read"})),
    "observer": Actor(ActorKind.USER, "U2", role="observer"),
    "stranger": Actor(ActorKind.USER, "U3", role="no such role"),
}


def authenticate(request: Request) -> Actor:
    """Keys are the names above."""
    actor = ACTORS.get(auth.secret_of(request))
    if actor is None:
        raise auth.unknown()
    return replace(actor, key_tail="1234")


def app(database: Database, **settings: Any) -> RestApp:
    """The toy API."""
    given = Settings(**{"api_rate_limit": 0, **settings})
    facts = {
        "boat": lambda conn, ids: {id: {"crew": len(ids)} for id in ids},
        "account": lambda conn, ids: {"": {"subdomain": "acme"}},
    }
    uses = {"boat": [lambda conn, id: ["It is at sea"] if id == "Bsea" else []]}
    return build([TABLE], database, given, authenticate, facts, uses)
