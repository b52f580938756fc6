"""Start, adopt and stop the embedded PostgreSQL.

1. All of starting and stopping happens under one exclusive lock: of two processes one starts and one adopts.
2. While a process uses the server it holds a shared lock; whoever leaves last stops the server.
"""

import contextlib
import fcntl
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import quote

import psycopg

from tocsin.core.postgres import account, binaries, cluster, postmaster
from tocsin.core.postgres.account import Account
from tocsin.core.postgres.cluster import DATABASE, SOCKET_PORT, USER, Folder
from tocsin.core.postgres.errors import PostgresUnavailable
from tocsin.core.postgres.postmaster import Postmaster

START_SECONDS = 600.0  # recovery after a crash may have a gigabyte of log to read
READY_SECONDS = 30.0
PATIENCE_SECONDS = 3.0
TRIES = 5
SHARED_MEMORY = "pre-existing shared memory block"
OTHER_PLACE = "choose another TOCSIN_DATA_DIR, or give TOCSIN_DATABASE_URL"


def _silent(_: str) -> None:
    return None


@dataclass
class EmbeddedPostgres:
    """A server that answers. `started` is False when it ran already; `version` is like `18.4`."""

    url: str = field(repr=False)
    pid: int
    version: str
    started: bool
    _folder: Folder = field(repr=False)
    _in_use: int | None = field(repr=False)

    def stop(self) -> None:
        """Leaves the server; stops it (fast shutdown) when no other process uses it."""
        if self._in_use is None:
            return
        descriptor, self._in_use = self._in_use, None
        with _locked(self._folder, _silent):
            try:
                if _alone(descriptor):
                    postmaster.stop(self._folder.data)
            finally:
                os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(
    data_dir: Path,
    on_message: Callable[[str], None] = _silent,
    *,
    bindir: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> EmbeddedPostgres:
    """The PostgreSQL below `data_dir`: adopted when it runs, else started, else made.

    `on_message` gets a line before each step that takes time; `bindir` names other programs than the wheel's;
    `settings` are for a server started here. Raises PostgresUnavailable with one line.
    """
    folder = Folder(data_dir.absolute() / "postgres")
    try:
        folder.root.mkdir(parents=True, exist_ok=True)
        folder = Folder(folder.root.resolve())
        with _locked(folder, on_message):
            return _adopt_or_start(folder, on_message, bindir, settings or {})
    except OSError as error:
        where = error.filename or folder.root
        raise PostgresUnavailable(
            f"the embedded PostgreSQL cannot use {where}: {error.strerror or error}", OTHER_PLACE
        ) from error


def _adopt_or_start(
    folder: Folder, on_message: Callable[[str], None], bindir: Path | None, settings: Mapping[str, str]
) -> EmbeddedPostgres:
    in_use = _descriptor(folder.root / "in-use.lock")
    try:
        fcntl.flock(in_use, fcntl.LOCK_SH)
        running = _answering(folder, on_message)
        started = running is None
        if running is None:
            running = _start(folder, on_message, bindir, settings)
        with _connect(folder, running, "postgres") as connection:
            version = _ready(connection)
        return EmbeddedPostgres(_url(folder, running), running.pid, version, started, folder, in_use)
    except psycopg.OperationalError as error:
        os.close(in_use)
        raise PostgresUnavailable(f"the PostgreSQL of {folder.root} went away: {error}", _look(folder)) from error
    except BaseException:
        os.close(in_use)
        raise


def _ready(connection: psycopg.Connection) -> str:
    """Our database is there; the server's version."""
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
        connection.execute(f"CREATE DATABASE {DATABASE}")
    return connection.info.parameter_status("server_version") or "unknown"


def _answering(folder: Folder, on_message: Callable[[str], None]) -> Postmaster | None:
    """The live server once it answers; None where none is alive (any more)."""
    begun, told, why = time.monotonic(), False, "it is still starting"
    while (running := postmaster.find(folder.data)) is not None:
        if ready := postmaster.complete(folder.data, running.pid):
            try:
                _connect(folder, running, "postgres").close()
                return running
            except psycopg.OperationalError as error:
                why = str(error)
        waited = time.monotonic() - begun
        if waited > (READY_SECONDS if ready else START_SECONDS):
            raise PostgresUnavailable(
                f"PostgreSQL (process {running.pid}) of {folder.root} runs but does not answer: {why}", _look(folder)
            )
        if waited > PATIENCE_SECONDS and not told:
            on_message(f"Waiting for PostgreSQL in {folder.root}: {why}")
            told = True
        time.sleep(postmaster.STEP_SECONDS)
    return None


def _start(
    folder: Folder, on_message: Callable[[str], None], bindir: Path | None, settings: Mapping[str, str]
) -> Postmaster:
    programs = account.choose(folder.root, binaries.for_cluster(folder.data, bindir), on_message)
    folder.prepare(programs)
    if binaries.cluster_version(folder.data) is None:
        _refuse_foreign(folder)
        on_message(f"Making a new PostgreSQL database in {folder.data}")
        cluster.make(folder, programs)
    for how in (signal.SIGQUIT, *(signal.SIGKILL,) * (TRIES - 1)):
        cluster.write_settings(folder, programs, None if _can_listen(folder) else _free_port(), settings)
        why = _try_start(folder, programs, on_message)
        running = _answering(folder, on_message) if why is None else None
        if running is not None:
            return running
        if SHARED_MEMORY in (why or ""):
            on_message("Ending what is left of a PostgreSQL that died")
            postmaster.end_orphans(folder.data, how)
        elif "Address already in use" not in (why or ""):
            break
        time.sleep(0.2)
    raise PostgresUnavailable(
        f"PostgreSQL in {folder.root} does not start: {why or _last_words(folder)}", _look(folder)
    )


def _try_start(folder: Folder, programs: Account, on_message: Callable[[str], None]) -> str | None:
    """Starts the server; None once it listens, else the reason why not."""
    postmaster.forget_stale(folder.data)
    cluster.write_private(folder.start_log, "", programs)
    pid = programs.launch(folder.start_log, "postgres", "-D", str(folder.data))
    begun, told = time.monotonic(), False
    while not postmaster.complete(folder.data, pid):
        if not postmaster.lives(pid):
            return _last_words(folder) or f"it ended at once, see {folder.start_log}"
        if time.monotonic() - begun > PATIENCE_SECONDS and not told:
            on_message(f"Waiting for PostgreSQL in {folder.root}: it recovers after a crash")
            told = True
        time.sleep(postmaster.STEP_SECONDS)
    return None


def _last_words(folder: Folder) -> str:
    """Why the server ended, from its start log, else from the newest of its logs."""
    logs = sorted(folder.log.glob("*.log"), key=lambda path: path.stat().st_mtime)
    for path in (folder.start_log, *logs[-1:]):
        text = path.read_text(encoding="utf-8", errors="replace")
        if any(word in text for word in ("FATAL:", "PANIC:", "could not")):
            return cluster.reason(text)
    return ""


def _refuse_foreign(folder: Folder) -> None:
    if folder.data.exists() and any(folder.data.iterdir()):
        raise PostgresUnavailable(
            f"{folder.data} is not empty and holds no PostgreSQL cluster (no PG_VERSION)",
            "restore it from a backup, move it away, or choose another TOCSIN_DATA_DIR",
        )


def _can_listen(folder: Folder) -> bool:
    """Can a socket in our folder be used? Not with a path above 107 bytes, nor on every file system.

    A comma in a path separates hosts for every client.
    """
    if "," in str(folder.socket):
        return False
    for left in (folder.socket, folder.socket.with_name(folder.socket.name + ".lock")):
        left.unlink(missing_ok=True)  # the cluster's own lock file guards both
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.bind(str(folder.socket))
    except OSError:
        return False
    folder.socket.unlink()
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _url(folder: Folder, running: Postmaster, database: str = DATABASE) -> str:
    """Percent-encoded throughout, so that SQLAlchemy and libpq (without `+psycopg`) read the same."""
    if running.port is None:
        return f"postgresql+psycopg://{USER}@/{database}?host={quote(str(folder.run), safe='')}&port={SOCKET_PORT}"
    password = quote(folder.password.read_text(encoding="utf-8"), safe="")
    return f"postgresql+psycopg://{USER}:{password}@127.0.0.1:{running.port}/{database}?sslmode=disable"


def _connect(folder: Folder, running: Postmaster, database: str) -> psycopg.Connection:
    plain = _url(folder, running, database).replace("+psycopg", "", 1)
    return psycopg.connect(plain, autocommit=True, connect_timeout=10)


def _look(folder: Folder) -> str:
    return f"look into {folder.log} and {folder.start_log}, or give TOCSIN_DATABASE_URL"


def _descriptor(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _alone(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def _locked(folder: Folder, on_message: Callable[[str], None]) -> Iterator[None]:
    descriptor = _descriptor(folder.root / "start.lock")
    try:
        if not _alone(descriptor):
            on_message("Another process is starting or stopping the embedded PostgreSQL: waiting for it")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
