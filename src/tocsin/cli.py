"""The command line (CONTRACT, Commands)."""

import os
import sys
from pathlib import Path
from typing import Annotated

import psycopg
import structlog
import typer
from sqlalchemy.exc import SQLAlchemyError

from tocsin import commands, serving
from tocsin import main as composition
from tocsin.core.errors import TocsinError
from tocsin.core.postgres import PostgresUnavailable
from tocsin.core.settings import LOG_LEVELS, Settings, SettingsError, load
from tocsin.upkeep.archive import BackupError

app = typer.Typer(
    help="Self-hosted incident response that speaks PagerDuty's wire.", no_args_is_help=True, add_completion=False
)
child = typer.Typer(hidden=True, help="Processes that `tocsin serve` starts by itself.")
app.add_typer(child, name="child")


def say(line: str) -> None:
    """A line for whoever started the command."""
    typer.echo(line, err=True)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    roles: Annotated[str | None, typer.Option(help="Any of web,intake,worker.")] = None,
    processes: Annotated[int | None, typer.Option(help="HTTP and worker processes, this many of each.")] = None,
    starter: Annotated[bool, typer.Option("--starter", help="Give an empty install data to start with.")] = False,
) -> None:
    """Run the server; all roles in one process group by default."""
    settings = load(host=host, port=port, roles=roles, processes=processes)
    serving.serve(settings, say, commands.starter if starter else lambda _: None)


@child.command()
def http(fd: Annotated[int, typer.Option()]) -> None:
    """Serve from the parent's socket."""
    composition.run_http(load(file=Path(os.devnull)), fd)


@child.command()
def worker(owner: Annotated[str, typer.Option()], sink: Annotated[int | None, typer.Option()] = None) -> None:
    """Work until told to stop."""
    composition.run_worker(load(file=Path(os.devnull)), owner, sink)


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    commands.migrate(load(), say)


@app.command()
def bootstrap(
    email: Annotated[str, typer.Option(help="The owner's e-mail; pages go there first.")],
    name: Annotated[str | None, typer.Option(help="The owner's name.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Create the owner of an empty install; prints the password and two keys, once."""
    commands.bootstrap(load(), say, email, name, as_json)


@app.command()
def simulate(
    event: Annotated[Path, typer.Option(help="A file with the JSON body of an event.")],
    at: Annotated[str | None, typer.Option(help="The instant, ISO 8601; now when absent.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say whom an event would page, when, on which channel and why. Nothing is stored or sent."""
    commands.simulate(load(), say, event, at, as_json)


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False) -> None:
    """Say what is misconfigured and who on call cannot be reached; exit status 1 on any red line."""
    sys.exit(commands.doctor(load, say, as_json))


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="Where the backup goes.")]) -> None:
    """Write one consistent snapshot of everything into FILE, while the server runs. The secret key is not in it."""
    commands.backup(load(), say, file)


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="A backup.")]) -> None:
    """Fill an empty install with a backup. It starts held: nothing is sent until `tocsin resume`."""
    commands.restore(load(), say, file)


@app.command()
def new_key() -> None:
    """Put a fresh secret key before those in secret.key of the data directory. Restart, then `tocsin reseal`."""
    commands.new_key(load(), say)


@app.command()
def reseal() -> None:
    """Seal every stored secret with the newest secret key. May be repeated; exit status 1 if any cannot be opened."""
    sys.exit(commands.reseal(load(), say))


@app.command()
def resume(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    drop_stale: Annotated[
        float | None, typer.Option(min=0, help="Do not send pages of incidents older than this many hours.")
    ] = None,
) -> None:
    """Show what is stale in a restored install, then let it send."""
    commands.resume(load(), say, yes, drop_stale)


def logging_to_stderr(settings_level: str = "info") -> None:
    """One line an event on standard error."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(colors=False)
            if sys.stderr.isatty()
            else structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(settings_level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def main() -> None:
    """The entry point: errors that somebody can mend are one line, not a traceback."""
    level = os.environ.get("TOCSIN_LOG_LEVEL", "info").lower()
    logging_to_stderr(level if level in LOG_LEVELS else "info")  # a wrong one is refused where settings are read
    try:
        app()
    except TocsinError as error:
        say(f"tocsin: {'; '.join(error.errors) or error.message}")
        sys.exit(1)
    except (SQLAlchemyError, psycopg.Error) as error:
        say(f"tocsin: {commands.trouble(error)}")
        sys.exit(1)
    except (SettingsError, PostgresUnavailable, BackupError, ValueError, OSError) as error:
        say(f"tocsin: {error}")
        sys.exit(1)


__all__ = ["Settings", "app", "main"]

if __name__ == "__main__":
    main()
