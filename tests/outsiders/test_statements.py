"""How many SQL statements a list takes: three, and three at most for each `include[]`, however long the page is.

Counted on a town that has four of everything, for a key that sees all and for a person whose sight is narrowed (whose
rights on the thing in the path cost up to two more).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import event

from tests.databases import TestServer
from tests.outsiders.test_outsiders import OPERATIONS, path_of
from tests.outsiders.town import Town, built
from tests.rest_client import RestClient
from tocsin.core.db import Database
from tocsin.core.sealing import Sealer
from tocsin.core.settings import Settings
from tocsin.operations import rest_app
from tocsin.rest.operations import Operation

WINDOW = "since=2026-11-01T00:00:00Z&until=2026-11-30T00:00:00Z"
MOST, EACH_INCLUDE, RIGHTS = 3, 3, 2
ABOVE = {
    "GET /schedules": 4, "GET /schedules/{id}/users": 5, "GET /oncalls": 5,
    "GET /incidents/{id}/business_services/impacts": 4, "GET /incidents/{id}/related_incidents": 4,
    "GET /incidents/{id}/related_change_events": 4, "GET /users/{id}/notification_subscriptions": 4,
    "GET /incidents/{id}/status_updates/subscribers": 8,
}  # fmt: skip
"""Lists that take more: what they show is worked out from several things, which are read apart. May only shrink."""
ONE = ("GET /users/me",)
LISTS = [o for o in OPERATIONS if o.method == "GET" and not o.path.endswith("}") and o.key not in ONE]


@dataclass
class Counted:
    """The API over a town, with the statements of the last request."""

    town: Town
    app: Any
    statements: list[str]

    def of(self, url: str, key: str) -> tuple[int, list[str]]:
        """(status, statements) of a GET by a key that the process knows already."""
        client = RestClient(self.app, key, {"from": "owner@example.com"}, published=False)
        client.get("/abilities")
        self.statements.clear()
        return client.get(url).status, list(self.statements)


@pytest.fixture(scope="module")
def counted(pg_server: TestServer) -> Iterator[Counted]:
    name = pg_server.new()
    database = Database(pg_server.database(name), pool=2, sealer=Sealer(["a secret key for the tests of Tocsin"]))
    counted = Counted(built(database), rest_app(database, Settings(api_rate_limit=0)), [])
    event.listen(database.readers, "before_cursor_execute", lambda *given: counted.statements.append(given[2]))
    yield counted
    database.close()
    pg_server.drop(name)


@pytest.mark.parametrize("operation", LISTS, ids=lambda operation: operation.key)
def test_a_longer_page_takes_no_more_statements(counted: Counted, operation: Operation) -> None:
    path = path_of(operation, counted.town.quarters["mine"])
    most = ABOVE.get(operation.key, MOST)
    for key, rights in ((counted.town.account_key, 0), (counted.town.keys["user", "manager"], RIGHTS)):
        seen = [counted.of(f"{path}?limit={limit}&{WINDOW}", key) for limit in (1, 100)]
        assert all(status in (200, 400, 403, 404) for status, _ in seen)
        assert all(len(statements) <= most + rights for _, statements in seen), seen
        assert len(seen[0][1]) == len(seen[1][1]), seen


@pytest.mark.parametrize("operation", [o for o in LISTS if o.includes], ids=lambda operation: operation.key)
def test_an_include_takes_three_statements_at_most(counted: Counted, operation: Operation) -> None:
    path = path_of(operation, counted.town.quarters["mine"])
    asked = "&".join(f"include[]={name}" for name in operation.includes)
    _, plain = counted.of(f"{path}?limit=100&{WINDOW}", counted.town.account_key)
    _, full = counted.of(f"{path}?limit=100&{WINDOW}&{asked}", counted.town.account_key)
    assert len(full) <= len(plain) + EACH_INCLUDE * len(operation.includes), full
