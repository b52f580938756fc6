"""Templates of status updates: kept over the wire, rendered within limits (ei:SU2)."""

import time
from typing import Any

import pytest

from tests.incidents.acme import Acme
from tests.rest_client import Reply
from tocsin.status_pages.logic import html, rendering

FIELDS = {
    "email_subject": "Update on {{incident.title}}",
    "email_body": "<p>{{status_update.message}}</p>",
    "message": "{{incident.number}}: {{status_update.message}} {{external.eta}}",
}


def add(acme: Acme, name: str = "Standard", **more: Any) -> Reply:
    given = {"template_type": "status_update", "name": name, "description": "d", "templated_fields": FIELDS, **more}
    return acme.client.post("/templates", {"template": given}, lenient=True)


def rendered(acme: Acme, id: str, incident: str, message: str = "Fixed", **more: Any) -> Any:
    body = {"incident_id": incident, "status_update": {"message": message}, **more}
    return acme.client.post(f"/templates/{id}/render", body).body


def test_templates_are_made_listed_changed_and_taken_away(acme: Acme) -> None:
    made = add(acme)
    template = made.body["template"]
    assert (made.status, template["type"], template["templated_fields"]) == (201, "template", FIELDS)
    assert (template["created_by"]["summary"], template["template_type"]) == ("Alice", "status_update")
    path = f"/templates/{template['id']}"
    assert acme.client.get(path).body["template"] == template
    assert acme.client.put(path, {"template": template}, lenient=True).body["template"] == template
    changed = {"template": {"name": "Other", "templated_fields": {"message": "m"}, "description": None}}
    got = acme.client.put(path, changed).body["template"]
    assert (got["name"], got["description"], got["templated_fields"]["email_body"]) == ("Other", None, None)
    assert acme.client.delete(path).status == 204
    assert [acme.client.get(path).status, acme.client.delete(path).status] == [404, 404]


def test_a_list_is_searched_sorted_and_paged(acme: Acme) -> None:
    for name in ("b", "a", "c%"):
        add(acme, name)

    def names(query: str) -> list[str]:
        return [one["name"] for one in acme.client.get(f"/templates{query}").body["templates"]]

    assert (names(""), names("?sort_by=name"), names("?sort_by=created_at:desc")) == (
        ["b", "a", "c%"],
        ["a", "b", "c%"],
        ["c%", "a", "b"],
    )
    assert (names("?query=%25"), names("?limit=1&offset=1"), names("?template_type=status_update&query=zz")) == (
        ["c%"],
        ["a"],
        [],
    )
    for query in ("sort_by=id", "template_type=other", "limit=x"):
        assert acme.client.get(f"/templates?{query}").status == 400


@pytest.mark.parametrize(
    "more",
    [{"name": None}, {"name": ""}, {"template_type": "x"}, {"templated_fields": {"message": "{% if %}"}},
     {"templated_fields": {"email_body": "{% include 'x' %}"}}, {"templated_fields": {"message": "x" * 50_001}},
     {"templated_fields": "x"}, {"templated_fields": {"message": 7}}],
)  # fmt: skip
def test_a_template_that_cannot_be_is_refused(acme: Acme, more: dict[str, Any]) -> None:
    got = add(acme, **more)
    assert (got.status, got.code) == (400, 2001), got.body


def test_a_template_is_rendered_for_a_real_incident(acme: Acme) -> None:
    id, incident = add(acme).body["template"]["id"], acme.opens("<i>Slow</i>")["id"]
    got = rendered(acme, id, incident, "<b>Fixed</b>", external={"eta": "noon"})
    assert got["templated_fields"] == {
        "email_subject": "Update on <i>Slow</i>", "email_body": "<p>&lt;b&gt;Fixed&lt;/b&gt;</p>",
        "message": "1: <b>Fixed</b> noon",
    }  # fmt: skip
    assert (got["warnings"], got["errors"]) == ([], [])
    assert rendered(acme, id, incident)["warnings"] == [{"message": ["{{external.eta}} does not exist."]}]
    assert rendered(acme, id, "1")["templated_fields"]["email_subject"] == "Update on <i>Slow</i>"


def test_what_cannot_be_rendered_is_refused(acme: Acme) -> None:
    id, incident = add(acme).body["template"]["id"], acme.opens()["id"]
    for body, status in (
        ({}, 400),
        ({"incident_id": "QNONE"}, 404),
        ({"incident_id": incident, "external": "x" * 70_000}, 400),
    ):
        assert acme.client.post(f"/templates/{id}/render", body, lenient=True).status == status
    assert acme.client.post("/templates/PNONE/render", {"incident_id": incident}).status == 404


def test_a_template_tells_nobody_of_an_incident_that_they_may_not_see(acme: Acme) -> None:
    id, incident = add(acme).body["template"]["id"], acme.opens()["id"]
    hidden = {"type": "team", "name": "Hidden", "default_role": "none"}
    team = acme.client.post("/teams", {"team": hidden}).body["team"]["id"]
    acme.client.put(f"/teams/{team}/escalation_policies/{acme.policy}")
    watcher, body = acme.watcher(), {"incident_id": incident}
    assert watcher.post(f"/templates/{id}/render", body).status == 404
    assert acme.client.post(f"/templates/{id}/render", body).status == 200


