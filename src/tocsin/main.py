"""The composition root: settings become a running server (HOUSE: ports are filled here and nowhere else)."""

import asyncio
import os
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

import structlog
import uvicorn
from sqlalchemy import Connection

from tocsin import operations
from tocsin.accounts.commands import links
from tocsin.accounts.store.responders import held
from tocsin.core import due_work, effects, intake_log, postgres, timers
from tocsin.core.clock import Clock
from tocsin.core.db import Database
from tocsin.core.due_work import Source
from tocsin.core.outbound import Outbound
from tocsin.core.secret_keys import sealer_of, signer_of
from tocsin.core.settings import Settings, SettingsError
from tocsin.events.group_commit import GroupCommit
from tocsin.events.http import EventsDoor, Now
from tocsin.events.keys import Keys
from tocsin.events.limits import Limits
from tocsin.notifications.channels.email.headers import BadAddress, mailbox
from tocsin.notifications.channels.email.smtp import SmtpChannel
from tocsin.notifications.channels.email.smtp_url import parse_smtp_url
from tocsin.notifications.commands.broadcasting import LANE as UPDATES
from tocsin.notifications.commands.sending import Addresses
from tocsin.notifications.links import answer_url, unsubscribe_url
from tocsin.notifications.store import sends
from tocsin.rest.address import proxies
from tocsin.status_pages.commands import planning as updates
from tocsin.webhooks.addresses import links_of
from tocsin.webhooks.commands import following
from tocsin.webhooks.store import queues
from tocsin.workers.bounded import as_many_as_the_system_allows, sweep, within
from tocsin.workers.front import App, Front, Lifespan
from tocsin.workers.health import Health
from tocsin.workers.sender import Lane
from tocsin.workers.standing import Standing
from tocsin.workers.worker import Hooks, Worker

log = structlog.get_logger()


def unless_held(name: str, busy: Callable[[Connection], bool], due: Callable[[Connection], datetime | None]) -> Source:
    """Work that rests while the install is held: nobody may wait for it."""
    return Source(name, lambda c: not held(c) and busy(c), lambda c: None if held(c) else due(c))


#: Everything that the test clock must wait for, or step to (SPINE 5); later packages add theirs here.
DUE_WORK = (
    Source("intake", lambda conn: intake_log.backlog(conn) > 0, due_work.never),
    unless_held("effects", effects.waiting, due_work.never),
    unless_held("status updates", updates.waiting, due_work.never),
    unless_held("timers", due_work.idle, timers.next_due),
    unless_held("sends", sends.in_flight, sends.next_due),
    unless_held("webhooks to make", following.waiting, due_work.never),
    unless_held("webhooks", queues.in_flight, queues.next_due),
)
SEND_TIMEOUT = timedelta(seconds=60)


def check(settings: Settings) -> None:
    """Refuse settings that would only fail in a child, again and again: one line that names the setting."""
    if settings.smtp_url:
        parse_smtp_url(settings.smtp_url)
    try:
        mailbox(settings.mail_from, "Tocsin")
    except BadAddress as error:
        raise SettingsError(f"TOCSIN_MAIL_FROM: {error}") from None
    try:
        proxies(settings.trusted_proxies)
    except ValueError as error:
        raise SettingsError(f"TOCSIN_TRUSTED_PROXIES: {error}") from None
    outbound_of(settings)
    _check_tls(settings)


def _check_tls(settings: Settings) -> None:
    if not settings.tls_cert or not settings.tls_key:
        return
    for name, path in (("CERT", settings.tls_cert), ("KEY", settings.tls_key)):
        if not os.access(path, os.R_OK):
            raise SettingsError(f"TOCSIN_TLS_{name}: cannot read {path}")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_cert, settings.tls_key)
    except ssl.SSLError as error:
        raise SettingsError(f"TOCSIN_TLS_CERT, TOCSIN_TLS_KEY: not a certificate with its key: {error}") from None


def database_of(settings: Settings, pool: int = 10) -> Database:
    """The database that the settings name (its URL must be there: embedded ones are started before)."""
    assert settings.database_url is not None
    return Database(settings.database_url, Clock(settings.test_clock), pool, sealer_of(settings))


def outbound_of(settings: Settings) -> Outbound:
    """The guard that every request to an address from outside goes through."""
    try:
        return Outbound.allowing(settings.outbound_allow)
    except ValueError as error:
        raise SettingsError(f"TOCSIN_OUTBOUND_ALLOW: {error}") from None


def start_postgres(settings: Settings, say: Callable[[str], None]) -> postgres.EmbeddedPostgres | None:
    """The embedded PostgreSQL, unless the settings name another."""
    return None if settings.database_url else postgres.start(settings.data_dir, say)


