"""What the commands of the command line do, each with the settings it was given (CONTRACT, Commands)."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import psycopg
import typer
from rich.console import Console
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from tocsin import main, serving
from tocsin.core import secret_keys
from tocsin.core.clock import real_now
from tocsin.core.db import Database
from tocsin.core.postgres import PostgresUnavailable
from tocsin.core.settings import Settings, SettingsError
from tocsin.notifications.channels import CHANNELS
from tocsin.rest.times import parse
from tocsin.simulation import simulate as simulated
from tocsin.upkeep import backup as backups
from tocsin.upkeep import catalog, first, show
from tocsin.upkeep import reseal as resealing
from tocsin.upkeep import restore as restores
from tocsin.upkeep import resume as resuming
from tocsin.upkeep import starter as starter_data
from tocsin.upkeep.doctor import GREEN, RED, Finding, people, place, sealed, stored

Say = Callable[[str], None]


@contextmanager
def database_of(settings: Settings, say: Say) -> Iterator[Database]:
    """The database, its schema up to date: one that runs is adopted, the embedded one is started."""
    with main.reached(settings, say) as reached:
        serving.prepare(reached, say, wait=False)
        database = main.database_of(reached, pool=2)
        try:
            yield database
        finally:
            database.close()


def trouble(error: SQLAlchemyError | psycopg.Error) -> str:
    """One line for whoever can mend it."""
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    line = " ".join(said.split("\n")[0].split())
    if isinstance(error, OperationalError | psycopg.OperationalError):
        return f"the database cannot be used: {line}; check TOCSIN_DATABASE_URL"
    return f"the database refuses: {line}; check the rights of its user and run tocsin doctor"


def migrate(settings: Settings, say: Say) -> None:
    """Bring the schema up to date."""
    with database_of(settings, say):
        say("the schema is up to date")


def simulate(settings: Settings, say: Say, event: Path, at: str | None, as_json: bool) -> None:
    """What an event would do, and whom it would page; nothing is stored or sent."""
    try:
        body = json.loads(event.read_text())
    except ValueError as error:
        raise SettingsError(f"{event} is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise SettingsError(f"{event} must hold one JSON object, the body of an event")
    instant = parse(at, name="--at") if at else None
    with database_of(settings, say) as database:
        result = simulated(database, body, instant)
    if as_json:
        typer.echo(json.dumps(result))
    else:
        show.simulation(Console(), result)


def bootstrap(settings: Settings, say: Say, email: str, name: str | None, as_json: bool) -> None:
    """The owner of an empty install."""
    with database_of(settings, say) as database:
        made = asdict(database.run(lambda tx: first.found(tx, email, name)))
    if as_json:
        print(json.dumps(made))
    else:
        print("\n".join(f"{name}: {value}" for name, value in made.items()))


def starter(settings: Settings) -> None:
    """Starter data for an empty install, shown in full; for one that has it, in short."""
    database = main.database_of(settings, pool=1)
    try:
        made = starter_data.make(database, settings.data_dir, settings.base_url)
        found = made or starter_data.known(database, settings.data_dir, settings.base_url)
    finally:
        database.close()
    if found is not None:
        show.starter(Console(), found, made is not None, settings.smtp_url is not None)


def backup(settings: Settings, say: Say, file: Path) -> None:
    """A snapshot into `file`."""
    with main.reached(settings, say) as reached:
        url = str(reached.database_url)
        with backups.connect(url) as conn:
            size = catalog.size(conn)
        with show.progress("Backing up", size) as progress:
            rows = backups.backup(url, file, progress)
    say(f"backed up {sum(rows.values())} rows of {len(rows)} tables into {file}")
    say(KEY_APART)


KEY_APART = (
    "the secret key is not in it: keep TOCSIN_SECRET_KEY, or secret.key of the data directory, apart; "
    "without it stored secrets cannot be opened, and links in mails that were sent stop working"
)


def restore(settings: Settings, say: Say, file: Path) -> None:
    """A backup into an empty install."""
    with main.reached(settings, say) as reached:
        with show.progress("Restoring", None) as progress:
            rows = restores.restore(str(reached.database_url), file, progress)
        serving.prepare(reached, say, wait=False)
        serving.say_unopened(reached, say)
    say(f"restored {sum(rows.values())} rows of {len(rows)} tables; this install is held: nothing is sent")
    say("bring the secret key along (TOCSIN_SECRET_KEY or secret.key), start the server, then run tocsin resume")


def resume(settings: Settings, say: Say, yes: bool, drop_stale: float | None) -> None:
    """Show what is stale, ask, let go."""
    with database_of(settings, say) as database:
        with database.begin() as tx:
            stale = resuming.look(tx)
        if stale is None:
            say("this install is not held: nothing to resume")
            return
        show.stale(Console(stderr=True), stale)
        if not yes:
            typer.confirm("Send what is waiting and fire what is overdue?", abort=True, err=True)
        dropped = database.run(lambda tx: resuming.resume(tx, drop_stale))
    say(f"resumed; {dropped} pages of older incidents dropped" if drop_stale is not None else "resumed")


def new_key(settings: Settings, say: Say) -> None:
    """A fresh secret key in the data directory's file, before the present ones."""
    made = secret_keys.add_key(settings)
    say(f"made the secret key {made} in {secret_keys.file_of(settings)}; the older ones stay behind it")
    say("restart the server, so that it knows the new key; then run tocsin reseal")


def reseal(settings: Settings, say: Say) -> int:
    """Every stored secret with the newest key; 1 when some cannot be opened."""
    with database_of(settings, say) as database:
        with database.begin() as tx:
            total = resealing.waiting(tx.conn, tx.sealer)
        with show.counting("Resealing", total) as progress:
            done, state = resealing.reseal(database, progress)
    say(f"resealed {done} stored secrets; {state.current + state.older.total()} can be opened")
    for line in state.lines:
        say(f"cannot be opened: {line}")
    if not state.lost:
        say("older keys can go once the links that they signed are no longer wanted (they last two weeks)")
    return 1 if state.lost else 0


def doctor(load: Callable[[], Settings], say: Say, as_json: bool) -> int:
    """Look at everything; 1 when something is red."""
    found = list(_examined(load, say))
    if as_json:
        print(json.dumps([asdict(finding) for finding in found]))
    else:
        show.findings(Console(), found)
    return 1 if any(finding.level == RED for finding in found) else 0


def _examined(load: Callable[[], Settings], say: Say) -> Iterator[Finding]:
    try:
        settings = load()
    except SettingsError as error:
        yield Finding(RED, "settings", str(error), "correct it and look again")
        return
    yield Finding(GREEN, "settings", "all of them can be read")
    yield from place(settings, real_now())
    if not settings.database_url and not (settings.data_dir / "postgres" / "data").exists():
        yield Finding(
            RED, "database", f"no install in {settings.data_dir.absolute()}", "run tocsin serve, or set TOCSIN_DATA_DIR"
        )
        return
    try:
        with main.reached(settings, say) as reached:
            yield from _of_database(main.database_of(reached, pool=2))
    except (SQLAlchemyError, psycopg.Error) as error:
        yield Finding(RED, "database", trouble(error))
    except PostgresUnavailable as error:
        yield Finding(RED, "database", str(error))


def _of_database(database: Database) -> Iterator[Finding]:
    whole = True
    for finding in stored(database):
        whole = whole and (finding.what, finding.level) != ("schema", RED)
        yield finding
    if whole:
        with database.begin() as tx:
            yield sealed(tx)
            yield from people(tx, CHANNELS)
    database.close()
