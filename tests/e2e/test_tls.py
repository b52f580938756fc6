"""Served over TLS from certificate files."""

import json
import ssl
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.e2e.ports import free_port
from tests.e2e.served import Served, trigger
from tests.seed import seed
from tocsin.core.db import Database


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def served(pg_url: str, tmp_path: Path, authority: trustme.CA) -> Iterator[Served]:
    own = authority.issue_cert("127.0.0.1")
    own.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    own.private_key_pem.write_to_path(tmp_path / "key.pem")
    files = {"TOCSIN_TLS_CERT": str(tmp_path / "cert.pem"), "TOCSIN_TLS_KEY": str(tmp_path / "key.pem")}
    server = Served(tmp_path, free_port(), TOCSIN_DATABASE_URL=pg_url, **files)
    yield server
    server.stop()


def _post(served: Served, path: str, body: object, trusted: ssl.SSLContext) -> tuple[int, object]:
    url = served.base.replace("http:", "https:") + path
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10, context=trusted) as answer:
                return answer.status, json.load(answer)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def test_events_come_in_over_tls(served: Served, authority: trustme.CA, pg_url: str) -> None:
    database = Database(pg_url)
    key = seed(database).key
    database.close()
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    status, answer = _post(served, "/v2/enqueue", trigger(key, "disk full", "d1"), trusted)
    assert (status, answer) == (202, {"status": "success", "message": "Event processed", "dedup_key": "d1"})
