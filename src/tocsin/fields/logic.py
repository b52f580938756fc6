"""Which values a field takes, and how they are kept (core:I121).

1. `null`, `""` and `[]` are no value. `{"value": x}`, the form of the published schema, means x.
2. Types are strict: `"5"` is no integer and 1 is no boolean. Numbers stay within 64 bits: every client reads those.
3. A list keeps the order it was given in, each text once.
4. A time in the form of RFC 3339 is kept as it was written: Terraform compares texts. Any looser form of ISO 8601 is
   read in UTC and kept with `Z`.
5. An address needs a scheme and something behind it; which schemes may be followed is the business of whoever shows it.
"""

import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from tocsin.fields.model import LONGEST_TEXT, MOST_VALUES, DataType, FieldType, Form, Judged

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s<>\"\x00-\x1f\x7f]+")
_WORDS = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_EDGE = 2**63


def judged(form: Form, given: Any) -> Judged:
    """`given` as a value of this form."""
    if isinstance(given, dict) and set(given) == {"value"}:
        given = given["value"]
    if given is None or given == "" or given == []:
        return Judged()
    return _many(form, given) if form.field_type.multi else _one(form, given)


def _one(form: Form, given: Any) -> Judged:
    found = _KINDS[form.data_type](given)
    if found.wrong is None and form.field_type.fixed and found.value not in form.options:
        return Judged(wrong=_unlisted(form.options))
    return found


def _many(form: Form, given: Any) -> Judged:
    if not isinstance(given, list):
        return Judged(wrong="must be a list of strings")
    found = [_one(form, one) for one in given]
    wrong = next((one.wrong for one in found if one.wrong), None)
    values = list(dict.fromkeys(one.value for one in found if wrong is None))
    if wrong is None and len(values) > MOST_VALUES:
        wrong = f"may have at most {MOST_VALUES} values"
    return Judged(values, wrong) if wrong is None else Judged(wrong=wrong)


def _unlisted(options: Sequence[str]) -> str:
    some = ", ".join(options[:10]) + (", …" if len(options) > 10 else "")
    return f"must be one of its options: {some}" if options else "has no options yet: give it some first"


def _boolean(given: Any) -> Judged:
    return Judged(given) if isinstance(given, bool) else Judged(wrong="must be true or false")


def _integer(given: Any) -> Judged:
    if isinstance(given, bool) or not isinstance(given, int):
        return Judged(wrong="must be an integer")
    return Judged(given) if -_EDGE <= given < _EDGE else Judged(wrong="must be an integer of at most 64 bits")


def _float(given: Any) -> Judged:
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not math.isfinite(given):
        return Judged(wrong="must be a number")
    return Judged(given) if abs(given) < _EDGE else Judged(wrong=f"must lie between -{_EDGE} and {_EDGE}")


def _string(given: Any) -> Judged:
    if not isinstance(given, str):
        return Judged(wrong="must be a string")
    if not given:
        return Judged(wrong="must not be empty")
    return Judged(given) if len(given) <= LONGEST_TEXT else _too_long()


def _too_long() -> Judged:
    return Judged(wrong=f"may have at most {LONGEST_TEXT} characters")


def _datetime(given: Any) -> Judged:
    wrong = Judged(wrong="must be a time in ISO 8601, such as 2026-01-31T09:00:00Z")
    if not isinstance(given, str) or len(given) > LONGEST_TEXT:
        return wrong
    try:
        at = datetime.fromisoformat(given.strip())
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return wrong
    if _RFC3339.fullmatch(given):
        return Judged(given)
    return Judged(at.replace(microsecond=0, tzinfo=None).isoformat() + "Z")


def _url(given: Any) -> Judged:
    if not isinstance(given, str) or not _ADDRESS.fullmatch(given):
        return Judged(wrong="must be an absolute address, such as https://example.com/runbook")
    return Judged(given) if len(given) <= LONGEST_TEXT else _too_long()


_KINDS: dict[DataType, Callable[[Any], Judged]] = {
    DataType.BOOLEAN: _boolean, DataType.INTEGER: _integer, DataType.FLOAT: _float, DataType.STRING: _string,
    DataType.DATETIME: _datetime, DataType.URL: _url,
}  # fmt: skip


def unfit(data_type: DataType, field_type: FieldType) -> str | None:
    """Why these two do not go together: only texts are listed or come in numbers."""
    if field_type is not FieldType.SINGLE and data_type is not DataType.STRING:
        return f"field_type must be single_value when data_type is {data_type}"
    return None


def typed(form: Form, texts: Sequence[str]) -> Any:
    """What somebody typed into a form's fields, as the value it means; `judged` says whether it fits."""
    texts = [text.strip() for text in texts if text.strip()]
    if form.field_type.multi:
        return texts
    text = texts[-1] if texts else None
    if text is None or form.data_type in (DataType.STRING, DataType.DATETIME, DataType.URL):
        return text
    if form.data_type is DataType.BOOLEAN:
        return {"true": True, "false": False}.get(text, text)
    return int(text) if _WORDS.fullmatch(text) else _number(text) if form.data_type is DataType.FLOAT else text


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text
