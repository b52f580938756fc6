"""Which addresses may be asked: a pure decision over tables of registries (IANA special-purpose, cloud providers).

1. IPv4: public unless in `CLOSED4`. IPv6: only global unicast minus `CLOSED6`; the IPv4 inside a mapped or NAT64
   address is judged as what it is. 6to4, Teredo and ISATAP are refused whole: each hides an IPv4 that nobody needs.
2. The allow-list opens networks (an address in one is allowed, whatever it is) and hosts (a name, or `*.zone`): a
   listed name may lead to private and loopback addresses, but never to link-local ones, where metadata services live.
3. Ports: the two of the web, and 1024 and above but for well-known ones of other protocols. In a listed network all.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def _v4(*names: str) -> tuple[IPv4Network, ...]:
    return tuple(IPv4Network(name) for name in names)


def _v6(*names: str) -> tuple[IPv6Network, ...]:
    return tuple(IPv6Network(name) for name in names)


INNER4: Final = _v4("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
CLOSED4: Final = _v4(
    *map(str, INNER4), "0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    "168.63.129.16/32",  # Azure's metadata and agent address, which is of public form
)  # fmt: skip
INNER6: Final = _v6("::1/128", "fc00::/7")
METADATA: Final = (  # of cloud providers; no listed *name* leads here
    ip_address("100.100.100.200"), ip_address("fd00:ec2::254"), ip_address("fd20:ce::254"),
)  # fmt: skip
GLOBAL6: Final = IPv6Network("2000::/3")
CLOSED6: Final = _v6("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
MAPPED: Final = IPv6Network("::ffff:0:0/96")
NAT64: Final = IPv6Network("64:ff9b::/96")
ISATAP: Final = (0x0000_5EFE, 0x0200_5EFE)

NAME: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?")
LOWEST_PORT: Final = 1024
OTHER_PORTS: Final = frozenset({
    1433, 1521, 1719, 1720, 1723, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 4190, 5060, 5061, 5432, 5900,
    6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 9042, 10080, 10250, 11211, 27017,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Policy:
    """The exceptions: networks, exact host names, and zones (`.corp.example` for `*.corp.example`)."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    zones: tuple[str, ...] = ()

    def lists(self, host: str) -> bool:
        """Whether this host name is an exception."""
        name = host.lower().rstrip(".")
        return name in self.hosts or any(name.endswith(zone) for zone in self.zones)

    def opens(self, address: Address) -> bool:
        """Whether this address lies in a listed network."""
        return any(address.version == network.version and address in network for network in self.networks)


def policy(names: Iterable[str]) -> Policy:
    """A `Policy` from hosts, `*.zones`, addresses and networks; ValueError on anything else."""
    networks, hosts, zones = [], set(), []
    for name in names:
        try:
            networks.append(ip_network(name, strict=False))
        except ValueError:
            plain = name.lower().removeprefix("*.").rstrip(".")
            if not _is_name(plain):
                raise ValueError(f"{name!r} is no host name, address or network") from None
            if name.startswith("*."):
                zones.append(f".{plain}")
            else:
                hosts.add(plain)
    return Policy(tuple(networks), frozenset(hosts), tuple(zones))


def _is_name(name: str) -> bool:
    return bool(NAME.fullmatch(name)) and not name.rpartition(".")[2].isdigit()


def refusal(address: str, port: int, host: str, allow: Policy) -> str | None:
    """Why `address`, which `host` led to, may not be asked on `port`; None if it may."""
    try:
        found = ip_address(address)
    except ValueError:
        return "is no address"
    if isinstance(found, IPv6Address) and found.scope_id:
        return "leads into a network of this machine"
    inner = _within(found)
    if allow.opens(found) or allow.opens(inner):
        return None
    if why := _port_refusal(port):
        return why
    if not _closed(inner):
        return None
    if allow.lists(host) and _inner(inner) and inner not in METADATA:
        return None
    return "leads to an address that is not public (TOCSIN_OUTBOUND_ALLOW lists exceptions)"


def _within(address: Address) -> Address:
    """The IPv4 address that a mapped or NAT64 one carries, else the address itself."""
    if isinstance(address, IPv6Address) and (address in MAPPED or address in NAT64):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _closed(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return any(address in network for network in CLOSED4)
    if address not in GLOBAL6 or any(address in network for network in CLOSED6):
        return True
    return (int(address) >> 32) & 0xFFFF_FFFF in ISATAP


def _inner(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return any(address in network for network in INNER4)
    return any(address in network for network in INNER6)


def is_inner(address: str | None) -> bool:
    """Whether a peer's address is of this machine or a private network; a peer without one came by a local socket."""
    try:
        return address is None or _inner(_within(ip_address(address)))
    except ValueError:
        return False


def _port_refusal(port: int) -> str | None:
    if port in (80, 443) or (LOWEST_PORT <= port <= 65535 and port not in OTHER_PORTS):
        return None
    return f"port {port} is not one of the web's"


def port_refusal(port: int, host: str, allow: Policy) -> str | None:
    """Why `port` may not be asked, before it is known where `host` leads; None where a listed network may open it."""
    return None if allow.networks else _port_refusal(port)
