"""The one-click links of a page."""

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.core.signing import BadToken, Signer
from tocsin.notifications.links import PURPOSE, Answer, answer_url, read_answer

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
SIGNER = Signer({"k1": b"s" * 32}, current="k1")


def token_of(url: str) -> str:
    return url.rsplit("/", 1)[1]


def test_a_link_says_who_answers_what_and_how() -> None:
    url = answer_url(SIGNER, "https://pager.example/", "Q1", "PALICE", "resolve", "S9", NOW)
    assert url.startswith("https://pager.example/app/answer/k1.")
    assert read_answer(SIGNER, token_of(url), NOW) == Answer("Q1", "PALICE", "resolve", "S9")


def test_a_link_lives_fourteen_days() -> None:
    token = token_of(answer_url(SIGNER, "https://pager.example", "Q1", "PALICE", "acknowledge", "S9", NOW))
    assert read_answer(SIGNER, token, NOW + timedelta(days=14, seconds=-1)).action == "acknowledge"
    with pytest.raises(BadToken, match="expired"):
        read_answer(SIGNER, token, NOW + timedelta(days=14))


def test_a_token_signed_for_anything_else_is_no_answer() -> None:
    token = SIGNER.sign("session", {"i": "Q1", "u": "PALICE", "a": "resolve", "s": "S9"}, NOW, timedelta(days=1))
    with pytest.raises(BadToken, match="wrong purpose"):
        read_answer(SIGNER, token, NOW)


@pytest.mark.parametrize("payload", [{}, {"i": "Q1"}, {"i": "Q1", "u": "P", "a": "delete", "s": "S"}])
def test_a_payload_of_another_shape_is_refused(payload: dict[str, str]) -> None:
    token = SIGNER.sign(PURPOSE, payload, NOW, timedelta(days=1))
    with pytest.raises(BadToken, match="malformed"):
        read_answer(SIGNER, token, NOW)
