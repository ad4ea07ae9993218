"""A turn's sends go to the kernel with one call, or with a call each where it offers no io_uring: nobody can tell them apart.

A small library has the kernel refuse io_uring to the gateway alone, as containers do: see without_io_uring.c.
"""

import contextlib
import pathlib
import socket
import subprocess

import pytest

from gateway import eventually
from wire import Client, WebSocket, config

ROUTES = [
    {"match": {"event": "all"}, "actions": [{"do": "emit", "to": {"all": True}, "event": "all", "args": "{args}"}]},
    {"match": {"event": "me"}, "actions": [{"do": "emit", "event": "me", "args": "{args}"}]},
    {"match": {"event": "ask"}, "ack": "{args}"},
    {"match": {"type": "socket.message"}, "actions": [{"do": "send", "to": {"all": True}, "message": "{message}"}]},
]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp("library") / "without_io_uring.so"
    source = pathlib.Path(__file__).with_name("without_io_uring.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", path, source], check=True)
    return path


@pytest.fixture(scope="module", params=["allowed", "io_uring_setup", "io_uring_enter"])
def gateway(request, launch_for_module, library):
    """One that is as it is here, and two to which one of the two calls is refused."""
    document = config(routes=ROUTES)
    document["endpoints"].append({"name": "raw", "path": "/raw", "protocol": "websocket", "namespace": "/raw"})
    if request.param == "allowed":
        gateway = launch_for_module(document)
    else:
        gateway = launch_for_module(document, env={"LD_PRELOAD": str(library), "REFUSED_CALL": request.param})
    gateway.refused = request.param
    return gateway


def test_the_operator_sees_which_it_is_and_why(gateway):
    (node,) = gateway.admin("GET", "/v1/nodes").json()["nodes"]
    log = gateway.log()
    if gateway.refused != "allowed":
        assert node["sendRings"] == 0
        assert "Operation not permitted" in node["sendRingRefusal"]
    if node["sendRings"] == 0:
        assert log.count("every send is a call of its own") == 1, "once, whatever the number of loops"
        assert node["sendRingRefusal"] in log
    else:
        assert node["sendRings"] == node["eventLoops"] and "sendRingRefusal" not in node
        assert "every send is a call of its own" not in log


def test_everyone_gets_everything_in_order_whoever_vanishes_meanwhile(gateway):
    with contextlib.ExitStack() as stack:
        speaker, *members = [stack.enter_context(Client(gateway.port)) for _ in range(40)]
        vanishing = [Client(gateway.port) for _ in range(10)]
        for first in range(0, 100, 10):
            # Many in one turn, and for the speaker some of its own among them.
            for number in range(first, first + 10):
                speaker.emit("all", number)
                speaker.emit("me", number)
            vanishing.pop().reset()
        for client in members:
            assert [client.event() for _ in range(100)] == [["all", number] for number in range(100)]
        # Each of the two kinds keeps its order; a broadcast may come after a later answer.
        events = [speaker.event() for _ in range(200)]
        for kind in ("all", "me"):
            assert [number for name, number in events if name == kind] == list(range(100))
        speaker.assert_responsive()


def test_who_reads_slowly_gets_all_of_it_in_order_and_holds_up_nobody(gateway):
    class Slow(WebSocket):
        def connect(self, port, timeout):
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.settimeout(timeout)
            sock.connect(("127.0.0.1", port))
            return sock

    with contextlib.ExitStack() as stack:
        quick = [stack.enter_context(WebSocket(gateway.port, "/raw")) for _ in range(5)]
        slow = [stack.enter_context(Slow(gateway.port, "/raw")) for _ in range(5)]
        sent = []
        # Until the kernel takes no more for those who do not read.
        while gateway.metric("gatehouse_output_buffered_bytes") == 0:
            assert len(sent) < 2_000, "the kernel takes anything"
            message = f"{len(sent)} ".ljust(10_000, "x")
            sent.append(message)
            quick[0].send(message)
            assert [client.receive() for client in quick] == [message] * 5
        for client in slow:
            assert [client.receive(20) for _ in sent] == sent
        eventually(lambda: gateway.metric("gatehouse_output_buffered_bytes") == 0, what="nothing is left")
        quick[0].send("and on")
        assert [client.receive() for client in quick + slow] == ["and on"] * 10
        assert gateway.metric("gatehouse_slow_consumers_closed_total") == 0
