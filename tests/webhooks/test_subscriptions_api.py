"""`/webhook_subscriptions` as clients use it: the whole life, what is refused, what is never shown."""

from typing import Any

import pytest

from tests.webhooks.house import EVERY, House

HEADER = {"name": "X-Key", "value": "hunter2 is the value"}


def body(**more: Any) -> dict[str, Any]:
    method = {"type": "http_delivery_method", "url": "https://hooks.example.com/x", **more.pop("method", {})}
    return {"webhook_subscription": {
        "type": "webhook_subscription", "delivery_method": method, "events": ["incident.triggered"],
        "filter": {"type": "account_reference"}, **more,
    }}  # fmt: skip


def test_a_subscription_is_made_read_changed_and_removed_without_a_difference(house: House) -> None:
    client = house.acme.client
    made = client.post("/webhook_subscriptions", body(
        description="To the board", events=EVERY[:3], method={"custom_headers": [HEADER]},
        filter={"id": house.acme.service, "type": "service_reference"},
    )).body["webhook_subscription"]  # fmt: skip
    assert len(made["delivery_method"].pop("secret")) == 64
    path = f"/webhook_subscriptions/{made['id']}"
    read = client.get(path).body["webhook_subscription"]
    assert read["delivery_method"].pop("secret") is None
    assert read == made
    assert read["delivery_method"]["custom_headers"] == [{"name": "X-Key", "value": "-- redacted --"}]
    assert (read["active"], read["oauth_client"], read["events"]) == (True, None, EVERY[:3])
    other = {"type": "http_delivery_method", "url": "https://elsewhere.example.com/"}
    changed = client.put(path, {"webhook_subscription": {"events": EVERY[:1], "delivery_method": other}}, lenient=True)
    assert changed.body["webhook_subscription"] == client.get(path).body["webhook_subscription"]
    assert changed.body["webhook_subscription"]["delivery_method"]["url"] == "https://hooks.example.com/x"
    assert (changed.body["webhook_subscription"]["description"], client.delete(path).status) == ("To the board", 204)
    assert {client.get(path).status, client.delete(path).status, client.put(path, body(), lenient=True).status} == {404}


def test_lists_page_and_filter(house: House) -> None:
    client = house.acme.client
    for n in range(3):
        client.post("/webhook_subscriptions", body(description=str(n)))
    mine = body(filter={"id": house.acme.service, "type": "service_reference"})
    id = client.post("/webhook_subscriptions", mine).body["webhook_subscription"]["id"]
    listed = client.get("/webhook_subscriptions?limit=2&total=true").body
    assert [one["description"] for one in listed["webhook_subscriptions"]] == ["0", "1"]
    assert (listed["more"], listed["total"]) == (True, 4)
    found = client.get(f"/webhook_subscriptions?filter_type=service&filter_id={house.acme.service}").body
    assert [one["id"] for one in found["webhook_subscriptions"]] == [id]
    assert len(client.get("/webhook_subscriptions?filter_type=account").body["webhook_subscriptions"]) == 3
    assert client.get("/webhook_subscriptions?filter_type=team").status == 400
    with house.acme.counting() as sent:
        client.get("/webhook_subscriptions")
    assert len([one for one in sent if one.lstrip().upper().startswith(("SELECT", "WITH"))]) <= 8


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"events": []}, "events"), ({"events": ["incident.exploded"]}, "incident.exploded"),
        ({"filter": {"type": "service_reference"}}, "id is required"), ({"filter": {"type": "moon"}}, "filter.type"),
        ({"filter": {"type": "team_reference", "id": "PNONE"}}, "Team not found"),
        ({"method": {"url": "ftp://example.com"}}, "http"), ({"method": {"url": "http://10.0.0.1/"}}, "not public"),
        ({"method": {"url": "http://user:pw@example.com/"}}, "user name"), ({"delivery_method": None}, "is required"),
        ({"method": {"custom_headers": [{"name": "Host", "value": "x"}]}}, "sets Host itself"),
        ({"method": {"custom_headers": [{"name": "X", "value": "a\r\nB: c"}]}}, "on one line"),
        ({"method": {"custom_headers": [HEADER, HEADER]}}, "unique"), ({"oauth_client_id": "PNONE"}, "OAuth client"),
        ({"description": "x" * 2000}, "description"), ({"active": "perhaps"}, "active"),
    ],
)  # fmt: skip
def test_bad_subscriptions_are_refused_with_what_is_wrong(house: House, wrong: dict[str, Any], said: str) -> None:
    got = house.acme.client.post("/webhook_subscriptions", body(**wrong), lenient=True)
    assert (got.status, got.code) == (400, 2001)
    assert said in " ".join(got.errors)
    assert house.acme.client.get("/webhook_subscriptions").body["webhook_subscriptions"] == []


