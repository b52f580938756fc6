"""Which values a field takes, and how they are kept (core:I121)."""

from typing import Any

import pytest

from tocsin.fields.logic import judged, typed, unfit
from tocsin.fields.model import DataType, FieldType, Form

OPTIONS = ("staging", "production")


def form(data_type: str = "string", field_type: str = "single_value") -> Form:
    """A form; fixed ones have the two options."""
    return Form(DataType(data_type), FieldType(field_type), OPTIONS if field_type.endswith("fixed") else ())


@pytest.mark.parametrize("empty", [None, "", [], {"value": None}])
@pytest.mark.parametrize("data_type", list(DataType))
def test_nothing_is_no_value_whatever_the_type(data_type: str, empty: Any) -> None:
    found = judged(form(data_type), empty)
    assert (found.value, found.wrong) == (None, None)


@pytest.mark.parametrize(
    ("data_type", "given", "kept"),
    [
        ("boolean", False, False),
        ("integer", 0, 0),
        ("integer", -(2**63), -(2**63)),
        ("float", 5, 5),
        ("float", 1.25, 1.25),
        ("string", " padded ", " padded "),
        ("string", {"value": "wrapped"}, "wrapped"),
        ("datetime", "2026-01-31T09:00:00Z", "2026-01-31T09:00:00Z"),
        ("datetime", "2026-01-31T09:00:00.5+02:00", "2026-01-31T09:00:00.5+02:00"),
        ("datetime", "2026-01-31", "2026-01-31T00:00:00Z"),
        ("datetime", "2026-01-31 09:00:00+0200", "2026-01-31T07:00:00Z"),
        ("url", "https://example.com/a?b=c#d", "https://example.com/a?b=c#d"),
    ],
)
def test_a_value_that_fits_is_kept(data_type: str, given: Any, kept: Any) -> None:
    found = judged(form(data_type), given)
    assert (found.value, type(found.value), found.wrong) == (kept, type(kept), None)


@pytest.mark.parametrize(
    ("data_type", "given"),
    [
        ("boolean", 1), ("boolean", "true"), ("integer", True), ("integer", 1.0), ("integer", "5"), ("integer", 2**63),
        ("float", "1.5"), ("float", True), ("float", float("inf")), ("float", 1e308), ("string", 5), ("string", ["a"]),
        ("string", "x" * 201), ("string", {"a": 1}), ("datetime", "yesterday"), ("datetime", 5),
        ("datetime", "2026-02-30T00:00:00Z"), ("datetime", "0001-01-01T00:00:00+10:00"), ("datetime", "9" * 5000),
        ("url", "example.com"), ("url", "https://"), ("url", "https://a b"), ("url", "javascript:alert(1)"),
        ("url", "https://x/" + "y" * 200), ("url", 5),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_says_why(data_type: str, given: Any) -> None:
    found = judged(form(data_type), given)
    assert found.value is None
    assert found.wrong


def test_a_fixed_field_takes_its_options_alone() -> None:
    assert judged(form(field_type="single_value_fixed"), "staging").value == "staging"
    wrong = judged(form(field_type="single_value_fixed"), "prod").wrong
    assert wrong == "must be one of its options: staging, production"
    empty = Form(DataType.STRING, FieldType.SINGLE_FIXED)
    assert judged(empty, "x").wrong == "has no options yet: give it some first"


def test_a_list_keeps_its_order_and_each_text_once() -> None:
    assert judged(form(field_type="multi_value"), ["b", "a", "b"]).value == ["b", "a"]
    assert judged(form(field_type="multi_value_fixed"), ["production", "staging"]).value == ["production", "staging"]
    for bad in ("a", [1], [""], [["a"]], [None], ["x" * 201], [str(n) for n in range(11)]):
        assert judged(form(field_type="multi_value"), bad).wrong, bad
    assert judged(form(field_type="multi_value_fixed"), ["staging", "moon"]).wrong


def test_only_texts_are_listed_or_many() -> None:
    assert unfit(DataType.STRING, FieldType.MULTI_FIXED) is None
    assert unfit(DataType.URL, FieldType.SINGLE) is None
    assert unfit(DataType.INTEGER, FieldType.MULTI) == "field_type must be single_value when data_type is integer"


@pytest.mark.parametrize(
    ("data_type", "texts", "meant"),
    [
        ("boolean", ["true"], True), ("boolean", ["perhaps"], "perhaps"), ("boolean", [""], None),
        ("integer", [" 42 "], 42), ("integer", ["4.5"], "4.5"), ("integer", ["9" * 40], "9" * 40),
        ("float", ["4.5"], 4.5), ("float", ["5"], 5), ("float", ["much"], "much"), ("string", ["5"], "5"),
        ("datetime", ["2026-01-31T09:00"], "2026-01-31T09:00"),
    ],
)  # fmt: skip
def test_what_is_typed_into_a_form_becomes_the_value_it_means(data_type: str, texts: list[str], meant: Any) -> None:
    found = typed(form(data_type), texts)
    assert (found, type(found)) == (meant, type(meant))
