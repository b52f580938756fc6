"""Starter data: what a first `make run` leaves in an empty install, and the file that remembers it.

1. The file `starter.json` (0600) is written beside its name before the transaction commits and renamed after it: a
   kill in between leaves a draft, and the next start finds by the owner's id whether it came true.
2. A file that belongs to another database is left alone and not shown.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from tocsin.accounts.store import people
from tocsin.core.db import Database, Tx
from tocsin.core.errors import Conflict
from tocsin.upkeep import first

EMAIL, NAME = "owner@example.com", "Olivia Owner"
MEMBERS = ("url", "email", "password", "user_id", "api_key", "user_api_key", "service_id", "integration_key")
Starter = Mapping[str, str]


def path_of(data_dir: Path) -> Path:
    """Where the starter data stands."""
    return data_dir / "starter.json"


def make(database: Database, data_dir: Path, url: str) -> Starter | None:
    """Starter data in an empty install; None in any other."""
    draft = path_of(data_dir).with_suffix(".new")

    def work(tx: Tx) -> Starter:
        owner = first.found(tx, EMAIL, NAME)
        made = {"url": url, **asdict(owner), **first.starter_service(tx, owner.user_id)}
        _write(draft, made)
        return made

    try:
        made = database.run(work)
    except Conflict:
        return None
    draft.rename(path_of(data_dir))
    return made


def known(database: Database, data_dir: Path, url: str) -> Starter | None:
    """The starter data of this install, if it was made here; its address is kept up to date."""
    file, draft = path_of(data_dir), path_of(data_dir).with_suffix(".new")
    for candidate in (draft, file):
        made = _read(candidate)
        if made is not None and _is_ours(database, made):
            if candidate == draft or made["url"] != url:
                made = {**made, "url": url}
                _write(draft, made)
                draft.rename(file)
            return made
    return None


def _is_ours(database: Database, made: Starter) -> bool:
    with database.begin() as tx:
        return bool(people.live_users(tx.conn, [made["user_id"]]))


def _read(file: Path) -> Starter | None:
    try:
        made = json.loads(file.read_text())
    except (OSError, ValueError):
        return None
    whole = isinstance(made, dict) and set(made) == set(MEMBERS) and all(isinstance(v, str) for v in made.values())
    return made if whole else None


def _write(file: Path, made: Starter) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        file.unlink()
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        json.dump({name: made[name] for name in MEMBERS}, out, indent=2)
        out.write("\n")
        out.flush()
        os.fsync(out.fileno())
