"""What was changed, by whom, from where, with which key, before and after (core:A1-A3, SPINE 6).

1. Commands write the record in the transaction of the change itself.
2. No secret gets into a record: what stands under a name that ends in a word of `SECRET`, at whatever depth, what
   `core.sealing` sealed, and bytes are masked.
3. A record belongs to its root (a contact method's to its user) and is found, too, under the things that the change
   linked or unlinked (`LINKS`): a membership under its team and under its user.
4. Records are kept for `KEPT`.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Table,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import distinct_on

from tocsin.core import ids
from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.core.metadata import document, instant, metadata, text
from tocsin.core.sealing import is_sealed

audit_records = Table(
    "audit_records",
    metadata,
    text("id", primary_key=True),
    instant("at"),
    text("actor_kind"),
    text("actor_id", null=True),
    text("actor_name"),
    text("method"),
    text("key_tail", null=True),
    text("request_id", null=True),
    text("address", null=True),
    text("action"),
    text("resource_type"),
    text("resource_id"),
    text("resource_name", null=True),
    text("root_type"),
    text("root_id"),
    document("before", null=True),
    document("after", null=True),
    document("also", server_default=sql("'[]'::jsonb")),  # "type/id" of what was linked or unlinked
    Column("xid", BigInteger, nullable=False, server_default=sql("(pg_current_xact_id()::text::bigint)")),
    Index("ix_audit_records_root", "root_type", "root_id", "at"),
    Index("ix_audit_records_actor", "actor_id", "at"),
    Index("ix_audit_records_at", "at"),
    Index("ix_audit_records_xid", "xid"),
    Index("ix_audit_records_also", "also", postgresql_using="gin", postgresql_ops={"also": "jsonb_path_ops"}),
)

Pair = tuple[str, str]
Fields = Mapping[str, Any]

KEPT = timedelta(days=366)  # twelve months, with a day to spare (core:A1)
_SWEPT_AT_ONCE = 5000
SECRET = frozenset(
    {
        "password",
        "hash",
        "secret",
        "secrets",
        "sha256",
        "token",
        "tokens",
        "key",
        "csrf",
        "code",
        "cookie",
        "authorization",
    }
)
MASK = "[masked]"
# field -> (how the wire calls the link, the type of what it names)
LINKS: dict[str, Pair] = {
    "member": ("team_members", "user"),
    "team_id": ("teams", "team"),
    "teams": ("teams", "team"),
    "parent_id": ("parent", "team"),
    "user_id": ("user", "user"),
    "escalation_policy_id": ("escalation_policy", "escalation_policy"),
    "app_id": ("app", "app"),
}


def _is_secret(name: str) -> bool:
    return name.rpartition("_")[2].lower() in SECRET and name != "country_code"


def masked(value: Any, name: str = "") -> Any:
    """`value` without the secrets in it; `name` is what it stands under."""
    if value and (_is_secret(name) or isinstance(value, bytes) or is_sealed(value)):
        return MASK
    if isinstance(value, Mapping):
        return {key: masked(part, str(key)) for key, part in value.items()}
    return [masked(part) for part in value] if isinstance(value, (list, tuple)) else value


def links(fields: Fields | None) -> Iterator[tuple[str, str, str]]:
    """(name of the link, type, id) of everything that these fields name."""
    for field, value in (fields or {}).items():
        if field in LINKS and value:
            name, type = LINKS[field]
            for id in value if isinstance(value, (list, tuple)) else [value]:
                if isinstance(id, str):
                    yield name, type, id


def record(
    tx: Tx,
    actor: Actor,
    action: str,
    resource: tuple[str, str, str | None],
    before: Fields | None = None,
    after: Fields | None = None,
    root: Pair | None = None,
) -> None:
    """Write one record: `action` is create, update or delete; `resource` (type, id, name); `root` its owner."""
    kind, id, name = resource
    root_type, root_id = root or (kind, id)
    also = {f"{type}/{linked}" for _, type, linked in (*links(before), *links(after))} - {f"{root_type}/{root_id}"}
    row = {
        "id": ids.log_entry(tx.now), "at": tx.now, "action": action,
        "actor_kind": actor.kind.value, "actor_id": actor.id, "actor_name": actor.name,
        "method": actor.method, "key_tail": actor.key_tail, "request_id": actor.request_id, "address": actor.address,
        "resource_type": kind, "resource_id": id, "resource_name": name, "root_type": root_type, "root_id": root_id,
        "before": masked(before), "after": masked(after), "also": sorted(also),
    }  # fmt: skip
    tx.conn.execute(insert(audit_records).values(row))


def about(type: str, id: str) -> ColumnElement[bool]:
    """The records of one thing: its own, those of what belongs to it, and those of its links."""
    mine = audit_records.c
    return or_(and_(mine.root_type == type, mine.root_id == id), mine.also.contains([f"{type}/{id}"]))


def names(conn: Connection, things: Iterable[Pair]) -> dict[Pair, str]:
    """What these things (type, id) were last called, as far as their own records tell."""
    wanted = sorted(set(things))
    if not wanted:
        return {}
    mine = audit_records.c
    root = tuple_(mine.root_type, mine.root_id)
    name = func.coalesce(mine.after["name"].astext, mine.resource_name)  # a record of a renaming has the old one
    own = (mine.resource_type == mine.root_type) & (mine.resource_id == mine.root_id) & name.is_not(None)
    found = select(mine.root_type, mine.root_id, name.label("name")).where(root.in_(wanted), own)
    newest = found.ext(distinct_on(mine.root_type, mine.root_id))
    rows = conn.execute(newest.order_by(mine.root_type, mine.root_id, mine.at.desc(), mine.id.desc()))
    return {(row.root_type, row.root_id): row.name for row in rows}


def sweep(tx: Tx) -> int:
    """Forget some of the records that are too old; how many. Whoever calls repeats it until none is left."""
    old = select(audit_records.c.id).where(audit_records.c.at < tx.now - KEPT).limit(_SWEPT_AT_ONCE)
    return tx.conn.execute(delete(audit_records).where(audit_records.c.id.in_(old))).rowcount
