"""The live connection of a page: server-sent events that say "something changed" (core:I2 is what the page then reads).

1. One connection a page. `news` comes at once, then at most every `CALM` seconds; a comment every `BEAT` keeps
   proxies from closing it and finds out who has gone.
2. It ends after `LONGEST`, so that a session which ended meanwhile is noticed; the browser comes back by itself.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from tocsin.web.live import Live, Watcher
from tocsin.web.serving import Threads, read, session_of
from tocsin.web.site import Asked, Site

CALM, BEAT, LONGEST = 0.4, 15.0, 600.0
NEWS = "event: news\ndata: \n\n"
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


def stream(site: Site, live: Live) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint `/app/live`, with `?incident=<id>` for one incident's news alone."""
    threads = Threads(4)

    async def answer(request: Request) -> Response:
        asked = await read(site, request)
        if not await threads.run(_signed_in, site, asked):
            return PlainTextResponse("You are not signed in\n", 401)
        incident = next(iter(asked.query.get("incident", ())), None)
        watcher = Watcher(incident, asyncio.get_running_loop())
        if not live.join(watcher):
            return PlainTextResponse("Too many open pages\n", 503, {"retry-after": "30"})
        return StreamingResponse(_events(live, watcher), media_type="text/event-stream", headers=HEADERS)

    return answer


def _signed_in(site: Site, asked: Asked) -> bool:
    return site.database.run(lambda tx: session_of(tx, asked) is not None)


async def _events(live: Live, watcher: Watcher) -> AsyncIterator[str]:
    ends = time.monotonic() + LONGEST
    try:
        yield "retry: 1000\n: here\n\n"
        while not watcher.over and time.monotonic() < ends:
            try:
                await asyncio.wait_for(watcher.news.wait(), BEAT)
            except TimeoutError:
                yield ": still here\n\n"
                continue
            watcher.news.clear()
            if not watcher.over:
                yield NEWS
                await asyncio.sleep(CALM)
    finally:
        live.leave(watcher)
