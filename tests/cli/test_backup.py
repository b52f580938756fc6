"""Backup of a live install under load, restore into another, nothing sent until resumed: for real."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.tocsin import tocsin
from tests.e2e.ports import free_port
from tests.e2e.postbox import Postbox
from tests.e2e.served import Served, trigger
from tocsin.core.postgres import start
from tocsin.upkeep.backup import connect

OLGA = "olga@example.com"


@dataclass
class Load:
    """Triggers without a pause; `accepted` are the dedup keys that were answered with 202."""

    served: Served
    key: str
    accepted: list[str] = field(default_factory=list)
    stopping: bool = False

    def run(self) -> None:
        while not self.stopping:
            dedup = f"d{len(self.accepted)}"
            status, _ = self.served.call("POST", "/v2/enqueue", trigger(self.key, "disk full", dedup))
            assert status == 202
            self.accepted.append(dedup)

    def __enter__(self) -> "Load":
        self._thread = threading.Thread(target=self.run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping = True
        self._thread.join()


def service(served: Served, api_key: str) -> str:
    """The integration key of a new service on the policy `Default`."""
    who = {"Authorization": f"Token token={api_key}", "From": OLGA}
    _, answer = served.call("GET", "/escalation_policies", **who)
    pointer = {"id": answer["escalation_policies"][0]["id"], "type": "escalation_policy_reference"}
    _, made = served.call("POST", "/services", {"service": {"name": "API", "escalation_policy": pointer}}, **who)
    path = f"/services/{made['service']['id']}/integrations"
    body = {"integration": {"type": "events_api_v2_inbound_integration"}}
    return str(served.call("POST", path, body, **who)[1]["integration"]["integration_key"])


@dataclass
class Moved:
    """The new install, held, and what the old one had accepted before and after the backup began."""

    place: Path
    key: str
    before: list[str]


@pytest.fixture
def moved(tmp_path: Path) -> Moved:
    """A backup of an install under load, restored into another."""
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    with Served(old, free_port(), TOCSIN_SMTP_URL=f"smtp://127.0.0.1:{free_port()}") as served:
        owner = tocsin("bootstrap", "--email", OLGA, "--json", place=old).json
        key = service(served, owner["api_key"])
        with Load(served, key) as load:
            while len(load.accepted) < 50:
                pass
            before = list(load.accepted)
            assert tocsin("backup", "../b.tgz", place=old).status == 0
    (new / "var").mkdir()
    (new / "var" / "secret.key").write_bytes((old / "var" / "secret.key").read_bytes())
    done = tocsin("restore", "../b.tgz", place=new)
    assert "this install is held: nothing is sent" in done.err, done
    return Moved(new, key, before)


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    with Postbox() as postbox:
        yield postbox


def test_what_cannot_be_backed_up_or_restored_is_one_line(pg_url: str, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    away = f"postgresql://tocsin@127.0.0.1:{free_port()}/tocsin"
    for words, url, line in [
        (("backup", "no/such/folder/b.tgz"), pg_url, "cannot write no/such/folder/b.tgz: No such file or directory"),
        (("backup", "b.tgz"), away, "the database cannot be used: "),
        (("restore", "b.tgz"), away, "cannot read b.tgz: No such file or directory"),
        (("restore", "text"), pg_url, "text is damaged, or no backup of Tocsin"),
    ]:
        refusal = tocsin(*words, place=tmp_path, TOCSIN_DATABASE_URL=url).refusal
        assert refusal.startswith(f"tocsin: {line}")
    assert [found.name for found in tmp_path.iterdir()] == ["text"]


def test_nothing_is_sent_until_resumed_then_the_page_goes_out(moved: Moved, postbox: Postbox) -> None:
    with Served(moved.place, free_port(), TOCSIN_SMTP_URL=postbox.url) as served:
        assert "held after a restore" in str(served.call("GET", "/readyz")[1]["degraded"])
        served.call("POST", "/v2/enqueue", trigger(moved.key, "while held", "held"))
        served.advance(hours=2)
        assert postbox.mails == []
        assert tocsin("resume", place=moved.place).status == 1  # nobody there to confirm
        assert postbox.mails == []
        assert tocsin("resume", "--yes", place=moved.place).status == 0
        served.advance(minutes=2)
        assert postbox.to(OLGA)
        with start(moved.place / "var") as postgres, connect(postgres.url) as conn:
            paged = (
                "SELECT i.state FROM send_items i JOIN incidents n ON n.id = i.incident_id WHERE n.title = 'while held'"
            )
            assert ("sent",) in conn.execute(paged).fetchall()  # one mail may be for more incidents than it lists


def test_everything_that_was_accepted_before_the_backup_is_in_it(moved: Moved) -> None:
    with Served(moved.place, free_port()) as served:
        served.advance(seconds=1)
        with start(moved.place / "var") as postgres, connect(postgres.url) as conn:
            stored = {key for (key,) in conn.execute("SELECT dedup_key FROM alerts")}
    assert set(moved.before) <= stored
