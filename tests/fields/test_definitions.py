"""Definitions over the wire, the same in all three collections (core:I121, core:I122, core:G-83)."""

from typing import Any

import pytest
from sqlalchemy import event, text

from tests.rest_client import Reply, RestClient
from tocsin.core.db import Database

TYPES = "/incidents/types/incident_default/custom_fields"
OLD, SERVICES = "/incidents/custom_fields", "/services/custom_fields"
EVERYWHERE = pytest.mark.parametrize("at", [TYPES, OLD, SERVICES])


def option(value: str, id: str | None = None) -> dict[str, Any]:
    """An option as clients send one."""
    return {"data": {"data_type": "string", "value": value}} | ({"id": id} if id else {})


def body(name: str = "environment", **more: Any) -> dict[str, Any]:
    """What defines a field."""
    field = {"name": name, "display_name": name.title(), "data_type": "string", "field_type": "single_value"}
    return {"field": field | more}


def add(client: RestClient, at: str, name: str = "environment", **more: Any) -> dict[str, Any]:
    """A field defined over the API."""
    got = client.post(at, body(name, **more), lenient=True)
    assert got.status == 201, got.body
    return dict(got.body["field"])


def fixed(client: RestClient, at: str, name: str = "environment", **more: Any) -> dict[str, Any]:
    """A fixed field with two options."""
    choices = [option("staging"), option("production")]
    return add(client, at, name, **{"field_type": "single_value_fixed", "field_options": choices, **more})


def shown(field: dict[str, Any]) -> list[str]:
    """The options of an answer, in order."""
    return [one["data"]["value"] for one in field["field_options"]]


def change(client: RestClient, at: str, id: str, **more: Any) -> Reply:
    """A change of a field."""
    return client.put(f"{at}/{id}", {"field": more}, lenient=True)


@EVERYWHERE
def test_a_field_is_defined_read_changed_listed_and_removed(rest_client: RestClient, at: str) -> None:
    made = add(rest_client, at, default_value="production", description="Where it runs")
    assert (made["type"], made["summary"], made["default_value"]) == ("field", "environment", "production")
    assert (made["enabled"], made["description"]) == (True, "Where it runs")
    assert made["self"].endswith(f"/{made['id']}")
    got = change(rest_client, at, made["id"], display_name="Where", default_value=None, enabled=False)
    assert (got.status, got.body["field"]["display_name"], got.body["field"]["default_value"]) == (200, "Where", None)
    assert (got.body["field"]["enabled"], got.body["field"]["description"]) == (False, "Where it runs")
    assert rest_client.get(f"{at}/{made['id']}").body["field"]["display_name"] == "Where"
    assert [one["id"] for one in rest_client.get(at).body["fields"]] == [made["id"]]
    assert rest_client.delete(f"{at}/{made['id']}").status == 204
    assert [rest_client.get(f"{at}/{made['id']}").status, rest_client.delete(f"{at}/{made['id']}").status] == [404, 404]
    assert add(rest_client, at)["id"] != made["id"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": "Environment"}, "name may have only lower-case letters (a-z), digits and underscores"),
    ({"name": "x" * 51}, "name should have at most 50 characters"),
    ({"name": ""}, "name should have at least 1 character"),
    ({"display_name": " "}, "display_name should have at least 1 character"),
    ({"display_name": None}, "display_name is required"),
    ({"description": "x" * 1001}, "description should have at most 1000 characters"),
    ({"data_type": "text"}, "data_type should be 'boolean', 'integer', 'float', 'string', 'datetime' or 'url'"),
    ({"data_type": "url", "field_type": "multi_value"}, "field_type must be single_value when data_type is url"),
    ({"data_type": "integer", "default_value": "5"}, "default_value must be an integer"),
    ({"field_type": "multi_value", "default_value": "a"}, "default_value must be a list of strings"),
    ({"field_options": [option("a")]}, "field_options are not allowed when field_type is single_value"),
    ({"field_type": "single_value_fixed", "field_options": [option("a"), option("a")]},
     "Options must differ from each other"),
    ({"field_type": "single_value_fixed", "field_options": [option("a")], "default_value": "b"},
     "default_value must be one of its options: a"),
    ({"field_type": "single_value_fixed", "field_options": [{"data": {"data_type": "url", "value": "a"}}]},
     "field_options: data_type must be string"),
    ({"field_type": "single_value_fixed", "field_options": [option(str(n)) for n in range(201)]},
     "A field may have at most 200 options"),
    ({"field_type": "single_value_fixed", "field_options": [option("x" * 201)]},
     "An option may have at most"),
]  # fmt: skip


