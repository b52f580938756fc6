"""Incident types over the wire, and incidents that have one (core:I120)."""

from typing import Any

from tests.incidents.acme import Acme
from tests.rest_client import RestClient

AT = "/incidents/types"


def body(name: str = "fraud", parent: str = "incident_default", **more: Any) -> dict[str, Any]:
    """What makes a type."""
    return {"incident_type": {"name": name, "display_name": name.title(), "parent_type": parent, **more}}


def add(client: RestClient, name: str = "fraud", parent: str = "incident_default", **more: Any) -> dict[str, Any]:
    """A type made over the API."""
    got = client.post(AT, body(name, parent, **more), lenient=True)
    assert got.status == 201, got.body
    return dict(got.body["incident_type"])


def change(client: RestClient, which: str, /, **more: Any) -> Any:
    """A change of a type."""
    return client.put(f"{AT}/{which}", {"incident_type": more}, lenient=True)


def test_every_account_has_the_root_type(rest_client: RestClient) -> None:
    [root] = rest_client.get(AT).body["incident_types"]
    assert (root["name"], root["display_name"], root["enabled"], root["parent"]) == (
        "incident_default", "Base Incident", True, None,
    )  # fmt: skip
    assert rest_client.get(f"{AT}/{root['id']}").body == rest_client.get(f"{AT}/incident_default").body
    assert rest_client.get(f"{AT}/nothing").status == 404


def test_a_type_is_made_below_another_and_changed(rest_client: RestClient) -> None:
    root = rest_client.get(f"{AT}/incident_default").body["incident_type"]
    made = add(rest_client, description="Somebody steals")
    assert (made["type"], made["enabled"]) == ("incident_type", True)
    assert made["parent"] == {"id": root["id"], "type": "incident_type_reference"}
    assert add(rest_client, "card_fraud", made["id"], description="")["description"] is None
    got = change(rest_client, "fraud", display_name="Theft", description=None).body["incident_type"]
    assert (got["name"], got["display_name"], got["description"], got["id"]) == ("fraud", "Theft", None, made["id"])
    assert change(rest_client, made["id"], name="fraud", parent_type="incident_default").status == 200
    assert change(rest_client, "fraud", name="x", parent_type="card_fraud").errors == [
        "name cannot be changed", "parent_type cannot be changed",
    ]  # fmt: skip


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": "my_default"}, "name may not end in _default"),
    ({"name": "a/b"}, "name may have only letters, digits and _ . - and begins with a letter or digit"),
    ({"name": "x" * 51}, "name should have at most 50 characters"),
    ({"display_name": "!x"}, "display_name must begin with a letter or digit"),
    ({"display_name": "PagerDuty fraud"}, "display_name may not begin with PD, PagerDuty or Default"),
    ({"display_name": ""}, "display_name should have at least 1 character"),
    ({"description": "x" * 1001}, "description should have at most 1000 characters"),
    ({"parent_type": "nothing"}, "Parent type nothing not found"),
    ({"parent_type": ""}, "parent_type should have at least 1 character"),
    ({"parent_type": None}, "parent_type is required"),
    ({"name": "fraud", "display_name": "FRAUD"}, "Name has already been taken"),
]


def test_a_type_that_makes_no_sense_is_refused(rest_client: RestClient) -> None:
    add(rest_client)
    for more, error in REFUSED:
        given = body("other")["incident_type"] | more
        got = rest_client.post(AT, {"incident_type": given}, lenient=True)
        assert (got.status, got.errors[0]) == (400, error)


def test_three_levels_and_no_more(rest_client: RestClient) -> None:
    add(rest_client, "second")
    add(rest_client, "third", "second")
    got = rest_client.post(AT, body("fourth", "third"))
    assert got.errors == ["Incident types may be 3 levels deep: third cannot have types below it"]


