"""Engine.IO protocol 4, byte by byte: sessions, polling, upgrade, heartbeat, limits, and what attackers try."""

import collections
import concurrent.futures
import http.client
import json
import os
import random
import socket
import threading
import time

import pytest

from gateway import eventually, request
from wire import (
    SEPARATOR,
    Client,
    Closed,
    EngineSocket,
    HandshakeRefused,
    Polling,
    WebSocket,
    compact,
    config,
    reset,
    upgrade_request,
)

ENGINE = "/engine.io/"
SEEDS = int(os.environ.get("UPGRADE_SEEDS", "12"))


@pytest.fixture(scope="module")
def gateway(launch_for_module):
    return launch_for_module(config())


@pytest.fixture(scope="module")
def quick(launch_for_module):
    """The same with short times."""
    times = {"pingInterval": "300ms", "pingTimeout": "200ms", "upgradeTimeout": "400ms"}
    return launch_for_module(config(**times))


def assert_error(reply, code, message, status=400):
    assert reply.status == status, reply
    assert reply.headers["content-type"] == "application/json", reply
    assert reply.json() == {"code": code, "message": message}


def handshake(port, query, method="GET", path=ENGINE, **more):
    return request(port, method, f"{path}?{query}", **more)


# Handshake


def test_open_packet_by_polling_has_exactly_the_five_fields(gateway):
    session = Polling(gateway.port)
    assert session.open == {
        "sid": session.sid,
        "upgrades": ["websocket"],
        "pingInterval": 25000,
        "pingTimeout": 20000,
        "maxPayload": 1000000,
    }
    assert list(session.open) == ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"]
    assert session.handshake.headers["content-type"] == "text/plain; charset=UTF-8"
    assert session.handshake.headers["cache-control"] == "no-store"
    assert session.handshake.headers.get("set-cookie") is None
    assert session.handshake.headers.get("server") is None


def test_open_packet_by_websocket_offers_no_upgrade(gateway):
    with EngineSocket(gateway.port) as session:
        assert session.open["upgrades"] == []
        assert session.headers.get("sec-websocket-extensions") is None


def test_upgrades_are_not_offered_when_not_allowed(launch):
    gateway = launch(config(allowUpgrades=False))
    assert Polling(gateway.port).open["upgrades"] == []


def test_a_transport_that_is_not_configured_is_unknown(launch):
    gateway = launch(config(transports=["websocket"]))
    assert_error(handshake(gateway.port, "EIO=4&transport=polling", path="/socket.io/"), 0, "Transport unknown")
    with EngineSocket(gateway.port) as session:
        assert session.sid


@pytest.mark.parametrize("transport", ["__proto__", "constructor", "toString", "abc", "", "Polling"])
def test_E1_unknown_transport_names_are_refused(gateway, transport):
    assert_error(handshake(gateway.port, f"EIO=4&transport={transport}"), 0, "Transport unknown")


def test_E1_a_missing_transport_is_refused(gateway):
    assert_error(handshake(gateway.port, "EIO=4"), 0, "Transport unknown")


@pytest.mark.parametrize("sid", ["__proto__", "toString", "hasOwnProperty", "x", "a" * 2000])
def test_E1_unknown_session_ids_are_refused(gateway, sid):
    for method in ("GET", "POST"):
        reply = handshake(gateway.port, f"EIO=4&transport=polling&sid={sid}", method)
        assert_error(reply, 1, "Session ID unknown")


@pytest.mark.parametrize("sid", ["%00", "a%0d%0ab", "%", "%zz"])
def test_E1_what_cannot_be_a_session_id_is_a_bad_request(gateway, sid):
    assert handshake(gateway.port, f"EIO=4&transport=polling&sid={sid}").status == 400


@pytest.mark.parametrize("query", ["transport=polling", "EIO=3&transport=polling", "EIO=abc&transport=polling",
                                   "EIO=5&transport=polling", "EIO=&transport=polling"])
def test_E14_other_protocol_versions_are_refused(gateway, query):
    assert_error(handshake(gateway.port, query), 5, "Unsupported protocol version")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_E14_a_handshake_is_a_GET(gateway, method):
    assert_error(handshake(gateway.port, "EIO=4&transport=polling", method), 2, "Bad handshake method")


