"""Backends that work, fail, hang and lie, and the clients behind whose back it happens."""

import base64
import contextlib
import gzip
import json
import random
import socket
import threading
import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from backend import KEY, OLD_KEY, Backend, Raw
from gateway import eventually, free_ports
from wire import ROUTES, Client, Closed, EngineSocket, Polling, config

CONNECT = {"name": "connect", "match": {"type": "socket.connect"}, "handler": "app"}
GONE = {"name": "gone", "match": {"type": "socket.disconnected"}, "handler": "app"}


def setup(backend, *routes, handler=None, **options):
    """The routes `call*` go to the backend, everything of the wire tests is answered without it."""
    rest = {"name": "call", "match": {"event": "call*"}, "handler": "app"}
    every = [*routes, rest, *ROUTES]
    return config(routes=every, **options) | {"handlers": {"app": backend.handler(**(handler or {}))}}


def error_of(arguments):
    (only,) = arguments
    assert list(only) == ["error"], arguments
    return only["error"]


# The request


def test_the_request_is_the_one_of_the_contract(launch, backend):
    backend.answer = lambda call: {"ack": [{"ok": True}]}
    gateway = launch(setup(backend, handler={"forwardHeaders": ["user-agent"]}))
    with Client(gateway.port, "/custom", headers={"User-Agent": "tester/1", "X-Secret": "no"}) as client:
        assert client.ask("join", "kitchen") == [{"ok": True}]
        assert client.ask("call:me", {"a": 1}, "two") == [{"ok": True}]
    call = backend.next()
    assert (call.method, call.path) == ("POST", "/events")
    assert call.headers["content-type"] == "application/json"
    assert call.headers["user-agent"].startswith("gatehouse/")
    assert call.headers["gatehouse-event"] == "socket.event"
    assert call.headers["gatehouse-route"] == "call"
    assert call.headers["gatehouse-attempt"] == "1"
    assert 0 < int(call.headers["gatehouse-deadline-ms"]) <= 2000
    event = call.event
    assert list(event)[:7] == ["v", "id", "type", "time", "route", "node", "delivery"]
    assert event["v"] == 1 and event["type"] == "socket.event" and event["route"] == "call"
    assert event["id"] == call.headers["webhook-id"] and event["id"].startswith("evt_") and len(event["id"]) == 30
    delivery = event["delivery"]
    assert delivery["mode"] == "request" and delivery["attempt"] == 1 and delivery["redelivered"] is False
    about = event["socket"]
    assert about["id"] == client.id and about["namespace"] == "/custom"
    assert about["protocol"] == "socket.io" and about["transport"] == "websocket"
    assert sorted(about["rooms"]) == sorted([client.id, "kitchen"])
    assert about["remote"] == {"ip": "127.0.0.1", "tls": False}
    assert about["headers"] == {"user-agent": "tester/1"}
    assert (event["event"], event["args"], event["ack"]) == ("call:me", [{"a": 1}, "two"], True)


def test_arguments_and_attachments_reach_the_backend_as_they_are(launch, backend):
    backend.answer = lambda call: {"ack": []}
    gateway = launch(setup(backend))
    arguments = '1e400,{"a":1,"a":2},"\\ud800",{"_placeholder":true,"num":0}'
    with Client(gateway.port) as client:
        client.send(f'451-9["call",{arguments}]')
        client.send(b"\x00\x01\x02")
        assert client.packet() == "439[]"
    call = backend.next()
    assert f'"args":[{arguments}]'.encode() in call.body
    assert b'"attachments":["AAEC"]' in call.body


def test_B11_requests_carry_a_standard_webhooks_signature(launch, backend):
    gateway = launch(setup(backend))
    with Client(gateway.port) as client:
        client.emit("call", "signed ✓")
        call = backend.next()
    Webhook(KEY).verify(call.body, dict(call.headers.items()))
    with pytest.raises(WebhookVerificationError):
        Webhook(KEY).verify(call.body.replace(b"signed", b"forged"), dict(call.headers.items()))
    assert abs(int(call.headers["webhook-timestamp"]) - time.time()) < 5


def test_B11_while_rotating_both_keys_verify(launch, backend):
    gateway = launch(setup(backend, handler={"signingKeys": [KEY, OLD_KEY]}))
    with Client(gateway.port) as client:
        client.emit("call")
        call = backend.next()
    assert call.headers["webhook-signature"].count("v1,") == 2
    for key in (KEY, OLD_KEY):
        Webhook(key).verify(call.body, dict(call.headers.items()))


