"""The server that tests of OAuth speak with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import audited
from tests.oauth.house import House, house
from tests.web.pages import pages
from tocsin.core.clock import Clock
from tocsin.core.settings import Settings


@pytest.fixture
def at_home(pg_url: str, tmp_path: Path) -> Iterator[House]:
    """The cast's server; its clock can be moved, and what changes without an audit record fails the test."""
    site = pages(pg_url, tmp_path)
    site.database.clock = Clock(test=True)
    audited.forget(site.database.engine)
    with house(site, Settings(api_rate_limit=0)) as made:
        yield made
    with site.database.engine.begin() as conn:
        unrecorded = audited.unrecorded(conn)
    site.app.close()
    site.database.close()
    assert not unrecorded, f"changed without an audit record: {unrecorded}"