def test_E14_a_HEAD_handshake_is_refused_without_a_body(gateway):
    reply = handshake(gateway.port, "EIO=4&transport=polling", "HEAD")
    assert (reply.status, reply.body) == (400, b"")


def test_a_websocket_handshake_without_upgrade_is_a_bad_request(gateway):
    assert_error(handshake(gateway.port, "EIO=4&transport=websocket"), 3, "Bad request")


@pytest.mark.parametrize(
    "query,message",
    [
        ("EIO=4", "Transport unknown"),
        ("EIO=4&transport=abc", "Transport unknown"),
        ("EIO=3&transport=websocket", "Unsupported protocol version"),
        ("transport=websocket", "Unsupported protocol version"),
        ("EIO=4&transport=websocket&sid=unknown", "Session ID unknown"),
    ],
)
def test_errors_of_a_websocket_handshake_are_plain_HTTP(gateway, query, message):
    with pytest.raises(HandshakeRefused) as refused:
        WebSocket(gateway.port, f"{ENGINE}?{query}")
    reply = refused.value.reply
    assert reply.status == 400
    assert reply.headers["content-type"].startswith("text/html")
    assert reply.headers["connection"].lower() == "close"
    assert reply.text == message


def test_the_path_is_served_without_its_trailing_slash_only_when_asked(launch, gateway):
    query = "EIO=4&transport=polling"
    assert handshake(gateway.port, query, path="/socket.io").status == 404
    loose = launch(config(addTrailingSlash=False))
    assert handshake(loose.port, query, path="/socket.io").status == 200
    assert handshake(loose.port, query, path="/socket.io/").status == 200


def test_any_other_path_is_not_found(gateway):
    for target in ("/", "/socket.i", "/nothing", "/metrics", "/readyz", "/v1/sockets"):
        assert request(gateway.port, "GET", target).status == 404, target


def test_a_percent_encoded_query_means_the_same(gateway):
    assert handshake(gateway.port, "EIO=%34&transport=%70olling").status == 200


def test_doubled_query_keys_are_refused(gateway):
    session = Polling(gateway.port, ENGINE)
    reply = handshake(gateway.port, f"EIO=4&transport=polling&sid={session.sid}&sid=other")
    assert reply.status == 400


# Polling


def test_several_packets_of_one_post_come_back_in_one_poll(gateway):
    session = Polling(gateway.port, ENGINE)
    session.send("4one", "4zwei ✓", "bAQIDBA==", "4")
    assert session.poll() == ["4one", "4zwei ✓", "bAQIDBA==", "4"]


def test_a_poll_waits_for_something_to_say(gateway):
    session = Polling(gateway.port, ENGINE)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(session.poll)
        session.send("4hello")
        assert waiting.result(5) == ["4hello"]


def test_answers_to_polls_and_posts_have_the_headers_of_the_reference(gateway):
    session = Polling(gateway.port, ENGINE)
    post = session.post("4x")
    assert (post.status, post.text, post.headers["content-type"]) == (200, "ok", "text/html")
    assert post.headers["cache-control"] == "no-store"
    poll = session.get()
    assert poll.headers["content-type"] == "text/plain; charset=UTF-8"
    assert poll.headers["cache-control"] == "no-store"
    assert poll.headers["content-length"] == "2"


def test_a_poll_whose_connection_drops_ends_the_session(gateway):
    session = Polling(gateway.port, ENGINE)
    line = f"GET {session.target} HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", gateway.port)) as sock:
        sock.sendall(line.encode())
        # The request has arrived when a second poll would be one too many; a POST leaves it alone.
        session.request("POST", b"3")
    eventually(lambda: session.get(5).status == 400, what="the end of the session")


def test_a_close_packet_answers_the_poll_with_noop_and_ends_the_session(gateway):
    session = Polling(gateway.port, ENGINE)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(session.get)
        time.sleep(0.05)
        session.send("1")
        assert waiting.result(5).text == "6"
    session.assert_closed()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_with_a_known_sid_are_answered_500_with_nothing(gateway, method):
    session = Polling(gateway.port, ENGINE)
    reply = session.request(method)
    assert (reply.status, reply.body) == (500, b"")
    session.send("4still there")
    assert session.poll() == ["4still there"]


