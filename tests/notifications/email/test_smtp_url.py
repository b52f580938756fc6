"""TOCSIN_SMTP_URL: what it means, and how a mistake in it is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.notifications.channels.email.smtp_url import BadSmtpUrl, SmtpServer, parse_smtp_url


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", SmtpServer("mail.example", 25, "", "", "auto")),
        ("smtp://mail.example:2525/", SmtpServer("mail.example", 2525, "", "", "auto")),
        ("smtps://mail.example", SmtpServer("mail.example", 465, "", "", "tls")),
        ("smtp://u:p@mail.example", SmtpServer("mail.example", 587, "u", "p", "required")),
        ("smtp://u:p@127.0.0.1:1025", SmtpServer("127.0.0.1", 1025, "u", "p", "auto")),
        ("smtp://u:p@mail.example?starttls=off", SmtpServer("mail.example", 587, "u", "p", "off")),
        ("smtp://[::1]:25?starttls=required", SmtpServer("::1", 25, "", "", "required")),
        ("smtp://a%40b.c:p%40ss%3A%2F%C3%A9@h:587", SmtpServer("h", 587, "a@b.c", "p@ss:/é", "required")),
        (" smtp://h\n", SmtpServer("h", 25, "", "", "auto")),
    ],
)
def test_a_url_names_a_server(url: str, server: SmtpServer) -> None:
    assert parse_smtp_url(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "", "mail.example", "mail.example:25", "http://mail.example", "smtp://", "smtp://:25", "smtp://h:0", "smtp://h:99999",
        "smtp://h:port", "smtp://u:hunter2@", "smtp://u:hunter2/x@h:25", "smtp://u:hunter2#x@h", "smtp://u:hun:ter2@h:x",
        "smtp://u:hunter2@h?starttls=maybe", "smtp://h?tls=on", "smtp://h?starttls=off&starttls=auto",
        "smtps://h?starttls=required", "smtp://u@h", "smtp://:hunter2@h", "smtp://u:hunter2%0D%0A@h", "smtp://u:hunter2%ff@h",
        "smtp://[::1", "smtp://h/path", "smtp://h h:25",
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_that_names_the_setting_and_keeps_the_password(url: str) -> None:
    with pytest.raises(BadSmtpUrl) as caught:
        parse_smtp_url(url)
    said = str(caught.value)
    assert said.startswith("TOCSIN_SMTP_URL: ")
    assert "\n" not in said
    assert "hunter2" not in said


@given(st.text(max_size=60))
def test_any_text_is_a_server_or_a_mistake(text: str) -> None:
    try:
        server = parse_smtp_url("smtp://" + text)
    except BadSmtpUrl:
        return
    assert 0 < server.port < 65536


def test_the_password_does_not_show_when_the_server_is_printed() -> None:
    assert "hunter2" not in repr(parse_smtp_url("smtp://u:hunter2@h"))
