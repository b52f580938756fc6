"""The events' door over HTTP, wrong input first: the wire's own answers, never a 500 (core:E3, E19-E25, E70-E72)."""

import asyncio
import gzip
import http.client
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.e2e.install import Install, Way
from tests.e2e.served import trigger

V2, V1, CHANGE = "/v2/enqueue", "/generic/2010-04-15/create_event.json", "/v2/change/enqueue"
PATHS = (V2, V1, CHANGE)
NO_OBJECT = {
    "status": "Unrecognized object",
    "message": "Event object format is unrecognized",
    "errors": ["JSON parse error"],
}
SEVERITY = "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')"
LIMIT = 524_288
Answer = tuple[int, Any, dict[str, str]]


def ask(install: Install, method: str, path: str, body: bytes | Iterator[bytes] = b"", **headers: str) -> Answer:
    """One raw request: status, decoded body, headers by lower-case name. An iterator is sent in chunks."""
    address = urlsplit(install.served.base)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with suppress(BrokenPipeError, ConnectionResetError):  # refused while it was still being sent: the answer is there
        connection.request(method, path, body, named, encode_chunked=not isinstance(body, bytes))
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, json.loads(content) if content else None, {k.lower(): v for k, v in answer.getheaders()}


@pytest.fixture
def way(install: Install) -> Way:
    return install.service()


def event(way: Way, **changes: Any) -> bytes:
    """A good v2 event with changes, as bytes."""
    return json.dumps(trigger(way.key, "disk full", "k") | changes).encode()


def with_payload(way: Way, **changes: Any) -> bytes:
    """A good v2 event whose payload is changed."""
    good = trigger(way.key, "disk full", "k")
    return json.dumps(good | {"payload": good["payload"] | changes}).encode()


NO_JSON_OBJECTS = (
    b"", b" ", b"{", b"null", b"[]", b'"text"', b"7", b"\xff\xfe{}", b"{'a':1}", b'{"a":1}{', b"NaN",
    b'{"a":NaN}', b'{"a":Infinity}', b'{"a":01}', b"\xef\xbb\xbf{}x", b"[" * 100_000, b'{"a":' * 50_000,
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_what_is_no_json_object_is_400_in_the_wire_s_words(install: Install, path: str) -> None:
    for body in NO_JSON_OBJECTS:
        status, answer, _ = ask(install, "POST", path, body)
        assert (status, answer) == (400, NO_OBJECT), body[:20]


def test_everything_wrong_is_listed_at_once_in_order(install: Install) -> None:
    body = json.dumps({"routing_key": "short-", "event_action": "Trigger", "dedup_key": 7}).encode()
    status, answer, _ = ask(install, "POST", V2, body)
    assert status == 400
    assert (answer["status"], answer["message"]) == ("invalid event", "Event object is invalid")
    assert [problem.split(" is ")[0].split(" cannot ")[0] for problem in answer["errors"]] == [
        "Length of 'routing_key'", "'routing_key'", "'event_action'", "'dedup_key'",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"summary": ""}, ["'payload.summary' is missing or blank"]),
        (
            {"summary": None, "source": "  "},
            [f"'payload.{name}' is missing or blank" for name in ("summary", "source")],
        ),
        ({"severity": "CRITICAL"}, [SEVERITY]),
        ({"severity": ["error"]}, [SEVERITY]),
        ({"severity": {}, "source": 7}, ["'payload.source' is missing or blank", SEVERITY]),
    ],
)
def test_a_payload_s_problems_have_the_wire_s_words(
    install: Install, way: Way, changes: dict[str, Any], wrong: list[str]
) -> None:
    status, answer, _ = ask(install, "POST", V2, with_payload(way, **changes))
    assert (status, answer["errors"]) == (400, wrong)


def test_a_payload_that_is_none_lacks_everything(install: Install, way: Way) -> None:
    for payload in (None, "", [], 7, "text", True):
        status, answer, _ = ask(install, "POST", V2, event(way, payload=payload))
        assert (status, len(answer["errors"])) == (400, 3)