def test_there_is_an_end_of_how_many(house: House) -> None:
    client = house.acme.client
    for _ in range(10):
        assert client.post("/webhook_subscriptions", body()).status == 200
    got = client.post("/webhook_subscriptions", body())
    assert (got.status, "10 webhook subscriptions" in got.errors[0]) == (400, True)
    mine = body(filter={"id": house.acme.service, "type": "service_reference"})
    assert client.post("/webhook_subscriptions", mine).status == 200


def test_switching_off_drops_what_waits_and_switching_on_begins_anew(house: House) -> None:
    with house.receiving() as receiver:
        made = house.subscribes(receiver)
        house.acme.triggers("disk")
        house.follows()
        path = f"/webhook_subscriptions/{made['id']}"
        house.acme.client.put(path, {"webhook_subscription": {"active": False}})
        house.acme.triggers("cpu")
        assert house.delivers() == []
        house.acme.client.put(path, {"webhook_subscription": {"active": True}})
        house.acme.triggers("net")
        house.delivers()
        assert [got.event["data"]["number"] for got in receiver.got] == [3]


def test_an_oauth_client_is_tried_kept_and_refreshed_once(house: House) -> None:
    client, path = house.acme.client, "/webhook_subscriptions/oauth_clients"
    with house.receiving(tokens=["first", "second"], answers=[200, 401, 200]) as receiver:
        given = {
            "name": "Now", "client_id": "me", "client_secret": "hunter2", "grant_type": "client_credentials",
            "token_url": receiver.url.replace("/hook", "/token"),
        }  # fmt: skip
        kept = client.post(path, {"oauth_client": given})
        assert (kept.status, kept.body["oauth_client"]["status"]) == (201, "active")
        assert "hunter2" not in str(kept.body)
        id = kept.body["oauth_client"]["id"]
        made = house.subscribes(receiver, oauth_client_id=id)
        assert made["oauth_client"] == {"id": id, "type": "oauth_client_reference", "summary": "Now"}
        for name in ("disk", "cpu"):
            house.acme.triggers(name)
            house.delivers()
        assert [got.headers["authorization"] for got in receiver.got] == ["Bearer first"] * 2 + ["Bearer second"]
        assert receiver.asked[0]["client_secret"] == "hunter2"
        refused = client.put(f"{path}/{id}", {"oauth_client": {"client_id": "you"}})
        assert (refused.status, client.get(f"{path}/{id}").body["oauth_client"]["client_id"]) == (400, "me")
        receiver.tokens.append("third")
        assert client.put(f"{path}/{id}", {"oauth_client": {"scope": "write"}}).body["oauth_client"]["scope"] == "write"
        assert [one["id"] for one in client.get(path).body["oauth_clients"]] == [id]
        assert client.delete(f"{path}/{id}").status == 204
        assert house.subscription(made["id"])["oauth_client"] is None


def test_a_second_401_drops_and_refused_credentials_show(house: House) -> None:
    client, path = house.acme.client, "/webhook_subscriptions/oauth_clients"
    with house.receiving(tokens=["first", "second"], answers=[401, 401, 401]) as receiver:
        given = {
            "name": "Now", "client_id": "me", "client_secret": "hunter2", "grant_type": "client_credentials",
            "token_url": receiver.url.replace("/hook", "/token"),
        }  # fmt: skip
        id = client.post(path, {"oauth_client": given}).body["oauth_client"]["id"]
        made = house.subscribes(receiver, oauth_client_id=id)
        for name in ("disk", "cpu"):
            house.acme.triggers(name)
            house.delivers()
        assert [one["state"] for one in house.log(made["id"])] == ["waiting", "dropped"]
        assert "token endpoint answered 401" in house.log(made["id"])[0]["why"]
        assert client.get(f"{path}/{id}").body["oauth_client"]["status"] == "error"


def test_who_cannot_see_everything_does_not_subscribe_to_everything(house: House) -> None:
    client = house.acme.client
    watcher = house.acme.watcher()
    assert watcher.post("/webhook_subscriptions", body()).status == 403
    assert watcher.get("/webhook_subscriptions/oauth_clients").status == 403
    made = client.post("/webhook_subscriptions", body()).body["webhook_subscription"]
    assert watcher.get(f"/webhook_subscriptions/{made['id']}").status == 200
    assert watcher.get(f"/tocsin/webhook_subscriptions/{made['id']}/deliveries").status == 403
