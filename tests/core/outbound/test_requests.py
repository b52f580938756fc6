"""The guard on real sockets: where the connection really goes, and that every exchange ends."""

import ssl
import time
from collections.abc import Iterator
from itertools import repeat

import httpx2
import pytest
import structlog.testing
import trustme

from tests.core.outbound.peer import OK, Names, Peer
from tocsin.core.outbound import Limits, Outbound, Refused
from tocsin.core.outbound.addresses import policy
from tocsin.core.outbound.resolving import Resolve

QUICK = Limits(connect=2, read=0.2, total=0.5, most_bytes=1000)
HERE = "127.0.0.1/32"


class Asker:
    """Both kinds of client behind one call."""

    def __init__(self, kind: str):
        self.kind = kind

    async def __call__(
        self, url: str, resolve: Resolve, allow: tuple[str, ...] = (HERE,), limits: Limits = QUICK,
        tls: ssl.SSLContext | None = None, **more: object,
    ) -> httpx2.Response:  # fmt: skip
        outbound = Outbound(policy(allow), resolve, tls)
        if self.kind == "sync":
            with outbound.client(limits) as client:
                return client.get(url, **more)  # type: ignore[arg-type]
        async with outbound.async_client(limits) as client:
            return await client.get(url, **more)  # type: ignore[arg-type]


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Asker:
    return Asker(request.param)


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


async def test_a_name_is_resolved_once_and_keeps_its_host(ask: Asker, peer: Peer) -> None:
    names = Names(hooks_example=[["127.0.0.1"], ["127.0.0.2"]])
    answer = await ask(f"http://hooks.example:{peer.port}/x", names)
    assert (answer.text, names.looked_up) == ("hi", ["hooks.example"])
    assert f"host: hooks.example:{peer.port}\r\n" in peer.asked[0].lower()


async def test_a_name_that_leads_inside_is_refused_without_a_connection(ask: Asker, peer: Peer) -> None:
    for inside in (["127.0.0.1"], ["::ffff:127.0.0.1"], ["10.0.0.1", "169.254.169.254"]):
        with pytest.raises(Refused, match="leads to an address that is not public") as caught:
            await ask(f"http://hooks.example:{peer.port}/", Names(hooks_example=[inside]), allow=())
        assert inside[0] not in str(caught.value)
    assert peer.asked == []


async def test_a_second_look_up_that_leads_inside_is_never_connected_to(ask: Asker) -> None:
    with Peer(address="127.0.0.2") as inside:
        names = Names(hooks_example=[["127.0.0.1"], ["127.0.0.2"]])  # only .1 may be asked, and nobody listens there
        with pytest.raises(httpx2.ConnectError, match=r"hooks\.example cannot be connected to"):
            await ask(f"http://hooks.example:{inside.port}/", names)
        assert (inside.asked, names.looked_up) == ([], ["hooks.example"])


async def test_of_several_addresses_only_the_allowed_are_tried(ask: Asker, peer: Peer) -> None:
    names = Names(hooks_example=[["10.0.0.1", "127.0.0.3", "127.0.0.1"]])
    assert (await ask(f"http://hooks.example:{peer.port}/", names)).text == "hi"


async def test_a_numeric_host_is_judged_even_past_the_form(ask: Asker, peer: Peer) -> None:
    for host in ("127.0.0.1", "[::ffff:127.0.0.1]", "2130706433", "localhost"):
        with pytest.raises(Refused):
            await ask(f"http://{host}:{peer.port}/", Names(), allow=())
    assert peer.asked == []


async def test_the_certificate_must_be_the_names(ask: Asker) -> None:
    ca, server, client = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    ca.issue_cert("hooks.example").configure_cert(server)
    ca.configure_trust(client)
    with Peer(tls=server) as peer:
        names = Names(hooks_example=[["127.0.0.1"]], other_example=[["127.0.0.1"]])
        assert (await ask(f"https://hooks.example:{peer.port}/", names, tls=client)).text == "hi"
        with pytest.raises(httpx2.ConnectError):
            await ask(f"https://other.example:{peer.port}/", names, tls=client)
        assert peer.names == ["hooks.example", "other.example"]


async def test_a_redirect_is_not_followed(ask: Asker) -> None:
    with Peer(b"HTTP/1.1 302 Found\r\nlocation: http://evil.example/\r\ncontent-length: 0\r\n\r\n") as peer:
        names = Names(hooks_example=[["127.0.0.1"]])
        assert (await ask(f"http://hooks.example:{peer.port}/", names)).status_code == 302
        assert names.looked_up == ["hooks.example"]


