"""The cluster on disk: made whole or not at all, and its settings, written anew at every start.

1. A cluster is made aside and renamed: a start killed half-way leaves nothing that looks like a cluster.
2. The socket is open to its owner alone (a 0700 folder); over TCP there is only loopback, with SCRAM.
"""

import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tocsin.core.postgres.account import Account
from tocsin.core.postgres.errors import PostgresUnavailable

USER = "tocsin"
DATABASE = "tocsin"
SOCKET_PORT = 5432

SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "replica",
    "min_wal_size": "128MB",
    "max_wal_size": "1GB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "password_encryption": "scram-sha-256",
    "unix_socket_permissions": "0700",
    "logging_collector": "on",
    "log_directory": "../log",
    "log_filename": "postgres-%a.log",
    "log_file_mode": "0600",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
}

ACCESS = """\
# The socket lies in a folder that only its owner may enter.
local all all trust
local replication all trust
host all all 127.0.0.1/32 scram-sha-256
"""

INCLUDES = "\n# Ours is written anew at every start; put your own settings into local.conf.\n"


@dataclass(frozen=True)
class Folder:
    """Where everything of the embedded PostgreSQL lies: `<data dir>/postgres`."""

    root: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def start_log(self) -> Path:
        return self.root / "start.log"

    @property
    def password(self) -> Path:
        return self.root / "password"

    @property
    def socket(self) -> Path:
        return self.run / f".s.PGSQL.{SOCKET_PORT}"

    def prepare(self, account: Account) -> None:
        """The folders, ours alone."""
        for path in (self.root, self.run, self.log):
            path.mkdir(mode=0o700, exist_ok=True)
            path.chmod(0o700)
            account.own(path)


def make(folder: Folder, account: Account) -> None:
    """A new cluster in `folder.data`: UTF-8, sorted by code point, its owner's password in a 0600 file."""
    unfinished = folder.root / "data.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    write_private(folder.password, secrets.token_urlsafe(32), account)
    _initdb(folder, unfinished, account)
    write_private(unfinished / "pg_hba.conf", ACCESS, account)
    with (unfinished / "postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.write(INCLUDES + "include_if_exists = 'tocsin.conf'\ninclude_if_exists = 'local.conf'\n")
    unfinished.rename(folder.data)
    _sync(folder.root)


def write_settings(folder: Folder, account: Account, port: int | None, extra: Mapping[str, str]) -> None:
    """`tocsin.conf`: on the socket when `port` is None, else on loopback TCP."""
    if port is None:
        # Relative to the cluster: no quoting of odd paths, and short whatever the data directory is called.
        listen = {"listen_addresses": "", "port": str(SOCKET_PORT), "unix_socket_directories": "../run"}
    else:
        listen = {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": ""}
    lines = (f"{name} = '{value}'\n" for name, value in {**SETTINGS, **extra, **listen}.items())
    write_private(folder.data / "tocsin.conf", "".join(lines), account)


def write_private(path: Path, text: str, account: Account) -> None:
    """The whole file or none of it, mode 0600, the account's."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    account.own(new)
    new.rename(path)


def _initdb(folder: Folder, target: Path, account: Account) -> None:
    output = ""
    for locale in ("C.UTF-8", "C"):
        status, output = account.run(
            *("initdb", "-D", str(target), "--username", USER, "--pwfile", str(folder.password)),
            *("--encoding", "UTF8", "--locale", locale, "--auth", "scram-sha-256"),
        )
        if status == 0:
            return
        shutil.rmtree(target, ignore_errors=True)
    raise PostgresUnavailable(
        f"no PostgreSQL cluster could be made in {folder.root}: {reason(output)}",
        "free or open that directory, choose another TOCSIN_DATA_DIR, or give TOCSIN_DATABASE_URL",
    )


def reason(output: str) -> str:
    """The line of PostgreSQL's output that says why; the last line when none does."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if any(word in line for word in ("FATAL:", "PANIC:", "error:", "could not"))]
    return (telling or lines or ["it said nothing"])[-1]


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
