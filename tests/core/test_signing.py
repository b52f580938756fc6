"""Signed tokens: what they carry, and everything that must be refused."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.signing import BadToken, Signer

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)
OLD, NEW = b"o" * 32, b"n" * 32


@pytest.fixture
def signer() -> Signer:
    return Signer({"k1": OLD, "k2": NEW}, current="k2")


def reason_of(signer: Signer, token: str, purpose: str = "answer", now: datetime = NOW) -> str:
    with pytest.raises(BadToken) as caught:
        signer.verify(purpose, token, now)
    return caught.value.reason


def test_a_token_gives_back_what_was_signed(signer: Signer) -> None:
    token = signer.sign("answer", {"i": "Q1", "n": 3}, NOW, DAY)
    assert signer.verify("answer", token, NOW + DAY - timedelta(seconds=1)) == {"i": "Q1", "n": 3}


def test_a_token_needs_no_escaping_in_an_address(signer: Signer) -> None:
    token = signer.sign("answer", {"i": "ünï/?&#"}, NOW, DAY)
    assert all(char.isascii() and (char.isalnum() or char in "-_.") for char in token)


def test_a_token_carries_its_key_id_and_older_keys_still_verify(signer: Signer) -> None:
    before = Signer({"k1": OLD}, current="k1").sign("answer", {"i": "Q1"}, NOW, DAY)
    assert before.startswith("k1.")
    assert signer.sign("answer", {}, NOW, DAY).startswith("k2.")
    assert signer.verify("answer", before, NOW) == {"i": "Q1"}


def test_a_token_of_a_dropped_key_is_refused(signer: Signer) -> None:
    token = signer.sign("answer", {}, NOW, DAY)
    assert reason_of(Signer({"k1": OLD}, current="k1"), token) == "unknown key"


def test_a_token_under_another_key_id_is_refused(signer: Signer) -> None:
    token = signer.sign("answer", {}, NOW, DAY)
    assert reason_of(signer, "k1" + token.removeprefix("k2")) == "tampered"


def test_a_token_expires_at_its_very_instant(signer: Signer) -> None:
    assert reason_of(signer, signer.sign("answer", {}, NOW, DAY), now=NOW + DAY) == "expired"


def test_a_token_for_another_purpose_is_refused(signer: Signer) -> None:
    assert reason_of(signer, signer.sign("session", {}, NOW, DAY)) == "wrong purpose"


@pytest.mark.parametrize(
    "text", ["", ".", "..", "k2", "k2.a", "k2.a.b.c", "k2.é.b", "k2." + "a" * 5000 + ".b", "\0.\0.\0"]
)
def test_what_is_no_token_is_refused(signer: Signer, text: str) -> None:
    assert reason_of(signer, text) in ("malformed", "tampered", "unknown key")


@given(st.data())
def test_changing_any_one_character_is_noticed(data: st.DataObject) -> None:
    signer = Signer({"k1": OLD, "k2": NEW}, current="k2")
    token = signer.sign("answer", {"i": "Q1", "u": "PALICE"}, NOW, DAY)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("abcXYZ019-_.").filter(lambda char: char != token[place]))
    assert reason_of(signer, token[:place] + other + token[place + 1 :]) != "expired"


@given(st.text())
def test_arbitrary_text_is_refused_and_never_breaks(text: str) -> None:
    assert reason_of(Signer({"k": OLD}, current="k"), text)


@pytest.mark.parametrize(
    ("keys", "current"), [({}, "k"), ({"k": b"short"}, "k"), ({"a b": OLD}, "a b"), ({"k": OLD}, "x")]
)
def test_unusable_keys_are_refused_at_once(keys: dict[str, bytes], current: str) -> None:
    with pytest.raises(ValueError, match="signing key"):
        Signer(keys, current)
