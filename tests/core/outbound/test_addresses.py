"""The decision alone: every way round such guards that the literature knows, and what must go on working."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.outbound import BadAddress, Outbound
from tocsin.core.outbound.addresses import Policy, policy, refusal

NOTHING = Policy()

PUBLIC = ["93.184.216.34", "8.8.8.8", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0", "192.0.1.1",
          "169.253.255.255", "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::200e", "::ffff:8.8.8.8",
          "64:ff9b::808:808"]  # fmt: skip

CLOSED = [
    # this machine
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "::1", "::", "::ffff:127.0.0.1", "::ffff:7f00:1",
    # private, shared, benchmarks, documentation, reserved, broadcast
    "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.255.255", "198.18.0.1",
    "192.0.0.8", "192.0.2.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "240.0.0.1", "255.255.255.255",
    "fc00::1", "fd12:3456::1", "fec0::1", "2001:db8::1", "3fff::1", "100::1", "5f00::1",
    # link-local and multicast
    "169.254.0.1", "fe80::1", "fe80::1%eth0", "224.0.0.1", "239.255.255.250", "ff02::1",
    # metadata: AWS, GCP, Azure, Alibaba, Oracle
    "169.254.169.254", "169.254.170.2", "fd00:ec2::254", "fd20:ce::254", "168.63.129.16", "100.100.100.200",
    "192.0.0.192", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe",
    # an IPv4 address carried inside: NAT64, local NAT64, 6to4, Teredo, ISATAP, compatible, translated
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a00:1::1", "2002:808:808::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2606:4700::5efe:a00:1", "2606:4700::200:5efe:a00:1", "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    # no address
    "", "localhost", "1.2.3", "0x7f.0.0.1", "127.1", "2130706433", "127.0.0.01",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_asked(address: str) -> None:
    assert refusal(address, 443, "hooks.example", NOTHING) is None


@pytest.mark.parametrize("address", CLOSED)
def test_everything_else_is_refused(address: str) -> None:
    assert refusal(address, 443, "hooks.example", NOTHING)


@given(st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=6, network="fc00::/7"))
def test_no_private_address_is_ever_let_through(address: object) -> None:
    assert refusal(str(address), 443, "x", NOTHING)


@pytest.mark.parametrize("port", [0, -1, 21, 22, 25, 53, 110, 445, 1023, 3306, 5432, 6379, 6667, 11211, 27017, 65536])
def test_ports_of_other_protocols_are_refused(port: int) -> None:
    assert "port" in str(refusal("8.8.8.8", port, "hooks.example", NOTHING))


@pytest.mark.parametrize("port", [80, 443, 1024, 8080, 8443, 9200, 65535])
def test_ports_of_the_web_and_high_ones_are_open(port: int) -> None:
    assert refusal("8.8.8.8", port, "hooks.example", NOTHING) is None


@pytest.mark.parametrize(
    ("listed", "address", "host", "allowed"),
    [
        ("10.1.0.0/16", "10.1.2.3", "x", True),
        ("10.1.0.0/16", "10.2.0.1", "x", False),
        ("10.1.0.0/16", "::ffff:10.1.2.3", "x", True),
        ("127.0.0.1", "127.0.0.1", "x", True),
        ("127.0.0.1", "127.0.0.2", "x", False),
        ("169.254.169.254", "169.254.169.254", "x", True),
        ("fd00::/8", "fd12::1", "x", True),
        ("hooks.corp", "10.1.2.3", "hooks.corp", True),
        ("hooks.corp", "10.1.2.3", "HOOKS.corp.", True),
        ("hooks.corp", "127.0.0.1", "hooks.corp", True),
        ("hooks.corp", "10.1.2.3", "evil.hooks.corp", False),
        ("hooks.corp", "10.1.2.3", "evilhooks.corp", False),
        ("hooks.corp", "169.254.169.254", "hooks.corp", False),
        ("hooks.corp", "100.100.100.200", "hooks.corp", False),
        ("hooks.corp", "fd00:ec2::254", "hooks.corp", False),
        ("*.corp", "10.1.2.3", "a.b.corp", True),
        ("*.corp", "10.1.2.3", "corp", False),
        ("*.corp", "10.1.2.3", "evilcorp", False),
    ],
)
def test_the_list_opens_what_it_names_and_nothing_beside_it(
    listed: str, address: str, host: str, allowed: bool
) -> None:
    assert (refusal(address, 443, host, policy([listed])) is None) is allowed


@pytest.mark.parametrize(
    "name", ["", "*", "a b", "http://x", "10.0.0.0/99", "x:80", "-", "a..b", "10.1.2", "é.example"]
)
def test_a_list_with_something_else_in_it_is_refused(name: str) -> None:
    with pytest.raises(ValueError):
        policy([name])


REFUSED = [
    "", "x", "/path", "//host/x", "ftp://host/x", "file:///etc/passwd", "gopher://host:70/_x", "javascript:alert(1)",
    "data:text/plain,x", "unix:///run/x", "http:///x", "http://", "https://:443/", "http+unix://x/y", "jar:http://h!/",
    # two readers, two hosts
    "http://user@host/", "http://user:pass@host/", "http://host@127.0.0.1/", "http://127.0.0.1#@8.8.8.8/",
    "http://host\\@127.0.0.1/", "http://host\\.evil/", "http://ho st/", "http://host\t/", "http://host/\r\nX: y",
    "http://host\u200b.example/", " http://host/", "http://host\x00.example/", "http://host%00.example/",
    "http://host%2f.example/", "http://%6c%6fcalhost/", "http://127.0.0.1%2523@host/",
    # this machine by name
    "http://localhost/", "http://LOCALHOST./", "http://foo.localhost/", "http://printer.local/",
    "http://metadata.google.internal/computeMetadata/v1/",
    # this machine by number, in every form
    "http://127.0.0.1/", "http://127.1/", "http://127.0.1/", "http://2130706433/", "http://0x7f000001/",
    "http://0x7f.0x0.0x0.0x1/", "http://017700000001/", "http://0177.0.0.1/", "http://0177.0x0.0.1/", "http://0/",
    "http://0.0.0.0/", "http://127.0.0.1./", "http://00000000177.0.0.1/", "http://1.2.3.4.5/", "http://4294967297/",
    "http://127。0。0。1/", "http://①②⑦.⓪.⓪.①/", "http://１２７.0.0.1/", "http://169.254.169.254/latest/meta-data/",
    "http://0xa9fea9fe/", "http://2852039166/", "http://0251.0376.0251.0376/", "http://425.510.425.510/",
    "http://[::1]/", "http://[::]/", "http://[0:0:0:0:0:ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/", "http://[64:ff9b::127.0.0.1]/", "http://[2002:7f00:1::]/", "http://[fe80::1%25lo]/",
    "http://[::1%25eth0]/", "http://[fd00:ec2::254]/", "http://[::1/", "http://::1/",
    # ports
    "http://host.example:22/", "http://host.example:25/", "http://host.example:0/", "http://host.example:99999/",
    "http://host.example:6379/", "http://host.example:-1/", "http://host.example:x/",
    "https://" + "a" * 64 + ".example/", "https://" + "a." * 130 + "example/", "https://host.example/" + "x" * 2048,
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
def test_an_address_of_doubtful_form_is_refused_where_it_is_typed(url: str) -> None:
    with pytest.raises(BadAddress):
        Outbound(NOTHING).check(url)


@pytest.mark.parametrize(
    "url",
    ["https://hooks.example.com/x?a=b#c", "http://hooks.example.com:8080", "https://8.8.8.8/", "https://bücher.example/",
     "https://xn--bcher-kva.example/", "https://[2606:4700::1111]:8443/x", "HTTPS://Hooks.Example.COM/", "https://a_b.example"],
)  # fmt: skip
def test_a_plain_address_passes(url: str) -> None:
    Outbound(NOTHING).check(url)


def test_what_the_list_names_passes_by_name_and_number() -> None:
    outbound = Outbound.allowing(["localhost", "10.0.0.0/8", "*.internal"])
    for url in ("http://localhost:8080/", "http://10.1.2.3:22/", "http://hooks.internal/"):
        outbound.check(url)


@given(st.text(max_size=60))
def test_arbitrary_text_is_refused_and_never_breaks(text: str) -> None:
    with pytest.raises(BadAddress):
        Outbound(NOTHING).check(text)


@given(st.integers(0, 2**32 - 1), st.sampled_from(["{0}", "0x{0:x}", "0{0:o}", "127.{1}", "0x7f.{1}", "0177.0.{2}"]))
def test_no_number_is_taken_for_a_name(number: int, form: str) -> None:
    with pytest.raises(BadAddress):
        Outbound(NOTHING).check(f"http://{form.format(number, number % 2**24, number % 2**16)}/")
