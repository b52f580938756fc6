"""Installs the real parts that the tests run against: Debian packages, when we are root on Debian, and npm's clients.

1. What is there already is left alone; `apt-get update` runs once, and only when something is missing.
2. No service is started and no system cluster is made: the tests run the programs themselves.
3. What could not be had is said plainly. With `--require` or `CI=true` that is a failure.
4. The clients for Node come by `npm ci` without scripts, pinned by tests/clients/node/package-lock.json, which names
   versions and checksums but no address. `--lock` writes that file anew from package.json (a developer's step).
"""

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

POLICY = Path("/usr/sbin/policy-rc.d")
CLUSTERS = Path("/etc/postgresql-common/createcluster.conf")
NODE = Path(__file__).parents[1] / "tests" / "clients" / "node"
QUIET = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
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
    Part("Ansible with its collections", ("ansible",), ("ansible",)),
    Part("Alertmanager", ("prometheus-alertmanager",), ("prometheus-alertmanager", "alertmanager")),
    Part("Chromium", ("chromium",), ("chromium", "chromium-browser")),
    Part("PostgreSQL 15", ("postgresql-15", "postgresql"), ("/usr/lib/postgresql/*/bin/postgres",)),
    Part("wrk", ("wrk",), ("wrk",), optional=True),
)


def main() -> int:
    options = argparse.ArgumentParser(description="Installs the real parts that the tests run against.")
    options.add_argument("--require", action="store_true", help="a missing part is a failure")
    options.add_argument("--lock", action="store_true", help="write the lock of npm's clients anew, without addresses")
    given = options.parse_args()
    if given.lock:
        write_lock()
    required = given.require or os.environ.get("CI") == "true"
    no_clients = why_no_clients()
    missing = [part for part in PARTS if not part.is_there()]
    why_not = reason_not_to_install()
    if missing and why_not is None:
        install(missing)
        why_not = "apt-get could not install it"
    still = [part for part in PARTS if not part.is_there()]
    for part in still:
        print(f"MISSING: {part.what} (Debian package {part.packages[0]}): {why_not}; {without(part)}", flush=True)
    if no_clients:
        print(f"MISSING: the clients for Node: {no_clients}; their tests are skipped", flush=True)
    there = len(PARTS) + 1 - len(still) - bool(no_clients)
    print(f"Real parts: {there} of {len(PARTS) + 1} are there", flush=True)
    return 1 if required and (no_clients or any(not part.optional for part in still)) else 0


def why_no_clients() -> str | None:
    """Install npm's clients unless they are those of the lock; why they could not be had."""
    stamp = NODE / "node_modules" / ".installed-from"
    mark = hashlib.sha256((NODE / "package-lock.json").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="ascii") == mark:
        return None
    print("Installing the clients for Node (npm ci)", flush=True)
    if why_not := npm("ci"):
        return why_not
    stamp.write_text(mark, encoding="ascii")
    return None


def write_lock() -> None:
    if why_not := npm("install", "--package-lock-only"):
        sys.exit(f"install_real_parts: {why_not}")
    file = NODE / "package-lock.json"
    lock = json.loads(file.read_text(encoding="utf-8"))
    for package in lock["packages"].values():
        for address in ("resolved", "funding"):
            package.pop(address, None)
    file.write_text(json.dumps(lock, indent=2) + "\n", encoding="utf-8")


def npm(*arguments: str) -> str | None:
    """Run npm, which the extra `build` brings, among the clients; why it failed."""
    program = Path(sys.executable).parent / "npm"
    if not program.exists():
        return "npm is missing (the extra `build` brings it)"
    answer = subprocess.run([program, *arguments, *QUIET], cwd=NODE, capture_output=True, text=True, check=False)
    last = " ".join((answer.stderr or answer.stdout).strip().splitlines()[-3:])
    return f"npm {' '.join(arguments)} failed: {last}" if answer.returncode else None


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
