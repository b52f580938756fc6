"""The main job on real input: Debian's Alertmanager fires, a real mail server takes the pages (core:E1-E74).

Alertmanager runs on real time, Tocsin on the test clock; it is configured as a user would from its manual.
"""

import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.install import Install, answer_path, eventually, plain
from tests.e2e.ports import free_port
from tests.e2e.served import Served

pytestmark = pytest.mark.real

CONFIG = """
global:
  pagerduty_url: '{base}/v2/enqueue'
  resolve_timeout: 5m
route:
  group_by: ['alertname']
  group_wait: 100ms
  group_interval: 300ms
  repeat_interval: 1h
  receiver: pagerduty-warning
  routes:
  - match:
      severity: critical
    receiver: pagerduty-critical
receivers:
- name: pagerduty-critical
  pagerduty_configs:
  - routing_key: '{critical}'
    description: 'Critical Alert: {{{{ range .Alerts }}}}{{{{ .Annotations.summary }}}}{{{{ end }}}}'
    details:
      alertname: '{{{{ .GroupLabels.alertname }}}}'
      instance: '{{{{ range .Alerts }}}}{{{{ .Labels.instance }}}}{{{{ end }}}}'
    links:
    - href: 'https://grafana.example.com/d/alerts'
      text: 'Grafana Dashboard'
    - href: 'https://prometheus.example.com/alerts'
      text: 'Prometheus Alerts'
- name: pagerduty-warning
  pagerduty_configs:
  - routing_key: '{warning}'
    severity: 'warning'
"""


class Alertmanager:
    """A running Alertmanager that is told of alerts through its own API."""

    def __init__(self, program: Path, place: Path, config: str):
        (place / "alertmanager.yml").write_text(config)
        self.base = f"http://127.0.0.1:{(port := free_port())}"
        self.log = (place / "alertmanager.log").open("wb")
        words = [program, f"--config.file={place}/alertmanager.yml", f"--storage.path={place}/data",
                 f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]  # fmt: skip
        self.process = subprocess.Popen(words, stdout=self.log, stderr=self.log, cwd=place)

    def ready(self) -> bool:
        """Whether it answers."""
        try:
            with urllib.request.urlopen(f"{self.base}/-/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def tell(self, severity: str, ends_at: datetime | None = None) -> None:
        """An alert that fires, or ended."""
        labels = {"alertname": "DiskFull", "instance": "db-1:9100", "severity": severity}
        alert: dict[str, Any] = {"labels": labels, "annotations": {"summary": "Disk full on db-1"}}
        alert["startsAt"] = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
        if ends_at:
            alert["endsAt"] = ends_at.isoformat()
        assert _post(f"{self.base}/api/v2/alerts", [alert]) == 200

    def end(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(10)
        self.log.close()


def _post(url: str, body: Any) -> int:
    base, _, path = url.rpartition("/api/")
    served = Served.__new__(Served)
    served.base = base
    return served.call("POST", f"/api/{path}", body)[0]


@contextmanager
def alertmanager(program: Path, place: Path, config: str) -> Iterator[Alertmanager]:
    """It, answering."""
    running = Alertmanager(program, place, config)
    try:
        eventually(running.ready)
        yield running
    finally:
        running.end()


def test_alertmanager_fires_and_people_are_paged_until_one_answers_by_the_mail_s_link(
    install: Install, real_part: Callable[..., Path], tmp_path: Path
) -> None:
    way = install.service(((30, ("alice",)), (30, ("bob",))))
    config = CONFIG.format(base=install.served.base, critical=way.key, warning="0" * 32)
    with alertmanager(real_part("prometheus-alertmanager"), tmp_path, config) as source:
        source.tell("critical")
        page = eventually(lambda: install.mails("alice"))[0]
        assert page["Subject"].startswith("[Tocsin] High: Critical Alert: Disk full on db-1")
        for shown in ("alertname: DiskFull", "instance: db-1:9100", "https://grafana.example.com/d/alerts"):
            assert shown in plain(page)
        install.served.advance(minutes=30)
        assert install.mailed() == {"alice": 1, "bob": 1}
        _acknowledge(install, answer_path(install.mails("bob")[0]))
        install.served.advance(hours=6)
        assert install.mailed() == {"alice": 1, "bob": 1}
        source.tell("critical", ends_at=datetime.now(UTC) - timedelta(seconds=1))
        incident = install.rows("SELECT id FROM incidents")[0].id
        eventually(lambda: install.status(incident) == "resolved")
    assert install.mailed() == {"alice": 1, "bob": 1}
    kinds = [kind for _, kind, _ in install.timeline(incident)]
    assert kinds == ["trigger", "assign", "escalate", "acknowledge", "resolve"]


def test_alertmanager_s_second_receiver_sends_its_warnings_to_its_own_service(
    install: Install, real_part: Callable[..., Path], tmp_path: Path
) -> None:
    way = install.service(incident_urgency_rule={"type": "constant", "urgency": "severity_based"})
    config = CONFIG.format(base=install.served.base, critical="0" * 32, warning=way.key)
    with alertmanager(real_part("prometheus-alertmanager"), tmp_path, config) as source:
        source.tell("warning")
        eventually(lambda: install.mails("alice"))
    (found,) = install.rows("SELECT urgency FROM incidents")
    assert found.urgency == "low"


def test_the_v1_body_that_alertmanager_sends_opens_and_clears(install: Install) -> None:
    """Its `service_key` form always goes to PagerDuty's own host, so the body is ours, as its source makes it."""
    way = install.service()
    path = "/generic/2010-04-15/create_event.json"
    body = {
        "service_key": way.key, "incident_key": "b2f1", "event_type": "trigger", "description": "[FIRING:1] DiskFull",
        "client": "Alertmanager", "client_url": "http://am.example:9093/#/alerts", "event_action": "", "payload": None,
        "details": {"firing": "Labels:\n - alertname = DiskFull", "num_firing": "1", "resolved": ""},
    }  # fmt: skip
    status, answer = install.served.call("POST", path, body)
    assert (status, answer) == (200, {"status": "success", "message": "Event processed", "incident_key": "b2f1"})
    install.settle()
    assert "DiskFull" in install.mails("alice")[0]["Subject"]
    assert install.served.call("POST", path, body | {"event_type": "resolve"})[0] == 200
    install.settle()
    assert [row.status for row in install.rows("SELECT status FROM incidents")] == ["resolved"]


def _acknowledge(install: Install, path: str) -> None:
    """Open the link, which does nothing; then press its button."""
    acknowledged = "SELECT 1 FROM incidents WHERE status = 'acknowledged'"
    assert "Acknowledge" in install.served.text(path)
    assert install.rows(acknowledged) == []
    install.served.text(path, "POST")
    assert len(install.rows(acknowledged)) == 1
