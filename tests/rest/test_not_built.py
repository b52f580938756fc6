"""The list of what is not built yet may only shrink (HOUSE rule 9)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import oracle, waivers
from tocsin.operations import TABLES
from tocsin.rest.not_built import not_built, published, shape
from tocsin.rest.operations import Operation

LIST = Path(__file__).with_name("not_built.txt")


def _missing() -> list[str]:
    return not_built(operation for table in TABLES for operation in table.operations)


def test_the_list_of_what_is_not_built_only_shrinks() -> None:
    listed, missing = set(LIST.read_text().splitlines()), set(_missing())
    assert missing <= listed, f"no longer served: {sorted(missing - listed)}"
    assert listed <= missing, f"served now, so take them off {LIST.name}: {sorted(listed - missing)}"


def test_our_list_of_published_operations_is_the_documents() -> None:
    if not oracle.DOCUMENT.exists():
        pytest.skip("the published document is not at hand (../shared)")
    paths = json.loads(oracle.DOCUMENT.read_text())["paths"]
    theirs = {
        shape(method.upper(), path)
        for path, item in paths.items()
        for method in item
        if method in ("get", "put", "post", "delete", "patch")
    }
    assert {shape(*row) for row in published()} == theirs


def _operations() -> Iterator[tuple[Operation, dict[str, Any]]]:
    if not oracle.DOCUMENT.exists():
        pytest.skip("the published document is not at hand (../shared)")
    for operation in (operation for table in TABLES for operation in table.operations):
        found = oracle.operation_of(operation.method, operation.path)
        if found:
            yield operation, found[1]


#: The document names no scope for it (it sends readers to the Events API); a write that needs none would be anybody's.
UNSCOPED = {"POST /change_events"}


def test_every_operation_has_the_published_scope_and_status() -> None:
    for operation, described in _operations():
        published = described.get("x-pd-requires-scope")
        assert operation.scope == published or (operation.key in UNSCOPED and published is None), operation.key
        status = waivers.STATUSES.get((operation.key, operation.status), operation.status)
        assert str(status) in described["responses"] or operation.key in waivers.SILENT, operation.key


def test_every_operation_that_changes_something_names_its_audit_kind() -> None:
    changing = [o for table in TABLES for o in table.operations if o.method != "GET"]
    silent = [o.key for o in changing if not o.audit and not waivers.UNAUDITED.match(o.path)]
    assert silent == []
