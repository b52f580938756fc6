"""Filters and parsers of an e-mail integration on the wire (core:C11).

1. Filters and parsers have ids of ours, a filter's a text and a parser's a number; what comes back with one keeps it.
2. Texts that are not set are left out: the Terraform provider reads a missing one as empty, and never a null object.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from tocsin.core import ids
from tocsin.rest.body import Body

Mode = Literal["match", "no-match", "always"]
Text = Annotated[str | None, Field(max_length=10_000)]
MAX_DEPTH = 4


def _unset(given: Any) -> Any:
    return None if given == "" else given


def _always(given: Any) -> Any:
    return given or "always"


class EmailFilter(Body):
    """Which mails count."""

    id: Annotated[Annotated[str, Field(max_length=40)] | None, BeforeValidator(_unset)] = None
    subject_mode: Annotated[Mode, BeforeValidator(_always)] = "always"
    subject_regex: Text = None
    body_mode: Annotated[Mode, BeforeValidator(_always)] = "always"
    body_regex: Text = None
    from_email_mode: Annotated[Mode, BeforeValidator(_always)] = "always"
    from_email_regex: Text = None


class Predicate(Body):
    """One condition on a mail; `not` and the outermost `all` and `any` have children instead."""

    type: Literal["all", "any", "not", "contains", "exactly", "regex"]
    part: Annotated[Literal["body", "subject", "from_addresses"] | None, BeforeValidator(_unset)] = None
    matcher: Text = None
    children: list["Predicate"] = Field([], max_length=50)


class ValueExtractor(Body):
    """What is taken out of a mail."""

    type: Literal["entire", "regex", "between"]
    part: Literal["body", "subject", "from_addresses"]
    value_name: str = Field(min_length=1, max_length=255)
    regex: Text = None
    starts_after: Text = None
    ends_before: Text = None
    ends_with: Text = None


class EmailParser(Body):
    """What a mail does."""

    id: int | None = Field(None, ge=0, le=2**31 - 1)
    action: Literal["trigger", "resolve"]
    match_predicate: Predicate
    value_extractors: list[ValueExtractor] = Field([], max_length=50)


def depth(predicate: Predicate) -> int:
    """How deep its conditions stand in one another."""
    return 1 + max((depth(child) for child in predicate.children), default=0)


def filters(given: Sequence[EmailFilter]) -> list[dict[str, Any]]:
    """As they are stored."""
    return [one.model_dump(exclude_none=True) | {"id": one.id or ids.thing()} for one in given]


def parsers(given: Sequence[EmailParser]) -> list[dict[str, Any]]:
    """As they are stored; new ones are numbered after those that have a number."""
    last = max((one.id or 0 for one in given), default=0)
    stored = []
    for one in given:
        last = last if one.id else last + 1
        stored.append(one.model_dump(exclude_none=True) | {"id": one.id or last})
    return stored
