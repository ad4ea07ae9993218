"""Headers of the PROXY protocol that are none: their senders are no proxies, and get no answer."""

import contextlib
import socket
import struct

import pytest

from gateway import eventually
from wire import ROUTES, Client, config

POLL = b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
TRUSTED = "127.0.0.1"
STRANGER = "127.0.0.7"


def gateway_for(launch, version):
    return launch(config() | {"listeners": [
        {"address": "127.0.0.1:0", "proxyProtocol": version, "trustedProxies": [f"{TRUSTED}/32"]}]})


@pytest.fixture(scope="module")
def first_version(launch_for_module):
    return gateway_for(launch_for_module, "v1")


@pytest.fixture(scope="module")
def second_version(launch_for_module):
    return gateway_for(launch_for_module, "v2")


def exchange(port, data, source=TRUSTED):
    """All that comes back, until the other side ends the connection: a timeout is a failure."""
    with socket.create_connection(("127.0.0.1", port), 10, source_address=(source, 0)) as sock:
        answer = b""
        # A refusal may come, as a reset, before all of it was sent.
        with contextlib.suppress(ConnectionError):
            sock.sendall(data)
            while part := sock.recv(4096):
                answer += part
        return answer


def refusals(gateway):
    return gateway.metric("gatehouse_connections_refused_total", reason="proxy_protocol") or 0


def assert_dropped(gateway, header, good, source=TRUSTED):
    """No byte of an answer, one more in the count, and whoever comes next is served."""
    before = refusals(gateway)
    assert exchange(gateway.port, header + POLL, source) == b""
    eventually(lambda: refusals(gateway) == before + 1, what="one refusal more")
    assert exchange(gateway.port, good + POLL).startswith(b"HTTP/1.1 200 ")


LINE = b"PROXY TCP4 203.0.113.9 127.0.0.1 1234 80\r\n"


def v1(family="TCP4", source="203.0.113.9", destination="127.0.0.1", port="1234", to="80"):
    return f"PROXY {family} {source} {destination} {port} {to}\r\n".encode()


LINES = {
    "source port 65536": v1(port="65536"),
    "destination port 65536": v1(to="65536"),
    "port beyond 64 bits": v1(port="18446744073709551617"),
    "leading zero in a port": v1(port="01234"),
    "port 00": v1(port="00"),
    "negative port": v1(port="-1"),
    "port with a sign": v1(port="+80"),
    "port in hexadecimal": v1(port="0x50"),
    "port that is empty": v1(port=""),
    "no port": b"PROXY TCP4 203.0.113.9 127.0.0.1\r\n",
    "one port": b"PROXY TCP4 203.0.113.9 127.0.0.1 1234\r\n",
    "a field too many": b"PROXY TCP4 203.0.113.9 127.0.0.1 1234 80 1\r\n",
    "leading zero in an address": v1(source="203.0.113.09"),
    "address beyond 255": v1(source="203.0.113.256"),
    "three parts": v1(source="203.0.113"),
    "five parts": v1(source="203.0.113.9.1"),
    "address as a number": v1(source="3405803785"),
    "a name": v1(source="localhost"),
    "TCP4 with addresses of IPv6": v1(source="2001:db8::7", destination="::1"),
    "TCP4 to an address of IPv6": v1(destination="::1"),
    "TCP6 with addresses of IPv4": v1("TCP6"),
    "TCP6 with two gaps": v1("TCP6", "2001::db8::7", "::1"),
    "TCP6 with a zone": v1("TCP6", "fe80::1%lo", "::1"),
    "TCP6 in brackets": v1("TCP6", "[2001:db8::7]", "::1"),
    "family in lower case": v1("tcp4"),
    "family that nobody knows": v1("UDP4"),
    "no family": b"PROXY \r\n",
    "two spaces": b"PROXY  TCP4 203.0.113.9 127.0.0.1 1234 80\r\n",
    "tab": LINE.replace(b" 1234", b"\t1234"),
    "space at the end": LINE.replace(b"\r\n", b" \r\n"),
    "keyword in lower case": LINE.replace(b"PROXY", b"proxy"),
    "line feed alone": LINE.replace(b"\r\n", b"\n"),
    "carriage return alone": LINE.replace(b"\r\n", b"\r"),
    "carriage return inside": LINE.replace(b" 1234", b"\r 1234"),
    "NUL inside": LINE.replace(b"1234", b"12\x0034"),
    "108 bytes": b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n",
    "a line without an end": b"PROXY UNKNOWN " + b"x" * 10_000,
    "the other version": b"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00",
}