def test_every_listed_field_means_something_on_a_real_incident(acme: Acme) -> None:
    fields = [one["summary"] for one in acme.client.get("/templates/fields").body["fields"]]
    source = "\n".join(f"{name}={{{{{name}}}}}" for name in fields)
    id = add(acme, templated_fields={"message": source}).body["template"]["id"]
    got = rendered(acme, id, acme.triggers("disk"), "all is well")
    assert (got["warnings"], got["errors"]) == ([], [])
    told = dict(line.split("=", 1) for line in got["templated_fields"]["message"].split("\n"))
    assert (told["incident.service.summary"], told["incident.assignees"], told["incident.status"]) == (
        "Web",
        "Alice",
        "triggered",
    )
    assert told["incident.html_url"].endswith(f"/app/incidents/{told['incident.id']}")


@pytest.mark.parametrize(
    "source",
    ['{{ (1..1000000000) | join: "," }}', "{% for i in (1..1000000000) %}x{% endfor %}",
     '{{ 1 | date: "%999999999Y" }}',
     '{% assign s = "aaaaaaaaaaaaaaaa" %}' + "{% assign s = s | append: s %}" * 40 + "{{ s }}",
     '{% assign s = "aaaaaaaaaaaaaaaa" %}' + "{% capture s %}{{s}}{{s}}{% endcapture %}" * 40 + "{{ s }}",
     '{% assign s = "aaaaaaaaaaaaaaaa" %}' + "{% assign s = s | append: s %}" * 13 + '{{ s | replace: "a", s }}',
     "{% for i in (1..40) %}{% for j in (1..40) %}"
     + "{% if i == j %}{{ i | times: j }}{% endif %}" * 900
     + "{% endfor %}{% endfor %}",
     "{{ 9 | times: 99999999999 | times: 99999999999 | times: 99999999999 }}", "{{ 1 | divided_by: 0 }}",
     "{% if a %}" * 60 + "{% endif %}" * 60, "{{ a.__class__.__mro__ | nope }}",
     "{% render 'x' %}", "{% liquid echo 1 %}"],
)  # fmt: skip
def test_a_template_that_asks_too_much_is_an_error_soon(source: str) -> None:
    began = time.monotonic()
    done = rendering.render("message", source, {"a": {"b": "x"}})
    assert (done.text, done.error is None) == ("", False)
    assert time.monotonic() - began < 5


def test_nothing_but_the_data_can_be_reached() -> None:
    done = rendering.render(
        "message", "{{ a.__class__ }}{{ a.keys }}{{ a.b.upper }}{{ self }}{{ __builtins__ }}", {"a": {"b": "x"}}
    )
    assert (done.text, len(done.warnings)) == ("", 5)


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("<p>a<b>b</p>c", "<p>a<b>b</b></p>c"),
        ("<script>alert(1)</script>x", "x"),
        ("<p style='x' onclick=y>z", "<p>z</p>"),
        ('<a href="javascript:alert(1)">x</a>', '<a rel="noopener noreferrer">x</a>'),
        ('<a href="HTTPS://a.example/?a=1&b=2">x</a>',
         '<a href="HTTPS://a.example/?a=1&amp;b=2" rel="noopener noreferrer">x</a>'),
        ("<svg/onload=alert(1)>x", ""), ("<svg><p>a</p></svg>b", "b"),
        ("<img src=x onerror=y alt='z'>", "z"), ("a<br/>b<hr>", "a<br>b<hr>"),
        ("<iframe src=x>y</iframe>z", "z"),
        ("</div></p>x", "x"), ("1 < 2 & 3", "1 &lt; 2 &amp; 3"), ("<!-- x -->y", "y"),
        ("<style>p{}</style><td colspan='2' bgcolor=x>y", '<td colspan="2">y</td>'), ("<<script>script>x", "&lt;"),
        ("<form action=x><input name=y>z</form>q", "q"), ("<body><h1>a</h1></body>", "<h1>a</h1>"),
    ],
)  # fmt: skip
def test_html_of_people_is_made_safe(given: str, safe: str) -> None:
    assert html.safe(given) == safe
    assert html.safe(html.safe(given)) == html.safe(given)


def test_pictures_stay_in_mail_alone_and_words_are_read_out_of_html() -> None:
    logo = '<img src="https://a.example/l.png" alt="Logo" onload=x>'
    assert html.safe(logo, images=True) == '<img src="https://a.example/l.png" alt="Logo">'
    assert html.safe("<img src='http://a.example/l.png'>", images=True) == ""
    assert (
        html.words("<h1>Fire</h1><p>It <a href='https://a.example'>burns</a></p>")
        == "Fire\nIt burns (https://a.example)"
    )
