"""A real `tocsin serve` in processes of its own, for end-to-end tests and for proof."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[2]


class Served:
    """A running server. `env` are further TOCSIN_ settings; a port of 0 is chosen by the system."""

    words: tuple[str, ...] = ()  # further words of its command line

    def __init__(self, place: Path, port: int, processes: int = 1, **env: str):
        self.base = f"http://127.0.0.1:{port}"
        self.place = place
        self.log = (place / f"serve-{port}.log").open("ab")
        settings = {"TOCSIN_DATA_DIR": str(place / "var"), "TOCSIN_PORT": str(port), "TOCSIN_TEST_CLOCK": "1", **env}
        given = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
        path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tocsin.cli", "serve", "--processes", str(processes), *self.words],
            env={**given, "PYTHONPATH": path, **settings},
            cwd=place,
            stdout=self.log,
            stderr=self.log,
        )

    def ready(self, seconds: float = 30) -> "Served":
        """Wait until it is ready to serve."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"serve ended with {self.process.returncode}:\n{self.tail()}")
            try:
                if self.call("GET", "/readyz")[0] == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"not ready within {seconds} s:\n{self.tail()}")

    def tail(self, lines: int = 40) -> str:
        """The end of its log."""
        return "\n".join(Path(self.log.name).read_text(errors="replace").splitlines()[-lines:])

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """One request: (status, decoded JSON)."""
        data = None if body is None else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json", **named})
        request.method = method
        try:
            with urllib.request.urlopen(request, timeout=150) as answer:
                content = answer.read()
                return answer.status, json.loads(content) if content else None
        except urllib.error.HTTPError as error:
            content = error.read()
            try:
                return error.code, json.loads(content)
            except ValueError:
                return error.code, content.decode(errors="replace")

    def text(self, path: str, method: str = "GET") -> str:
        """A page that is no JSON."""
        request = urllib.request.Request(self.base + path, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return str(answer.read().decode())

    def advance(self, **duration: float) -> None:
        """Move the test clock: `advance(minutes=5)`."""
        units = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
        seconds = sum(units[unit] * count for unit, count in duration.items())
        status, answer = self.call("POST", "/_test/clock", {"advance_seconds": seconds})
        assert status == 200, answer

    def children(self, kind: str = "") -> list[psutil.Process]:
        """Its HTTP and worker processes (`kind`: "http" or "worker")."""
        found = []
        for process in psutil.Process(self.process.pid).children():
            try:
                words = process.cmdline()
            except psutil.Error:
                continue
            if "tocsin.cli" in words and "child" in words and (not kind or kind in words):
                found.append(process)
        return found

    def stop(self, patience: float = 40) -> None:
        """End it in order."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(patience)
        self.log.close()

    def __enter__(self) -> "Served":
        return self.ready()

    def __exit__(self, *_: object) -> None:
        self.stop()


def trigger(key: str, summary: str, dedup: str | None = None, **payload: Any) -> dict[str, Any]:
    """An Events API v2 trigger."""
    body = {"summary": summary, "source": "db1", "severity": "critical", **payload}
    event: dict[str, Any] = {"routing_key": key, "event_action": "trigger", "payload": body}
    return event | ({"dedup_key": dedup} if dedup else {})