def test_a_HEAD_with_a_known_sid_is_answered_500_with_nothing(gateway):
    session = Polling(gateway.port, ENGINE)
    reply = session.request("HEAD")
    assert (reply.status, reply.body) == (500, b"")


def test_H21_a_post_over_the_limit_is_413_and_the_session_stays(gateway):
    session = Polling(gateway.port, ENGINE)
    with socket.create_connection(("127.0.0.1", gateway.port), 5) as sock:
        head = f"POST {session.target} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000001\r\n\r\n"
        sock.sendall(head.encode())
        answer = sock.recv(4096)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert answer.endswith(b"\r\n\r\n")
    session.send("4after")
    assert session.poll() == ["4after"]


def test_a_post_of_exactly_the_limit_passes(gateway):
    session = Polling(gateway.port, ENGINE)
    big = "4" + "x" * 999_999
    session.send(big)
    assert session.poll() == [big]


def test_the_limit_is_configurable_and_advertised(launch):
    gateway = launch(config(maxHttpBufferSize="2KB"))
    session = Polling(gateway.port, ENGINE)
    assert session.open["maxPayload"] == 2000
    assert session.post("4" + "x" * 2000).status == 413
    with EngineSocket(gateway.port, ENGINE) as other:
        other.send("4" + "x" * 1999)
        assert other.packet() == "4" + "x" * 1999
        other.send("4" + "x" * 2000)
        closed = other.wait_closed()
    assert (closed.code, closed.reason) == (1009, "")


def test_a_websocket_message_over_the_limit_is_closed_1009_without_a_reason(gateway):
    with EngineSocket(gateway.port, ENGINE) as session:
        session.send(b"x" * 1_000_001)
        closed = session.wait_closed()
    assert (closed.code, closed.reason) == (1009, "")


def test_poll_answers_over_the_threshold_are_compressed_when_the_client_can(gateway):
    import gzip

    session = Polling(gateway.port, ENGINE, headers={"accept-encoding": "gzip, deflate"})
    small, large = "4" + "s" * 500, "4" + "l" * 5000
    session.send(small)
    reply = session.get()
    assert reply.headers.get("content-encoding") is None
    assert reply.text == small
    session.send(large)
    reply = session.get()
    assert reply.headers["content-encoding"] == "gzip"
    assert gzip.decompress(reply.body).decode() == large
    assert len(reply.body) < 500


def test_poll_answers_are_not_compressed_for_a_client_that_cannot(gateway):
    session = Polling(gateway.port, ENGINE)
    large = "4" + "l" * 5000
    session.send(large)
    reply = session.get()
    assert reply.headers.get("content-encoding") is None
    assert reply.text == large


def test_old_internet_explorer_gets_its_header(gateway):
    session = Polling(gateway.port, ENGINE, headers={"user-agent": "Mozilla/5.0 (Windows NT 10.0; Trident/7.0; rv:11.0)"})
    assert session.handshake.headers["x-xss-protection"] == "0"


# Heartbeat


def test_a_polling_client_is_pinged_and_answers(quick):
    session = Polling(quick.port, ENGINE)
    for _ in range(3):
        assert session.poll(2) == ["2"]
        session.send("3")


def test_a_websocket_client_is_pinged_and_answers(quick):
    with EngineSocket(quick.port, ENGINE) as session:
        for _ in range(3):
            assert session.receive(2) == "2"
            session.send("3")


def test_E6_a_polling_client_that_never_pongs_is_closed_on_time(quick):
    started = time.monotonic()
    session = Polling(quick.port, ENGINE)
    assert session.poll(2) == ["2"]
    reply = session.get(3)
    assert 0.4 < time.monotonic() - started < 1.5
    assert reply.status == 400 or reply.text == "1"
    session.assert_closed()


