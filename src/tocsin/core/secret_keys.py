"""The install's secret keys: the newest signs and seals, older ones only verify and open.

1. TOCSIN_SECRET_KEY is the newest, TOCSIN_SECRET_KEYS_OLD those before it. Without them: `secret.key` of the data
   directory, a key a line, the newest first; made at the first start, readable by its owner alone.
2. A file that holds a key too short, or none, stops the start: a fresh key in its place would open nothing.
"""

import os
import secrets
from pathlib import Path

from tocsin.core.sealing import SHORTEST, Sealer, derived, key_id
from tocsin.core.settings import Settings, SettingsError
from tocsin.core.signing import Signer

FIRST = "1"
"""Key id of links signed before keys had ids of their own: the oldest key verifies them."""


def keys_of(settings: Settings) -> tuple[str, ...]:
    """All secret keys, newest first, each once; makes the first one of an install that has none."""
    if settings.secret_key:
        return tuple(dict.fromkeys((settings.secret_key, *settings.secret_keys_old)))
    path = file_of(settings)
    if not path.exists():
        _write(path, (fresh(),))
    return tuple(dict.fromkeys((*read(path), *settings.secret_keys_old)))


def file_of(settings: Settings) -> Path:
    """Where keys lie that no setting gives."""
    return settings.data_dir / "secret.key"


def read(path: Path) -> tuple[str, ...]:
    """The keys of a file; `SettingsError` when one is unusable."""
    try:
        keys = tuple(path.read_text().split())
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None
    if not keys or any(len(key) < SHORTEST for key in keys):
        raise SettingsError(
            f"{path} must hold a key of {SHORTEST} characters at least on each line; bring the key of this install back"
        )
    return keys


def add_key(settings: Settings) -> str:
    """A fresh newest key in the file, the others kept behind it; its id."""
    if settings.secret_key:
        raise SettingsError(
            "the secret key comes from TOCSIN_SECRET_KEY: put a new one there, the present one into "
            "TOCSIN_SECRET_KEYS_OLD, restart every node, then run tocsin reseal"
        )
    key = fresh()
    _write(file_of(settings), (key, *keys_of(settings)))
    return key_id(key)


def sealer_of(settings: Settings) -> Sealer:
    """Seals secrets at rest with the install's keys; with none where it has none yet (`keys_of` makes the first)."""
    return Sealer(keys_of(settings) if settings.secret_key or file_of(settings).exists() else ())


def signer_of(settings: Settings) -> Signer:
    """Signs links with the newest key; links that any of the keys signed go on working."""
    keys = keys_of(settings)
    signing = {key_id(key): derived(key, "signing") for key in keys}
    return Signer(signing | {FIRST: keys[-1].encode()}, key_id(keys[0]))


def fresh() -> str:
    """A new random key."""
    return secrets.token_urlsafe(48)


def _write(path: Path, keys: tuple[str, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text("\n".join(keys) + "\n")
    draft.replace(path)
