"""Pages of business services, dependencies, impact, priorities, tags and add-ons."""

from typing import Any

import pytest

from tests.web.pages import Pages
from tocsin.incidents.commands import verbs
from tocsin.incidents.store.priorities import first_priorities, in_order


@pytest.fixture
def eve(site: Pages) -> Pages:
    """The owner, signed in, on an account with priorities."""
    with site.database.begin() as tx:
        first_priorities(tx.conn)
    site.sign_in("eve")
    return site


def made(site: Pages, name: str, **more: str) -> str:
    """The path of a new business service."""
    answer = site.post("/app/business-services", {"name": name, **more})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).partition("?")[0]


def priority(site: Pages, position: int) -> str:
    """A priority's id."""
    with site.database.begin() as tx:
        return str(tx.conn.execute(in_order()).all()[position - 1].id)


def text(site: Pages, path: str) -> str:
    """A page as it is now."""
    answer = site.client.get(path)
    assert answer.status_code == 200, path
    return str(answer.text)


def node(path: str) -> str:
    """A business service's page as a node of the graph."""
    return f"business_service/{path.rpartition('/')[2]}"


def test_a_business_service_shows_who_hurts_it(eve: Pages) -> None:
    shop, till = made(eve, "Shop", point_of_contact="Ann"), made(eve, "Till")
    service, incident = f"service/{eve.seeded.service}", eve.incident()
    assert eve.post(f"{till}/dependencies", {"supporting": service}).status_code == 303
    assert eve.post(f"{shop}/dependencies", {"supporting": node(till)}).status_code == 303
    assert "none impacted" in text(eve, "/app/business-services")
    with eve.database.begin() as tx:
        verbs.edit(tx, eve.person("eve"), incident, priority_id=priority(eve, 2))
    assert "2 impacted" in text(eve, "/app/business-services")
    assert "Disk full on db-1" in text(eve, shop)
    assert till in text(eve, f"/app/services/{eve.seeded.service}")
    assert 'Impacted</span><span><a href="' + shop in text(eve, f"/app/incidents/{incident}")
    eve.post("/app/priorities", {"threshold": priority(eve, 1)})
    assert "P1</bdi></b> or more severe" in text(eve, "/app/priorities")
    assert "none impacted" in text(eve, "/app/business-services")
    mark = {"business_service": shop.rpartition("/")[2], "relation": "impacted"}
    assert eve.post(f"/app/incidents/{incident}/impact", mark).status_code == 303
    assert "1 impacted" in text(eve, "/app/business-services")
    assert "marked Shop as impacted" in text(eve, f"/app/incidents/{incident}")


def test_what_cannot_be_is_said_on_the_page(eve: Pages) -> None:
    shop, till = made(eve, "Shop"), made(eve, "Till")
    eve.post(f"{shop}/dependencies", {"supporting": node(till)})
    refused = eve.post(f"{till}/dependencies", {"supporting": node(shop)})
    assert (refused.status_code, "This would make a circle" in refused.text) == (400, True)
    for bad in ("", "moon/P1", "service/", "service/PNONE"):
        assert eve.post(f"{till}/dependencies", {"supporting": bad}).status_code in (400, 404)
    assert eve.post("/app/business-services", {"name": " "}).status_code == 400
    assert eve.post("/app/incidents/Q0/impact", {"business_service": "P", "relation": "impacted"}).status_code == 404
    assert eve.post("/app/priorities", {"threshold": "PNONE"}).status_code == 422
    assert eve.post(f"{shop}/dependencies/remove", {"supporting": node(till)}).status_code == 303
    assert "Nothing else" in text(eve, shop)
    assert eve.post(shop, {"name": "Store", "description": "x"}).status_code == 303
    assert eve.post(f"{shop}/remove").status_code == 303
    assert eve.client.get(shop).status_code == 404


def test_a_tag_is_made_put_on_and_taken_off(eve: Pages) -> None:
    at = str(eve.post("/app/tags", {"label": "night"}).headers["location"])
    bob: dict[str, Any] = {"kind": "user", "thing": eve.seeded.people["bob"]}
    assert eve.post(f"{at}/things", bob).status_code == 303
    assert "1 person" in text(eve, "/app/tags?q=NIG")
    assert eve.post("/app/tags", {"label": "Night"}).status_code == 400
    assert eve.post(f"{at}/things", {"kind": "moon", "thing": "x"}).status_code == 400
    eve.post(f"{at}/things/remove", bob)
    assert "1 person" not in text(eve, "/app/tags")
    eve.execute("UPDATE users SET role = 'observer' WHERE email = 'alice@example.com'")
    eve.client = eve.sign_in("alice", eve.visitor())
    assert eve.post(f"{at}/things", bob).status_code == 403
    assert eve.post(f"{at}/remove").status_code == 403


def test_an_addon_is_installed_and_removed(eve: Pages) -> None:
    addon = {"name": "Board", "src": "https://intranet.example.com/", "type": "full_page_addon"}
    assert eve.post("/app/addons", addon | {"src": "http://x"}).status_code == 400
    assert eve.post("/app/addons", addon).status_code == 303
    page = text(eve, "/app/addons")
    assert "https://intranet.example.com/" in page
    assert (
        eve.post(page.partition('action="/app/addons/')[2].join(("/app/addons/", "")).partition('"')[0]).status_code
        == 303
    )
    assert "No add-on yet" in text(eve, "/app/addons")
