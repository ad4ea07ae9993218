"""What goes wrong between the parts: late answers, pauses, half-closed connections, floods of pipelined requests."""

import json
import socket
import time

import pytest

from gateway import eventually, request
from wire import Client, EngineSocket, Polling, WebSocket, config

HANG = [{"match": {"event": "ask"}, "ack": "{args}"}, {"match": {"event": "hang"}, "handler": "app"}]
HELD = b"GET /socket.io/?EIO=4&transport=polling&sid=%s HTTP/1.1\r\nHost: x\r\n\r\n"


def with_backend(backend, routes=HANG, **options):
    return config(routes=routes, **options) | {"handlers": {"app": backend.handler(timeout="30s")}}


def test_answers_that_come_after_their_client_has_gone_do_no_harm(launch, backend):
    """More events than stop the reading, then the client leaves, then the backend answers with actions for it."""
    backend.answer = backend.hang
    gateway = launch(with_backend(backend))
    flooder = Client(gateway.port)
    for number in range(100):
        flooder.emit("hang", number)
    eventually(lambda: len(backend.seen) == 1, what="the first call: one at a time")
    flooder.reset()
    eventually(lambda: gateway.metric("gatehouse_sockets") == 0, what="the socket is gone")
    backend.answer = lambda call: {
        "ack": [1], "state": {"set": {"a": 1}},
        "actions": [{"do": "join", "rooms": ["r"]}, {"do": "emit", "event": "late", "args": []},
                    {"do": "disconnect", "close": True}, {"do": "kick"}]}
    backend.released.set()
    with Client(gateway.port) as other:
        other.assert_responsive()
        eventually(lambda: len(backend.seen) >= 64, 15, "what was read reached the backend")
        other.assert_responsive()


def test_a_backend_may_kick_a_client_that_leaves_in_the_same_moment(launch, backend):
    backend.answer = lambda call: {"actions": [{"do": "kick"}]}
    gateway = launch(with_backend(backend))
    for _ in range(30):
        client = Client(gateway.port)
        client.emit("hang")
        client.reset()
    with Client(gateway.port) as other:
        other.assert_responsive()


def test_a_client_that_we_do_not_read_is_not_timed_out_for_it(launch, backend):
    backend.answer = backend.hang
    gateway = launch(with_backend(backend, pingInterval="300ms", pingTimeout="300ms"))
    with Client(gateway.port) as paused:
        for number in range(70):
            paused.emit("hang", number, ack=number)
        # Four times as long as a silent client would live: its pongs are not read, and that is not its fault.
        time.sleep(2.4)
        assert gateway.metric("gatehouse_sockets") == 1
        backend.answer = lambda call: {"ack": ["well"]}
        backend.released.set()
        assert '4369["well"]' in {paused.packet() for _ in range(70)}


def test_a_silent_client_is_found_also_when_it_went_silent_while_upgrading(launch):
    gateway = launch(config(pingInterval="300ms", pingTimeout="200ms", upgradeTimeout="5s"))
    session = Polling(gateway.port)
    with session.upgrade() as sock:
        sock.send("2probe")
        assert sock.receive() == "3probe"
        eventually(lambda: gateway.metric("gatehouse_sessions") == 0, 4, "the session is over")
    session.assert_closed()


