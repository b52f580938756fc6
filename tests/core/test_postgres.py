"""The embedded PostgreSQL for real: servers are started, killed and adopted here (SPINE 10)."""

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tocsin.core.postgres import EmbeddedPostgres, PostgresUnavailable, account, binaries, cluster, postmaster, start

START = """
import json, sys
from pathlib import Path
from tocsin.core.postgres import PostgresUnavailable, start
try:
    server = start(Path(sys.argv[1]))
    print(json.dumps({"pid": server.pid, "started": server.started}), flush=True)
    sys.stdin.read()
    server.stop()
except PostgresUnavailable as error:
    print(json.dumps({"error": str(error)}))
"""

SOURCES = Path(__file__).parents[2] / "src"
NOBODY = pwd.getpwnam("nobody")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def place() -> Iterator[Path]:
    """A data directory of a short name that anyone may enter; what still runs there in the end is stopped."""
    path = Path(tempfile.mkdtemp(prefix="tocsin-"))
    path.chmod(0o755)
    yield path
    for data in path.rglob("postgres/data"):
        postmaster.stop(data.resolve())
    shutil.rmtree(path)


def ask(server: EmbeddedPostgres, query: str) -> object:
    with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(sql.SQL(query))
        return cursor.fetchone()[0] if cursor.description else None


def as_another_process(place: Path) -> subprocess.Popen[str]:
    """A process that starts the server, says so, and stops it when its input ends."""
    path = os.pathsep.join([str(SOURCES), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-c", START, str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": path},
    )


