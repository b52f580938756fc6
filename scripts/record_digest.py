"""Records what /docs promises today (`tests/rest/digest.json`). Run: ``python -m scripts.record_digest``."""

import json

from tests import digest

from tocsin.operations import TABLES
from tocsin.rest.docs import openapi


def main() -> None:
    """Write the record."""
    found = digest.of(openapi([operation for table in TABLES for operation in table.operations]))
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(told)}" for key, told in found.items())
    digest.RECORD.write_text("{\n" + lines + "\n}\n")
    print(f"{len(found)} operations")


if __name__ == "__main__":
    main()