def test_answers_of_a_half_closed_connection_still_arrive(launch):
    gateway = launch(config())
    with socket.create_connection(("127.0.0.1", gateway.port), 5) as sock:
        sock.sendall(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n")
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        while part := sock.recv(4096):
            answer += part
    assert b'0{"sid":"' in answer


def test_H13_pipelined_requests_behind_a_held_one_are_left_unread(launch):
    gateway = launch(config())
    session = Polling(gateway.port)
    memory = gateway.memory_bytes()
    with socket.create_connection(("127.0.0.1", gateway.port), 5) as sock:
        sock.settimeout(1)
        flood = b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n" * 1000
        sock.sendall(HELD % session.sid.encode())
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 64 << 20:
                sent += sock.send(flood)
        assert gateway.memory_bytes() - memory < 8 << 20
        with Client(gateway.port) as other:
            other.assert_responsive()


def test_requests_pipelined_behind_a_held_poll_are_answered_in_order(launch):
    gateway = launch(config())
    session = Polling(gateway.port)
    with socket.create_connection(("127.0.0.1", gateway.port), 5) as sock:
        sock.sendall(HELD % session.sid.encode() + b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        time.sleep(0.1)
        session.send("40")
        answer = b""
        while answer.count(b"HTTP/1.1 ") < 21 or not answer.endswith(b"Not Found"):
            answer += sock.recv(65536)
    assert answer.index(b'40{"sid"') < answer.index(b"404 Not Found")


def test_an_answer_larger_than_the_output_limit_is_delivered(launch, tmp_path):
    page = tmp_path / "large.txt"
    page.write_bytes(b"x" * (8 << 20))
    document = config() | {"limits": {"outputSoft": "64KiB", "outputHard": "256KiB"}}
    document["endpoints"].append({"path": "/files", "protocol": "static", "directory": str(tmp_path)})
    gateway = launch(document)
    reply = request(gateway.port, "GET", "/files/large.txt")
    assert reply.status == 200 and len(reply.body) == 8 << 20


@pytest.mark.parametrize("path", ["/../gateway.json", "/%2e%2e/gateway.json", "/..%2fgateway.json", "/.hidden", "/a/../../x", "/%00"])
def test_static_files_stay_inside_their_directory(launch, tmp_path, path):
    (tmp_path / "site").mkdir()
    (tmp_path / "gateway.json").write_text("secret")
    (tmp_path / "site" / ".hidden").write_text("secret")
    (tmp_path / "site" / "link").symlink_to(tmp_path / "gateway.json")
    document = config()
    document["endpoints"].append({"path": "/site", "protocol": "static", "directory": str(tmp_path / "site")})
    gateway = launch(document)
    for target in (f"/site{path}", "/site/link"):
        reply = request(gateway.port, "GET", target)
        assert reply.status in (400, 404) and b"secret" not in reply.body


def test_a_connect_payload_has_a_limit(launch):
    gateway = launch(config())
    with EngineSocket(gateway.port) as sock:
        sock.send("40" + json.dumps({"token": "x" * 20_000}))
        assert sock.packet() == '44{"message":"Payload too large"}'
    with Client(gateway.port, auth={"token": "x" * 10_000}) as client:
        client.assert_responsive()


def test_a_namespace_that_is_emptied_while_somebody_enters_stays_whole(launch, backend):
    """With cleanupEmptyChildNamespaces the last one leaves while the connect handler still decides about another."""
    routes = [{"match": {"type": "socket.connect"}, "handler": "app"},
              {"match": {"event": "all"}, "actions": [{"do": "emit", "to": {"all": True}, "event": "all", "args": "{args}"}]}]
    backend.answer = lambda call: {"accept": True}
    gateway = launch(with_backend(
        backend, routes, namespaces=["/", {"pattern": "/room-{id}", "max": 10}], cleanupEmptyChildNamespaces=True))
    first = Client(gateway.port, "/room-1")
    backend.released.clear()
    backend.answer = backend.hang
    waiting = EngineSocket(gateway.port)
    waiting.send("40/room-1,")
    eventually(lambda: len(backend.seen) == 2, what="the handler is asked")
    first.close()
    eventually(lambda: gateway.metric("gatehouse_sockets") == 0)
    backend.answer = lambda call: {"accept": True}
    backend.released.set()
    # The held call answers 204, which lets nobody in; the handler is asked again and accepts.
    assert waiting.packet().startswith('40/room-1,{"sid"')
    with Client(gateway.port, "/room-1") as second:
        second.emit("all", 1)
        assert second.event() == ["all", 1]
        assert waiting.packet() == '42/room-1,["all",1]'
    waiting.close()


def test_a_websocket_may_end_while_it_is_not_read(launch, backend):
    backend.answer = backend.hang
    gateway = launch(with_backend(backend))
    memory = gateway.memory_bytes()
    for _ in range(20):
        client = Client(gateway.port)
        frame = client.frame(1, '42["hang","' + "x" * 2000 + '"]')
        client.sock.setblocking(False)
        try:
            for _ in range(500):
                client.sock.send(frame)
        except BlockingIOError:
            pass
        client.sock.setblocking(True)
        client.sock.shutdown(socket.SHUT_WR)
    assert gateway.memory_bytes() - memory < 64 << 20
    with Client(gateway.port) as other:
        other.assert_responsive()
    backend.released.set()


def test_a_second_websocket_does_not_disturb_the_first(launch):
    gateway = launch(config())
    with Client(gateway.port) as client:
        other = WebSocket(gateway.port, f"/socket.io/?EIO=4&transport=websocket&sid={client.sid}")
        other.wait_closed()
        client.assert_responsive()
