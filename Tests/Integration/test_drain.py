"""The way out: what clients, probes and operators see of a drain."""

import contextlib
import http.client
import json
import os
import pathlib
import selectors
import signal
import socket
import struct
import subprocess
import threading
import time

import pytest

from gateway import binary, environment, eventually, request
from wire import Client, HandshakeRefused, Polling, WebSocket, config, upgrade_request

HANDSHAKE = "/socket.io/?EIO=4&transport=polling"


def draining(delay="0s", window="0s", hard="30s", **more):
    return config() | {"drain": {"delay": delay, "window": window, "hardStop": hard}} | more


def term(gateway):
    gateway.ended_on_purpose = True
    gateway.process.send_signal(signal.SIGTERM)
    return time.monotonic()


def ended(gateway, seconds=20):
    """The exit code, and when it was there."""
    code = gateway.process.wait(seconds)
    return code, time.monotonic()


def readiness(gateway):
    reply = gateway.admin("GET", "/readyz?verbose")
    return reply.status, reply.json()["checks"]


def fleet(gateway, count):
    """WebSockets that were opened and connected, cheaply: one socket each, read by one selector."""
    sockets = []
    for _ in range(count):
        one = socket.create_connection(("127.0.0.1", gateway.port), 10)
        one.sendall(upgrade_request("/socket.io/?EIO=4&transport=websocket"))
        sockets.append(one)
    return sockets


def watch_closes(sockets, seconds):
    """When each socket got its close frame, with the code; reads whatever else comes."""
    chosen = selectors.DefaultSelector()
    buffers = {}
    for one in sockets:
        one.setblocking(False)
        chosen.register(one, selectors.EVENT_READ)
        buffers[one] = b""
    closes = {}
    deadline = time.monotonic() + seconds
    while len(closes) < len(sockets) and time.monotonic() < deadline:
        for key, _ in chosen.select(0.2):
            one = key.fileobj
            try:
                chunk = one.recv(65536)
            except ConnectionError:
                chunk = b""
            buffers[one] += chunk
            at = buffers[one].find(b"\x88")
            if at >= 0 and len(buffers[one]) >= at + 4:
                closes[one] = (time.monotonic(), struct.unpack("!H", buffers[one][at + 2:at + 4])[0])
            elif chunk:
                continue
            else:
                closes[one] = (time.monotonic(), None)
            chosen.unregister(one)
            one.close()
    return list(closes.values())


def test_P1_closes_are_spread_evenly_over_the_window_and_say_service_restart(launch):
    gateway = launch(draining(window="3s"))
    count = 300
    sockets = fleet(gateway, count)
    eventually(lambda: gateway.metric("gatehouse_sessions") == count, 20, "all sessions")
    began = term(gateway)
    closes = watch_closes(sockets, 20)
    code, end = ended(gateway)
    assert code == 0, gateway.log()
    assert len(closes) == count
    assert {why for _, why in closes} == {1012}
    times = sorted(when - began for when, _ in closes)
    # Generous, because the machine may be busy: no burst, no long pause, and the whole window was used.
    assert times[-1] - times[0] > 2, times[-1]
    assert max(b - a for a, b in zip(times, times[1:])) < 1
    sixths = [sum(1 for one in times if start <= one - times[0] < start + 0.5) for start in (0, 0.5, 1, 1.5, 2, 2.5)]
    expected = count / 6
    assert sum((n - expected) ** 2 / expected for n in sixths) < 150, sixths
    assert end - began < 12


def test_P1_the_order_is_not_the_order_of_arrival(launch):
    gateway = launch(draining(window="1s"))
    sockets = fleet(gateway, 40)
    eventually(lambda: gateway.metric("gatehouse_sessions") == 40, 20, "all sessions")
    order = []

    def wait(number, one):
        one.settimeout(20)
        try:
            while b"\x88" not in one.recv(65536):
                pass
        except OSError:
            pass
        order.append(number)

    threads = [threading.Thread(target=wait, args=pair) for pair in enumerate(sockets)]
    for thread in threads:
        thread.start()
    term(gateway)
    for thread in threads:
        thread.join(20)
    assert ended(gateway)[0] == 0
    assert sorted(order) == list(range(40))
    assert order != sorted(order)


def test_P1_while_the_delay_lasts_probes_fail_and_clients_are_served(launch):
    gateway = launch(draining(delay="4s") | {"listeners": [{"health": "/healthz"}]})
    with Client(gateway.port) as before:
        term(gateway)
        eventually(lambda: readiness(gateway)[0] == 503, what="not ready")
        assert readiness(gateway)[1] == {"listeners": "ok", "draining": "failing", "bus": "ok", "descriptors": "ok", "memory": "ok"}
        assert request(gateway.port, "GET", "/healthz").status == 503
        assert gateway.admin("GET", "/livez").status == 200
        assert gateway.metric("gatehouse_ready", check="draining") == 0
        before.assert_responsive()
        with Client(gateway.port) as late:
            late.assert_responsive()
            assert late.wait_closed(20).code == 1012
        assert before.wait_closed(20).code == 1012
    assert ended(gateway)[0] == 0