def test_E6_a_websocket_client_that_never_pongs_is_closed_on_time(quick):
    started = time.monotonic()
    with EngineSocket(quick.port, ENGINE) as session:
        session.wait_closed(3)
    assert 0.4 < time.monotonic() - started < 1.5


def test_ordinary_packets_do_not_put_off_the_heartbeat(quick):
    with EngineSocket(quick.port, ENGINE) as session:
        started = time.monotonic()
        pings = 0
        while time.monotonic() - started < 0.75:
            session.send("4x")
            got = session.receive(2)
            while got != "4x":
                assert got == "2"
                pings += 1
                session.send("3")
                got = session.receive(2)
            time.sleep(0.01)
        assert pings == 2


def test_E5_a_ping_from_the_client_closes(gateway):
    with EngineSocket(gateway.port, ENGINE) as session:
        session.send("2")
        session.wait_closed()
    polling = Polling(gateway.port, ENGINE)
    polling.post("2")
    polling.assert_closed()


def test_E5_an_extra_pong_is_ignored(gateway):
    with EngineSocket(gateway.port, ENGINE) as session:
        session.send("3")
        session.send("4x")
        assert session.packet() == "4x"


def test_E5_a_flood_of_pongs_is_closed(gateway):
    with EngineSocket(gateway.port, ENGINE) as session:
        pong = session.frame(1, "3")
        try:
            for _ in range(40):
                session.sock.sendall(pong * 50)
        except ConnectionError:
            pass
        session.wait_closed()


# Malformed input


@pytest.mark.parametrize("body", ["abc", "7x", "9", "4ok\x1eabc", "\x1e", "4a\x1e\x1e4b", "0", "b!!!", "bA", "bAQI", "4ok\x1eb!!!"])
def test_E13_a_payload_that_cannot_be_decoded_closes_the_session(gateway, body):
    session = Polling(gateway.port, ENGINE)
    session.request("POST", body.encode())
    session.assert_closed()


def test_E13_invalid_UTF8_in_a_post_closes_the_session(gateway):
    session = Polling(gateway.port, ENGINE)
    session.request("POST", b"4\xff\xfe\xc0\xaf")
    session.assert_closed()


def test_E13_a_binary_post_is_refused_and_closes_the_session(gateway):
    session = Polling(gateway.port, ENGINE)
    reply = session.post("4x", headers={"content-type": "application/octet-stream"})
    assert reply.status == 400
    session.assert_closed()


def test_E13_JSONP_is_refused(gateway):
    assert handshake(gateway.port, "EIO=4&transport=polling&j=0").status == 400
    session = Polling(gateway.port, ENGINE)
    assert handshake(gateway.port, f"EIO=4&transport=polling&j=0&sid={session.sid}").status == 400


@pytest.mark.parametrize("message", ["abc", "7", "9x", "", "0"])
def test_a_websocket_message_that_is_no_packet_closes(gateway, message):
    with EngineSocket(gateway.port, ENGINE) as session:
        session.send(message)
        session.wait_closed()


def test_E3_a_bomb_of_separators_stops_at_the_first(gateway):
    session = Polling(gateway.port, ENGINE)
    memory, cpu = gateway.memory_bytes(), gateway.cpu_seconds()
    session.request("POST", SEPARATOR.encode() * 1_000_000)
    session.assert_closed()
    assert gateway.cpu_seconds() - cpu < 0.5
    assert gateway.memory_bytes() - memory < 16 << 20


def test_E4_a_megabyte_of_pongs_in_one_post_closes(gateway):
    session = Polling(gateway.port, ENGINE)
    session.request("POST", b"3\x1e" * 499_999 + b"3")
    session.assert_closed()


def test_E4_five_thousand_messages_in_one_post_all_arrive_in_order(gateway):
    session = Polling(gateway.port, "/socket.io/")
    session.send("40")
    assert session.packet().startswith("40")
    session.send(*(f'42["echo",{number}]' for number in range(5000)))
    got = [session.packet() for _ in range(5000)]
    assert got == [f'42["echo",{number}]' for number in range(5000)]


