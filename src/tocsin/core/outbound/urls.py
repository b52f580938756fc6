"""What is wrong with an address as it was typed, judged by its form alone.

1. http or https, with a host, without a user name; no blanks, backslashes or control characters, which one reader of
   addresses takes for something else than another.
2. A host that is a number in any of the forms that resolvers take (127.1, 0x7f000001, 017700000001, 2130706433) is
   refused unless it is four plain decimals: what it means depends on who reads it.
3. `httpx2.URL` reads it here and for the request, so that both see the same host. The host itself is judged again when
   it is resolved: this only tells early.
"""

import re
from typing import Final

import httpx2

from tocsin.core.outbound.addresses import NAME, Policy, port_refusal, refusal

LONGEST: Final = 2048
PORTS: Final = {"http": 80, "https": 443}
_BLANK: Final = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\\]")
_NUMBER: Final = re.compile(r"0x[0-9a-f]*|[0-9]+", re.IGNORECASE)
_PLAIN: Final = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}")


def fault(url: str, allow: Policy) -> str | None:
    """One line on what is wrong with `url`; None if a request may be tried."""
    if not url or len(url) > LONGEST or _BLANK.search(url):
        return f"The address must be written without blanks and backslashes, in at most {LONGEST} characters"
    try:
        parsed = httpx2.URL(url)
        host = parsed.raw_host.decode("ascii")
    except (httpx2.InvalidURL, UnicodeError, ValueError):
        return "The address cannot be read; it must be like https://host/path"
    if parsed.scheme not in PORTS or not host:
        return "The address must begin with https:// or http:// and a host"
    if parsed.userinfo or "@" in parsed.netloc.decode("ascii", "replace"):
        return "The address must not hold a user name or password"
    port = PORTS[parsed.scheme] if parsed.port is None else parsed.port
    return host_fault(host, port, allow)


def host_fault(host: str, port: int, allow: Policy) -> str | None:
    """What is wrong with a host, in the form that a request uses (IDNA, lower case), and its port."""
    if ":" in host or _PLAIN.fullmatch(host):
        why = refusal(host, port, host, allow)
    elif _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        why = "is a number; write it as four decimal numbers, or use a name"
    elif len(host) > 253 or not NAME.fullmatch(host):
        why = "is no host name"
    elif not allow.lists(host) and _local(host):
        why = "is a name of this machine or its network (TOCSIN_OUTBOUND_ALLOW lists exceptions)"
    else:
        why = port_refusal(port, host, allow)
    return f"The address {host} {why}" if why else None


def _local(host: str) -> bool:
    name = host.rstrip(".")
    return name == "localhost" or name.endswith((".localhost", ".local", ".internal"))
