"""Where the install's secret keys come from, and what turning them over leaves working."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tocsin.core.sealing import CannotOpen, key_id
from tocsin.core.secret_keys import add_key, keys_of, sealer_of, signer_of
from tocsin.core.settings import Settings, SettingsError, load
from tocsin.core.signing import BadToken, Signer

OLD, NEW = "o" * 32, "n" * 32
NOW, DAY = datetime(2026, 11, 21, 3, 0, tzinfo=UTC), timedelta(days=1)
NOWHERE = Path("/no/such/file")


def test_the_first_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new")
    assert keys_of(settings) == keys_of(settings)
    assert (tmp_path / "new" / "secret.key").stat().st_mode & 0o777 == 0o600


def test_looking_for_a_sealer_makes_no_key(tmp_path: Path) -> None:
    assert sealer_of(Settings(data_dir=tmp_path)).current is None
    assert list(tmp_path.iterdir()) == []


def test_a_key_added_to_the_file_is_the_newest_and_the_others_stay(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    (first,) = keys_of(settings)
    sealed = sealer_of(settings).seal("totp", b"x")
    added = add_key(settings)
    assert [key_id(key) for key in keys_of(settings)] == [added, key_id(first)]
    assert sealer_of(settings).open("totp", sealed) == b"x"
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600


def test_a_key_from_the_settings_is_turned_over_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="TOCSIN_SECRET_KEYS_OLD"):
        add_key(Settings(data_dir=tmp_path, secret_key=OLD))


@pytest.mark.parametrize("content", [b"", b"\n", b"short\n", b"k" * 32 + b"\nshort", b"\xff" * 40])
def test_a_file_without_a_usable_key_stops_the_start(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret.key").write_bytes(content)
    with pytest.raises(SettingsError, match=r"secret\.key"):
        keys_of(Settings(data_dir=tmp_path))


@pytest.mark.parametrize("text", [f"{OLD},{'p' * 32}", f"{OLD}\n{'p' * 32}\n", f" {OLD} , {'p' * 32},"])
def test_old_keys_are_separated_by_commas_or_lines(tmp_path: Path, text: str) -> None:
    file = tmp_path / "old"
    file.write_text(text)
    settings = load({"TOCSIN_SECRET_KEY": NEW, "TOCSIN_SECRET_KEYS_OLD_FILE": str(file)}, NOWHERE)
    assert keys_of(settings) == (NEW, OLD, "p" * 32)


def test_a_short_old_key_is_refused_without_showing_it() -> None:
    with pytest.raises(SettingsError, match="TOCSIN_SECRET_KEYS_OLD: each key must have 32") as caught:
        load({"TOCSIN_SECRET_KEY": NEW, "TOCSIN_SECRET_KEYS_OLD": "tooshort"}, NOWHERE)
    assert "tooshort" not in str(caught.value)


def test_a_signed_link_outlives_its_key_until_the_key_is_dropped() -> None:
    link = signer_of(Settings(secret_key=OLD)).sign("answer", {"i": "Q1"}, NOW, DAY)
    turned = Settings(secret_key=NEW, secret_keys_old=(OLD,))
    assert signer_of(turned).verify("answer", link, NOW) == {"i": "Q1"}
    with pytest.raises(BadToken, match="unknown key"):
        signer_of(Settings(secret_key=NEW)).verify("answer", link, NOW)
    with pytest.raises(CannotOpen):
        sealer_of(Settings(secret_key=NEW)).open(
            "x", sealer_of(turned.model_copy(update={"secret_key": OLD})).seal("x", b"")
        )


def test_links_signed_before_keys_had_ids_still_verify() -> None:
    link = Signer({"1": OLD.encode()}, "1").sign("answer", {}, NOW, DAY)
    assert signer_of(Settings(secret_key=NEW, secret_keys_old=(OLD,))).verify("answer", link, NOW) == {}