def test_a_malformed_key_is_400(install: Install, way: Way) -> None:
    for key in ("", None, 7, {}, "x" * 31, "x" * 33, "é" * 32, "x" * 31 + "\n", "\x00" * 32):
        status, answer, _ = ask(install, "POST", V2, event(way, routing_key=key))
        assert (status, answer["status"]) == (400, "invalid event")


def test_an_unknown_key_is_400_invalid_routing_key(install: Install, way: Way) -> None:
    for path, name in ((V2, "routing_key"), (CHANGE, "routing_key"), (V1, "service_key")):
        good = json.loads(event(way)) | {"event_type": "trigger", "description": "x", name: "0" * 32}
        status, answer, _ = ask(install, "POST", path, json.dumps(good).encode())
        assert (status, answer["errors"]) == (400, ["Invalid routing key"])


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
def test_an_answer_needs_a_good_dedup_key(install: Install, way: Way, action: str) -> None:
    for dedup in (None, "", 7, [], "k" * 256):
        status, answer, _ = ask(install, "POST", V2, event(way, event_action=action, dedup_key=dedup))
        assert status == 400
        assert "dedup_key" in answer["errors"][0]


def test_v1_s_problems_have_v1_s_words(install: Install, way: Way) -> None:
    body = json.dumps({"service_key": way.key, "event_type": "trigger"}).encode()
    assert ask(install, "POST", V1, body)[1]["errors"] == ["Description is missing or blank"]
    body = json.dumps({"service_key": way.key, "event_type": "fire"}).encode()
    assert ask(install, "POST", V1, body)[1]["errors"] == [
        "event_type is invalid (must be one of: trigger acknowledge resolve)"
    ]


def test_a_good_event_is_202_with_its_dedup_key_and_v1_is_200(install: Install, way: Way) -> None:
    status, answer, headers = ask(install, "POST", V2, event(way))
    assert (status, answer) == (202, {"status": "success", "message": "Event processed", "dedup_key": "k"})
    assert headers["content-type"] == "application/json"
    made = ask(install, "POST", V2, event(way, dedup_key=None))[1]["dedup_key"]
    assert len(made) >= 32
    v1 = json.dumps({"service_key": way.key, "event_type": "trigger", "description": "x", "incident_key": "i"}).encode()
    assert ask(install, "POST", V1, v1)[:2] == (
        200, {"status": "success", "message": "Event processed", "incident_key": "i"},
    )  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_other_methods_are_405(install: Install, path: str) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE", "HEAD"):
        assert ask(install, method, path)[0] == 405


@pytest.mark.parametrize("path", PATHS)
def test_a_browser_may_ask_and_send(install: Install, path: str) -> None:
    status, _, headers = ask(install, "OPTIONS", path, Origin="https://shop.example")
    assert (status, headers["access-control-allow-origin"]) == (204, "*")
    assert "POST" in headers["access-control-allow-methods"]
    assert ask(install, "POST", path, b"{")[2]["access-control-allow-origin"] == "*"


def test_slashes_at_the_end_content_types_and_authorization_do_not_matter(install: Install, way: Way) -> None:
    for path in ("/v2/enqueue/", "/v2/enqueue//", "/v2/enqueue?x=1"):
        for kind in ("application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded", ""):
            given = {"Content_Type": kind, "Authorization": "Token token=nonsense"}
            assert ask(install, "POST", path, event(way), **given)[0] == 202


def test_the_key_may_stand_in_the_path(install: Install, way: Way) -> None:
    body = json.dumps({"event_action": "trigger", "payload": trigger("", "x")["payload"], "dedup_key": "p"}).encode()
    assert ask(install, "POST", f"/integration/{way.key}/enqueue", body)[0] == 202
    assert ask(install, "POST", f"/integration/{'0' * 32}/enqueue", body)[0] == 400
    assert ask(install, "POST", "/integration/x%00y/enqueue", body)[0] == 400
    install.settle()
    assert [row.dedup_key for row in install.rows("SELECT dedup_key FROM alerts")] == ["p"]


def test_a_body_of_exactly_512_kb_is_taken_and_one_byte_more_is_413(install: Install, way: Way) -> None:
    room = LIMIT - len(with_payload(way, custom_details=""))
    assert ask(install, "POST", V2, with_payload(way, custom_details="x" * room))[0] == 202
    status, answer, _ = ask(install, "POST", V2, with_payload(way, custom_details="x" * (room + 1)))
    assert (status, set(answer)) == (413, {"status", "message", "errors"})
    install.settle()
    assert len(install.mails("alice")) == 1


