"""What every page in the frame shows besides itself: the troubles on top."""

from typing import Any

from starlette.responses import HTMLResponse

from tocsin.web.queries.trouble import troubles
from tocsin.web.site import Ask


def framed(ask: Ask, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page of the product: its own values, and what is wrong with the install."""
    real = ask.site.settings.smtp_url is not None
    known = troubles(ask.tx.conn, ask.now, real, ask.site.mailbox is not None)
    return ask.page(template, status, troubles=known, **values)
