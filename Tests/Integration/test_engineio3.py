"""Clients of Socket.IO 2 and Engine.IO 3: by hand, byte by byte, and the real ones."""

import base64
import concurrent.futures
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import threading
import time

import jwt
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from gateway import REPOSITORY, environment, request
from wire import (
    Client,
    Closed,
    EngineSocket,
    HandshakeRefused,
    Polling,
    WebSocket,
    compact,
    config,
)

ENGINE = "/engine.io/"
SEEDS = int(os.environ.get("UPGRADE_SEEDS", "6"))
# Made by Deploy/test.sh.
OLD_CLIENTS = REPOSITORY / ".venv-tests" / "eio3"
WAYS = ["polling", "websocket", "polling,websocket"]


def options(**more):
    return config(allowEIO3=True, **more)


@pytest.fixture(scope="module")
def gateway(launch_for_module):
    return launch_for_module(options())


@pytest.fixture(scope="module")
def quick(launch_for_module):
    """The same with short times."""
    return launch_for_module(options(pingInterval="300ms", pingTimeout="300ms", upgradeTimeout="400ms"))


# The payloads of protocol 3, written down anew


def code_units(text):
    return len(text.encode("utf-16-le")) // 2


def counted(*packets):
    """As text; bytes become base64."""
    texts = [one if isinstance(one, str) else "b4" + base64.b64encode(one).decode() for one in packets]
    return "".join(f"{code_units(one)}:{one}" for one in texts).encode()


def counted_bytes(*packets):
    body = b""
    for one in packets:
        kind, data = (0, one.encode()) if isinstance(one, str) else (1, b"\x04" + one)
        body += bytes([kind, *map(int, str(len(data))), 255]) + data
    return body


def read_counted(body):
    units, packets = body.decode().encode("utf-16-le"), []
    while units:
        head, _, rest = units.decode("utf-16-le", "surrogatepass").partition(":")
        rest = rest.encode("utf-16-le", "surrogatepass")
        assert head.isascii() and head.isdigit(), body
        length = int(head) * 2
        assert len(rest) >= length > 0, body
        packet = rest[:length].decode("utf-16-le")
        packets.append(base64.b64decode(packet[2:]) if packet.startswith("b4") else packet)
        units = rest[length:]
    return packets


def read_counted_bytes(body):
    packets = []
    while body:
        kind, (digits, body) = body[0], body[1:].split(b"\xff", 1)
        assert kind in (0, 1) and digits and max(digits) < 10, body
        length = int("".join(map(str, digits)))
        data, body = body[:length], body[length:]
        assert len(data) == length
        if kind == 1:
            assert data[0] == 4
        packets.append(data.decode() if kind == 0 else data[1:])
    return packets


class Polling3(Polling):
    """A session of protocol 3 by long-polling. Binary messages are `bytes`, all other packets `str`."""

    def __init__(self, port, path="/socket.io/", query="", headers=None):
        self.port, self.path, self.query, self.headers = port, path, query, headers or {}
        self.connections, self.sid, self.content_types = {}, None, []
        self.handshake = self.request("GET")
        packets = self.read(self.handshake)
        assert packets[0].startswith("0"), packets
        self.open = json.loads(packets[0][1:])
        self.sid = self.open["sid"]
        self.waiting = packets[1:]

    @property
    def target(self):
        return super().target.replace("EIO=4", "EIO=3")

    def read(self, reply):
        assert reply.status == 200, reply
        self.content_types.append(reply.headers["content-type"])
        if self.content_types[-1] == "application/octet-stream":
            return read_counted_bytes(reply.body)
        assert self.content_types[-1] == "text/plain; charset=UTF-8"
        return read_counted(reply.body)

    def poll(self, timeout=10):
        return self.read(self.get(timeout))

    def post_body(self, body, binary=False):
        kind = "application/octet-stream" if binary else "text/plain;charset=UTF-8"
        return self.request("POST", body, {"content-type": kind})

    def send(self, *packets, binary=None):
        binary = any(isinstance(one, bytes) for one in packets) if binary is None else binary
        reply = self.post_body((counted_bytes if binary else counted)(*packets), binary)
        assert (reply.status, reply.body) == (200, b"ok"), reply

    def packet(self, timeout=10):
        deadline = time.monotonic() + timeout
        while True:
            while self.waiting:
                one = self.waiting.pop(0)
                assert one != "2", "the server must not ping a client of protocol 3"
                if one != "6":
                    return one
            self.waiting = self.poll(max(0.05, deadline - time.monotonic()))

    def upgrade(self, query=""):
        return WebSocket(
            self.port, f"{self.path}?EIO=3&transport=websocket&sid={self.sid}{self.query}{query}", self.headers)


