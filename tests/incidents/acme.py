"""A small account over the API, and the sentences that tests of incidents are made of."""

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import event

from tests.accounts import people
from tests.escalation import policies
from tests.rest_client import Reply, RestClient
from tocsin.core.actor import system
from tocsin.core.db import Database, Tx
from tocsin.core.intake_log import Raw, Stored
from tocsin.events.commands.deciding import take
from tocsin.events.logic.reading import read
from tocsin.incidents.commands.verbs import act
from tocsin.incidents.model import Paged
from tocsin.incidents.store.priorities import first_priorities


@dataclass
class Acme:
    """`client` acts for Alice; `people` maps a name to a user's id."""

    client: RestClient
    database: Database
    people: dict[str, str]
    policy: str
    service: str
    key: str
    _events: Any = field(default_factory=itertools.count)

    def sends(self, dedup_key: str, summary: str = "disk full", action: str = "trigger", **payload: Any) -> None:
        """An event comes in and is decided."""
        sent = {
            "event_action": action,
            "dedup_key": dedup_key,
            "payload": {"summary": summary, "severity": "critical", "source": "db1", **payload},
        }
        with self.database.begin() as tx:
            raw = Raw("v2", tx.now, self.key, dedup_key, msgspec.Raw(json.dumps(sent).encode()))
            number = next(self._events)
            take(tx, [read(Stored(f"{number}.0", number, 0, True, raw))])

    def triggers(self, dedup_key: str, **payload: Any) -> str:
        """An event opens an incident; its id."""
        self.sends(dedup_key, **payload)
        got = self.client.get(f"/incidents?incident_key={dedup_key}")
        return str(got.body["incidents"][-1]["id"])

    def opens(self, title: str = "It is slow", **more: Any) -> dict[str, Any]:
        """A person opens an incident."""
        got = self.client.post("/incidents", {"incident": self.body(title, **more)})
        assert got.status == 201, got.body
        return dict(got.body["incident"])

    def body(self, title: str = "It is slow", **more: Any) -> dict[str, Any]:
        """What opens an incident."""
        return {
            "type": "incident",
            "title": title,
            "service": {"id": self.service, "type": "service_reference"},
            **more,
        }

    def puts(self, id: str, client: RestClient | None = None, **changes: Any) -> Reply:
        """A change of one incident."""
        return (client or self.client).put(f"/incidents/{id}", {"incident": {"type": "incident", **changes}})

    def becomes(self, id: str, **changes: Any) -> dict[str, Any]:
        """A change that is accepted; the incident afterwards."""
        got = self.puts(id, **changes)
        assert got.status == 200, got.body
        return dict(got.body["incident"])

    def incident(self, id: str, query: str = "") -> dict[str, Any]:
        """An incident as it is now."""
        return dict(self.client.get(f"/incidents/{id}{query}").body["incident"])

    def entries(self, id: str) -> list[dict[str, Any]]:
        """Its log entries, oldest first."""
        return list(reversed(self.client.get(f"/incidents/{id}/log_entries").body["log_entries"]))

    def acting(self, name: str) -> RestClient:
        """The API with the account's key, acting for somebody else."""
        return self.client.as_key(self.client.key, **{"from": f"{name}@example.com"})

    def pages(self, tx: Tx, id: str, name: str, details: dict[str, Any]) -> None:
        """A page reached somebody."""
        act(tx, [(id, Paged(system(), "timer", self.people[name], 1, details, "You are on call"))])

    def starts_again(self, tx: Tx) -> None:
        """The first data is written once more, as at a second start."""
        first_priorities(tx.conn)

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """The SQL statements that are sent meanwhile."""
        sent: list[str] = []

        def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
            sent.append(statement)

        engines = (self.database.engine, self.database.readers)
        for engine in engines:
            event.listen(engine, "before_cursor_execute", note)
        yield sent
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)

    def watcher(self) -> RestClient:
        """The API with the key of somebody who may only look."""
        watcher = people.add(self.client, "Olaf", role="observer")["id"]
        return self.client.as_key(people.key_of(self.database, watcher))

    def user(self, name: str) -> dict[str, str]:
        """A reference to a person."""
        return {"id": self.people[name], "type": "user_reference"}


def found(owner: RestClient, database: Database) -> Acme:
    """Make the account."""
    users = {name.lower(): people.add(owner, name)["id"] for name in ("Alice", "Bob", "Carol")}
    levels = [policies.rule(users["alice"], delay=5), policies.rule(users["bob"], delay=5)]
    policy = policies.add(owner, "Ops", *levels)["id"]
    service = add_service(owner, policy, "Web", acknowledgement_timeout=1800, auto_resolve_timeout=14400)
    way_in = {"integration": {"type": "events_api_v2_inbound_integration", "name": "Probe"}}
    got = owner.post(f"/services/{service}/integrations", way_in)
    assert got.status == 201, got.body
    database.run(lambda tx: first_priorities(tx.conn))
    client = owner.as_key(owner.key, **{"from": "alice@example.com"})
    return Acme(client, database, users, policy, service, got.body["integration"]["integration_key"])


def add_service(client: RestClient, policy: str, name: str, **more: Any) -> str:
    """A service on this policy; its id."""
    target = {"id": policy, "type": "escalation_policy_reference"}
    got = client.post("/services", {"service": {"type": "service", "name": name, "escalation_policy": target, **more}})
    assert got.status == 201, got.body
    return str(got.body["service"]["id"])
