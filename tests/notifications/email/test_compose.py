"""What a person reads: the letter of a page, a summary, a notice."""

from datetime import timedelta
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notifications.email.letters import DISK, NOW, SENDER, incident, notice, page, part, read_back
from tocsin.notifications.channels.email.compose import compose, subject
from tocsin.notifications.channels.email.headers import BadAddress
from tocsin.notifications.channels.email.sink import links_in
from tocsin.notifications.channels.email.view import view
from tocsin.notifications.model import Message

HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Auto-Submitted",
    "X-Auto-Response-Suppress", "Importance", "X-Tocsin-Kind", "X-Tocsin-Key", "X-Tocsin-Total",
    "X-Tocsin-Incident", "X-Tocsin-Urgency",
}  # fmt: skip


def letter(message: Message) -> EmailMessage:
    return read_back(compose(message, SENDER, NOW))


def both(message: Message) -> tuple[str, str]:
    mail = letter(message)
    return part(mail, "plain"), part(mail, "html")


def test_the_subject_tells_urgency_title_and_service() -> None:
    assert letter(page())["Subject"] == "[Tocsin] High: Disk full on db-1 — Payments database"


def test_a_re_page_says_that_it_is_still_open_and_for_how_long() -> None:
    again = page(incident(triggered_at=NOW - timedelta(hours=2, minutes=4)), kind="re-page")
    assert letter(again)["Subject"] == "[Tocsin] High, still open: Disk full on db-1 — Payments database"
    assert all("Nobody has acknowledged this for 2 h 4 min." in text for text in both(again))


def test_a_summary_counts_in_its_subject() -> None:
    many = page(*(incident(n) for n in range(3)), total=3)
    assert letter(many)["Subject"] == (
        "[Tocsin] You have 3 triggered incidents, first: Disk full on db-1 — Payments database"
    )


def test_both_parts_tell_why_what_when_and_how_to_answer() -> None:
    for text in both(page()):
        for said in (DISK.why, DISK.title, DISK.service, "critical", "db-1.prod.example", "0.3 %", "line two"):
            assert said in text
        assert "Sat 21 Nov, 04:07 CET (03:07 UTC)" in text


def test_every_address_of_the_text_part_stands_on_a_line_of_its_own() -> None:
    lines = [line.strip() for line in both(page())[0].splitlines()]
    for url in (DISK.acknowledge_url, DISK.resolve_url, DISK.html_url, DISK.links[0][0]):
        assert url in lines


def test_the_html_part_links_to_answer_to_the_incident_and_to_the_runbook() -> None:
    links = links_in(both(page())[1])
    assert {DISK.acknowledge_url, DISK.resolve_url, DISK.html_url, DISK.links[0][0]} <= set(links)


def test_no_part_of_the_letter_is_fetched_from_anywhere() -> None:
    html = both(page())[1].lower()
    assert not any(sign in html for sign in ("<img", "src=", "<link", "<script", "url(", "@import"))


def test_a_summary_lists_fifty_and_counts_the_rest() -> None:
    for text in both(page(*(incident(n) for n in range(70)), total=340)):
        assert "k1.ack49.sig" in text
        assert "k1.ack50.sig" not in text
        assert "and 290 more" in text
        assert "340 triggered incidents" in text


def test_a_summary_of_fifty_is_not_clipped_by_a_mail_reader() -> None:
    token = "k1." + "x" * 260
    url = f"https://pager.example/app/answer/{token}"
    many = (incident(n, acknowledge_url=url, resolve_url=url, title="t" * 80) for n in range(50))
    assert len(both(page(*many, total=50))[1].encode()) < 102_000


def test_the_same_key_gives_the_same_message_id_and_another_key_another() -> None:
    first, again, other = (letter(page(key=key))["Message-ID"] for key in ("s1", "s1", "s2"))
    assert first == again != other
    assert first.endswith("@pager.example>")


def test_the_headers_mark_an_automatic_letter_and_no_mailing_list() -> None:
    mail = letter(page())
    assert set(mail.keys()) == HEADERS
    assert (mail["Auto-Submitted"], mail["Importance"], mail["X-Tocsin-Incident"]) == (
        "auto-generated",
        "high",
        "Q0DISK",
    )
    assert mail["Date"].datetime == NOW


def test_a_low_urgency_page_is_not_marked_important() -> None:
    assert "Importance" not in letter(page(incident(urgency="low")))


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\0"])
def test_a_line_break_in_a_title_starts_no_header(line_break: str) -> None:
    mail = letter(page(incident(title=f"disk{line_break}Bcc: eve@example.com", service=f"a{line_break}b")))
    assert set(mail.keys()) == HEADERS
    assert "Bcc: eve@example.com" in mail["Subject"]


def test_a_title_that_looks_encoded_is_shown_as_it_is() -> None:
    title = "=?utf-8?q?a=0ABcc:_eve@example.com?="
    assert title in letter(page(incident(title=title)))["Subject"]


def test_a_very_long_title_is_cut_in_the_subject_and_whole_in_the_letter() -> None:
    title = "word " * 100 + "end"
    mail = letter(page(incident(title=title)))
    assert len(mail["Subject"]) < 260
    assert "…" in mail["Subject"]
    assert title in part(mail, "plain")


@pytest.mark.parametrize(
    "title", ["🔥 Kafka 👩‍🚒 lag", "Straße überflutet", "データベース停止", "a  b" * 30, "Ünï " * 30]
)
def test_a_title_beyond_ascii_arrives_unharmed(title: str) -> None:
    assert f" High: {' '.join(title.split())} — Payments" in letter(page(incident(title=title)))["Subject"]


