"""Peers that are slow, silent, too many or too long are let go; everybody else is served."""

from collections.abc import Iterator

import pytest

from tests.workers.listening import GET, Listening, answer, whole
from tocsin.workers.bounded import Bounds, as_many_as_the_system_allows

BOUNDS = Bounds(head_seconds=10, body_seconds=30, head_bytes=4096, connections=4)
POST = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n"
CLOSE = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Listening]:
    with Listening(BOUNDS) as server:
        yield server


def test_a_head_that_does_not_end_is_told_408(server: Listening) -> None:
    with server.peer(GET[:-2]) as conn:
        server.later(11)
        assert whole(conn).startswith("HTTP/1.1 408 ")


def test_a_peer_that_says_nothing_is_closed_without_a_word(server: Listening) -> None:
    with server.peer() as conn:
        server.later(11)
        assert whole(conn) == ""


def test_a_head_that_grows_by_drips_has_no_more_time_than_another(server: Listening) -> None:
    with server.peer(GET[:-2]) as conn:
        server.later(9)
        conn.sendall(b"x-more: drip\r\n")
        server.later(11)
        assert whole(conn).startswith("HTTP/1.1 408 ")


def test_a_body_that_does_not_come_is_told_408(server: Listening) -> None:
    with server.peer(POST + b"12") as conn:
        server.later(29)
        conn.sendall(b"3")
        server.later(31)
        assert whole(conn).startswith("HTTP/1.1 408 ")


def test_who_is_in_time_is_served_and_may_ask_again(server: Listening) -> None:
    with server.peer(POST) as conn:
        server.later(9)
        conn.sendall(b"12345")
        assert answer(conn).endswith(b"\r\n\r\n5")
        server.later(11)  # between requests the keep-alive limit holds, not this one
        conn.sendall(CLOSE)
        assert whole(conn).startswith("HTTP/1.1 200 ")


def test_the_second_head_of_a_connection_is_waited_for_no_longer_than_the_first(server: Listening) -> None:
    with server.peer(GET) as conn:
        assert b"200 OK" in answer(conn)
        conn.sendall(GET[:20])
        server.later(11)
        assert whole(conn).startswith("HTTP/1.1 408 ")


@pytest.mark.parametrize("pieces", [1, 7])
@pytest.mark.parametrize("what", [b"x: " + b"y" * 5000 + b"\r\n", b"x: y\r\n" * 2000])
def test_a_head_that_is_too_long_is_told_431(server: Listening, what: bytes, pieces: int) -> None:
    head = GET[:-2] + what + b"\r\n"
    step = len(head) // pieces + 1
    with server.peer() as conn:
        try:
            for at in range(0, len(head), step):
                conn.sendall(head[at : at + step])
                server.later(0)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert whole(conn).startswith("HTTP/1.1 431 ")


def test_an_endless_address_is_told_431(server: Listening) -> None:
    with server.peer(b"GET /" + b"a" * 5000) as conn:
        assert whole(conn).startswith("HTTP/1.1 431 ")


def test_a_long_body_is_no_long_head(server: Listening) -> None:
    with server.peer(CLOSE.replace(b"GET", b"POST").replace(b"\r\n\r\n", b"\r\ncontent-length: 90000\r\n\r\n")) as conn:
        conn.sendall(b"x" * 90000)
        assert whole(conn).endswith("\r\n\r\n90000")


def test_one_too_many_takes_the_place_of_the_longest_idle(server: Listening) -> None:
    with server.peer() as first, server.peer() as second, server.peer() as third, server.peer() as fourth:
        server.later(0)
        with server.peer(CLOSE) as fifth:
            assert whole(fifth).startswith("HTTP/1.1 200 ")
        assert whole(first) in ("", "(reset)")
        for conn in (second, third, fourth):
            conn.sendall(CLOSE)
            assert whole(conn).startswith("HTTP/1.1 200 ")


def test_when_all_are_busy_one_more_is_told_503(server: Listening) -> None:
    with server.peer(POST) as a, server.peer(POST) as b, server.peer(POST) as c, server.peer(POST) as d:
        server.later(0)
        with server.peer(GET) as fifth:
            assert whole(fifth).startswith("HTTP/1.1 503 ")
        for conn in (a, b, c, d):
            conn.sendall(b"12345")
            assert answer(conn).endswith(b"\r\n\r\n5")


def test_a_websocket_is_not_spoken(server: Listening) -> None:
    asks = b"connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: eA==\r\n\r\n"
    with server.peer(GET[:-2] + asks) as conn:
        assert b"101" not in conn.recv(65536).split(b"\r\n")[0]


def test_the_system_allows_some_connections() -> None:
    assert 64 <= as_many_as_the_system_allows().connections <= 10_000