@pytest.mark.parametrize("what", LINES)
def test_X3_a_line_that_is_none_is_dropped(first_version, what):
    assert_dropped(first_version, LINES[what], good=LINE)


def test_X3_the_longest_line_is_taken(first_version):
    longest = b"PROXY UNKNOWN " + b"x" * 91 + b"\r\n"
    assert len(longest) == 107
    assert exchange(first_version.port, longest + POLL).startswith(b"HTTP/1.1 200 ")


SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
ADDRESSES = socket.inet_aton("203.0.113.9") + socket.inet_aton("127.0.0.1") + struct.pack("!HH", 1234, 80)
AUTHORITY, CHECKSUM, NOTHING, TLS, TLS_VERSION = 2, 3, 4, 0x20, 0x21


def v2(content=ADDRESSES, version=2, command=1, family=0x11, length=None, signature=SIGNATURE):
    length = len(content) if length is None else length
    return signature + bytes([version << 4 | command, family]) + struct.pack("!H", length) + content


def extension(kind, value=b"", length=None):
    return bytes([kind]) + struct.pack("!H", len(value) if length is None else length) + value


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def checked(change=0):
    """A block with its checksum, wrong by some bits."""
    checksum = crc32c(v2(ADDRESSES + extension(CHECKSUM, bytes(4)))) ^ change
    return v2(ADDRESSES + extension(CHECKSUM, struct.pack("!I", checksum)))


BLOCKS = {
    "version 0": v2(version=0),
    "version 1": v2(version=1),
    "version 3": v2(version=3),
    "version 15": v2(version=15),
    "command 2": v2(command=2),
    "command 15": v2(command=15),
    "family of nobody": v2(family=0x41),
    "family 15": v2(family=0xF1),
    "IPv4 without a transport": v2(family=0x10),
    "IPv4 with transport 3": v2(family=0x13),
    "no family but a transport": v2(family=0x01),
    "no addresses": v2(b""),
    "addresses of 11 bytes": v2(ADDRESSES[:-1]),
    "addresses of IPv4 for IPv6": v2(family=0x21),
    "addresses of 35 bytes for IPv6": v2(bytes(35), family=0x21),
    "unix paths of 215 bytes": v2(bytes(215), family=0x31),
    "length 65535": v2(length=65_535),
    "length 65535, all of it": v2(ADDRESSES + bytes(65_535 - len(ADDRESSES))),
    "one above the limit": v2(ADDRESSES + extension(NOTHING, bytes(4097 - len(ADDRESSES) - 3))),
    "extension cut in its head": v2(ADDRESSES + b"\x04\x00"),
    "extension of one byte": v2(ADDRESSES + b"\x04"),
    "extension beyond the block": v2(ADDRESSES + extension(NOTHING, b"abc", length=4)),
    "extension of 65535": v2(ADDRESSES + extension(NOTHING, length=65_535)),
    "second extension beyond the block": v2(ADDRESSES + extension(NOTHING, b"abc") + extension(NOTHING, b"", length=1)),
    "length in the wrong order of bytes": v2(ADDRESSES + b"\x04\x03\x00abc"),
    "checksum wrong by a bit": checked(change=1),
    "checksum wrong by all bits": checked(change=0xFFFFFFFF),
    "checksum of three bytes": v2(ADDRESSES + extension(CHECKSUM, bytes(3))),
    "checksum of no bytes": v2(ADDRESSES + extension(CHECKSUM)),
    "two checksums": checked()[:14] + struct.pack("!H", len(ADDRESSES) + 14) + checked()[16:] + extension(CHECKSUM, bytes(4)),
    "authority that is not UTF-8": v2(ADDRESSES + extension(AUTHORITY, b"\xff\xfe")),
    "authority with a line end": v2(ADDRESSES + extension(AUTHORITY, b"a\r\nX-User: root")),
    "TLS of four bytes": v2(ADDRESSES + extension(TLS, bytes(4))),
    "TLS with a part beyond it": v2(ADDRESSES + extension(TLS, b"\x01" + bytes(4) + extension(TLS_VERSION, b"T", length=9))),
    "signature with one bit changed": v2(signature=SIGNATURE[:-1] + b"\x0b"),
    "signature in lower case": v2(signature=SIGNATURE.replace(b"QUIT", b"quit")),
    "the other version": LINE,
}


