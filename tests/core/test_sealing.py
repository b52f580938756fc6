"""Secrets at rest: what opens, what must not, and turning the key over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.audit import masked
from tocsin.core.db import Database
from tocsin.core.sealing import NO_KEYS, CannotOpen, Sealer, derived, is_sealed, key_id, key_of

OLD, NEW = "the first secret key of this install", "the second secret key of this install"
SEALED = Sealer([OLD]).seal("totp", b"JBSWY3DPEHPK3PXP")


def why(sealer: Sealer, sealed: str, purpose: str = "totp") -> str:
    with pytest.raises(CannotOpen) as caught:
        sealer.open(purpose, sealed)
    return str(caught.value)


@given(st.binary(max_size=300), st.text())
def test_what_was_sealed_opens_for_its_purpose(plain: bytes, purpose: str) -> None:
    sealed = Sealer([NEW]).seal(purpose, plain)
    assert Sealer([NEW]).open(purpose, sealed) == plain
    assert len(plain) < 8 or plain.decode("latin1") not in sealed


def test_the_same_secret_looks_different_each_time() -> None:
    assert len({Sealer([OLD]).seal("totp", b"same") for _ in range(50)}) == 50


def test_another_purpose_does_not_open_it() -> None:
    assert "damaged, or was sealed for another purpose" in why(Sealer([OLD]), SEALED, "oidc client")


def test_an_older_key_still_opens_and_the_newest_seals() -> None:
    turned = Sealer([NEW, OLD])
    assert turned.open("totp", SEALED) == b"JBSWY3DPEHPK3PXP"
    assert key_of(turned.seal("totp", b"x")) == key_id(NEW) == turned.current
    assert (turned.is_current(SEALED), turned.knows(SEALED)) == (False, True)


def test_a_missing_key_is_named_with_what_to_do_and_is_never_garbage() -> None:
    said = why(Sealer([NEW]), SEALED)
    assert f"sealed with the secret key {key_id(OLD)}; this server has {key_id(NEW)}" in said
    assert "TOCSIN_SECRET_KEYS_OLD" in said
    assert OLD not in said


def test_a_value_under_another_key_id_does_not_open() -> None:
    assert "damaged" in why(Sealer([NEW, OLD]), SEALED.replace(key_id(OLD), key_id(NEW)))


@given(st.data())
def test_any_changed_character_is_noticed(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(SEALED) - 2))  # the last one may carry bits that stand for nothing
    other = data.draw(st.sampled_from("abc019-_.XYZ").filter(lambda char: char != SEALED[place]))
    assert why(Sealer([OLD]), SEALED[:place] + other + SEALED[place + 1 :])


@pytest.mark.parametrize("text", ["", "plain", "sealed1.", f"sealed1.{key_id(OLD)}.", f"sealed1.{key_id(OLD)}.AA", "é"])
def test_what_is_no_sealed_value_is_refused(text: str) -> None:
    assert why(Sealer([OLD]), text)


@given(st.text())
def test_arbitrary_text_never_opens(text: str) -> None:
    assert why(Sealer([OLD]), text)


def test_without_a_key_nothing_is_sealed_or_opened() -> None:
    assert "this server was given none" in why(NO_KEYS, SEALED)
    with pytest.raises(CannotOpen, match="without a secret key"):
        NO_KEYS.seal("totp", b"x")


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 characters"):
        Sealer(["short"])


def test_each_use_has_a_key_of_its_own() -> None:
    assert len({derived(OLD, use) for use in ("sealing", "signing", "key id")}) == 3


def test_an_audit_record_never_shows_a_sealed_value() -> None:
    assert is_sealed(SEALED)
    assert masked({"config": SEALED, "name": "Okta"}) == {"config": "[masked]", "name": "Okta"}


def test_a_transaction_carries_the_sealer(database: Database) -> None:
    sealed = database.run(lambda tx: tx.sealer.seal("totp", b"x"))
    assert database.run(lambda tx: tx.sealer.open("totp", sealed)) == b"x"
