"""Plain WebSockets: events in JSON, and raw messages."""

import base64
import socket
import struct
import time

import jwt
import pytest

from gateway import eventually, request
from plain import EventStream, JSONSocket, LongPoll, config
from wire import CLOSE, PING, PONG, ROUTES, TEXT, Client, Closed, HandshakeRefused, Polling, WebSocket, compact

SECRET = "a secret of at least thirty-two bytes"


@pytest.fixture(scope="module")
def gateway(launch_for_module):
    return launch_for_module(config())


# Events in JSON


def test_an_event_is_acknowledged(gateway):
    with JSONSocket(gateway.port) as client:
        assert client.ask("ask", "a", {"b": [1, None]}, ack=0) == ["a", {"b": [1, None]}]
        assert client.ask("ask", ack=2**53) == []


def test_one_emit_reaches_every_kind_of_socket_in_the_room(launch):
    gateway = launch(config(socket={"allowEIO3": True}))
    polling = Polling(gateway.port)
    polling.send("40")
    assert polling.packet().startswith("40")
    polling.send('42["join","mixed"]')
    with (Client(gateway.port) as client, WebSocket(gateway.port, "/socket.io/?EIO=3&transport=websocket") as older,
          JSONSocket(gateway.port) as plain, WebSocket(gateway.port, "/raw") as raw,
          EventStream(gateway.port) as stream, LongPoll(gateway.port) as fetching):
        # Socket.IO 2 is in the root namespace without asking.
        assert older.receive().startswith("0{") and older.receive() == "40"
        older.send('42["join","mixed"]')
        for one in (client, plain):
            assert one.ask("join", "mixed") == [{"ok": True}]
        assert fetching.question("join", "mixed") == [{"ok": True}]
        # A stream says nothing: it is put in.
        joined = gateway.admin("POST", "/v1/actions", [
            {"do": "join", "target": {"rooms": ["news"]}, "rooms": ["mixed"]}])
        assert joined.status == 200
        eventually(lambda: gateway.admin("GET", "/v1/rooms/mixed").json().get("sockets") == 6, what="six members")
        protocols = [one["protocol"] for one in gateway.admin("GET", "/v1/sockets?room=mixed").json()["sockets"]]
        assert sorted(protocols) == ["longpoll", "socket.io", "socket.io", "socket.io", "sse", "websocket"]
        fetching.ask()
        answer = gateway.emit(event="news", to={"rooms": ["mixed"]}, args=["hi", {"n": 1}])
        assert answer["recipients"] == 6
        assert stream.event() == ["news", "hi", {"n": 1}]
        assert client.event() == ["news", "hi", {"n": 1}]
        assert older.receive() == polling.packet() == '42["news","hi",{"n":1}]'
        message = {"event": "news", "args": ["hi", {"n": 1}]}
        assert plain.message() == message
        assert fetching.take(fetching.answer())["events"] == [message]
        # Each of them that can say something reaches all others.
        for number, say in enumerate((client.emit, plain.emit, fetching.emit, lambda *args: older.send(
                "42" + compact(args)))):
            say("say", "mixed", number)
            assert stream.event() == client.event() == plain.event() == fetching.event() == ["said", "mixed", number]
            assert older.receive() == polling.packet() == f'42["said","mixed",{number}]'
        # Raw clients have no events; a message reaches them, and them alone.
        gateway.admin("POST", "/v1/actions", [{"do": "send", "to": {"all": True}, "text": "plain words"}])
        assert raw.receive() == "plain words"
        plain.assert_responsive()
    polling.close()


def test_events_that_are_kept_have_an_offset(launch):
    gateway = launch(config(socket={"connectionStateRecovery": {}}))
    with JSONSocket(gateway.port) as client:
        assert client.ask("join", "fleeting") == [{"ok": True}]
        offsets = []
        for _ in range(2):
            gateway.emit(event="tock", to={"rooms": ["fleeting"]}, args=[])
            message = client.message()
            assert list(message) == ["event", "args", "offset"]
            offsets.append(message["offset"])
        assert offsets[0] != offsets[1] and offsets[0].split(".")[0] == offsets[1].split(".")[0]
        gateway.emit(event="tick", to={"rooms": ["fleeting"]}, args=[], volatile=True)
        assert client.message() == {"event": "tick", "args": []}


