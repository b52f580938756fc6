"""The operations of the published document, as bare facts (method and path), and which of them Tocsin serves.

What is published and not in the table answers 501 (HOUSE rule 9).
"""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tocsin.rest.operations import Operation

_FILE = Path(__file__).with_name("wire_operations.txt")
_TAGGED = ("users", "teams", "escalation_policies")
_NAME = re.compile(r"\{[^}]*\}")


@cache
def published() -> tuple[tuple[str, str], ...]:
    """(method, path) of every published operation."""
    rows = (line.split() for line in _FILE.read_text().splitlines())
    return tuple((method, path) for path, *methods in rows for method in methods)


def shape(method: str, path: str) -> str:
    """A key that does not depend on what parameters are called."""
    return f"{method} {_NAME.sub('{}', path)}"


def not_built(operations: Iterable[Operation]) -> list[str]:
    """`METHOD /path` of each published operation that is missing from the table."""
    built = {shape(operation.method, operation.path) for operation in operations}
    return [f"{method} {path}" for method, path in published() if not _shapes(method, path) <= built]


def _shapes(method: str, path: str) -> set[str]:
    """What has to be served: of a path that leaves the kind of thing open, one for each kind."""
    return {shape(method, path.replace("{entity_type}", kind)) for kind in _TAGGED}