@pytest.mark.parametrize(
    "target", ["http://inside.example/", "http://127.0.0.2/", "http://2130706433/", "file:///etc/x"]
)
async def test_a_redirect_that_is_followed_is_judged_again(ask: Asker, target: str) -> None:
    with Peer(f"HTTP/1.1 302 Found\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n".encode()) as peer:
        names = Names(hooks_example=[["127.0.0.1"]], inside_example=[["10.0.0.1"]])
        with pytest.raises((Refused, httpx2.UnsupportedProtocol)):
            await ask(f"http://hooks.example:{peer.port}/", names, follow_redirects=True)


async def test_credentials_do_not_go_to_another_host_and_no_cookie_is_kept(ask: Asker) -> None:
    with Peer() as other:
        to = f"location: http://other.example:{other.port}/\r\nset-cookie: a=b; Domain=example\r\n"
        with Peer(f"HTTP/1.1 302 Found\r\n{to}content-length: 0\r\n\r\n".encode()) as peer:
            names = Names(hooks_example=[["127.0.0.1"]], other_example=[["127.0.0.1"]])
            more = {"follow_redirects": True, "headers": {"authorization": "Bearer secret"}}
            await ask(f"http://hooks.example:{peer.port}/", names, **more)
        assert "Bearer secret" in peer.asked[0]
        assert "authorization" not in other.asked[0].lower()
        assert "cookie" not in other.asked[0].lower()


async def test_no_proxy_of_the_environment_is_used(ask: Asker, peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert (await ask(f"http://hooks.example:{peer.port}/", Names(hooks_example=[["127.0.0.1"]]))).text == "hi"


LONG = b"HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n" + b"x" * 2000
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"64\r\n" + b"x" * 100 + b"\r\n"
PACKED = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nhi"
HEADERS = b"HTTP/1.1 200 OK\r\n" + b"x-y: " + b"z" * 200_000 + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (LONG, "longer than 1000 bytes"),
        ([CHUNKED, *repeat(b"64\r\n" + b"x" * 100 + b"\r\n", 20)], "longer than 1000 bytes"),
        (PACKED, "came packed"),
    ],
)
async def test_too_long_or_packed_an_answer_is_refused(ask: Asker, answer: bytes, why: str) -> None:
    with Peer(answer) as peer, pytest.raises(Refused, match=why):
        await ask(f"http://hooks.example:{peer.port}/", Names(hooks_example=[["127.0.0.1"]]))


async def test_endless_headers_are_an_error(ask: Asker) -> None:
    with Peer(HEADERS) as peer, pytest.raises(httpx2.RemoteProtocolError):
        await ask(f"http://hooks.example:{peer.port}/", Names(hooks_example=[["127.0.0.1"]]))


DRIP = [
    repeat(b"H"),
    [b"HTTP/1.1 200 OK\r\n", *repeat(b"x: y\r\n", 1000)],
    [OK.replace(b": 2", b": 900").replace(b"hi", b""), *repeat(b"x", 900)],
]


@pytest.mark.parametrize("drip", DRIP, ids=["status", "headers", "body"])
async def test_a_peer_that_drips_bytes_is_left_when_the_time_is_over(ask: Asker, drip: Iterator[bytes]) -> None:
    begun = time.monotonic()
    with Peer(drip, pause=0.05) as peer, pytest.raises(httpx2.ReadTimeout):
        await ask(f"http://hooks.example:{peer.port}/", Names(hooks_example=[["127.0.0.1"]]))
    assert time.monotonic() - begun < 3


async def test_a_resolver_that_hangs_is_not_waited_for(ask: Asker) -> None:
    def slow(host: str, port: int) -> list[str]:
        time.sleep(1)
        return ["127.0.0.1"]

    with pytest.raises(httpx2.ConnectTimeout, match="not resolved in time"):
        await ask("http://hooks.example/", slow, limits=Limits(connect=0.1))


async def test_an_unknown_name_and_a_name_without_addresses_are_connection_errors(ask: Asker) -> None:
    for names in (Names(), Names(hooks_example=[[]])):
        with pytest.raises(httpx2.ConnectError, match="cannot be resolved"):
            await ask("http://hooks.example/", names)


async def test_the_log_alone_tells_where_a_refused_name_led(ask: Asker) -> None:
    with structlog.testing.capture_logs() as logged, pytest.raises(Refused):
        await ask("http://hooks.example/", Names(hooks_example=[["10.0.0.1"]]), allow=())
    assert [(line["host"], line["addresses"]) for line in logged] == [("hooks.example", ["10.0.0.1"])]
