"""A webhook as its receiver sees it: subscribed over REST, told by the running server, signed, in order."""

from typing import Any

from tests.e2e.install import Install, eventually
from tests.webhooks.receiver import Receiver, signed
from tocsin.accounts.commands import keys
from tocsin.core.actor import system


def asked(install: Install, key: str, method: str, path: str, body: Any = None) -> Any:
    """What the REST API answers."""
    headers = {"authorization": f"Token token={key}", "from": "eve@example.com", "content-type": "application/json"}
    status, answer = install.served.call(method, path, body, **headers)
    assert status in (200, 201, 202, 204), answer
    return answer


def test_a_receiver_hears_of_an_incident_from_its_trigger_to_its_end(install: Install) -> None:
    way = install.service()
    key = install.database.run(lambda tx: keys.issue(tx, system(), None, "webhooks"))
    with Receiver() as receiver:
        asks = {
            "type": "webhook_subscription", "description": "ours",
            "events": ["incident.triggered", "incident.acknowledged", "incident.resolved"],
            "filter": {"type": "service_reference", "id": way.service},
            "delivery_method": {"type": "http_delivery_method", "url": receiver.url},
        }  # fmt: skip
        made = asked(install, key, "POST", "/webhook_subscriptions", {"webhook_subscription": asks})
        hook = made["webhook_subscription"]
        receiver.answers.append(500)  # the first try fails, and what comes after it waits its turn
        incident = install.fire(way)
        for status in ("acknowledged", "resolved"):
            change = {"incident": {"type": "incident_reference", "status": status}}
            asked(install, key, "PUT", f"/incidents/{incident}", change)
        install.served.advance(seconds=30)
        eventually(lambda: len(receiver.got) == 4)
        told = [name.removeprefix("incident.") for name in receiver.types]
        assert told == ["triggered", "triggered", "acknowledged", "resolved"]
        assert receiver.got[0].headers["x-webhook-id"] == receiver.got[1].headers["x-webhook-id"]
        assert all(signed(one, [hook["delivery_method"]["secret"]]) for one in receiver.got)
        asked(install, key, "DELETE", f"/webhook_subscriptions/{hook['id']}")
