"""Bringing a database's schema up to date (Alembic), and telling whether it is."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, text

_LOCK = 7_246_001


class NewerSchema(ValueError):
    """One line: this code is older than the database."""


def config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
    config.attributes["url"] = url
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Apply every migration that is missing up to `revision`; several processes at once take turns."""
    engine = create_engine(url)
    try:
        with engine.connect() as conn:
            conn.execute(text("SELECT pg_advisory_lock(:n)"), {"n": _LOCK})
            found = MigrationContext.configure(conn).get_current_revision()
            conn.commit()
            if found is not None and not knows(found):
                raise NewerSchema(f"the database's schema ({found}) was made by a newer Tocsin; install that version")
            command.upgrade(config(url), revision)
            conn.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": _LOCK})
    finally:
        engine.dispose()


def state_of(engine: Engine) -> tuple[str | None, str | None]:
    """(revision of the database, newest revision of this code)."""
    with engine.connect() as conn:
        return MigrationContext.configure(conn).get_current_revision(), newest()


def knows(revision: str) -> bool:
    """Whether this code knows that revision."""
    return revision in {found.revision for found in ScriptDirectory.from_config(config("")).walk_revisions()}


@cache
def newest() -> str | None:
    """The newest revision that this code knows."""
    return ScriptDirectory.from_config(config("")).get_current_head()
