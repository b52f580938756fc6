"""Letters over a real SMTP server: each way it can go, and what the channel says about it."""

import asyncio
import socket
from contextlib import closing
from datetime import datetime
from typing import Any

import pytest

from tests.notifications.email.letters import NOW, page, part
from tests.notifications.email.mailserver import (
    DROP,
    QUICK,
    Certificates,
    Script,
    Server,
    free_port,
    only_alice,
    serving,
)
from tocsin.notifications.channels.email.smtp import Patience, SmtpChannel
from tocsin.notifications.channels.email.smtp_url import SmtpServer, parse_smtp_url
from tocsin.notifications.model import Failed, Outcome, Sent, Unknown

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

CERTIFICATES = Certificates()
ALICE = "alice:p%40ss%3Aw%2Frd@"


def now() -> datetime:
    return NOW


def channel_to(server: Server, **options: Any) -> SmtpChannel:
    return server.channel(clock=now, **options)


async def outcome_of(script: Script, **options: Any) -> Outcome:
    with serving(script) as server:
        channel = channel_to(server, **options)
        try:
            return await channel.send(page())
        finally:
            await channel.close()


async def test_a_page_arrives_and_the_servers_reply_is_the_receipt() -> None:
    script = Script()
    assert await outcome_of(script) == Sent("250 2.0.0 queued as 4F1")
    assert script.recipients == ["alice@example.com"]
    assert "You are on call at level 2" in part(script.seen[0], "plain")


async def test_lines_that_begin_with_a_dot_arrive_unharmed() -> None:
    script = Script()
    with serving(script) as server:
        told = page(kind="notice", incidents=(), notice_subject="dots", notice_text=".\n..\n.hidden\n.")
        assert isinstance(await channel_to(server).send(told), Sent)
    assert "\n.\n..\n.hidden\n.\n" in part(script.seen[0], "plain")


async def test_starttls_with_a_trusted_certificate_encrypts_the_letter() -> None:
    script = Script()
    with serving(script, tls_context=CERTIFICATES.server()) as server:
        channel = channel_to(server, options="?starttls=required", tls=CERTIFICATES.client())
        assert isinstance(await channel.send(page()), Sent)
        await channel.close()
    assert script.encrypted == [True]


async def test_tls_from_the_first_byte_works_too() -> None:
    script = Script()
    with serving(script, ssl_context=CERTIFICATES.server()) as server:
        channel = channel_to(server, scheme="smtps", tls=CERTIFICATES.client())
        assert isinstance(await channel.send(page()), Sent)
        await channel.close()
    assert script.encrypted == [True]


async def test_a_certificate_of_a_stranger_delays_the_page_when_tls_is_required() -> None:
    script = Script()
    with serving(script, tls_context=CERTIFICATES.server()) as server:
        outcome = await channel_to(server, options="?starttls=required").send(page())
    assert isinstance(outcome, Failed)
    assert not outcome.permanent
    assert "certificate verify failed" in outcome.why


async def test_auto_encrypts_whoever_the_server_is() -> None:
    script = Script()
    with serving(script, tls_context=CERTIFICATES.server()) as server:
        assert isinstance(await channel_to(server, options="?starttls=auto").send(page()), Sent)
    assert script.encrypted == [True]


async def test_off_stays_plain_though_the_server_offers_more() -> None:
    script = Script()
    with serving(script, tls_context=CERTIFICATES.server()) as server:
        assert isinstance(await channel_to(server, options="?starttls=off").send(page()), Sent)
    assert script.encrypted == [False]


async def test_required_without_an_offer_delays_the_page() -> None:
    outcome = await outcome_of(Script(), options="?starttls=required")
    assert isinstance(outcome, Failed)
    assert (outcome.permanent, "offers no STARTTLS" in outcome.why) == (False, True)


async def test_a_password_with_odd_characters_signs_in() -> None:
    script = Script()
    with serving(script, authenticator=only_alice(script), auth_require_tls=False, auth_required=True) as server:
        assert isinstance(await channel_to(server, credentials=ALICE).send(page()), Sent)
    assert script.users == ["alice"]


