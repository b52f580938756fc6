"""A few hundred of the requests of `tests.proof.fuzzing`, always the same ones; `make proof` sends 20,000."""

import pytest

from tests.proof import fuzzing
from tocsin.core.db import Database


@pytest.mark.parametrize(("seed", "requests"), [(1, 200), pytest.param(2, 20_000, marks=pytest.mark.proof)])
def test_no_request_meets_a_fault_and_none_refused_leaves_a_trace(database: Database, seed: int, requests: int) -> None:
    found = fuzzing.fuzz(database, seed, requests)
    assert not found.wrong
    assert found.answers.total() == requests