def test_P1_after_the_delay_nobody_new_gets_in(launch):
    gateway = launch(draining(window="6s"))
    kept = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    kept.request("GET", "/nothing")
    assert kept.getresponse().read() is not None
    clients = [Client(gateway.port) for _ in range(3)]
    term(gateway)

    def refused():
        try:
            socket.create_connection(("127.0.0.1", gateway.port), 2).close()
        except ConnectionRefusedError:
            return True

    eventually(refused, what="a port that nobody listens on")
    kept.request("GET", HANDSHAKE)
    reply = kept.getresponse()
    assert reply.status == 503
    assert reply.headers["connection"].lower() == "close" and reply.headers["retry-after"]
    open_clients = [one for one in clients if one.closed is None]
    assert open_clients
    for one in clients:
        assert one.wait_closed(20).code == 1012
        one.close()
    assert ended(gateway)[0] == 0


def test_P1_polling_clients_get_the_packet_that_closes_them(launch):
    gateway = launch(draining(window="1s"))
    clients = [Polling(gateway.port) for _ in range(5)]
    answers = []

    def poll(one):
        answers.append(one.poll(20)[-1])

    threads = [threading.Thread(target=poll, args=(one,)) for one in clients]
    for thread in threads:
        thread.start()
    eventually(lambda: gateway.metric("gatehouse_sessions", transport="polling") == 5, what="the sessions")
    # Another one is between two polls, and hears of it with its next.
    away = Polling(gateway.port)
    away.send("40")
    assert away.packet().startswith("40")
    began = term(gateway)
    for thread in threads:
        thread.join(20)
    assert answers == ["1"] * 5
    assert ended(gateway)[0] == 0
    assert time.monotonic() - began < 15


def test_P1_a_polling_client_between_two_polls_hears_of_it_with_the_next(launch):
    gateway = launch(draining())
    client = Polling(gateway.port)
    gateway.admin("POST", "/v1/drain")
    eventually(lambda: gateway.admin("GET", "/v1/drain").json()["state"] == "drained", what="the end of the drain")
    assert client.poll()[-1] == "1"


def test_without_clients_the_end_is_at_once_whatever_is_configured(launch):
    gateway = launch(draining("30s", "30s", "100s"))
    began = term(gateway)
    code, end = ended(gateway)
    assert code == 0 and end - began < 8, gateway.log()


def test_the_end_does_not_wait_for_the_window_when_the_last_client_has_gone(launch):
    gateway = launch(draining("0s", "60s", "100s"))
    with Client(gateway.port) as client:
        began = term(gateway)
        eventually(lambda: gateway.admin("GET", "/v1/drain").json()["state"] == "closing", what="the window")
        client.assert_responsive()
    code, end = ended(gateway)
    assert code == 0 and end - began < 15


def test_SIGINT_closes_everybody_at_once(launch):
    gateway = launch(draining("30s", "30s", "100s"))
    gateway.ended_on_purpose = True
    with Client(gateway.port) as one, Client(gateway.port) as other:
        began = time.monotonic()
        gateway.process.send_signal(signal.SIGINT)
        assert one.wait_closed(10).code == other.wait_closed(10).code == 1012
    code, end = ended(gateway)
    assert code == 0 and end - began < 10


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_does_not_wait_for_clients(launch, second):
    gateway = launch(draining("20s", "20s", "100s"))
    with Client(gateway.port) as client:
        began = term(gateway)
        eventually(lambda: readiness(gateway)[0] == 503, what="the delay")
        gateway.process.send_signal(second)
        assert client.wait_closed(10).code == 1012
        code, end = ended(gateway)
        assert code == 0 and end - began < 12


def test_the_hard_stop_bounds_a_backend_that_never_answers(launch, backend):
    release = threading.Event()
    backend.answer = lambda _: release.wait(60) and None
    gateway = launch(
        config([{"match": {"event": "hang"}, "handler": "app"}])
        | {"handlers": {"app": {"type": "http", "url": backend.url, "timeout": "60s"}},
           "drain": {"delay": "0s", "window": "1s", "hardStop": "4s"}})
    try:
        with Client(gateway.port) as client:
            client.emit("hang", ack=1)
            eventually(lambda: gateway.metric("gatehouse_handler_inflight") == 1, what="the call")
            began = term(gateway)
            code, end = ended(gateway)
            assert code == 0 and end - began < 12, gateway.log()
    finally:
        release.set()


def test_a_drain_by_the_api_keeps_the_process_and_can_be_taken_back(launch):
    gateway = launch(draining(delay="0s", window="1s"))
    assert gateway.admin("GET", "/v1/drain").json()["state"] == "serving"
    clients = [Client(gateway.port) for _ in range(5)]
    reply = gateway.admin("POST", "/v1/drain")
    assert reply.status == 202 and reply.json()["state"] in ("announced", "closing"), reply
    for one in clients:
        assert one.wait_closed(15).code == 1012
        one.close()
    eventually(lambda: gateway.admin("GET", "/v1/drain").json()["state"] == "drained", what="the end of the drain")
    assert readiness(gateway)[0] == 503
    with pytest.raises(HandshakeRefused) as refusal:
        WebSocket(gateway.port, "/socket.io/?EIO=4&transport=websocket")
    assert refusal.value.reply.status == 503
    assert gateway.admin("POST", "/v1/config/reload").status == 422, "not while it drains"
    assert gateway.admin("DELETE", "/v1/drain").json()["state"] == "serving"
    assert readiness(gateway)[0] == 200
    with Client(gateway.port) as client:
        client.assert_responsive()


