"""Alembic's entry: runs migrations on the URL that `tocsin.core.schema` hands over."""

from alembic import context
from sqlalchemy import create_engine, pool

from tocsin.tables import metadata


def ours(name: str | None, kind: str, parents: object) -> bool:
    """Whether autogenerate looks at it: partitions are no tables of the code, and would be dropped, events and all."""
    return not (kind == "table" and name is not None and name.startswith("intake_segments_"))


engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, compare_server_default=False, include_name=ours)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
