"""A worker process: every loop of it, started and stopped together."""

import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.core import heartbeats
from tocsin.core.db import Database
from tocsin.core.intake_log import CHANNEL as INTAKE
from tocsin.core.outbound import Outbound
from tocsin.notifications.commands import planning
from tocsin.notifications.commands.sending import Addresses
from tocsin.status_pages.commands import planning as updates
from tocsin.webhooks.addresses import LinksOf
from tocsin.webhooks.store.queues import HOOK
from tocsin.workers.auditing import audit
from tocsin.workers.hooks import FOLLOW_EVERY, Follow, HookSender
from tocsin.workers.housekeeping import Beating, Housekeeping
from tocsin.workers.listener import SEND, WORK, Listener
from tocsin.workers.loops import LOOKS, Loop, TimerWork, decide_events
from tocsin.workers.sender import Lane, Sender

AUDIT_EVERY = 15.0
TIDY_EVERY = 60.0
LOOK_EVERY = 1.0  # what a window holds opens within this of its end
REST = 4.0  # notifications wake these loops; this is for one that was lost
EVENT_LOOPS = 2  # while one decides a storm, another takes what comes in beside it
GIL_TURN = 0.0005  # at the default of 5 ms a page waits 30 turns of a storm: one for each round trip it makes


@dataclass(frozen=True, slots=True)
class Hooks:
    """What webhooks are sent with: the guard of outgoing requests, and the addresses that stand in payloads."""

    outbound: Outbound
    links_of: LinksOf


class Worker:
    """Decides events, fires timers, plans and sends pages, sends webhooks, audits, tidies up."""

    def __init__(
        self, database: Database, owner: str, lanes: Sequence[Lane], urls: Addresses, hooks: Hooks, retention_days: int
    ):
        woken = ("timers", "looks", "planner", "updates", "follow")
        wake = {name: threading.Event() for name in (*woken, "auditor", "tidy", "heart", "hooks")}
        event_wakes = [threading.Event() for _ in range(EVENT_LOOPS)]
        timers, looks = TimerWork(database), TimerWork(database, LOOKS)
        lane_wakes = [threading.Event() for _ in lanes]
        self._loops: list[Loop | Sender | HookSender] = [
            *(Loop(f"events {n}", lambda: decide_events(database, owner), w, REST) for n, w in enumerate(event_wakes)),
            Loop("timers", timers, wake["timers"], rest=timers.rest),
            Loop("looks", looks, wake["looks"], rest=LOOK_EVERY),
            Loop("planner", lambda: database.run(planning.plan) > 0, wake["planner"], rest=REST),
            Loop("updates", lambda: database.run(updates.plan) > 0, wake["updates"], rest=REST),
            Loop("auditor", lambda: audit(database), wake["auditor"], rest=AUDIT_EVERY),
            Loop("heart", Beating(database, owner, "worker"), wake["heart"], rest=heartbeats.EVERY),
            Loop("follow", Follow(database, hooks.links_of), wake["follow"], rest=FOLLOW_EVERY),
            HookSender(database, owner, hooks.outbound, hooks.links_of, wake["hooks"]),
            Loop("tidy", Housekeeping(database, retention_days), wake["tidy"], rest=TIDY_EVERY),
            *(Sender(database, owner, lane, urls, event) for lane, event in zip(lanes, lane_wakes, strict=True)),
        ]
        self._listener = Listener(
            database.url,
            {
                INTAKE: event_wakes,
                WORK: [wake[name] for name in woken],
                SEND: [*lane_wakes, wake["hooks"]],
                HOOK: [wake["hooks"]],
            },
        )

    def start(self) -> None:
        """Begin to work."""
        sys.setswitchinterval(GIL_TURN)
        self._listener.start()
        for loop in self._loops:
            loop.start()

    def stop(self, patience: float = 10.0) -> None:
        """Finish what is in hand, then end."""
        for loop in self._loops:
            loop.stop()
        self._listener.stop()
        for loop in self._loops:
            loop.join(patience)
