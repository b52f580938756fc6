"""The server's own protocol around a small application, on a real socket; time passes when a test says so."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import uvicorn

from tests.e2e.ports import free_port
from tocsin.workers.bounded import Bounds, sweep, within

GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the number of bytes of the body."""
    if scope["type"] != "http":
        return
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    body = str(size).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


class Listening:
    """A server in a thread with these bounds."""

    def __init__(self, bounds: Bounds):
        self.port = free_port()
        config = uvicorn.Config(
            echo, port=self.port, http=within(bounds), ws="none", lifespan="off", log_config=None, server_header=False
        )
        self._server, self._up = uvicorn.Server(config), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._up.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(10)

    def _run(self) -> None:
        async def serve() -> None:
            self.loop = asyncio.get_running_loop()
            self.loop.create_task(self._tell())
            await self._server.serve()

        asyncio.run(serve())

    async def _tell(self) -> None:
        while not self._server.started:
            await asyncio.sleep(0.01)
        self._up.set()

    @contextmanager
    def peer(self, sends: bytes = b"") -> Iterator[socket.socket]:
        """A connection that the server has seen, with all that it sent."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as conn:
            conn.sendall(sends)
            yield conn

    def later(self, seconds: float) -> None:
        """Look at all connections as if so many seconds had passed."""

        async def look() -> None:
            for _ in range(20):  # what lies in sockets is read first
                await asyncio.sleep(0.005)
            sweep(list(self._server.server_state.connections), self.loop.time() + seconds)

        asyncio.run_coroutine_threadsafe(look(), self.loop).result(10)


def whole(conn: socket.socket) -> str:
    """Everything until the server closes."""
    parts = []
    try:
        while part := conn.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        parts.append(b"(reset)")
    return b"".join(parts).decode()


def answer(conn: socket.socket) -> bytes:
    """One answer with a body of one digit."""
    got = b""
    while not got[:-1].endswith(b"\r\n\r\n"):
        part = conn.recv(65536)
        assert part, got
        got += part
    return got