def test_bytes_stand_in_the_arguments_as_base64(gateway):
    with JSONSocket(gateway.port) as client:
        assert client.ask("join", "pictures") == [{"ok": True}]
        gateway.emit(
            event="picture", to={"rooms": ["pictures"]}, args=["a.png", {"_placeholder": True, "num": 0}],
            attachments=[base64.b64encode(b"\x00\xff").decode()])
        assert client.event() == ["picture", "a.png", {"base64": base64.b64encode(b"\x00\xff").decode()}]


def test_the_gateway_may_ask_a_client(gateway):
    import threading

    with JSONSocket(gateway.port) as client:
        assert client.ask("join", "asked") == [{"ok": True}]
        answers = []
        asking = threading.Thread(target=lambda: answers.append(gateway.admin(
            "POST", "/v1/request", {"event": "agree?", "to": {"rooms": ["asked"]}, "args": [1], "timeout": "10s"})))
        asking.start()
        question = client.message()
        assert (question["event"], question["args"]) == ("agree?", [1])
        client.send(compact({"ack": question["ack"], "args": ["yes", 2]}))
        asking.join(15)
    (answer,) = answers
    assert [one["args"] for one in answer.json()["responses"]] == [["yes", 2]]
    assert answer.json()["missing"] == []


@pytest.mark.parametrize("sent, code, reason", [
    ("hello", 1007, "not JSON: unexpected character"),
    ("", 1007, "not JSON: unexpected end of input"),
    ('{"event":"x"', 1007, "not JSON: unexpected end of input"),
    ('{"event":"x"}{}', 1007, "not JSON: something follows the end of the value"),
    ('{"event":"x","args":' + "[" * 70, 1007, "not JSON: nested too deeply"),
    ("[]", 1008, "a message is an object"),
    ("{}", 1008, '"event" is missing'),
    ('{"event":""}', 1008, '"event" is empty'),
    ('{"event":7}', 1008, '"event" is not a string'),
    ('{"event":"x","args":{}}', 1008, '"args" is not a list'),
    ('{"event":"x","ack":-1}', 1008, '"ack" is not a whole number'),
    (b'{"event":"x"}', 1003, "messages are JSON text"),
])
def test_what_is_no_message_closes_with_a_code_and_a_reason(gateway, sent, code, reason):
    with JSONSocket(gateway.port) as client:
        client.send(sent)
        closed = client.wait_closed()
    assert (closed.code, closed.reason) == (code, reason)


def test_W6_text_that_is_not_utf8_closes_with_1007(gateway):
    with JSONSocket(gateway.port) as client:
        client.sock.sendall(client.frame(TEXT, b'{"event":"\xff"}'))
        closed = client.wait_closed()
    assert (closed.code, closed.reason) == (1007, "text is not UTF-8")


def test_an_answer_that_nobody_asked_for_means_nothing(gateway):
    with JSONSocket(gateway.port) as client:
        client.send('{"ack":77,"args":[1]}')
        client.assert_responsive()


def test_messages_sent_with_the_request_for_the_websocket_are_not_lost(gateway):
    from wire import upgrade_request

    with JSONSocket(gateway.port) as other:
        frames = other.frame(TEXT, '{"event":"ask","args":["early"],"ack":1}')
    with socket.create_connection(("127.0.0.1", gateway.port), 10) as sock:
        sock.sendall(upgrade_request("/ws") + frames)
        received = b""
        while b'{"ack":1,"args":["early"]}' not in received:
            chunk = sock.recv(65536)
            assert chunk, received
            received += chunk


# Raw messages


def test_a_raw_message_reaches_the_routes_and_send_answers_it(gateway):
    with WebSocket(gateway.port, "/raw") as client:
        for message in ("hello", "", "ü" * 1000, b"\x00\x01\xff", b""):
            client.send(message)
            assert client.receive() == message


