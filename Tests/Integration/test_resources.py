"""Memory and clients that do not read: what is shed, in which order, and that others keep everything."""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import random
import re
import socket
import struct
import subprocess
import time

import pytest

from gateway import eventually, request
from readers import Readers
from wire import PING, Client, Closed, EngineSocket, HandshakeRefused, Polling, config

PAYLOAD = "x" * 50_000
# More than the kernel takes for a client that reads nothing.
EVENTS = 160


def quiet(**limits):
    """No pings within a test."""
    return config(pingInterval="2m", pingTimeout="1m") | {"limits": limits}


def slow_client(port, **options):
    """A client whose receive buffer is as small as can be."""
    original = socket.create_connection

    def small(address, timeout):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(timeout)
        sock.connect(address)
        return sock

    socket.create_connection = small
    try:
        return Client(port, **options)
    finally:
        socket.create_connection = original


def publish(sender, count=EVENTS, first=0):
    for number in range(first, first + count):
        sender.emit("others", number, PAYLOAD)
        if number % 10 == 9:
            sender.assert_responsive()
    sender.assert_responsive()


# R1: slow consumers


def test_R1_W16_who_stops_reading_is_closed_and_the_others_get_everything(launch):
    gateway = launch(quiet())
    with contextlib.ExitStack() as held:
        clients = [held.enter_context(Client(gateway.port)) for _ in range(100)]
        slow = [held.enter_context(slow_client(gateway.port)) for _ in range(5)]
        sender = held.enter_context(Client(gateway.port))
        readers = Readers(clients)
        held.callback(readers.stop)
        memory = gateway.memory_bytes()
        publish(sender)
        expected = sum(4 + len(f'42["others",{number},"{PAYLOAD}"]') for number in range(EVENTS))
        eventually(lambda: all(count >= expected for count in readers.counts), 30, "the others have everything")
        assert set(readers.counts) == {expected} and not any(readers.ended)
        eventually(lambda: gateway.metric("gatehouse_slow_consumers_closed_total") == len(slow), 10, "the slow are closed")
        assert gateway.metric("gatehouse_disconnects_total", reason="slow") == len(slow)
        # A mebibyte for each that is slow, shared by all of them; the rest is the allocator's.
        assert gateway.memory_bytes() - memory < 48 << 20
        eventually(lambda: gateway.metric("gatehouse_output_buffered_bytes") == 0, what="nothing waits any more")
        for client in slow:
            with pytest.raises((Closed, ConnectionError)):
                while True:
                    client.receive(10)


def numbers_of(client, last, seconds=20):
    """The numbers of the events until the last one."""
    found = []
    deadline = time.monotonic() + seconds
    while not found or found[-1] != last:
        name, number, payload = client.event(max(0.1, deadline - time.monotonic()))
        assert name == "others" and payload == PAYLOAD
        found.append(number)
    return found


@pytest.mark.parametrize("policy,reason", [("dropOldest", "oldest"), ("latest", "superseded")])
def test_R1_a_slow_client_may_lose_events_instead_of_its_connection(launch, policy, reason):
    document = quiet()
    document["endpoints"][0]["slowConsumer"] = policy
    gateway = launch(document)
    with slow_client(gateway.port) as slow, Client(gateway.port) as sender:
        memory = gateway.memory_bytes()
        publish(sender)
        dropped = gateway.metric("gatehouse_output_dropped_total", reason=reason)
        assert dropped > 10
        assert gateway.metric("gatehouse_slow_consumers_closed_total") == 0
        assert gateway.memory_bytes() - memory < 32 << 20
        found = numbers_of(slow, EVENTS - 1)
        assert found == sorted(set(found)), "in order, none twice"
        assert len(found) == EVENTS - dropped, "every other one has come"
        # It has caught up: nothing is lost any more, and an ack comes after the events before it.
        slow.assert_responsive()
        publish(sender, 20, EVENTS)
        assert numbers_of(slow, EVENTS + 19) == list(range(EVENTS, EVENTS + 20))


