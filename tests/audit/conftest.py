"""The site that tests of the audit page visit, watched: what changes without a record fails the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import audited
from tests.web.pages import Pages, pages


@pytest.fixture
def site(pg_url: str, tmp_path: Path) -> Iterator[Pages]:
    """A site with a real mail server set."""
    made = pages(pg_url, tmp_path)
    audited.forget(made.database.engine)
    yield made
    with made.database.engine.begin() as conn:
        unrecorded = audited.unrecorded(conn)
    made.app.close()
    made.database.close()
    assert not unrecorded, f"changed without an audit record: {unrecorded}"
