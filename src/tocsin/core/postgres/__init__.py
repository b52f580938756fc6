"""The embedded PostgreSQL: started beside Tocsin when no `TOCSIN_DATABASE_URL` is given.

1. Only the programs of the wheel are used; they run under this supervisor (SPINE 10).
2. The version that made the data directory (`PG_VERSION`) picks the programs (SPINE 10).
3. `fsync` and `synchronous_commit` stay on: what was acknowledged is on disk (SPINE 10).
4. A live server of this directory is adopted, never started twice (SPINE 10).
5. Every process that uses the server holds a shared lock; the last to leave stops it, so neither a short command
   nor the process that started it can take the database away from another one.
6. A killed Tocsin leaves the server running for the next start; a killed server recovers at the next start (SPINE 10).

Under `<data dir>/postgres/`: `data` (the cluster), `run` (the socket), `log` (a week), `password` (0600), two locks.
Settings of one's own go into `data/local.conf`; they win over ours.
"""

from tocsin.core.postgres.errors import PostgresUnavailable
from tocsin.core.postgres.server import EmbeddedPostgres, start

__all__ = ["EmbeddedPostgres", "PostgresUnavailable", "start"]