def test_R1_latest_keeps_one_event_of_each_name_and_room(launch):
    document = quiet()
    document["endpoints"][0]["slowConsumer"] = "latest"
    gateway = launch(document)
    with slow_client(gateway.port) as slow:
        for room in ("a", "b"):
            slow.ask("join", room)
        for number in range(EVENTS):
            for room in ("a", "b"):
                gateway.emit(to={"rooms": [room]}, event="price", args=[room, number, PAYLOAD])
        gateway.emit(to={"all": True}, event="end", args=[])
        last = {}
        while (event := slow.event(20))[0] != "end":
            assert last.get(event[1], -1) < event[2]
            last[event[1]] = event[2]
        assert last == {"a": EVENTS - 1, "b": EVENTS - 1}
        assert gateway.metric("gatehouse_output_dropped_total", reason="superseded") > 10


def test_R1_acks_are_never_dropped(launch):
    document = quiet()
    document["endpoints"][0]["slowConsumer"] = "dropOldest"
    gateway = launch(document)
    with slow_client(gateway.port) as slow, Client(gateway.port) as sender:
        publish(sender)
        slow.emit("ask", "still there?", ack=5)
        sender.assert_responsive()
        publish(sender, 60, EVENTS)
        seen = []
        while not seen or seen[-1] != EVENTS + 59:
            packet = slow.packet(20)
            seen.append("ack" if packet == '435["still there?"]' else json.loads(packet[2:])[1])
        assert seen.count("ack") == 1
        assert gateway.metric("gatehouse_output_dropped_total", reason="oldest") > 10


def test_R1_a_client_that_does_not_poll_is_bounded_the_same_way(launch):
    document = quiet()
    document["endpoints"][0]["slowConsumer"] = "dropOldest"
    gateway = launch(document)
    session = Polling(gateway.port)
    session.send("40")
    assert session.packet().startswith("40{")
    with Client(gateway.port) as sender:
        publish(sender, 60)
        dropped = gateway.metric("gatehouse_output_dropped_total", reason="oldest")
        assert 30 < dropped < 50
        found = []
        while not found or found[-1] != 59:
            found.append(json.loads(session.packet()[2:])[1])
        assert len(found) == 60 - dropped and found == sorted(found)
        publish(sender, 5)
        assert [json.loads(session.packet()[2:])[1] for _ in range(5)] == list(range(5))
    session.close()


def test_R1_volatile_events_are_dropped_first(launch):
    gateway = launch(quiet(outputHard="16MiB"))
    with slow_client(gateway.port) as slow, Client(gateway.port) as other:
        for number in range(EVENTS):
            gateway.emit(to={"all": True}, event="cursor", args=[number, PAYLOAD], volatile=True)
            assert other.event()[1] == number
        dropped = gateway.metric("gatehouse_output_dropped_total", reason="volatile")
        assert dropped > 10
        gateway.emit(to={"all": True}, event="end", args=[])
        count = 0
        while slow.event(20)[0] != "end":
            count += 1
        assert count == EVENTS - dropped


# R2: the memory budget


BUDGET = 200 << 20


