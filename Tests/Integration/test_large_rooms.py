"""An event for thousands takes its time; whoever is not in that room does not wait for all of it."""

import concurrent.futures
import contextlib
import fcntl
import resource
import select
import socket
import struct
import subprocess
import sys
import termios

import gateway as gateway_process
import pytest
from gateway import eventually, on_one_processor
from wire import TEXT, Client, Polling, config

ROUNDS = 10


@pytest.fixture(autouse=True)
def descriptors():
    """Room for some thousand sockets here, and in the gateway, which inherits it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def wide_open(members):
    limits = {"maxConnectionsPerIP": 4 * members, "acceptRate": "100000/s", "handshakesPerIP": "100000/s",
              "maxPendingPerIP": 4 * members}
    return config(pingInterval="5m", pingTimeout="5m") | {"limits": limits}


def launch_on_one_loop(launch, members):
    """So that everybody is served by the same loop."""
    with on_one_processor():
        return launch(wide_open(members))


def is_readable(sock, timeout=0.0):
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(timeout * 1_000))


def answered_meanwhile(bystander, publisher, number, first, last):
    """Whether somebody else's question is answered between the first and the last delivery of an event."""
    publisher.emit("all", number)
    assert is_readable(first, 30), "the first member gets it"
    assert bystander.ask("ask", number) == [number]
    return not is_readable(last)


def test_R5_whoever_is_not_in_a_large_room_is_answered_while_its_event_is_sent(launch):
    members = min(3_000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 500)
    gateway = launch_on_one_loop(launch, members)
    with contextlib.ExitStack() as held:
        clients = [held.enter_context(Client(gateway.port)) for _ in range(members)]
        publisher = held.enter_context(Client(gateway.port))
        bystander = held.enter_context(Client(gateway.port, namespace="/custom"))
        answered = 0
        for number in range(ROUNDS):
            answered += answered_meanwhile(bystander, publisher, number, clients[0].sock, clients[-1].sock)
            # A word for one of the members comes after the event that is still under way, as it was said after it.
            for client in clients:
                assert client.event(30) == ["all", number]
        assert answered > 0
        # Behind each other, faster than they can be sent; an answer to one of the members does not come before them.
        for number in range(20):
            publisher.emit("all", number)
        assert is_readable(clients[0].sock, 30)
        clients[-1].sock.sendall(clients[-1].frame(TEXT, b'427["ask","last"]'))
        for client in clients:
            expected = [f'42["all",{number}]' for number in range(20)]
            got = [client.packet(30) for _ in range(20 + (client is clients[-1]))]
            assert [packet for packet in got if not packet.startswith("43")] == expected
        assert '437["last"]' in got
        assert gateway.metric("gatehouse_slow_consumers_closed_total") == 0


def test_R5_the_polls_of_a_large_room_are_answered_in_pieces_as_well(launch):
    members = 800
    gateway = launch_on_one_loop(launch, members)
    with contextlib.ExitStack() as held:
        publisher = held.enter_context(Client(gateway.port))
        bystander = held.enter_context(Client(gateway.port, namespace="/custom"))
        pollers = []
        for _ in range(members):
            poller = Polling(gateway.port)
            held.callback(poller.close)
            poller.send("40")
            assert poller.packet().startswith("40{")
            pollers.append(poller)
        answered = 0
        for number in range(ROUNDS):
            for poller in pollers:
                connection = poller.connections["GET"]
                connection.request("GET", poller.target)
            # A question behind all of them: they are all held by now.
            bystander.ask("ask", "held")
            sockets = [poller.connections["GET"].sock for poller in pollers]
            answered += answered_meanwhile(bystander, publisher, number, sockets[0], sockets[-1])
            for poller in pollers:
                body = poller.connections["GET"].getresponse().read().decode()
                assert body == f'42["all",{number}]'
        assert answered > 0


def unread(sock):
    """How many bytes have come and were not read yet."""
    return struct.unpack("i", fcntl.ioctl(sock, termios.FIONREAD, bytes(4)))[0]