async def test_a_refused_password_delays_the_page_and_is_not_shown() -> None:
    script = Script()
    with serving(script, authenticator=only_alice(script), auth_require_tls=False, auth_required=True) as server:
        outcome = await channel_to(server, credentials="alice:s3cret@").send(page())
    assert isinstance(outcome, Failed)
    assert not outcome.permanent
    assert "AUTH refused: " in outcome.why
    assert "535" in outcome.why
    assert "s3cret" not in outcome.why


async def test_a_password_never_crosses_a_network_in_the_clear() -> None:
    script = Script()
    with serving(script, authenticator=only_alice(script), auth_require_tls=False) as server:
        abroad = SmtpServer("127.1", server.port, "alice", "p@ss:w/rd", "auto")  # not seen to be the loopback
        outcome = await SmtpChannel(abroad, "a@b.example", now, patience=QUICK).send(page())
    assert isinstance(outcome, Failed)
    assert (outcome.permanent, "in the clear" in outcome.why, script.users) == (False, True, [])


async def test_a_relay_that_wants_a_password_delays_the_page() -> None:
    script = Script()
    with serving(script, authenticator=only_alice(script), auth_require_tls=False, auth_required=True) as server:
        outcome = await channel_to(server).send(page())
    assert isinstance(outcome, Failed)
    assert (outcome.permanent, "530" in outcome.why) == (False, True)


@pytest.mark.parametrize(
    "script",
    [
        Script(mail="421 4.3.2 shutting down"),
        Script(mail="450 4.1.8 try later"),
        Script(mail="550 5.7.1 sender not allowed"),
        Script(mail="553 5.1.8 sender unknown"),
        Script(rcpt="450 4.2.0 greylisted"),
        Script(rcpt="452 4.2.2 mailbox full"),
        Script(rcpt="421 4.7.0 too many connections"),
        Script(rcpt="554 5.7.1 relay access denied"),
        Script(rcpt="550 5.1.8 sender address rejected"),
        Script(rcpt="530 authentication required"),
        Script(data="451 4.3.0 try later"),
        Script(letter="452 4.3.1 disk full"),
        Script(letter="554 5.7.1 looks like spam"),
        Script(letter="552 5.3.4 too big"),
    ],
    ids=lambda script: script.mail or script.rcpt or script.data or script.letter,
)
async def test_trouble_that_may_pass_or_is_ours_delays_the_page(script: Script) -> None:
    outcome = await outcome_of(script)
    assert isinstance(outcome, Failed)
    assert not outcome.permanent
    assert (script.mail or script.rcpt or script.data or script.letter)[:3] in outcome.why


@pytest.mark.parametrize(
    "script",
    [
        Script(rcpt="550 5.1.1 no such user"),
        Script(rcpt="550 no such user"),
        Script(rcpt="553 5.1.3 bad address"),
        Script(letter="554 5.6.0 refused"),
        Script(data="554 no valid recipients"),
    ],
    ids=lambda script: script.rcpt or script.data or script.letter,
)
async def test_a_refusal_of_the_recipient_or_the_letter_is_permanent(script: Script) -> None:
    outcome = await outcome_of(script)
    assert isinstance(outcome, Failed)
    assert outcome.permanent
    assert (script.rcpt or script.data or script.letter) in outcome.why


@pytest.mark.parametrize(
    "script", [Script(mail=DROP), Script(rcpt=DROP), Script(data=DROP)], ids=["mail", "rcpt", "data"]
)
async def test_a_line_lost_before_the_letter_is_a_failure(script: Script) -> None:
    outcome = await outcome_of(script)
    assert isinstance(outcome, Failed)
    assert not outcome.permanent


async def test_a_line_lost_after_the_final_dot_is_unknown() -> None:
    script = Script(letter=DROP)
    assert isinstance(await outcome_of(script), Unknown)
    assert len(script.seen) == 1


