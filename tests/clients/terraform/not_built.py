"""Resources whose operations are still to be built: their tests are skipped, visibly, until the list is rid of them."""

from pathlib import Path

import pytest

from tests.clients.terraform.plan import Resource
from tocsin.rest.not_built import shape

LIST = Path(__file__).parents[2] / "rest" / "not_built.txt"


def missing(resource: Resource) -> list[str]:
    """Which of its operations are not built."""
    listed = {shape(*line.split(" ", 1)) for line in LIST.read_text().splitlines()}
    return [operation for operation in resource.operations if shape(*operation.split(" ", 1)) in listed]


def needs(*resources: Resource) -> pytest.MarkDecorator:
    """Skip while one of these lacks an operation; it stops by itself when the line leaves tests/rest/not_built.txt."""
    lacking = [operation for resource in resources for operation in missing(resource)]
    return pytest.mark.skipif(bool(lacking), reason=f"not built yet: {', '.join(lacking)}")