def test_a_handler_gets_raw_messages_as_text_or_base64(launch, backend):
    backend.answer = lambda call: {"actions": [{"do": "send", "to": "self", "text": "got it"}]}
    routes = [{"match": {"type": "socket.message"}, "handler": "app"}]
    gateway = launch(config(routes) | {"handlers": {"app": backend.handler()}})
    with WebSocket(gateway.port, "/raw") as client:
        client.send("words")
        assert client.receive() == "got it"
        client.send(b"\x00\xff")
        assert client.receive() == "got it"
    first, second = backend.next().event, backend.next().event
    assert (first["type"], first["text"]) == ("socket.message", "words")
    assert second["base64"] == "AP8="
    assert (first["socket"]["protocol"], first["socket"]["transport"]) == ("websocket", "websocket")


def test_a_raw_client_gets_no_events(gateway):
    with WebSocket(gateway.port, "/raw") as client:
        gateway.emit(event="news", to={"all": True}, args=[1])
        client.send("after")
        assert client.receive() == "after"


# Coming in


def test_the_first_subprotocol_that_both_know_is_chosen(launch):
    gateway = launch(config(websocket={"subprotocols": ["v2.chat", "v1.chat"]}))
    with JSONSocket(gateway.port, headers={"Sec-WebSocket-Protocol": "v1.chat, v2.chat"}) as client:
        assert client.headers["sec-websocket-protocol"] == "v2.chat"
    for offered in ("v3.chat", None):
        headers = {"Sec-WebSocket-Protocol": offered} if offered else {}
        with JSONSocket(gateway.port, headers=headers) as client:
            assert client.headers["sec-websocket-protocol"] is None
            client.assert_responsive()
    with pytest.raises(HandshakeRefused) as refused:
        JSONSocket(gateway.port, headers={"Sec-WebSocket-Protocol": "v1.chat,,"})
    assert refused.value.reply.status == 400


@pytest.mark.parametrize("method, status", [("GET", 426), ("POST", 405), ("PUT", 405), ("HEAD", 405), ("OPTIONS", 405)])
def test_what_is_no_websocket_is_refused(gateway, method, status):
    answer = request(gateway.port, method, "/ws")
    assert answer.status == status
    if status == 405:
        assert answer.headers["allow"] == "GET"
    assert request(gateway.port, "GET", "/ws/below").status == 404


def test_A1_a_page_of_another_origin_is_refused(launch):
    gateway = launch(config() | {"origins": ["https://app.example.com"]})
    for path in ("/ws", "/raw"):
        with pytest.raises(HandshakeRefused) as refused:
            JSONSocket(gateway.port, path, headers={"Origin": "https://evil.example"})
        assert refused.value.reply.status == 403
        JSONSocket(gateway.port, path, headers={"Origin": "https://app.example.com"}).close()


def test_a_token_says_who_somebody_is(launch):
    auth = {"jwt": {"secret": SECRET, "algorithms": ["HS256"], "cookie": "session", "query": "token"}, "rooms": ["user:{user}"]}
    routes = [{"match": {"event": "who"}, "ack": ["{user}", "{claims.role}"]}, *ROUTES]
    gateway = launch(config(routes, websocket={"auth": auth, "rooms": ["lobby"]}))
    token = jwt.encode({"sub": "u1", "role": "member", "exp": time.time() + 60}, SECRET, "HS256")
    for path, headers in [
        ("/ws", {"Authorization": f"Bearer {token}"}), ("/ws", {"Cookie": f"a=b; session={token}"}),
        (f"/ws?token={token}", {}),
    ]:
        with JSONSocket(gateway.port, path, headers) as client:
            assert client.ask("who") == ["u1", "member"]
            (listed,) = gateway.admin("GET", "/v1/sockets?user=u1").json()["sockets"]
            about = gateway.admin("GET", f"/v1/sockets/{listed['id']}").json()
            assert (about["protocol"], about["transport"], about["user"]) == ("websocket", "websocket", "u1")
            assert sorted(about["rooms"]) == sorted([about["id"], "lobby", "user:u1"])
        eventually(lambda: gateway.metric("gatehouse_sockets", namespace="/") == 0, what="no socket left")
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        with pytest.raises(HandshakeRefused) as refused:
            JSONSocket(gateway.port, headers=headers)
        assert refused.value.reply.status == 401
        assert refused.value.reply.headers["www-authenticate"] == "Bearer"
        assert refused.value.reply.json() == {"message": "unauthorized"}
    assert gateway.metric("gatehouse_auth_failures_total", reason="missing") == 1