class Socket3(WebSocket):
    """A session of protocol 3 by WebSocket from the start."""

    def __init__(self, port, path="/socket.io/", query="", headers=None):
        super().__init__(port, f"{path}?EIO=3&transport=websocket{query}", headers)
        first = self.receive()
        assert first.startswith("0"), first
        self.open = json.loads(first[1:])
        self.sid = self.open["sid"]

    def packet(self, timeout=10):
        one = self.receive(timeout)
        assert one != "2", "the server must not ping a client of protocol 3"
        return one


def event(name, *arguments):
    return f"42{compact([name, *arguments])}"


PLACEHOLDER = {"_placeholder": True, "num": 0}


# Handshake


def test_a_session_of_protocol_3_is_in_the_root_without_asking(gateway):
    reply = request(gateway.port, "GET", "/socket.io/?EIO=3&transport=polling")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/plain; charset=UTF-8")
    opened, connected = read_counted(reply.body)
    assert list(json.loads(opened[1:])) == ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"]
    assert connected == "40"
    with Socket3(gateway.port) as session:
        assert session.open["upgrades"] == []
        assert session.packet() == "40"


@pytest.mark.parametrize("version", ["", "EIO=2&", "EIO=x&", "EIO=&"])
def test_any_version_but_4_counts_as_3(gateway, version):
    reply = request(gateway.port, "GET", f"/socket.io/?{version}transport=polling")
    assert reply.status == 200 and read_counted(reply.body)[1] == "40"


def test_where_it_is_not_allowed_protocol_3_is_refused(launch):
    gateway = launch(config())
    reply = request(gateway.port, "GET", "/socket.io/?EIO=3&transport=polling")
    assert (reply.status, reply.json()) == (400, {"code": 5, "message": "Unsupported protocol version"})
    with pytest.raises(HandshakeRefused) as refused:
        Socket3(gateway.port)
    assert refused.value.reply.text == "Unsupported protocol version"


def test_JSONP_is_not_served(gateway):
    reply = request(gateway.port, "GET", "/socket.io/?EIO=3&transport=polling&j=0")
    assert (reply.status, reply.json()) == (400, {"code": 3, "message": "Bad request"})


def test_clients_of_protocol_4_are_served_as_before(gateway):
    session = Polling(gateway.port)
    session.send("40")
    assert session.packet().startswith('40{"sid":')
    with Client(gateway.port) as client:
        assert client.ask("ask", 1) == [1]


# Payloads


TEXTS = ["a", "é", "€uro", "😀", "a😀b😀", "1:4x2:4y", "\u2028", "x" * 70_000, "😀" * 10_000]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:6])
@pytest.mark.parametrize("binary", [False, True])
def test_text_is_counted_in_code_units_and_among_bytes_in_bytes(gateway, text, binary):
    session = Polling3(gateway.port, ENGINE)
    session.send("4" + text, "4after", binary=binary)
    assert session.packet() == "4" + text
    assert session.packet() == "4after"
    assert set(session.content_types) == {"text/plain; charset=UTF-8"}


DATA = [b"", b"\x00", bytes(range(256)), b"\xff" * 1000, b"1:4x"]


