"""One server for the real clients of a run: a fresh account on it, and what each client needs to reach it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.clients.front import Front, fronted
from tests.clients.terraform.api import Api
from tests.clients.terraform.made import unique
from tests.databases import TestServer
from tests.e2e.install import SECRET
from tests.e2e.ports import free_port
from tests.e2e.served import Served
from tocsin.core.clock import Clock
from tocsin.core.db import Database
from tocsin.core.sealing import Sealer
from tocsin.upkeep import first

OWNER = "owner@example.com"


@dataclass(frozen=True)
class Account:
    """The server, its database, and the account's owner and keys."""

    served: Served
    database: Database
    owner: first.Owner

    @property
    def base(self) -> str:
        """Where it answers."""
        return self.served.base


@dataclass(frozen=True)
class Way:
    """A service (id, name), its policy, and the key that leads to it."""

    service: str
    name: str
    policy: str
    key: str


@pytest.fixture(scope="session")
def account(pg_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """The server that the clients share, with nothing but a fresh account."""
    name = pg_server.new()
    url = pg_server.database(name)
    database = Database(url, Clock(test=True), pool=2, sealer=Sealer([SECRET]))
    owner = database.run(lambda tx: first.found(tx, OWNER, "Olga Owner"))
    settings = {"TOCSIN_DATABASE_URL": url, "TOCSIN_SECRET_KEY": SECRET, "TOCSIN_LOG_LEVEL": "warning"}
    settings |= {"TOCSIN_API_RATE_LIMIT": "0", "TOCSIN_HTML_URL": "https://{subdomain}.pagerduty.com/{path}"}
    settings |= {"TOCSIN_TRUSTED_PROXIES": "127.0.0.1"}
    with Served(tmp_path_factory.mktemp("clients"), free_port(), **settings) as served:
        yield Account(served, database, owner)
    database.close()
    pg_server.drop(name)


@pytest.fixture(scope="session")
def front(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """The same server where clients with constant hosts look for it."""
    with fronted(account.base, tmp_path_factory.mktemp("front")) as front:
        yield front


@pytest.fixture(scope="session")
def way(api: Api, account: Account) -> Way:
    """A service whose policy names the owner, and the key that leads to it."""
    rule = {"escalation_delay_in_minutes": 30, "targets": [{"id": account.owner.user_id, "type": "user_reference"}]}
    policy = {"name": unique("on call"), "escalation_rules": [rule]}
    id = {"id": str}
    held = api.call("POST", "/escalation_policies", {"escalation_policy": policy}, {"escalation_policy": id})
    service = {"name": unique("shop"), "escalation_policy": held["escalation_policy"]}
    made = api.call("POST", "/services", {"service": service}, {"service": id | {"name": str}})["service"]
    body = {"integration": {"type": "events_api_v2_inbound_integration", "name": "Events"}}
    way_in = api.call("POST", f"/services/{made['id']}/integrations", body, {"integration": {"integration_key": str}})
    return Way(made["id"], made["name"], held["escalation_policy"]["id"], way_in["integration"]["integration_key"])


@pytest.fixture(scope="session")
def api(account: Account) -> Api:
    """The Terraform provider's HTTP side, with the account's key."""
    return Api(account.base, account.owner.api_key)
