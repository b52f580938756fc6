"""The pages, tried by somebody who may only look: nothing is done, and a refusal shows nothing of what was refused."""

import re

import pytest

from tests.web.pages import Pages
from tocsin.core.settings import Settings
from tocsin.rest.permissions import Permission
from tocsin.web.app import pages_of
from tocsin.web.serving import Page

GUARDED = [page for page in pages_of(Settings()) if page.needs not in (None, Permission.READ)]


@pytest.mark.parametrize("page", GUARDED, ids=lambda page: f"{page.method} {page.path}")
def test_who_may_only_look_is_refused_and_sees_nothing_of_it(site: Pages, page: Page) -> None:
    path = re.sub(r"\{[a-z_]+\}", site.incident() if "/incidents/" in page.path else "PNONE", page.path)
    site.execute("UPDATE users SET role = 'read_only_user' WHERE email = 'alice@example.com'")
    site.sign_in()
    answer = site.post(path) if page.method == "POST" else site.client.get(path)
    assert answer.status_code in (403, 404)
    inside = answer.text.partition("<main")[2]
    assert "<form" not in inside
    assert "Full Stakeholder does not permit this" in inside or answer.status_code == 404
