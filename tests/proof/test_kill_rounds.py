"""All fifty rounds of `kill -9` (`make proof`); CI runs three of them."""

import subprocess
import sys

import pytest


@pytest.mark.proof
def test_fifty_rounds_of_kill_9_lose_nothing() -> None:
    done = subprocess.run([sys.executable, "-m", "tests.proof.kill_rounds", "--rounds", "50"], timeout=3000)
    assert done.returncode == 0
