"""The audit fails on holes alone, and never takes a database that knows nothing for one that found nothing."""

from pathlib import Path

import pytest
from scripts.audit_dependencies import KNOWN, Answer, main


def audited(tmp_path: Path, known: Answer, found: Answer) -> int:
    file = tmp_path / "constraints.txt"
    file.write_text("a==1\nb==2\n")
    return main(file, lambda asked, _: known if asked.read_text().strip() == KNOWN else found)


SEES = Answer(["jinja2 2.10: PYSEC-2019-217"])


@pytest.mark.parametrize(
    ("known", "found", "status", "said"),
    [
        (SEES, Answer(), 0, "2 versions audited with osv: 0 holes"),
        (SEES, Answer(["a 1: CVE-1 (mended in 2)"]), 1, "a 1: CVE-1 (mended in 2)"),
        (SEES, Answer(why="the connection broke"), 1, "failed: the connection broke"),
        (Answer(), Answer(), 0, "NOT AUDITED: no vulnerability database can be asked from here"),
        (Answer(), Answer(["a 1: CVE-1"]), 0, "does not know the holes of jinja2"),
        (Answer(why="Name or service not known"), Answer(), 0, "osv: Name or service not known; pypi: Name or"),
    ],
)
def test_the_audit_says_what_it_found_or_that_it_could_not_look(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], known: Answer, found: Answer, status: int, said: str
) -> None:
    assert audited(tmp_path, known, found) == status
    assert said in capsys.readouterr().out
