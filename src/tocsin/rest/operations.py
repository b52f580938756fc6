"""The table of operations (SPINE 7): every row says scope and permission; what is not in the table is refused.

`resource` makes the rows of a regular collection from plain functions.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from tocsin.rest.permissions import Permission


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the wire.

    `run(call)` returns a `Thing`, a page, plain JSON data, or None for an empty body. `envelope` wraps the answer
    and `takes` the request (None: no wrapper). `subject` is the path parameter that names the person it is about
    ("me": the caller).
    `audit` is the type of resource whose records it leaves. `includes` maps an `include[]` name to the path of the
    references that it expands; names that `run` itself looks at map to "".
    `in_body`: `run` asks (`call.demand`) for the rights on the things that its body names. `sees`: what a list without
    a thing in its path shows: "all" (no secrets of any team), "filtered" (by `call.sight`), "" (closed to those who do
    not see everything). `bare`: the body is also taken without its wrapper, as PagerDuty's Go client sends some.
    """

    method: str
    path: str
    run: Callable[[Any], Any]
    status: int
    envelope: str | None
    scope: str | None
    permission: Permission
    subject: str | None = None
    audit: str | None = None
    takes: str | None = None
    body: type[BaseModel] | None = None
    includes: Mapping[str, str] = field(default_factory=dict)
    in_body: bool = False
    sees: str = ""
    bare: bool = False

    @property
    def key(self) -> str:
        """Method and path, as the published document writes them."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Done:
    """What `run` returns where the status depends on what happened."""

    status: int
    answer: Any = None


Run = Callable[[Any], Any]
Loader = Callable[[Any, Sequence[str]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Table:
    """A package's operations, and by type the loaders `(call, ids) -> {id: Thing}` that `include[]` expands with."""

    operations: Sequence[Operation]
    loaders: Mapping[str, Loader] = field(default_factory=dict)


def resource(
    path: str, one: str, many: str, *, scope: str, permission: Permission = Permission.CONFIGURE,
    key: str = "id", subject: str | None = None, audit: str | None = None, body: type[BaseModel] | None = None,
    creates: Permission | None = None, in_body: bool = False, sees: str = "", bare: bool = False,
    includes: Mapping[str, str] | None = None, list: Run | None = None, create: Run | None = None,
    get: Run | None = None, update: Run | None = None, delete: Run | None = None,
) -> tuple[Operation, ...]:  # fmt: skip
    """The operations of a collection at `path`: those whose function is given, in the wire's usual form.

    `creates` is the permission to create where it is another than `permission`; `in_body`, `sees` and `bare` are those
    of `Operation`, for creating, for listing (what everybody may see, one sees by its id too) and for both bodies.
    """
    reads: dict[str, Any] = {"scope": f"{scope}.read", "permission": Permission.READ, "includes": includes or {}}
    reads |= {"sees": sees}
    writes: dict[str, Any] = {"scope": f"{scope}.write", "permission": permission, "audit": audit or one}
    new = writes | {"permission": creates or permission}
    member = f"{path}/{{{key}}}"
    rows = [
        ("GET", path, list, 200, many, reads),
        ("POST", path, create, 201, one, new | {"takes": one, "body": body, "in_body": in_body, "bare": bare}),
        ("GET", member, get, 200, one, reads),
        ("PUT", member, update, 200, one, writes | {"takes": one, "body": body, "bare": bare}),
        ("DELETE", member, delete, 204, None, writes),
    ]
    return tuple(
        Operation(m, p, run, status, wrap, subject=subject, **more) for m, p, run, status, wrap, more in rows if run
    )
