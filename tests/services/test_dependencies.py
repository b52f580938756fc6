"""Dependencies between services over the API (core:C15, ei:SD1, ei:SD2)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.accounts import people
from tests.escalation import policies
from tests.rest_client import Reply, RestClient
from tests.services.test_business_services import make
from tests.services.test_services_api import add
from tocsin.accounts.commands.bootstrap import Bootstrapped
from tocsin.core.db import Database

PATH = "/service_dependencies"


def end(id: str, type: str = "business_service") -> dict[str, str]:
    """One end of a dependency."""
    return {"id": id, "type": type}


def pair(supporting: dict[str, str], dependent: dict[str, str]) -> dict[str, Any]:
    """A dependency as clients send it."""
    return {"supporting_service": supporting, "dependent_service": dependent}


def join(client: RestClient, *pairs: dict[str, Any], verb: str = "associate", lenient: bool = False) -> Reply:
    """Associate, or disassociate."""
    return client.post(f"{PATH}/{verb}", {"relationships": list(pairs)}, lenient)


@pytest.fixture
def web(rest_client: RestClient, owner: Bootstrapped) -> str:
    """A technical service."""
    policy = str(policies.add(rest_client, "Ops", policies.rule(owner.user_id))["id"])
    return str(add(rest_client, policy)["id"])


def test_edges_are_joined_found_from_both_ends_and_parted(rest_client: RestClient, web: str) -> None:
    shop, till = make(rest_client, "Shop")["id"], make(rest_client, "Till")["id"]
    first = join(rest_client, pair(end(web, "service"), end(till)), pair(end(till), end(shop)))
    assert first.status == 200
    edges = first.body["relationships"]
    both = sorted(edges, key=lambda edge: str(edge["id"]))
    assert edges[0]["supporting_service"] == {"id": web, "type": "technical_service_reference"}
    assert edges[0]["dependent_service"] == {"id": till, "type": "business_service_reference"}
    assert edges[0]["type"] == "service_dependency"
    again = pair(end(web, "technical_service_reference"), end(till, "business_service_reference"))
    assert join(rest_client, again, again).body["relationships"] == edges[:1]
    assert rest_client.get(f"{PATH}/technical_services/{web}").body == {"relationships": edges[:1]}
    assert rest_client.get(f"{PATH}/business_services/{till}").body == {"relationships": both}
    assert rest_client.get(PATH).body["relationships"] == both
    assert rest_client.get(f"{PATH}?limit=1&offset=1").body["relationships"] == both[1:]
    assert join(rest_client, again, verb="disassociate").body["relationships"] == edges[:1]
    assert join(rest_client, again, verb="disassociate").body["relationships"] == []
    assert rest_client.get(f"{PATH}/business_services/{till}").body == {"relationships": edges[1:]}


def test_what_cannot_be_joined_leaves_nothing_behind(rest_client: RestClient, web: str) -> None:
    shop, till = make(rest_client, "Shop")["id"], make(rest_client, "Till")["id"]
    good = pair(end(web, "service"), end(till))
    join(rest_client, pair(end(till), end(shop)))
    for bad, status in [
        (pair(end(shop), end(shop)), 400), (pair(end(shop), end(till)), 400), (pair(end("PNONE"), end(till)), 404),
        (pair(end(web), end(till)), 404), (pair(end(web, "team"), end(till)), 400), ({}, 400), (7, 400),
        (pair(end(""), end(till)), 400), (pair(end("a/b"), end(till)), 400),
    ]:  # fmt: skip
        assert join(rest_client, good, bad, lenient=True).status == status, bad  # type: ignore[arg-type]
    assert join(rest_client, lenient=True).status == 400
    circle = join(rest_client, pair(end(shop), end(till))).errors
    assert len(circle) == 1
    assert circle[0].startswith("This would make a circle: ")
    assert f"Shop ({shop}) supports" in circle[0]
    assert len(rest_client.get(PATH).body["relationships"]) == 1


def test_a_service_that_goes_takes_its_edges_along(rest_client: RestClient, web: str) -> None:
    shop, till = make(rest_client, "Shop")["id"], make(rest_client, "Till")["id"]
    join(rest_client, pair(end(web, "service"), end(till)), pair(end(till), end(shop)))
    assert rest_client.delete(f"/services/{web}").status == 204
    assert len(rest_client.get(f"{PATH}/business_services/{till}").body["relationships"]) == 1
    assert rest_client.delete(f"/business_services/{shop}").status == 204
    assert rest_client.get(PATH).body["relationships"] == []
    assert rest_client.get(f"{PATH}/technical_services/{web}").status == 404
    assert rest_client.get(f"{PATH}/business_services/{shop}").status == 404
    assert rest_client.get(f"{PATH}/business_services/{web}").status == 404


def test_edges_to_what_one_may_not_see_are_not_shown(rest_client: RestClient, database: Database) -> None:
    private = {"team": {"type": "team", "name": "Hidden", "default_role": "none"}}
    team = rest_client.post("/teams", private).body["team"]["id"]
    shop, secret = make(rest_client, "Shop")["id"], make(rest_client, "Secret", team={"id": team})["id"]
    join(rest_client, pair(end(secret), end(shop)))
    mona = rest_client.as_key(people.key_of(database, people.add(rest_client, "Mona", role="user")["id"]))
    for path in (PATH, f"{PATH}/business_services/{shop}"):
        assert mona.get(path).body["relationships"] == []
        assert len(rest_client.get(path).body["relationships"]) == 1
    assert mona.get(f"{PATH}/business_services/{secret}").status == 404
    assert join(mona, pair(end(secret), end(shop))).status == join(mona, pair(end(shop), end(secret))).status == 404
    impacts = mona.get("/business_services/impacts").body["services"]
    assert [one["name"] for one in impacts] == ["Shop"]
    assert mona.get(f"/business_services/{shop}/supporting_services/impacts").body["services"] == []


def test_two_at_once_never_make_a_circle(rest_client: RestClient, database: Database) -> None:
    ring = [make(rest_client, f"S{n}")["id"] for n in range(6)]
    halves = [pair(end(one), end(other)) for one, other in zip(ring, [*ring[1:], ring[0]], strict=True)]
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda half: join(rest_client, half), halves))
    assert sorted(reply.status for reply in replies) == [200] * 5 + [400]
    assert len(rest_client.get(PATH).body["relationships"]) == 5