def test_E7_a_second_poll_is_refused_and_closes_the_session(gateway):
    session = Polling(gateway.port, ENGINE)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        first = pool.submit(session.get)
        time.sleep(0.05)
        second = request(gateway.port, "GET", session.target)
        assert second.status == 400
        reply = first.result(5)
    assert (reply.status, reply.text) == (200, "1")
    session.assert_closed()


def test_E7_a_second_post_is_refused_and_closes_the_session(gateway):
    session = Polling(gateway.port, ENGINE)
    head = f"POST {session.target} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n4a"
    with socket.create_connection(("127.0.0.1", gateway.port), 5) as sock:
        sock.sendall(head.encode())
        time.sleep(0.05)
        assert session.post("4b").status == 400
    session.assert_closed()


# Upgrade


def upgraded(port, path=ENGINE):
    session = Polling(port, path)
    sock = session.upgrade()
    sock.send("2probe")
    assert sock.receive() == "3probe"
    sock.send("5")
    return session, sock


def test_an_upgrade_is_probed_announced_and_completed(gateway):
    session = Polling(gateway.port, ENGINE)
    with concurrent.futures.ThreadPoolExecutor() as pool, session.upgrade() as sock:
        waiting = pool.submit(session.poll)
        sock.send("2probe")
        assert sock.receive() == "3probe"
        assert waiting.result(2) == ["6"]
        sock.send("5")
        sock.send("4hello")
        assert sock.receive() == "4hello"
        sock.send(b"\x01\x02")
        assert sock.receive() == b"\x01\x02"


def test_a_poll_sent_during_the_probe_is_released_with_noop(gateway):
    session = Polling(gateway.port, ENGINE)
    with session.upgrade() as sock:
        sock.send("2probe")
        assert sock.receive() == "3probe"
        assert session.poll(2) == ["6"]
        sock.send("5")
        sock.send("4x")
        assert sock.receive() == "4x"


def test_what_waits_at_the_switch_comes_first_on_the_websocket(gateway):
    session = Polling(gateway.port, ENGINE)
    with session.upgrade() as sock:
        sock.send("2probe")
        assert sock.receive() == "3probe"
        session.send("4before one", "4before two")
        sock.send("5")
        sock.send("4after")
        assert [sock.receive() for _ in range(3)] == ["4before one", "4before two", "4after"]


def test_E2_resets_around_an_upgrade_leave_the_polling_session_alone(gateway):
    session = Polling(gateway.port, ENGINE)

    def before_the_answer():
        sock = socket.create_connection(("127.0.0.1", gateway.port))
        sock.sendall(upgrade_request(f"{ENGINE}?EIO=4&transport=websocket&sid={session.sid}"))
        reset(sock)

    def after_the_answer():
        session.upgrade().reset()

    def after_the_probe():
        sock = session.upgrade()
        sock.send("2probe")
        sock.reset()

    def before_the_upgrade_packet():
        sock = session.upgrade()
        sock.send("2probe")
        assert sock.receive() == "3probe"
        sock.reset()

    for number, moment in enumerate([before_the_answer, after_the_answer, after_the_probe, before_the_upgrade_packet] * 3):
        while True:
            try:
                moment()
                break
            except (Closed, HandshakeRefused):
                # The one before has not been noticed yet, so the session is still upgrading: try again.
                time.sleep(0.01)
        session.send(f"4{number} {moment.__name__}")
        assert session.packet() == f"4{number} {moment.__name__}"


def test_E8_a_second_websocket_during_the_upgrade_is_closed(gateway):
    session = Polling(gateway.port, ENGINE)
    with session.upgrade() as first:
        first.send("2probe")
        assert first.receive() == "3probe"
        try:
            with session.upgrade() as second:
                second.wait_closed(2)
        except HandshakeRefused:
            pass
        first.send("5")
        first.send("4x")
        assert first.receive() == "4x"


def test_E8_after_the_upgrade_other_websockets_and_polls_are_refused(gateway):
    session, sock = upgraded(gateway.port)
    with sock:
        try:
            with session.upgrade() as second:
                second.wait_closed(2)
        except HandshakeRefused:
            pass
        assert_error(session.get(5), 3, "Bad request")
        assert session.post("4lost").status == 400
        sock.send("4x")
        assert sock.receive() == "4x"