def test_a_handler_without_keys_is_not_signed(launch, backend):
    gateway = launch(setup(backend, handler={"signingKeys": []}))
    with Client(gateway.port) as client:
        client.emit("call")
        assert backend.next().headers.get("webhook-signature") is None


# Answers


def test_an_answer_acts_before_the_ack_is_sent(launch, backend):
    backend.answer = lambda call: {
        "ack": [{"done": True}],
        "state": {"set": {"plan": "pro"}},
        "actions": [
            {"do": "join", "rooms": ["vip"]},
            {"do": "emit", "to": {"rooms": ["vip"]}, "event": "first", "args": [1]},
            {"do": "emit", "event": "second", "args": [{"_placeholder": True, "num": 0}],
             "attachments": [base64.b64encode(b"bytes").decode()]},
        ],
    }
    gateway = launch(setup(backend))
    with Client(gateway.port) as client:
        client.emit("call", ack=3)
        assert [client.packet() for _ in range(4)] == [
            '42["first",1]', '451-["second",{"_placeholder":true,"num":0}]', b"bytes", '433[{"done":true}]']
        client.emit("call")
        assert backend.next() and backend.next().event["socket"]["state"] == {"plan": "pro"}


def test_an_answer_reaches_others_too(launch, backend):
    backend.answer = lambda call: {"actions": [
        {"do": "emit", "to": "others", "event": "others", "args": []},
        {"do": "emit", "to": {"all": True, "except": {"sockets": ["self"]}}, "event": "except", "args": []},
        {"do": "emit", "to": {"sockets": ["self"], "all": True}, "event": "once", "args": []},
        {"do": "emit", "to": {"all": True, "namespace": "/custom"}, "event": "there", "args": []},
    ]}
    gateway = launch(setup(backend))
    with Client(gateway.port) as one, Client(gateway.port) as two, Client(gateway.port, "/custom") as there:
        one.emit("call")
        assert [two.event()[0] for _ in range(3)] == ["others", "except", "once"]
        assert one.event() == ["once"]
        assert there.event() == ["there"]
        for client in (one, two, there):
            client.assert_silent()


def test_an_error_answer_calls_back_with_it(launch, backend):
    backend.answer = lambda call: {"error": {"code": "badInput", "message": "too long", "data": {"max": 5}}}
    gateway = launch(setup(backend))
    with Client(gateway.port) as client:
        assert error_of(client.ask("call")) == {"code": "badInput", "message": "too long", "data": {"max": 5}}


def test_204_means_done_without_an_ack(launch, backend):
    gateway = launch(setup(backend))
    with Client(gateway.port) as client:
        client.emit("call", ack=1)
        backend.next()
        client.assert_silent()


def test_disconnect_kick_leave_and_state_are_done(launch, backend):
    answers = iter([
        {"actions": [{"do": "join", "rooms": ["a", "b"]}, {"do": "leave", "rooms": ["a"]},
                     {"do": "state", "set": {"x": 1, "y": [2]}}, {"do": "state", "unset": ["x"]}], "ack": []},
        {"ack": []},
        {"actions": [{"do": "disconnect", "reason": "banned"}]},
    ])
    backend.answer = lambda call: next(answers)
    gateway = launch(setup(backend))
    with Client(gateway.port) as client:
        assert client.ask("call") == []
        assert client.ask("call") == []
        backend.next()
        about = backend.next().event["socket"]
        assert sorted(about["rooms"]) == sorted([client.id, "b"])
        assert about["state"] == {"y": [2]}
        client.emit("call")
        assert client.packet() == "41"


