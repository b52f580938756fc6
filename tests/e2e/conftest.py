"""One server for most end-to-end tests of a run; each test has a service of its own and leaves nothing behind."""

from collections.abc import Iterator

import pytest

from tests.databases import TestServer
from tests.e2e.install import Install, installed


@pytest.fixture(scope="session")
def house(pg_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Install]:
    """The server that tests share."""
    name = pg_server.new()
    with installed(pg_server.database(name), tmp_path_factory.mktemp("house")) as install:
        yield install
    pg_server.drop(name)


@pytest.fixture
def install(house: Install) -> Iterator[Install]:
    """It, with nothing open."""
    yield house
    house.forget()