def test_E9_an_upgrade_that_is_never_completed_times_out_and_polling_goes_on(quick):
    session = Polling(quick.port, ENGINE)
    alive = threading.Thread(target=lambda: session.packet(4), daemon=True)
    alive.start()  # keeps answering pings until the echo below comes
    with session.upgrade() as silent:
        started = time.monotonic()
        silent.wait_closed(3)
        assert 0.2 < time.monotonic() - started < 1.5
    eventually(alive.is_alive)
    request(quick.port, "POST", session.target, b"4polling")
    alive.join(4)
    assert not alive.is_alive()


def test_an_upgrade_is_refused_where_upgrades_are_not_allowed(launch):
    gateway = launch(config(allowUpgrades=False))
    session = Polling(gateway.port, ENGINE)
    try:
        with session.upgrade() as sock:
            sock.wait_closed(2)
    except HandshakeRefused as refused:
        assert refused.reply.status == 400


@pytest.mark.parametrize("seed", range(SEEDS))
def test_E10_nothing_is_lost_doubled_or_reordered_by_an_upgrade_under_traffic(gateway, seed):
    """A publisher numbers events while a client upgrades at a random point and numbers events of its own."""
    chance = random.Random(seed)
    count = 400
    session = Polling(gateway.port)
    session.send("40")
    assert session.packet().startswith("40")
    room = f"upgrade {seed}"
    session.send(f'420{compact(["join", room])}')
    assert session.packet() == '430[{"ok":true}]'

    got, sent = [], 0
    finished = [f'42{compact(["said", room, n])}' for n in range(count)]
    acks = collections.deque()

    def take(packet):
        if packet.startswith("43"):
            acks.append(int(packet[2 : packet.index("[")]))
        elif packet.startswith("42"):
            got.append(packet)

    def publish():
        with Client(gateway.port) as publisher:
            for number in range(count):
                publisher.emit("say", room, number)
                if chance_for_publisher.random() < 0.3:
                    time.sleep(0.001)
            publisher.assert_responsive()

    chance_for_publisher = random.Random(seed + 1000)
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
    session.waiting = []

    with session.upgrade() as sock, concurrent.futures.ThreadPoolExecutor() as pool:
        # As clients do it: a poll is under way when the probe starts, and is awaited before packet 5.
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
        while len(got) < count or len(acks) < sent:
            if sent < 60:
                sock.send(f'42{sent}["ask"]')
                sent += 1
            packet = sock.receive()
            if packet == "2":
                sock.send("3")
            else:
                take(packet)
    publishing.join(10)
    assert got == finished
    assert list(acks) == list(range(sent))


# Many


def test_E11_sessions_that_are_never_polled_go_away(quick):
    sids = [Polling(quick.port, ENGINE) for _ in range(100)]
    for session in sids:
        session.close()
    eventually(lambda: quick.metric("gatehouse_sessions", endpoint="engine") == 0, 5, "zero sessions")
    sids[0].assert_closed()


def test_E11_connections_beyond_the_cap_are_turned_away(launch):
    # Sessions that nobody polls count until they have timed out.
    gateway = launch(config(pingInterval="300ms", pingTimeout="200ms") | {"limits": {"maxConnections": 30}})
    query = b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n"
    held, answers = [], collections.Counter()
    try:
        for _ in range(50):
            sock = socket.create_connection(("127.0.0.1", gateway.port), 5)
            held.append(sock)
            try:
                sock.sendall(query)
                answers[sock.recv(4096)[9:12].decode() or "closed"] += 1
            except ConnectionError:
                answers["closed"] += 1
    finally:
        for sock in held:
            sock.close()
    # The connection of the readiness check may still be counted.
    assert 25 <= answers["200"] <= 30, answers
    assert set(answers) <= {"200", "503", "closed"}, answers
    eventually(lambda: handshake_works(gateway), what="room again after they left")


def test_E11_polling_sessions_without_a_connection_count_as_well(launch):
    gateway = launch(config() | {"limits": {"maxConnections": 30}})
    statuses = collections.Counter(
        handshake(gateway.port, "EIO=4&transport=polling").status for _ in range(40))
    assert statuses == {200: 30, 503: 10}


