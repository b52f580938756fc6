"""One-click answers out of a mail: GET never acts, POST does, and whatever is wrong is said plainly."""

from datetime import timedelta

import pytest

from tests.web.pages import Pages
from tocsin.core.clock import real_now
from tocsin.incidents.commands import verbs
from tocsin.notifications.links import answer_url


def test_opening_a_link_acts_on_nothing(site: Pages) -> None:
    incident = site.incident()
    link = site.link(incident)
    before = site.entries(incident)
    for ask in (site.client.get, site.client.head):
        assert ask(link).status_code == 200
    assert "Nothing has happened yet" in site.client.get(link).text
    assert site.client.put(link).status_code == site.client.delete(link).status_code == 405
    assert site.entries(incident) == before


def test_answering_acts_in_the_name_of_the_one_who_was_paged(site: Pages) -> None:
    incident = site.incident()
    answer = site.client.post(site.link(incident))
    assert "You have it. Escalation stopped." in answer.text
    last = site.entries(incident)[-1]
    assert (last.type, last.actor_id, last.channel) == ("acknowledge", site.seeded.people["alice"], "email")
    assert (last.cause, site.status(incident)) == ("reply", "acknowledged")


def test_a_link_resolves(site: Pages) -> None:
    incident = site.incident()
    answer = site.client.post(site.link(incident, action="resolve"))
    assert "Resolved." in answer.text
    assert site.status(incident) == "resolved"


def test_pressing_twice_changes_nothing_more(site: Pages) -> None:
    incident = site.incident()
    link = site.link(incident)
    site.client.post(link)
    written = site.entries(incident)
    assert "You have it already" in site.client.post(link).text
    assert site.entries(incident) == written


def test_who_comes_second_hears_who_has_it_and_may_take_over(site: Pages) -> None:
    incident = site.incident()
    site.database.run(lambda tx: verbs.acknowledge(tx, site.person("bob"), [incident]))
    shown = site.client.get(site.link(incident)).text
    assert "<bdi>Bob</bdi>" in shown
    assert "has it already" in shown
    assert "Take it over" in shown
    assert "You have it." in site.client.post(site.link(incident)).text


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
def test_what_is_over_is_left_alone(site: Pages, action: str) -> None:
    incident = site.incident()
    site.database.run(lambda tx: verbs.resolve(tx, site.person("bob"), [incident]))
    written = site.entries(incident)
    answer = site.client.post(site.link(incident, action=action))  # type: ignore[arg-type]
    assert answer.status_code == 200
    assert "resolved already, by" in answer.text
    assert site.entries(incident) == written


def test_an_old_link_says_that_it_is_too_old(site: Pages) -> None:
    incident = site.incident()
    long_ago = real_now() - timedelta(days=15)
    link = answer_url(site.signer, "", incident, site.seeded.people["alice"], "acknowledge", "s", long_ago)
    for answer in (site.client.get(link), site.client.post(link)):
        assert answer.status_code == 410
        assert "too old" in answer.text
    assert site.status(incident) == "triggered"


@pytest.mark.parametrize("bad", ["x", "1.e30.x", "a.b.c", "%00", "é", "1." + "A" * 5000 + ".x"])
def test_a_link_that_is_not_ours_does_nothing(site: Pages, bad: str) -> None:
    for answer in (site.client.get(f"/app/answer/{bad}"), site.client.post(f"/app/answer/{bad}")):
        assert answer.status_code in (400, 404)
        assert "500" not in answer.text


def test_a_link_with_one_letter_changed_does_nothing(site: Pages) -> None:
    incident = site.incident()
    link = site.link(incident)
    forged = link[:-1] + ("A" if link[-1] != "A" else "B")
    assert site.client.post(forged).status_code == 400
    assert site.status(incident) == "triggered"


def test_somebody_who_left_answers_no_more(site: Pages) -> None:
    incident = site.incident()
    site.execute("UPDATE users SET deleted_at = created_at WHERE email = 'alice@example.com'")
    assert site.client.post(site.link(incident)).status_code == 410
    assert site.status(incident) == "triggered"
