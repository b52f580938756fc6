"""The second factor: a code is good once, recovery codes help, and guessing ends."""

from datetime import datetime, timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import select

from tocsin.accounts import passwords
from tocsin.accounts.commands import second_factor, signing_in
from tocsin.accounts.commands.bootstrap import bootstrap
from tocsin.accounts.commands.second_factor import Checked
from tocsin.accounts.commands.sessions import SignedIn
from tocsin.accounts.commands.signing_in import Half, Refusal, Visitor
from tocsin.accounts.store import people, tables
from tocsin.core.actor import Actor, ActorKind
from tocsin.core.audit import audit_records
from tocsin.core.clock import real_now
from tocsin.core.db import Database
from tocsin.core.errors import Invalid
from tocsin.core.signing import Signer

PASSWORD, EMAIL = "correct horse battery", "owner@example.com"
HASH = passwords.hashed(PASSWORD)
SIGNER = Signer({"1": b"a key for tests of codes"}, "1")
NOW = real_now().replace(microsecond=0)


@pytest.fixture
def olga(database: Database) -> Any:
    database.run(lambda tx: bootstrap(tx, EMAIL, "Olga", HASH))
    with database.begin() as tx:
        return people.user_by_email(tx.conn, EMAIL)


def acting(user: Any) -> Actor:
    return Actor(ActorKind.USER, user.id, user.name, "website", user.role)


def secret_of(database: Database, user: Any) -> str:
    database.run(lambda tx: second_factor.begin(tx, user))
    with database.begin() as tx:
        found = second_factor.pending(tx, user)
    assert found is not None
    return found.secret


def code_at(secret: str, at: datetime) -> str:
    return pyotp.TOTP(secret).at(at)


def enrol(database: Database, user: Any, at: datetime = NOW - timedelta(minutes=5)) -> tuple[str, tuple[str, ...]]:
    """The secret and the recovery codes of somebody who has just enrolled."""
    secret = secret_of(database, user)
    codes = database.run(lambda tx: second_factor.confirm(tx, acting(user), user, code_at(secret, at), at))
    assert isinstance(codes, tuple)
    return secret, codes


def check(database: Database, user: Any, code: str, at: datetime = NOW) -> Checked:
    return database.run(lambda tx: second_factor.check(tx, user.id, code, at))


def test_a_password_alone_is_half_the_way(database: Database, olga: Any) -> None:
    secret, _ = enrol(database, olga)
    half = database.run(lambda tx: signing_in.sign_in(tx, EMAIL, PASSWORD, Visitor(NOW)))
    assert isinstance(half, Half)
    by = Visitor(NOW)
    assert database.run(lambda tx: signing_in.second_step(tx, half, "000000", by)) is Refusal.WRONG
    got = database.run(lambda tx: signing_in.second_step(tx, half, code_at(secret, NOW), by))
    assert isinstance(got, SignedIn)


def test_a_code_is_good_once_and_so_is_every_older_one(database: Database, olga: Any) -> None:
    secret, _ = enrol(database, olga)
    now, before = code_at(secret, NOW), code_at(secret, NOW - timedelta(seconds=30))
    assert [check(database, olga, code) for code in (now, now, before)] == [Checked.RIGHT, Checked.WRONG, Checked.WRONG]


