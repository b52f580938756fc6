"""Values of incidents' custom fields (core:I57, core:I121, core:I122)."""

from typing import Any

from sqlalchemy import text

from tests.fields.test_definitions import OLD, TYPES, add, change, fixed, option
from tests.incidents import test_types as types
from tests.incidents.acme import Acme
from tests.rest_client import Reply


def values(acme: Acme, id: str) -> dict[str, Any]:
    """Name -> value of an incident's fields."""
    got = acme.client.get(f"/incidents/{id}/custom_fields/values")
    return {one["name"]: one["value"] for one in got.body["custom_fields"]}


def put(acme: Acme, id: str, *given: Any, **by_name: Any) -> Reply:
    """Set values, as given and by name."""
    items = [*given, *({"name": name, "value": value} for name, value in by_name.items())]
    return acme.client.put(f"/incidents/{id}/custom_fields/values", {"custom_fields": items}, lenient=True)


def changed(acme: Acme, id: str) -> list[dict[str, Any]]:
    """The log entries about values."""
    return [one for one in acme.entries(id) if one["type"] == "custom_field_value_change_log_entry"]


def test_values_are_set_by_name_or_id_and_every_field_is_answered(acme: Acme) -> None:
    where, who = fixed(acme.client, TYPES), add(acme.client, OLD, "who", description="Whom it hits")
    id = acme.opens()["id"]
    assert values(acme, id) == {"environment": None, "who": None}
    got = put(acme, id, {"id": where["id"], "value": "staging"}, who="everybody")
    assert got.status == 201
    assert got.body["custom_fields"] == acme.client.get(f"/incidents/{id}/custom_fields/values").body["custom_fields"]
    assert got.body["custom_fields"][1] == {
        "id": who["id"], "type": "field_value", "name": "who", "display_name": "Who", "description": "Whom it hits",
        "data_type": "string", "field_type": "single_value", "value": "everybody",
    }  # fmt: skip
    number = acme.incident(id)["incident_number"]
    assert put(acme, str(number), who=None).status == 201
    assert values(acme, id) == {"environment": "staging", "who": None}


REFUSED: list[tuple[Any, str]] = [
    ({"name": "nothing", "value": 1}, "Custom field nothing not found"),
    ({"id": "PNONE", "value": 1}, "Custom field PNONE not found"),
    ({"name": "count", "value": "5"}, "count must be an integer"),
    ({"name": "environment", "value": "moon"}, "environment must be one of its options: staging, production"),
    ({"name": "count"}, "custom_fields[0]: value is required"),
    ({"value": 5}, "Each custom field needs an id or a name"),
    ({"id": "", "name": None, "value": 5}, "Each custom field needs an id or a name"),
    ("count", "custom_fields[0]: the body must be an object"),
]


def test_what_makes_no_sense_is_refused_and_nothing_is_set(acme: Acme) -> None:
    fixed(acme.client, TYPES)
    add(acme.client, TYPES, "count", data_type="integer")
    add(acme.client, TYPES, "who")
    id = acme.opens()["id"]
    for given, error in REFUSED:
        got = put(acme, id, given, who="everybody")
        assert (got.status, got.errors) == (400, [error])
    twice = put(acme, id, {"name": "count", "value": 1}, {"name": "count", "value": 2})
    assert twice.errors == ["count may be given once"]
    assert set(values(acme, id).values()) == {None}
    assert acme.client.put(f"/incidents/{id}/custom_fields/values", {"custom_fields": {}}).status == 400
    assert acme.client.put("/incidents/PNONE/custom_fields/values", {"custom_fields": []}).status == 404


def test_every_kind_of_value_comes_back_as_it_was_set(acme: Acme) -> None:
    given = {"boolean": False, "integer": 0, "float": 2.5, "datetime": "2026-01-31T09:00:00+02:00",
             "url": "https://example.com/x", "string": "é"}  # fmt: skip
    for data_type in given:
        add(acme.client, TYPES, data_type, data_type=data_type)
    fixed(acme.client, TYPES, "places", field_type="multi_value_fixed")
    id = acme.opens()["id"]
    put(acme, id, **given, places=["production", "staging", "production"])
    assert values(acme, id) == {**given, "places": ["production", "staging"]}
    assert acme.incident(id, "?include[]=custom_fields")["custom_fields"][0]["value"] is False
    put(acme, id, **dict.fromkeys(given), places=[])
    assert set(values(acme, id).values()) == {None}


def test_what_really_changes_stands_in_the_ledger_on_resolved_incidents_too(acme: Acme) -> None:
    add(acme.client, TYPES, "who")
    add(acme.client, TYPES, "count", data_type="integer")
    id = acme.opens()["id"]
    acme.becomes(id, status="resolved")
    before = acme.incident(id)
    put(acme, id, who="all", count=3)
    put(acme, id, who="all", count=3)
    put(acme, id, who=None)
    first, second = changed(acme, id)
    assert first["changeset"] == ["Updated who to all", "Updated count to 3"]
    assert (second["agent"]["summary"], second["event_details"]["description"]) == ("Alice", "Alice set who")
    assert acme.incident(id)["updated_at"] >= before["updated_at"]
    assert acme.incident(id)["status"] == "resolved"


