"""Alembic's entry: runs migrations on the URL that `tocsin.core.schema` hands over."""

from alembic import context
from sqlalchemy import create_engine, pool

from tocsin.tables import metadata

engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, compare_server_default=False)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
