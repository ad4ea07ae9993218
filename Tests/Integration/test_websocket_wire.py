"""WebSocket by hand: rows W of the attack catalogue, and compressed messages (permessage-deflate)."""

import ctypes
import json
import os
import random
import select
import socket
import struct
import time
import zlib

import pytest

from gateway import eventually
from wire import BINARY, CLOSE, PING, PONG, TEXT, Client, Closed, EngineSocket, HandshakeRefused, Polling, WebSocket, compact, config

ENGINE = "/engine.io/?EIO=4&transport=websocket"
LIMIT = 100_000
HELLO = bytes.fromhex("f248cdc9c90700")
ANSWER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


class Deflate:
    """Mixed into a client: offers permessage-deflate, says whether it got it, and speaks it."""

    offer = "permessage-deflate; client_max_window_bits"

    def __init__(self, port, *arguments, offer=None, headers=None, **options):
        self.inflated = []
        self.context = None
        super().__init__(port, *arguments, headers={"Sec-WebSocket-Extensions": offer or self.offer} | (headers or {}), **options)

    @property
    def takes_over(self):
        return "server_no_context_takeover" not in self.headers["sec-websocket-extensions"]

    def _read_frame(self):
        first, second = self._read(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self._read(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._read(8))
        payload = self._read(length)
        assert not first & 0x30
        self.inflated.append(bool(first & 0x40))
        if first & 0x40:
            assert first & 0x0F in (TEXT, BINARY)
            self.context = self.context if self.context and self.takes_over else zlib.decompressobj(-15)
            payload = self.context.decompress(payload + b"\x00\x00\xff\xff")
            assert not self.context.unconsumed_tail and not self.context.unused_data
        return first & 0x0F, bool(first & 0x80), payload

    def packed(self, payload, level=6, bits=15):
        payload = payload.encode() if isinstance(payload, str) else payload
        deflater = zlib.compressobj(level, zlib.DEFLATED, -bits)
        return (deflater.compress(payload) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]

    def send_packed(self, payload, **how):
        self.sock.sendall(self.frame(TEXT if isinstance(payload, str) else BINARY, self.packed(payload, **how), rsv=4))


class DeflateEngine(Deflate, EngineSocket):
    pass


class DeflateClient(Deflate, Client):
    pass


def deflate_config(**options):
    return config(perMessageDeflate={"threshold": 100} | options, maxHttpBufferSize=LIMIT)


@pytest.fixture(scope="module")
def gateway(launch_for_module):
    return launch_for_module(config(maxHttpBufferSize=LIMIT))


@pytest.fixture(scope="module")
def deflating(launch_for_module):
    return launch_for_module(deflate_config())


def engine(gateway):
    return EngineSocket(gateway.port, "/engine.io/")


def deflate_engine(gateway, **options):
    return DeflateEngine(gateway.port, "/engine.io/", **options)


def assert_fails(sock, code, wire):
    sock.sock.sendall(wire)
    closed = sock.wait_closed()
    assert closed.code == code, closed
    sock.close()


# A message that is never completed, begun first and looked at last: its time runs while the other tests do.


@pytest.fixture(scope="module", autouse=True)
def held(launch_for_module):
    gateway = launch_for_module(config(pingInterval="1s", pingTimeout="100s"))
    sock = engine(gateway)
    sock.sock.sendall(sock.frame(TEXT, "4never", fin=False))
    sock.begun = time.monotonic()
    yield sock
    sock.close()


# W1-W5: frames


@pytest.mark.parametrize("opcode", [TEXT, BINARY, CLOSE, PING, PONG])
def test_W1_an_unmasked_frame(gateway, opcode):
    sock = engine(gateway)
    assert_fails(sock, 1002, sock.frame(opcode, b"4x", masked=False))


@pytest.mark.parametrize("rsv", range(1, 8))
@pytest.mark.parametrize("opcode", [TEXT, BINARY, CLOSE, PING])
def test_W2_reserved_bits_without_an_extension(gateway, opcode, rsv):
    sock = engine(gateway)
    assert_fails(sock, 1002, sock.frame(opcode, b"4x", rsv=rsv))


@pytest.mark.parametrize("opcode", [*range(3, 8), *range(11, 16)])
def test_W3_reserved_opcodes(gateway, opcode):
    sock = engine(gateway)
    assert_fails(sock, 1002, sock.frame(opcode, b"4x"))


def test_W4_control_frames_and_the_order_of_fragments(gateway):
    def frames(sock):
        yield from (sock.frame(opcode, b"", fin=False) for opcode in (CLOSE, PING, PONG))
        yield from (sock.frame(opcode, b"x" * 126) for opcode in (CLOSE, PING, PONG))
        yield sock.frame(0, b"4x")
        yield sock.frame(0, b"4x", fin=False)
        yield sock.frame(TEXT, "4x", fin=False) + sock.frame(TEXT, "4y")
        yield sock.frame(TEXT, "4x", fin=False) + sock.frame(BINARY, b"4y", fin=False)

    for number in range(10):
        sock = engine(gateway)
        assert_fails(sock, 1002, list(frames(sock))[number])


@pytest.mark.parametrize("length, code", [
    (b"\xfe\x00\x05", 1002), (b"\xff" + struct.pack("!Q", 200), 1002), (b"\xff" + struct.pack("!Q", 1 << 63), 1002),
    (b"\xff" + struct.pack("!Q", (1 << 63) - 1), 1009), (b"\xff" + struct.pack("!Q", LIMIT + 1), 1009),
], ids=["5 in 16 bits", "200 in 64 bits", "2^63", "2^63-1", "one too many"])
def test_W5_length_tricks(gateway, length, code):
    memory = gateway.memory_bytes()
    for _ in range(20):
        assert_fails(engine(gateway), code, b"\x82" + length + b"\0\0\0\0")
    assert gateway.memory_bytes() - memory < 2 << 20


def test_W5_the_limit_itself_is_fine(gateway):
    with engine(gateway) as sock:
        sock.send(b"x" * LIMIT)
        assert sock.receive() == b"x" * LIMIT


# W6: text


@pytest.mark.parametrize("bad", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x28", b"\x80"])
def test_W6_bad_text_fails_before_its_message_is_complete(gateway, bad):
    """Only the beginning of the frame is sent, and of a fragment."""
    sock = engine(gateway)
    whole = sock.frame(TEXT, b"4ok " + bad + b"x" * 1000)
    assert_fails(sock, 1007, whole[: 8 + 4 + len(bad)])
    sock = engine(gateway)
    assert_fails(sock, 1007, sock.frame(TEXT, b"4" + bad[:1], fin=False) + sock.frame(0, bad[1:] + b"x" * 10, fin=False))


def test_W6_a_character_may_be_cut_by_fragments_and_control_frames(gateway):
    with engine(gateway) as sock:
        text = "4κόσμε 😀".encode()
        wire = sock.frame(TEXT, b"", fin=False)
        wire += b"".join(sock.frame(0, text[n : n + 1], fin=False) + sock.frame(PING, b"p") for n in range(len(text)))
        sock.sock.sendall(wire + sock.frame(0, b""))
        assert sock.receive() == text.decode()


# W7, W20: closing


@pytest.mark.parametrize("payload, code", [
    (b"", 1005), (struct.pack("!H", 1000), 1000), (struct.pack("!H", 3000) + b"bye", 3000),
    (struct.pack("!H", 4999) + "κ".encode(), 4999), (b"x", 1002),
    *[(struct.pack("!H", code), 1002) for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535)],
    (struct.pack("!H", 1000) + b"\xff", 1007), (struct.pack("!H", 1000) + b"\xce", 1007),
])
def test_W7_what_a_close_is_answered_by(gateway, payload, code):
    sock = engine(gateway)
    began = time.monotonic()
    sock.sock.sendall(sock.frame(CLOSE, payload) + sock.frame(TEXT, "4ignored") + sock.frame(15, b""))
    closed = sock.wait_closed()
    assert closed.code == code
    assert sock.sock.recv(1) == b"", "then the end of the stream"
    assert time.monotonic() - began < 5
    sock.close()


@pytest.mark.parametrize("way", ["by us", "by them"])
def test_W20_a_peer_that_never_closes_is_closed(gateway, way):
    """It has our close frame and keeps its side open: after 5 s at the latest nobody listens to it any more."""
    sock = engine(gateway)
    sock.sock.sendall(sock.frame(CLOSE, struct.pack("!H", 1000)) if way == "by them" else sock.frame(3, b""))
    assert sock.wait_closed().code == (1000 if way == "by them" else 1002)
    assert sock.sock.recv(1) == b""

    def is_reset():
        try:
            return not sock.sock.send(b"x")
        except ConnectionError:
            return True

    eventually(is_reset, 5, "the connection is gone")
    sock.close()


# W8-W10: floods


def flood(sock, wire, times):
    """Sends until it has sent all or is not listened to any more; never reads."""
    try:
        for _ in range(times):
            sock.sock.sendall(wire)
    except ConnectionError:
        pass


@pytest.mark.parametrize("payload", [b"x", b""], ids=["W8 one byte", "W9 empty"])
def test_W8_W9_floods_of_tiny_fragments(gateway, payload):
    memory = gateway.memory_bytes()
    held = [engine(gateway) for _ in range(100)]
    for sock in held:
        sock.sock.sendall(sock.frame(BINARY, payload, fin=False))
        flood(sock, sock.frame(0, payload, fin=False) * 1310, 100)
    for sock in held:
        # What was sent behind the limit may have reset the connection before the close frame could be read.
        assert sock.wait_closed().code in (1008, None)
    grown = gateway.memory_bytes() - memory
    assert grown < 10 << 20, f"{grown} bytes"
    for sock in held:
        sock.close()


def test_W8_the_count_is_what_is_refused(gateway):
    sock = engine(gateway)
    assert_fails(sock, 1008, sock.frame(BINARY, b"x", fin=False) + sock.frame(0, b"x", fin=False) * 1024)


def test_W8_many_fragments_of_a_decent_size_are_fine(gateway):
    with engine(gateway) as sock:
        piece = b"x" * 64
        wire = sock.frame(BINARY, piece, fin=False) + sock.frame(0, piece, fin=False) * 1400 + sock.frame(0, piece)
        sock.sock.sendall(wire)
        assert sock.receive() == piece * 1402


def test_W10_a_flood_of_pings(gateway):
    memory = gateway.memory_bytes()
    sock = engine(gateway)
    flood(sock, sock.frame(PING, b"p" * 125) * 100, 1000)
    eventually(lambda: gateway.metric("gatehouse_sessions") == 0, what="the flooder is gone")
    assert gateway.memory_bytes() - memory < 2 << 20
    assert sock.wait_closed().code in (1008, None)
    sock = engine(gateway)
    sock.sock.sendall(sock.frame(PING, b"p") * 400)
    assert sock.wait_closed().code == 1008


def test_W10_a_ping_is_answered_by_its_payload(gateway):
    with engine(gateway) as sock:
        sock.sock.sendall(sock.frame(PING, b"\x00\xff" * 62))
        assert sock._read_frame() == (PONG, True, b"\x00\xff" * 62)
        sock.sock.sendall(sock.frame(PONG, b"unasked"))
        sock.send("4x")
        assert sock.receive() == "4x"


def test_W15_no_byte_comes_back_that_was_not_sent(gateway):
    """Lengths on both sides of every form of the header; what stands in memory behind a message stays there."""
    with engine(gateway) as sock:
        for length in [*range(1, 131), *range(65_533, 65_540)]:
            message = os.urandom(length)
            sock.send(message)
            assert sock.receive() == message, length
        # Not all lengths: who pings more than a hundred times at once is closed (W10).
        for length in [*range(0, 122, 2), 123, 124, 125]:
            payload = os.urandom(length)
            sock.sock.sendall(sock.frame(PING, payload))
            assert sock._read_frame() == (PONG, True, payload)
    for length in (0, 1, 2, 3, 122, 123):
        said = struct.pack("!H", 1000) + b"r" * length
        sock = engine(gateway)
        sock.sock.sendall(sock.frame(CLOSE, said))
        opcode, fin, payload = sock._read_frame()
        assert (opcode, fin) == (CLOSE, True)
        assert payload in (said[:2], said)
        assert sock.sock.recv(1) == b"", "then the end of the stream"
        sock.close()


# W11, W13, W14: compression


def test_W11_a_bomb_costs_no_more_than_the_limit(deflating):
    memory = deflating.memory_bytes()
    for _ in range(20):
        sock = deflate_engine(deflating)
        bomb = sock.packed(b"\0" * (10 << 20), level=9)
        assert len(bomb) < 16 << 10
        assert_fails(sock, 1009, sock.frame(BINARY, bomb, rsv=4))
    assert deflating.memory_bytes() - memory < 4 << 20
    with deflate_engine(deflating) as sock:
        sock.send_packed(b"\0" * LIMIT)
        assert sock.receive() == b"\0" * LIMIT
        sock.send_packed(b"\0" * (LIMIT + 1))
        assert sock.wait_closed().code == 1009


def test_W11_a_bomb_in_fragments(deflating):
    sock = deflate_engine(deflating)
    bomb = sock.packed(b"\0" * (10 << 20), level=9)
    half = len(bomb) // 2
    assert_fails(sock, 1009, sock.frame(BINARY, bomb[:half], fin=False, rsv=4) + sock.frame(0, bomb[half:]))


@pytest.mark.parametrize("offer, answer", [
    ("permessage-deflate", ANSWER),
    ("permessage-deflate; client_max_window_bits", ANSWER),
    ("x-webkit-deflate-frame, permessage-deflate", ANSWER),
    ("permessage-deflate; server_max_window_bits=8", f"{ANSWER}; server_max_window_bits=8"),
    ('permessage-deflate; server_max_window_bits="10"; client_max_window_bits=9',
     f"{ANSWER}; server_max_window_bits=10; client_max_window_bits=9"),
    ("permessage-deflate; server_max_window_bits=7", None), ("permessage-deflate; server_max_window_bits=16", None),
    ("permessage-deflate; server_max_window_bits", None), ("permessage-deflate; client_max_window_bits=7", None),
    ("permessage-deflate; client_max_window_bits=99999999999999999999", None),
    ("permessage-deflate; server_no_context_takeover=1", None),
    ("permessage-deflate; server_no_context_takeover; server_no_context_takeover", None),
    ("permessage-deflate; strange", None), ("constructor", None), ("", None),
    ("permessage-deflate; strange, permessage-deflate", ANSWER),
])
def test_W13_offers(deflating, offer, answer):
    with WebSocket(deflating.port, ENGINE, {"Sec-WebSocket-Extensions": offer}) as sock:
        assert sock.headers["sec-websocket-extensions"] == answer
        sock.receive()
        sock.send("4still works")
        assert sock.receive() == "4still works"


def test_W13_offers_in_several_fields(deflating):
    headers = {"Sec-WebSocket-Extensions": "a;b=c\r\nsec-websocket-extensions: permessage-deflate; server_max_window_bits=9"}
    with WebSocket(deflating.port, ENGINE, headers) as sock:
        assert sock.headers["sec-websocket-extensions"] == f"{ANSWER}; server_max_window_bits=9"


HOSTILE = {
    "spaces": " " * 8000 + "x y", "quotes": 'a;b="' + "\\" * 8000, "open": 'a;b="', "semicolons": "a" + ";" * 8000,
    "offers": ",".join(f"a{n}" for n in range(1000)), "parameters": "permessage-deflate" + "; a" * 1000, "equals": "a;b==c",
}


@pytest.mark.parametrize("offer", HOSTILE)
def test_H25_ill_formed_offers_fail_the_handshake_and_cost_nothing(deflating, offer):
    before = deflating.cpu_seconds()
    for _ in range(20):
        with pytest.raises(HandshakeRefused) as refused:
            WebSocket(deflating.port, ENGINE, {"Sec-WebSocket-Extensions": HOSTILE[offer]})
        assert refused.value.reply.status == 400
    assert deflating.cpu_seconds() - before < 1


def test_W14_nothing_is_compressed_unless_it_is_asked_for(gateway):
    with WebSocket(gateway.port, ENGINE, {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}) as sock:
        assert "sec-websocket-extensions" not in sock.headers


@pytest.mark.parametrize("bits", [None, *range(8, 16)])
def test_compressed_messages_come_back_compressed(deflating, bits):
    offer = f"permessage-deflate; server_max_window_bits={bits}" if bits else "permessage-deflate"
    with deflate_engine(deflating, offer=offer) as sock:
        seeded = random.Random(bits)
        for message in ["4" + "hello " * 100, b"\x00\x01" * 20_000, "4" + "κόσμε" * 1000,
                        "4" + "".join(seeded.choices("abcdefgh", k=30_000))]:
            sock.inflated.clear()
            sock.send_packed(message)
            sock.send(message)
            assert [sock.receive(), sock.receive()] == [message, message]
            assert sock.inflated == [True, True]
        for message in ["4short", seeded.randbytes(5_000)]:
            sock.inflated.clear()
            sock.send_packed(message)
            assert sock.receive() == message
            assert sock.inflated == [False]


def test_the_examples_of_RFC_7692(deflating):
    with deflate_engine(deflating) as sock:
        for payload in ["000500faff48656c6c6f00", "f348cdc9c9070000", "f248050000" + "00ffff" + "cac9c90700"]:
            sock.sock.sendall(sock.frame(BINARY, bytes.fromhex(payload), rsv=4))
            assert sock.receive() == b"Hello"
        sock.sock.sendall(sock.frame(BINARY, HELLO[:3], fin=False, rsv=4) + sock.frame(PING) + sock.frame(0, HELLO[3:]))
        assert sock.receive() == b"Hello"
        sock.sock.sendall(sock.frame(BINARY, b"\0", rsv=4))
        assert sock.receive() == b""


@pytest.mark.parametrize("name, code", [("RSV1 on a continuation", 1002), ("RSV1 on a ping", 1002), ("RSV2", 1002), ("RSV3", 1002),
                                        ("garbage", 1007), ("cut off", 1007), ("a window that is not ours", 1007),
                                        ("bad text", 1007)])
def test_W2_compressed_messages_have_rules(deflating, name, code):
    sock = deflate_engine(deflating)
    wire = {
        "RSV1 on a continuation": sock.frame(TEXT, HELLO[:2], fin=False, rsv=4) + sock.frame(0, HELLO[2:], rsv=4),
        "RSV1 on a ping": sock.frame(PING, b"", rsv=4),
        "RSV2": sock.frame(BINARY, HELLO, rsv=6),
        "RSV3": sock.frame(BINARY, HELLO, rsv=5),
        "garbage": sock.frame(BINARY, b"\xff" * 20, rsv=4),
        "cut off": sock.frame(BINARY, sock.packed(b"abc" * 100 + os.urandom(20))[:-6], rsv=4),
        "a window that is not ours": sock.frame(BINARY, HELLO, rsv=4) + sock.frame(BINARY, bytes.fromhex("f200110000"), rsv=4),
        "bad text": sock.frame(TEXT, sock.packed(b"4" + b"x" * 500 + b"\xff"), rsv=4),
    }[name]
    assert_fails(sock, code, wire)


def test_contexts_may_be_taken_over_where_the_operator_wants_that(launch):
    gateway = launch(deflate_config(serverNoContextTakeover=False, clientNoContextTakeover=False))
    with deflate_engine(gateway) as sock:
        assert sock.headers["sec-websocket-extensions"] == "permessage-deflate"
        deflater = zlib.compressobj(6, zlib.DEFLATED, -15)
        message = os.urandom(2000)
        for number in range(4):
            text = b"%d " % number + message * (1 + number % 2)
            packed = (deflater.compress(text) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]
            assert number == 0 or len(packed) < 200, "the context is used"
            sock.inflated.clear()
            sock.sock.sendall(sock.frame(BINARY, packed, rsv=4))
            assert sock.receive() == text
            assert sock.inflated == [number > 0]
    with deflate_engine(gateway, offer="permessage-deflate; server_no_context_takeover; client_no_context_takeover") as sock:
        assert sock.headers["sec-websocket-extensions"] == ANSWER
        for _ in range(3):
            sock.send_packed("4" + "hello " * 100)
            assert sock.receive() == "4" + "hello " * 100


# Socket.IO on compressed WebSockets


def test_a_room_of_all_kinds_gets_the_same(deflating):
    packed = DeflateClient(deflating.port)
    narrow = DeflateClient(deflating.port, offer="permessage-deflate; server_max_window_bits=9")
    plain = Client(deflating.port)
    polling = Polling(deflating.port)
    polling.send("40")
    assert polling.packet().startswith("40")
    for sock in (packed, narrow, plain):
        assert sock.ask("join", "r") == [{"ok": True}]
    polling.send('421["join","r"]')
    assert polling.packet() == '431[{"ok":true}]'
    for number, (size, compressed) in enumerate([(10, False), (5_000, True), (50, False), (40_000, True)]):
        text = f"{number}" + "x" * size
        packed.inflated.clear()
        narrow.inflated.clear()
        plain.emit("say", "r", text)
        for sock in (packed, narrow, plain):
            assert sock.event() == ["said", "r", text]
        assert polling.packet() == "42" + compact(["said", "r", text])
        assert packed.inflated == narrow.inflated == [compressed]
    for sock in (packed, narrow, plain):
        sock.close()


def test_attachments_and_acks_are_compressed_too_and_compress_false_is_respected(deflating):
    with DeflateClient(deflating.port) as sock:
        sock.inflated.clear()
        assert sock.ask("ask", "a" * 1000) == ["a" * 1000]
        assert sock.inflated == [True]
        sock.inflated.clear()
        sock.send('451-["echo",{"_placeholder":true,"num":0},"' + "b" * 500 + '"]')
        sock.send_packed(b"\x01" * 3000)
        assert sock.packet() == '451-["echo",{"_placeholder":true,"num":0},"' + "b" * 500 + '"]'
        assert sock.receive() == b"\x01" * 3000
        assert sock.inflated == [True, True]
        for compress in (False, True):
            sock.inflated.clear()
            deflating.emit(to={"sockets": [sock.id]}, event="news", args=["c" * 1000], compress=compress)
            assert sock.event() == ["news", "c" * 1000]
            assert sock.inflated == [compress]


def test_a_session_that_upgrades_is_compressed_from_then_on(deflating):
    """Ten sessions, so that upgrades arrive on other loops than their sessions live on."""
    for _ in range(10):
        session = Polling(deflating.port)
        session.send("40")
        assert session.packet().startswith("40")
        path = f"/socket.io/?EIO=4&transport=websocket&sid={session.sid}"
        sock = type("Upgrading", (Deflate, WebSocket), {})(deflating.port, path)
        sock.send_packed("2probe")
        assert sock.receive() == "3probe"
        sock.send("5")
        sock.send_packed('420["ask","' + "z" * 2000 + '"]')
        assert sock.receive() == '430["' + "z" * 2000 + '"]'
        assert sock.inflated[-1]
        sock.close()
        session.close()


# W12: memory


def test_W12_an_idle_compressed_connection_costs_little(launch):
    """Against connections without compression, on gateways of their own; the bound is generous, because pages are large."""
    count = 1000
    grown = {}
    for kind, options in {"plain": {}, "deflate": {"perMessageDeflate": {"threshold": 10}}}.items():
        gateway = launch(config(**options))
        build = DeflateClient if kind == "deflate" else Client
        socks = []

        def connect(number):
            for _ in range(number):
                sock = build(gateway.port)
                # Both directions have been used, and large enough to be compressed.
                sock.ask("ask", "x" * 500)
                if kind == "deflate":
                    assert sock.inflated[-1]
                    sock.send_packed('428["ask","' + "y" * 500 + '"]')
                    assert sock.packet() == '438["' + "y" * 500 + '"]'
                socks.append(sock)

        connect(100)
        before = gateway.memory_bytes()
        connect(count)
        grown[kind] = (gateway.memory_bytes() - before) / count
        for sock in socks:
            sock.close()
    print(f"bytes of an idle connection: {grown}")
    assert grown["deflate"] - grown["plain"] < 2048, grown


# W17: a peer that is gone without a word


def test_W17_sent_bytes_do_not_wait_for_a_lost_peer_for_ever(gateway):
    """The kernel gives up after 30 s, and frees what it holds; asked of the gateway's own sockets."""
    with engine(gateway) as sock:
        pidfd = os.pidfd_open(gateway.process.pid)
        try:
            mine = sock.sock.getsockname()
            for number in map(int, os.listdir(f"/proc/{gateway.process.pid}/fd")):
                # pidfd_getfd(2), which Python has no word for.
                copy = ctypes.CDLL(None, use_errno=True).syscall(438, pidfd, number, 0)
                if copy < 0:
                    pytest.skip(f"pidfd_getfd is not allowed here: {os.strerror(ctypes.get_errno())}")
                try:
                    other = socket.socket(fileno=os.dup(copy))
                except OSError:
                    continue
                finally:
                    os.close(copy)
                with other:
                    try:
                        if other.getpeername() != mine:
                            continue
                    except OSError:
                        continue
                    assert other.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
                    return
        finally:
            os.close(pidfd)
    raise AssertionError("the connection was not found")


# W18: how bytes are split does not matter


def transcript(sock, wire, split):
    """Everything that comes back when `wire` is sent in such pieces and is followed by the end of our side."""
    sock.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    heard = bytearray()
    position = 0
    try:
        while position < len(wire):
            size = split()
            sock.sock.sendall(wire[position : position + size])
            position += size
            if select.select([sock.sock], [], [], 0)[0]:
                heard += (chunk := sock.sock.recv(65536))
                if not chunk:
                    break
        while chunk := sock.sock.recv(65536):
            heard += chunk
    except ConnectionError:
        pass
    sock.close()
    return bytes(sock.buffer + heard)


def streams(sock):
    long = sock.packed("4" + "wide " * 80)
    half = len(long) // 2
    closing = sock.frame(CLOSE, struct.pack("!H", 1000) + b"done")
    yield "plain", sock.frame(TEXT, "4hello") + sock.frame(PING, b"x") + sock.frame(BINARY, b"\x00" * 300) + closing
    yield "fragments", (sock.frame(TEXT, "4hel", fin=False) + sock.frame(PING, b"mid") + sock.frame(0, "lo κόσμε", fin=False)
                        + sock.frame(0, b"") + closing)
    yield "compressed", sock.frame(TEXT, long, rsv=4) + sock.frame(BINARY, HELLO, rsv=4) + closing
    yield "compressed fragments", (sock.frame(TEXT, long[:half], fin=False, rsv=4) + sock.frame(PING, b"mid")
                                   + sock.frame(0, long[half:]) + sock.frame(TEXT, "4plain") + closing)
    yield "bad text", sock.frame(TEXT, "4fine") + sock.frame(TEXT, b"4\xff" + b"x" * 60)
    yield "bad compressed text", sock.frame(TEXT, "4fine") + sock.frame(TEXT, sock.packed(b"4" + b"x" * 200 + b"\xff"), rsv=4)
    yield "garbage", sock.frame(TEXT, "4fine") + sock.frame(BINARY, b"\xff" * 20, rsv=4)
    yield "too long", sock.frame(TEXT, "4fine") + b"\x82\xff" + struct.pack("!Q", 1 << 40) + b"\0" * 4


@pytest.mark.parametrize("number", range(8))
def test_W18_the_answer_does_not_depend_on_the_split(deflating, number):
    seeded = random.Random(number)
    heard = {}
    for name, split in {"whole": lambda: 1 << 20, "byte by byte": lambda: 1, "small": lambda: seeded.randint(1, 5),
                        "larger": lambda: seeded.randint(1, 60)}.items():
        sock = deflate_engine(deflating)
        wire = list(streams(sock))[number][1]
        heard[name] = transcript(sock, wire, split)
    assert heard["whole"]
    assert len(set(heard.values())) == 1, heard


# Last: the message that was begun first


@pytest.mark.slow
def test_W8_a_message_may_not_be_incomplete_for_ever(held):
    closed = held.wait_closed(45)
    assert closed.code == 1008
    assert 29 < time.monotonic() - held.begun < 60
