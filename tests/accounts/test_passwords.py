"""Which passwords will do."""

import pytest

from tocsin.accounts.passwords import unfit

ALICE = ("alice.smith@example.com", "Alice Smith")


@pytest.mark.parametrize(
    ("password", "why"),
    [("short", "at least 12"), ("", "at least 12"), ("a" + " " * 20, "at least 12"), ("x" * 501, "at most 500"),
     ("alice.smith@example.com", "e-mail or name"), ("Alice.Smith@EXAMPLE.com", "e-mail or name"),
     ("alicesmithalicesmith", "e-mail or name"), ("password1234", "tried first"), ("PASSWORD1234", "tried first"),
     ("aaaaaaaaaaaaaa", "tried first"), ("abcabcabcabc", "tried first"), ("abcdefghijkl", "tried first"),
     ("lkjihgfedcba", "tried first"), ("qwertyuiopas", "tried first"), ("123456789012", "tried first")],
)  # fmt: skip
def test_what_would_be_tried_first_is_refused(password: str, why: str) -> None:
    assert why in (unfit(password, *ALICE) or "")


@pytest.mark.parametrize(
    "password", ["correct horse battery", "ääääöööößßßß", "no digits no signs", "🦊🐼" * 4 + "🐨🐯🦁🐸"]
)
def test_there_are_no_rules_of_composition(password: str) -> None:
    assert unfit(password, *ALICE) is None
