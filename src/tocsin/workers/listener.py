"""Waking loops the moment there is work: LISTEN on one connection, an event a channel.

A lost notification costs the loops' resting time, never the work: every loop also looks by itself.
"""

import threading
import time
from contextlib import suppress

import psycopg
import structlog

from tocsin.core.intake_log import CHANNEL as INTAKE
from tocsin.webhooks.store.queues import HOOK

WORK = "tocsin_work"
SEND = "tocsin_send"
CHANNELS = (INTAKE, WORK, SEND, HOOK)

log = structlog.get_logger()


class Listener(threading.Thread):
    """Sets `events[channel]` for every notification."""

    def __init__(self, url: str, events: dict[str, list[threading.Event]]):
        super().__init__(name="listener", daemon=True)
        self._dsn = url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._events = events
        self.stopping = False

    def run(self) -> None:
        """Listen, and connect again whenever the connection is lost."""
        while not self.stopping:
            try:
                self._listen()
            except psycopg.Error as error:
                log.warning("listener away", error=str(error).splitlines()[0])
                time.sleep(1)

    def _listen(self) -> None:
        with psycopg.connect(self._dsn, autocommit=True, connect_timeout=5, application_name="tocsin listener") as conn:
            for channel in CHANNELS:
                conn.execute(f"LISTEN {channel}")
            self._wake_all()
            while not self.stopping:
                for notice in conn.notifies(timeout=1.0):
                    for event in self._events.get(notice.channel, ()):
                        event.set()

    def _wake_all(self) -> None:
        for events in self._events.values():
            for event in events:
                event.set()

    def stop(self) -> None:
        """End within a second."""
        self.stopping = True
        with suppress(RuntimeError):
            self.join(timeout=2)
