"""Everything that a running Tocsin needs may be used in any product: no GPL or AGPL, and no licence unread."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
#: Packages whose metadata names no licence, with what their LICENSE file says.
READ: dict[str, str] = {}
BARRED = re.compile(
    r"\bA?GPL|(?<!lesser )(?<!library )general public|\bSSPL|\bBUSL|commons clause|non-?commercial", re.I
)


def needed(wanted: list[str], extras: frozenset[str] = frozenset()) -> Iterator[tuple[str, Distribution]]:
    """Every installed distribution that these requirements lead to."""
    waiting, seen = [Requirement(line) for line in wanted], set[tuple[str, frozenset[str]]]()
    while waiting:
        one = waiting.pop()
        key = (one.name.lower(), frozenset(one.extras))
        if key in seen:
            continue
        seen.add(key)
        try:
            found = distribution(one.name)
        except PackageNotFoundError:
            continue  # of another platform or Python
        yield one.name, found
        for line in found.requires or ():
            need = Requirement(line)
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in {"", *one.extras}):
                waiting.append(need)


def licence(of: Distribution) -> str:
    """What its metadata says."""
    told = of.metadata.get("License-Expression") or of.metadata.get("License") or ""
    classes = [line for line in of.metadata.get_all("Classifier") or () if line.startswith("License")]
    return " ".join([told.splitlines()[0] if told else "", *classes]).strip()


def test_no_dependency_has_a_licence_that_reaches_further_than_itself() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = {name: READ.get(name) or licence(one) for name, one in needed(project["dependencies"])}
    assert len(found) > 30
    assert not {name: told for name, told in found.items() if not told or BARRED.search(told)}


@pytest.mark.parametrize(
    ("told", "barred"),
    [
        ("GPL-3.0-only", True),
        ("AGPL-3.0", True),
        ("License :: OSI Approved :: GNU General Public License v3 (GPLv3)", True),
        ("License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)", False),
        ("LGPL-3.0-only", False),
        ("SSPL-1.0", True),
        ("MIT", False),
        ("Apache-2.0", False),
    ],
)
def test_licences_are_told_apart(told: str, barred: bool) -> None:
    assert bool(BARRED.search(told)) is barred