@pytest.mark.parametrize("data", DATA, ids=len)
@pytest.mark.parametrize("as_text", [False, True])
def test_binary_messages_travel_both_ways_while_polling(gateway, data, as_text):
    session = Polling3(gateway.port, ENGINE)
    session.send("4before", data, "4after", binary=not as_text)
    assert [session.packet() for _ in range(3)] == ["4before", data, "4after"]
    assert "application/octet-stream" in session.content_types


@pytest.mark.parametrize("data", DATA, ids=len)
def test_a_client_without_XHR2_gets_base64(gateway, data):
    session = Polling3(gateway.port, ENGINE, query="&b64=1")
    session.send(data, "4after", binary=False)
    assert [session.packet() for _ in range(2)] == [data, "4after"]
    assert set(session.content_types) == {"text/plain; charset=UTF-8"}


def test_a_binary_payload_byte_by_byte(gateway):
    session = Polling3(gateway.port, ENGINE)
    reply = session.post_body(b"\x00\x06\xff4hello\x01\x04\xff\x04\x01\x02\x03", binary=True)
    assert (reply.status, reply.body) == (200, b"ok")
    got = b""
    while not got.endswith(b"\x01\x04\xff\x04\x01\x02\x03"):
        got += session.get().body
    assert got in (b"\x00\x06\xff4hello\x01\x04\xff\x04\x01\x02\x03", b"6:4hello\x01\x04\xff\x04\x01\x02\x03")


HOSTILE = [
    b"", b":", b"4a", b"-1:4a", b"+2:4a", b" 2:4a", b"02:4a", b"2e0:4a", b"0x2:4a", b"3:4a", b"1:4a", b"9999999999:4a",
    b"1" * 100_000, b"0:" * 40, b"2:4\xf0\x9f\x98\x80", b"2:4\xff", b"2:4\xed\xa0\x80", b"1:7", b"5:b4!!!", b"2:b2",
    b"2:4a3", b"2:4a:", b"1:2" * 40,
]
HOSTILE_BYTES = [
    b"", b"\x00", b"\x02\x01\xff4", b"\x00\xff4", b"\x00\x02\xff4", b"\x01\x09\x09\x09\x09\x09\x09\xff\x04",
    b"\x00\x00\x01\xff4", b"\x00\x0a\xff4", b"\x001\xff4", b"\x01\x01\xff\x02", b"\x01\x00\xff", b"\x00\x01\xff\x04",
    b"\x00\x02\xff4\xff", b"\x00" + b"\x01" * 100_000, b"\x01" + b"\x09" * 11 + b"\xff\x04", b"2:4a",
]


@pytest.mark.parametrize(
    "body,binary", [(one, False) for one in HOSTILE] + [(one, True) for one in HOSTILE_BYTES],
    ids=lambda one: repr(one[:14]) if isinstance(one, bytes) else str(one))
def test_E13_payloads_that_lie_end_their_session_alone(gateway, body, binary):
    session = Polling3(gateway.port, ENGINE)
    assert session.post_body(body, binary).status == 400
    session.assert_closed()


def test_E13_random_payloads_never_harm_anybody_else(gateway):
    chance = random.Random(3)
    alphabet = [b"\x00", b"\x01", b"\x04", b"\xff", b"1", b"2", b"4", b":", b"b", b"\xf0\x9f\x98\x80", b"\x09"]
    for _ in range(60):
        session = Polling3(gateway.port, ENGINE)
        body = b"".join(chance.choice(alphabet) for _ in range(chance.randrange(1, 30)))
        assert session.post_body(body, chance.random() < 0.5).status in (200, 400)
        session.close()
    with Client(gateway.port) as bystander:
        assert bystander.ask("ask", 1) == [1]


def test_a_client_of_protocol_4_must_not_post_bytes(gateway):
    session = Polling(gateway.port)
    assert session.post("40", headers={"content-type": "application/octet-stream"}).status == 400
    session.assert_closed()


# WebSocket


