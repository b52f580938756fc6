"""Tags over the API (core:X1)."""

from typing import Any

import pytest

from tests.accounts import people
from tests.escalation import policies
from tests.rest_client import Reply, RestClient
from tocsin.accounts.commands.bootstrap import Bootstrapped
from tocsin.core.db import Database

REF = {"users": "user", "teams": "team", "escalation_policies": "escalation_policy"}


@pytest.fixture
def paths(rest_client: RestClient, owner: Bootstrapped) -> dict[str, str]:
    """A thing of each kind that can bear tags, by the name of its collection."""
    team = rest_client.post("/teams", {"team": {"type": "team", "name": "Shop"}}).body["team"]
    policy = policies.add(rest_client, "Ops", policies.rule(owner.user_id))
    ids = {"users": owner.user_id, "teams": team["id"], "escalation_policies": policy["id"]}
    return {name: f"/{name}/{id}" for name, id in ids.items()}


def make(client: RestClient, label: str) -> str:
    """A tag; its id."""
    reply = client.post("/tags", {"tag": {"type": "tag", "label": label}})
    assert reply.status == 201, reply.body
    return str(reply.body["tag"]["id"])


def change(client: RestClient, path: str, add: Any = None, remove: Any = None, lenient: bool = False) -> Reply:
    """What becomes of a thing's tags."""
    return client.post(f"{path}/change_tags", {"add": add, "remove": remove}, lenient)


def labels(client: RestClient, path: str) -> list[str]:
    """The labels of a thing."""
    return [tag["label"] for tag in client.get(f"{path}/tags").body["tags"]]


def by_id(id: str) -> dict[str, str]:
    """A tag as a reference."""
    return {"type": "tag_reference", "id": id}


def test_a_tag_is_made_found_and_removed(rest_client: RestClient) -> None:
    id, other = make(rest_client, "Batman"), make(rest_client, "100%")
    tag = rest_client.get(f"/tags/{id}").body["tag"]
    assert (tag["label"], tag["summary"], tag["type"], tag["html_url"]) == ("Batman", "Batman", "tag", None)
    assert [one["id"] for one in rest_client.get("/tags?total=true").body["tags"]] == [other, id]
    assert [one["id"] for one in rest_client.get("/tags?query=AT").body["tags"]] == [id]
    assert [one["id"] for one in rest_client.get("/tags?query=0%25").body["tags"]] == [other]
    assert rest_client.delete(f"/tags/{id}").status == 204
    assert rest_client.delete(f"/tags/{id}").status == rest_client.get(f"/tags/{id}").status == 404
    assert make(rest_client, "Batman") != id


@pytest.mark.parametrize("kind", ["users", "teams", "escalation_policies"])
def test_tags_are_put_on_and_taken_off(rest_client: RestClient, paths: dict[str, str], kind: str) -> None:
    path, known = paths[kind], make(rest_client, "Known")
    new = [{"type": "tag", "label": "new"}, {"type": "tag", "label": "NEW"}, {"type": "tag", "label": "known"}]
    assert change(rest_client, path, [*new, by_id(known)]).body == {}
    assert labels(rest_client, path) == ["Known", "new"]
    tagged = rest_client.get(f"/tags/{known}/{kind}").body[kind]
    assert [one["id"] for one in tagged] == [path.rpartition("/")[2]]
    assert tagged[0]["type"] == f"{REF[kind]}_reference"
    assert change(rest_client, path, None, [by_id(known), by_id("PNONE")]).status == 200
    assert labels(rest_client, path) == ["new"]
    assert rest_client.get(f"/tags/{known}/{kind}").body[kind] == []
    for tag in rest_client.get("/tags").body["tags"]:
        rest_client.delete(f"/tags/{tag['id']}")
    assert labels(rest_client, path) == []
    records = rest_client.get(f"{path}/audit/records").body["records"]
    assert sum("tags" in str(one["details"]) for one in records) >= 2


def test_a_change_that_makes_no_sense_leaves_nothing_behind(rest_client: RestClient, paths: dict[str, str]) -> None:
    path, good = paths["users"], {"type": "tag", "label": "good"}
    for bad in ({"type": "tag"}, {"type": "tag", "label": " "}, {"type": "tag", "label": "x" * 192}, by_id("PNONE"),
                {"type": "tag_reference"}, {"type": "moon", "label": "x"}, 7, {}):  # fmt: skip
        assert change(rest_client, path, [good, bad], lenient=True).status == 400, bad
    assert change(rest_client, path, "x", lenient=True).status == 400
    assert change(rest_client, "/users/PNONE", [good]).status == 404
    assert rest_client.post("/services/P1/change_tags", {}).status == 404
    assert rest_client.get("/tags").body["tags"] == []
    make(rest_client, "Batman")
    assert rest_client.post("/tags", {"tag": {"type": "tag", "label": "bAtman"}}).errors == [
        "Label has already been taken"]  # fmt: skip
    assert rest_client.get("/tags/PNONE/users").status == rest_client.get("/users/PNONE/tags").status == 404


def test_who_may_not_set_things_up_makes_no_tags(
    rest_client: RestClient, paths: dict[str, str], database: Database
) -> None:
    private = {"team": {"type": "team", "name": "Hidden", "default_role": "none"}}
    hidden = rest_client.post("/teams", private).body["team"]["id"]
    manager = people.add(rest_client, "Mona", role="observer")["id"]
    rest_client.put(f"{paths['teams']}/users/{manager}", {"role": "manager"})
    theirs, known = rest_client.as_key(people.key_of(database, manager)), make(rest_client, "Known")
    assert change(theirs, paths["teams"], [{"type": "tag", "label": "KNOWN"}]).status == 200
    assert change(theirs, paths["teams"], [{"type": "tag", "label": "new"}]).status == 403
    assert change(theirs, paths["users"], [by_id(known)]).status == 403
    assert labels(theirs, paths["teams"]) == ["Known"]
    change(rest_client, f"/teams/{hidden}", [by_id(known)])
    assert [one["id"] for one in theirs.get(f"/tags/{known}/teams").body["teams"]] == [paths["teams"][7:]]
    assert len(rest_client.get(f"/tags/{known}/teams").body["teams"]) == 2