def handshake_works(gateway):
    try:
        return handshake(gateway.port, "EIO=4&transport=polling").status == 200
    except (OSError, http.client.HTTPException):
        return False


def test_E11_a_flood_of_handshakes_costs_little_memory(gateway):
    session = Polling(gateway.port, ENGINE)
    memory = gateway.memory_bytes()
    for _ in range(3000):
        session.sid = None
        assert session.request("GET").status in (200, 429, 503)
    assert gateway.memory_bytes() - memory < 3000 * 8192


def test_E12_session_ids_do_not_repeat_and_do_not_show_a_pattern(gateway):
    sids = []
    session = Polling(gateway.port, ENGINE)
    for _ in range(2000):
        session.sid = None
        reply = session.request("GET")
        assert reply.status == 200, reply
        sids.append(json.loads(reply.text[1:])["sid"])
    assert len(set(sids)) == len(sids)
    assert {len(sid) for sid in sids} == {len(sids[0])} and len(sids[0]) >= 20
    assert all(character.isalnum() or character in "-_" for sid in sids for character in sid)
    # 128 bits are 22 characters of 6 bits; a public prefix of the node may come on top, a counter may not.
    varied = [position for position in range(len(sids[0])) if len({sid[position] for sid in sids}) >= 60]
    assert len(varied) >= 18, f"only {len(varied)} positions vary"
    for position in varied:
        most = collections.Counter(sid[position] for sid in sids).most_common(1)[0][1]
        assert most < 2000 / 64 * 3, f"position {position} prefers a character"
    assert not any(sid in gateway.log(10_000) for sid in sids), "a session id must not be logged in full"


def test_E16_a_hung_handler_stops_the_reading_of_that_client_only(launch, backend):
    backend.answer = backend.hang
    setup = config(routes=[{"match": {"event": "ask"}, "ack": "{args}"}, {"match": {"event": "hang"}, "handler": "app"}])
    gateway = launch(setup | {"handlers": {"app": backend.handler(timeout="60s")}})
    memory = gateway.memory_bytes()
    message = None
    sent = 0
    with Client(gateway.port) as flooder, Client(gateway.port) as other:
        message = flooder.frame(1, '42["hang","' + "x" * 1000 + '"]')
        flooder.sock.settimeout(1)
        try:
            while sent < 100_000:
                flooder.sock.sendall(message)
                sent += 1
        except TimeoutError:
            pass
        assert sent < 50_000, "the gateway read on although nothing was handled"
        assert gateway.memory_bytes() - memory < 48 << 20
        other.assert_responsive()
        backend.released.set()


# Cross-origin, cookies


def test_no_cross_origin_headers_unless_configured(gateway):
    reply = handshake(gateway.port, "EIO=4&transport=polling")
    assert not [name for name in reply.headers if name.lower().startswith("access-control-")]


def test_cors_lets_the_configured_origin_in_and_answers_the_preflight_204(launch):
    cors = {"origin": ["https://app.example.com"], "credentials": True, "methods": ["GET", "POST"]}
    gateway = launch(config(cors=cors) | {"origins": ["https://app.example.com"]})
    origin = {"origin": "https://app.example.com"}
    reply = handshake(gateway.port, "EIO=4&transport=polling", path="/socket.io/", headers=origin)
    assert reply.status == 200
    assert reply.headers["access-control-allow-origin"] == "https://app.example.com"
    assert reply.headers["access-control-allow-credentials"] == "true"
    assert "origin" in reply.headers["vary"].lower()

    preflight = handshake(
        gateway.port,
        "EIO=4&transport=polling",
        "OPTIONS",
        path="/socket.io/",
        headers=origin | {"access-control-request-method": "POST", "access-control-request-headers": "content-type"},
    )
    assert (preflight.status, preflight.body) == (204, b"")
    assert preflight.headers["access-control-allow-origin"] == "https://app.example.com"
    assert preflight.headers["access-control-allow-methods"] == "GET,POST"
    assert preflight.headers["access-control-allow-headers"] == "content-type"

    other = handshake(gateway.port, "EIO=4&transport=polling", path="/socket.io/", headers={"origin": "https://evil.example"})
    assert other.headers.get("access-control-allow-origin") in (None, "https://app.example.com")
    assert other.headers.get("access-control-allow-origin") != "https://evil.example"