async def test_a_server_slow_before_the_letter_is_a_failure() -> None:
    outcome = await outcome_of(Script(pause={"RCPT": 1}))
    assert isinstance(outcome, Failed)
    assert (outcome.permanent, "RCPT TO" in outcome.why) == (False, True)


async def test_a_server_slow_after_the_final_dot_is_unknown() -> None:
    outcome = await outcome_of(Script(pause={"LETTER": 1}))
    assert isinstance(outcome, Unknown)
    assert "the letter" in outcome.why


async def test_the_whole_letter_has_a_time_out_of_its_own() -> None:
    slow = Script(pause={"MAIL": 0.3, "RCPT": 0.3, "DATA": 0.3})
    outcome = await outcome_of(slow, patience=Patience(connect=0.5, command=0.5, letter=0.5))
    assert isinstance(outcome, Failed)
    assert "no answer in time" in outcome.why


async def test_nobody_listening_is_a_failure_that_names_the_server() -> None:
    url = f"smtp://127.0.0.1:{free_port()}"
    outcome = await SmtpChannel(parse_smtp_url(url), "a@b.example", now, patience=QUICK).send(page())
    assert isinstance(outcome, Failed)
    assert not outcome.permanent
    assert url.removeprefix("smtp://") in outcome.why


async def test_a_server_that_never_greets_is_a_failure() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        server = SmtpServer("127.0.0.1", mute.getsockname()[1], "", "", "auto")
        outcome = await SmtpChannel(server, "a@b.example", now, patience=QUICK).send(page())
    assert isinstance(outcome, Failed)
    assert "connect" in outcome.why


