"""From an event's 202 request to the mail server, on an idle system: p50 and p99 (goal: p99 250 ms).

Each event goes to another service with another person on call, so that no page waits for the end of a bundle's minute.
The time runs from before the HTTP request to the mail's arrival in a real SMTP server.

    python -m bench latency
"""

import time
from collections.abc import Sequence

import httpx2
from tests.e2e.served import trigger

from bench.figures import Figure, percentile, progress
from bench.installed import TimedPostbox, desks, installed, people, serve, wait_until

EVENTS = 200
EVERY = 0.15


def figures(quick: bool = False) -> Sequence[Figure]:
    """Send, wait, compare."""
    count = 20 if quick else EVENTS
    with installed() as install, TimedPostbox() as postbox:
        with install.database.begin() as tx:
            places = desks(tx.conn, people(tx.conn, install.seeded.people["alice"], count + 5))
        with serve(install, smtp=postbox.url) as served:
            time.sleep(1.0)
            progress(f"latency: {count} events, one every {EVERY * 1000:.0f} ms")
            send_spaced(served.base, places[:5], EVERY)
            sent = send_spaced(served.base, places[5:], EVERY)
            wait_until(lambda: all(postbox.first(name) for name in sent), 15, "every page arrived")
    took = [(postbox.first(name) or 0.0) - at for name, at in sent.items()]
    return [
        Figure("event to SMTP, idle, p50", _ms(percentile(took, 0.5)), "ms"),
        Figure("event to SMTP, idle, p99", _ms(percentile(took, 0.99)), "ms", most=250, note=f"{count} events"),
    ]


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def send_spaced(base: str, places: Sequence[tuple[str, str]], every: float) -> dict[str, float]:
    """One event to each place in turn, `every` seconds apart: name -> when its request began."""
    sent = {}
    due = time.monotonic()
    with httpx2.Client(base_url=base, timeout=10) as client:
        for name, key in places:
            time.sleep(max(0.0, due - time.monotonic()))
            due += every
            began = time.monotonic()
            answer = client.post("/v2/enqueue", json=trigger(key, f"a problem of {name}", f"bench {name}"))
            assert answer.status_code == 202, answer.text
            sent[name] = began
    return sent