@pytest.mark.parametrize(("seconds", "good"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_half_a_minute_off(database: Database, olga: Any, seconds: int, good: bool) -> None:
    secret, _ = enrol(database, olga)
    code = code_at(secret, NOW + timedelta(seconds=seconds))
    assert (check(database, olga, code) is Checked.RIGHT) is good


def test_a_recovery_code_is_good_once_in_any_spelling(database: Database, olga: Any) -> None:
    _, codes = enrol(database, olga)
    assert len(set(codes)) == 10
    sloppy = codes[0].lower().replace("-", " ")
    assert [check(database, olga, sloppy), check(database, olga, codes[0])] == [Checked.RIGHT, Checked.WRONG]
    with database.begin() as tx:
        assert second_factor.codes_left(tx.conn, olga.id) == 9


def test_five_wrong_codes_close_the_door_but_for_recovery_codes(database: Database, olga: Any) -> None:
    secret, codes = enrol(database, olga)
    assert [check(database, olga, "12345x") for _ in range(5)] == [Checked.WRONG] * 5
    assert check(database, olga, code_at(secret, NOW)) is Checked.THROTTLED
    assert check(database, olga, codes[3]) is Checked.RIGHT
    later = NOW + timedelta(minutes=16)
    assert check(database, olga, code_at(secret, later), later) is Checked.RIGHT


def test_nothing_asks_for_a_code_before_it_is_confirmed(database: Database, olga: Any) -> None:
    secret = secret_of(database, olga)
    got = database.run(lambda tx: second_factor.confirm(tx, acting(olga), olga, "000000", NOW))
    assert got is Checked.WRONG
    assert check(database, olga, code_at(secret, NOW)) is Checked.WRONG
    assert isinstance(database.run(lambda tx: signing_in.sign_in(tx, EMAIL, PASSWORD, Visitor(NOW))), SignedIn)


def test_secrets_lie_sealed_and_in_no_record(database: Database, olga: Any) -> None:
    secret, codes = enrol(database, olga)
    with database.begin() as tx:
        stored = tx.conn.execute(select(tables.second_factors)).one()
        told = str(tx.conn.execute(select(audit_records)).all())
    assert secret not in stored.secret
    assert stored.secret.startswith("sealed1.")
    assert not any(hidden in told for hidden in (secret, stored.secret, *codes))


def test_it_is_removed_with_a_code_alone_and_not_while_required(database: Database, olga: Any) -> None:
    secret, codes = enrol(database, olga)
    actor = acting(olga)
    assert database.run(lambda tx: second_factor.remove(tx, actor, olga, "000000", NOW)) is Checked.WRONG
    database.run(lambda tx: second_factor.require(tx, actor, True))
    with pytest.raises(Invalid, match="requires"):
        database.run(lambda tx: second_factor.remove(tx, actor, olga, codes[0], NOW))
    database.run(lambda tx: second_factor.require(tx, actor, False))
    got = database.run(lambda tx: second_factor.remove(tx, actor, olga, code_at(secret, NOW), NOW))
    assert got is Checked.RIGHT
    assert isinstance(database.run(lambda tx: signing_in.sign_in(tx, EMAIL, PASSWORD, Visitor(NOW))), SignedIn)


def test_where_it_is_required_the_first_sign_in_sets_it_up(database: Database, olga: Any) -> None:
    database.run(lambda tx: second_factor.require(tx, acting(olga), True))
    half = database.run(lambda tx: signing_in.sign_in(tx, EMAIL, PASSWORD, Visitor(NOW)))
    assert isinstance(half, Half)
    assert half.enrols
    with database.begin() as tx:
        pending = second_factor.pending(tx, olga)
    assert pending is not None
    code = code_at(pending.secret, NOW)
    got = database.run(lambda tx: signing_in.enrolment_step(tx, olga, code, Visitor(NOW)))
    assert isinstance(got, tuple)
    assert len(got[1]) == 10


def test_a_half_is_signed_ends_and_dies_with_the_password(database: Database, olga: Any) -> None:
    enrol(database, olga)
    half = database.run(lambda tx: signing_in.sign_in(tx, EMAIL, PASSWORD, Visitor(NOW)))
    assert isinstance(half, Half)
    token = half.token(SIGNER, NOW)
    with database.begin() as tx:
        assert signing_in.half_of(tx.conn, SIGNER, token, NOW) is not None
        assert signing_in.half_of(tx.conn, SIGNER, token + "x", NOW) is None
        assert signing_in.half_of(tx.conn, SIGNER, token, NOW + signing_in.HALF_LIFE) is None
        tx.conn.execute(tables.users.update().values(password_hash="another"))
        assert signing_in.half_of(tx.conn, SIGNER, token, NOW) is None
        tx.conn.rollback()
