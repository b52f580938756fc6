"""A provider, and a site whose people may sign in through it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import audited
from tests.sign_on import provider as providers
from tests.sign_on.provider import Provider
from tests.sign_on.walk import Walk
from tests.web.pages import pages


@pytest.fixture(scope="session")
def running() -> Iterator[Provider]:
    """The provider of this run."""
    provider = providers.made()
    server, thread = providers.serving(provider)
    yield provider
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture
def provider(running: Provider) -> Iterator[Provider]:
    """The provider, honest again."""
    running.asked.clear()
    yield running
    running.lies.clear()


@pytest.fixture
def walk(pg_url: str, tmp_path: Path, provider: Provider) -> Iterator[Walk]:
    """A site of the cast (Eve is the owner), with the provider added, nobody signed in."""
    site = pages(pg_url, tmp_path, outbound_allow=("127.0.0.1",))
    audited.forget(site.database.engine)
    walk = Walk(site, provider)
    yield walk
    with site.database.begin() as tx:
        unrecorded = audited.unrecorded(tx.conn)
    site.app.close()
    site.database.close()
    assert set(unrecorded) <= walk.behind, f"changed without an audit record: {unrecorded}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The mock is behind its own libraries; that is not ours to be warned of."""
    for item in items:
        if "sign_on" in item.path.parts:
            item.add_marker(pytest.mark.filterwarnings("ignore::DeprecationWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore:JWS algorithm"))
