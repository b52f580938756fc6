"""Installs the real parts that the tests run against, as Debian packages, when we are root on Debian.

1. What is there already is left alone; `apt-get update` runs once, and only when something is missing.
2. No service is started and no system cluster is made: the tests run the programs themselves.
3. What could not be had is said plainly. With `--require` or `CI=true` that is a failure.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

POLICY = Path("/usr/sbin/policy-rc.d")
CLUSTERS = Path("/etc/postgresql-common/createcluster.conf")
APT = {"DEBIAN_FRONTEND": "noninteractive", "APT_LISTCHANGES_FRONTEND": "none"}


@dataclass(frozen=True)
class Part:
    """A real part: what it is for, the packages that bring it (the first that exists), how it is recognised.

    `optional`: only the benchmarks use it, so its absence never fails.
    """

    what: str
    packages: tuple[str, ...]
    programs: tuple[str, ...]
    optional: bool = False

    def is_there(self) -> bool:
        return any(shutil.which(program) or list(Path("/").glob(program.lstrip("/"))) for program in self.programs)


PARTS = (
    Part("Alertmanager", ("prometheus-alertmanager",), ("prometheus-alertmanager", "alertmanager")),
    Part("Chromium", ("chromium",), ("chromium", "chromium-browser")),
    Part("PostgreSQL 15", ("postgresql-15", "postgresql"), ("/usr/lib/postgresql/*/bin/postgres",)),
    Part("wrk", ("wrk",), ("wrk",), optional=True),
)


def main() -> int:
    options = argparse.ArgumentParser(description="Installs the real parts that the tests run against.")
    options.add_argument("--require", action="store_true", help="a missing part is a failure")
    required = options.parse_args().require or os.environ.get("CI") == "true"
    missing = [part for part in PARTS if not part.is_there()]
    why_not = reason_not_to_install()
    if missing and why_not is None:
        install(missing)
        why_not = "apt-get could not install it"
    still = [part for part in PARTS if not part.is_there()]
    for part in still:
        print(f"MISSING: {part.what} (Debian package {part.packages[0]}): {why_not}; {without(part)}", flush=True)
    print(f"Real parts: {len(PARTS) - len(still)} of {len(PARTS)} are there", flush=True)
    return 1 if required and any(not part.optional for part in still) else 0


def without(part: Part) -> str:
    """What does not run when it is missing."""
    return "its benchmark does not run" if part.optional else "its tests are skipped"


def reason_not_to_install() -> str | None:
    """Why nothing can be installed here; None on Debian as root."""
    release = Path("/etc/os-release")
    like = release.read_text(encoding="utf-8") if release.exists() else ""
    if "debian" not in like or shutil.which("apt-get") is None:
        return "this is not Debian"
    return None if os.geteuid() == 0 else "installing needs root"


def install(parts: list[Part]) -> None:
    print(f"Installing {', '.join(part.what for part in parts)}", flush=True)
    apt("update")
    with no_services_started():
        for part in parts:
            package = next((name for name in part.packages if is_known(name)), None)
            if package is not None:
                apt("install", "--yes", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold", package)


def is_known(package: str) -> bool:
    answer = subprocess.run(["apt-cache", "policy", package], capture_output=True, text=True, check=False)
    return "Candidate:" in answer.stdout and "Candidate: (none)" not in answer.stdout


def apt(*arguments: str) -> None:
    command = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", *arguments]
    done = subprocess.run(command, env={**os.environ, **APT}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = " ".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-3:])
        print(f"apt-get {' '.join(arguments)} failed: {last}", flush=True)


@contextlib.contextmanager
def no_services_started() -> Iterator[None]:
    """Debian's own switches: no daemon is started by a package, no PostgreSQL cluster is made."""
    if not CLUSTERS.exists():
        CLUSTERS.parent.mkdir(parents=True, exist_ok=True)
        CLUSTERS.write_text("create_main_cluster = false\n", encoding="ascii")
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            POLICY.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
