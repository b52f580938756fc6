"""A receiver on the loopback: a real HTTP server that answers as it is told and keeps what it was sent.

It verifies signatures with nothing of ours: RFC 2104 over SHA-256, written out.
"""

import hashlib
import json
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl


@dataclass
class Got:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def event(self) -> Any:
        """The event of a version 3 payload."""
        return self.json["event"]


@dataclass
class Receiver:
    """`answers`: what the next requests get (a status, or one with headers); then 200. `silent` answers nothing."""

    answers: list[Any] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    got: list[Got] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    silent: bool = False

    def __enter__(self) -> Self:
        self.over = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _request(self))
        self.server.daemon_threads = True
        if self.tls:
            self.server.socket = self.tls.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.server.server_address[1]}/hook"

    @property
    def types(self) -> list[str]:
        """The types of the events that came, in order."""
        return [one.event["event_type"] for one in self.got]

    def answer(self, got: Got) -> tuple[int, dict[str, str], bytes]:
        """What this request gets."""
        if got.path == "/token":
            self.asked.append(dict(parse_qsl(got.body.decode())))
            return self._token()
        self.got.append(got)
        if self.silent:
            self.over.wait(20)
        given = self.answers.pop(0) if self.answers else 200
        status, headers = given if isinstance(given, tuple) else (given, {})
        return status, headers, b"thanks" if status == 200 else b"no, sorry"

    def _token(self) -> tuple[int, dict[str, str], bytes]:
        if not self.tokens:
            return 401, {}, b'{"error":"invalid_client"}'
        said = {"access_token": self.tokens.pop(0), "expires_in": 3600}
        return 200, {"content-type": "application/json"}, json.dumps(said).encode()


def _request(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Request(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more, body = receiver.answer(Got(self.path, headers, self.rfile.read(length)))
            self.send_response(status)
            for name, value in {**more, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def handle(self) -> None:
            with suppress(OSError):  # who gave us up has closed
                super().handle()

    return Request


def signature(secret: str, body: bytes) -> str:
    """HMAC-SHA256 (RFC 2104) in hexadecimal digits."""
    key = secret.encode()
    key = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + body).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in key) + inner).hexdigest()


def signed(got: Got, secrets: Sequence[str]) -> bool:
    """Whether the header holds exactly the signatures of these secrets, in this order."""
    return got.headers["x-pagerduty-signature"] == ",".join(f"v1={signature(one, got.body)}" for one in secrets)