def test_off_goes_from_below_and_on_from_above(rest_client: RestClient) -> None:
    add(rest_client, "second")
    add(rest_client, "third", "second")
    assert change(rest_client, "second", enabled=False).errors == ["Disable the types below it first: third"]
    assert change(rest_client, "incident_default", enabled=False).status == 400
    assert [change(rest_client, name, enabled=False).status for name in ("third", "second")] == [200, 200]
    error = "The parent type second is disabled: enable it first"
    assert change(rest_client, "third", enabled=True).errors == [error]
    assert rest_client.post(AT, body("other", "second")).errors == [error]
    assert add(rest_client, "quiet", "second", enabled=False)["enabled"] is False
    assert [change(rest_client, name, enabled=True).status for name in ("second", "third")] == [200, 200]


def test_a_list_shows_the_enabled_ones_unless_asked_for_others(rest_client: RestClient) -> None:
    add(rest_client, "on")
    add(rest_client, "off", enabled=False)
    for query, names in (("", ["incident_default", "on"]), ("?filter=disabled", ["off"]),
                         ("?filter=all", ["incident_default", "on", "off"])):  # fmt: skip
        assert [one["name"] for one in rest_client.get(AT + query).body["incident_types"]] == names
    assert rest_client.get(f"{AT}?filter=some").status == 400


def test_fields_are_inherited_and_changed_where_they_are_defined(rest_client: RestClient) -> None:
    add(rest_client, "second")
    field = {"data_type": "string", "field_type": "single_value"}
    for at in ("incident_default", "second"):
        named = {"name": f"of_{at}", "display_name": f"Of {at}"}
        rest_client.post(f"{AT}/{at}/custom_fields", {"field": field | named})
    above, own = rest_client.get(f"{AT}/second/custom_fields").body["fields"]
    root, second = (
        rest_client.get(f"{AT}/{name}").body["incident_type"]["id"] for name in ("incident_default", "second")
    )
    assert (above["incident_type"], own["incident_type"]) == (root, second)
    assert above["self"].endswith(f"/incidents/types/{root}/custom_fields/{above['id']}")
    assert rest_client.get(f"{AT}/second/custom_fields/{above['id']}").body["field"]["name"] == "of_incident_default"
    assert rest_client.get(f"{AT}/incident_default/custom_fields/{own['id']}").status == 404
    assert rest_client.delete(f"{AT}/second/custom_fields/{above['id']}").status == 400
    assert [one["id"] for one in rest_client.get("/incidents/custom_fields").body["fields"]] == [above["id"]]


def test_an_incident_has_an_enabled_type(acme: Acme) -> None:
    fraud, off = add(acme.client), add(acme.client, "off", enabled=False)
    opened = acme.opens(incident_type={"name": "fraud"})
    assert opened["incident_type"] == {"name": "fraud"}
    for given in ({"name": "off"}, {"id": off["id"]}, {"name": "nothing"}, {}):
        got = acme.client.post("/incidents", {"incident": acme.body(incident_type=given)}, lenient=True)
        assert got.status == 400, given
        assert acme.puts(opened["id"], incident_type=given).status == 400
    plain = acme.opens("Another")
    assert acme.becomes(plain["id"], incident_type={"id": fraud["id"]})["incident_type"] == {"name": "fraud"}
    logged = acme.entries(plain["id"])[-1]
    assert (logged["type"], logged["changeset"]) == (
        "field_value_change_log_entry", ["Updated incident_type to fraud"],
    )  # fmt: skip
    assert acme.becomes(plain["id"], incident_type=None)["incident_type"] == {"name": "fraud"}


def test_incidents_are_listed_by_type(acme: Acme) -> None:
    fraud = add(acme.client)["id"]
    root = acme.client.get(f"{AT}/incident_default").body["incident_type"]["id"]
    mine, other = acme.opens(incident_type={"name": "fraud"})["id"], acme.opens("Other")["id"]

    def listed(*ids: str) -> list[str]:
        query = "&".join(f"incident_type_ids[]={id}" for id in ids)
        return [one["id"] for one in acme.client.get(f"/incidents?{query}").body["incidents"]]

    assert (listed(fraud), listed(root), listed(fraud, root), listed("PNONE")) == ([mine], [other], [mine, other], [])
