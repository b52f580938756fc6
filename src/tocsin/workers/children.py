"""The parent of a server's processes: starts them, starts a dead one again within a second, ends them all (SPINE 9)."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

log = structlog.get_logger()

LOOK_EVERY = 0.2
CRASH_LOOP = 5.0
PATIENCE = 20.0


@dataclass(slots=True)
class Child:
    """One process: its name, how to start it, what to do when it died."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    fds: Sequence[int] = ()
    died: Callable[[], None] = lambda: None
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_after: float = 0.0
    quick_deaths: int = 0

    def start(self) -> None:
        """Start it."""
        self.process = subprocess.Popen(self.command, env=dict(self.env), pass_fds=tuple(self.fds))
        self.started_at = time.monotonic()

    def look(self, now: float) -> None:
        """Start it again if it is dead; one that dies at once again and again waits, up to five seconds."""
        if self.process is None:
            if now >= self.start_after:
                self.start()
            return
        code = self.process.poll()
        if code is None:
            return
        lived = now - self.started_at
        log.error("process died", name=self.name, pid=self.process.pid, code=code, lived=round(lived, 1))
        self.process = None
        self.quick_deaths = self.quick_deaths + 1 if lived < CRASH_LOOP else 0
        self.start_after = now + min(self.quick_deaths * 0.25, CRASH_LOOP)
        self.died()


def command(*words: str) -> list[str]:
    """The command line of a child of ours."""
    return [sys.executable, "-m", "tocsin.cli", "child", *words]


class Family:
    """All children of one server."""

    def __init__(self, children: Sequence[Child]):
        self.children = children
        self.stopping = False

    def run(self) -> None:
        """Keep them alive until told to stop, then end them."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._stop)
        while not self.stopping:
            for child in self.children:
                self._look(child)
            time.sleep(LOOK_EVERY)
        self.end()

    def _look(self, child: Child) -> None:
        try:
            child.look(time.monotonic())
        except Exception:
            log.exception("cannot look after a process", name=child.name)

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def end(self) -> None:
        """Ask all to end, wait, then kill what is left."""
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + PATIENCE
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
