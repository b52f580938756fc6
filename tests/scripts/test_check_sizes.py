"""The size checks find what they are there for, and let the rest be."""

from pathlib import Path

import pytest

from scripts import check_sizes


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("def long():\n" + "    pass\n" * 40, "long has 41 lines"),
        ("async def late():\n    import os\n    os.sync()\n", "late imports inside"),
        ("class PageManager:\n    pass\n", "class PageManager: the name says nothing"),
        ("from typing import TYPE_CHECKING\n", "TYPE_CHECKING hides an import"),
        ("x = 1\n" * 401, "lines, at most 400"),
    ],
)
def test_each_violation_is_named_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str, fault: str
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/page.py").write_text(f"{source}\n\ndef short():\n    pass\n")
    assert check_sizes.main(tmp_path) == 1
    assert fault in capsys.readouterr().out


def test_a_database_is_not_a_base_and_40_lines_are_allowed(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/page.py").write_text("class Database:\n    pass\n\n\ndef f():\n" + "    pass\n" * 39)
    assert check_sizes.main(tmp_path) == 0


def test_a_file_called_utils_fails_and_so_does_an_empty_tree(tmp_path: Path) -> None:
    assert check_sizes.main(tmp_path) == 1
    (tmp_path / "src").mkdir()
    (tmp_path / "src/page_utils.py").write_text("def f():\n    pass\n")
    assert check_sizes.main(tmp_path) == 1
