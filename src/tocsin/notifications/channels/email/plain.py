"""Text from outside made fit for a header, a line or a paragraph.

1. A line has no line break of any kind and no control character, so nothing can start a header or forge a line.
2. Direction overrides are dropped: they show a text in another order than it is. Right-to-left words stay, fenced in.
3. What is cut says so with an ellipsis and never ends in half an emoji.
"""

import re
import unicodedata
from typing import Final

FENCE_OPEN, FENCE_CLOSE = "\u2068", "\u2069"
ELLIPSIS: Final = "…"

_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BREAK = re.compile("\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\ufeff\ufff9-\ufffb]")
_LONE = re.compile("[\ud800-\udfff\ufffe\uffff]")
_SPACES = re.compile(r"\s+")
_JOINERS: Final = "\u200d\ufe0f\ufe0e"


def paragraph(text: str) -> str:
    """Text that may span lines: breaks become newlines, controls vanish, broken characters show as such."""
    text = _LONE.sub("\ufffd", _DIRECTION.sub("", text))
    return _CONTROL.sub("", _BREAK.sub("\n", text)).strip()


def line(text: str) -> str:
    """Text on a single line, its runs of white space folded to one blank."""
    return _SPACES.sub(" ", paragraph(text)).strip()


def cut(text: str, longest: int) -> str:
    """At most `longest` characters, with the ellipsis."""
    if len(text) <= longest:
        return text
    kept = text[: longest - 1]
    while kept and (kept[-1] in _JOINERS or unicodedata.combining(text[len(kept)]) or text[len(kept)] in _JOINERS):
        kept = kept[:-1]
    return kept.rstrip() + ELLIPSIS


def fenced(text: str) -> str:
    """Right-to-left text between isolates, so that it cannot turn its neighbours around; other text as it is."""
    if any(unicodedata.bidirectional(char) in ("R", "AL", "AN") for char in text):
        return f"{FENCE_OPEN}{text}{FENCE_CLOSE}"
    return text
