"""R3: `accept` fails, for want of something or because of one connection: the listener is there afterwards, and costs nothing meanwhile.

A small library makes it fail for the gateway alone, by what a file says: see accept_errors.c.
"""

import contextlib
import errno
import http.client
import pathlib
import select
import socket
import subprocess
import time

import pytest

from gateway import eventually, request
from wire import Client, config

GET = b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


class Accept:
    """The gateway's `accept`, which fails while it is told to."""

    def __init__(self, directory):
        library = directory / "accept_errors.so"
        source = pathlib.Path(__file__).with_name("accept_errors.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
        self.file = directory / "error"
        self.environment = {"LD_PRELOAD": str(library), "ACCEPT_ERROR": str(self.file)}
        self.fail(0)

    def fail(self, code):
        fresh = self.file.with_suffix(".new")
        fresh.write_text(str(code))
        fresh.rename(self.file)


@pytest.fixture(scope="module")
def accept(tmp_path_factory):
    return Accept(tmp_path_factory.mktemp("accept"))


@pytest.fixture(scope="module")
def gateway(launch_for_module, accept):
    gateway = launch_for_module(config(), env=accept.environment)
    gateway.began = time.monotonic()
    return gateway


@contextlib.contextmanager
def operator(gateway):
    """A connection to the admin listener that is there already."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.admin_port, timeout=10)

    def status(path="/readyz"):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    assert status() == 200
    yield status
    connection.close()


@pytest.mark.parametrize("name", ["ECONNABORTED", "EMFILE", "ENOBUFS", "EPROTO", "EPERM"])
def test_R3_a_listener_outlives_whatever_accept_says(gateway, accept, name):
    with Client(gateway.port) as client, operator(gateway) as status, contextlib.ExitStack() as held:
        accept.fail(getattr(errno, name))
        held.callback(accept.fail, 0)
        waiting = [held.enter_context(socket.create_connection(("127.0.0.1", gateway.port), 10)) for _ in range(20)]
        for sock in waiting:
            sock.sendall(GET)
        if name in ("EMFILE", "ENOBUFS"):
            eventually(lambda: status() == 503, what="not ready: a load balancer sends nobody here")
        before = gateway.cpu_seconds()
        time.sleep(0.5)  # in which nothing is to happen
        assert gateway.cpu_seconds() - before < 0.2, "it spins"
        assert not select.select(waiting, [], [], 0)[0], "accept did not fail: nothing is shown here"
        eventually(lambda: status() == (503 if name in ("EMFILE", "ENOBUFS") else 200), what="what it said before")
        client.assert_responsive()
        accept.fail(0)
        # Who has waited in the kernel is served.
        for sock in waiting:
            assert sock.recv(100).startswith(b"HTTP/1.1 404 ")
        assert request(gateway.port, "GET", "/nothing").status == 404
        client.assert_responsive()
        eventually(lambda: status() == 200, what="ready")
    lines = gateway.log(10_000).count("accepting paused")
    assert 1 <= lines <= 3 + (time.monotonic() - gateway.began) / 2, "a line now and then"


def test_R3_a_listener_that_went_on_can_still_be_closed(launch, accept):
    """A drain finds the socket that goes on in another channel, and nobody waits in the kernel for ever."""
    gateway = launch(config(), env=accept.environment)
    accept.fail(errno.EPROTO)
    with socket.create_connection(("127.0.0.1", gateway.port), 10):
        eventually(lambda: "accepting paused" in gateway.log(), what="a line that says so")
        accept.fail(0)
    assert request(gateway.port, "GET", "/nothing").status == 404
    gateway.stop()
    gateway.ended_on_purpose = True
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", gateway.port), 5)
