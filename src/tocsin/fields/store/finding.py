"""Reading fields, their options and the values of things: one statement each, however many.

Whoever reads or sets values never waits for a change of a definition, nor the other way round: changes take
`FOR NO KEY UPDATE`, whoever refers to a field `FOR KEY SHARE`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from tocsin.fields.model import DataType, FieldType, Form
from tocsin.fields.store.tables import Kind, custom_field_options, custom_fields

f, o = custom_fields.c, custom_field_options.c


def fields(kind: Kind, scopes: Iterable[str] | None = None) -> Select[Any]:
    """The fields of these scopes, oldest first."""
    found = select(custom_fields).where(f.kind == kind.name).order_by(f.created_at, f.id)
    return found if scopes is None else found.where(f.scope_id.in_(list(scopes)))


def field(conn: Connection, kind: Kind, scopes: Iterable[str] | None, id: str, lock: bool = False) -> Row[Any] | None:
    """One field of these scopes."""
    found = fields(kind, scopes).where(f.id == id)
    return conn.execute(found.with_for_update(key_share=True) if lock else found).one_or_none()


def options(conn: Connection, field_ids: Iterable[str]) -> dict[str, list[Row[Any]]]:
    """The options of each field, in their order."""
    wanted = list(field_ids)
    grouped: dict[str, list[Row[Any]]] = {id: [] for id in wanted}
    if wanted:
        found = select(custom_field_options).where(o.field_id.in_(wanted)).order_by(o.position, o.id)
        for row in conn.execute(found):
            grouped[row.field_id].append(row)
    return grouped


def form(row: Any, options: Sequence[Any] = ()) -> Form:
    """What the field of this row takes."""
    return Form(DataType(row.data_type), FieldType(row.field_type), tuple(one.value for one in options))


def with_values(kind: Kind, owner_ids: Sequence[str]) -> Select[Any]:
    """Every living field of the kind, with `held`: {id of a thing: its value} for these things."""
    v = kind.values.c
    mine = (v.field_id == f.id) & v.owner_id.in_(owner_ids)
    held = select(func.jsonb_object_agg(v.owner_id, v.value)).where(mine).scalar_subquery()
    return fields(kind).where(f.enabled).add_columns(held.label("held"))


def value_of(kind: Kind, row: Any, owner_id: str) -> Any:
    """What a row of `with_values` says of one thing."""
    held: Mapping[str, Any] = row.held or {}
    return held.get(owner_id, row.default_value if kind.falls_back else None)


def hold(conn: Connection, field_ids: Sequence[str]) -> set[str]:
    """Keep these fields from being removed until the transaction ends; those that are still there."""
    found = select(f.id).where(f.id.in_(field_ids)).order_by(f.id)
    return set(conn.scalars(found.with_for_update(read=True, key_share=True)))


def taken(conn: Connection, kind: Kind, column: Any, wanted: str, but: str | None) -> bool:
    """Whether another field of the kind has this name, in any case."""
    found = select(f.id).where(f.kind == kind.name, func.lower(column) == wanted.lower())
    return conn.scalar((found.where(f.id != but) if but else found).limit(1)) is not None


def counted(conn: Connection, kind: Kind, scope: str) -> int:
    """How many fields a scope has."""
    mine = (f.kind == kind.name) & (f.scope_id == scope)
    return conn.scalar(select(func.count()).select_from(custom_fields).where(mine)) or 0
