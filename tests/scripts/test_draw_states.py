"""The page of states is what the transition table says."""

from scripts import draw_states
from tocsin.incidents.model import Status


def test_the_page_is_what_the_table_says() -> None:
    text = draw_states.PAGE.read_text(encoding="utf-8")
    assert draw_states.BEGIN in text
    assert text == draw_states.page(text), "run: python -m scripts.draw_states"


def test_a_page_that_says_otherwise_is_found() -> None:
    text = draw_states.PAGE.read_text(encoding="utf-8").replace("refused (1012)", "stays")
    assert text != draw_states.page(text)


def test_there_are_samples_of_every_state() -> None:
    assert all(draw_states.samples()[status] for status in Status)
