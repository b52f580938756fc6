"""What a page is handed: the site it stands on, what was asked, and the transaction it answers in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tocsin.accounts.commands.arriving import Uses
from tocsin.accounts.commands.sessions import Session
from tocsin.accounts.oidc.discovery import Directory
from tocsin.core.actor import Actor
from tocsin.core.db import Database, Tx
from tocsin.core.errors import Forbidden, NotFound, Unauthenticated
from tocsin.core.settings import Settings
from tocsin.core.signing import Signer
from tocsin.rest import permissions, rights
from tocsin.rest.address import Proxies
from tocsin.rest.call import Facts
from tocsin.rest.permissions import Permission, Sight
from tocsin.rest.rights import Standings
from tocsin.web.moments import Watch, zone_of

Values = Mapping[str, Sequence[str]]
SESSION = "tocsin_session"
ZONE = "tocsin_zone"
THEME = "tocsin_theme"


@dataclass(frozen=True, slots=True)
class Site:
    """What all pages share. `mail_folder` is that of the built-in mail sink, when it runs; `providers` are those that
    people sign in through; `member_uses(conn, "team/user")` says why somebody cannot leave a team;
    `facts` is the port of the REST API.
    """

    database: Database
    settings: Settings
    signer: Signer
    mail_folder: Path | None
    templates: Environment
    proxies: Proxies
    standings: Standings
    providers: Directory
    member_uses: Uses
    facts: Mapping[str, Facts] = field(default_factory=dict)

    @property
    def mailbox(self) -> Path | None:
        """Where letters lie that nobody delivers, if no real mail server is set."""
        return self.mail_folder if self.settings.smtp_url is None else None


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came; values are cleaned of NUL, which PostgreSQL takes in no text."""

    method: str
    path: str
    params: Mapping[str, str]
    query: Values
    form: Values
    cookies: Mapping[str, str]
    headers: dict[str, str]
    address: str | None
    base_url: str
    id: str  # the request's own, in its answer's headers and in the audit records that it leaves

    @property
    def secure(self) -> bool:
        """Whether the browser came over https."""
        return self.base_url.startswith("https:")

    @property
    def locator(self) -> str:
        """Path and query, to come back to."""
        text = urlencode(self.query, doseq=True)
        return f"{self.path}?{text}" if text else self.path


@dataclass(frozen=True, slots=True)
class Ask:
    """One page to make. `errors` are what is wrong with what was sent, when the page is shown again."""

    site: Site
    tx: Tx
    asked: Asked
    session: Session | None = None
    errors: Sequence[str] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        """The instant of this page."""
        return self.tx.now

    @property
    def actor(self) -> Actor:
        """The person who is signed in."""
        if self.session is None:
            raise Unauthenticated("You are not signed in")
        return self.session.actor

    @property
    def sight(self) -> Sight:
        """Whose things the person sees; lists filter by it."""
        return permissions.sight(self.actor)

    def demand(self, permission: Permission, type: str, ids: Sequence[str]) -> None:
        """Refuse unless the person may do this with all these things of one type."""
        rights.demand(self.tx.conn, self.site.standings, self.actor, permission, type, ids)

    def may(self, permission: Permission, type: str, id: str) -> bool:
        """Whether the person may do this with this thing: what the page then offers."""
        try:
            self.demand(permission, type, [id])
        except (Forbidden, NotFound):
            return False
        return True

    @property
    def watch(self) -> Watch:
        """The viewer's watch."""
        profile = self.session.time_zone if self.session else None
        return Watch(self.now, zone_of(self.asked.cookies.get(ZONE), profile))

    def param(self, name: str) -> str:
        """A part of the path."""
        return self.asked.params[name].replace("\x00", "")

    def query(self, name: str, default: str = "") -> str:
        """A value of the query."""
        return (self.asked.query.get(name) or [default])[-1]

    def field(self, name: str, default: str = "") -> str:
        """A field of the form."""
        return (self.asked.form.get(name) or [default])[-1]

    def fields(self, name: str) -> list[str]:
        """All values of a field, each once."""
        return list(dict.fromkeys(value for value in self.asked.form.get(name, ()) if value))

    def again(self, errors: Sequence[str]) -> "Ask":
        """The same page, saying what is wrong."""
        return replace(self, errors=errors)

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Render a template in the frame."""
        theme = self.asked.cookies.get(THEME)
        frame = {
            "session": self.session,
            "csrf": self.session.csrf if self.session else "",
            "t": self.watch,
            "theme": theme if theme in ("light", "dark") else "auto",
            "here": self.asked.path,
            "errors": self.errors,
            "oauth": self.site.settings.oauth,
            "may_audit": self.session is not None and permissions.may(self.session.actor, Permission.ACCOUNT),
            "mailbox": self.site.mailbox is not None,
            "said": self.query("done"),
        }
        html = self.site.templates.get_template(template).render(frame | dict(self.extra) | values)
        return HTMLResponse(html, status)


def go(path: str) -> Response:
    """Send the browser on, as GET."""
    return RedirectResponse(path, 303)
