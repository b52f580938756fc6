"""The road to a database: a port of our own that leads to the real one, and can be closed like a broken network."""

import socket
import threading
from contextlib import suppress

import psycopg
from sqlalchemy import make_url

from tests.e2e.ports import free_port


class Road:
    """`url` leads to the database while the road is open; closing it cuts everybody off."""

    def __init__(self, url: str):
        self.port = free_port()
        to = make_url(url)
        host = str(to.query.get("host") or to.host)
        self._to = f"{host}/.s.PGSQL.{to.port or 5432}" if host.startswith("/") else (host, to.port or 5432)
        here = to.set(host="127.0.0.1", port=self.port, query={})
        self.url = here.render_as_string(hide_password=False)
        self._listener: socket.socket | None = None
        self._cars: list[socket.socket] = []

    def open(self) -> None:
        """Let everybody through."""
        self._listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self) -> None:
        """Nobody gets through, and who is on the way is cut off."""
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for car in self._cars:
            with suppress(OSError):
                car.shutdown(socket.SHUT_RDWR)
        self._cars.clear()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.socket(socket.AF_UNIX if isinstance(self._to, str) else socket.AF_INET)
                far.connect(self._to)
                self._cars += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=_carry, args=(one, other), daemon=True).start()


def _carry(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while load := one.recv(65_536):
            other.sendall(load)
    for end in (one, other):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
            end.close()


def reaches(url: str) -> bool:
    """Whether the database answers there."""
    try:
        psycopg.connect(url.replace("+psycopg", "", 1), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