@pytest.mark.parametrize("data", DATA, ids=len)
def test_a_binary_frame_begins_with_the_type_of_its_packet(gateway, data):
    with Socket3(gateway.port, ENGINE) as session:
        session.send(b"\x04" + data)
        assert session.receive() == b"\x04" + data
        session.send("b4" + base64.b64encode(data).decode())
        assert session.receive() == b"\x04" + data


def test_a_websocket_that_takes_no_bytes_gets_base64(gateway):
    with Socket3(gateway.port, ENGINE, query="&b64=1") as session:
        session.send("b4AQIDBA==")
        assert session.receive() == "b4AQIDBA=="


@pytest.mark.parametrize("frame", [b"", b"\x02", b"4a", b"\x00", "", "b", "b4!", "b2AQ==", "9", "0{}"], ids=repr)
def test_a_frame_that_is_no_packet_ends_the_session(gateway, frame):
    with Socket3(gateway.port, ENGINE) as session:
        session.send(frame)
        session.wait_closed()


# Heartbeat


def test_the_client_pings_and_the_server_answers(gateway):
    session = Polling3(gateway.port)
    assert session.packet() == "40"
    session.send("2")
    assert session.packet() == "3"
    with Socket3(gateway.port) as sock:
        assert sock.packet() == "40"
        for _ in range(20):
            sock.send("2")
            assert sock.packet() == "3"


@pytest.mark.parametrize("way", ["polling", "websocket"])
def test_E6_a_client_that_does_not_ping_is_closed_whatever_else_it_sends(quick, way):
    began = time.monotonic()
    session = Polling3(quick.port) if way == "polling" else Socket3(quick.port)
    assert session.packet() == "40"
    while time.monotonic() < began + 0.45:
        session.send(event("echo", "alive"))
        assert session.packet() == event("echo", "alive")
    if way == "polling":
        # The poll that waits is answered with the close packet.
        assert session.packet() == "1"
        session.assert_closed()
    else:
        session.wait_closed()
    assert time.monotonic() - began > 0.55


@pytest.mark.parametrize("way", ["polling", "websocket"])
def test_a_client_that_pings_lives(quick, way):
    session = Polling3(quick.port) if way == "polling" else Socket3(quick.port)
    assert session.packet() == "40"
    began = time.monotonic()
    while time.monotonic() < began + 1.5:
        session.send("2")
        assert session.packet() == "3"
        time.sleep(0.1)
    session.send(event("echo", 1))
    assert session.packet() == event("echo", 1)


def test_E5_a_pong_of_the_client_ends_its_session(gateway):
    with Socket3(gateway.port) as session:
        session.send("3")
        session.wait_closed()


def test_E5_a_flood_of_pings_ends_its_session(gateway):
    with Socket3(gateway.port, ENGINE) as session:
        with pytest.raises((Closed, ConnectionError)):
            for _ in range(2_000):
                session.send("2")
                assert session.receive() == "3"


# Upgrade


