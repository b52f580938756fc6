"""A page as a browser's parser sees it: where it leads, its forms, what it loads, and what it must not hold."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

HOST = "testserver"
HERE = f"https://{HOST}"
#: Breaks out of text and of either kind of quotes where it is not escaped: a parser sees a tag or an attribute.
CANARY = "x\" x-canary x' x-canary ><x-canary>"
LOADING = {"script": "src", "img": "src", "iframe": "src", "link": "href", "use": "href", "source": "src",
           "embed": "src", "object": "data", "video": "src", "audio": "src", "frame": "src",
           "base": "href"}  # fmt: skip
TRACES = ("Traceback (most recent", 'File "/', "sqlalchemy.", "psycopg.", "jinja2.", "site-packages")


@dataclass
class Form:
    """One form: `fields` are (name, type, value); buttons that are sent are among them."""

    method: str
    action: str
    fields: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def shape(self) -> tuple[str, str, tuple[str, ...]]:
        """What makes it the same form on two pages: ids in its address do not."""
        return self.method, pattern(self.action), tuple(sorted({name for name, _, _ in self.fields}))

    def filled(self, text: str | None = None) -> dict[str, str]:
        """What a browser would send; `text` in every field that a person may type in."""
        typed = {name for name, kind, _ in self.fields if kind in TYPED}
        sent = {name: value for name, kind, value in self.fields if name}
        return {name: text if text is not None and name in typed else value for name, value in sent.items()}


TYPED = ("text", "search", "textarea", "email", "password", "url", "tel", "number", "date", "time", "datetime-local")


class Reader(HTMLParser):
    """Collects links, forms and faults of one page."""

    def __init__(self, url: str, html: str):
        super().__init__()
        self.url, self.links, self.forms, self.faults = url, set[str](), list[Form](), list[str]()
        self._inside: str | None = None
        self._select: str | None = None
        self.feed(html)
        self.faults += [f"shows {trace}" for trace in TRACES if trace in html]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._judge(tag, given)
        self._inside = tag
        if tag in ("a", "area") and "href" in given:
            self._follow(given["href"])
        if tag == "iframe":
            self._follow(given.get("src", ""))
        for name in ("data-hx-get", "hx-get", "data-hx-sse:connect"):
            if name in given:
                self._follow(given[name])
        if tag == "form":
            self.forms.append(Form(given.get("method", "get").lower(), urljoin(self.url, given.get("action", ""))))
        elif tag in ("input", "button", "textarea", "select") and self.forms and given.get("name"):
            kind = given.get("type", "text") if tag == "input" else tag
            self.forms[-1].fields.append((given["name"], kind, given.get("value", "")))
            self._select = given["name"] if tag == "select" else self._select
        elif tag == "option" and self._select and self.forms and ("selected" in given or not self._chosen()):
            self.forms[-1].fields.append((self._select, "option", given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        self._inside = None
        self._select = None if tag == "select" else self._select

    def handle_data(self, data: str) -> None:
        if self._inside in ("script", "style") and data.strip():
            self.faults.append(f"inline {self._inside}: {data.strip()[:60]!r}")

    def _chosen(self) -> bool:
        return any(name == self._select and kind == "option" for name, kind, _ in self.forms[-1].fields)

    def _follow(self, href: str) -> None:
        target = urljoin(self.url, href.strip())
        if urlsplit(target).scheme in ("javascript", "data", "vbscript"):
            self.faults.append(f"a link to {target[:60]!r}")
        elif urlsplit(target).netloc == HOST and urlsplit(target).scheme == "https":
            self.links.add(target.partition("#")[0])

    def _judge(self, tag: str, given: dict[str, str]) -> None:
        if tag.startswith("x-canary") or any("x-canary" in name for name in given):
            self.faults.append(f"unescaped text in <{tag} {' '.join(given)[:80]}>")
        if bad := [name for name in given if name == "style" or name.removeprefix("data-").startswith(("on", "hx-on"))]:
            self.faults.append(f"<{tag}> has {', '.join(bad)}")
        if any(value.strip().lower().startswith(("javascript:", "js:", "vbscript:")) for value in given.values()):
            self.faults.append(f"<{tag}> has a script in an attribute")
        loads = urljoin(self.url, given.get(LOADING.get(tag, ""), ""))
        if urlsplit(loads)[:2] != ("https", HOST) and not loads.startswith("data:image/"):
            self.faults.append(f"<{tag}> loads {loads[:80]!r}")
        if tag == "meta" and given.get("http-equiv", "").lower() == "refresh":
            self.faults.append("a meta refresh")
        if tag == "form" and urlsplit(urljoin(self.url, given.get("action", ""))).netloc != HOST:
            self.faults.append(f"a form that goes to {given['action'][:80]!r}")


def pattern(url: str) -> str:
    """The path with ids replaced, so that two pages of one kind count as one."""
    return "/".join("{id}" if any(c.isdigit() or c.isupper() for c in part) else part for part in path(url).split("/"))


def path(url: str) -> str:
    """The path alone."""
    return urlsplit(url).path
