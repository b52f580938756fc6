"""As whom PostgreSQL runs: it refuses to run as root.

1. Not root: as ourselves.
2. Root, or an account without a name: in a user namespace of its own; nothing on the machine is changed.
3. Root where namespaces are forbidden: as the system account `tocsin-postgres`, which is made when absent.
4. Programs that the account cannot reach are copied below the data directory; no mode of any other path is changed.
"""

import errno
import os
import pwd
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tocsin.core.postgres.errors import PostgresUnavailable

ACCOUNT = "tocsin-postgres"
COMMAND_SECONDS = 120.0
DETACH = 'exec "$@" >>"$0" 2>&1 & echo $!'


@dataclass(frozen=True)
class Account:
    """How PostgreSQL's programs are run, and whose their files are."""

    bindir: Path
    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def command(self, program: str, *arguments: str) -> list[str]:
        return [*self.prefix, str(self.bindir / program), *arguments]

    def run(self, program: str, *arguments: str) -> tuple[int, str]:
        """Runs a program to its end; its exit status and all that it printed."""
        with self._popen(self.command(program, *arguments)) as process:
            try:
                output, _ = process.communicate(timeout=COMMAND_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                return 1, f"{program} did not end within {COMMAND_SECONDS:.0f} s"
        return process.returncode, output

    def launch(self, log: Path, program: str, *arguments: str) -> int:
        """Starts a program that outlives us, with its output in `log`; its process id. It is not our child."""
        with self._popen(["/bin/sh", "-c", DETACH, str(log), *self.command(program, *arguments)]) as shell:
            output, _ = shell.communicate(timeout=COMMAND_SECONDS)
        if not output.strip().isdigit():
            raise OSError(errno.ECHILD, output.strip() or "the shell did not start it", program)
        return int(output)

    def _popen(self, command: list[str]) -> subprocess.Popen[str]:
        # A session of its own: a Ctrl-C in the terminal is for Tocsin, not for the database.
        return subprocess.Popen(
            command,
            cwd="/",
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else [],
        )

    def own(self, path: Path) -> None:
        """Hands a path that we made to the account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def choose(folder: Path, bindir: Path, on_message: Callable[[str], None]) -> Account:
    """The account for the cluster below `folder`, able to reach its programs."""
    if os.geteuid() != 0 and _has_name(os.geteuid()):
        return Account(bindir)
    in_namespace = _namespace(bindir)
    if in_namespace is not None:
        return reaching(folder, in_namespace)
    if os.geteuid() != 0:
        raise PostgresUnavailable(
            f"user id {os.geteuid()} has no name on this machine and user namespaces are forbidden",
            "add it to /etc/passwd, or give TOCSIN_DATABASE_URL",
        )
    return reaching(folder, as_account(bindir, _made_account(on_message)))


def as_account(bindir: Path, entry: pwd.struct_passwd) -> Account:
    return Account(bindir, uid=entry.pw_uid, gid=entry.pw_gid)


def reaching(folder: Path, account: Account) -> Account:
    """The same account with programs that it can run: copied below `folder` when they lie in a closed place."""
    account.own(folder)
    if _runs(account):
        return account
    copied = replace(account, bindir=copy_programs(account.bindir, folder / "programs"))
    if _runs(copied):
        return copied
    raise PostgresUnavailable(
        f"PostgreSQL cannot run from {copied.bindir}: its account cannot reach that path, or it must not execute there",
        "choose another TOCSIN_DATA_DIR, do not run as root, or give TOCSIN_DATABASE_URL",
    )


def copy_programs(bindir: Path, target: Path) -> Path:
    """Copies a wheel's PostgreSQL below `target`, readable to all; the folder of its programs there."""
    installed = bindir.parent
    package = installed.parent
    libraries = package.with_name(package.name + ".libs")  # where the wheel's programs look for libpq
    for source in (libraries, installed):
        copy = target / source.relative_to(package.parent)
        if source.is_dir() and not copy.exists():
            _copy_tree(source, copy)
    return target / package.name / installed.name / bindir.name


def _copy_tree(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    unfinished = target.with_name(target.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(source, unfinished, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
    for path in (unfinished, *unfinished.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    unfinished.rename(target)


def _runs(account: Account) -> bool:
    try:
        return account.run("postgres", "--version")[0] == 0
    except OSError:
        return False


def _namespace(bindir: Path) -> Account | None:
    entry = _unprivileged()
    unshare = shutil.which("unshare")
    if entry is None or unshare is None:
        return None
    prefix = (unshare, "--user", f"--map-user={entry.pw_uid}", f"--map-group={entry.pw_gid}", "--")
    tried = subprocess.run([*prefix, "true"], capture_output=True, check=False)
    return Account(bindir, prefix) if tried.returncode == 0 else None


def _unprivileged() -> pwd.struct_passwd | None:
    # initdb wants a name for its user id, so the id inside the namespace must be one that has a name.
    named = [entry for entry in pwd.getpwall() if entry.pw_uid != 0]
    return next((entry for entry in named if entry.pw_name == "nobody"), named[0] if named else None)


def _has_name(uid: int) -> bool:
    try:
        return bool(pwd.getpwuid(uid))
    except KeyError:
        return False


def _made_account(on_message: Callable[[str], None]) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        on_message(f"User namespaces are forbidden here: making the system account {ACCOUNT} for PostgreSQL")
    make = ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
    try:
        subprocess.run([*make, ACCOUNT], capture_output=True, text=True, check=True)
        return pwd.getpwnam(ACCOUNT)
    except (OSError, subprocess.CalledProcessError, KeyError) as error:
        why = getattr(error, "stderr", None) or error
        raise PostgresUnavailable(
            f"PostgreSQL does not run as root, and no account {ACCOUNT} could be made: {why}",
            "run Tocsin as an ordinary user, or give TOCSIN_DATABASE_URL",
        ) from error


def _environment() -> dict[str, str]:
    """Ours without PG* (PGPORT and the like would change the server) and with messages in English."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG") and name != "LANGUAGE"}
    return {**kept, "LC_ALL": "C"}
