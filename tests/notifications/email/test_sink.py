"""The mail sink: letters kept in a folder, and read from it."""

import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.notifications.email.letters import DISK, NOW, SENDER, page
from tests.notifications.email.mailserver import free_port
from tocsin.notifications.channels.email.compose import compose
from tocsin.notifications.channels.email.sink import MailSink, keep_letter, message, messages
from tocsin.notifications.channels.email.smtp import SmtpChannel
from tocsin.notifications.channels.email.smtp_url import parse_smtp_url
from tocsin.notifications.model import Failed, Sent


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    port = free_port()
    sink = MailSink(tmp_path / "mail", port)
    sink.start()
    yield port
    sink.stop()


async def test_a_page_sent_to_the_sink_can_be_read_there(port: int, tmp_path: Path) -> None:
    channel = SmtpChannel(parse_smtp_url(f"smtp://127.0.0.1:{port}"), SENDER, lambda: NOW)
    assert isinstance(await channel.send(page()), Sent)
    await channel.close()
    (mail,) = messages(tmp_path / "mail")
    assert (mail.to, mail.date) == ("Alice Adams <alice@example.com>", NOW)
    assert mail.subject == "[Tocsin] High: Disk full on db-1 — Payments database"
    assert {DISK.acknowledge_url, DISK.resolve_url} <= set(mail.links)
    assert DISK.acknowledge_url in mail.text.splitlines()
    assert message(tmp_path / "mail", mail.id) == mail


def test_the_newest_letters_stay_and_come_first(tmp_path: Path) -> None:
    for number in range(7):
        keep_letter(tmp_path, f"Subject: {number}\r\n\r\n".encode(), keep=5)
    assert [mail.subject for mail in messages(tmp_path)] == ["6", "5", "4", "3", "2"]


def test_numbering_goes_on_after_a_restart(tmp_path: Path) -> None:
    assert keep_letter(tmp_path, b"Subject: a\r\n\r\n") < keep_letter(tmp_path, b"Subject: b\r\n\r\n")
    assert [mail.id for mail in messages(tmp_path)] == ["0000000002", "0000000001"]


@pytest.mark.parametrize("mail_id", ["", "1", "0000000009", "../../../etc/passwd", "0000000001.eml", "٠٠٠٠٠٠٠٠٠١"])
def test_an_unknown_id_reads_nothing(tmp_path: Path, mail_id: str) -> None:
    keep_letter(tmp_path, b"Subject: a\r\n\r\n")
    assert message(tmp_path, mail_id) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\xff\xfe", b"Subject: =?x?q?y?=\r\n\r\nhi", b"Date: never\r\n\r\n", b"To: @@@,,<\r\n\r\n",
        b"Content-Type: text/html; charset=none\r\n\r\n<a href=x", b"Content-Type: multipart/alternative\r\n\r\nx",
    ],
)  # fmt: skip
def test_a_broken_letter_is_listed_with_what_can_be_read(tmp_path: Path, raw: bytes) -> None:
    keep_letter(tmp_path, raw)
    assert len(messages(tmp_path)) == 1


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert messages(tmp_path / "none") == []


def test_half_written_letters_are_not_seen(tmp_path: Path) -> None:
    (tmp_path / "0000000001.part").write_bytes(b"Subject: half")
    assert messages(tmp_path) == []


def test_a_folder_that_cannot_be_written_makes_the_sender_try_again(port: int, tmp_path: Path) -> None:
    (tmp_path / "mail").rmdir()
    with smtplib.SMTP("127.0.0.1", port) as client, pytest.raises(smtplib.SMTPDataError) as caught:
        client.send_message(compose(page(), SENDER, NOW))
    assert caught.value.smtp_code == 452


def test_a_letter_that_is_too_long_is_refused(port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client, pytest.raises(smtplib.SMTPException) as caught:
        client.sendmail("a@example.com", ["b@example.com"], b"x: y\r\n\r\n" + b"x" * 78 * 30_000)
    assert "552" in str(caught.value)


def test_a_port_that_is_taken_is_an_error_at_start(port: int, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="in use"):
        MailSink(tmp_path / "other", port).start()


async def test_a_sink_that_stopped_is_a_failure_that_may_pass(tmp_path: Path) -> None:
    port = free_port()
    sink = MailSink(tmp_path, port)
    sink.start()
    sink.stop()
    outcome = await SmtpChannel(parse_smtp_url(f"smtp://127.0.0.1:{port}"), SENDER, lambda: NOW).send(page())
    assert isinstance(outcome, Failed)
    assert not outcome.permanent
