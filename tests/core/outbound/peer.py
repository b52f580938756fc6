"""A peer on the loopback that answers as it is told, byte for byte, and remembers what it was asked."""

import socket
import ssl
import threading
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


class Peer:
    """Sends `answer`, a piece at a time with `pause` seconds between pieces, to whoever asks."""

    def __init__(
        self, answer: bytes | Iterable[bytes] = OK, address: str = "127.0.0.1", port: int = 0, pause: float = 0,
        tls: ssl.SSLContext | None = None,
    ):  # fmt: skip
        self.asked: list[str] = []
        self.names: list[str | None] = []
        self._answer: Iterable[bytes] = [answer] if isinstance(answer, bytes) else answer
        self._pause, self._tls, self._over = pause, tls, threading.Event()
        self._listener = socket.create_server((address, port))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        if self._tls:
            self._tls.sni_callback = lambda _, name, __: self.names.append(name)
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                found, _ = self._listener.accept()
                with found if self._tls is None else self._tls.wrap_socket(found, server_side=True) as conn:
                    self._talk(conn)
            except OSError:
                continue

    def _talk(self, conn: socket.socket) -> None:
        conn.settimeout(5)
        self.asked.append(conn.recv(65536).decode("latin-1"))
        for piece in self._answer:
            if self._over.is_set():
                return
            conn.sendall(piece)
            time.sleep(self._pause)


class Names:
    """A resolver: name -> what each look-up in turn finds (the last one for all that follow)."""

    def __init__(self, **found: Sequence[Sequence[str]]):
        self.found = {name.replace("_", "."): list(answers) for name, answers in found.items()}
        self.looked_up: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.looked_up.append(host)
        answers = self.found.get(host)
        if answers is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return answers.pop(0) if len(answers) > 1 else answers[0]
