"""What the settings and this machine say: secret key, addresses, mail server, certificate, disk."""

import asyncio
import os
import shutil
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from tocsin.core.secret_keys import file_of, read
from tocsin.core.settings import Settings, SettingsError
from tocsin.notifications.channels.email.headers import BadAddress
from tocsin.notifications.channels.email.smtp import Patience, SmtpChannel
from tocsin.notifications.channels.email.smtp_url import BadSmtpUrl, is_loopback, parse_smtp_url
from tocsin.upkeep.doctor.certificate import expiry
from tocsin.upkeep.doctor.finding import GREEN, RED, YELLOW, Finding

SOON = timedelta(days=21)
LITTLE, TOO_LITTLE = 2 << 30, 200 << 20
PATIENCE = Patience(connect=5, command=5, letter=10)


def place(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Every finding that needs no database."""
    yield secret(settings)
    yield address(settings)
    yield mail(settings)
    if settings.tls_cert or settings.tls_key:
        yield certificate(settings, now)
    yield disk(settings.data_dir)


def secret(settings: Settings) -> Finding:
    """Is there a key that signs links, and is it ours alone?"""
    if settings.secret_key:
        return Finding(GREEN, "secret key", "set by TOCSIN_SECRET_KEY")
    path = file_of(settings)
    try:
        mode = path.stat().st_mode & 0o077
        number = len(read(path))
    except OSError as error:
        return Finding(RED, "secret key", f"{path}: {error.strerror}", "set TOCSIN_SECRET_KEY, or start tocsin serve")
    except SettingsError as error:
        return Finding(RED, "secret key", str(error), "bring the key of this install back")
    if mode:
        return Finding(YELLOW, "secret key", f"{path} can be read by others", f"chmod 600 {path}")
    return Finding(GREEN, "secret key", str(path) if number == 1 else f"{path}, with {number - 1} older")


def address(settings: Settings) -> Finding:
    """Can whoever gets a page open its links?"""
    here = settings.base_url
    host = urlsplit(here).hostname or ""
    reachable = not is_loopback(host) and host not in ("0.0.0.0", "::", "")
    if reachable:
        return Finding(GREEN, "public address", here)
    found = f"links in pages lead to {here}"
    if is_loopback(settings.host):
        return Finding(YELLOW, "public address", f"{found}: no phone can open them", "set TOCSIN_PUBLIC_URL")
    return Finding(RED, "public address", f"{found}, the server listens on {settings.host}", "set TOCSIN_PUBLIC_URL")


def mail(settings: Settings) -> Finding:
    """Does the mail server take our login? Without one there is no real channel at all."""
    if not settings.smtp_url:
        advice = "set TOCSIN_SMTP_URL=smtp://user:password@host:587"
        return Finding(RED, "channels", "no real channel: nobody is paged outside the built-in mailbox", advice)
    try:
        server = parse_smtp_url(settings.smtp_url)
    except BadSmtpUrl as error:
        return Finding(RED, "mail", str(error), "correct TOCSIN_SMTP_URL")
    try:
        why = asyncio.run(_check(SmtpChannel(server, settings.mail_from, lambda: datetime.now(UTC), patience=PATIENCE)))
    except BadAddress as error:
        return Finding(RED, "mail", str(error), "correct TOCSIN_MAIL_FROM")
    if why:
        return Finding(RED, "mail", why, "check TOCSIN_SMTP_URL and the mail server")
    if not settings.mail_from.rpartition("@")[2].strip("> ").partition(".")[2]:
        found = f"{server.name} takes us, but mails come from {settings.mail_from}"
        return Finding(YELLOW, "mail", found, "set TOCSIN_MAIL_FROM to an address of yours")
    return Finding(GREEN, "mail", f"{server.name} takes us")


async def _check(channel: SmtpChannel) -> str:
    return await channel.check()


def certificate(settings: Settings, now: datetime) -> Finding:
    """Are the TLS files a pair that can be read, and for how long?"""
    cert, key = settings.tls_cert, settings.tls_key
    if cert is None or key is None:
        missing = "TOCSIN_TLS_KEY" if key is None else "TOCSIN_TLS_CERT"
        return Finding(RED, "TLS", "only one of the two files is set", f"set {missing} too")
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(cert, key, lambda: "")
        until = expiry(cert.read_text())
    except (OSError, ValueError) as error:
        return Finding(RED, "TLS", f"{cert} and {key}: {error}", "give a certificate and its key that Tocsin may read")
    said = f"{cert} is valid until {until:%Y-%m-%d}"
    if until <= now:
        return Finding(RED, "TLS", said, "renew it and restart")
    return Finding(YELLOW if until - now < SOON else GREEN, "TLS", said, "renew it" if until - now < SOON else "")


def disk(data_dir: Path) -> Finding:
    """Is there room, and may we write?"""
    there = next(path for path in (data_dir.absolute(), *data_dir.absolute().parents) if path.exists())
    if not os.access(there, os.W_OK):
        return Finding(RED, "data directory", f"{there} cannot be written", "give it to the user that runs Tocsin")
    free = shutil.disk_usage(there).free
    said = f"{free / (1 << 30):.1f} GiB free in {there}"
    if free < TOO_LITTLE:
        return Finding(RED, "data directory", said, "make room: without it nothing is stored")
    return Finding(YELLOW if free < LITTLE else GREEN, "data directory", said, "make room" if free < LITTLE else "")
