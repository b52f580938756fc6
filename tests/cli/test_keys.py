"""`tocsin new-key` and `tocsin reseal`, as an operator runs them."""

from pathlib import Path

from tests.cli.tocsin import tocsin
from tocsin.core.sealing import key_id


def test_a_new_key_goes_before_the_present_one(tmp_path: Path, pg_url: str) -> None:
    file = tmp_path / "var" / "secret.key"
    file.parent.mkdir()
    file.write_text("o" * 32)
    made = tocsin("new-key", place=tmp_path)
    newest, older = file.read_text().split()
    assert (made.status, older) == (0, "o" * 32)
    assert key_id(newest) in made.err
    assert newest not in made.out + made.err
    ran = tocsin("reseal", place=tmp_path, TOCSIN_DATABASE_URL=pg_url)
    assert (ran.status, "resealed 0 stored secrets" in ran.err) == (0, True)


def test_a_key_given_by_a_setting_is_not_replaced_behind_its_back(tmp_path: Path) -> None:
    refusal = tocsin("new-key", place=tmp_path, TOCSIN_SECRET_KEY="o" * 32).refusal
    assert refusal.startswith("tocsin: the secret key comes from TOCSIN_SECRET_KEY: put a new one there")


def test_resealing_without_any_key_is_one_line(tmp_path: Path, pg_url: str) -> None:
    refusal = tocsin("reseal", place=tmp_path, TOCSIN_DATABASE_URL=pg_url).refusal
    assert refusal.startswith("tocsin: There is no secret key: set TOCSIN_SECRET_KEY")
