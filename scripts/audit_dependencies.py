"""Asks a vulnerability database about every version in constraints.txt; exit 1 on any finding.

1. A database counts as reachable only when it tells of a hole that is known to be there (`KNOWN`): one that answers
   "nothing found" to everything would make this check a lie.
2. Where none is reachable, that is said plainly and nothing fails: a network that is closed is no finding.

Usage: python scripts/audit_dependencies.py [constraints.txt]
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

KNOWN = "jinja2==2.10"  # PYSEC-2019-217 and others
SERVICES = ("osv", "pypi")
FILE = Path(__file__).resolve().parent.parent / "constraints.txt"
Ask = Callable[[Path, str], "Answer"]


@dataclass(frozen=True)
class Answer:
    """What a database said: holes as lines; `why` it could not be asked."""

    holes: Sequence[str] = ()
    why: str = ""


def main(file: Path, ask: Ask) -> int:
    """The exit status."""
    reasons = []
    with tempfile.TemporaryDirectory() as place:
        known = Path(place) / "known.txt"
        known.write_text(KNOWN + "\n")
        for service in SERVICES:
            probe = ask(known, service)
            if probe.holes:
                return _audited(ask(file, service), service, file)
            reasons.append(f"{service}: {probe.why or f'does not know the holes of {KNOWN}'}")
    print(f"NOT AUDITED: no vulnerability database can be asked from here ({'; '.join(reasons)})")
    return 0


def _audited(found: Answer, service: str, file: Path) -> int:
    if found.why:
        print(f"The audit of {file.name} failed: {found.why}")
        return 1
    versions = sum("==" in line for line in file.read_text().splitlines())
    print("\n".join([*found.holes, f"{versions} versions audited with {service}: {len(found.holes)} holes"]))
    return 1 if found.holes else 0


def pip_audit(file: Path, service: str) -> Answer:
    """pip-audit's answer."""
    words = ["-r", str(file), "--no-deps", "--disable-pip", "-s", service, "-f", "json", "--timeout", "5"]
    command = [sys.executable, "-m", "pip_audit", *words, "--progress-spinner", "off"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    try:
        listed = json.loads(ran.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        lines = ran.stderr.strip().splitlines() or ["it said nothing"]
        return Answer(why=lines[-1].partition(":")[0][:80])
    return Answer([hole(one, each) for one in listed for each in one.get("vulns", ())])


def hole(package: dict[str, str], found: dict[str, list[str]]) -> str:
    """One line on one hole."""
    mended = ", ".join(found.get("fix_versions") or []) or "no version yet"
    return f"{package['name']} {package.get('version')}: {found['id']} (mended in {mended})"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FILE, pip_audit))