def peak(gateway):
    """The most that was ever resident."""
    status = pathlib.Path(f"/proc/{gateway.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024


def handshake_status(gateway):
    return request(gateway.port, "GET", "/socket.io/?EIO=4&transport=polling").status


def test_R2_a_flood_never_takes_the_process_beyond_its_budget(launch):
    gateway = launch(quiet(memoryBudget="200MiB"))
    with contextlib.ExitStack() as held:
        attackers = [held.enter_context(EngineSocket(gateway.port)) for _ in range(300)]
        bystander = held.enter_context(Client(gateway.port))
        # A message of 900 KB whose end never comes.
        head = b"\x81\xff" + struct.pack("!Q", 900_000) + b"\0\0\0\0" + b"4"
        closed = 0
        for attacker in attackers:
            try:
                attacker.sock.sendall(head)
                for _ in range(8):
                    attacker.sock.sendall(b"x" * 110_000)
            except OSError:
                closed += 1
        bystander.assert_responsive()
        eventually(lambda: handshake_status(gateway) == 503, what="new sessions are refused")
        assert gateway.metric("gatehouse_connections_refused_total", reason="memory") >= 1
        assert gateway.metric("gatehouse_slow_consumers_closed_total") >= 50
        assert request(gateway.admin_port, "GET", "/readyz?verbose").json()["checks"]["memory"] == "failing"
        bystander.assert_responsive()
    eventually(lambda: handshake_status(gateway) == 200, 15, "new sessions are let in again")
    assert peak(gateway) <= BUDGET, f"{peak(gateway) >> 20} MiB"
    assert gateway.metric("gatehouse_memory_budget_bytes") == BUDGET
    eventually(gateway.is_ready, what="it is ready again")


def test_R2_requests_that_are_never_complete_are_part_of_it(launch):
    gateway = launch(quiet(memoryBudget="200MiB"))
    post = b"POST /engine.io/?EIO=4&transport=polling&sid=%b HTTP/1.1\r\nHost: x\r\nContent-Length: 999000\r\n\r\n"
    with contextlib.ExitStack() as held:
        sessions = [Polling(gateway.port, "/engine.io/") for _ in range(250)]
        for session in sessions:
            held.callback(session.close)
        for session in sessions:
            sock = held.enter_context(socket.create_connection(("127.0.0.1", gateway.port), 10))
            with contextlib.suppress(OSError):
                sock.sendall(post % session.sid.encode())
                for _ in range(9):
                    sock.sendall(b"x" * 110_000)
        eventually(lambda: handshake_status(gateway) == 503, what="new sessions are refused")
    eventually(lambda: handshake_status(gateway) == 200, 15, "new sessions are let in again")
    assert peak(gateway) <= BUDGET, f"{peak(gateway) >> 20} MiB"


# R5: amplification


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor: the loop that sleeps is the only one")
def test_R5_who_publishes_more_than_can_be_delivered_is_told_to_wait(launch, tmp_path):
    """One loop delivers nothing for two seconds, see loop_stall.c: what is refused reaches nobody, all else everybody."""
    library, stall = tmp_path / "loop_stall.so", tmp_path / "stall"
    source = pathlib.Path(__file__).with_name("loop_stall.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
    gateway = launch(quiet(), env={"LD_PRELOAD": str(library), "LOOP_STALL": str(stall)})
    taken, waits = [], []

    def publish(number):
        emit = {"to": {"all": True}, "event": "tick", "args": [number]}
        answer = gateway.admin("POST", "/v1/emit", emit)
        if answer.status == 429:
            waits.append(answer.headers["retry-after"])
        else:
            assert answer.status == 200, answer
            taken.append(number)

    with contextlib.ExitStack() as held:
        clients = [held.enter_context(Client(gateway.port)) for _ in range(20)]
        for _ in range(20):
            # By turns would not do: connections get their loops by turns as well.
            client = random.choice(clients)
            stall.touch()
            client.sock.sendall(client.frame(PING, b""))
            eventually(lambda: not stall.exists(), what="the client's loop sleeps")
            began = time.monotonic()
            gateway.admin("GET", "/livez")
            # Not that which lets operators in, and not that of the last one.
            if time.monotonic() < began + 0.5:
                break
        # Who is let in waits until all loops have delivered; who asks the loop that sleeps waits for that.
        with concurrent.futures.ThreadPoolExecutor(50) as threads:
            publications = []
            for number in range(50):
                publications.append(threads.submit(publish, number))
                time.sleep(0.02)
            for publication in publications:
                publication.result(30)
        assert waits and set(waits) == {"1"}, f"{len(taken)} taken, {len(waits)} refused"
        assert taken
        publish(-1)
        for client in clients:
            got = []
            while -1 not in got:
                got.append(json.loads(client.packet()[2:])[1])
            assert sorted(got) == sorted(taken)
        assert gateway.metric("gatehouse_rate_limited_total", scope="publish") == len(waits)