@pytest.mark.parametrize("seed", range(SEEDS))
def test_E10_an_upgrade_under_traffic_loses_doubles_and_reorders_nothing(gateway, seed):
    chance, count, room = random.Random(seed), 300, f"upgrade 3 {seed}"
    session = Polling3(gateway.port)
    assert session.packet() == "40"
    session.send(f'420{compact(["join", room])}')
    assert session.packet() == '430[{"ok":true}]'

    def publish():
        pace = random.Random(seed + 1000)
        with Client(gateway.port) as publisher:
            for number in range(count):
                if number % 3 == 0:
                    publisher.send(f"451-{compact(['say', room, PLACEHOLDER])}")
                    publisher.send(number.to_bytes(2, "big"))
                else:
                    publisher.emit("say", room, number)
                if pace.random() < 0.3:
                    time.sleep(0.001)
            publisher.assert_responsive()

    expected = []
    for number in range(count):
        if number % 3 == 0:
            expected += [f"451-{compact(['said', room, PLACEHOLDER])}", number.to_bytes(2, "big")]
        else:
            expected.append(f"42{compact(['said', room, number])}")
    got, acks, sent = [], [], 0

    def take(packet):
        if isinstance(packet, str) and packet.startswith("43"):
            acks.append(packet)
        elif packet != "6":
            got.append(packet)

    publishing = threading.Thread(target=publish, daemon=True)
    publishing.start()
    start_upgrade_after = chance.randrange(0, count)
    while len(got) < start_upgrade_after:
        take(session.packet())
        if chance.random() < 0.3:
            session.send(f'42{sent}["ask"]')
            sent += 1
    for packet in session.waiting:
        take(packet)

    with session.upgrade() as sock, concurrent.futures.ThreadPoolExecutor() as pool:
        polling = pool.submit(session.poll)
        time.sleep(chance.random() * 0.01)
        sock.send("2probe")
        assert sock.receive() == "3probe"
        while True:
            packets = polling.result(5)
            for packet in packets:
                take(packet)
            if "6" in packets or chance.random() < 0.3:
                break
            polling = pool.submit(session.poll)
        sock.send("5")
        while len(got) < len(expected) or len(acks) < sent:
            if sent < 60:
                sock.send(f'42{sent}["ask"]')
                sent += 1
            packet = sock.receive()
            if isinstance(packet, bytes):
                assert packet[0] == 4
                packet = packet[1:]
            take(packet)
        publishing.join()
        sock.send("2")
        assert sock.receive() == "3"
    assert got == expected
    assert acks == [f"43{number}[]" for number in range(sent)]


def test_a_websocket_may_take_no_bytes_where_polling_did(gateway):
    session = Polling3(gateway.port, ENGINE)
    with session.upgrade(query="&b64=1") as sock, concurrent.futures.ThreadPoolExecutor() as pool:
        polling = pool.submit(session.poll)
        sock.send("2probe")
        assert sock.receive() == "3probe"
        assert polling.result(5) == ["6"]
        session.send(b"\x01\x02\x03\x04")
        sock.send("5")
        assert sock.receive() == "b4AQIDBA=="
        sock.send("b4/w==")
        assert sock.receive() == "b4/w=="


# Socket.IO


def test_namespaces_have_a_query_and_ids_that_clients_can_work_out(gateway):
    with Socket3(gateway.port) as session:
        assert session.packet() == "40"
        session.send('420["whoami"]')
        assert session.packet() == f"430{compact([session.sid, {}])}"
        session.send("40/custom?token=a%26b&x=%E2%82%AC,")
        assert session.packet() == "40/custom,"
        session.send('42/custom,1["whoami"]')
        socket_id = f"/custom#{session.sid}"
        assert session.packet() == f"43/custom,1{compact([socket_id, {'token': 'a&b', 'x': '€'}])}".replace(
            "\\u20ac", "€")
        gateway.emit(to={"namespace": "/custom", "sockets": [socket_id]}, event="only you", args=[1])
        assert session.packet() == '42/custom,["only you",1]'
        session.send("41/custom,")
        session.send("40/custom")
        assert session.packet() == "40/custom,"


def test_an_unknown_namespace_is_an_error_of_its_own(gateway):
    with Socket3(gateway.port) as session:
        assert session.packet() == "40"
        session.send("40/nobody?a=1,")
        assert session.packet() == '44/nobody,"Invalid namespace"'
        session.send('421["ask",1]')
        assert session.packet() == "431[1]"


@pytest.mark.parametrize("packet", ["40", "40{}", "40/custom,{}", "44/,\"no\"", "42/custom,[\"a\"]", "451-[\"a\"]"])
def test_S1_what_a_client_of_revision_4_must_not_send_ends_its_session(gateway, packet):
    with Socket3(gateway.port) as session:
        assert session.packet() == "40"
        session.send(packet)
        session.wait_closed()