def test_a_session_ends_with_its_token(launch):
    gateway = launch(config(websocket={"auth": {"jwt": {"secret": SECRET, "algorithms": ["HS256"]}}}))
    token = jwt.encode({"sub": "u1", "exp": int(time.time()) + 2}, SECRET, "HS256")
    with JSONSocket(gateway.port, headers={"Authorization": f"Bearer {token}"}) as client:
        closed = client.wait_closed(10)
    assert (closed.code, closed.reason) == (3000, "token expired")


def test_the_backend_decides_who_comes_in(launch, backend):
    def answer(call):
        if call.event["type"] == "socket.disconnected":
            return None
        user = call.event["query"].get("user")
        if user is None:
            return {"accept": False, "error": {"message": "who are you?", "data": {"code": 7}}}
        return {"accept": True, "user": user, "rooms": ["vip"], "actions": [
            {"do": "emit", "event": "welcome", "args": [user]}]}

    backend.answer = answer
    routes = [
        {"match": {"type": "socket.connect"}, "handler": "app"},
        {"match": {"type": "socket.disconnected"}, "handler": "app"}, *ROUTES]
    gateway = launch(config(routes) | {"handlers": {"app": backend.handler()}})
    with pytest.raises(HandshakeRefused) as refused:
        JSONSocket(gateway.port)
    assert refused.value.reply.status == 403
    assert refused.value.reply.json() == {"message": "who are you?", "data": {"code": 7}}
    with JSONSocket(gateway.port, "/ws?user=ann") as client:
        assert client.event() == ["welcome", "ann"]
        assert gateway.emit(event="x", to={"rooms": ["vip"]})["recipients"] == 1
        assert client.event() == ["x"]
        client.sock.sendall(client.frame(CLOSE, struct.pack("!H", 1000)))
        assert client.wait_closed().code == 1000
    calls = [backend.next().event for _ in range(3)]
    gone = calls[-1]
    assert gone["type"] == "socket.disconnected" and gone["reason"] == "client"


def test_a_client_that_leaves_while_it_waits_leaves_nothing_behind(launch, backend):
    from wire import upgrade_request

    backend.answer = backend.hang
    routes = [{"match": {"type": "socket.connect"}, "handler": "app"}]
    gateway = launch(config(routes) | {"handlers": {"app": backend.handler()}})
    with socket.create_connection(("127.0.0.1", gateway.port), 10) as sock:
        sock.sendall(upgrade_request("/ws"))
        backend.next()
    backend.released.set()
    time_free = lambda: gateway.metric("gatehouse_handler_inflight", handler="app") == 0
    eventually(time_free, what="the call to end")
    assert gateway.metric("gatehouse_sockets", namespace="/") == 0
    assert gateway.metric("gatehouse_sessions", endpoint="ws") == 0


# Leaving


def test_the_api_may_send_a_client_away(gateway):
    for path, code, reason in [("disconnect", 1000, "disconnected"), ("kick", 1012, "come back")]:
        with JSONSocket(gateway.port) as client:
            assert client.ask("join", f"away:{path}") == [{"ok": True}]
            target = {"rooms": [f"away:{path}"]}
            assert gateway.admin("POST", "/v1/actions", [{"do": path, "target": target}]).status == 200
            closed = client.wait_closed()
        assert (closed.code, closed.reason) == (code, reason)


def test_W7_the_close_frame_is_echoed_and_the_connection_ended(gateway):
    for payload, code in [(struct.pack("!H", 4001) + b"bye", 4001), (b"", 1005), (b"\x03", 1002),
                          (struct.pack("!H", 1005), 1002), (struct.pack("!H", 1000) + b"\xff", 1007)]:
        with JSONSocket(gateway.port) as client:
            client.sock.sendall(client.frame(CLOSE, payload))
            assert client.wait_closed().code == code
            client.sock.settimeout(5)
            assert client.sock.recv(1) == b""


