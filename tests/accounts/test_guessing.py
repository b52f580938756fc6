"""Guessing is slowed down, and nobody is locked out by somebody else (docs/decisions/guessing.md)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tocsin.accounts import devices, passwords
from tocsin.accounts.commands import guessing, signing_in
from tocsin.accounts.commands.bootstrap import bootstrap
from tocsin.accounts.commands.sessions import SignedIn
from tocsin.accounts.commands.signing_in import Refusal, Visitor
from tocsin.accounts.devices import Device
from tocsin.accounts.store import people
from tocsin.core.clock import real_now
from tocsin.core.db import Database
from tocsin.core.signing import Signer

PASSWORD, EMAIL, HOME = "correct horse battery", "owner@example.com", "203.0.113.7"
HASH = passwords.hashed(PASSWORD)


@pytest.fixture
def now() -> datetime:
    return real_now()


@pytest.fixture
def olga(database: Database) -> Any:
    database.run(lambda tx: bootstrap(tx, EMAIL, "Olga", HASH))
    with database.begin() as tx:
        return people.user_by_email(tx.conn, EMAIL)


def attempt(database: Database, by: Visitor, password: str = PASSWORD, email: str = EMAIL) -> Any:
    return database.run(lambda tx: signing_in.sign_in(tx, email, password, by))


def strangers(database: Database, now: datetime, count: int) -> None:
    """Failures of that many networks, a second apart, ending now."""
    with database.begin() as tx:
        for n in range(count):
            tried = guessing.guess(EMAIL, f"198.51.{n // 250}.{n % 250}")
            guessing.note(tx, tried, now - timedelta(seconds=count - 1 - n))


def test_a_guesser_is_stopped_where_he_is_and_nobody_else_is(database: Database, olga: Any, now: datetime) -> None:
    guesser = Visitor(now, "198.51.100.1")
    assert [attempt(database, guesser, "wrong") for _ in range(5)] == [Refusal.WRONG] * 5
    assert attempt(database, guesser) is Refusal.THROTTLED
    assert isinstance(attempt(database, Visitor(now, HOME)), SignedIn)


def test_all_addresses_of_an_ipv6_network_are_one_guesser(database: Database, olga: Any, now: datetime) -> None:
    for n in range(5):
        attempt(database, Visitor(now, f"2001:db8:1:2::{n:x}"), "wrong")
    assert attempt(database, Visitor(now, "2001:db8:1:2:ffff::1")) is Refusal.THROTTLED
    assert isinstance(attempt(database, Visitor(now, "2001:db8:1:3::1")), SignedIn)


def test_a_network_that_tries_many_people_is_stopped(database: Database, olga: Any, now: datetime) -> None:
    with database.begin() as tx:
        for n in range(guessing.MOST_BY_NETWORK):
            guessing.note(tx, guessing.guess(f"{n}@example.com", "198.51.100.1"), now)
    assert attempt(database, Visitor(now, "198.51.100.1")) is Refusal.THROTTLED


@pytest.mark.parametrize(("failures", "wait"), [(19, 0), (20, 1), (23, 8), (40, 60)])
def test_many_networks_make_each_further_try_wait_a_minute_at_most(
    database: Database, olga: Any, now: datetime, failures: int, wait: int
) -> None:
    strangers(database, now, failures)
    early = attempt(database, Visitor(now + timedelta(seconds=wait - 0.5), HOME)) if wait else Refusal.THROTTLED
    assert early is Refusal.THROTTLED
    assert isinstance(attempt(database, Visitor(now + timedelta(seconds=wait), HOME)), SignedIn)


def test_the_persons_own_browser_opens_whatever_strangers_do(database: Database, olga: Any, now: datetime) -> None:
    strangers(database, now, 40)
    for _ in range(60):
        with database.begin() as tx:
            guessing.note(tx, guessing.guess("else@example.com", HOME), now)
    own = Device(olga.id, "mark", devices.epoch_of(olga))
    assert isinstance(attempt(database, Visitor(now, HOME, device=own)), SignedIn)
    assert attempt(database, Visitor(now, HOME)) is Refusal.THROTTLED


def test_a_stolen_browser_may_guess_ten_times(database: Database, olga: Any, now: datetime) -> None:
    own = Visitor(now, HOME, device=Device(olga.id, "mark", devices.epoch_of(olga)))
    assert [attempt(database, own, "wrong") for _ in range(10)] == [Refusal.WRONG] * 10
    assert attempt(database, own) is Refusal.THROTTLED
    assert isinstance(attempt(database, Visitor(now, "192.0.2.9")), SignedIn)


def test_a_browser_of_somebody_else_or_of_an_older_password_exempts_nobody(
    database: Database, olga: Any, now: datetime
) -> None:
    strangers(database, now, 40)
    for device in (Device("PNOBODY", "m", devices.epoch_of(olga)), Device(olga.id, "m", "an older one")):
        assert attempt(database, Visitor(now, HOME, device=device)) is Refusal.THROTTLED


def test_an_unknown_person_is_counted_and_slowed_like_a_known_one(database: Database, olga: Any, now: datetime) -> None:
    by = Visitor(now, HOME)
    known = [attempt(database, by, "wrong") for _ in range(6)]
    assert [attempt(database, by, "wrong", "nobody@example.com") for _ in range(6)] == known


def test_a_device_cookie_is_signed_and_ends(olga: Any, now: datetime) -> None:
    signer, forger = (Signer({"1": key * 16}, "1") for key in (b"a", b"b"))
    cookie = devices.made(signer, olga, now)
    device = devices.read(signer, cookie, now)
    assert device is not None
    assert device.is_of(olga)
    assert devices.read(forger, cookie, now) is None
    assert devices.read(signer, cookie, now + devices.LIFE) is None
    assert devices.read(signer, "nonsense", now) is None