def test_a_drain_is_taken_back_in_its_window(launch):
    gateway = launch(draining(window="60s", hard="100s"))
    clients = [Client(gateway.port) for _ in range(4)]
    gateway.admin("POST", "/v1/drain")
    eventually(lambda: gateway.admin("GET", "/v1/drain").json()["state"] == "closing", what="the window")
    reply = gateway.admin("DELETE", "/v1/drain")
    assert reply.json()["state"] == "serving", reply
    for one in clients:
        one.assert_responsive()
        one.close()


def test_a_drain_by_signal_is_not_taken_back(launch):
    gateway = launch(draining("3s"))
    with Client(gateway.port):
        term(gateway)
        eventually(lambda: readiness(gateway)[0] == 503, what="the delay")
        assert gateway.admin("DELETE", "/v1/drain").status == 409
        assert ended(gateway)[0] == 0


def test_SIGTERM_ends_what_the_api_has_drained(launch):
    gateway = launch(draining())
    gateway.admin("POST", "/v1/drain")
    eventually(lambda: gateway.admin("GET", "/v1/drain").json()["state"] == "drained", what="the end of the drain")
    began = term(gateway)
    code, end = ended(gateway)
    assert code == 0 and end - began < 8


def test_P6_a_log_that_nobody_reads_any_more_does_not_end_the_gateway(launch):
    gateway = launch(draining(), start=False)
    process = subprocess.Popen(
        [binary(), "run", "-c", gateway.file], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment())
    try:
        first = process.stdout.readline()
        assert first
        process.stdout.close()
        eventually(gateway.is_ready, 20, "readiness")
        with Client(gateway.port) as client:
            client.assert_responsive()
        # Whatever is logged now has no reader.
        assert gateway.admin("POST", "/v1/config/reload").status == 200
        process.send_signal(signal.SIGPIPE)
        process.send_signal(signal.SIGCHLD)
        with Client(gateway.port) as client:
            client.assert_responsive()
        assert process.poll() is None
        process.terminate()
        assert process.wait(15) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def fill(pipe):
    """Every write to it waits for a reader from here on."""
    os.set_blocking(pipe, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(pipe, b"-\n" * 2_048)
    os.set_blocking(pipe, True)


def test_P6_a_log_reader_that_has_stopped_holds_up_nobody(launch):
    gateway = launch(draining(hard="8s"), start=False)
    reading, writing = os.pipe()
    fill(writing)
    gateway.process = process = subprocess.Popen(
        [binary(), "run", "-c", gateway.file], stdin=subprocess.DEVNULL, stdout=writing, stderr=writing,
        cwd=gateway.directory, env=environment())
    try:
        eventually(gateway.is_ready, 20, "readiness")
        clients = [Client(gateway.port) for _ in range(8)]
        for _ in range(20):
            assert gateway.admin("POST", "/v1/config/reload").status == 200
        for client in clients:
            client.assert_responsive()
            client.close()
        assert gateway.admin("GET", "/livez").status == 200
        # It reads again: nothing is missing, and everything is in its order.
        messages = []
        with open(reading, "rb", closefd=False) as log:
            while messages.count("configuration reloaded") < 20:
                line = log.readline()
                if line != b"-\n":
                    messages.append(json.loads(line)["message"])
        assert messages.index("started") < messages.index("configuration reloaded")
        assert not any("dropped" in message for message in messages)
        fill(writing)
        gateway.ended_on_purpose = True
        process.terminate()
        assert process.wait(20) == 0
    finally:
        gateway.kill()
        os.close(reading)
        os.close(writing)


def test_an_event_loop_that_is_stuck_does_not_keep_the_process_from_its_end(launch, tmp_path):
    """It sleeps for a minute, see loop_stall.c: the hard stop bounds the way out, whatever hangs."""
    library, stall = tmp_path / "loop_stall.so", tmp_path / "stall"
    source = pathlib.Path(__file__).with_name("loop_stall.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
    gateway = launch(
        draining(hard="4s"),
        env={"LD_PRELOAD": str(library), "LOOP_STALL": str(stall), "LOOP_STALL_SECONDS": "60"})
    stall.touch()
    eventually(lambda: "has not answered for" in gateway.log(1_000), 10, "a loop that is stuck")
    began = term(gateway)
    code, end = ended(gateway, 40)
    assert code == 1 and end - began >= 4, gateway.log()
    assert "closing clients did not end in time" in gateway.log(), "the steps after it had their time"
    assert "the process is ended" in gateway.log()
