"""Signing in: sessions end, guessers are slowed down, and time of an answer tells nothing."""

from datetime import timedelta

import pytest

from tocsin.accounts import passwords
from tocsin.accounts.commands import sessions, signing_in
from tocsin.accounts.commands.bootstrap import bootstrap
from tocsin.accounts.commands.sessions import SignedIn
from tocsin.accounts.commands.signing_in import Refusal, Visitor
from tocsin.accounts.store import tables
from tocsin.core.clock import real_now
from tocsin.core.db import Database

PASSWORD = "correct horse battery"


@pytest.fixture
def signed_in(database: Database) -> SignedIn:
    database.run(lambda tx: bootstrap(tx, "owner@example.com", "Olga", passwords.hashed(PASSWORD)))
    got = database.run(lambda tx: signing_in.sign_in(tx, " OWNER@example.com ", PASSWORD, Visitor(real_now())))
    assert isinstance(got, SignedIn)
    return got


def test_a_session_knows_its_person(database: Database, signed_in: SignedIn) -> None:
    with database.begin() as tx:
        session = sessions.find(tx, signed_in.token, real_now())
    assert session is not None
    assert (session.actor.role, session.actor.channel, session.csrf) == ("owner", "website", signed_in.csrf)


@pytest.mark.parametrize(
    ("later", "alive"),
    [(sessions.IDLE - timedelta(hours=1), True), (sessions.IDLE, False), (sessions.LONGEST, False)],
)
def test_a_session_ends_when_idle_and_in_any_case(
    database: Database, signed_in: SignedIn, later: timedelta, alive: bool
) -> None:
    with database.begin() as tx:
        assert (sessions.find(tx, signed_in.token, real_now() + later) is not None) is alive


def test_signing_out_and_forged_tokens_find_nothing(database: Database, signed_in: SignedIn) -> None:
    with database.begin() as tx:
        assert sessions.find(tx, "forged", real_now()) is None
        sessions.end(tx, signed_in.token)
        assert sessions.find(tx, signed_in.token, real_now()) is None


def test_five_wrong_passwords_close_the_door_for_a_quarter_of_an_hour(database: Database, signed_in: SignedIn) -> None:
    now = real_now()
    tries = [
        database.run(lambda tx: signing_in.sign_in(tx, "owner@example.com", "wrong", Visitor(now))) for _ in range(6)
    ]
    assert tries == [Refusal.WRONG] * 5 + [Refusal.THROTTLED]
    right = database.run(lambda tx: signing_in.sign_in(tx, "owner@example.com", PASSWORD, Visitor(now)))
    later = database.run(
        lambda tx: signing_in.sign_in(tx, "owner@example.com", PASSWORD, Visitor(now + timedelta(minutes=16)))
    )
    assert (right, type(later)) == (Refusal.THROTTLED, SignedIn)


def test_an_unknown_person_is_refused_like_a_wrong_password(database: Database, signed_in: SignedIn) -> None:
    got = database.run(lambda tx: signing_in.sign_in(tx, "nobody@example.com", PASSWORD, Visitor(real_now())))
    assert got is Refusal.WRONG


def test_sweeping_forgets_what_is_over(database: Database, signed_in: SignedIn) -> None:
    with database.begin() as tx:
        sessions.sweep(tx, real_now() + sessions.LONGEST + timedelta(days=1))
        assert tx.conn.execute(tables.sessions.select()).all() == []


def test_a_short_password_is_refused_and_a_user_without_one_cannot_sign_in() -> None:
    with pytest.raises(ValueError, match="at least 12"):
        passwords.hashed("short")
    assert not passwords.matches(None, "nobody has this password")