def test_attachments_and_acks_travel_both_ways(gateway):
    with Socket3(gateway.port) as session:
        assert session.packet() == "40"
        session.send(f"451-7{compact(['ask', PLACEHOLDER])}")
        session.send(b"\x04\x01\x02")
        assert session.packet() == f"461-7{compact([PLACEHOLDER])}"
        assert session.packet() == b"\x04\x01\x02"


def test_the_server_asks_a_client_of_socket_io_2(gateway):
    with Socket3(gateway.port) as session, concurrent.futures.ThreadPoolExecutor() as pool:
        assert session.packet() == "40"
        question = pool.submit(gateway.admin, "POST", "/v1/request", {
            "to": {"sockets": [session.sid]}, "event": "question", "args": [1], "timeout": "5s", "expect": "first"})
        packet = session.packet()
        number = packet[2 : packet.index("[")]
        assert packet == f'42{number}["question",1]'
        session.send(f'43{number}["answer"]')
        assert [one["args"] for one in question.result(10).json()["responses"]] == [["answer"]]


def test_volatile_and_disconnect(gateway):
    with Socket3(gateway.port) as session:
        assert session.packet() == "40"
        gateway.emit(to={"sockets": [session.sid]}, event="now", args=[], volatile=True)
        assert session.packet() == '42["now"]'
        session.send('42["out"]')
        assert session.packet() == "41"


@pytest.fixture
def guarded(launch, backend):
    backend.answer = lambda call: (
        {"accept": True} if (call.event.get("auth") or {}).get("token") == "good"
        else {"accept": False, "error": {"message": "not authorized", "data": {"code": 7}}}
        if (call.event.get("auth") or {}).get("token") == "bad"
        else {"accept": False, "error": {"message": "who are you?"}})
    routes = [{"match": {"type": "socket.connect"}, "handler": "app"}]
    return launch(options(routes=routes) | {"handlers": {"app": backend.handler()}})


def test_a_refusal_is_its_message_or_its_data(guarded):
    with Socket3(guarded.port) as session:
        assert session.packet() == '44"who are you?"'
        session.send("40/custom?token=bad,")
        assert session.packet() == '44/custom,{"code":7}'
        session.send("40/custom?token=good,")
        assert session.packet() == "40/custom,"


def test_A3_tokens_come_with_the_handshake_or_with_the_query_of_a_namespace(launch):
    secret = "a secret of thirty-two bytes at least"
    jwt_options = {"secret": secret, "algorithms": ["HS256"], "query": "access_token"}
    gateway = launch(options(auth={"jwt": jwt_options, "required": True}))
    good = jwt.encode({"sub": "ann", "exp": time.time() + 600}, secret, "HS256")
    for query, headers, answer in [
        ("", {}, '44"unauthorized"'),
        ("&access_token=nonsense", {}, '44"unauthorized"'),
        (f"&access_token={good}", {}, "40"),
        ("", {"Authorization": f"Bearer {good}"}, "40"),
    ]:
        with Socket3(gateway.port, query=query, headers=headers) as session:
            assert session.packet() == answer
        assert Polling3(gateway.port, query=query, headers=headers).packet() == answer
    with Socket3(gateway.port) as session:
        assert session.packet() == '44"unauthorized"'
        session.send("40/custom?token=nonsense,")
        assert session.packet() == '44/custom,"unauthorized"'
        session.send(f"40/custom?token={good},")
        assert session.packet() == "40/custom,"


# Both generations


