"""Html that people wrote made safe to send and to show: an allow-list of elements, everything else is its text.

1. An element that is not listed vanishes, its words stay; of scripts, styles, frames and forms the words go as well.
2. Of attributes only what is listed stays; an address must be http, https or mailto.
3. What is open at the end is closed, so that nothing after it is swallowed.
"""

import re
from collections.abc import Sequence
from html import escape
from html.parser import HTMLParser

LONGEST = 100_000
DEEPEST = 60
_KEPT = frozenset({
    "p", "div", "span", "h1", "h2", "h3", "h4", "h5", "h6", "b", "strong", "i", "em", "u", "s", "small", "sub",
    "sup", "ul", "ol", "li", "blockquote", "pre", "code", "table", "thead", "tbody", "tr", "th", "td", "a",
    "center", "dl", "dt", "dd",
})  # fmt: skip
_VOID = frozenset({"br", "hr"})
_SILENT = frozenset({
    "script", "style", "iframe", "object", "embed", "applet", "form", "select", "textarea", "button",
    "template", "svg", "math", "noscript", "head", "title", "noembed", "noframes", "xmp", "plaintext", "audio",
    "video", "canvas",
})  # fmt: skip
_ATTRIBUTES = {"a": {"href"}, "td": {"colspan", "rowspan", "align"}, "th": {"colspan", "rowspan", "align"}}
_ADDRESS = re.compile(r"(?i)(https?://[^\s\"'<>\\]+|mailto:[^\s\"'<>\\]+)")
_WORD = re.compile(r"[A-Za-z0-9%]{1,12}")


def safe(html: str, images: bool = False) -> str:
    """`html` cut down to what rule 1 to 3 allow; with `images`, pictures on https addresses stay too."""
    cleaner = _Cleaner(images)
    cleaner.feed(html[:LONGEST])
    cleaner.close()
    return cleaner.finished()


class _Cleaner(HTMLParser):
    def __init__(self, images: bool):
        super().__init__(convert_charrefs=True)
        self._images = images
        self._out: list[str] = []
        self._open: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif self._silent:
            return
        elif tag in _VOID:
            self._out.append(f"<{tag}>")
        elif tag == "img":
            self._out.append(self._image(dict(attrs)))
        elif tag in _KEPT and len(self._open) < DEEPEST:
            self._open.append(tag)
            self._out.append(f"<{tag}{_attributes(tag, attrs)}>")

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if tag not in _SILENT:
            self.handle_starttag(tag, attrs)
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif not self._silent and tag in self._open:
            while (last := self._open.pop()) != tag:
                self._out.append(f"</{last}>")
            self._out.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._out.append(escape(data))

    def _image(self, given: dict[str, str | None]) -> str:
        src, alt = given.get("src") or "", escape(given.get("alt") or "")
        if not self._images or not re.fullmatch(r"https://[^\s\"'<>\\]+", src):
            return alt
        width = given.get("width") or ""
        size = f' width="{width}"' if _WORD.fullmatch(width) else ""
        return f'<img src="{escape(src)}" alt="{alt}"{size}>'

    def finished(self) -> str:
        """Everything, with what is still open closed."""
        return "".join(self._out) + "".join(f"</{tag}>" for tag in reversed(self._open))


def _attributes(tag: str, given: Sequence[tuple[str, str | None]]) -> str:
    kept = ""
    for name, value in given:
        if name in _ATTRIBUTES.get(tag, ()) and value and f" {name}=" not in kept:
            fits = _ADDRESS.fullmatch(value.strip()) if name == "href" else _WORD.fullmatch(value)
            kept += f' {name}="{escape(value.strip())}"' if fits else ""
    return kept + (' rel="noopener noreferrer"' if tag == "a" else "")


def words(html: str) -> str:
    """What a person reads of it, for the plain text part of a mail."""
    lines = re.sub(r"(?i)<(br|hr|/p|/div|/h[1-6]|/li|/tr|/blockquote|/pre)>", r"<\1>\n", safe(html))
    reader = _Reader()
    reader.feed(lines)
    reader.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(reader.said)).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._to = ""

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self._to = dict(attrs).get("href") or "" if tag == "a" else self._to

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._to:
            self.said.append(f" ({self._to})")
            self._to = ""

    def handle_data(self, data: str) -> None:
        self.said.append(data)
