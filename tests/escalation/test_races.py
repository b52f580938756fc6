"""Two requests at once: nobody ends up on duty who was just deleted."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.accounts import people
from tests.escalation import policies
from tests.rest_client import RestClient
from tocsin.accounts.commands import users
from tocsin.core import actor
from tocsin.core.db import Database
from tocsin.core.errors import Invalid
from tocsin.escalation import commands, ports, wire
from tocsin.rest.body import read


def _body(user_id: str) -> wire.PolicyBody:
    return read(wire.PolicyBody, policies.body("Ops", policies.rule(user_id))["escalation_policy"])


def _delete(database: Database, user_id: str) -> None:
    with database.begin() as tx:
        row = users.get(tx.conn, user_id, lock=True)
        users.drop(tx, actor.Actor(actor.ActorKind.ACCOUNT_KEY), row, ports.uses_of_user)


def test_a_delete_waits_for_the_policy_that_names_the_user_and_is_refused(
    rest_client: RestClient, database: Database
) -> None:
    alice = people.add(rest_client, "Alice")["id"]
    with ThreadPoolExecutor(1) as pool:
        with database.begin() as tx:
            commands.add(tx, actor.system(), _body(alice), lambda conn, ids: ())
            deleting = pool.submit(_delete, database, alice)
            with pytest.raises(TimeoutError):
                deleting.result(0.3)
        with pytest.raises(Invalid, match="The user is on an escalation policy: Ops"):
            deleting.result(10)


def test_a_policy_waits_for_the_delete_of_its_user_and_is_refused(rest_client: RestClient, database: Database) -> None:
    alice = people.add(rest_client, "Alice")["id"]
    with ThreadPoolExecutor(1) as pool:
        with database.begin() as tx:
            users.drop(
                tx, actor.Actor(actor.ActorKind.ACCOUNT_KEY), users.get(tx.conn, alice, True), ports.uses_of_user
            )
            adding = pool.submit(rest_client.post, "/escalation_policies", policies.body("Ops", policies.rule(alice)))
        assert adding.result(10).errors == [f"User {alice} Not Found"]


def test_of_many_that_take_one_name_at_once_one_gets_it(rest_client: RestClient) -> None:
    with ThreadPoolExecutor(4) as pool:
        sent = [pool.submit(rest_client.post, "/teams", {"team": {"type": "team", "name": "Ops"}}) for _ in range(8)]
    assert sorted(one.result().status for one in sent) == [201] + [400] * 7


def test_the_default_policy_pages_the_owner(rest_client: RestClient, database: Database) -> None:
    alice = people.add(rest_client, "Alice")["id"]
    id = database.run(lambda tx: commands.add_default(tx, actor.system(), alice))
    shown = rest_client.get(f"/escalation_policies/{id}").body["escalation_policy"]
    assert (shown["name"], shown["num_loops"], shown["escalation_rules"][0]["targets"][0]["id"]) == (
        "Default",
        9,
        alice,
    )
