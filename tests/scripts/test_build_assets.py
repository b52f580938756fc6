"""The pages' assets: what is listed is copied, nothing points elsewhere, and the lock names no address."""

import json
from pathlib import Path

from scripts import build_assets


def test_the_lock_holds_versions_and_checksums_but_no_address() -> None:
    lock = json.loads((build_assets.ASSETS / "package-lock.json").read_text())
    packages = [package for name, package in lock["packages"].items() if name]
    assert all(package["version"] and package["integrity"] for package in packages)
    assert not [package for package in packages if "resolved" in package]


def test_what_is_listed_is_copied_and_asks_for_no_map(tmp_path: Path) -> None:
    modules, vendor = tmp_path / "modules", tmp_path / "vendor"
    (modules / "lucide-static/icons").mkdir(parents=True)
    (modules / "lucide-static/icons/bell.svg").write_text('<!-- x --><svg\n  a="1"\n>\n<path d="M1"/>\n</svg>')
    (modules / "page.js").write_text("let a=1;\n//# sourceMappingURL=page.js.map")
    build_assets.build({"copy": {"p.js": "page.js"}, "icons": ["bell"]}, modules, vendor)
    assert (vendor / "p.js").read_text() == "let a=1;"
    assert '<symbol id="bell" viewBox="0 0 24 24"' in (vendor / "icons.svg").read_text()


def test_a_build_is_up_to_date_until_its_lists_or_its_files_change(tmp_path: Path) -> None:
    wanted = {"copy": {"p.js": "page.js"}, "icons": []}
    for name in ("p.js", "icons.svg"):
        (tmp_path / name).write_text("")
    (tmp_path / build_assets.STAMP).write_text("mark")
    assert build_assets.up_to_date(tmp_path, "mark", wanted)
    assert not build_assets.up_to_date(tmp_path, "another", wanted)
    (tmp_path / "p.js").unlink()
    assert not build_assets.up_to_date(tmp_path, "mark", wanted)
