"""What a message costs in allocations: on the way to one more member of a room none, and for an echo few.

A small library counts them for the gateway alone: see count_allocations.c. A wait or a task for each message would show as
well, because both allocate.
"""

import pathlib
import select
import socket
import subprocess

import pytest

from gateway import on_one_processor
from wire import Client, Polling, WebSocket, config

ROUTES = [
    {"match": {"event": "echo"}, "ack": "{args}"},
    {"match": {"event": "all"}, "actions": [{"do": "emit", "to": {"all": True}, "event": "all", "args": "{args}"}]},
    {"match": {"type": "socket.message"}, "actions": [{"do": "send", "message": "{message}"}]},
]


class Allocations:
    """How often the gateway has asked for memory."""

    def __init__(self, directory):
        library = directory / "count_allocations.so"
        source = pathlib.Path(__file__).with_name("count_allocations.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
        self.file = directory / "allocations"
        self.file.write_bytes(bytes(8))
        self.environment = {"LD_PRELOAD": str(library), "ALLOCATION_COUNT": str(self.file)}

    @property
    def count(self):
        return int.from_bytes(self.file.read_bytes(), "little")

    def least(self, body, tries=3):
        """How many `body` needs; the least of some tries, because timers and metrics need a few now and then."""
        counts = []
        for _ in range(tries):
            before = self.count
            body()
            counts.append(self.count - before)
        return min(counts)


@pytest.fixture
def allocations(tmp_path):
    return Allocations(tmp_path)


def launched(launch, allocations, **options):
    # No pings: bytes are counted here.
    quiet = {"pingInterval": "300s", "pingTimeout": "300s"}
    document = config(routes=ROUTES, **quiet, **options)
    document["endpoints"].append(
        {"name": "raw", "path": "/raw", "protocol": "websocket", "namespace": "/raw"} | quiet)
    # On one loop: what is handed from one to another takes memory on the way.
    with on_one_processor():
        gateway = launch(document, env=allocations.environment)
    assert allocations.count > 100, "nothing is counted: nothing is shown here"
    return gateway


def take(clients, length):
    """Reads so many bytes from each of them."""
    missing = {client.sock: length for client in clients}
    while missing:
        ready, _, _ = select.select(list(missing), [], [], 20)
        assert ready, f"{len(missing)} clients wait for {set(missing.values())} more bytes"
        for sock in ready:
            missing[sock] -= len(sock.recv(min(65_536, missing[sock])))
            if missing[sock] == 0:
                del missing[sock]


# A debug build needs 3, 13, 9 and 32; a release build 0, 0, 1 and 2.
MOST_PER_DELIVERY = 3.5
MOST_PER_ACK = 20
MOST_PER_MESSAGE = 15
MOST_PER_POLLED_ACK = 45
EVENT = '["all","' + "x" * 80 + '"]'
EVENTS = 40


def broadcast(clients):
    for _ in range(EVENTS):
        clients[0].send("42" + EVENT)
        for client in clients:
            assert select.select([client.sock], [], [], 20)[0]
            # Sent as one piece, with an offset behind it where clients can come back.
            frame = client.sock.recv(4_096)
            assert len(frame) == 2 + frame[1] >= 2 + len("42" + EVENT)


@pytest.mark.parametrize("options", [{}, {"connectionStateRecovery": {}}], ids=["plain", "recovery"])
def test_one_more_member_of_a_room_costs_no_allocation(launch, allocations, options):
    gateway = launched(launch, allocations, **options)
    clients, needed = [], {}
    for size in (20, 220):
        clients += [Client(gateway.port) for _ in range(size - len(clients))]
        # The first ones find everything out.
        broadcast(clients)
        needed[size] = allocations.least(lambda: broadcast(clients))
    each = (needed[220] - needed[20]) / (200 * EVENTS)
    print(f"allocations: {needed}, {each:.3f} a delivery")
    assert each < MOST_PER_DELIVERY
    for client in clients:
        client.close()


@pytest.fixture
def each(allocations):
    """each(ask): how many allocations an `ask` needs that has been done before."""

    def count(ask, times=200):
        def run():
            for _ in range(times):
                ask()

        run()
        return allocations.least(run) / times

    return count


def test_an_echo_needs_few_allocations(launch, allocations, each):
    gateway = launched(launch, allocations)
    with Client(gateway.port) as client, WebSocket(gateway.port, "/raw") as raw:
        asked = each(lambda: client.ask("echo", "x" * 100))

        def say():
            raw.send("x" * 100)
            assert raw.receive() == "x" * 100

        echoed = each(say)
    print(f"allocations: {asked:.2f} for an event with its ack, {echoed:.2f} for a message sent back")
    assert asked < MOST_PER_ACK and echoed < MOST_PER_MESSAGE


def test_an_echo_by_polling_needs_few_allocations(launch, allocations, each):
    """A GET that waits, a POST with the event in one piece, and the ack in the answer to the GET."""
    gateway = launched(launch, allocations)
    session = Polling(gateway.port)
    session.send("40")
    assert session.packet().startswith("40")
    waits, speaks = (socket.create_connection(("127.0.0.1", gateway.port), 10) for _ in range(2))
    event = '420["echo","' + "x" * 100 + '"]'
    ack = event.replace("420", "430").replace('"echo",', "")
    get = f"GET {session.target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    post = (f"POST {session.target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain;charset=UTF-8\r\n"
            f"Content-Length: {len(event)}\r\n\r\n{event}").encode()

    def answer(connection, body):
        text = ""
        while not text.endswith(f"\r\n\r\n{body}"):
            part = connection.recv(4_096).decode()
            assert part, text
            text += part

    def ask():
        waits.sendall(get)
        speaks.sendall(post)
        answer(speaks, "ok")
        answer(waits, ack)

    asked = each(ask)
    print(f"allocations: {asked:.2f} for an event by POST with its ack by GET")
    assert asked < MOST_PER_POLLED_ACK
    for one in (session, waits, speaks):
        one.close()
