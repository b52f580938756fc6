"""Words from outside, made fit to print."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notifications.email.letters import NOW
from tocsin.notifications.channels.email.plain import cut, line, paragraph
from tocsin.notifications.channels.email.view import age


@given(st.text())
def test_a_line_is_one_printable_line(text: str) -> None:
    shown = line(text)
    assert len(shown.splitlines()) <= 1
    assert shown == shown.strip()
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert not any(ord(char) < 32 or 0x7F <= ord(char) <= 0x9F for char in shown)


@given(st.text())
def test_a_paragraph_keeps_its_breaks_as_newlines_only(text: str) -> None:
    assert paragraph(text).splitlines() == paragraph(text).split("\n") or paragraph(text) == ""


def test_lone_surrogates_show_as_broken_characters() -> None:
    assert line("a\ud800b") == "a\ufffdb"


@given(st.text(max_size=40), st.integers(2, 30))
def test_a_cut_is_never_too_long_and_only_made_when_needed(text: str, longest: int) -> None:
    shown = cut(text, longest)
    assert len(shown) <= longest
    assert (shown == text) == (len(text) <= longest)


@pytest.mark.parametrize(
    ("text", "shown"), [("ab👩‍🚒x", "ab…"), ("abe\u0301xy", "ab…"), ("ab❤\ufe0fcd", "ab…"), ("abcdef", "abc…")]
)
def test_a_cut_does_not_leave_half_a_character(text: str, shown: str) -> None:
    assert cut(text, 4) == shown


@pytest.mark.parametrize(
    ("minutes", "shown"),
    [
        (-5, "0 min"),
        (0, "0 min"),
        (59, "59 min"),
        (60, "1 h 0 min"),
        (1439, "23 h 59 min"),
        (1440, "1 d 0 h"),
        (4000, "2 d 18 h"),
    ],
)
def test_how_long_an_incident_is_open(minutes: int, shown: str) -> None:
    assert age(NOW - timedelta(minutes=minutes), NOW) == shown