def as_nobody(work: Callable[[], str]) -> str:
    """What `work` answers, or its error, in a forked process of the user nobody (who may not read our Python)."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY.pw_gid)
            os.setuid(NOBODY.pw_uid)
            os.write(writer, work().encode())
        except BaseException as error:
            os.write(writer, str(error).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as answer:
        return answer.read()


def said(process: subprocess.Popen[str]) -> dict[str, object]:
    line = process.stdout.readline() if process.stdout else ""
    return dict(json.loads(line))


def leaves(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=60)
    assert process.returncode == 0


def eventually(true: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


def test_it_starts_from_nothing_and_answers_soon(place: Path) -> None:
    begun = time.monotonic()
    with start(place) as server:
        assert time.monotonic() - begun < 5  # 0.7 s on an idle machine
        assert (server.started, server.version.split(".")[0]) == (True, "18")
        assert ask(server, "SELECT current_database()") == "tocsin"


def test_what_is_acknowledged_is_on_disk_and_text_is_utf_8(place: Path) -> None:
    wanted = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "jit": "off", "TimeZone": "UTC"}
    with start(place) as server:
        have = {name: ask(server, f"SHOW {name}") for name in wanted}
        assert have == wanted
        assert ask(server, "SHOW server_encoding") == "UTF8"
        assert ask(server, "SELECT datcollate FROM pg_database WHERE datname = 'tocsin'") in {"C.UTF-8", "C"}


def test_a_second_start_adopts_the_first_ones_server(place: Path) -> None:
    with start(place) as first, start(place) as second:
        assert (second.started, second.pid, second.url) == (False, first.pid, first.url)


def test_the_last_to_leave_stops_it(place: Path) -> None:
    first, second = start(place), start(place)
    first.stop()
    assert ask(second, "SELECT 1") == 1
    second.stop()
    second.stop()
    assert postmaster.find((place / "postgres/data").resolve()) is None


def test_a_killed_server_recovers_with_its_data(place: Path) -> None:
    killed = start(place)
    ask(killed, "CREATE TABLE page AS SELECT 'disk full' AS summary")
    os.kill(killed.pid, signal.SIGKILL)
    with start(place) as server:
        assert server.started
        assert server.pid != killed.pid
        assert ask(server, "SELECT summary FROM page") == "disk full"


def test_a_busy_orphan_of_a_killed_server_does_not_block_the_next_start(place: Path) -> None:
    killed = start(place)
    with ThreadPoolExecutor() as pool:
        pool.submit(ask, killed, "SELECT count(*) FROM generate_series(1, 1e12)")
        data = (place / "postgres/data").resolve()
        assert eventually(lambda: ask(killed, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%1e12%'") == 2)
        os.kill(killed.pid, signal.SIGKILL)
        assert eventually(lambda: postmaster.find(data) is None)
        with start(place) as server:
            assert ask(server, "SELECT 1") == 1


def test_after_a_killed_tocsin_the_server_runs_on_and_is_adopted(place: Path) -> None:
    process = as_another_process(place)
    pid = said(process)["pid"]
    process.kill()
    process.communicate()
    with start(place) as server:
        assert (server.started, server.pid) == (False, pid)


def test_an_orderly_end_of_the_process_that_started_it_stops_it(place: Path) -> None:
    process = as_another_process(place)
    assert said(process)["started"] is True
    leaves(process)
    assert postmaster.find((place / "postgres/data").resolve()) is None


def test_three_processes_that_start_at_once_get_one_server(place: Path) -> None:
    processes = [as_another_process(place) for _ in range(3)]
    answers = [said(process) for process in processes]
    assert len({answer["pid"] for answer in answers}) == 1
    assert sorted(answer["started"] for answer in answers) == [False, False, True]
    for process in processes:
        leaves(process)


def test_a_pid_file_that_names_another_process_is_stale(place: Path) -> None:
    start(place).stop()
    data = place / "postgres/data"
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n1\n5432\n../run\n\n\n")
    with start(place) as server:
        assert server.started


def test_a_start_that_was_killed_while_it_made_the_cluster_is_made_up_for(place: Path) -> None:
    unfinished = place / "postgres/data.new"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    with start(place) as server:
        assert ask(server, "SELECT 1") == 1


def test_data_of_postgresql_16_is_served_by_16(place: Path) -> None:
    programs = binaries.for_cluster(place, None).parent.parent / binaries.FOLDERS[16] / "bin"
    start(place, bindir=programs).stop()
    assert binaries.cluster_version(place / "postgres/data") == 16
    with start(place) as server:
        assert server.version.startswith("16.")


def test_data_of_a_version_we_do_not_hold_is_one_clear_line(place: Path) -> None:
    (place / "postgres/data").mkdir(parents=True)
    (place / "postgres/data/PG_VERSION").write_text("14\n")
    with pytest.raises(PostgresUnavailable, match=r"made by PostgreSQL 14, this install holds 16 and 18; run a server"):
        start(place)


def test_programs_of_another_version_never_open_the_data(place: Path) -> None:
    start(place).stop()
    programs = binaries.for_cluster(place, None).parent.parent / binaries.FOLDERS[16] / "bin"
    with pytest.raises(PostgresUnavailable, match=r"made by PostgreSQL 18, the programs in .* are PostgreSQL 16"):
        start(place, bindir=programs)


def test_a_folder_without_programs_is_one_clear_line(place: Path) -> None:
    with pytest.raises(PostgresUnavailable, match=r"no PostgreSQL that runs in .*; give the folder"):
        start(place, bindir=place)


def test_a_very_long_path_goes_over_loopback_with_a_password(place: Path) -> None:
    deep = place.joinpath(*["a very long name, with 'quotes' and é" * 3] * 2)
    with start(deep) as server:
        assert "127.0.0.1" in server.url
        assert ask(server, "SELECT 1") == 1
        with start(deep) as second:
            assert second.pid == server.pid
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(server.url.replace("+psycopg", "").replace("tocsin:", "tocsin:not"))


def test_paths_with_spaces_and_quotes_work_on_the_socket(place: Path) -> None:
    with start(place / 'it\'s $HOME "odd" ü + 100%') as server:
        assert "127.0.0.1" not in server.url
        assert ask(server, "SELECT 1") == 1


def test_a_comma_in_the_path_separates_hosts_so_it_goes_over_loopback(place: Path) -> None:
    with start(place / "one, two") as server:
        assert "127.0.0.1" in server.url
        assert ask(server, "SELECT 1") == 1


def test_nothing_secret_is_open_to_others(place: Path) -> None:
    with start(place):
        home = place / "postgres"
        assert {path.name: path.stat().st_mode & 0o077 for path in (home, *home.iterdir())} == {
            path.name: 0 for path in (home, *home.iterdir())
        }


def test_a_setting_of_ones_own_wins(place: Path) -> None:
    start(place).stop()
    (place / "postgres/data/local.conf").write_text("work_mem = '7MB'\n")
    with start(place, settings={"work_mem": "5MB"}) as server:
        assert ask(server, "SHOW work_mem") == "7MB"


def test_a_setting_that_postgresql_refuses_is_named_in_one_line(place: Path) -> None:
    start(place).stop()
    (place / "postgres/data/local.conf").write_text("work_mem = 'much'\n")
    with pytest.raises(PostgresUnavailable, match=r"does not start: .*; look into") as refused:
        start(place)
    assert "\n" not in str(refused.value)


def test_a_data_directory_that_is_a_file_is_one_clear_line(place: Path) -> None:
    (place / "var").write_text("")
    with pytest.raises(PostgresUnavailable, match=r"cannot use .*/var.*: .*; choose another TOCSIN_DATA_DIR"):
        start(place / "var")


def test_a_folder_with_something_else_in_it_is_left_alone(place: Path) -> None:
    (place / "postgres/data").mkdir(parents=True)
    (place / "postgres/data/photos").write_text("")
    with pytest.raises(PostgresUnavailable, match="is not empty and holds no PostgreSQL cluster"):
        start(place)
    assert (place / "postgres/data/photos").exists()


def test_surroundings_meant_for_other_servers_change_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGPORT": "1", "PGDATA": "/nowhere", "PGHOST": "nowhere", "LC_ALL": "xx_YY"}.items():
        monkeypatch.setenv(name, value)
    with start(place) as server:
        assert ask(server, "SELECT 1") == 1


@as_root
def test_an_ordinary_user_needs_nothing_special(place: Path) -> None:
    programs = account.copy_programs(binaries.for_cluster(place, None), place / "programs")
    os.chown(place, NOBODY.pw_uid, NOBODY.pw_gid)
    assert as_nobody(lambda: str(start(place, bindir=programs).started)) == "True"
    assert (place / "postgres/data").stat().st_uid == NOBODY.pw_uid


@as_root
def test_an_unwritable_directory_is_one_clear_line(place: Path) -> None:
    error = as_nobody(lambda: str(start(place)))
    assert error == (
        f"the embedded PostgreSQL cannot use {place}/postgres: Permission denied; "
        "choose another TOCSIN_DATA_DIR, or give TOCSIN_DATABASE_URL"
    )


@as_root
def test_root_without_namespaces_runs_it_as_an_account_with_copied_programs(place: Path) -> None:
    programs = account.copy_programs(binaries.for_cluster(place, None), place / "closed")
    (place / "closed").chmod(0o700)
    folder = cluster.Folder(place / "postgres")
    folder.root.mkdir()
    runs = account.reaching(folder.root, account.as_account(programs, NOBODY))
    folder.prepare(runs)
    cluster.make(folder, runs)
    assert runs.bindir.is_relative_to(folder.root)
    assert folder.data.stat().st_uid == NOBODY.pw_uid