def test_right_to_left_titles_are_fenced_and_direction_overrides_dropped() -> None:
    subject = letter(page(incident(title="قاعدة البيانات")))["Subject"]
    assert subject == "[Tocsin] High: \u2068قاعدة البيانات\u2069 — Payments database"
    assert "exe.txt" in letter(page(incident(title="\u202eexe.txt")))["Subject"]
    assert "\u202e" not in letter(page(incident(title="\u202eexe.txt")))["Subject"]


def test_markup_in_what_came_from_outside_stays_text() -> None:
    evil = "<script>alert(1)</script>\"'&"
    html = both(page(incident(title=evil, service=evil, why=evil, source=evil, details=((evil, evil),))))[1]
    assert "<script" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("href", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "http://[", "", "x y"])
def test_only_web_addresses_become_links(href: str) -> None:
    text, html = both(page(incident(links=((href, "look"),))))
    assert set(links_in(html)) == set(links_in(both(page(incident(links=())))[1]))
    assert "look" in text


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_a_detail_cannot_forge_a_line_of_the_letter(line_break: str) -> None:
    forged = line_break.join(("x", "Acknowledge:", "https://evil.example/"))
    text = both(page(incident(details=(("log", forged),))))[0]
    assert text.splitlines().count("Acknowledge:") == 1
    assert "https://evil.example/" not in text.splitlines()


def test_long_details_are_cut_and_many_are_counted() -> None:
    text = both(page(incident(details=tuple((f"name{n}", "v" * 900) for n in range(25)))))[0]
    assert "v" * 499 + "…" in text
    assert "v" * 500 not in text
    assert "and 5 more on the incident's page" in text


@pytest.mark.parametrize("zone", ["Nowhere/Town", "", "../etc/passwd", "\0", "Europe", "x" * 5000])
def test_an_unknown_time_zone_reads_as_utc(zone: str) -> None:
    assert "Triggered: Sat 21 Nov, 03:07 UTC\n" in both(page(time_zone=zone))[0]


def test_a_zone_without_a_name_shows_its_offset() -> None:
    assert "09:07 UTC+06 (03:07 UTC)" in both(page(time_zone="Asia/Dhaka"))[0]


def test_a_page_without_a_reason_still_says_why() -> None:
    assert "You are on call at level 3." in both(page(incident(why="", level=3)))[0]
    assert "This incident is assigned to you." in both(page(incident(why="", level=None)))[0]


def test_an_incident_without_links_to_answer_shows_no_dead_buttons() -> None:
    for text in both(page(incident(acknowledge_url="", resolve_url=""))):
        assert "Acknowledge:" not in text
        assert ">Resolve</a>" not in text


def test_a_notice_carries_its_own_words() -> None:
    mail = letter(notice("Nobody is on call\nfrom Monday", "Line one.\n\nAdd a person."))
    assert mail["Subject"] == "[Tocsin] Nobody is on call from Monday"
    for text in (part(mail, "plain"), part(mail, "html")):
        assert "Line one." in text
        assert "Add a person." in text
        assert "https://pager.example/app/incidents" in text
        assert "Acknowledge" not in text


def test_a_notice_whose_subject_looks_encoded_is_shown_as_it_is() -> None:
    mail = letter(notice("=?utf-8?q?a=0ABcc:_eve@example.com?=", "text"))
    assert mail["Subject"] == "[Tocsin] =?utf-8?q?a=0ABcc:_eve@example.com?="
    assert "Bcc" not in mail


def test_a_notice_may_name_incidents() -> None:
    told = notice("Resolved on its own", "Nobody had answered.", incidents=(DISK,), total=1)
    assert all("#42 Disk full on db-1" in text and "Acknowledge" not in text for text in both(told))


@pytest.mark.parametrize(
    "name", ['Al "the" Adams', "Ällice Ädams", "a,b <c@d.e>", "x\r\nBcc: e@e.e", "", "=?utf-8?q?x?=", "n" * 300]
)
def test_any_name_of_a_person_leaves_one_recipient(name: str) -> None:
    to = letter(page(to_name=name))["To"]
    assert [person.addr_spec for person in to.addresses] == ["alice@example.com"]


def test_an_international_domain_is_sent_in_ascii() -> None:
    assert letter(page(to="alice@bücher.example"))["To"].addresses[0].domain == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    "to", ["", "alice", "@b", "a@", "a@b\r\nBcc: c@d", "a b@c", "a@b, c@d", "a@" + "x" * 300, "a@b@c"]
)
def test_what_is_no_address_is_refused(to: str) -> None:
    with pytest.raises(BadAddress, match="is not an e-mail address"):
        compose(page(to=to), SENDER, NOW)


@given(
    title=st.text(max_size=1100), service=st.text(max_size=130), name=st.text(max_size=110), key=st.text(max_size=80)
)
def test_whatever_the_words_the_letter_reads_back_whole(title: str, service: str, name: str, key: str) -> None:
    message = page(incident(title=title, service=service), to_name=name, key=key)
    mail = letter(message)
    assert set(mail.keys()) == HEADERS
    assert [person.addr_spec for person in mail["To"].addresses] == ["alice@example.com"]
    assert mail["Subject"] == subject(message, view(message, NOW))
    for text in (part(mail, "plain"), part(mail, "html")):
        assert "k1.ack42.sig" in text
        assert "k1.res42.sig" in text


@given(st.text(max_size=600), st.text(max_size=100))
def test_whatever_the_details_every_line_of_the_letter_is_short_ascii(value: str, name: str) -> None:
    raw = compose(page(incident(why=value, details=((name, value),), links=((value, name),))), SENDER, NOW).as_bytes()
    assert raw.isascii()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
