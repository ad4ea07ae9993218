"""Requests of one connection, one after the other: nothing of one is in the answer to another.

The gateway uses again what it needed for the last request of a connection: the object, the memory of its head. What was said
there must not be heard once more.
"""

import json
import os
import random
import socket

import pytest

from gateway import Reply, eventually
from wire import SEPARATOR, Polling, config

SEEDS = int(os.environ.get("EXCHANGE_SEEDS", "6"))
ORIGINS = ["http://a.example", "http://b.example", "https://a-much-longer-name.example:8443"]
OLD_BROWSER = "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko"


class Stream:
    """A connection on which requests are written by hand, in any pieces."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), 20)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def send(self, data):
        self.sock.sendall(data)

    def fill(self):
        part = self.sock.recv(65536)
        assert part, f"closed behind {self.buffer[:300]!r}"
        self.buffer += part

    def answer(self, hasBody=True):
        while b"\r\n\r\n" not in self.buffer:
            self.fill()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(": ")
            assert name == "vary" or name.lower() not in headers, f"a repeated field: {line}"
            headers[name.lower()] = value
        length = int(headers.get("content-length", 0)) if hasBody else 0
        while len(self.buffer) < length:
            self.fill()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return Reply(int(first.split(" ")[1]), headers, body)

    def is_quiet(self, seconds):
        self.sock.settimeout(seconds)
        try:
            return not self.buffer and not self.sock.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            return True
        finally:
            self.sock.settimeout(20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()


def http_request(method, target, fields=(), body=b""):
    lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", *fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


@pytest.fixture(scope="module")
def gateway(launch_for_module):
    return launch_for_module(
        config(
            routes=[{"match": {"event": "echo"}, "ack": "{args}"}], namespaces=["/"],
            cors={"origin": ORIGINS, "allowedHeaders": None}, maxHttpBufferSize=100_000))


def begin(stream):
    """A session of the raw protocol, and the path of its requests."""
    stream.send(http_request("GET", "/engine.io/?EIO=4&transport=polling"))
    sid = json.loads(stream.answer().body[1:])["sid"]
    return f"/engine.io/?EIO=4&transport=polling&sid={sid}"


def expected_origin(reply, origin):
    assert reply.headers.get("access-control-allow-origin") == origin, reply


def cases(generator, session):
    """A request, and what its answer must be: of kinds that differ in method, fields, body, status and head.

    Only what is wanted has a body: who posts to nowhere is answered before that has come, and the connection is closed.
    """
    origin = generator.choice([None, *ORIGINS])
    fields = [f"Origin: {origin}"] if origin else []
    fields += [f"X-Padding-{n}: {'y' * generator.randrange(60)}" for n in range(generator.randrange(4))]
    if generator.random() < 0.3:
        fields.append("User-Agent: " + generator.choice(["curl/8", OLD_BROWSER]))
    is_old = any(OLD_BROWSER in field for field in fields)
    generator.shuffle(fields)
    kind = generator.choice(["handshake", "message", "unknown session", "nowhere", "preflight", "bad transport", "head"])

    def check_fields(reply):
        expected_origin(reply, origin)
        assert reply.headers.get("x-xss-protection") == ("0" if is_old else None), reply

    if kind == "handshake":
        def check(reply):
            assert reply.status == 200 and reply.body.startswith(b'0{"sid":"'), reply
            check_fields(reply)

        return http_request("GET", "/socket.io/?EIO=4&transport=polling", fields), check
    if kind == "message":
        def check(reply):
            assert (reply.status, reply.body) == (200, b"ok"), reply
            check_fields(reply)

        return http_request("POST", session, fields, b"4" + b"z" * generator.choice([0, 1, 300, 9_000])), check
    if kind == "unknown session":
        def check(reply):
            assert (reply.status, reply.json()["code"]) == (400, 1), reply
            check_fields(reply)

        sid = "A" * generator.choice([1, 24, 25, 200])
        return http_request("GET", f"/socket.io/?EIO=4&transport=polling&sid={sid}", fields), check
    if kind == "nowhere":
        def check(reply):
            assert (reply.status, reply.headers.get("access-control-allow-origin")) == (404, None), reply

        return http_request("GET", f"/nowhere/{generator.randrange(10 ** 9)}", fields), check
    if kind == "preflight":
        wanted = f"x-{generator.randrange(10 ** 9)}"

        def check(reply):
            assert reply.status == 204 and reply.headers["access-control-allow-headers"] == wanted, reply
            expected_origin(reply, origin)

        fields.append(f"Access-Control-Request-Headers: {wanted}")
        return http_request("OPTIONS", "/socket.io/?EIO=4&transport=polling", fields), check
    if kind == "head":
        def check(reply):
            assert reply.status == 400, reply

        return http_request("HEAD", "/socket.io/?EIO=4&transport=polling", fields), check

    def check(reply):
        assert (reply.status, reply.json()["code"]) == (400, 0), reply
        check_fields(reply)

    return http_request("GET", "/socket.io/?EIO=4&transport=pigeon", fields), check


@pytest.mark.parametrize("seed", range(SEEDS))
def test_H13_each_request_of_a_connection_is_answered_for_what_it_says_itself(gateway, seed):
    """In any order, in any pieces, alone and several at once."""
    generator = random.Random(seed)
    with Stream(gateway.port) as stream:
        session = begin(stream)
        for _ in range(60):
            group = [cases(generator, session) for _ in range(generator.choice([1, 1, 1, 2, 5]))]
            data = b"".join(one for one, _ in group)
            cuts = sorted(generator.randrange(len(data)) for _ in range(generator.choice([0, 0, 1, 4])))
            for start, end in zip([0, *cuts], [*cuts, len(data)]):
                stream.send(data[start:end])
            for one, check in group:
                check(stream.answer(hasBody=not one.startswith(b"HEAD")))


def test_E6_what_a_session_says_late_goes_to_no_later_request_of_its_connection(gateway):
    """A poll is refused to a session that has one: the connection of the first serves another session from then on."""
    with Stream(gateway.port) as first, Stream(gateway.port) as second:
        old = begin(first)
        first.send(http_request("GET", old))
        assert first.is_quiet(0.2)
        second.send(http_request("GET", old))
        assert second.answer().status == 400
        assert first.answer().body == b"1"
        new = begin(first)
        first.send(http_request("GET", new))
        # Whatever is sent to the session that is over.
        for _ in range(3):
            second.send(http_request("POST", old, body=b"4late"))
            assert second.answer().json()["code"] == 1
        assert first.is_quiet(0.3)
        second.send(http_request("POST", new, body=b"1"))
        assert second.answer().body == b"ok"
        assert first.answer().body == b"6"


def test_E6_a_connection_that_goes_while_its_poll_is_held_takes_the_session_along(gateway):
    with Stream(gateway.port) as other:
        with Stream(gateway.port) as stream:
            target = begin(stream)
            # Not the first request of its connection.
            for _ in range(3):
                stream.send(http_request("GET", "/nowhere"))
                assert stream.answer().status == 404
            stream.send(http_request("GET", target))
            assert stream.is_quiet(0.2)

        def is_over():
            other.send(http_request("POST", target, body=b"3"))
            return other.answer().status == 400

        eventually(is_over)


def test_H21_after_the_largest_body_come_small_ones_again(gateway):
    """In a single piece and in many, with what was pipelined behind it."""
    largest = b"4" + b"x" * 99_999
    with Stream(gateway.port) as stream:
        target = begin(stream)
        for pieces in (1, 7, 100):
            data = http_request("POST", target, body=largest) + http_request("POST", target, body=b"4y")
            step = len(data) // pieces + 1
            for start in range(0, len(data), step):
                stream.send(data[start : start + step])
            assert [stream.answer().body, stream.answer().body] == [b"ok", b"ok"]
        stream.send(http_request("POST", target, body=largest + b"x"))
        assert stream.answer().status == 413


def test_G2_messages_of_one_turn_come_together_and_in_order(gateway):
    """Those that are sent while a poll is held, and those that find none."""
    session = Polling(gateway.port)
    session.send("40")
    assert session.packet().startswith("40")
    for count in (1, 2, 3, 50):
        sent = [f'42{number}["echo",{number}]' for number in range(count)]
        session.send(*sent)
        received = []
        while len(received) < count:
            received += session.poll()
        assert received == [f"43{number}[{number}]" for number in range(count)]
    with Stream(gateway.port) as held:
        held.send(http_request("GET", session.target))
        assert held.is_quiet(0.2)
        session.send('421["echo","a"]', '422["echo","b"]')
        assert held.answer().text.split(SEPARATOR) == ['431["a"]', '432["b"]']
        held.send(http_request("GET", session.target))
        assert held.is_quiet(0.2)
        session.send('423["echo","c"]')
        assert held.answer().text == '433["c"]'
    session.close()
