"""Sessions and their limits over the wire (core:K17)."""

from datetime import timedelta

import pytest

from tests.accounts import people
from tests.rest_client import RestClient
from tocsin.accounts.commands import session_limits, sessions
from tocsin.accounts.commands.bootstrap import Bootstrapped
from tocsin.accounts.commands.session_limits import LimitsBody
from tocsin.accounts.commands.sessions import SignedIn
from tocsin.core.actor import system
from tocsin.core.clock import real_now
from tocsin.core.db import Database

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Mobile/15E148 Safari/604.1"
LIMITS = {"session_configuration": {"absolute_session_ttl": 3600, "idle_session_ttl": 600}}


def begin(database: Database, user_id: str, agent: str = FIREFOX) -> SignedIn:
    return database.run(lambda tx: sessions.start(tx, user_id, real_now(), "192.0.2.1", agent))


def alive(database: Database, session: SignedIn, later: timedelta = timedelta()) -> bool:
    with database.begin() as tx:
        return sessions.find(tx, session.token, real_now() + later) is not None


def test_sessions_are_listed_and_ended(rest_client: RestClient, database: Database, owner: Bootstrapped) -> None:
    first, second = (begin(database, owner.user_id) for _ in range(2))
    url = f"/users/{owner.user_id}/sessions"
    listed = rest_client.get(url).body["user_sessions"]
    assert [(s["type"], s["summary"], s["user_id"]) for s in listed] == [("browser", FIREFOX, owner.user_id)] * 2
    one = rest_client.get(f"{url}/browser/{listed[0]['id']}").body["user_session"]
    assert one == listed[0]
    assert rest_client.delete(f"{url}/browser/{listed[0]['id']}").status == 204
    assert alive(database, first) is not alive(database, second)
    assert rest_client.delete(url).status == 204
    assert rest_client.get(url).body["user_sessions"] == []


def test_what_is_not_there_is_404(rest_client: RestClient, database: Database, owner: Bootstrapped) -> None:
    begin(database, owner.user_id)
    (session,) = rest_client.get(f"/users/{owner.user_id}/sessions").body["user_sessions"]
    alice = people.add(rest_client, "Alice")["id"]
    paths = (f"{owner.user_id}/sessions/oauth/{session['id']}", f"{alice}/sessions/browser/{session['id']}",
             f"{owner.user_id}/sessions/browser/PNONE", "PNONE/sessions")  # fmt: skip
    assert [rest_client.get(f"/users/{path}").status for path in paths] == [404] * 4
    assert rest_client.delete(f"/users/{alice}/sessions/browser/{session['id']}").status == 404


def test_ones_own_sessions_are_ones_own_business(
    rest_client: RestClient, database: Database, owner: Bootstrapped
) -> None:
    bob = people.add(rest_client, "Bob", role="limited_user")["id"]
    begin(database, bob)
    as_bob = rest_client.as_key(people.key_of(database, bob))
    assert len(as_bob.get(f"/users/{bob}/sessions").body["user_sessions"]) == 1
    assert as_bob.delete(f"/users/{bob}/sessions").status == 204
    assert as_bob.get(f"/users/{owner.user_id}/sessions").status == 403
    assert as_bob.delete(f"/users/{owner.user_id}/sessions").status == 403


def test_a_manager_cannot_end_an_admins_sessions(
    rest_client: RestClient, database: Database, owner: Bootstrapped
) -> None:
    mona = people.add(rest_client, "Mona", role="user")["id"]
    session = begin(database, owner.user_id)
    as_mona = rest_client.as_key(people.key_of(database, mona))
    assert as_mona.delete(f"/users/{owner.user_id}/sessions").status == 403
    assert alive(database, session)


def test_limits_are_set_shown_and_taken_back(rest_client: RestClient) -> None:
    assert rest_client.get("/session_configurations").status == 404
    put = rest_client.put("/session_configurations?type=web", LIMITS)
    assert put.body["session_configurations"] == [{"type": "web", **LIMITS["session_configuration"]}]
    assert rest_client.put("/session_configurations?type=web,mobile", LIMITS, lenient=True).status == 200
    assert len(rest_client.get("/session_configurations").body["session_configurations"]) == 2
    assert len(rest_client.get("/session_configurations?type=mobile").body["session_configurations"]) == 1
    assert rest_client.delete("/session_configurations?type=web").status == 204
    assert rest_client.get("/session_configurations?type=web").status == 404
    assert rest_client.delete("/session_configurations?type=web").status == 404


def test_limits_end_the_sessions_of_their_kind_and_hold_for_new_ones(
    rest_client: RestClient, database: Database, owner: Bootstrapped
) -> None:
    web, phone = begin(database, owner.user_id), begin(database, owner.user_id, PHONE)
    assert rest_client.put("/session_configurations?type=web", LIMITS).status == 200
    assert (alive(database, web), alive(database, phone)) == (False, True)
    early, late = begin(database, owner.user_id), begin(database, owner.user_id)
    assert alive(database, early, timedelta(seconds=590))
    assert not alive(database, late, timedelta(seconds=601))
    assert alive(database, phone, timedelta(days=6))


@pytest.mark.parametrize(
    ("query", "ttl"),
    [("", {}), ("type=tv", {}), ("type=web", {"idle_session_ttl": 59}), ("type=web", {"absolute_session_ttl": 599}),
     ("type=web", {"absolute_session_ttl": 18_144_001}), ("type=web", {"idle_session_ttl": None})],
)  # fmt: skip
def test_bad_limits_change_nothing(rest_client: RestClient, query: str, ttl: dict[str, int]) -> None:
    body = {"session_configuration": LIMITS["session_configuration"] | ttl}
    assert rest_client.put(f"/session_configurations?{query}", body, lenient=True).status == 400
    assert rest_client.get("/session_configurations").status == 404


def test_only_owner_and_admins_set_limits(rest_client: RestClient, database: Database) -> None:
    mona = rest_client.as_key(people.key_of(database, people.add(rest_client, "Mona", role="user")["id"]))
    assert mona.put("/session_configurations?type=web", LIMITS).status == 403
    assert mona.get("/session_configurations").status == 403


def test_ten_minutes_less_of_a_phone_than_of_a_computer(database: Database, owner: Bootstrapped) -> None:
    body = LimitsBody(absolute_session_ttl=600, idle_session_ttl=15_552_000)
    database.run(lambda tx: session_limits.put(tx, system(), ["mobile"], body))
    assert not alive(database, begin(database, owner.user_id, PHONE), timedelta(seconds=601))