APPLIED = {"do": "emit", "event": "applied", "args": []}
JSON = {"content-type": "application/json"}
MALFORMED = [
    {"actions": [APPLIED, {"do": "explode"}]},
    {"actions": [APPLIED, {"event": "x"}]},
    {"actions": [APPLIED, {"do": "emit", "args": []}]},
    {"actions": [APPLIED, {"do": "emit", "event": 5}]},
    {"actions": [APPLIED, {"do": "emit", "event": "x", "args": {}}]},
    {"actions": [APPLIED, {"do": "emit", "event": "x", "to": "everybody"}]},
    {"actions": [APPLIED, {"do": "emit", "event": "x", "to": {"rooms": 5}}]},
    {"actions": [APPLIED, {"do": "emit", "event": "x", "unknown": 1}]},
    {"actions": [APPLIED, {"do": "emit", "event": "connect"}]},
    {"actions": [APPLIED, {"do": "emit", "event": "x", "attachments": ["!"]}]},
    {"actions": [APPLIED, {"do": "emit", "event": "x", "args": [{"_placeholder": True, "num": 0}]}]},
    {"actions": [APPLIED, {"do": "join", "rooms": "kitchen"}]},
    {"actions": [APPLIED, {"do": "join", "rooms": ["x"] * 101}]},
    {"actions": [APPLIED, {"do": "join", "rooms": ["r" * 256]}]},
    {"actions": [APPLIED, {"do": "state", "set": 5}]},
    {"actions": [APPLIED, {"do": "state", "set": {"big": "x" * 20_000}}]},
    {"actions": [APPLIED, {"do": "disconnect", "close": "yes"}]},
    {"actions": [APPLIED, 5]},
    {"actions": APPLIED},
    {"ack": {"not": "an array"}, "actions": [APPLIED]},
    {"state": 5, "actions": [APPLIED]},
    {"error": "text", "actions": [APPLIED]},
    (200, JSON, b'{"actions":[{"do":"emit","event":"applied","args":[]}]'),
    (200, JSON, b'["applied"]'),
    (200, JSON, b"\xff\xfe"),
    (200, JSON, b'{"ack":[1e]}'),
    (200, JSON, b'{"ack":' + b"[" * 100_000),
    (200, {"content-type": "text/html"}, b"<h1>It works</h1>"),
]


def test_B4_a_malformed_answer_is_applied_not_at_all(launch, backend):
    gateway = launch(setup(backend))
    with Client(gateway.port) as client:
        for answer in MALFORMED:
            backend.answer = lambda call: answer
            assert error_of(client.ask("call"))["code"] == "handlerError", answer
        client.assert_silent()


def test_B4_the_log_names_the_place(launch, backend):
    gateway = launch(setup(backend))
    backend.answer = lambda call: {"actions": [{"do": "emit", "event": "x", "args": []}, {"do": "explode"}]}
    with Client(gateway.port) as client:
        assert error_of(client.ask("call"))["code"] == "handlerError"
    eventually(lambda: "/actions/1" in gateway.log(), what="the JSON pointer in the log")


# Failures


