"""`tocsin serve`: prepare the database, then look after the processes until told to stop."""

import os
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import structlog
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from tocsin import main
from tocsin.core import schema
from tocsin.core.secret_keys import keys_of
from tocsin.core.settings import Settings
from tocsin.notifications.channels.email.sink import MailSink
from tocsin.upkeep.reseal import survey
from tocsin.workers.children import Child, Family, command
from tocsin.workers.housekeeping import bury, make_ahead

log = structlog.get_logger()
Say = Callable[[str], None]


def prepare(settings: Settings, say: Say, wait: bool = True) -> None:
    """Bring the database's schema up to date, make today's partition; a server waits for its database."""
    assert settings.database_url is not None
    if wait:
        wait_for(settings.database_url, say)
    schema.upgrade(settings.database_url)
    database = main.database_of(settings)
    make_ahead(database)
    database.close()


def say_unopened(settings: Settings, say: Say) -> None:
    """Say which stored secrets our keys do not open: after a restore beside another key, or on a new node."""
    database = main.database_of(settings, pool=1)
    try:
        for line in database.run(survey).lines:
            say(f"STORED SECRETS CANNOT BE OPENED: {line}")
    finally:
        database.close()


def wait_for(url: str, say: Say) -> None:
    """Return once the database answers; says every few seconds that it does not."""
    engine = create_engine(url, connect_args={"connect_timeout": 3})
    tries = 0
    while True:
        try:
            with engine.connect() as conn:
                conn.execute(text("SELECT 1"))
            engine.dispose()
            return
        except OperationalError as error:
            if tries % 5 == 0:
                say(f"waiting for the database: {str(error.orig).strip().splitlines()[0]}")
            tries += 1
            time.sleep(1)


def serve(settings: Settings, say: Say, ready: Callable[[Settings], None] = lambda _: None) -> None:
    """Run everything until SIGTERM or SIGINT. `ready(settings)` runs once, with the resolved settings."""
    main.check(settings)
    with ExitStack() as cleanup:
        embedded = main.start_postgres(settings, say)
        if embedded is not None:
            cleanup.callback(embedded.stop)
            settings = settings.model_copy(update={"database_url": embedded.url})
        newest, *older = keys_of(settings)
        settings = settings.model_copy(update={"secret_key": newest, "secret_keys_old": tuple(older)})
        prepare(settings, say)
        say_unopened(settings, say)
        listener = main.open_socket(settings)
        if settings.port == 0:
            settings = settings.model_copy(update={"port": listener.getsockname()[1]})
        sink = _sink(settings, cleanup)
        if settings.test_clock:
            say("TEST CLOCK IS ON: whoever reaches this server can move its time. Never use it for real pages.")
        ready(settings)
        Family(_children(settings, listener, sink)).run()


def _sink(settings: Settings, cleanup: ExitStack) -> int | None:
    if settings.smtp_url:
        return None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    sink = MailSink(main.mail_folder(settings), port)
    sink.start()
    cleanup.callback(sink.stop)
    return port


def _children(settings: Settings, listener: socket.socket, sink: int | None) -> list[Child]:
    env = _environment(settings)
    children = []
    for n in range(settings.processes):
        if {"web", "intake"} & set(settings.roles):
            words = command("http", "--fd", str(listener.fileno()))
            children.append(Child(f"http {n}", words, env, [listener.fileno()]))
        if "worker" in settings.roles:
            children.append(_worker(settings, n, env, sink))
    return children


def _worker(settings: Settings, n: int, env: dict[str, str], sink: int | None) -> Child:
    owner = f"{socket.gethostname()}:{os.getpid()}:{n}"
    words = command("worker", "--owner", owner, *(("--sink", str(sink)) if sink else ()))

    def buried() -> None:
        database = main.database_of(settings, pool=1)
        database.run(lambda tx: bury(tx, owner))
        database.close()

    return Child(f"worker {n}", words, env, died=buried)


def _environment(settings: Settings) -> dict[str, str]:
    """What children read: this process's own environment with the settings as they came out."""
    numbers = (settings.data_dir / "metrics").absolute()
    numbers.mkdir(parents=True, exist_ok=True)
    for old in numbers.glob("*.db"):
        old.unlink()
    given = {
        name: _plain(value) for name, value in settings.model_dump().items() if value is not None and name != "port"
    }
    env = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    env |= {f"TOCSIN_{name.upper()}": value for name, value in given.items()}
    return env | {"TOCSIN_PORT": str(settings.port), "PROMETHEUS_MULTIPROC_DIR": str(numbers)}


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, Path):
        return str(value.absolute())
    return str(int(value)) if isinstance(value, bool) else str(value)
