"""HTTP/1.1 as attackers write it: smuggling, floods, trickles, and everything else that two parsers might read differently.

Names of tests carry the row of the attack catalogue that they are for.
"""

import base64
import concurrent.futures
import contextlib
import http.client
import os
import random
import re
import resource
import selectors
import socket
import statistics
import time

import pytest

from gateway import eventually, request
from wire import Client, HandshakeRefused, Polling, WebSocket, config, reset

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
ENGINE = b"/engine.io/?EIO=4&transport=polling"
POST = b"POST " + ENGINE + b" HTTP/1.1\r\nHost: x\r\n"
GET = b"GET /nothing HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
UPGRADE = b"/engine.io/?EIO=4&transport=websocket"
SEEDS = int(os.environ.get("SPLIT_SEEDS", "3"))


@pytest.fixture(scope="module")
def gateway(launch_for_module):
    # The bystander may wait long between two looks at it.
    return launch_for_module(config(pingInterval="5m", pingTimeout="1m"))


@pytest.fixture(scope="module")
def bystander(gateway):
    with Client(gateway.port) as client:
        yield client


@pytest.fixture(autouse=True)
def nobody_else_notices(request):
    """Whatever a test did to the shared gateway, another client of it is as well as before."""
    watched = "gateway" in request.fixturenames
    bystander = request.getfixturevalue("bystander") if watched else None
    yield
    if bystander is not None:
        bystander.assert_responsive()


# Saying anything


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def closes(self):
        return self.headers.get("connection", "").lower() == "close"

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:200]!r}>"


def answers_in(data):
    """All answers in what a connection brought; what is left over fails."""
    found = []
    while data:
        head, separator, data = data.partition(b"\r\n\r\n")
        assert separator, f"an incomplete answer: {head[:200]!r}"
        first, *lines = head.decode("latin-1").split("\r\n")
        match = re.fullmatch(r"HTTP/1\.1 ([2-5]\d\d|10[01]) [ -~]*", first)
        assert match, first
        headers = {}
        for line in lines:
            name, _, value = line.partition(": ")
            assert name.lower() not in headers, f"a repeated field: {line}"
            headers[name.lower()] = value
        status = int(match[1])
        length = int(headers.get("content-length", 0))
        assert len(data) >= length, f"an incomplete body: {head!r} {data[:200]!r}"
        found.append(Answer(status, headers, data[:length]))
        data = data[length:]
    return found


