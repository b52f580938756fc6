"""What was changed, by whom, from where, with which key, before and after (core:A1-A3, SPINE 6).

Commands write the record in the transaction of the change itself. Secrets are masked before they get here: fields
named in `SECRET` never store a value, and what `core.sealing` sealed is masked whatever its name.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Index, Table, insert

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
    Index("ix_audit_records_root", "root_type", "root_id", "at"),
    Index("ix_audit_records_at", "at"),
)

SECRET = frozenset({"password", "password_hash", "secret", "sha256", "totp_secret", "token"})


def _masked(fields: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if fields is None:
        return None
    return {
        name: "[masked]" if (name in SECRET and value) or is_sealed(value) else value for name, value in fields.items()
    }


def record(
    tx: Tx,
    actor: Actor,
    action: str,
    resource: tuple[str, str, str | None],
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    root: tuple[str, str] | None = None,
) -> None:
    """Write one record: `action` is create, update or delete; `resource` (type, id, name); `root` its owner."""
    kind, id, name = resource
    root_type, root_id = root or (kind, id)
    row = {
        "id": ids.ordered(tx.now), "at": tx.now, "action": action,
        "actor_kind": actor.kind.value, "actor_id": actor.id, "actor_name": actor.name,
        "method": actor.method, "key_tail": actor.key_tail, "request_id": actor.request_id, "address": actor.address,
        "resource_type": kind, "resource_id": id, "resource_name": name, "root_type": root_type, "root_id": root_id,
        "before": _masked(before), "after": _masked(after),
    }  # fmt: skip
    tx.conn.execute(insert(audit_records).values(row))
