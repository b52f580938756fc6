"""Setting the values of custom fields from a page: what a form's inputs mean, for incidents and for services."""

from collections.abc import Sequence

from tocsin.fields.logic import typed
from tocsin.fields.model import LONGEST_TEXT
from tocsin.fields.wire import ValueBody
from tocsin.web.queries.fields import ShownValue
from tocsin.web.site import Ask

MOST = LONGEST_TEXT * 20


def given(ask: Ask, shown: Sequence[ShownValue]) -> list[ValueBody]:
    """The values of those fields that stood in the form (a box without a tick sends nothing) and are another now."""
    asked = set(ask.fields("fields"))
    found = []
    for one in shown:
        texts = _texts(ask, one)
        if one.id in asked and texts != list(one.texts):
            found.append(ValueBody(id=one.id, value=typed(one.form, texts)))
    return found


def _texts(ask: Ask, one: ShownValue) -> list[str]:
    name = f"field-{one.id}"
    if one.control == "checks":
        return ask.fields(name)
    text = ask.field(name)[:MOST].strip()
    return (
        [line.strip() for line in text.splitlines() if line.strip()] if one.control == "lines" else [text] * bool(text)
    )