def test_both_generations_share_a_room_by_all_transports(gateway):
    room = "generations"
    members = {
        "4 polling": Polling(gateway.port), "4 websocket": EngineSocket(gateway.port),
        "3 polling": Polling3(gateway.port), "3 base64": Polling3(gateway.port, query="&b64=1"),
        "3 websocket": Socket3(gateway.port), "3 websocket base64": Socket3(gateway.port, query="&b64=1"),
    }
    for name, member in members.items():
        if name.startswith("4"):
            member.send("40")
            assert member.packet().startswith("40{")
        else:
            assert member.packet() == "40"
        member.send(f'420{compact(["join", room])}')
        assert member.packet() == '430[{"ok":true}]'

    def as_heard(name, data):
        """The attachment as this member gets it."""
        text = base64.b64encode(data).decode()
        return {"4 polling": "b" + text, "4 websocket": data, "3 polling": data, "3 base64": data,
                "3 websocket": b"\x04" + data, "3 websocket base64": "b4" + text}[name]

    def send(name, member, text, data):
        encoded = base64.b64encode(data).decode()
        if isinstance(member, (Polling3,)):
            member.send(text, data, binary=name != "3 base64")
        elif name == "4 polling":
            member.send(text, "b" + encoded)
        else:
            member.send(text)
            member.send({"4 websocket": data, "3 websocket": b"\x04" + data, "3 websocket base64": "b4" + encoded}[name])

    for number, (name, speaker) in enumerate(members.items()):
        data = bytes([number, 0, 255, 30])
        send(name, speaker, f"451-{compact(['say', room, PLACEHOLDER, name])}", data)
        for other, listener in members.items():
            assert listener.packet() == f"451-{compact(['said', room, PLACEHOLDER, name])}", (name, other)
            assert listener.packet() == as_heard(other, data), (name, other)
    gateway.emit(to={"rooms": [room]}, event="to all", args=[1])
    for listener in members.values():
        assert listener.packet() == '42["to all",1]'


# The real clients


@pytest.fixture(scope="module")
def old_clients():
    if not (OLD_CLIENTS / "installed.txt").exists():
        pytest.fail("the clients of Socket.IO 2 are missing: run Deploy/test.sh")
    return OLD_CLIENTS


