"""Templates of status updates rendered: Liquid, a small part of it, within limits (ei:SU2).

1. There is no include, no file, no module: only the tags and filters listed here, over plain data.
2. A template has a size, a loop a number of turns, the outcome a size, and the whole a time; past any of them it is an
   error of that field, never a hang. Filters that could blow a text up are measured before they run.
3. A variable that does not exist is an empty text and a warning. What stands in html is escaped.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from liquid import Environment, RenderContext, Undefined
from liquid.exceptions import LiquidError
from liquid.output import LimitedStringIO
from liquid.template import BoundTemplate

LONGEST_SOURCE = 50_000
LONGEST_TEXT = 200_000
LONGEST_LIST = 2_000
SECONDS = 1.0
FIELDS = ("email_subject", "email_body", "message")
HTML = "email_body"

_TAGS = {"if", "unless", "case", "for", "break", "continue", "comment", "#", "assign", "capture", "echo"}
_PARTS = {"content", "output", "illegal", "literal", "statement"}
_FILTERS = (
    "abs", "append", "at_least", "at_most", "capitalize", "ceil", "compact", "date", "default", "divided_by",
    "downcase", "escape", "escape_once", "first", "floor", "join", "last", "lstrip", "map", "minus", "modulo",
    "newline_to_br", "plus", "prepend", "remove", "remove_first", "replace", "replace_first", "reverse",
    "round", "rstrip", "size", "slice", "sort", "split", "squish", "strip", "strip_html", "strip_newlines",
    "times", "truncate", "truncatewords", "uniq", "upcase", "url_encode", "where",
)  # fmt: skip
_DATE = re.compile(r"(?:[^%]|%[-0^]?[A-Za-z%])*")


class TooMuch(LiquidError):
    """A template that asks for more than it may have."""

    def __init__(self, said: str):
        super().__init__(said, token=None)


@dataclass(slots=True)
class Rendered:
    """One field: its text, the paths that do not exist, what is wrong."""

    text: str = ""
    warnings: list[str] = field(default_factory=list)
    error: str | None = None


class _Context(RenderContext):
    """Notes what does not exist, and when the time is up."""

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, **more)
        self.missing: dict[str, None] = {}
        self.over = time.monotonic() + SECONDS

    def in_time(self) -> None:
        if time.monotonic() > self.over:
            raise TooMuch(f"takes longer than {SECONDS:.0f} s")

    def get(self, path: list[object], **more: Any) -> object:
        self.in_time()
        found = super().get(path, **more)
        if isinstance(found, Undefined):
            self.missing[".".join(map(str, path))] = None
        return found

    def assign(self, key: str, val: Any) -> None:
        self.in_time()
        super().assign(key, val)

    def raise_for_loop_limit(self, length: int = 1) -> None:
        self.in_time()
        super().raise_for_loop_limit(length)


class _Template(BoundTemplate):
    context_class = _Context


class _Liquid(Environment):
    loop_iteration_limit = LONGEST_LIST
    local_namespace_limit = 4 * LONGEST_TEXT
    output_stream_limit = LONGEST_TEXT
    block_nesting_limit = 20
    context_depth_limit = 25
    template_class = _Template

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Only what is listed, each filter measured."""
        super().setup_tags_and_filters(extra=False)
        self.tags = {name: tag for name, tag in self.tags.items() if name in _TAGS | _PARTS}
        self.filters = {name: _measured(name, self.filters[name]) for name in _FILTERS}


def _measured(name: str, run: Callable[..., Any]) -> Callable[..., Any]:
    def measured(*given: Any, **more: Any) -> Any:
        texts = [one for one in given if isinstance(one, str)]
        lists = [one for one in given if isinstance(one, (list, tuple, range))]
        _fits(sum(map(len, texts)), sum(map(len, lists)))
        if name in ("replace", "replace_first", "join") and len(texts) > 0:
            grown = max(map(len, texts[1:] if name != "join" else texts), default=0)
            _fits(grown * max(1, sum(map(len, lists)), texts[0].count(texts[1]) if len(texts) > 2 else 0), 0)
        if name == "date":
            _date_fits(*map(str, given[:2]))
        result = run(*given, **more)
        if isinstance(result, str):
            _fits(len(result), 0)
        if isinstance(result, (list, tuple)):
            _fits(sum(len(one) for one in result if isinstance(one, str)), len(result))
        if isinstance(result, int) and abs(result) > 10**30:
            raise TooMuch("a number is too large")
        return result

    for flag in ("with_context", "with_environment"):
        if hasattr(run, flag):
            setattr(measured, flag, getattr(run, flag))
    return measured


def _fits(text: int, items: int) -> None:
    if text > LONGEST_TEXT or items > LONGEST_LIST:
        raise TooMuch("a text or a list is too long")


def _date_fits(given: str, form: str = "") -> None:
    """A format with a width of a billion would fill the memory; a text that is no date takes long to be none."""
    if max(len(given), len(form)) > 100 or not _DATE.fullmatch(form):
        raise TooMuch("not a date, or not a format of one")


_PLAIN, _ESCAPED = _Liquid(), _Liquid(autoescape=True)


def problem(name: str, source: str) -> str | None:
    """What is wrong with the template of this field, if anything."""
    if len(source) > LONGEST_SOURCE:
        return f"{name} is too long (maximum is {LONGEST_SOURCE} characters)"
    try:
        _PLAIN.from_string(source)
    except (LiquidError, RecursionError) as error:
        return f"{name}: {_said(error)}"
    return None


def render(name: str, source: str, data: Mapping[str, Any]) -> Rendered:
    """One field of a template over plain data."""
    if wrong := problem(name, source):
        return Rendered(error=wrong)
    template = (_ESCAPED if name == HTML else _PLAIN).from_string(source)
    context, out = _Context(template, globals=data), LimitedStringIO(limit=LONGEST_TEXT)
    try:
        template.render_with_context(context, out)
    except (LiquidError, RecursionError, ArithmeticError, ValueError, TypeError) as error:
        return Rendered(error=f"{name}: {_said(error)}")
    missing = [f"{{{{{path}}}}} does not exist." for path in context.missing]
    text = out.getvalue()
    return Rendered(" ".join(text.split()) if name == "email_subject" else text, missing)


def _said(error: BaseException) -> str:
    first = str(error).strip().splitlines()
    return first[0][:300] if first else "cannot be rendered"
