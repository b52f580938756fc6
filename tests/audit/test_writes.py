"""Every operation that changes something leaves a record, and no record holds a secret."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from tests import waivers
from tests.audit.writes import ELSEWHERE, WRITES, call, secrets
from tests.rest_client import Reply, RestClient
from tocsin.accounts.commands import sessions
from tocsin.accounts.commands.bootstrap import Bootstrapped
from tocsin.core import audit, sealing
from tocsin.core.audit import audit_records
from tocsin.core.clock import real_now
from tocsin.core.db import Database
from tocsin.incidents.store.priorities import first_priorities, in_order
from tocsin.operations import TABLES


def records(database: Database, request_id: str | None = None) -> list[Any]:
    """All records, or those of one request."""
    with database.begin() as tx:
        found = select(audit_records).order_by(audit_records.c.at, audit_records.c.id)
        return list(tx.conn.execute(found.where(audit_records.c.request_id == request_id) if request_id else found))


def test_every_operation_that_changes_something_is_tried_here() -> None:
    keys = {o.key for table in TABLES for o in table.operations if o.method != "GET"}
    paths = {key: key.split(" ")[1] for key in keys}
    expected = {key for key, path in paths.items() if not waivers.UNAUDITED.match(path)}
    assert {key for key in expected if not paths[key].startswith(ELSEWHERE)} == {w.key for w in WRITES}


def test_each_leaves_a_record_of_who_and_from_where_without_a_secret(
    rest_client: RestClient, database: Database, owner: Bootstrapped
) -> None:
    ids, open, silent = (
        {"owner": owner.user_id, "priority": priority(database)},
        {owner.api_key, owner.user_api_key},
        [],
    )
    for write in WRITES:
        open |= session(database, ids) if "owner" in write.url else set()
        reply = call(rest_client, write, ids)
        open |= secrets(reply.body)
        if not all(told(row, owner) for row in of(database, reply)):
            silent.append(write.key)
    assert silent == []
    said = msgspec.json.encode([dict(row._mapping) for row in records(database)]).decode()
    assert len(open) == 13
    assert [secret for secret in open if secret in said] == []


def priority(database: Database) -> str:
    """An account's first priorities; the id of one."""
    with database.begin() as tx:
        first_priorities(tx.conn)
        return str(tx.conn.execute(in_order()).first().id)  # type: ignore[union-attr]


def session(database: Database, ids: dict[str, str]) -> set[str]:
    """A session to end; its secrets."""
    made = database.run(lambda tx: sessions.start(tx, ids["owner"], real_now(), "192.0.2.1", "a browser"))
    with database.begin() as tx:
        ids["session"] = sessions.listed(tx.conn, ids["owner"], real_now())[0].id
    return {made.token, made.csrf}


def of(database: Database, reply: Reply) -> list[Any]:
    """The records of this exchange; one that says nothing when there is none."""
    return records(database, reply.headers["x-request-id"]) or [None]


def told(row: Any, owner: Bootstrapped) -> bool:
    """Whether a record says who, how, with which key and from where."""
    return row is not None and (row.method, row.key_tail, row.address, bool(row.actor_id), bool(row.root_id)) == (
        "api_token", owner.api_key[-4:], "testclient", True, True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "fields",
    [{"password_hash": "hunter2"}, {"secret": {"a": "hunter2"}}, {"deep": [{"access_token": "hunter2"}]},
     {"config": {"headers": {"Authorization": "hunter2"}}}, {"integration_key": "hunter2"}, {"tokens": ["hunter2"]},
     {"sha256": b"hunter2"}, {"anything": b"hunter2"}, {"sealed": "sealed1.x.hunter2"}],
)  # fmt: skip
def test_secrets_are_masked_at_any_depth(fields: dict[str, Any]) -> None:
    if "sealed" in fields:
        fields = {"sealed": sealing.PREFIX + "hunter2"}
    shown = str(audit.masked(fields))
    assert "hunter2" not in shown
    assert audit.MASK in shown


def test_what_is_no_secret_stays_readable() -> None:
    fields = {
        "name": "Key account",
        "country_code": 44,
        "email": "a@example.com",
        "password": None,
        "rules": [{"id": "P"}],
    }
    assert audit.masked(fields) == fields