@pytest.mark.parametrize(
    "greeting", [b"554 go away\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"220 x\r\n\xff\xfe\r\n"]
)
async def test_a_server_that_speaks_something_else_is_a_failure(greeting: bytes) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as odd:
        server = SmtpServer("127.0.0.1", odd.sockets[0].getsockname()[1], "", "", "auto")
        outcome = await SmtpChannel(server, "a@b.example", now, patience=QUICK).send(page())
    assert isinstance(outcome, Failed)
    assert not outcome.permanent


async def test_an_address_that_is_none_is_refused_for_good_without_a_connection() -> None:
    channel = SmtpChannel(SmtpServer("127.0.0.1", free_port(), "", "", "auto"), "a@b.example", now, patience=QUICK)
    outcome = await channel.send(page(to="alice at example"))
    assert outcome == Failed(permanent=True, why="'alice at example' is not an e-mail address")


async def test_an_address_beyond_ascii_arrives_where_the_server_takes_it() -> None:
    script = Script()
    with serving(script, enable_SMTPUTF8=True) as server:
        assert isinstance(await channel_to(server).send(page(to="älice@example.com")), Sent)
    assert script.recipients == ["älice@example.com"]
    assert script.seen[0]["Subject"] == "[Tocsin] High: Disk full on db-1 — Payments database"


async def test_an_address_beyond_ascii_waits_where_the_server_does_not_take_it() -> None:
    with serving(enable_SMTPUTF8=False) as server:
        outcome = await channel_to(server).send(page(to="älice@example.com"))
    assert isinstance(outcome, Failed)
    assert (outcome.permanent, "SMTPUTF8" in outcome.why) == (False, True)


async def test_a_second_letter_uses_the_same_connection() -> None:
    script = Script()
    with serving(script) as server:
        channel = channel_to(server)
        assert [isinstance(await channel.send(page(key=key)), Sent) for key in ("1", "2", "3")] == [True] * 3
        await channel.close()
    assert len(script.sessions) == 1


async def test_a_connection_that_the_server_closed_while_idle_is_reopened_unseen() -> None:
    script = Script()
    with serving(script) as server:
        channel = channel_to(server)
        await channel.send(page(key="1"))
        server.close_idle_lines()
        assert isinstance(await channel.send(page(key="2")), Sent)
    assert len(script.sessions) == 2
    assert channel.health().failures_in_a_row == 0


async def test_a_server_that_says_421_on_a_kept_connection_gets_a_new_one_once() -> None:
    script = Script()
    with serving(script) as server:
        channel = channel_to(server)
        await channel.send(page(key="1"))
        script.mail = "421 4.4.2 idle for too long"
        assert isinstance(await channel.send(page(key="2")), Failed)
    assert len(script.sessions) == 2
    assert script.verbs.count("MAIL") == 3


async def test_a_letter_that_may_have_arrived_is_not_sent_again_by_itself() -> None:
    script = Script()
    with serving(script) as server:
        channel = channel_to(server)
        await channel.send(page(key="1"))
        script.letter = DROP
        assert isinstance(await channel.send(page(key="2")), Unknown)
    assert len(script.seen) == 2


async def test_a_kept_connection_is_asked_after_a_pause() -> None:
    script = Script()
    with serving(script) as server:
        channel = channel_to(server, patience=Patience(connect=0.5, command=0.5, ask_after=0))
        await channel.send(page(key="1"))
        await channel.send(page(key="2"))
    assert (script.verbs.count("NOOP"), len(script.sessions)) == (1, 1)


async def test_a_kept_connection_that_no_longer_answers_is_replaced() -> None:
    script = Script()
    with serving(script) as server:
        channel = channel_to(server, patience=Patience(connect=0.5, command=0.2, ask_after=0))
        await channel.send(page(key="1"))
        script.pause["NOOP"] = 1
        assert isinstance(await channel.send(page(key="2")), Sent)
    assert len(script.sessions) == 2


async def test_a_connection_idle_for_too_long_is_not_used_again() -> None:
    script = Script()
    with serving(script) as server:
        channel = channel_to(server, patience=Patience(connect=0.5, command=0.5, idle=0))
        await channel.send(page(key="1"))
        await channel.send(page(key="2"))
    assert len(script.sessions) == 2


async def test_at_most_two_letters_are_on_their_way_at_a_time() -> None:
    script = Script(pause={"LETTER": 0.05})
    with serving(script) as server:
        channel = channel_to(server)
        outcomes = await asyncio.gather(*(channel.send(page(key=str(n))) for n in range(8)))
        await channel.close()
    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert (script.busiest, len(script.seen)) == (2, 8)


async def test_a_cancelled_send_leaves_the_channel_usable() -> None:
    script = Script(pause={"LETTER": 0.3})
    with serving(script) as server:
        channel = channel_to(server)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(channel.send(page(key="1")), 0.1)
        assert await server.sees_the_end_of(script.sessions[0])
        script.pause.clear()
        assert isinstance(await channel.send(page(key="2")), Sent)


async def test_health_tells_of_a_relay_that_is_down_and_of_its_return() -> None:
    script = Script(mail="451 4.3.0 not now")
    with serving(script) as server:
        channel = channel_to(server)
        await channel.send(page())
        await channel.send(page())
        sick = channel.health()
        script.mail = ""
        await channel.send(page())
    assert (sick.failures_in_a_row, sick.last_failure, sick.last_success) == (2, NOW, None)
    assert "451 4.3.0 not now" in sick.why
    assert (channel.health().failures_in_a_row, channel.health().last_success) == (0, NOW)


async def test_a_refused_recipient_says_nothing_about_the_relay() -> None:
    with serving(Script(rcpt="550 5.1.1 no such user")) as server:
        channel = channel_to(server)
        await channel.send(page())
    assert (channel.health().failures_in_a_row, channel.health().last_failure) == (0, None)


async def test_check_says_why_the_relay_does_not_let_us_in() -> None:
    script = Script()
    with serving(script, authenticator=only_alice(script), auth_require_tls=False) as server:
        assert await channel_to(server, credentials=ALICE).check() == ""
        assert "AUTH refused" in await channel_to(server, credentials="alice:wrong@").check()
    assert script.seen == []
