"""Where a request came from and by which address, past trusted proxies.

Forwarded headers count only when the connection itself comes from an address of the setting `trusted_proxies`
(single addresses or networks): anybody else could write them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

_HOST = re.compile(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Proxies:
    """The networks whose forwarded headers are believed."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def trust(self, address: str | None) -> bool:
        """Whether `address` is one of them."""
        try:
            ip = ip_address(address or "")
        except ValueError:
            return False
        return any(ip in network for network in self.networks)


def proxies(names: Iterable[str]) -> Proxies:
    """`Proxies` from addresses and networks; ValueError on anything else."""
    return Proxies(tuple(ip_network(name, strict=False) for name in names))


def client(peer: str | None, headers: Mapping[str, str], trusted: Proxies) -> str | None:
    """The client's address: the last one in X-Forwarded-For that is not a trusted proxy itself."""
    if not trusted.trust(peer):
        return peer
    hops = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()]
    return next((hop for hop in reversed(hops) if not trusted.trust(hop)), hops[0] if hops else peer)


def base(scheme: str, peer: str | None, headers: Mapping[str, str], trusted: Proxies, fallback: str) -> str:
    """The address that the client used, without a slash at the end; `fallback` when the Host is missing or odd."""
    host = headers.get("host", "")
    if trusted.trust(peer):
        scheme = _last(headers.get("x-forwarded-proto")) or scheme
        host = _last(headers.get("x-forwarded-host")) or host
    if scheme not in ("http", "https") or not _HOST.fullmatch(host):
        return fallback
    return f"{scheme}://{host}"


def _last(given: str | None) -> str:
    return (given or "").rsplit(",", 1)[-1].strip().lower()