def test_a_field_that_makes_no_sense_is_refused(rest_client: RestClient) -> None:
    for more, error in REFUSED:
        for at in (TYPES, OLD, SERVICES):
            got = rest_client.post(at, body(**more), lenient=True)
            assert got.status == 400
            assert got.errors[0].startswith(error)


def test_names_are_unique_among_all_fields_of_incidents_and_among_those_of_services(rest_client: RestClient) -> None:
    add(rest_client, TYPES)
    add(rest_client, SERVICES)
    kind = {"name": "fraud", "display_name": "Fraud", "parent_type": "incident_default"}
    rest_client.post("/incidents/types", {"incident_type": kind})
    for at in (OLD, SERVICES, "/incidents/types/fraud/custom_fields"):
        got = rest_client.post(at, body(display_name="ENVIRONMENT"))
        assert got.errors == ["Name has already been taken", "Display name has already been taken"]


def test_what_never_changes_is_refused_and_empty_or_the_same_is_ignored(rest_client: RestClient) -> None:
    field = add(rest_client, SERVICES)
    got = change(rest_client, SERVICES, field["id"], name="other", data_type="url", field_type="multi_value")
    assert got.errors == [f"{name} cannot be changed" for name in ("name", "data_type", "field_type")]
    same = change(rest_client, SERVICES, field["id"], name="", data_type="", field_type="", type="field")
    assert (same.status, same.body["field"]["updated_at"]) == (200, field["updated_at"])
    whole = rest_client.get(f"{SERVICES}/{field['id']}").body["field"]
    assert rest_client.put(f"{SERVICES}/{field['id']}", {"field": whole}, lenient=True).status == 200


def test_only_the_types_collection_wants_options_from_the_start(rest_client: RestClient) -> None:
    got = rest_client.post(TYPES, body(field_type="multi_value_fixed"))
    assert got.errors == ["field_options is required when field_type is multi_value_fixed"]
    for at in (OLD, SERVICES):  # Terraform adds the options of the old collection one by one, afterwards
        assert shown(add(rest_client, at, field_type="multi_value_fixed")) == []


@EVERYWHERE
def test_options_are_answered_to_who_writes_and_to_who_asks(rest_client: RestClient, at: str) -> None:
    field = fixed(rest_client, at)
    assert shown(field) == ["staging", "production"]
    always = at == OLD
    for one in (rest_client.get(f"{at}/{field['id']}").body["field"], rest_client.get(at).body["fields"][0]):
        assert ("field_options" in one) == always
    asked = rest_client.get(f"{at}/{field['id']}?include[]=field_options").body["field"]
    assert asked == field
    assert shown(rest_client.get(f"{at}?include[]=field_options").body["fields"][0]) == ["staging", "production"]


@EVERYWHERE
def test_an_option_is_added_renamed_and_removed(rest_client: RestClient, at: str) -> None:
    url = f"{at}/{fixed(rest_client, at)['id']}/field_options"
    made = rest_client.post(url, {"field_option": option("test")}, lenient=True)
    assert (made.status, made.body["field_option"]["type"]) == (201, "field_option")
    assert made.body["field_option"]["data"] == {"data_type": "string", "value": "test"}
    one = f"{url}/{made.body['field_option']['id']}"
    assert (
        rest_client.put(one, {"field_option": option("tests")}, lenient=True).body["field_option"]["data"]["value"]
        == "tests"
    )
    if at != OLD:
        assert rest_client.get(one).body["field_option"]["data"]["value"] == "tests"
    listed = rest_client.get(url).body["field_options"]
    assert [row["data"]["value"] for row in listed] == ["staging", "production", "tests"]
    assert rest_client.delete(one).status == 204
    assert [rest_client.delete(one).status, rest_client.put(one, {"field_option": option("x")}).status] == [404, 404]


