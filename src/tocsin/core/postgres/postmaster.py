"""The server process of one cluster: is it alive, as what does it listen, how does it end.

1. `postmaster.pid` counts only while its process is alive *and* runs on this very cluster: after a reboot the same
   number is often another process.
2. A stale file is never deleted: PostgreSQL itself must still look whether backends of the dead server hold its memory.
"""

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

STEP_SECONDS = 0.02
FAST_SECONDS = 60.0
IMMEDIATE_SECONDS = 10.0
NO_SUCH_PROCESS = 2**31 - 1  # above every pid_max


@dataclass(frozen=True)
class Postmaster:
    """A live server as its `postmaster.pid` tells; `port` is None while it listens on the socket alone."""

    pid: int
    port: int | None


def find(data: Path) -> Postmaster | None:
    """The live server of the cluster in `data`, whether it answers yet or not."""
    lines = _lines(data)
    if not lines or not lines[0].strip().isdigit():
        return None
    pid = int(lines[0])
    if not runs_on(pid, data):
        return None
    over_tcp = len(lines) > 5 and lines[5].strip() != ""
    return Postmaster(pid, int(lines[3]) if over_tcp else None)


def complete(data: Path, pid: int) -> bool:
    """Has the server `pid` written all of its file, that is, does it accept connections?"""
    lines = _lines(data)
    return len(lines) > 7 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def runs_on(pid: int, data: Path) -> bool:
    """Is `pid` a live PostgreSQL server of the cluster in `data`? A zombie is not alive."""
    if not Path("/proc/self").exists():
        return lives(pid)
    with contextlib.suppress(OSError):
        if str(data).encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
            return True
    return _works_in(pid, data)


def lives(pid: int) -> bool:
    """Is there a process `pid` that has not ended? While it is replaced by its program its arguments read empty."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except (ProcessLookupError, PermissionError):
        return False
    except OSError:
        return not Path("/proc/self").exists()
    return state not in {"Z", "X"}


def forget_stale(data: Path) -> None:
    """Makes a file whose number is now another process's say `nobody`, so that PostgreSQL does not refuse to start."""
    lines = _lines(data)
    if lines and find(data) is None:
        file = data / "postmaster.pid"
        file.write_text(
            "\n".join([str(NO_SUCH_PROCESS), *lines[1:]]) + "\n", encoding="utf-8", errors="surrogateescape"
        )


def orphans(data: Path) -> list[int]:
    """Processes of a server that died: a busy one does not notice, and blocks the next start."""
    numbers = [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]
    return [pid for pid in numbers if pid != os.getpid() and _works_in(pid, data)]


def end_orphans(data: Path, how: signal.Signals) -> None:
    if find(data) is None:
        for pid in orphans(data):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, how)


def stop(data: Path) -> None:
    """Fast shutdown; after a minute without end the immediate one (the next start then recovers)."""
    for how, seconds in ((signal.SIGINT, FAST_SECONDS), (signal.SIGQUIT, IMMEDIATE_SECONDS)):
        running = find(data)
        if running is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(running.pid, how)
        if _ended(running.pid, data, seconds):
            return


def _ended(pid: int, data: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while runs_on(pid, data):
        if time.monotonic() > deadline:
            return False
        time.sleep(STEP_SECONDS)
    return True


def _works_in(pid: int, data: Path) -> bool:
    # Every process of a server works in its cluster, and nothing else does; ours in name only is a shell.
    try:
        named = Path(f"/proc/{pid}/comm").read_text().startswith("postgres")
        return named and os.readlink(f"/proc/{pid}/cwd") == str(data)
    except OSError:
        return False


def _lines(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except FileNotFoundError:
        return []