def test_R5_whoever_publishes_more_than_can_be_sent_waits_for_it(launch):
    """Else it would lie before each member, and come over it all at once: more than one may have waiting that reads."""
    members, size = 1_500, 4_096
    document = wide_open(members)
    document["limits"] |= {"outputSoft": "1KiB"}
    document["routes"].append(
        {"match": {"event": "tell"}, "ack": ["told"],
         "actions": [{"do": "emit", "to": {"all": True, "namespace": "/"}, "event": "told", "args": "{args}"}]})
    with on_one_processor():
        gateway = launch(document)
    with contextlib.ExitStack() as held:
        clients = [held.enter_context(Client(gateway.port)) for _ in range(members)]
        publishers = [held.enter_context(Client(gateway.port, namespace="/custom")) for _ in range(5)]
        for number in range(3):
            for publisher in publishers:
                publisher.emit("tell", number, "x" * size, ack=1)
            for publisher in publishers:
                assert publisher.packet(30) == '43/custom,1["told"]'
            # The last one was acknowledged when it was applied, and so when the others had been sent to everybody.
            assert min(unread(client.sock) for client in clients) >= 4 * size
            for client in clients:
                assert [client.event(30)[1] for _ in publishers] == [number] * 5


# A DISCONNECT in a text frame; a close frame.
FAREWELL = {"disconnect": b"\x81\x0241", "kick": b"\x88"}


def so_far(sock):
    """What has come and was not read yet, which it stays."""
    return sock.recv(1 << 16, socket.MSG_PEEK) if is_readable(sock) else b""


@pytest.mark.parametrize("action", list(FAREWELL))
def test_R5_thousands_are_sent_away_in_pieces_and_get_all_that_was_said_before(launch, action):
    """Each gets what was said before and nothing that was said after; somebody else is answered in the middle of it."""
    members = 1_500
    gateway = launch_on_one_loop(launch, members)
    everybody = {"target": {"all": True}}
    actions = [{"do": "emit", "to": {"all": True}, "event": "before"}, {"do": action} | everybody,
               {"do": "emit", "to": {"all": True}, "event": "after"}]
    with Client(gateway.port, namespace="/custom") as bystander:
        for _ in range(5):
            with contextlib.ExitStack() as held:
                clients = [held.enter_context(Client(gateway.port)) for _ in range(members)]
                with concurrent.futures.ThreadPoolExecutor(1) as pool:
                    reply = pool.submit(gateway.admin, "POST", "/v1/actions", {"actions": actions})
                    eventually(lambda: FAREWELL[action] in so_far(clients[0].sock), 30, "the first farewell")
                    assert bystander.ask("ask", 1) == [1]
                    is_answered_meanwhile = FAREWELL[action] not in so_far(clients[-1].sock)
                    results = reply.result().json()["results"]
                assert [result["recipients"] for result in results] == [members, members, 0]
                for client in clients:
                    assert client.event(30) == ["before"]
                for client in clients:
                    if action == "disconnect":
                        assert client.packet() == "41"
                    else:
                        client.wait_closed()
                assert gateway.metric("gatehouse_sockets", namespace="/") == 0
            if is_answered_meanwhile:
                return
        raise AssertionError("nobody else was answered before the last of them was sent away")


@pytest.mark.parametrize("transport", [(), ("--polling",)], ids=["websocket", "polling"])
def test_R5_the_load_command_keeps_working(transport):
    command = gateway_process.REPOSITORY / "Tests/Load/large_room.py"
    run = subprocess.run(
        [sys.executable, command, "--members", "300", "--rate", "5", "--seconds", "1", "--most", "5000", *transport],
        capture_output=True, text=True, timeout=120,
        env=gateway_process.environment(GATEHOUSE_BINARY=str(gateway_process.binary())))
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
    assert "events to 300 members" in run.stdout and " 0 lost" in run.stdout