def test_an_option_must_differ_fit_and_belong_to_a_fixed_field(rest_client: RestClient) -> None:
    url = f"{TYPES}/{fixed(rest_client, TYPES)['id']}/field_options"
    for bad in (option("staging"), option(" "), option("x" * 101), {"data": {"data_type": "url", "value": "x"}}, {}):
        assert rest_client.post(url, {"field_option": bad}, lenient=True).status == 400
    first = rest_client.get(url).body["field_options"][0]["id"]
    assert rest_client.put(f"{url}/{first}", {"field_option": option("production")}).status == 400
    plain = add(rest_client, TYPES, "plain")["id"]
    assert rest_client.post(f"{TYPES}/{plain}/field_options", {"field_option": option("a")}).status == 400
    assert rest_client.get(f"{TYPES}/{plain}/field_options/{first}").status == 404
    long = fixed(rest_client, SERVICES, field_options=[option("x" * 200)])
    assert shown(long) == ["x" * 200]


@EVERYWHERE
def test_a_list_of_options_replaces_what_is_there_in_its_order(rest_client: RestClient, at: str) -> None:
    field = fixed(rest_client, at)
    staging, production = (one["id"] for one in field["field_options"])
    given = [option("new"), option("live", production)]
    got = change(rest_client, at, field["id"], field_options=given).body["field"]
    assert shown(got) == ["new", "live"]
    assert got["field_options"][1]["id"] == production
    again = change(rest_client, at, field["id"], field_options=[option("x", staging)])
    assert again.errors == [f"Field option {staging} not found"]
    twice = change(rest_client, at, field["id"], field_options=[option("a", production), option("b", production)])
    assert twice.errors == ["Each option may be given once"]
    assert shown(change(rest_client, at, field["id"], display_name="E").body["field"]) == ["new", "live"]
    assert shown(change(rest_client, at, field["id"], field_options=[]).body["field"]) == []


def test_two_options_may_change_names_with_each_other(rest_client: RestClient) -> None:
    field = fixed(rest_client, SERVICES, default_value="staging")
    a, b = (one["id"] for one in field["field_options"])
    swapped = [option("production", a), option("staging", b)]
    got = change(rest_client, SERVICES, field["id"], field_options=swapped).body["field"]
    assert (shown(got), got["default_value"]) == (["production", "staging"], "production")


def test_the_default_stays_an_option_and_follows_its_new_name(rest_client: RestClient) -> None:
    field = fixed(rest_client, TYPES, field_type="multi_value_fixed", default_value=["staging"])
    url = f"{TYPES}/{field['id']}"
    staging, production = (one["id"] for one in field["field_options"])
    assert rest_client.delete(f"{url}/field_options/{staging}").status == 400
    assert change(rest_client, TYPES, field["id"], field_options=[option("production", production)]).status == 400
    rest_client.put(f"{url}/field_options/{staging}", {"field_option": option("stage")})
    assert rest_client.get(url).body["field"]["default_value"] == ["stage"]
    given = {"field_options": [option("production", production)], "default_value": ["production"]}
    assert change(rest_client, TYPES, field["id"], **given).body["field"]["default_value"] == ["production"]


def test_a_hundred_fields_are_enough(rest_client: RestClient, database: Database) -> None:
    add(rest_client, SERVICES)
    with database.begin() as tx:
        tx.conn.execute(text(
            "INSERT INTO custom_fields SELECT id || n, kind, scope_id, name || n, display_name || n, description, "
            "data_type, field_type, default_value, enabled, created_at, updated_at "
            "FROM custom_fields, generate_series(1, 99) n"
        ))  # fmt: skip
        tx.conn.execute(text("INSERT INTO audit_watch VALUES (pg_current_xact_id(), 'audit_records')"))
    got = rest_client.post(SERVICES, body("one_more"))
    assert (got.code, got.errors) == (2019, ["There may be at most 100 fields"])
    assert len(rest_client.get(SERVICES).body["fields"]) == 100


def test_a_list_takes_few_statements_however_long(rest_client: RestClient, database: Database) -> None:
    for n in range(6):
        fixed(rest_client, SERVICES, f"f{n}")
    sent: list[str] = []

    event.listen(database.readers, "before_cursor_execute", lambda *args: sent.append(args[2]))
    rest_client.get(f"{SERVICES}?include[]=field_options")
    assert len([sql for sql in sent if "custom_field" in sql]) == 2
