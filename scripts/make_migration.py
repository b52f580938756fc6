"""Write a migration from the difference between the tables in the code and a fresh, migrated database.

python scripts/make_migration.py "what changes" [--rev-id 0002]
"""

import argparse
import tempfile
from pathlib import Path

from alembic import command

from tocsin.core import postgres, schema


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("message")
    parser.add_argument("--rev-id")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        server = postgres.start(Path(place) / "pg", print)
        try:
            schema.upgrade(server.url)
            config = schema.config(server.url)
            command.revision(config, message=given.message, autogenerate=True, rev_id=given.rev_id)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
