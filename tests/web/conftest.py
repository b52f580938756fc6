"""The site that tests of pages visit."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.pages import Pages, pages


@pytest.fixture
def site(pg_url: str, tmp_path: Path) -> Iterator[Pages]:
    """A site with a real mail server set."""
    made = pages(pg_url, tmp_path)
    yield made
    made.app.close()
    made.database.close()


@pytest.fixture
def fresh_site(pg_url: str, tmp_path: Path) -> Iterator[Pages]:
    """A site as on the first day: mails go to the built-in mailbox."""
    made = pages(pg_url, tmp_path, smtp_url=None)
    yield made
    made.app.close()
    made.database.close()