def test_a_websocket_from_a_foreign_origin_is_refused(launch):
    gateway = launch(config() | {"origins": ["https://app.example.com"]})
    with EngineSocket(gateway.port, headers={"Origin": "https://app.example.com"}) as allowed:
        assert allowed.sid
    with pytest.raises(HandshakeRefused) as refused:
        WebSocket(gateway.port, "/socket.io/?EIO=4&transport=websocket", {"Origin": "https://evil.example"})
    assert refused.value.reply.status in (400, 403)


def test_the_cookie_is_set_on_the_polling_handshake_only(launch):
    gateway = launch(config(cookie=True))
    session = Polling(gateway.port, "/socket.io/")
    assert session.handshake.headers.get_all("set-cookie") == [f"io={session.sid}; Path=/; HttpOnly; SameSite=Lax"]
    session.send("40")
    assert session.get().headers.get("set-cookie") is None
    with EngineSocket(gateway.port) as other:
        assert other.headers.get("set-cookie") is None


def test_the_cookie_takes_its_name_and_attributes_from_the_configuration(launch):
    gateway = launch(config(cookie={"name": "lb", "path": "/socket.io/", "secure": True, "sameSite": "none"}))
    cookie = Polling(gateway.port, "/socket.io/").handshake.headers["set-cookie"]
    name, *attributes = [part.strip() for part in cookie.split(";")]
    assert name.startswith("lb=")
    assert {"Path=/socket.io/", "HttpOnly", "Secure", "SameSite=None"} == set(attributes)


# Static files and the client beside the path


def test_the_client_is_served_beside_the_path(launch, client_file):
    gateway = launch(config(serveClient=str(client_file)))
    reply = request(gateway.port, "GET", "/socket.io/socket.io.min.js")
    assert reply.status == 200
    assert reply.body == client_file.read_bytes()
    assert "javascript" in reply.headers["content-type"]
    assert reply.headers["cache-control"] == "public, max-age=0"
    tag = reply.headers["etag"]
    again = request(gateway.port, "GET", "/socket.io/socket.io.min.js", headers={"if-none-match": tag})
    assert (again.status, again.body) == (304, b"")
    assert request(gateway.port, "HEAD", "/socket.io/socket.io.min.js").body == b""


def test_a_missing_client_file_does_not_stop_the_gateway(launch):
    gateway = launch(config(serveClient="nowhere/socket.io.min.js"))
    assert request(gateway.port, "GET", "/socket.io/socket.io.min.js").status in (400, 404)
    assert "nowhere" in gateway.log()
    assert Polling(gateway.port, "/socket.io/").sid


@pytest.mark.parametrize(
    "target",
    ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/page/../../secret.txt", "//secret.txt", "/link.txt",
     "/.hidden", "/%00", "/a\\..\\secret.txt", "/page", "/index.html/"],
)
def test_static_files_stay_inside_their_directory(launch, tmp_path, target):
    site = tmp_path / "site"
    (site / "page").mkdir(parents=True)
    (site / "index.html").write_text("<h1>home</h1>")
    (site / ".hidden").write_text("secret")
    (tmp_path / "secret.txt").write_text("secret")
    (site / "link.txt").symlink_to(tmp_path / "secret.txt")
    setup = config()
    setup["endpoints"].append({"name": "site", "path": "/", "protocol": "static", "directory": str(site)})
    gateway = launch(setup)
    home = request(gateway.port, "GET", "/")
    assert (home.status, home.body) == (200, b"<h1>home</h1>")
    assert home.headers["content-type"].startswith("text/html")
    with socket.create_connection(("127.0.0.1", gateway.port), 5) as sock:
        sock.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while chunk := sock.recv(65536):
            answer += chunk
    assert answer.split(b" ")[1] in (b"400", b"403", b"404"), answer
    assert b"secret" not in answer.partition(b"\r\n\r\n")[2]