@pytest.mark.parametrize("what", BLOCKS)
def test_X4_a_block_that_is_none_is_dropped(second_version, what):
    assert_dropped(second_version, BLOCKS[what], good=v2())


@pytest.mark.parametrize("block", [checked(), v2(ADDRESSES + extension(0xEE, b"abc")), v2(
    ADDRESSES + extension(NOTHING, bytes(4096 - len(ADDRESSES) - 3)))], ids=["checksum", "unknown-extension", "longest"])
def test_X4_blocks_in_order_are_taken(second_version, block):
    assert exchange(second_version.port, block + POLL).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_X1_missing_or_from_a_stranger_is_dropped(first_version, second_version, version):
    gateway, good = (first_version, LINE) if version == "v1" else (second_version, v2())
    assert_dropped(gateway, b"", good)
    assert_dropped(gateway, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", good)
    assert_dropped(gateway, good, good, source=STRANGER)
    assert_dropped(gateway, b"", good, source=STRANGER)


def test_X1_those_behind_the_proxy_notice_nothing(first_version):
    with socket.create_connection(("127.0.0.1", first_version.port), 10) as kept:
        kept.sendall(LINE + POLL.replace(b"Connection: close\r\n", b""))
        assert kept.recv(4096).startswith(b"HTTP/1.1 200 ")
        for what in ("source port 65536", "108 bytes", "NUL inside"):
            assert exchange(first_version.port, LINES[what] + POLL) == b""
        kept.sendall(POLL)
        assert kept.recv(4096).startswith(b"HTTP/1.1 200 ")


class Proxied(Client):
    """A client behind a proxy that says where it comes from."""

    def __init__(self, port, header, **options):
        self.header = header
        super().__init__(port, **options)

    def connect(self, port, timeout):
        sock = super().connect(port, timeout)
        sock.sendall(self.header)
        return sock


@pytest.mark.parametrize("version, header, expected", [
    ("v1", LINE, "203.0.113.9"), ("v1", b"PROXY UNKNOWN\r\n", TRUSTED), ("v1", b"PROXY UNKNOWN ffff:f::1 1.2.3.4 1 2\r\n", TRUSTED),
    ("v2", v2(), "203.0.113.9"), ("v2", v2(command=0), TRUSTED), ("v2", v2(b"", command=0, family=0), TRUSTED),
    ("v2", v2(b"", family=0), TRUSTED),
], ids=["v1", "unknown", "unknown-with-more", "v2", "local", "local-without-addresses", "unspecified"])
def test_X5_a_proxy_that_speaks_for_itself_keeps_its_own_address(launch, backend, version, header, expected):
    """What it says about itself counts neither as a client's address, nor is it refused: health checks come this way."""
    backend.answer = lambda call: {"accept": True}
    gateway = launch(config(routes=({"match": {"type": "socket.connect"}, "handler": "app"}, *ROUTES)) | {
        "listeners": [{"address": "127.0.0.1:0", "proxyProtocol": version, "trustedProxies": [f"{TRUSTED}/32"], "health": "/healthz"}],
        "handlers": {"app": backend.handler()}})
    with Proxied(gateway.port, header):
        assert backend.next().event["socket"]["remote"]["ip"] == expected
    check = header + b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert exchange(gateway.port, check).startswith(b"HTTP/1.1 200 ")