@pytest.fixture
def python_client(old_clients):
    running = []

    def start(gateway, way, scenario):
        process = subprocess.Popen(
            [sys.executable, pathlib.Path(__file__).parent / "clients" / "socketio2_client.py",
             f"http://127.0.0.1:{gateway.port}", way, scenario],
            env=environment(PYTHONPATH=str(old_clients)), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
            process.wait()


def result(process):
    output, errors = process.communicate(timeout=40)
    assert process.returncode == 0, f"{output}\n{errors}"
    return json.loads(output.splitlines()[-1])


@pytest.mark.parametrize("way", WAYS)
def test_python_client_of_socket_io_2(gateway, python_client, way):
    got = result(python_client(gateway, way, "events"))
    assert got["echoes"] == [
        ["echo", "a€😀", {"x": 1}], ["echo", {"picture": {"bytes": [0, 1, 255]}, "more": [{"bytes": [7]}]}]]
    assert got["ack"] == ["q", {"bytes": [5] * 300}, None]
    assert got["whoami"][0] == got["sid"]
    assert got["transport"] == ("polling" if way == "polling" else "websocket")


@pytest.mark.parametrize("way", WAYS)
def test_python_client_of_socket_io_2_in_namespaces(gateway, python_client, way):
    got = result(python_client(gateway, way, "namespaces"))
    assert got["whoami"][0] == f"/custom#{got['sid']}"


@pytest.mark.parametrize("way", WAYS)
def test_python_client_of_socket_io_2_lives_and_leaves(quick, python_client, way):
    assert result(python_client(quick, way, "life"))["gone"] == [["disconnect"]]


@pytest.mark.parametrize("way", WAYS)
def test_python_clients_of_both_generations_in_one_room(gateway, python_client, way):
    import socketio

    old = python_client(gateway, way, "room")
    assert old.stdout.readline() == "joined\n"
    heard = []
    with socketio.SimpleClient() as new:
        new.connect(f"http://127.0.0.1:{gateway.port}", transports=["websocket"])
        new.call("join", "room")
        new.emit("say", ("room", "hello"))
        new.emit("say", ("room", {"data": b"\x01\x02"}))
        while len(heard) < 3:
            heard.append(new.receive(timeout=15))
        new.call("leave", "room")
    assert heard == [["said", "room", "hello"], ["said", "room", {"data": b"\x01\x02"}], ["said", "room", b"\x09\x08"]]
    assert result(old)["said"] == [
        ["said", "room", "hello"], ["said", "room", {"data": {"bytes": [1, 2]}}], ["said", "room", {"bytes": [9, 8]}]]


# The JavaScript client, in a browser


@pytest.fixture(scope="module")
def browser():
    settings = webdriver.ChromeOptions()
    settings.binary_location = shutil.which("chromium") or "/usr/bin/chromium"
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        settings.add_argument(flag)
    driver = webdriver.Chrome(settings, Service(shutil.which("chromedriver") or "/usr/bin/chromedriver"))
    driver.set_script_timeout(30)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def site(launch_for_module, old_clients, tmp_path_factory):
    """A gateway that also serves the client of Socket.IO 2 and a page with it."""
    folder = tmp_path_factory.mktemp("site")
    (script,) = (old_clients / "gdbgui").rglob("socket.io-2.*.min.js")
    shutil.copy(script, folder / "socket.io.js")
    (folder / "index.html").write_text('<!doctype html><meta charset="utf-8"><script src="/socket.io.js"></script>')
    document = options()
    document["endpoints"].append({"name": "site", "path": "/", "protocol": "static", "directory": str(folder)})
    return launch_for_module(document)


JAVASCRIPT = """
const [options, done] = arguments;
const bytes = (value) => value instanceof ArrayBuffer ? { bytes: [...new Uint8Array(value)] }
  : Array.isArray(value) ? value.map(bytes)
  : value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, bytes(v)])) : value;
const call = (socket, ...args) => new Promise((resolve) => socket.emit(...args, (...answer) => resolve(bytes(answer))));
const event = (socket, name) => new Promise((resolve) => socket.once(name, (...got) => resolve(bytes(got))));
(async () => {
  const socket = io(location.origin, { forceNew: true, reconnection: false, ...options });
  socket.on("error", (error) => done({ error: String(error) }));
  await event(socket, "connect");
  if (options.transports.length > 1) await new Promise((resolve) => socket.io.engine.once("upgrade", resolve));
  const result = { id: socket.id, transport: socket.io.engine.transport.name };
  result.ack = await call(socket, "ask", "a€😀", { data: new Uint8Array([0, 1, 255]).buffer, more: [null] });
  let echo = event(socket, "echo");
  socket.emit("echo", new Uint8Array([9, 30, 58]).buffer, "text");
  result.echo = await echo;
  result.whoami = await call(socket, "whoami");
  const custom = io(location.origin + "/custom", { ...options, forceNew: false, query: { token: "a&b" } });
  await event(custom, "connect");
  result.custom = { id: custom.id, whoami: await call(custom, "whoami") };
  const nobody = io(location.origin + "/nobody", { ...options, forceNew: false });
  result.nobody = await event(nobody, "error");
  await call(socket, "join", "browsers");
  const gone = event(socket, "disconnect");
  socket.emit("out");
  result.gone = await gone;
  done(result);
})().catch((error) => done({ error: String(error) }));
"""


@pytest.mark.parametrize("base64_only", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_javascript_client_of_socket_io_2(site, browser, way, base64_only):
    browser.get(f"http://127.0.0.1:{site.port}/")
    got = browser.execute_async_script(JAVASCRIPT, {"transports": way.split(","), "forceBase64": base64_only})
    assert "error" not in got, got
    assert got["ack"] == ["a€😀", {"data": {"bytes": [0, 1, 255]}, "more": [None]}]
    assert got["echo"] == [{"bytes": [9, 30, 58]}, "text"]
    assert got["whoami"] == [got["id"], {}]
    assert got["custom"]["whoami"] == [got["custom"]["id"], {"token": "a&b"}]
    assert got["custom"]["id"].startswith("/custom#")
    assert got["nobody"] == ["Invalid namespace"]
    assert got["gone"] == ["io server disconnect"]
    assert got["transport"] == ("polling" if way == "polling" else "websocket")
