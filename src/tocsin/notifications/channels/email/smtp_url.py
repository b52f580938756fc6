"""`TOCSIN_SMTP_URL`: which mail server takes our pages, and how we speak with it.

1. `smtp://` is plain or STARTTLS, `smtps://` TLS from the first byte. User and password are percent-encoded.
2. `?starttls=required` wants TLS with a valid certificate; `auto` encrypts when the server offers it, whoever it is;
   `off` never does. Absent: `required` when a password would cross a network, else `auto`.
3. A password never crosses a network in the clear, unless `starttls=off` says so.
4. What is wrong is said in one line that names the setting and never shows the password.
"""

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final, Literal, cast
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

Security = Literal["tls", "required", "auto", "off"]

DEFAULT_PORT: Final = {"smtp": 25, "smtps": 465}
SUBMISSION_PORT: Final = 587
EXAMPLE: Final = "smtp://user:password@host:587"


class BadSmtpUrl(ValueError):
    """One line that names the setting."""

    def __init__(self, why: str) -> None:
        super().__init__(f"TOCSIN_SMTP_URL: {why} (such as {EXAMPLE})")


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """`security` is `tls` for smtps, else the STARTTLS choice; an empty `user` means no AUTH."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    security: Security

    @property
    def name(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def local(self) -> bool:
        return is_loopback(self.host)


def parse_smtp_url(url: str) -> SmtpServer:
    """The server that `url` names, else `BadSmtpUrl`."""
    parts = _split(url)
    if parts.scheme not in DEFAULT_PORT:
        raise BadSmtpUrl("it must start with smtp:// or smtps://")
    host = parts.hostname or ""
    if not host or not _printable(host) or " " in host:
        raise BadSmtpUrl("it names no host")
    if parts.path not in ("", "/") or parts.fragment:
        raise BadSmtpUrl("nothing may follow the port but ?starttls=; a / or # in the password is written %2F or %23")
    user, password = _credentials(parts)
    security = _security(parts, bool(user) and not is_loopback(host))
    return SmtpServer(host=host, port=_port(parts, bool(user)), user=user, password=password, security=security)


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url.strip())
    except ValueError:
        raise BadSmtpUrl("it is no address that can be read") from None


def _port(parts: SplitResult, submits: bool) -> int:
    default = SUBMISSION_PORT if submits and parts.scheme == "smtp" else DEFAULT_PORT[parts.scheme]
    try:
        port = default if parts.port is None else parts.port
    except ValueError:
        raise BadSmtpUrl(
            "the port is no number from 1 to 65535; an @, : or / in the password is percent-encoded"
        ) from None
    if port == 0:
        raise BadSmtpUrl("the port is no number from 1 to 65535")
    return port


def _credentials(parts: SplitResult) -> tuple[str, str]:
    try:
        user = unquote(parts.username or "", errors="strict")
        password = unquote(parts.password or "", errors="strict")
    except UnicodeDecodeError:
        raise BadSmtpUrl("user or password is not percent-encoded UTF-8") from None
    if not _printable(user) or not _printable(password):
        raise BadSmtpUrl("user or password holds a control character")
    if bool(user) != bool(password):
        raise BadSmtpUrl("user and password belong together; one is missing")
    return user, password


def _security(parts: SplitResult, password_travels: bool) -> Security:
    options = parse_qsl(parts.query, keep_blank_values=True)
    for name, value in options:
        if name != "starttls" or value not in ("required", "auto", "off") or len(options) > 1:
            raise BadSmtpUrl("the only option is starttls=required, starttls=auto or starttls=off")
    if parts.scheme == "smtps":
        if options:
            raise BadSmtpUrl("smtps:// is TLS from the first byte and takes no starttls=")
        return "tls"
    if options:
        return cast(Security, options[0][1])
    return "required" if password_travels else "auto"


def _printable(text: str) -> bool:
    return not any(ord(char) < 32 or ord(char) == 127 for char in text)
