"""The pages of incident types and custom fields, and values where they stand (core:I120-I122)."""

import re
from typing import Any

from sqlalchemy import text

from tests.web.pages import Pages
from tocsin.core.audit import audit_records

TYPES, SERVICES, FIELDS = "/app/settings/incident-types", "/app/settings/service-fields", "/app/settings/fields"
TEXT = {"data_type": "string", "field_type": "single_value"}


def made(site: Pages, at: str, name: str, **more: str) -> str:
    """A field made on a page; its id."""
    form = {"name": name, "display_name": name.title(), **TEXT, **more}
    answer = site.post(at if at == SERVICES else f"{at}/fields", form)
    assert answer.status_code == 303, answer.text
    with site.database.begin() as tx:
        return str(tx.conn.scalar(text("SELECT id FROM custom_fields WHERE name = :n"), {"n": name}))


def root(site: Pages) -> str:
    """The page of the root type."""
    with site.database.begin() as tx:
        return f"{TYPES}/{tx.conn.scalar(text('SELECT id FROM incident_types WHERE parent_id IS NULL'))}"


def main(answer: Any) -> str:
    """What stands in the page's frame."""
    return str(answer.text.partition("<main")[2])


def test_a_type_is_made_changed_and_switched_off(site: Pages) -> None:
    site.sign_in()
    parent = root(site).rpartition("/")[2]
    form = {"name": "fraud", "display_name": "Fraud", "parent_type": parent, "description": "Money is gone"}
    page = site.post(TYPES, form).headers["location"].partition("?")[0]
    assert "Money is gone" in main(site.client.get(page))
    again = site.post(TYPES, form)
    assert (again.status_code, "Name has already been taken" in again.text) == (400, True)
    assert 'value="fraud"' in again.text
    assert site.post(page, {"display_name": "Theft"}).status_code == 303
    shown = main(site.client.get(TYPES))
    assert "Theft" in shown
    assert "off</span>" in shown
    assert site.post(root(site), {"display_name": "Any incident"}).status_code == 303
    assert "Any incident" in main(site.client.get(page))


def test_a_field_is_made_with_options_changed_and_removed(site: Pages) -> None:
    site.sign_in()
    id = made(site, SERVICES, "tier", field_type="single_value_fixed", options="gold\nsilver\n", default="gold")
    page = f"{FIELDS}/{id}"
    shown = main(site.client.get(page))
    gold, silver = re.findall(r'name="(option-\w+)"', shown)
    form = {"display_name": "Rank", "enabled": "1", gold: "GOLD", silver: "", "options": "iron", "default": "GOLD"}
    assert site.post(page, form).status_code == 303
    assert [re.findall(r'name="option-\w+" value="(\w+)"', main(site.client.get(page)))] == [["GOLD", "iron"]]
    wrong = site.post(page, form | {"default": "lead", "options": ""})
    assert (wrong.status_code, "default_value must be one of its options: GOLD, iron" in wrong.text) == (400, True)
    assert site.post(f"{page}/remove").headers["location"] == f"{SERVICES}?done=removed"
    assert site.client.get(page).status_code == 404


def test_values_are_shown_and_changed_on_the_incident(site: Pages) -> None:
    site.sign_in()
    at, incident = root(site), site.incident()
    places = made(site, at, "places", field_type="multi_value_fixed", options="north\nsouth")
    count = made(site, at, "count", data_type="integer")
    link = made(site, at, "link", data_type="url")
    form = {"fields": [places, count, link], f"field-{places}": ["south"], f"field-{count}": "3"}
    url = f"/app/incidents/{incident}"
    assert site.post(f"{url}/fields", form | {f"field-{link}": "https://example.com/x"}).status_code == 303
    shown = main(site.client.get(url))
    assert 'href="https://example.com/x"' in shown
    assert "set link, count and places" in shown
    wrong = site.post(f"{url}/fields", {"fields": [count], f"field-{count}": "many"})
    assert (wrong.status_code, "count must be an integer" in wrong.text) == (400, True)
    site.post(f"{url}/fields", {"fields": [link, count], f"field-{link}": "odd://x", f"field-{count}": "3"})
    assert 'href="odd:' not in main(site.client.get(url))
    assert [entry.type for entry in site.entries(incident)][-1] == "custom_field_value_change"


def test_an_incident_gets_another_type(site: Pages) -> None:
    site.sign_in()
    incident = site.incident()
    assert 'name="incident_type"' not in site.client.get(f"/app/incidents/{incident}").text
    for name, display in (("fraud", "Fraud"), ("fire", "Fire")):
        parent = root(site).rpartition("/")[2]
        site.post(TYPES, {"name": name, "display_name": display, "parent_type": parent})
    assert site.post(f"/app/incidents/{incident}/fields", {"incident_type": "fraud"}).status_code == 303
    assert site.entries(incident)[-1].after == {"incident_type": "fraud"}
    assert site.post(f"/app/incidents/{incident}/fields", {"incident_type": "flood"}).status_code == 400


def test_values_are_shown_and_changed_on_the_service(site: Pages) -> None:
    site.sign_in()
    tier = made(site, SERVICES, "tier", default="3")
    on = made(site, SERVICES, "on_sale", data_type="boolean")
    url = f"/app/services/{site.seeded.service}"
    assert (
        site.post(f"{url}/fields", {"fields": [tier, on], f"field-{tier}": "1", f"field-{on}": "true"}).status_code
        == 303
    )
    assert ">Yes</dd>" in main(site.client.get(url))
    with site.database.begin() as tx:
        held = tx.conn.execute(text("SELECT value FROM service_field_values ORDER BY value")).scalars().all()
        known = tx.conn.scalars(audit_records.select().with_only_columns(audit_records.c.after)).all()
    assert held == ["1", True]
    assert {"custom_fields": {"tier": "1", "on_sale": True}} in known


def test_who_may_only_look_sees_definitions_and_no_forms(site: Pages) -> None:
    site.sign_in()
    id = made(site, SERVICES, "tier", field_type="single_value_fixed", options="gold")
    site.execute("UPDATE users SET role = 'read_only_user' WHERE email = 'alice@example.com'")
    for path in (TYPES, root(site), SERVICES, f"{FIELDS}/{id}", f"/app/services/{site.seeded.service}"):
        shown = site.client.get(path)
        assert shown.status_code == 200, path
        assert f'action="{TYPES}' not in shown.text
        assert 'action="/app/settings/' not in shown.text