def test_values_may_be_given_when_an_incident_is_opened(acme: Acme) -> None:
    types.add(acme.client, "fraud")
    add(acme.client, TYPES, "who")
    add(acme.client, "/incidents/types/fraud/custom_fields", "amount", data_type="integer")
    given = [{"name": "who", "value": "all"}, {"name": "amount", "value": 9}]
    wrong = acme.client.post("/incidents", {"incident": acme.body(custom_fields=given)}, lenient=True)
    assert wrong.errors == ["Custom field amount not found"]
    assert acme.client.get("/incidents").body["incidents"] == []
    fraud = acme.body(custom_fields=given, incident_type={"name": "fraud"})
    opened = acme.client.post("/incidents", {"incident": fraud}, lenient=True).body["incident"]
    assert values(acme, opened["id"]) == {"who": "all", "amount": 9}
    assert len(changed(acme, opened["id"])) == 1


def test_an_incident_begins_with_the_defaults_of_its_type_whoever_opens_it(acme: Acme) -> None:
    types.add(acme.client, "fraud")
    before = acme.triggers("before")
    field = add(acme.client, TYPES, "count", data_type="integer", default_value=0)
    add(acme.client, "/incidents/types/fraud/custom_fields", "amount", default_value="much")
    off = add(acme.client, TYPES, "off", default_value="x")["id"]
    change(acme.client, TYPES, off, enabled=False)
    by_event, by_hand = acme.triggers("now"), acme.opens(incident_type={"name": "fraud"})["id"]
    change(acme.client, TYPES, field["id"], default_value=7)
    assert (values(acme, before), values(acme, by_event)) == ({"count": None}, {"count": 0})
    assert values(acme, by_hand) == {"count": 0, "amount": "much"}
    assert changed(acme, by_event) == []
    put(acme, by_event, count=None)
    assert values(acme, by_event) == {"count": None}


def test_another_type_hides_the_values_of_fields_it_does_not_have(acme: Acme) -> None:
    types.add(acme.client, "fraud")
    add(acme.client, "/incidents/types/fraud/custom_fields", "amount", data_type="integer")
    id = acme.opens(incident_type={"name": "fraud"})["id"]
    put(acme, id, amount=5)
    acme.becomes(id, incident_type={"name": "incident_default"})
    assert values(acme, id) == {}
    assert put(acme, id, amount=6).status == 400
    acme.becomes(id, incident_type={"name": "fraud"})
    assert values(acme, id) == {"amount": 5}


def test_a_disabled_field_keeps_its_values_unseen_and_a_removed_one_loses_them(acme: Acme) -> None:
    field, id = add(acme.client, TYPES, "who"), acme.opens()["id"]
    put(acme, id, who="all")
    change(acme.client, TYPES, field["id"], enabled=False)
    assert (values(acme, id), put(acme, id, who="x").status) == ({}, 400)
    change(acme.client, TYPES, field["id"], enabled=True)
    assert values(acme, id) == {"who": "all"}
    acme.client.delete(f"{TYPES}/{field['id']}")
    assert values(acme, id) == {}
    add(acme.client, TYPES, "who")
    assert values(acme, id) == {"who": None}
    assert changed(acme, id)[0]["changeset"] == ["Updated who to all"]


def test_a_renamed_option_takes_its_values_along_and_a_removed_one_leaves_them(acme: Acme) -> None:
    one, many = fixed(acme.client, TYPES, "one"), fixed(acme.client, TYPES, "many", field_type="multi_value_fixed")
    id = acme.opens()["id"]
    put(acme, id, one="staging", many=["production", "staging"])
    for field in (one, many):
        staging, production = (option["id"] for option in field["field_options"])
        change(acme.client, TYPES, field["id"], field_options=[option("stage", staging), option("live", production)])
    assert values(acme, id) == {"one": "stage", "many": ["live", "stage"]}
    acme.client.delete(f"{TYPES}/{one['id']}/field_options/{one['field_options'][0]['id']}")
    assert values(acme, id)["one"] == "stage"
    assert put(acme, id, one="stage").status == 400
    assert put(acme, id, one="live").status == 201


def test_a_list_shows_values_on_request_with_one_more_statement(acme: Acme) -> None:
    add(acme.client, TYPES, "who")
    ids = [acme.opens(f"Number {n}")["id"] for n in range(4)]
    for id in ids:
        put(acme, id, who=id)
    with acme.counting() as plain:
        assert "custom_fields" not in acme.client.get("/incidents").body["incidents"][0]
    with acme.counting() as asked:
        got = acme.client.get("/incidents?include[]=custom_fields").body["incidents"]
    assert [one["custom_fields"][0]["value"] for one in got] == ids
    assert len(asked) == len(plain) + 1


def test_who_may_only_look_reads_values_and_sets_none(acme: Acme) -> None:
    add(acme.client, TYPES, "who")
    id = acme.opens()["id"]
    watcher = acme.watcher()
    assert watcher.get(f"/incidents/{id}/custom_fields/values").status == 200
    given = {"custom_fields": [{"name": "who", "value": "x"}]}
    assert watcher.put(f"/incidents/{id}/custom_fields/values", given).status == 403


def test_an_incident_opens_at_once_while_a_field_is_being_changed_or_removed(acme: Acme) -> None:
    field = add(acme.client, TYPES, "who", default_value="all")
    with acme.database.engine.connect() as conn:
        conn.execute(text("SELECT id FROM custom_fields FOR NO KEY UPDATE"))
        changing = acme.opens("Changing")["id"]
        conn.rollback()
        conn.execute(text("DELETE FROM custom_fields WHERE id = :id"), {"id": field["id"]})
        removing = acme.opens("Removing")["id"]
        conn.rollback()
    assert (values(acme, changing), values(acme, removing)) == ({"who": "all"}, {"who": None})
