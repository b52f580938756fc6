"""A loopback front for clients whose hosts are constant: `https://api.pagerduty.com` leads to the server under test.

1. A proxy: `CONNECT x.pagerduty.com:443` is ended here with a throw-away certificate; absolute-form requests, which
   some clients send instead, are taken as well. Any other host is refused: nothing leaves the machine.
2. What arrives is passed on with its own Host and with `X-Forwarded-Proto: https`, as a real front would.
"""

import http.client
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import trustme

_HOP = {"connection", "proxy-connection", "keep-alive", "transfer-encoding", "content-length", "proxy-authorization"}


@dataclass(frozen=True)
class Front:
    """The front's address, and the certificate that its clients must trust."""

    proxy: str
    ca: str

    @property
    def env(self) -> dict[str, str]:
        """What makes clients of any kind go through it: variables of the environment."""
        proxies = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
        trusted = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE")
        return {
            **dict.fromkeys(proxies, self.proxy), **dict.fromkeys(trusted, self.ca), "NODE_USE_ENV_PROXY": "1",
            "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost",
        }  # fmt: skip


@contextmanager
def fronted(backend: str, place: Path) -> Iterator[Front]:
    """A front before `backend` (`http://127.0.0.1:port`)."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(place / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("pagerduty.com", "*.pagerduty.com", "localhost", "127.0.0.1").configure_cert(context)
    server = _Server(("127.0.0.1", 0), _Relay)
    server.context, server.backend = context, urlsplit(backend).netloc
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Front(f"http://127.0.0.1:{server.server_address[1]}", str(place / "ca.pem"))
    server.shutdown()
    server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    context: ssl.SSLContext
    backend: str

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


class _Relay(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_CONNECT(self) -> None:
        if not _known(self.path.rpartition(":")[0]):
            self.send_error(403)
            return
        self.send_response(200)
        self.end_headers()
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb", -1)
        self.wfile = self.connection.makefile("wb", 0)  # type: ignore[assignment]
        self.close_connection = False

    def relay(self) -> None:
        """One request to the server under test, and its answer."""
        asked = urlsplit(self.path)
        host = asked.netloc or self.headers.get("host", "")
        if not _known(host.partition(":")[0]):
            self.send_error(403)
            return
        path = asked._replace(scheme="", netloc="").geturl() or "/"
        body = self._body()
        sent = {name: value for name, value in self.headers.items() if name.lower() not in _HOP | {"host"}}
        sent |= {"Host": host, "X-Forwarded-Proto": "https", "Content-Length": str(len(body))}
        behind = http.client.HTTPConnection(self.server.backend, timeout=60)
        behind.request(self.command, path, body, sent)
        answer = behind.getresponse()
        self._answer(answer.status, dict(answer.getheaders()), answer.read())
        behind.close()

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = relay

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in _HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


def _known(host: str) -> bool:
    return host == "pagerduty.com" or host.endswith(".pagerduty.com")
