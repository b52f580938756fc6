"""npm's `@pagerduty/pdjs`, `node-pagerduty` and `pagerduty-cli`, as they are, through a TLS front."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import OWNER, Account, Way
from tests.clients.front import Front
from tests.clients.terraform.made import unique

HERE = Path(__file__).parent / "node"
pytestmark = pytest.mark.real


@pytest.fixture(scope="session")
def node() -> Path:
    """Node itself; it comes with the wheel of the extra `build`, the clients with scripts/install_real_parts.py."""
    program = shutil.which("node", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if program and (HERE / "node_modules" / "@pagerduty" / "pdjs").is_dir():
        return Path(program)
    missing = "the clients for Node are not installed (scripts/install_real_parts.py installs them)"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture
def run(node: Path, front: Front, tmp_path: Path) -> Callable[..., str]:
    """Run a Node program with these words, behind the front; what it prints."""

    def run(program: Path, *words: str, code: int = 0) -> str:
        given = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        env = {**given, **front.env, "HOME": str(tmp_path), "PATH": f"{node.parent}{os.pathsep}{given['PATH']}"}
        env |= {"NO_COLOR": "1", "FORCE_COLOR": "0", "NODE_NO_WARNINGS": "1"}
        done = subprocess.run([node, program, *words], env=env, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    return run


def found(run: Callable[..., str], script: str, account: Account, way: Way) -> dict[str, Any]:
    """What one of our scripts has seen of the server."""
    words = (account.owner.api_key, way.key, way.service, way.policy, OWNER)
    return dict(json.loads(run(HERE / script, *words)))


def test_pdjs_lists_changes_and_sends_events(run: Callable[..., str], account: Account, way: Way) -> None:
    got = found(run, "pdjs.cjs", account, way)
    assert got["total"] == got["all"] >= 1
    assert (got["first"], got["made"], got["changed"], got["removed"]) == (1, [201, True], "Changed", 204)
    assert (got["gone"], got["incident"], got["change"]) == (2100, "triggered", 202)
    assert (got["event"], got["resolved"]) == ([202, "success"], [True, True])


def test_node_pagerduty_does_all_that_it_knows(run: Callable[..., str], account: Account, way: Way) -> None:
    got = found(run, "node-pagerduty.cjs", account, way)
    assert (got["abilities"], got["tested"], got["vendors"], got["priorities"]) == (True, 204, True, 5)
    assert (got["user"], got["listed"], got["removed"]) == ([201, True], [True], 204)
    assert (got["integration"], got["service"], got["note"]) == (201, 204, 200)
    assert (got["resolved"], got["entries"], got["event"]) == ("resolved", True, "success")


@pytest.fixture
def pd(run: Callable[..., str], account: Account) -> Callable[..., Any]:
    """The `pd` command, signed in with the owner's key; what it prints as JSON."""
    program = HERE / "node_modules" / "pagerduty-cli" / "bin" / "run"
    run(program, "auth", "add", "--token", account.owner.user_api_key)
    return lambda *words: run(program, *words)


def test_the_command_knows_who_it_is_and_where(pd: Callable[..., str]) -> None:
    assert "tocsin" in pd("auth", "get")
    assert OWNER in pd("auth", "list")


def test_the_command_lists_and_makes_things(pd: Callable[..., str], way: Way) -> None:
    assert OWNER in pd("user", "list", "--csv")
    assert way.name in {one["name"] for one in json.loads(pd("service", "list", "--json"))}
    assert way.policy in {one["id"] for one in json.loads(pd("ep", "list", "--json"))}
    name = unique("cli")
    pd("service", "create", "--name", name, "--escalation_policy_id", way.policy)
    (made,) = json.loads(pd("service", "list", "--name", name, "--json"))
    pd("service", "disable", "--ids", made["id"])
    assert json.loads(pd("rest", "get", "--endpoint", f"services/{made['id']}"))["service"]["status"] == "disabled"
    pd("rest", "delete", "--endpoint", f"services/{made['id']}")


def test_the_command_opens_answers_and_closes_an_incident(pd: Callable[..., str], way: Way) -> None:
    title = unique("from the shell")
    pd("incident", "create", "--title", title, "--service_id", way.service, "--urgency", "low")
    listed = json.loads(pd("incident", "list", "--json", "--statuses", "triggered"))
    (incident,) = [one for one in listed if one["title"] == title]
    pd("incident", "ack", "--ids", incident["id"])
    pd("incident", "notes", "--id", incident["id"], "--note", "Looking")
    assert "Looking" in pd("incident", "notes", "--id", incident["id"])
    pd("incident", "resolve", "--ids", incident["id"])
    shown = json.loads(pd("rest", "get", "--endpoint", f"incidents/{incident['id']}"))["incident"]
    assert shown["status"] == "resolved"


def test_the_command_sends_events(pd: Callable[..., str], way: Way) -> None:
    pd("event", "alert", "--routing_key", way.key, "--summary", "disk full", "--source", "sh", "--severity", "info")
    pd("event", "change", "--routing_key", way.key, "--summary", "deployed")
