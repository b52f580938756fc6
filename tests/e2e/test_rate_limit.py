"""A limit of events a minute, when it is set: repeats of what is open are still taken (core:E26, E29, SPINE 11)."""

from pathlib import Path

from tests.e2e.install import installed
from tests.e2e.served import trigger


def test_over_the_limit_only_what_would_be_new_is_refused(pg_url: str, tmp_path: Path) -> None:
    with installed(pg_url, tmp_path, TOCSIN_EVENTS_RATE_LIMIT="3") as install:
        way, call = install.service(), install.served.call
        install.fire(way, dedup="open")
        new = [call("POST", "/v2/enqueue", trigger(way.key, "x", f"k{n}")) for n in range(4)]
        assert [status for status, _ in new] == [202, 202, 429, 429]
        assert set(new[-1][1]) == {"status", "message", "errors"}
        assert call("POST", "/v2/enqueue", trigger(way.key, "again", "open"))[0] == 202
        resolve = {"routing_key": way.key, "event_action": "resolve", "dedup_key": "open"}
        assert call("POST", "/v2/enqueue", resolve)[0] == 202
        old = {"service_key": way.key, "event_type": "trigger", "description": "x"}
        assert call("POST", "/generic/2010-04-15/create_event.json", old)[0] == 403
        assert call("POST", "/v2/enqueue", trigger(install.service().key, "another key", "k"))[0] == 202