@pytest.mark.parametrize("answer,code", [
    (400, "badRequest"), (422, "badRequest"), (404, "handlerError"), (403, "forbidden"),
    (500, "unavailable"), (503, "unavailable"), (429, "unavailable"), (204, None),
    ((302, {"location": "http://169.254.169.254/"}, b""), "handlerError"), ((201, {}, b"{}"), None),
    (Raw(reset=True), "unavailable"), (Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"), "unavailable"),
    (Raw(b"\x00\x01garbage\r\n\r\n"), "handlerError"), (Raw(b"HTTP/1.1 101 Switching\r\n\r\n"), None),
    ((200, {"x": "y" * 40_000}, b"{}"), None),
], ids=repr)
def test_a_failing_backend_never_drops_the_client(launch, backend, answer, code):
    backend.answer = lambda call: answer
    gateway = launch(setup(backend))
    with Client(gateway.port) as client:
        client.emit("call", ack=1)
        if code:
            packet = client.packet()
            assert packet.startswith('431[{"error":'), packet
            assert json.loads(packet[3:])[0]["error"]["code"] == code
        else:
            backend.next()
        backend.answer = lambda call: {"ack": ["well again"]}
        client.emit("call", ack=2)
        packets = [client.packet()]
        while not packets[-1].startswith("432"):
            packets.append(client.packet())
        assert packets[-1] == '432["well again"]'


def test_a_backend_that_is_down_makes_the_callback_unavailable(launch, backend):
    setting = setup(backend)
    (nobody,) = free_ports(1)
    setting["handlers"]["app"]["url"] = f"http://127.0.0.1:{nobody}/"
    setting["handlers"]["app"]["timeout"] = "1s"
    gateway = launch(setting)
    with Client(gateway.port) as client:
        assert error_of(client.ask("call"))["code"] == "unavailable"
        client.assert_responsive()


def test_B1_a_hanging_backend_times_out_and_hinders_nobody(launch, backend):
    gateway = launch(setup(backend, handler={"timeout": "700ms"}))
    backend.answer = lambda call: backend.hang() if call.event["args"] == ["hang"] else {"ack": ["quick"]}
    with Client(gateway.port) as hung, Client(gateway.port) as other:
        started = time.monotonic()
        hung.emit("call", "hang", ack=1)
        for _ in range(5):
            assert other.ask("call", "go") == ["quick"]
        packet = hung.packet()
        assert 0.5 < time.monotonic() - started < 3
        assert json.loads(packet[3:])[0]["error"]["code"] == "timeout"
        assert hung.ask("call", "go", ack=2) == ["quick"]


def test_B3_an_answer_is_bounded_in_size_and_time(launch, backend):
    gateway = launch(setup(backend, handler={"timeout": "1s"}))
    memory = gateway.memory_bytes()
    with Client(gateway.port) as client:
        backend.answer = lambda call: (200, {"content-type": "application/json"}, b'{"ack":["' + b"x" * (2 << 20) + b'"]}')
        assert error_of(client.ask("call"))["code"] == "handlerError"

        bomb = gzip.compress(b'{"ack":["' + b"x" * (64 << 20) + b'"]}')
        backend.answer = lambda call: (200, {"content-type": "application/json", "content-encoding": "gzip"}, bomb)
        assert error_of(client.ask("call", ack=2))["code"] == "handlerError"

        backend.answer = lambda call: (200, {"content-length": str(1 << 30)}, b"{" * 100)
        assert error_of(client.ask("call", ack=3))["code"] in ("handlerError", "timeout", "unavailable")

        backend.answer = lambda call: Raw(b"HTTP/1.1 200 OK\r\nx: " + b"y" * (1 << 20) + b"\r\n\r\n")
        assert error_of(client.ask("call", ack=4))["code"] in ("handlerError", "unavailable")
        assert gateway.memory_bytes() - memory < 48 << 20
        client.assert_responsive()


def test_B2_a_storm_of_failures_opens_the_breaker(launch, backend):
    gateway = launch(setup(backend))
    backend.answer = lambda call: 500
    with Client(gateway.port) as client:
        for number in range(40):
            assert error_of(client.ask("call", ack=number))["code"] == "unavailable"
        calls = len(backend.seen)
        assert 20 <= calls < 40, f"{calls} calls were made"
        # Open for five seconds; then one call is the probe, and all is well.
        backend.answer = lambda call: {"ack": ["well"]}
        eventually(lambda: client.ask("call") == ["well"], 10, "the backend to be used again")


def test_B5_a_retry_carries_the_same_id(launch, backend):
    answers = iter([Raw(reset=True), Raw(reset=True), {"ack": ["third time"]}])
    backend.answer = lambda call: next(answers)
    route = {"name": "again", "match": {"event": "again"}, "handler": "app", "idempotent": True}
    gateway = launch(setup(backend, route, handler={"timeout": "10s"}))
    with Client(gateway.port) as client:
        assert client.ask("again", timeout=15) == ["third time"]
    calls = [backend.next() for _ in range(3)]
    assert len({call.headers["webhook-id"] for call in calls}) == 1
    assert [call.headers["gatehouse-attempt"] for call in calls] == ["1", "2", "3"]
    for call in calls:
        Webhook(KEY).verify(call.body, dict(call.headers.items()))


def test_an_event_that_may_have_arrived_is_not_repeated_unless_idempotent(launch, backend):
    backend.answer = lambda call: Raw(reset=True)
    gateway = launch(setup(backend))
    with Client(gateway.port) as client:
        assert error_of(client.ask("call"))["code"] == "unavailable"
        client.assert_responsive()
    assert len(backend.seen) == 1


def test_B6_a_retry_holds_back_what_comes_after_it(launch, backend):
    failures = iter([503, 503])

    def answer(call):
        (number,) = call.event["args"]
        return next(failures, {"ack": [number]}) if number == 2 else {"ack": [number]}

    backend.answer = answer
    route = {"name": "again", "match": {"event": "again"}, "handler": "app", "idempotent": True}
    gateway = launch(setup(backend, route, handler={"timeout": "10s"}))
    with Client(gateway.port) as client:
        for number in (1, 2, 3):
            client.emit("again", number, ack=number)
        assert [client.packet(15) for _ in range(3)] == ["431[1]", "432[2]", "433[3]"]
    assert [call.event["args"][0] for call in backend.seen] == [1, 2, 2, 2, 3]


# Order and concurrency


def test_B6_one_call_per_socket_is_in_flight_and_sequence_numbers_have_no_gap(launch, backend):
    running, most = {}, {}
    lock = threading.Lock()

    def answer(call):
        lane = call.event["socket"]["id"]
        with lock:
            running[lane] = running.get(lane, 0) + 1
            most[lane] = max(most.get(lane, 0), running[lane])
        time.sleep(0.002)
        with lock:
            running[lane] -= 1
        return {"ack": [call.event["args"][0]]}

    backend.answer = answer
    gateway = launch(setup(backend))
    clients = [Client(gateway.port) for _ in range(4)]
    try:
        for number in range(50):
            for client in clients:
                client.emit("call", number, ack=number)
        for client in clients:
            assert [client.packet() for _ in range(50)] == [f"43{number}[{number}]" for number in range(50)]
    finally:
        for client in clients:
            client.close()
    assert set(most.values()) == {1}
    for client in clients:
        mine = [call.event for call in backend.seen if call.event["socket"]["id"] == client.id]
        assert [event["args"][0] for event in mine] == list(range(50))
        numbers = [event["delivery"]["seq"] for event in mine]
        assert numbers == list(range(numbers[0], numbers[0] + 50))
        assert {event["delivery"]["lane"] for event in mine} == {f"socket:{client.id}"}


def test_orderBy_none_does_not_wait(launch, backend):
    backend.answer = backend.hang
    route = {"name": "free", "match": {"event": "free"}, "handler": "app", "orderBy": "none"}
    gateway = launch(setup(backend, route, handler={"timeout": "10s"}))
    with Client(gateway.port) as client:
        for number in range(10):
            client.emit("free", number, ack=number)
        eventually(lambda: backend.in_flight == 10, what="ten calls at once")
        backend.answer = lambda call: {"ack": []}
        backend.released.set()


def test_calls_in_flight_are_bounded(launch, backend):
    backend.answer = backend.hang
    gateway = launch(setup(backend, handler={"concurrency": 3, "timeout": "20s"}))
    clients = [Client(gateway.port) for _ in range(8)]
    try:
        for client in clients:
            client.emit("call", ack=1)
        eventually(lambda: backend.in_flight == 3, what="three calls in flight")
        for client in clients:
            client.assert_responsive()
        assert backend.most_in_flight == 3
        backend.answer = lambda call: {"ack": []}
        backend.released.set()
        eventually(lambda: len(backend.seen) == 8, what="all calls")
        assert backend.most_in_flight == 3
    finally:
        for client in clients:
            client.close()


def test_atMostOnce_pauses_its_senders_when_their_bytes_pile_up(launch, backend):
    """32 MiB are taken from clients that then may go on; who sends more is not read until the handler has taken it."""
    backend.answer = backend.hang
    route = {"name": "telemetry", "match": {"event": "telemetry"}, "handler": "app", "mode": "atMostOnce"}
    gateway = launch(setup(backend, route, handler={"timeout": "60s"}))
    size, each = 900_000, 40
    clients = [Client(gateway.port) for _ in range(2)]

    def send(client):
        for number in range(each):
            client.emit("telemetry", number, "x" * size)

    def waiting():
        return gateway.metric("gatehouse_handler_queued") + gateway.metric("gatehouse_handler_inflight")

    senders = [threading.Thread(target=send, args=(client,)) for client in clients]
    try:
        for sender in senders:
            sender.start()
        budget = (32 << 20) // (size + 2_048)
        eventually(lambda: waiting() >= budget, 20, "a full budget")
        end = time.monotonic() + 1
        while time.monotonic() < end:
            # Beyond it: what each client may have on its way in any case, which is four of these.
            assert waiting() <= budget + 8
        assert any(sender.is_alive() for sender in senders)
        backend.released.set()
        for sender in senders:
            sender.join(60)
        eventually(lambda: len(backend.seen) == 2 * each, 60, "all events")
        for client in clients:
            client.assert_responsive()
    finally:
        backend.released.set()
        for sender in senders:
            sender.join(60)
        for client in clients:
            client.close()


def test_atMostOnce_acknowledges_at_once_and_ignores_the_answer(launch, backend):
    backend.answer = backend.hang
    route = {"name": "telemetry", "match": {"event": "telemetry"}, "handler": "app", "mode": "atMostOnce"}
    gateway = launch(setup(backend, route))
    with Client(gateway.port) as client:
        assert client.ask("telemetry", 1) == []
        call = backend.next()
        assert call.event["delivery"]["mode"] == "atMostOnce"
        backend.released.set()
        backend.answer = lambda call: {"ack": ["never seen"], "actions": [{"do": "emit", "event": "never", "args": []}]}
        assert client.ask("telemetry", 2, ack=2) == []
        backend.next()
        client.assert_silent()
        backend.answer = lambda call: 500
        assert client.ask("telemetry", 3, ack=3) == []
        backend.next()
        client.assert_silent()


# Connecting


def test_connect_is_accepted_with_user_state_rooms_and_actions(launch, backend):
    backend.answer = lambda call: {
        "accept": True, "user": "u42", "state": {"plan": "pro"}, "rooms": ["team"],
        "actions": [{"do": "emit", "event": "welcome", "args": ["u42"]}],
    } if call.event["type"] == "socket.connect" else {"ack": []}
    origin = "https://app.example.com"
    gateway = launch(setup(backend, CONNECT) | {"origins": [origin]})
    with Client(gateway.port, auth={"token": "t"}, query="&lang=de", headers={"Origin": origin}) as client:
        assert client.event() == ["welcome", "u42"]
        event = backend.next().event
        assert event["type"] == "socket.connect" and event["auth"] == {"token": "t"}
        assert event["query"]["lang"] == "de"
        assert event["origin"] == origin
        gateway.emit(to={"rooms": ["team"]}, event="team", args=[])
        assert client.event() == ["team"]
        gateway.emit(to={"users": ["u42"]}, event="user", args=[])
        assert client.event() == ["user"]
        client.ask("call")
        about = backend.next().event["socket"]
        assert (about["user"], about["state"]) == ("u42", {"plan": "pro"})


def test_connect_refused_is_44_with_the_message_and_the_data(launch, backend):
    backend.answer = lambda call: {"accept": False, "error": {"message": "not authorized", "data": {"code": "E"}}}
    gateway = launch(setup(backend, CONNECT))
    with EngineSocket(gateway.port) as engine:
        engine.send("40")
        assert engine.packet() == '44{"message":"not authorized","data":{"code":"E"}}'


@pytest.mark.parametrize("status", [401, 403])
def test_connect_denied_by_status_is_44(launch, backend, status):
    backend.answer = lambda call: status
    gateway = launch(setup(backend, CONNECT))
    with EngineSocket(gateway.port) as engine:
        engine.send("40")
        assert engine.packet().startswith('44{"message":')


@pytest.mark.parametrize("first", [500, {"accept": False, "retry": True}, Raw(reset=True)], ids=["500", "retry", "reset"])
def test_connect_is_held_while_the_backend_is_unwell(launch, backend, first):
    answers = iter([first])
    backend.answer = lambda call: next(answers, {"accept": True})
    gateway = launch(setup(backend, CONNECT))
    with Client(gateway.port) as client:
        client.assert_responsive()
    assert len(backend.seen) == 2
    assert backend.seen[0].headers["webhook-id"] == backend.seen[1].headers["webhook-id"]


def test_connect_that_never_succeeds_closes_the_transport_without_44(launch, backend):
    backend.answer = lambda call: 503
    gateway = launch(setup(backend, CONNECT, connectTimeout="1s"))
    with EngineSocket(gateway.port) as engine:
        engine.send("40")
        with pytest.raises(Closed):
            raise AssertionError(f"expected a close, got {engine.packet(5)!r}")


def test_a_broken_answer_to_connect_lets_nobody_in(launch, backend):
    backend.answer = lambda call: (200, {"content-type": "application/json"}, b'{"accept": "yes"}')
    gateway = launch(setup(backend, CONNECT, connectTimeout="1s"))
    with EngineSocket(gateway.port) as engine:
        engine.send("40")
        engine.wait_closed(5)
    assert gateway.metric("gatehouse_sockets") == 0


def test_a_client_that_leaves_while_its_connect_is_held_leaves_nothing_behind(launch, backend):
    backend.answer = backend.hang
    gateway = launch(setup(backend, CONNECT, GONE))
    engine = EngineSocket(gateway.port)
    engine.send("40")
    backend.next()
    engine.close()
    backend.answer = lambda call: {"accept": True}
    backend.released.set()
    eventually(lambda: gateway.metric("gatehouse_sessions") == 0)
    assert gateway.metric("gatehouse_sockets") == 0


def test_connected_is_told_after_the_client_knows(launch, backend):
    route = {"name": "connected", "match": {"type": "socket.connected"}, "handler": "app"}
    backend.answer = lambda call: {"actions": [{"do": "emit", "event": "hello", "args": []}]}
    gateway = launch(setup(backend, route))
    with Client(gateway.port) as client:
        assert client.event() == ["hello"]
        assert backend.next().event["type"] == "socket.connected"


# Disconnecting


def gone(backend, identity=None):
    """The next report of a socket that is gone: any, or the one with that id."""
    while True:
        event = backend.next().event
        if event["type"] == "socket.disconnected" and identity in (None, event["socket"]["id"]):
            return event


@pytest.fixture
def watched(launch, backend):
    return launch(setup(backend, GONE, pingInterval="300ms", pingTimeout="300ms"))


def test_reason_client(watched, backend):
    with Client(watched.port) as client:
        client.send("41")
        event = gone(backend)
    assert (event["reason"], event["socket"]["id"]) == ("client", client.id)
    assert 0 <= event["durationMs"] < 5000
    assert "event" not in event


def test_reason_transportClose(watched, backend):
    with Client(watched.port) as client:
        client.send("1")
        assert gone(backend)["reason"] in ("transportClose", "client")


def test_reason_when_the_connection_drops(watched, backend):
    client = Client(watched.port)
    client.reset()
    assert gone(backend)["reason"] in ("transportClose", "transportError")


def test_reason_pingTimeout(watched, backend):
    client = Client(watched.port)
    assert gone(backend)["reason"] == "pingTimeout"
    client.close()


def test_reason_server(watched, backend):
    with Client(watched.port) as client:
        client.emit("out")
        assert gone(backend)["reason"] == "server"


def test_reason_parseError(watched, backend):
    with Client(watched.port) as client:
        client.send("42{}")
        assert gone(backend)["reason"] == "parseError"


def test_reason_drain(launch, backend):
    gateway = launch(setup(backend, GONE))
    client = Client(gateway.port)
    gateway.stop()
    gateway.ended_on_purpose = True
    assert gone(backend)["reason"] == "drain"
    client.close()


def test_a_disconnect_is_told_once_for_every_namespace(watched, backend):
    client = Client(watched.port)
    client.send("40/custom,")
    custom = json.loads(client.packet()[len("40/custom,") :])["sid"]
    client.reset()
    events = [gone(backend), gone(backend)]
    assert {event["socket"]["id"] for event in events} == {client.id, custom}
    with Client(watched.port) as other:
        other.assert_responsive()
    assert len([call for call in backend.seen if call.event["type"] == "socket.disconnected"]) == 2


def test_a_disconnect_may_tell_the_others(launch, backend):
    backend.answer = lambda call: {
        "actions": [{"do": "emit", "to": {"all": True}, "event": "gone", "args": [call.event["socket"]["id"]]}]}
    gateway = launch(setup(backend, GONE))
    with Client(gateway.port) as stays:
        leaves = Client(gateway.port)
        leaves.close()
        assert stays.event() == ["gone", leaves.id]


def test_slow_clients_are_closed_and_the_reason_is_slow(launch, backend):
    gateway = launch(setup(backend, GONE) | {"limits": {"outputSoft": "64KiB", "outputHard": "256KiB"}})
    slow = Client(gateway.port)
    slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    memory = gateway.memory_bytes()
    with Client(gateway.port) as sender:
        for number in range(300):
            sender.emit("others", "x" * 100_000)
            if number % 10 == 0:
                sender.assert_responsive()
    assert gone(backend, slow.id)["reason"] == "slow"
    assert gateway.memory_bytes() - memory < 64 << 20
    slow.close()


def test_events_of_a_polling_client_reach_the_backend_like_any_other(launch, backend):
    backend.answer = lambda call: {"ack": [call.event["socket"]["transport"]]}
    gateway = launch(setup(backend))
    session = Polling(gateway.port)
    session.send("40")
    session.packet()
    session.send('421["call"]')
    assert session.packet() == '431["polling"]'


def test_a_backend_may_restart_without_a_client_noticing(launch):
    first = Backend(lambda call: {"ack": ["first"]})
    gateway = launch(setup(first, handler={"timeout": "5s"}))
    with Client(gateway.port) as client:
        assert client.ask("call") == ["first"]
        first.stop()
        assert error_of(client.ask("call", ack=2, timeout=10))["code"] == "unavailable"
        second = Backend(lambda call: {"ack": ["second"]}, port=first.port)
        try:
            assert eventually(lambda: client.ask("call", ack=3) == ["second"], 10)
        finally:
            second.stop()


# Where calls go, and that they cause no others


HOSTILE = ["../../x", "@evil.example/", "%0d%0aX-Injected: 1", "a\r\nX-Injected: 1", "//evil.example/", "{args.0}", "?x#y"]


def test_B12_nothing_that_a_client_says_changes_where_a_call_goes(launch, backend):
    """Addresses are no templates: braces in one are two characters."""
    everything = {"name": "everything", "match": {"event": "*"}, "handler": "app"}
    gateway = launch(setup(backend, everything, handler={"url": f"{backend.url}/{{args.0}}"}))
    paths = set()
    for text in HOSTILE:
        with Client(gateway.port, auth={"token": text}, query="&room=" + text.encode().hex()) as client:
            client.emit(text, text, {"url": text})
            call = backend.next()
        assert call.event["event"] == text and call.event["args"][0] == text
        assert call.headers["host"] == f"127.0.0.1:{backend.port}" and call.headers["x-injected"] is None
        paths.add(call.path)
    assert len(paths) == 1 and paths.pop() in ("/events/{args.0}", "/events/%7Bargs.0%7D")


def test_B12_a_template_in_the_host_is_refused(launch, backend):
    gateway = launch(setup(backend, handler={"url": "http://{args.0}/events"}), start=False)
    with pytest.raises(AssertionError, match="ended with 78"):
        gateway.start()
    gateway.ended_on_purpose = True
    assert "/handlers/app/url" in gateway.log()


def test_B13_what_a_handler_emits_calls_no_handler(launch, backend):
    """Otherwise an echo of what it is told would never end."""
    everything = {"name": "everything", "match": {"event": "again"}, "handler": "app"}
    backend.answer = lambda call: {"actions": [
        {"do": "emit", "to": {"all": True}, "event": "again", "args": call.event["args"]}]}
    gateway = launch(setup(backend, everything))
    with Client(gateway.port) as client, Client(gateway.port) as other:
        for number in range(3):
            client.emit("again", number)
            assert client.event() == other.event() == ["again", number]
        gateway.emit(to={"all": True}, event="again", args=["by the API"])
        assert client.event() == other.event() == ["again", "by the API"]
        client.assert_silent()
        other.assert_silent()
    assert [call.event["args"] for call in backend.seen] == [[0], [1], [2]]


# A backend in a hurry


class HastyBackend:
    """Answers when it has seen the first bytes of a request, and often hangs up at once, without a word about it."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        dice = random.Random()
        with connection, contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while connection.recv(65536):
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
                if dice.random() < 0.7:
                    time.sleep(dice.choice([0, 0, 0.0001, 0.0003]))
                    return


def test_B3_a_backend_that_answers_early_and_hangs_up_ends_nothing(launch, backend):
    hasty = HastyBackend()
    gateway = launch(setup(backend, handler={"url": f"http://127.0.0.1:{hasty.port}/"}))
    answers, problems = [], []

    def ask():
        try:
            with Client(gateway.port) as client:
                answers.extend(client.ask("call") for _ in range(60))
        except Exception as problem:  # noqa: BLE001 (a thread's end is silent otherwise)
            problems.append(problem)

    askers = [threading.Thread(target=ask) for _ in range(32)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(60)
    gateway.assert_alive()
    assert not problems, problems[0]
    assert len(answers) == 32 * 60
    # Some calls were cut off, and their clients were told so; others were answered.
    assert [] in answers
    hasty.listener.close()
