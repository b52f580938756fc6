"""One server for the real clients of a run: a fresh account on it, and what each client needs to reach it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.clients.terraform.api import Api
from tests.databases import TestServer
from tests.e2e.install import SECRET
from tests.e2e.ports import free_port
from tests.e2e.served import Served
from tocsin.accounts.commands.bootstrap import Bootstrapped, bootstrap
from tocsin.core.clock import Clock
from tocsin.core.db import Database
from tocsin.core.sealing import Sealer

OWNER = "owner@example.com"


@dataclass(frozen=True)
class Account:
    """The server, its database, and the account's owner and keys."""

    served: Served
    database: Database
    owner: Bootstrapped

    @property
    def base(self) -> str:
        """Where it answers."""
        return self.served.base


@pytest.fixture(scope="session")
def account(pg_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """The server that the clients share, with nothing but a fresh account."""
    name = pg_server.new()
    url = pg_server.database(name)
    database = Database(url, Clock(test=True), pool=2, sealer=Sealer([SECRET]))
    owner = database.run(lambda tx: bootstrap(tx, OWNER, "Olga Owner", None))
    settings = {"TOCSIN_DATABASE_URL": url, "TOCSIN_SECRET_KEY": SECRET, "TOCSIN_LOG_LEVEL": "warning"}
    with Served(tmp_path_factory.mktemp("clients"), free_port(), **settings, TOCSIN_API_RATE_LIMIT="0") as served:
        yield Account(served, database, owner)
    database.close()
    pg_server.drop(name)


@pytest.fixture(scope="session")
def api(account: Account) -> Api:
    """The Terraform provider's HTTP side, with the account's key."""
    return Api(account.base, account.owner.api_key)
