"""The audit page: for the owner and admins, filtered, with what was before and after, and to take away."""

import csv
import io
from typing import Any

from sqlalchemy import select

from tests.audit import forms
from tests.web.pages import Pages
from tocsin.core.actor import Actor, ActorKind
from tocsin.core.audit import audit_records
from tocsin.core.settings import Settings
from tocsin.rest.body import read
from tocsin.services import commands, wire
from tocsin.web.app import pages_of
from tocsin.web.queries import audit

TERRAFORM = Actor(ActorKind.ACCOUNT_KEY, "PK", "Terraform", method="api_token", key_tail="ab12", address="192.0.2.7")


def rename(site: Pages, name: str, by: Actor = TERRAFORM) -> None:
    def work(tx: Any) -> None:
        row = commands.get(tx.conn, site.seeded.service, lock=True)
        hours = {"time_zone": "UTC", "start_time": "09:00:00", "end_time": "17:00:00", "days_of_week": [1, 2]}
        body = read(wire.ServiceBody, {"name": name, "support_hours": hours}, over=wire.present(row))
        commands.edit(tx, by, row, body)

    site.database.run(work)


def test_others_are_refused(site: Pages) -> None:
    alice = site.sign_in("alice", site.visitor())
    for path in ["/app/audit", "/app/audit.csv", "/app/audit.json"]:
        assert site.visitor().get(path).status_code == 303
        assert alice.get(path).status_code == 403
    site.sign_in("alice")
    assert "History" not in site.client.get(f"/app/services/{site.seeded.service}").text


BAD = [
    "from=soon",
    "until=2026-02-30",
    "before=x~y",
    "from=0001-01-01",
    "until=9999-12-31",
    "before=9999-12-31T23:59:59-12:00~R",
]


def test_bad_filters_are_refused_in_words(site: Pages) -> None:
    eve = site.sign_in("eve")
    for query in BAD:
        answer = eve.get(f"/app/audit?{query}")
        assert answer.status_code == 400, query
        assert "must be" in answer.text or "damaged" in answer.text


ODD = ["who=%00", "of=%00/%00", "of=x", "type='", "q=%25_%5C", "action=" + "x" * 999]


def test_odd_filters_find_nothing(site: Pages) -> None:
    eve = site.sign_in("eve")
    assert [query for query in ODD if eve.get(f"/app/audit?{query}").status_code != 200] == []


def test_a_change_is_shown_with_before_and_after(site: Pages) -> None:
    rename(site, "Till <b>")
    page = site.sign_in("eve").get("/app/audit").text
    for said in ("Terraform", "changed the service", "Till &lt;b&gt;", "With the key …ab12", "from 192.0.2.7"):
        assert said in page
    assert "Till <b>" not in page


def test_filters_and_history_narrow_it_down(site: Pages) -> None:
    rename(site, "Till")
    browser = site.sign_in("eve")
    eve, service = site.seeded.people["eve"], site.seeded.service
    for query, there in (
        (f"who={eve}", False), ("who=PK", True), ("type=service", True), ("type=team", False), ("action=delete", False),
        ("q=terra", True), ("q=nothing+like+it", False), (f"of=service%2F{service}", True), ("until=2020-01-01", False),
    ):  # fmt: skip
        assert ("changed the service" in browser.get(f"/app/audit?{query}").text) is there, query


def test_things_lead_to_their_history(site: Pages) -> None:
    browser = site.sign_in("eve")
    for path, of in (
        (f"/app/services/{site.seeded.service}", f"service%2F{site.seeded.service}"),
        (f"/app/escalation-policies/{site.seeded.policy}", f"escalation_policy%2F{site.seeded.policy}"),
        (f"/app/users/{site.seeded.people['bob']}", f"user%2F{site.seeded.people['bob']}"),
    ):
        assert f"/app/audit?of={of}" in browser.get(path).text
        assert browser.get(f"/app/audit?of={of}").status_code == 200


def test_older_ones_are_a_link_away(site: Pages) -> None:
    for n in range(audit.A_PAGE + 5):
        rename(site, f"Name {n}")
    browser = site.sign_in("eve")
    page = browser.get("/app/audit?type=service")
    older = page.text.split('href="/app/audit?type=service&amp;before=')[1].split('"')[0]
    rest = browser.get(f"/app/audit?type=service&before={older}".replace("&amp;", "&")).text
    assert (page.text.count('id="record-'), rest.count('id="record-')) == (audit.A_PAGE, 5)


def test_it_can_be_taken_away_and_no_cell_is_a_formula(site: Pages) -> None:
    rename(site, "=HYPERLINK(1)")
    rename(site, "Till")
    browser = site.sign_in("eve")
    table = browser.get("/app/audit.csv?type=service")
    assert table.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert rows[0]["resource_name"] == "'=HYPERLINK(1)"
    listed = browser.get("/app/audit.json?type=service").json()
    assert [one["after"]["name"] for one in listed] == ["Till", "=HYPERLINK(1)"]


def test_only_what_differs_inside_a_document_is_shown() -> None:
    before = {
        "rule": {"type": "constant", "urgency": "high"},
        "user_id": "P1",
        "rules": [{"delay": 5}],
        "secret": "[masked]",
    }
    after = {
        "rule": {"type": "constant", "urgency": "low"},
        "user_id": "P2",
        "rules": [{"delay": 9}],
        "secret": "[masked]",
    }
    shown = [(f.name, f.before, f.after) for f in audit.differences(before, after, {"P1": "Ann", "P2": "Bo"})]
    assert shown == [
        ("rule › urgency", "high", "low"), ("user", "Ann", "Bo"), ("rules 1 › delay", "5", "9"),
        ("secret", "[masked]", "[masked]"),
    ]  # fmt: skip


def test_a_form_leaves_a_record_with_its_request_and_address(site: Pages) -> None:
    site.sign_in("eve")
    form = {"region": "eu", "subdomain": "acme-eu"}
    answer = site.post("/app/apps/account", form)
    assert answer.status_code == 303, answer.text
    row = forms.newest(site, "account")
    assert (row.request_id, row.method, row.address) == (answer.headers["x-request-id"], "browser", "testclient")
    assert (row.actor_id, row.after["region"]) == (site.seeded.people["eve"], "eu")


def test_every_form_that_writes_leaves_a_record(site: Pages) -> None:
    """Signs in, goes through every form, signs out; each answer's request is on record."""
    answers = forms.answered(site)
    with site.database.begin() as tx:
        known = set(tx.conn.scalars(select(audit_records.c.request_id)))
    assert {path: answer.status_code for path, answer in answers.items() if answer.status_code not in (200, 303)} == {}
    assert [path for path, answer in answers.items() if answer.headers["x-request-id"] not in known] == []
    posts = {page.path for page in pages_of(Settings()) if page.method == "POST"}
    assert {path for path in posts if not path.startswith(tuple(forms.UNAUDITED))} == answers.keys()
