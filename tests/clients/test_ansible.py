"""Ansible's PagerDuty modules (the collection community.general), as Debian packages them, through a TLS front."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import Account, Way
from tests.clients.front import Front
from tests.clients.terraform.graph import MAINTENANCE_WINDOWS
from tests.clients.terraform.made import unique
from tests.clients.terraform.not_built import needs

pytestmark = pytest.mark.real


@pytest.fixture
def module(real_part: Callable[..., Path], front: Front, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Run one of the modules with these arguments on this machine; what it answers."""
    ansible = real_part("ansible")

    def run(name: str, /, **arguments: Any) -> dict[str, Any]:
        given = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "ANSIBLE"))}
        env = {**given, **front.env, "HOME": str(tmp_path), "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1"}
        env |= {"ANSIBLE_STDOUT_CALLBACK": "json", "ANSIBLE_DEPRECATION_WARNINGS": "0", "LC_ALL": "C.UTF-8"}
        words = ["localhost", "-c", "local", "-m", f"community.general.{name}", "-a", json.dumps(arguments)]
        words += ["-e", f"ansible_python_interpreter={sys.executable}"]
        done = subprocess.run([ansible, *words], env=env, capture_output=True, text=True, timeout=60, check=False)
        assert done.stdout.startswith("{"), done.stdout + done.stderr
        result: dict[str, Any] = json.loads(done.stdout)["plays"][0]["tasks"][0]["hosts"]["localhost"]
        assert not result.get("failed"), result
        return result

    return run


def test_a_user_is_made_found_and_removed(module: Callable[..., dict[str, Any]], account: Account) -> None:
    name = unique("ansible")
    own = {"access_token": account.owner.api_key, "pd_user": name, "pd_email": f"{name}@example.com"}
    assert module("pagerduty_user", **own, pd_teams=["none"], pd_role="manager", state="present")["changed"]
    assert not module("pagerduty_user", **own, pd_teams=["none"], state="present")["changed"]
    assert module("pagerduty_user", **own, state="absent")["changed"]


def test_an_alert_is_opened_and_a_change_told(
    module: Callable[..., dict[str, Any]], account: Account, way: Way
) -> None:
    key = unique("ansible")
    own = {"service_id": way.service, "integration_key": way.key, "api_key": account.owner.api_key}
    opened = module("pagerduty_alert", **own, state="triggered", desc="disk full", incident_key=key)
    assert (opened["changed"], opened["result"]["incident_key"]) == (True, key)
    change = {"summary": "deployed", "revision": "4.2", "link_url": "https://example.com", "link_text": "Build"}
    assert module("pagerduty_change", integration_key=way.key, **change)["changed"]


@needs(MAINTENANCE_WINDOWS)
def test_maintenance_is_begun_looked_at_and_ended(
    module: Callable[..., dict[str, Any]], account: Account, way: Way
) -> None:
    """It names the requester by id in `From`."""
    own = {"token": account.owner.api_key, "requester_id": account.owner.user_id}
    begun = module("pagerduty", **own, state="running", name="w", service=[way.service], hours=1)
    window = begun["result"]["maintenance_window"]["id"]
    listed = module("pagerduty", **own, state="ongoing")["result"]["maintenance_windows"]
    assert window in {one["id"] for one in listed}
    module("pagerduty", **own, state="absent", window_id=window)
