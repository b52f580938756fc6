"""Addresses that stand in webhooks: those that the REST API gives to whoever asks at the public address."""

from collections.abc import Callable

from sqlalchemy import Connection

from tocsin.accounts import ports
from tocsin.core.settings import Settings
from tocsin.rest.objects import Links

LinksOf = Callable[[Connection], Links]


def links_of(settings: Settings) -> LinksOf:
    """The `Links` of this install, once its account is known."""
    form = settings.html_url or f"{settings.base_url}/app/{{path}}"

    def links(conn: Connection) -> Links:
        page = form.replace("{base}", settings.base_url)
        for name, value in ports.account(conn, [""]).get("", {}).items():
            page = page.replace(f"{{{name}}}", str(value))
        return Links(settings.base_url, page)

    return links