def test_W20_a_client_that_does_not_answer_the_close_frame_is_gone_within_five_seconds(gateway):
    with JSONSocket(gateway.port) as client:
        client.send("{}")
        assert client.wait_closed().code == 1008
        began = time.monotonic()
        client.sock.settimeout(10)
        assert client.sock.recv(1) == b""
        assert time.monotonic() - began < 6
    eventually(lambda: gateway.metric("gatehouse_sessions", endpoint="ws", transport="websocket") == 0, what="no session")


def test_a_client_that_does_not_pong_is_closed(launch):
    gateway = launch(config(websocket={"pingInterval": "300ms", "pingTimeout": "300ms"}))
    with JSONSocket(gateway.port) as silent:
        silent.sock.settimeout(10)
        opcode, _, payload = silent._read_frame()
        assert (opcode, payload) == (PING, b"")
        opcode, _, payload = silent._read_frame()
        assert opcode == CLOSE and struct.unpack("!H", payload[:2])[0] == 1001 and payload[2:] == b"ping timeout"
    eventually(
        lambda: gateway.metric("gatehouse_disconnects_total", namespace="/", reason="pingTimeout") == 1, what="the reason")


def test_a_client_that_pongs_lives_on(launch):
    gateway = launch(config(websocket={"pingInterval": "300ms", "pingTimeout": "5s"}))
    with JSONSocket(gateway.port) as client:
        client.sock.settimeout(10)
        for _ in range(5):
            opcode, _, payload = client._read_frame()
            assert opcode == PING
            client.sock.sendall(client.frame(PONG, payload))
        client.assert_responsive()


def test_everybody_is_told_of_a_restart(launch):
    gateway = launch(config())
    clients = [JSONSocket(gateway.port), WebSocket(gateway.port, "/raw")]
    gateway.stop()
    for client in clients:
        closed = client.wait_closed()
        assert (closed.code, closed.reason) == (1012, "shutting down")
    gateway.ended_on_purpose = True


# Limits


def test_W5_a_message_over_the_limit_is_closed_1009(launch):
    gateway = launch(config(raw={"maxMessageSize": "2KB"}))
    with WebSocket(gateway.port, "/raw") as client:
        client.send("x" * 2000)
        assert client.receive() == "x" * 2000
        client.send("x" * 2001)
        closed = client.wait_closed()
    assert (closed.code, closed.reason) == (1009, "message is too big")


def test_W8_fragments_have_a_limit_that_can_be_raised(launch):
    gateway = launch(config(websocket={"maxMessageSize": "16MiB"}, raw={"maxMessageSize": "16MiB", "maxFragments": 70_000}))

    def fragments(client, count):
        data = client.frame(TEXT, "a", fin=False) + client.frame(0, "b", fin=False) * (count - 2) + client.frame(0, "c")
        client.sock.sendall(data)

    with WebSocket(gateway.port, "/raw") as client:
        fragments(client, 65_536)
        assert client.receive() == "a" + "b" * 65_534 + "c"
        large = "x" * (16 << 20)
        client.send(large)
        assert client.receive(60) == large
    with JSONSocket(gateway.port) as client:
        fragments(client, 2_000)
        assert client.wait_closed().code in (1008, None)


def test_W10_a_flood_of_pings_is_closed(gateway):
    with WebSocket(gateway.port, "/raw") as client:
        try:
            client.sock.sendall(client.frame(PING, b"x") * 2_000)
        except ConnectionError:
            pass
        assert client.wait_closed().code in (1008, None)


def test_control_frames_are_answered_between_fragments(gateway):
    with WebSocket(gateway.port, "/raw") as client:
        client.sock.sendall(
            client.frame(TEXT, "one ", fin=False) + client.frame(PING, b"now") + client.frame(PONG, b"unasked")
            + client.frame(0, "message"))
        client.sock.settimeout(5)
        assert client._read_frame()[::2] == (PONG, b"now")
        assert client.receive() == "one message"


