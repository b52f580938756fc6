"""What an operation's function is handed: who asks for what, inside which transaction.

`Call` reads parameters with the wire's manners; a function that needs SQL takes `call.conn` and `call.now`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Connection

from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.errors import Invalid
from tocsin.rest import body, permissions, rights, times
from tocsin.rest.objects import Links
from tocsin.rest.operations import Loader, Operation
from tocsin.rest.permissions import Permission, Sight
from tocsin.rest.request import Pairs, Request, values
from tocsin.rest.rights import Standings

B = TypeVar("B", bound=BaseModel)
P = TypeVar("P")
Facts = Callable[[Connection, Sequence[str]], Mapping[str, Mapping[str, Any]]]
Use = Callable[[Connection, str], Sequence[str]]
Move = Callable[[Tx, Actor, str, str], None]


@dataclass(frozen=True, slots=True)
class Ports:
    """What later packages lend to earlier ones (SPINE 6), filled at the composition root.

    `facts[type](conn, ids) -> {id: {field: value}}`: read-only fields of a thing. `uses[type]`: functions
    `(conn, id) -> [why it is in use, …]` for delete guards. `moves[type]`: functions `(tx, actor, from_id, to_id)`
    that hand over what belongs to a thing before it goes. `loaders[type](call, ids) -> {id: Thing}`.
    `standings[type](conn, ids) -> {id: Standing}`: what rights on a thing depend on. `parts[class]`: what the process
    has one of (a guarded HTTP client, say).
    """

    facts: Mapping[str, Facts] = field(default_factory=dict)
    uses: Mapping[str, Sequence[Use]] = field(default_factory=dict)
    moves: Mapping[str, Sequence[Move]] = field(default_factory=dict)
    loaders: Mapping[str, Loader] = field(default_factory=dict)
    standings: Standings = field(default_factory=dict)
    parts: Mapping[type, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one operation."""

    tx: Tx
    actor: Actor
    request: Request
    operation: Operation
    path: Mapping[str, str]
    pairs: Pairs
    body: Any
    links: Links
    ports: Ports
    demanded: list[str] = field(default_factory=list)

    @property
    def conn(self) -> Connection:
        """The transaction's connection."""
        return self.tx.conn

    @property
    def now(self) -> datetime:
        """The instant of this call."""
        return self.tx.now

    @property
    def id(self) -> str:
        """The `{id}` of the path."""
        return self.path["id"]

    @property
    def sender(self) -> str | None:
        """The `From` header (core:I140)."""
        return self.request.header("from")

    @property
    def zone(self) -> tzinfo | None:
        """The zone that `time_zone` asks for."""
        return times.zone(self.text("time_zone"))

    @property
    def sight(self) -> Sight:
        """Whose things the actor sees; lists filter by it."""
        return permissions.sight(self.actor)

    def demand(self, permission: Permission, type: str, ids: Iterable[str | None]) -> None:
        """Refuse unless the actor may do this with all these things of one type; without any, anywhere."""
        self.demanded.append(type)
        rights.demand(self.conn, self.ports.standings, self.actor, permission, type, (id for id in ids if id))

    def text(self, name: str) -> str | None:
        """A parameter; None when absent or empty."""
        found = [value for key, value in self.pairs if key == name]
        return found[-1] or None if found else None

    def many(self, name: str) -> list[str]:
        """An array parameter, without empty values."""
        return [value for value in values(self.pairs, name) if value]

    def flag(self, name: str) -> bool:
        """A boolean parameter: true or 1 (core:K6)."""
        return (self.text(name) or "").lower() in ("true", "1")

    def whole(self, name: str, default: int) -> int:
        """A whole number, not negative."""
        given = self.text(name)
        if given is None:
            return default
        if not given.isascii() or not given.isdigit() or len(given) > 9:
            raise Invalid(f"{name} must be a whole number")
        return int(given)

    def one_of(self, name: str, allowed: Sequence[str], default: str) -> str:
        """A parameter with named values."""
        given = self.text(name) or default
        if given not in allowed:
            raise Invalid(f"{name} must be one of {', '.join(allowed)}")
        return given

    def instant(self, name: str) -> datetime | None:
        """A time parameter; without an offset it is read in `time_zone`, else UTC."""
        given = self.text(name)
        return times.parse(given, self.zone or UTC, name) if given else None

    def wants(self, include: str) -> bool:
        """Whether `include[]` names it."""
        return include in values(self.pairs, "include")

    def sort(self, columns: Mapping[str, Any], default: str) -> ColumnElement[Any]:
        """`sort_by=name[:asc|:desc]` as an ORDER BY; unknown names are 400 (core:G-74)."""
        name, _, direction = (self.text("sort_by") or default).partition(":")
        if name not in columns or direction not in ("", "asc", "desc"):
            raise Invalid(f"sort_by must be one of {', '.join(columns)}, with :asc or :desc")
        column: ColumnElement[Any] = columns[name]
        return column.desc() if direction == "desc" else column.asc()

    def read(self, model: type[B], over: Mapping[str, Any] | None = None) -> B:
        """The body as `model`; `over` are the present members of what is changed."""
        return body.read(model, self.body, over)

    def part(self, kind: type[P]) -> P:
        """The process's own part of this class."""
        found: P = self.ports.parts[kind]
        return found

    def facts(self, type: str, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Read-only fields of these things that later packages know; {} when none does."""
        loader = self.ports.facts.get(type)
        return loader(self.conn, ids) if loader and ids else {}

    def uses(self, type: str) -> Use:
        """Everybody who may use a thing of this type, as one question `(conn, id) -> reasons`."""
        asked = self.ports.uses.get(type, ())
        return lambda conn, id: [reason for use in asked for reason in use(conn, id)]

    def moves(self, type: str) -> Move:
        """Everybody who hands over what belongs to a thing of this type, as one step."""
        asked = self.ports.moves.get(type, ())

        def move(tx: Tx, actor: Actor, source: str, target: str) -> None:
            for one in asked:
                one(tx, actor, source, target)

        return move