def connect(port, timeout=10):
    sock = socket.create_connection(("127.0.0.1", port), timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def read_to_the_end(sock):
    """What comes until the server ends its side: in good order, not by a reset."""
    parts = []
    while part := sock.recv(65536):
        parts.append(part)
    return b"".join(parts)


def exchange(port, pieces, timeout=10):
    """The answers of a connection that the server closes."""
    with connect(port, timeout) as sock:
        for piece in pieces:
            sock.sendall(piece)
        return answers_in(read_to_the_end(sock))


def kept(port, data, count=1):
    """The first answers of a connection that the server keeps."""
    with connect(port) as sock:
        sock.sendall(data)
        received = b""
        deadline = time.monotonic() + 5
        while True:
            with contextlib.suppress(AssertionError):
                answers = answers_in(received)
                if len(answers) >= count:
                    return answers
            assert time.monotonic() < deadline, received[:300]
            part = sock.recv(65536)
            assert part, f"closed after {received[:300]!r}"
            received += part


def splits(data):
    """Whole, byte by byte, and at random points."""
    yield [data]
    yield [data[index : index + 1] for index in range(len(data))]
    for seed in range(SEEDS):
        points = sorted(random.Random(seed).sample(range(1, len(data)), 3))
        yield [data[start:end] for start, end in zip([0, *points], [*points, len(data)])]


def assert_refused(gateway, data, *statuses, split=False):
    """One answer, the connection closed, and nothing that follows is answered."""
    for pieces in splits(data + SMUGGLED) if split else [[data + SMUGGLED]]:
        answers = exchange(gateway.port, pieces)
        assert len(answers) == 1, answers
        assert answers[0].status in statuses, answers
        assert answers[0].closes, answers


def table(rows):
    """Rows of (id, …) as parameters."""
    return [pytest.param(*row[1:], id=row[0]) for row in rows]


def refusals(*rows, split=False):
    """A test of its own for each (id, bytes, status)."""

    def test(gateway, data, status):
        assert_refused(gateway, data, status, split=split)

    return pytest.mark.parametrize("data,status", table(rows))(test)


# Where a request ends


test_H1_a_length_and_a_transfer_coding_together_are_refused = refusals(
    ("CL.TE", POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("TE.CL", POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", 400),
    ("CL.0-with-TE", POST + b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("in-different-case", POST + b"CONTENT-LENGTH: 4\r\ntransfer-ENCODING: CHUNKED\r\n\r\n0\r\n\r\n", 400),
    ("on-a-GET", GET + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("CL-hides-a-request", POST + b"Content-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 400),
    split=True,
)

test_H2_more_than_one_length_is_refused = refusals(
    ("equal", POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\n3\r\n3\r", 400),
    ("different", POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
    ("equal-list", POST + b"Content-Length: 5, 5\r\n\r\n", 400),
    ("list", POST + b"Content-Length: 5, 6\r\n\r\n", 400),
    ("far-apart", POST + b"Content-Length: 0\r\nA: b\r\nC: d\r\ncontent-length: 0\r\n\r\n", 400),
    split=True,
)

test_H3_a_length_is_digits = refusals(
    *[(repr(value.decode("latin-1")), POST + b"Content-Length: " + value + b"\r\n\r\n", 400)
      for value in (b"+5", b"-1", b"0x5", b"5_0", b"5 5", b"", b"99999999999999999999", b"9223372036854775808",
                    b"00000000000000000005", b"5.0", b"5e1", b"5;", b'"5"', b"\xb5", b"\xd9\xa5", b"NaN", b"-0", b"5\t5")],
    split=True,
)

test_H4_the_only_transfer_coding_is_chunked = refusals(
    *[(f"{status}-{value!r}", POST + b"Transfer-Encoding: " + value + b"\r\n\r\n0\r\n\r\n", status)
      for value, status in (
          (b"xchunked", 501), (b"chunked, identity", 501), (b"identity, chunked", 501), (b"identity", 501),
          (b"gzip, chunked", 501), (b"chunked, chunked", 501), (b"\x0bchunked", 400), (b"\xa0chunked", 501),
          (b"chunked;", 501), (b"chunked;a=b", 501), (b'"chunked"', 501), (b"chunke", 501), (b"", 501), (b",chunked", 501),
          (b"chunked\x00", 400), (b"chun\r\n ked", 501), (b"chunked\r\n ", 400), (b"\r\n chunked", 501),
          (b"chunked\r\nTransfer-Encoding: chunked", 400), (b"chunked\r\nTransfer-Encoding: identity", 400))],
    ("HTTP-1.0", (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n").replace(b"HTTP/1.1", b"HTTP/1.0"), 400),
    ("underscore-is-no-dash-and-another-length-counts",
     POST + b"Transfer_Encoding: chunked\r\nContent-Length: 5, 5\r\n\r\n", 400),
    split=True,
)

test_H5_a_chunk_is_exactly_what_the_grammar_says = refusals(
    *[(repr(line.decode("latin-1")), CHUNKED + line, 400)
      for line in (
          b"0_2e\r\n", b"0x10\r\n", b"-1\r\n", b"+1\r\n", b"\r\n", b";a\r\n", b"FFFFFFFFFFFFFFFFF\r\n", b"100000000\r\n",
          b"000000005\r\n", b" 5\r\n", b"5 \r\n", b"5\t\r\n", b"5 ;a\r\n", b"5,5\r\n", b"g\r\n", b"5\n", b"5\r", b"5\r\r\n",
          b"5;a\nb\r\n", b"5;a\x00\r\n", b"5;a\xff\r\n", b"\xb5\r\n", b"3\r\nabcX\r\n0\r\n\r\n", b"3\r\nabc\n0\r\n\r\n",
          b"3\r\nabc\r0\r\n\r\n", b"3\r\nabc0\r\n\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b"0\r\nX\r\n\r\n", b"0\r\n: x\r\n\r\n",
          b"0\r\nA : x\r\n\r\n", b"0\r\n A: x\r\n\r\n", b"0\r\nA: x\n\r\n", b"0\r\n\n")],
    split=True,
)

test_H5_what_a_chunk_may_add_is_bounded = refusals(
    ("extension-257", CHUNKED + b"1;" + b"x" * 256 + b"\r\n", 400),
    ("digits-9", CHUNKED + b"000000001\r\n", 400),
    ("trailers-over-4KiB", CHUNKED + b"0\r\n" + b"A: " + b"x" * 5000 + b"\r\n\r\n", 400),
    ("many-trailers", CHUNKED + b"0\r\n" + b"A: b\r\n" * 1000 + b"\r\n", 400),
    ("more-extension-than-data", CHUNKED + (b"1;" + b"x" * 200 + b"\r\na\r\n") * 200, 400),
    ("size-over-the-limit", CHUNKED + b"FFFFFFFF\r\n", 413),
)


def test_H5_an_endless_chunk_extension_costs_nothing(gateway):
    memory = gateway.memory_bytes()
    with connect(gateway.port) as sock:
        sock.sendall(CHUNKED + b"1;")
        # The server may end the connection while we still send.
        with contextlib.suppress(ConnectionError):
            for _ in range(16):
                sock.sendall(b"x" * 65536)
        with contextlib.suppress(ConnectionError):
            assert [one.status for one in answers_in(read_to_the_end(sock))] == [400]
    assert gateway.memory_bytes() - memory < 4 << 20


@pytest.mark.parametrize("body", [b"1\r\na\r\n0\r\n\r\n", b"01;x=y;z\r\na\r\n0\r\nTrailer: x\r\n\r\n", b"0\r\n\r\n",
                                  b"1;" + b"x" * 255 + b"\r\na\r\n0\r\n\r\n"])
def test_H5_a_chunked_body_that_is_well_formed_passes_however_it_is_split(gateway, body):
    for pieces in splits(CHUNKED + body + GET + b"Connection: close\r\n\r\n"):
        assert [one.status for one in exchange(gateway.port, pieces)] == [400, 404]


# Lines and fields


test_H6_blanks_where_none_may_be = refusals(
    ("before-the-colon", POST + b"Content-Length : 34\r\n\r\n", 400),
    ("tab-before-the-colon", POST + b"Content-Length\t: 34\r\n\r\n", 400),
    ("tab-first", POST.replace(b"Host", b"\tContent-Length: 1\r\nHost") + b"\r\n", 400),
    ("space-first", POST.replace(b"Host", b" Content-Length: 1\r\nHost") + b"\r\n", 400),
    ("folded", POST + b"A: b\r\n c\r\n\r\n", 400),
    ("folded-tab", POST + b"A: b\r\n\tc\r\n\r\n", 400),
    ("folded-empty", POST + b"A: b\r\n \r\n\r\n", 400),
    ("folded-length", POST + b"Content-Length:\r\n 5\r\n\r\n", 400),
    ("no-colon", POST + b"Content-Length\r\n\r\n", 400),
    ("no-name", POST + b": 5\r\n\r\n", 400),
    ("space-in-the-name", POST + b"Content Length: 5\r\n\r\n", 400),
    split=True,
)

LINES = [b"POST " + ENGINE + b" HTTP/1.1", b"Host: x", b"A: b", b"Content-Length: 0", b""]


@pytest.mark.parametrize("place", range(len(LINES)))
@pytest.mark.parametrize(
    "end", table([("LF", b"\n"), ("CR", b"\r"), ("LFCR", b"\n\r"), ("CRCRLF", b"\r\r\n"), ("CRX", b"\r\rX"),
                  ("CRLFCRX", b"\rX\r\n"), ("NUL", b"\0\r\n"), ("VT", b"\x0b\r\n"), ("FF", b"\x0c\r\n")]))
def test_H7_lines_end_with_CRLF_everywhere(gateway, place, end):
    lines = [line + (end if index == place else b"\r\n") for index, line in enumerate(LINES)]
    assert_refused(gateway, b"".join(lines), 400, split=True)


@pytest.mark.parametrize("first", [b"\n", b"\r", b"\r\n\r\n", b"\0", b" ", b"\r\n\n", b"\xef\xbb\xbf"])
def test_H7_what_may_not_stand_before_a_request(gateway, first):
    assert_refused(gateway, first + GET + b"\r\n", 400)


def test_H7_one_empty_line_before_a_request_is_forgiven(gateway):
    assert [one.status for one in kept(gateway.port, b"\r\n" + GET + b"\r\n\r\n" + GET + b"\r\n", 2)] == [404, 404]


TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
FIELD = frozenset([9, *range(32, 127), *range(128, 256)])
# Where a byte is put, what is legal there. A colon ends a name, so it is legal wherever a name came before it.
PLACES = {
    "name-start": (b"%bame: value", TOKEN),
    "name-middle": (b"Na%bme: value", TOKEN | {0x3A}),
    "name-end": (b"Nam%b: value", TOKEN | {0x3A}),
    "value-start": (b"Name:%balue", FIELD),
    "value-middle": (b"Name: va%blue", FIELD),
    "value-end": (b"Name: valu%b", FIELD),
}


@pytest.mark.parametrize("place", PLACES)
def test_H8_of_all_256_bytes_only_legal_ones_pass(gateway, place):
    line, legal = PLACES[place]
    for byte in range(256):
        data = GET + line % bytes([byte]) + b"\r\n"
        if byte in legal:
            statuses = [one.status for one in exchange(gateway.port, [data + b"Connection: close\r\n\r\n"])]
            assert statuses == [404], (byte, statuses)
        else:
            assert_refused(gateway, data + b"\r\n", 400)


# Floods


test_H9_what_a_head_may_hold_is_bounded = refusals(
    ("101-fields", GET + b"A: b\r\n" * 100 + b"\r\n", 431),
    ("a-field-of-8193-bytes", GET + b"A: " + b"x" * 8190 + b"\r\n\r\n", 431),
    ("a-block-of-32769-bytes", GET + (b"A: " + b"x" * 8000 + b"\r\n") * 4 + b"B: " + b"x" * 737 + b"\r\n\r\n", 431),
    ("a-name-without-end", GET + b"A" * 40000, 431),
    ("a-target-of-8193-bytes", b"GET /" + b"x" * 8192 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    ("a-target-without-end", b"GET /" + b"x" * 40000, 414),
    ("a-method-without-end", b"G" * 40000, 414),
)


@pytest.mark.parametrize(
    "data",
    table([("100-fields", GET + b"A: b\r\n" * 99 + b"\r\n"),
           ("a-field-of-8192-bytes", GET + b"A: " + b"x" * 8189 + b"\r\n\r\n"),
           ("a-block-of-32768-bytes", GET + (b"A: " + b"x" * 8000 + b"\r\n") * 4 + b"B: " + b"x" * 732 + b"\r\n\r\n"),
           ("a-target-of-8192-bytes", b"GET /" + b"x" * 8191 + b" HTTP/1.1\r\nHost: x\r\n\r\n")]))
def test_H9_exactly_the_limit_passes(gateway, data):
    assert [one.status for one in kept(gateway.port, data)] == [404]


@pytest.mark.parametrize("line", [b"A: b\r\n", b"Connection: a,b,c,d\r\n", b"Cookie: " + b"x" * 4000 + b"\r\n"])
def test_H9_a_stream_of_fields_ends_early_and_costs_nothing(gateway, line):
    memory = gateway.memory_bytes()
    flood = line * (300_000 // 16 * 6 // len(line))
    for _ in range(20):
        with connect(gateway.port) as sock, contextlib.suppress(ConnectionError):
            sock.sendall(GET)
            for _ in range(16):
                sock.sendall(flood)
            assert [one.status for one in answers_in(read_to_the_end(sock))] == [431]
    assert gateway.memory_bytes() - memory < 8 << 20


def trickle(gateway, size, connections=8):
    """The processor time of heads of that size that come byte by byte."""
    line = b"A: " + b"x" * 995 + b"\r\n"
    head = GET + line * (size // 1000) + b"Connection: close\r\n\r\n"
    before = gateway.cpu_seconds()
    with contextlib.ExitStack() as held:
        socks = [held.enter_context(connect(gateway.port)) for _ in range(connections)]
        for index in range(len(head)):
            for sock in socks:
                sock.send(head[index : index + 1])
        for sock in socks:
            assert [one.status for one in answers_in(read_to_the_end(sock))] == [404]
    return gateway.cpu_seconds() - before


def test_H10_a_head_that_comes_byte_by_byte_is_read_once(gateway):
    """Four times the bytes may cost four times as much, not sixteen times."""
    small, large = trickle(gateway, 8_000), trickle(gateway, 32_000)
    assert large < 8 * max(small, 0.05), (small, large)


# Request lines


def line(text):
    return text + b"\r\nHost: x\r\n\r\n"


test_H11_request_lines_are_strict = refusals(
    ("quotes-in-the-method", line(b'G="x" / HTTP/1.1'), 400),
    ("bare-LF", b"GET /\nHTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("HTTP-0.9", b"GET /\r\n", 400),
    ("HTTP-1.32", line(b"GET / HTTP/1.32"), 400),
    ("HTTP-1", line(b"GET / HTTP/1"), 400),
    ("HTTP-1.", line(b"GET / HTTP/1."), 400),
    ("lower-case-version", line(b"GET / http/1.1"), 400),
    ("HTTPS", line(b"GET / HTTPS/1.1"), 400),
    ("HTTP-1.2", line(b"GET / HTTP/1.2"), 505),
    ("HTTP-2.0", line(b"GET / HTTP/2.0"), 505),
    ("HTTP-0.9-said", line(b"GET / HTTP/0.9"), 505),
    ("preface-of-HTTP-2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("absolute-form", line(b"GET http://x/ HTTP/1.1"), 400),
    ("authority-form", line(b"CONNECT x:80 HTTP/1.1"), 400),
    ("asterisk", line(b"OPTIONS * HTTP/1.1"), 400),
    ("no-slash", line(b"GET nothing HTTP/1.1"), 400),
    ("two-slashes", line(b"GET //x/ HTTP/1.1"), 400),
    ("empty-target", line(b"GET  HTTP/1.1"), 400),
    ("two-spaces", line(b"GET  / HTTP/1.1"), 400),
    ("space-in-the-target", line(b"GET /a b HTTP/1.1"), 400),
    ("space-at-the-end", line(b"GET / HTTP/1.1 "), 400),
    ("tabs", line(b"GET\t/\tHTTP/1.1"), 400),
    ("no-method", line(b" / HTTP/1.1"), 400),
    ("method-of-33", line(b"G" * 33 + b" / HTTP/1.1"), 400),
    ("method-not-ASCII", line(b"G\xc3\x89T / HTTP/1.1"), 400),
    ("fragment", line(b"GET /#x HTTP/1.1"), 400),
    ("quote", line(b'GET /" HTTP/1.1'), 400),
    ("angle", line(b"GET /<x> HTTP/1.1"), 400),
    ("backslash", line(b"GET /\\x HTTP/1.1"), 400),
    ("not-ASCII", line(b"GET /\xc3\xa9 HTTP/1.1"), 400),
    ("NUL", line(b"GET /\0 HTTP/1.1"), 400),
    split=True,
)


@pytest.mark.parametrize("method", [b"get", b"GETS", b"BREW", b"TRACE", b"CONNECT", b"A!#$%&'*+-.^_`|~"])
def test_H11_a_method_that_nobody_knows_is_only_a_method(gateway, method):
    (answer,) = kept(gateway.port, method + b" /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.status in (404, 405)


@pytest.mark.parametrize("upgrade", [b"h2c", b"TLS/1.0", b"websocket2", b"HTTP/2.0, IRC/6.9", b'"websocket"'])
def test_H11_another_protocol_is_never_switched_to(gateway, upgrade):
    head = b"GET " + ENGINE + b" HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: " + upgrade
    (first, second) = kept(gateway.port, head + b"\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n" + GET + b"\r\n", 2)
    assert first.status == 200 and first.body.startswith(b'0{"sid":"')
    assert "upgrade" not in first.headers
    assert second.status == 404


test_H12_a_request_names_one_host = refusals(
    ("none", b"GET / HTTP/1.1\r\n\r\n", 400),
    ("two", b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400),
    *[(repr(host.decode("latin-1")), b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n", 400)
      for host in (b"", b"a b", b"a,b", b"a/b", b"a@b", b"a?b", b"x:y", b"x:99999", b"x:-1", b"[::1", b"[]", b"::1", b"[g::]",
                   b"http://x", b"\xc3\xa9", b"x:80:80", b"%zz", b"x#", b"[::1]x")],
    split=True,
)


@pytest.mark.parametrize("host", [b"x", b"x:80", b"x:", b"[::1]", b"[::1]:8080", b"a-b.c_d", b"127.0.0.1:1"])
def test_H12_hosts_that_are_well_formed_pass(gateway, host):
    assert [one.status for one in kept(gateway.port, b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")] == [404]


# Pipelining


def test_H13_requests_whose_answers_are_never_read_are_left_unread(gateway):
    """Not behind a held request: each is answered at once, into a window that is shut."""
    memory = gateway.memory_bytes()
    with connect(gateway.port, 1) as sock:
        flood = (GET + b"\r\n") * 1000
        sent = 0
        with contextlib.suppress(TimeoutError, ConnectionError):
            while sent < 256 << 20:
                sent += sock.send(flood)
        assert sent < 256 << 20, "the gateway goes on reading"
        assert gateway.memory_bytes() - memory < 16 << 20


def test_H13_ten_thousand_pipelined_requests_are_answered_when_the_answers_are_read_late(gateway):
    count = 10_000
    with connect(gateway.port, 10) as sock, concurrent.futures.ThreadPoolExecutor() as pool:
        sock.settimeout(20)
        sending = pool.submit(sock.sendall, (GET + b"\r\n") * (count - 1) + GET + b"Connection: close\r\n\r\n")
        time.sleep(0.5)
        statuses = [one.status for one in answers_in(read_to_the_end(sock))]
        sending.result(5)
    assert statuses == [404] * count


def test_H13_what_was_sent_before_a_half_close_is_still_answered(gateway):
    count = 10_000
    with connect(gateway.port) as sock, concurrent.futures.ThreadPoolExecutor() as pool:
        reading = pool.submit(read_to_the_end, sock)
        sock.sendall((GET + b"\r\n") * count)
        sock.shutdown(socket.SHUT_WR)
        assert [one.status for one in answers_in(reading.result(20))] == [404] * count


def test_H13_a_half_close_behind_a_flood_costs_little_memory(gateway):
    memory = gateway.memory_bytes()
    with contextlib.ExitStack() as held:
        for _ in range(20):
            session = Polling(gateway.port, "/engine.io/")
            sock = held.enter_context(connect(gateway.port))
            sock.sendall(f"POST {session.target} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n4x".encode())
            sock.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                for _ in range(100):
                    sock.send((GET + b"\r\n") * 2000)
            sock.shutdown(socket.SHUT_WR)
        time.sleep(0.3)
        assert gateway.memory_bytes() - memory < 48 << 20


def test_H13_small_requests_for_something_large_cost_no_memory(launch, client_file):
    """Fifty bytes ask for fifty thousand; sixty-four kilobytes of requests for sixty megabytes."""
    gateway = launch(config(serveClient=str(client_file)))
    assert request(gateway.port, "GET", "/socket.io/socket.io.js").status == 200
    memory = gateway.memory_bytes()
    with contextlib.ExitStack() as held:
        socks = [held.enter_context(connect(gateway.port)) for _ in range(10)]
        for sock in socks:
            sock.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                sock.send(b"GET /socket.io/socket.io.js HTTP/1.1\r\nHost: x\r\n\r\n" * 1300)
        time.sleep(0.5)
        # What waits for peers is bounded for each connection, whatever they asked for.
        assert gateway.metric("gatehouse_output_buffered_bytes") < len(socks) * (2 << 20)
        assert gateway.memory_bytes() - memory < 32 << 20
        for sock in socks:
            reset(sock)


# Upgrades


def upgrade(path=UPGRADE, key=None, version=b"HTTP/1.1", method=b"GET", without=(), **fields):
    given = {
        b"Host": b"x", b"Upgrade": b"websocket", b"Connection": b"Upgrade",
        b"Sec-WebSocket-Key": base64.b64encode(os.urandom(16)) if key is None else key, b"Sec-WebSocket-Version": b"13"}
    given |= {name.replace("_", "-").encode(): value for name, value in fields.items()}
    lines = [b"%b: %b" % (name, value) for name, value in given.items() if name not in without]
    return b"\r\n".join([b"%b %b %b" % (method, path, version), *lines]) + b"\r\n\r\n"


BODIES = [
    ("length", {"Content_Length": b"4"}, b"test"),
    ("chunked", {"Transfer_Encoding": b"chunked"}, b"4\r\ntest\r\n0\r\n\r\n"),
    ("a-frame-as-body", {"Content_Length": b"6"}, b"\x81\x80\0\0\0\0"),
]


@pytest.mark.parametrize("fields,body", table(BODIES))
@pytest.mark.parametrize("session", ["new", "known", "unknown"])
def test_H14_an_upgrade_with_a_body_is_refused(gateway, session, fields, body):
    polling = Polling(gateway.port, "/engine.io/")
    path = UPGRADE + {"new": b"", "known": b"&sid=" + polling.sid.encode(), "unknown": b"&sid=x"}[session]
    assert_refused(gateway, upgrade(path, **fields) + body, 400, split=True)
    polling.send("4still well")
    assert polling.poll() == ["4still well"]


def test_H14_an_upgrade_with_an_empty_body_is_one_without(gateway):
    with connect(gateway.port) as sock:
        sock.sendall(upgrade(Content_Length=b"0"))
        assert sock.recv(4096).startswith(b"HTTP/1.1 101 ")


def test_H14_the_body_of_a_GET_is_no_second_request(gateway):
    body = SMUGGLED
    head = b"GET " + ENGINE + b" HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert [one.status for one in kept(gateway.port, head + body + GET + b"\r\n", 2)] == [200, 404]


class Raw(WebSocket):
    """A WebSocket whose upgrade request is sent together with what `first` gives, and cut where told."""

    def __init__(self, port, path, first, cut=None):
        self.sock, self.buffer, self.closed = connect(port), b"", None
        data = upgrade(path) + b"".join(first(self))
        cut = len(data) if cut is None else cut
        self.sock.sendall(data[:cut])
        if cut < len(data):
            time.sleep(0.02)
            self.sock.sendall(data[cut:])
        self.status, self.headers = self._read_head()
        if self.status != 101:
            raise HandshakeRefused(Answer(self.status, self.headers, b""))


@pytest.mark.parametrize("cut", [None, -1, -5, -20, 20])
def test_H15_frames_in_the_segment_of_the_upgrade_are_taken_exactly_once(gateway, cut):
    with Raw(gateway.port, UPGRADE, lambda ws: [ws.frame(1, "4one"), ws.frame(1, "4two")], cut) as ws:
        assert ws.receive().startswith('0{"sid"')
        assert [ws.receive(), ws.receive()] == ["4one", "4two"]
        ws.send("4three")
        assert ws.receive() == "4three"


@pytest.mark.parametrize("attempt", range(8))
def test_H15_a_probe_in_the_segment_of_the_upgrade_is_answered_once(gateway, attempt):
    """Several times: the session and the connection live on the same loop, or do not."""
    session = Polling(gateway.port, "/engine.io/")
    path = UPGRADE + b"&sid=" + session.sid.encode()
    with Raw(gateway.port, path, lambda ws: [ws.frame(1, "2probe")], None if attempt % 2 else -3) as ws:
        assert ws.receive() == "3probe"
        ws.send("5")
        ws.send("4after")
        assert ws.receive() == "4after"


@pytest.mark.parametrize(
    "garbage", table([("a-request", SMUGGLED), ("RSV", b"\xf1\x80abcd"), ("unmasked", b"\x81\x01a"), ("opcode-3", b"\x83\x80abcd")]))
@pytest.mark.parametrize("session", ["new", "known"])
def test_H15_garbage_in_the_segment_of_the_upgrade_is_a_protocol_error(gateway, session, garbage):
    for _ in range(1 if session == "new" else 4):
        path = UPGRADE
        if session == "known":
            path += b"&sid=" + Polling(gateway.port, "/engine.io/").sid.encode()
        with Raw(gateway.port, path, lambda ws: [garbage]) as ws:
            closed = ws.wait_closed()
            assert closed.code == 1002
            assert b"HTTP/1.1" not in ws.buffer


# Answers


@pytest.mark.parametrize("origin", [b"http://a\r\nX-Injected: 1", b"http://a\nX: 1", b"http://a\rX: 1", b"http://a\0", b"\x7f"])
def test_H16_an_origin_cannot_add_fields_to_the_answer(launch, origin):
    gateway = launch(config(cors={"origin": ["http://a"], "credentials": True}))
    data = b"GET " + ENGINE.replace(b"engine", b"socket") + b" HTTP/1.1\r\nHost: x\r\nOrigin: " + origin + b"\r\n\r\n"
    with connect(gateway.port) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        received = read_to_the_end(sock)
    assert b"injected" not in received.lower() and b"\r\nX" not in received
    assert all(one.headers.get("access-control-allow-origin") in (None, "http://a") for one in answers_in(received))


@pytest.mark.parametrize("value", [b"x-a, x-b", b"\xff\xfe", b"a\tb", "é".encode(), b", ,", b"x" * 8000])
def test_H16_reflected_request_headers_stay_one_field(launch, value):
    gateway = launch(config(cors={"origin": ["http://a"]}))
    head = b"OPTIONS /socket.io/ HTTP/1.1\r\nHost: x\r\nOrigin: http://a\r\nAccess-Control-Request-Method: GET\r\n"
    with connect(gateway.port) as sock:
        sock.sendall(head + b"Access-Control-Request-Headers: " + value + b"\r\nConnection: close\r\n\r\n")
        received = read_to_the_end(sock)
    head = received.partition(b"\r\n\r\n")[0]
    assert head.startswith(b"HTTP/1.1 204 ")
    assert head.lower().count(b"access-control-allow-headers: ") == 1
    assert all(re.match(rb"[A-Za-z-]+: [^\x00-\x08\x0a-\x1f]*$", one) for one in head.split(b"\r\n")[1:])


@pytest.mark.parametrize("extra", ["x\r\nSet-Cookie: a=b", "x\nSet-Cookie: a=b", "x\r\n\r\nHTTP/1.1 200 OK"])
def test_H16_what_a_handler_says_reaches_no_head(launch, backend, extra):
    """Its fields and its message are data: they stay in JSON, with their line ends escaped."""
    routes = [{"match": {"type": "socket.connect"}, "handler": "app"}]
    backend.answer = lambda call: {"accept": False, "error": {"message": extra}}
    gateway = launch(config(routes=routes) | {"handlers": {"app": backend.handler()}})
    session = Polling(gateway.port)
    session.send("40")
    reply = session.get()
    assert reply.status == 200 and reply.text.startswith("44{")
    assert "set-cookie" not in {name.lower() for name in reply.headers}
    assert "\r" not in reply.text and "\n" not in reply.text


# Targets


@pytest.mark.parametrize(
    "query,status",
    table([("plain", b"EIO=4&transport=polling", 200), ("encoded-value", b"EIO=4&transport=%70olling", 200),
           ("encoded-key", b"EIO=4&tr%61nsport=polling", 200), ("empty-pairs", b"&&EIO=4&&transport=polling&", 200),
           ("twice-encoded", b"EIO=4&transport=%2570olling", 400), ("doubled-transport", b"EIO=4&transport=polling&transport=polling", 400),
           ("doubled-EIO", b"EIO=4&EIO=4&transport=polling", 400), ("doubled-sid", b"EIO=4&transport=polling&sid=a&sid=b", 400),
           ("doubled-by-encoding", b"EIO=4&transport=polling&sid=a&s%69d=a", 400),
           ("NUL", b"EIO=4&transport=polling%00", 400), ("percent", b"EIO=4&transport=polling&x=%", 400),
           ("half", b"EIO=4&transport=polling&x=%4", 400), ("no-hex", b"EIO=4&transport=polling&x=%zz", 400),
           ("not-UTF-8", b"EIO=4&transport=polling%ff", 400), ("overlong", b"EIO=4&transport=%c1%b0olling", 400),
           ("too-long", b"EIO=4&transport=polling&x=" + b"a" * 8192, 414)]))
def test_H17_targets_are_decoded_strictly_and_once(gateway, query, status):
    data = b"GET /engine.io/?" + query + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert [one.status for one in exchange(gateway.port, [data])] == [status]


@pytest.mark.parametrize("path", [b"/engine%2eio/", b"/%65ngine.io/", b"/engine.io%2f"])
def test_H17_paths_are_decoded_once(gateway, path):
    data = b"GET " + path + b"?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    (answer,) = exchange(gateway.port, [data])
    assert answer.status in (200, 404)


# Slow


def quick_connects(port, count=5):
    """The median time of a connection and one answered request."""
    times = []
    for _ in range(count):
        start = time.monotonic()
        assert request(port, "GET", "/nothing").status == 404
        times.append(time.monotonic() - start)
    return statistics.median(times)


def test_H18_a_head_that_comes_slowly_is_ended(launch):
    """Three hundred connections that send a byte now and then, and fifty that send nothing at all."""
    gateway = launch(config() | {"timeouts": {"header": "1s", "handshake": "1s"}})
    head = b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"x" * 1000
    began, ended, received = {}, {}, {}
    with contextlib.ExitStack() as held, selectors.DefaultSelector() as selector, Client(gateway.port) as other:
        slow = [held.enter_context(connect(gateway.port)) for _ in range(300)]
        silent = [held.enter_context(connect(gateway.port)) for _ in range(50)]
        for sock in slow + silent:
            began[sock], received[sock] = time.monotonic(), b""
            selector.register(sock, selectors.EVENT_READ)
        for sock in slow:
            sock.sendall(head[:1])
        position, limit = 1, time.monotonic() + 6
        times = []
        while len(ended) < len(began) and time.monotonic() < limit:
            for key, _ in selector.select(0.1):
                part = key.fileobj.recv(4096)
                received[key.fileobj] += part
                if not part:
                    ended[key.fileobj] = time.monotonic()
                    selector.unregister(key.fileobj)
            for sock in slow:
                # What is refused is not written to any more.
                if not received[sock] and sock not in ended:
                    sock.send(head[position : position + 1])
            position += 1
            if position % 3 == 0 and len(times) < 5:
                times.append(quick_connects(gateway.port, 1))
        assert len(ended) == len(began), f"{len(began) - len(ended)} connections are still open"
        assert max(ended[sock] - began[sock] for sock in began) < 1 + 1.5
        assert all([one.status for one in answers_in(received[sock])] == [408] for sock in slow)
        assert all(received[sock] == b"" for sock in silent)
        assert statistics.median(times) < 0.05, times
        other.assert_responsive()


def test_H18_a_second_request_has_the_same_time(launch):
    """Also one that is trickled after a well-formed one, and one that begins with an empty line."""
    gateway = launch(config() | {"timeouts": {"header": "1s"}})
    for begin in (GET + b"\r\n", GET + b"\r\n\r\n", GET + b"\r\n" + b"GET /"):
        with connect(gateway.port) as sock:
            sock.sendall(begin)
            time.sleep(0.1)
            start = time.monotonic()
            data = b""
            while time.monotonic() - start < 4:
                with contextlib.suppress(ConnectionError):
                    sock.send(b"x")
                sock.settimeout(0.2)
                try:
                    part = sock.recv(4096)
                except TimeoutError:
                    continue
                data += part
                if not part or b" 408 " in data or b" 400 " in data or b" 414 " in data:
                    break
            assert [one.status for one in answers_in(data)] == [404, 408], begin
            assert time.monotonic() - start < 2.6


def test_H19_a_body_that_comes_slowly_is_ended_and_one_that_is_only_long_is_not(gateway):
    """Five seconds are free; then it has to have come at 500 bytes a second."""

    def post(head, piece, pause, seconds=12):
        start = time.monotonic()
        with connect(gateway.port) as sock:
            sock.sendall(head)
            sock.setblocking(False)
            data = b""
            while time.monotonic() - start < seconds:
                with contextlib.suppress(BlockingIOError, ConnectionError):
                    sock.send(piece)
                time.sleep(pause)
                with contextlib.suppress(BlockingIOError):
                    part = sock.recv(4096)
                    if not part:
                        break
                    data += part
            return answers_in(data), time.monotonic() - start

    def long_post(session):
        body = b"4" + b"x" * 159_999
        with connect(gateway.port) as sock:
            sock.sendall(b"POST " + session.target.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 160000\r\n\r\n")
            for start in range(0, len(body), 2_000):
                sock.sendall(body[start : start + 2_000])
                time.sleep(0.1)
            return sock.recv(4096)

    session = Polling(gateway.port, "/engine.io/")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        slow = [pool.submit(post, POST + b"Content-Length: 100000\r\n\r\n", b"x", 1),
                pool.submit(post, CHUNKED, b"1\r\nx\r\n", 0.5),
                pool.submit(post, CHUNKED + b"5;", b"x", 0.5),
                pool.submit(post, POST + b"Content-Length: 100000\r\n\r\n", b"", 0.5)]
        long = pool.submit(long_post, session)
        for one in slow:
            answers, seconds = one.result(20)
            assert [answer.status for answer in answers] == [408] and answers[0].closes, answers
            assert seconds <= 12, seconds
        assert long.result(20).startswith(b"HTTP/1.1 200 ")


def test_H20_who_does_not_read_the_answer_is_ended_and_its_buffers_are_freed(launch, tmp_path):
    (tmp_path / "large.bin").write_bytes(bytes(12 << 20))
    document = config() | {"timeouts": {"writeProgress": "1s"}}
    document["endpoints"].append({"path": "/files", "protocol": "static", "directory": str(tmp_path)})
    gateway = launch(document)
    with contextlib.ExitStack() as held:
        for _ in range(5):
            sock = held.enter_context(socket.socket())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            sock.connect(("127.0.0.1", gateway.port))
            sock.sendall(b"GET /files/large.bin HTTP/1.1\r\nHost: x\r\n\r\n")
        eventually(lambda: gateway.metric("gatehouse_output_buffered_bytes") > 1 << 20, what="the answers wait")
        eventually(lambda: gateway.metric("gatehouse_slow_consumers_closed_total") == 5, 4, "all are ended")
        eventually(lambda: gateway.metric("gatehouse_output_buffered_bytes") == 0, what="nothing waits any more")


def test_H20_a_poll_that_is_read_byte_by_byte_is_ended(launch):
    """Four sessions get eight megabytes each in one poll, on connections whose windows are as small as can be."""
    gateway = launch(config(maxHttpBufferSize="8MB") | {
        "timeouts": {"writeProgress": "1s"}, "limits": {"outputHard": "16MiB", "outputSoft": "16MiB"}})
    with contextlib.ExitStack() as held:
        for _ in range(4):
            session = Polling(gateway.port, "/engine.io/")
            session.send("4" + "x" * 7_900_000)
            sock = held.enter_context(socket.socket())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            sock.connect(("127.0.0.1", gateway.port))
            sock.sendall(f"GET {session.target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            sock.recv(1)
        eventually(lambda: gateway.metric("gatehouse_output_buffered_bytes") > 1 << 20, what="the answers wait")
        eventually(lambda: gateway.metric("gatehouse_output_buffered_bytes") == 0, 5, what="nothing waits any more")
        assert gateway.metric("gatehouse_slow_consumers_closed_total") == 4


# Bodies


def test_H21_a_length_over_the_limit_is_refused_before_any_of_the_body(gateway):
    assert_refused(gateway, POST + b"Content-Length: 1000001\r\n\r\n", 413, split=True)
    assert_refused(gateway, POST + b"Content-Length: 9223372036854775807\r\n\r\n", 413)


def test_H21_a_chunked_body_is_refused_where_it_passes_the_limit(gateway):
    session = Polling(gateway.port, "/engine.io/")
    head = f"POST {session.target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    memory = gateway.memory_bytes()
    before = gateway.metric("gatehouse_received_bytes_total")
    with connect(gateway.port) as sock, concurrent.futures.ThreadPoolExecutor() as pool:
        reading = pool.submit(read_to_the_end, sock)
        sock.sendall(head)
        with contextlib.suppress(ConnectionError):
            for _ in range(500):
                if reading.done():
                    break
                sock.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        assert [one.status for one in answers_in(reading.result(5))] == [413]
    # What still comes while the answer is on its way is thrown away unread.
    read = gateway.metric("gatehouse_received_bytes_total") - before
    assert read < 1_000_000 + 3 * 65536, read
    assert gateway.memory_bytes() - memory < 8 << 20
    assert_refused(gateway, head + b"F4241\r\n", 413)


def test_H21_a_chunked_body_of_exactly_the_limit_passes(gateway):
    session = Polling(gateway.port, "/engine.io/")
    head = f"POST {session.target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    body = b"1\r\n4\r\n" + b"F423F\r\n" + b"x" * 999_999 + b"\r\n0\r\n\r\n"
    assert [one.status for one in kept(gateway.port, head + body)] == [200]
    assert len(session.get().body) == 1_000_000


@pytest.mark.parametrize("target", [b"/nothing", b"/files/x"])
def test_H21_where_nothing_takes_a_body_none_is_read(gateway, target):
    assert_refused(gateway, b"POST " + target + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n", 413)
    assert_refused(gateway, b"POST " + target + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n", 413)


test_H22_compressed_bodies_are_not_inflated = refusals(
    *[(coding.decode(), POST + b"Content-Encoding: " + coding + b"\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00", 415)
      for coding in (b"gzip", b"deflate", b"br", b"GZIP", b"identity, gzip", b"x-gzip")],
    split=True,
)


def test_H23_continue_is_said_only_when_the_body_is_wanted(gateway):
    big = POST + b"Expect: 100-continue\r\nContent-Length: 1000001\r\n\r\n"
    assert_refused(gateway, big, 413, split=True)
    assert_refused(gateway, POST + b"Expect: x\r\nContent-Length: 1\r\n\r\n", 417, split=True)
    assert_refused(gateway, POST + b"Expect: 100-continue, x\r\nContent-Length: 1\r\n\r\n", 417)
    assert_refused(gateway, POST + b"Expect: 100-continue\r\nExpect: x\r\nContent-Length: 1\r\n\r\n", 417)
    session = Polling(gateway.port, "/engine.io/")
    with connect(gateway.port) as sock:
        sock.sendall(f"POST {session.target} HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n".encode())
        assert sock.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"4x")
        assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_H23_continue_is_not_said_where_it_would_be_misunderstood(gateway):
    for head in (POST.replace(b"1.1", b"1.0") + b"Expect: 100-continue\r\nContent-Length: 1\r\n",
                 POST + b"Expect: 100-continue\r\n"):
        assert [one.status for one in exchange(gateway.port, [head + b"Connection: close\r\n\r\nx"[: None if b"Length" in head else -1]])] == [400]


# Handshakes of WebSockets

KEY = base64.b64encode(b"0123456789abcdef")


@pytest.mark.parametrize(
    "data,status",
    table([
        ("version-1337", upgrade(Sec_WebSocket_Version=b"1337"), 426),
        ("version-8", upgrade(Sec_WebSocket_Version=b"8"), 426),
        ("version-013", upgrade(Sec_WebSocket_Version=b"013"), 426),
        ("versions", upgrade(Sec_WebSocket_Version=b"13, 8"), 426),
        ("no-version", upgrade(without=[b"Sec-WebSocket-Version"]), 426),
        ("empty-version", upgrade(Sec_WebSocket_Version=b""), 426),
        ("no-key", upgrade(without=[b"Sec-WebSocket-Key"]), 400),
        ("empty-key", upgrade(key=b""), 400),
        ("key-of-15", upgrade(key=base64.b64encode(b"x" * 15)), 400),
        ("key-of-17", upgrade(key=base64.b64encode(b"x" * 17)), 400),
        ("key-no-base64", upgrade(key=b"!" * 24), 400),
        ("key-without-padding", upgrade(key=KEY.rstrip(b"=")), 400),
        ("POST", upgrade(method=b"POST"), 400),
        ("HEAD", upgrade(method=b"HEAD"), 400),
        ("lower-case-get", upgrade(method=b"get"), 400),
        ("HTTP-1.0", upgrade(version=b"HTTP/1.0"), 400),
    ]))
@pytest.mark.parametrize("path", [UPGRADE, b"/engine.io/?EIO=4&transport=websocket&sid=SID"], ids=["new", "known"])
def test_H24_a_handshake_that_is_not_right_ends_the_connection(gateway, path, data, status):
    """What follows may be frames of a tunnel that a proxy believes in: nothing of it is answered."""
    if b"SID" in path:
        session = Polling(gateway.port, "/engine.io/")
        data = data.replace(UPGRADE, path.replace(b"SID", session.sid.encode()))
    for pieces in splits(data + SMUGGLED):
        (answer,) = exchange(gateway.port, pieces)
        assert answer.status == status and answer.closes, answer
        if status == 426:
            assert answer.headers["sec-websocket-version"] == "13"
    # The same when the next request comes only after the answer.
    with connect(gateway.port) as sock:
        sock.sendall(data)
        first = b""
        while b"\r\n\r\n" not in first:
            first += sock.recv(4096)
        sock.sendall(SMUGGLED)
        assert len(answers_in(first + read_to_the_end(sock))) == 1


@pytest.mark.parametrize("fields", [{"Connection": b"keep-alive, Upgrade"}, {"Connection": b"upgrade"}, {"Upgrade": b"WebSocket"},
                                    {"Connection": b",, ,Upgrade,"}, {"Sec_WebSocket_Key": KEY}])
def test_H24_handshakes_as_clients_really_write_them(gateway, fields):
    with connect(gateway.port) as sock:
        sock.sendall(upgrade(**fields))
        assert sock.recv(4096).startswith(b"HTTP/1.1 101 ")


@pytest.mark.parametrize("fields", [{"without": [b"Connection"]}, {"without": [b"Upgrade"]}, {"Connection": b"close"}])
def test_H24_what_does_not_ask_for_an_upgrade_gets_none(gateway, fields):
    with connect(gateway.port) as sock:
        sock.sendall(upgrade(**fields))
        assert sock.recv(4096).startswith(b"HTTP/1.1 400 ")


OFFERS = {
    "spaces": b" " * 8000 + b"x", "commas": b"," * 8000, "quotes": b'"' * 8000, "semicolons": b";" * 8000,
    "backslashes": b'a; b="' + b"\\" * 8000, "constructor": b"constructor", "proto": b"a;__proto__=1", "equals": b"=" * 8000,
    "thousand-offers": b",".join(b"a%d" % n for n in range(1000)),
    "thousand-parameters": b"permessage-deflate" + b"; a" * 1000,
    "nothing": b"", "not-ASCII": b"\xff" * 100,
    "bad-window": b"permessage-deflate; client_max_window_bits=99999999999999999999",
}


@pytest.mark.parametrize("field", ["Sec_WebSocket_Protocol", "Sec_WebSocket_Extensions"])
@pytest.mark.parametrize("offer", OFFERS)
def test_H25_offers_are_read_in_linear_time(gateway, field, offer):
    """Twenty handshakes within a processor time that a quadratic parser would not keep to."""
    before = gateway.cpu_seconds()
    for _ in range(20):
        with connect(gateway.port) as sock:
            sock.sendall(upgrade(**{field: OFFERS[offer]}))
            head = sock.recv(4096).partition(b"\r\n\r\n")[0]
            assert head.startswith((b"HTTP/1.1 101 ", b"HTTP/1.1 400 ")), head
            assert b"sec-websocket-protocol" not in head.lower()
            reset(sock)
    assert gateway.cpu_seconds() - before < 0.4


# The status is ours


@pytest.mark.parametrize("status", [101, 100, 103, 199, 301, 302, 304, 407, 426, 500, 599, 999])
def test_H26_no_status_of_a_backend_becomes_ours(launch, backend, status):
    """Handlers decide about sockets, after the handshake; whatever they answer, HTTP has been answered already."""
    import backend as backends

    routes = [{"match": {"type": "socket.connect"}, "handler": "app"}]
    head = f"HTTP/1.1 {status} x\r\nLocation: http://x/\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n"
    backend.answer = lambda call: backends.Raw(head.encode())
    gateway = launch(config(routes=routes, connectTimeout="700ms") | {"handlers": {"app": backend.handler(timeout="500ms")}})
    session = Polling(gateway.port)
    assert session.handshake.status == 200
    session.send("40")
    reply = session.get()
    assert reply.status in (200, 400) and "location" not in reply.headers and "upgrade" not in reply.headers
    assert not reply.text.startswith("40"), "a client was let in"
    with connect(gateway.port) as sock:
        sock.sendall(upgrade(UPGRADE.replace(b"engine", b"socket")))
        assert sock.recv(4096).startswith(b"HTTP/1.1 101 Switching Protocols\r\n")


# Descriptors


def test_R3_out_of_descriptors_costs_no_processor_time_and_passes(launch):
    gateway = launch(config())
    kept_open = http.client.HTTPConnection("127.0.0.1", gateway.admin_port, timeout=5)

    def readiness():
        kept_open.request("GET", "/readyz")
        answer = kept_open.getresponse()
        answer.read()
        return answer.status

    with Client(gateway.port) as client:
        assert readiness() == 200
        resource.prlimit(gateway.process.pid, resource.RLIMIT_NOFILE, (256, 256))
        with contextlib.ExitStack() as held:
            for _ in range(400):
                held.enter_context(connect(gateway.port))
            eventually(lambda: readiness() == 503, what="not ready: a load balancer sends nobody here")
            before = gateway.cpu_seconds()
            time.sleep(2)
            assert gateway.cpu_seconds() - before < 0.2, "more than a tenth of a processor"
            client.assert_responsive()
        eventually(lambda: request(gateway.port, "GET", "/nothing", timeout=3).status == 404, what="new connections")
        client.assert_responsive()
        eventually(lambda: readiness() == 200, what="ready again")
    kept_open.close()