def addresses_of(settings: Settings) -> Addresses:
    """Links in pages lead to this install's public address."""
    signer, base = signer_of(settings), settings.base_url

    def answer(incident_id: str, user_id: str, action: str, send_id: str, now: datetime) -> str:
        return answer_url(signer, base, incident_id, user_id, action, send_id, now)  # type: ignore[arg-type]

    def account(kind: str, link_id: str, now: datetime) -> str:
        return base + links.path(signer, kind, link_id, now)

    def unsubscribe(incident_id: str, user_id: str, now: datetime) -> str:
        return unsubscribe_url(signer, base, incident_id, user_id, now)

    def reply(incident_id: str, user_id: str, action: str, send_id: str, request_id: str, now: datetime) -> str:
        return answer_url(signer, base, incident_id, user_id, action, send_id, now, request_id)  # type: ignore[arg-type]

    def page(incident_id: str) -> str:
        return f"{base}/app/incidents/{incident_id}"

    return Addresses(answer, page, f"{base}/app", account, unsubscribe, reply)


def lanes_of(settings: Settings, sink_port: int | None) -> list[Lane]:
    """A lane for each channel that is set; without a mail server, mail goes to the built-in mailbox."""
    server = parse_smtp_url(settings.smtp_url or f"smtp://127.0.0.1:{sink_port or 25}?starttls=off")

    def mail() -> SmtpChannel:
        return SmtpChannel(server, settings.mail_from, lambda: datetime.now(UTC))

    return [Lane("email", mail, SEND_TIMEOUT), Lane(UPDATES, mail, SEND_TIMEOUT)]


def http_app(settings: Settings, database: Database) -> tuple[App, Callable[[], None]]:
    """The ASGI application of an HTTP process for its roles, and what ends its open event streams."""
    web = "web" in settings.roles
    api = operations.rest_app(database, settings) if web else None
    pages = operations.web_pages(database, settings, signer_of(settings)) if web else None
    sources = DUE_WORK if settings.test_clock else None
    oauth = operations.oauth_door(database, settings) if web else None
    feeds = operations.feed_door(database, settings) if web else None
    doors = [door for door in (oauth, feeds) if door is not None]
    health = Health(database, settings.smtp_url is not None)
    front = Standing(Front(health, api, pages, sources, doors, settings.metrics_token), settings)
    assert settings.database_url is not None
    commit = GroupCommit(settings.database_url)
    limits = Limits(database, settings.events_rate_limit)
    door = EventsDoor(front, commit, Keys(database), limits, _test_clock(database) if settings.test_clock else None)
    return Lifespan(door, commit), pages.close if pages else lambda: None


def _test_clock(database: Database) -> Now:
    def read() -> datetime:
        with database.begin() as tx:
            return tx.now

    async def moved() -> datetime:
        return await asyncio.to_thread(read)

    return moved


class HttpServer(uvicorn.Server):
    """A server that ends open event streams when it is told to stop: they would never end by themselves."""

    def __init__(self, config: uvicorn.Config, end_streams: Callable[[], None]):
        super().__init__(config)
        self._end_streams = end_streams

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second; once a second, connections that are late are closed."""
        if counter % 10 == 0:
            sweep(self.server_state.connections, asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM or SIGINT."""
        self._end_streams()
        super().handle_exit(sig, frame)


def run_http(settings: Settings, fd: int) -> None:
    """An HTTP child: serves from the socket that the parent opened."""
    follow_parent()
    app, end_streams = http_app(settings, database_of(settings, pool=12))
    bounds = as_many_as_the_system_allows()
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=within(bounds),
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=10,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )
    HttpServer(config, end_streams).run(sockets=[socket.socket(fileno=fd)])


def run_worker(settings: Settings, owner: str, sink_port: int | None) -> None:
    """A worker child: all loops until told to stop."""
    follow_parent()
    database = database_of(settings, pool=12)
    lanes, urls = lanes_of(settings, sink_port), addresses_of(settings)
    hooks = Hooks(outbound_of(settings), links_of(settings))
    worker = Worker(database, owner, lanes, urls, hooks, settings.retention_days)
    told = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: told.set())
    worker.start()
    told.wait()
    worker.stop()
    database.close()


def follow_parent() -> None:
    """End this process when its parent is gone: an orphan would serve an old state."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()


def open_socket(settings: Settings) -> socket.socket:
    """The listening socket that all HTTP children share."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        raise SettingsError(f"cannot listen on {settings.host} port {settings.port}: {error.strerror}") from None
    listener.listen(2048)
    listener.set_inheritable(True)
    return listener


def mail_folder(settings: Settings) -> Path:
    """Where the built-in mailbox keeps its mails."""
    return settings.data_dir / "mailbox"


@contextmanager
def reached(settings: Settings, say: Callable[[str], None]) -> Iterator[Settings]:
    """The settings with a database that can be reached: the embedded one runs for as long as this needs it."""
    embedded = start_postgres(settings, say)
    try:
        yield settings.model_copy(update={"database_url": embedded.url}) if embedded else settings
    finally:
        if embedded is not None:
            embedded.stop()