def test_chunks_without_a_length_are_counted_too(install: Install, way: Way) -> None:
    whole = event(way)
    assert ask(install, "POST", V2, iter([whole[:10], whole[10:]]), Transfer_Encoding="chunked")[0] == 202
    assert ask(install, "POST", V2, (b" " * 65_536 for _ in range(12)), Transfer_Encoding="chunked")[0] == 413


def test_gzip_is_unpacked_and_a_bomb_stops_at_the_limit(install: Install, way: Way) -> None:
    assert ask(install, "POST", V2, gzip.compress(event(way)), Content_Encoding="gzip")[0] == 202
    assert ask(install, "POST", V2, gzip.compress(event(way)), Content_Encoding="GZIP")[0] == 202
    assert ask(install, "POST", V2, gzip.compress(b" " * 200_000_000, 9), Content_Encoding="gzip")[0] == 413
    install.settle()
    assert [row.event_count for row in install.rows("SELECT event_count FROM alerts")] == [2]


def test_broken_gzip_is_400(install: Install, way: Way) -> None:
    packed = gzip.compress(event(way))
    for body in (b"", b"no gzip", event(way), packed[:-4], packed[: len(packed) // 2], b"x" + packed):
        assert ask(install, "POST", V2, body, Content_Encoding="gzip")[0] == 400
    assert ask(install, "POST", V2, packed)[0] == 400


ODD = {
    "nul": '"a\\u0000b"', "a lone surrogate": '"\\ud800"', "half a pair": '"x\\udfffy"', "a huge number": "1" * 400,
    "a huge exponent": "1e400", "a tiny one": "1e-400", "beyond 64 bits": str(2**80), "minus zero": "-0",
    "a deep list": "[" * 400 + "]" * 400, "very deep": "[" * 20_000 + "]" * 20_000,
    "deep objects": '{"a":' * 300 + "1" + "}" * 300, "many keys": json.dumps({f"k{n}": n for n in range(10_000)}),
    "twice the same key": '{"a":1,"a":2}', "an empty key": '{"":1}', "a key of nul": '{"\\u0000":1}',
    "all of unicode's ends": '"\\ufffe\\uffff\\u2028\\u202e"', "emoji": '"🔥👩‍🚒"', "true": "true", "null": "null",
}  # fmt: skip


def send_all(install: Install, path: str, bodies: dict[str, str]) -> list[str]:
    """Send each body with its odd value in; the names of those that were taken. None may be answered with a 500."""
    taken = []
    for name, body in bodies.items():
        status, answer, _ = ask(install, "POST", path, body.encode())
        assert status in (200, 202, 400, 413), (name, answer)
        taken += [name] if status < 300 else []
    install.served.advance(seconds=61)
    assert install.rows("SELECT error FROM intake_parked") == []
    return taken


def assert_paged(install: Install, taken: list[str]) -> None:
    """Every event that was taken is an incident, and a mail told of it."""
    found = install.rows("SELECT id FROM incidents")
    assert len(found) == len(taken)
    assert [row.id for row in found if install.told(row.id) != ["success"]] == []


@pytest.mark.parametrize("place", ["custom_details", "summary", "class", "timestamp", "links", "images", "client"])
def test_odd_json_is_taken_or_refused_and_what_is_taken_pages(install: Install, way: Way, place: str) -> None:
    bodies = {}
    for name, odd in ODD.items():
        good = trigger(way.key, "disk full", name)
        (good if place in ("links", "images", "client") else good["payload"])[place] = "@"
        bodies[name] = json.dumps(good).replace('"@"', odd)
    taken = send_all(install, V2, bodies)
    assert len(taken) >= 3
    assert_paged(install, taken)


def test_odd_dedup_keys_are_taken_or_refused_and_what_is_taken_pages(install: Install, way: Way) -> None:
    bodies = {name: json.dumps(trigger(way.key, name, "@")).replace('"@"', odd) for name, odd in ODD.items()}
    taken = send_all(install, V2, bodies)
    assert {"nul", "emoji", "null", "all of unicode's ends"} <= set(taken)
    assert_paged(install, taken)


@pytest.mark.parametrize("place", ["links", "images"])
def test_odd_links_and_images_never_hold_a_page_back(install: Install, way: Way, place: str) -> None:
    item = dict.fromkeys(("href", "src", "text", "alt"), "@")
    both = [item, item | {"href": "https://x.example", "src": "https://x.example"}]
    bodies = {
        name: json.dumps(trigger(way.key, "disk full", name) | {place: both}).replace('"@"', odd)
        for name, odd in ODD.items()
    }
    assert_paged(install, send_all(install, V2, bodies))


@pytest.mark.parametrize("place", ["client", "client_url", "details", "contexts", "incident_key"])
def test_odd_v1_fields_are_taken_or_refused_and_what_is_taken_pages(install: Install, way: Way, place: str) -> None:
    bodies = {}
    for name, odd in ODD.items():
        good = {"service_key": way.key, "event_type": "trigger", "description": "x", "incident_key": name, place: "@"}
        bodies[name] = json.dumps(good).replace('"@"', odd)
    assert_paged(install, send_all(install, V1, bodies))


def test_odd_change_events_are_stored_or_refused(install: Install, way: Way) -> None:
    body = json.dumps({"routing_key": way.key, "payload": {"summary": "deploy", "custom_details": "@", "source": "@"}})
    taken = send_all(install, CHANGE, {name: body.replace('"@"', odd) for name, odd in ODD.items()})
    assert len(install.rows("SELECT 1 FROM change_events")) == len(taken) >= 10


def test_what_is_nested_near_the_reader_s_limit_never_blocks_the_lane(install: Install, way: Way) -> None:
    taken = []
    for depth in (480, 990, 993, 995, 996, 997):
        deep = json.loads(with_payload(way, custom_details="@")) | {"dedup_key": f"d{depth}"}
        body = json.dumps(deep).replace('"@"', "[" * depth + "]" * depth).encode()
        taken += [depth] if ask(install, "POST", V2, body)[0] == 202 else []
    install.settle()
    assert taken == [480]
    assert install.rows("SELECT 1 FROM intake_pending") == []


def test_an_over_long_summary_is_cut_never_refused(install: Install, way: Way) -> None:
    assert ask(install, "POST", V2, with_payload(way, summary="é" * 5000))[0] == 202
    install.settle()
    assert install.rows("SELECT title FROM incidents")[0].title == "é" * 1024


def test_a_change_makes_no_alert_and_its_key_is_the_event_s(install: Install, way: Way) -> None:
    body = json.dumps({"routing_key": way.key, "payload": {"summary": "deployed"}, "links": [{"href": "https://x"}]})
    status, answer, _ = ask(install, "POST", CHANGE, body.encode())
    assert (status, answer) == (202, {"status": "success", "message": "Change event processed"})
    install.settle()
    (change,) = install.rows("SELECT * FROM change_events")
    assert (change.service_id, change.summary, change.links[0]["href"]) == (way.service, "deployed", "https://x")
    assert install.rows("SELECT 1 FROM alerts") == []


def test_64_connections_of_ordered_pairs_end_resolved(install: Install, way: Way) -> None:
    async def pairs() -> list[int]:
        async with httpx2.AsyncClient(base_url=install.served.base, timeout=30) as client:
            answers = await asyncio.gather(*(_pair(client, way, n) for n in range(64)))
        return [status for pair in answers for status in pair]

    assert set(asyncio.run(pairs())) == {202}
    install.settle()
    (row,) = install.rows("SELECT count(*) AS all, count(*) FILTER (WHERE status = 'resolved') AS over FROM alerts")
    assert (row.all, row.over) == (256, 256)
    assert install.rows("SELECT 1 FROM incidents WHERE status <> 'resolved'") == []


async def _pair(client: httpx2.AsyncClient, way: Way, number: int) -> list[int]:
    """Four times: trigger, then resolve, on one connection."""
    answers = []
    for turn in range(4):
        dedup = f"{number}-{turn}"
        for action in ("trigger", "resolve"):
            body = trigger(way.key, "flapping", dedup) | {"event_action": action}
            answers.append((await client.post(V2, json=body)).status_code)
    return answers