def test_a_client_that_sends_too_fast_is_closed(launch):
    gateway = launch(config() | {"limits": {"messagesPerSocket": "2/s"}})
    with JSONSocket(gateway.port) as client:
        began = time.monotonic()
        closed = None
        client.sock.settimeout(30)
        try:
            while time.monotonic() - began < 30:
                client.emit("nobody")
                time.sleep(0.005)
        except (ConnectionError, TimeoutError):
            pass
        closed = client.wait_closed()
    assert closed.code in (1008, None)
    assert gateway.metric("gatehouse_rate_limited_total") == 1


def test_R1_a_client_that_does_not_read_is_closed_and_costs_little(launch):
    gateway = launch(config() | {"limits": {"outputSoft": "64KiB", "outputHard": "256KiB"}, "timeouts": {"writeProgress": "5s"}})
    with JSONSocket(gateway.port) as slow, JSONSocket(gateway.port) as reader:
        slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        assert slow.ask("join", "flood") == [{"ok": True}]
        before = gateway.memory_bytes()
        text = "x" * 30_000
        sent = 0
        while gateway.metric("gatehouse_slow_consumers_closed_total") == 0 and sent < 2_000:
            gateway.emit(event="big", to={"rooms": ["flood"]}, args=[text])
            sent += 1
        assert gateway.metric("gatehouse_slow_consumers_closed_total") == 1
        assert gateway.memory_bytes() - before < 60e6
        reader.assert_responsive()
    eventually(
        lambda: gateway.metric("gatehouse_disconnects_total", namespace="/", reason="slow") == 1, what="the reason")


def test_E16_a_busy_handler_stops_the_reading_of_its_client(launch, backend):
    backend.answer = backend.hang
    routes = [{"match": {"event": "call"}, "handler": "app"}, *ROUTES]
    gateway = launch(config(routes) | {"handlers": {"app": backend.handler(timeout="60s", concurrency=1)}})
    with JSONSocket(gateway.port) as busy, JSONSocket(gateway.port) as other:
        for number in range(200):
            busy.emit("call", number, ack=number)
        busy.emit("ask", "behind", ack=1000)
        other.assert_responsive()
        with pytest.raises(TimeoutError):
            busy.receive(0.5)
        backend.answer = lambda call: {"ack": [call.event["args"][0]]}
        backend.released.set()
        answers = [busy.message(30) for _ in range(201)]
    assert {one["ack"] for one in answers} == {*range(200), 1000}


def test_the_counters_know_plain_websockets(launch):
    gateway = launch(config())
    with JSONSocket(gateway.port) as client:
        client.assert_responsive()
        assert gateway.metric("gatehouse_sessions", endpoint="ws", transport="websocket") == 1
        assert gateway.metric("gatehouse_messages_received_total", endpoint="ws", type="text") == 1
        assert gateway.metric("gatehouse_messages_sent_total", endpoint="ws", type="text") == 1
        assert gateway.metric("gatehouse_http_requests_total", endpoint="ws", method="GET", code="101") == 1
    eventually(
        lambda: gateway.metric("gatehouse_sessions_closed_total", endpoint="ws", reason="transport_close") == 1,
        what="the closed session")


def test_a_client_that_brings_an_offset_hears_whether_it_missed_nothing(gateway):
    with JSONSocket(gateway.port, "/ws?offset=abc.7") as client:
        assert client.message() == {"recovered": False}
        client.assert_responsive()


# Garbage


def test_W18_garbage_in_any_form_harms_nobody_else(gateway):
    import random

    rng = random.Random(6455)
    with JSONSocket(gateway.port) as bystander:
        for _ in range(150):
            with WebSocket(gateway.port, rng.choice(["/ws", "/raw"])) as client:
                good = client.frame(TEXT, '{"event":"ask","args":["x"],"ack":1}')
                data = bytearray(good * rng.randint(1, 3))
                for _ in range(rng.randint(1, 6)):
                    data[rng.randrange(len(data))] = rng.randrange(256)
                try:
                    client.sock.sendall(data)
                    client.sock.shutdown(socket.SHUT_WR)
                    client.sock.settimeout(5)
                    while client.sock.recv(65536):
                        pass
                except (ConnectionError, Closed):
                    pass
        bystander.assert_responsive()
