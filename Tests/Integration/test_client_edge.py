"""The sockets of clients at their edges: what several of them do in one cycle of the loop, and how they end.

Where the order within a cycle matters, the process is stopped while the peers act: then all of it is there at once.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess

import pytest

from gateway import binary, environment, eventually
from plain import EventStream, JSONSocket, config
from test_systemd import ACTIVATE
from wire import ROUTES, Polling

BUFFERED = "gatehouse_output_buffered_bytes"
LIMITS = {"limits": {"outputSoft": "4MiB", "outputHard": "8MiB", "messagesPerSocket": "100000/s"}}
FAREWELL = [
    {"match": {"event": "say"}, "actions": [
        {"do": "emit", "to": {"rooms": ["news"]}, "event": "said", "args": "{args}"}]},
    {"match": {"event": "bye"}, "actions": [
        {"do": "emit", "to": {"rooms": ["news"]}, "event": "last", "args": ["word"]},
        {"do": "disconnect", "target": {"rooms": ["news"]}}]},
]


@contextlib.contextmanager
def stopped(gateway):
    gateway.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        gateway.process.send_signal(signal.SIGCONT)


def pile_up(gateway, speaker):
    """Sends events to a stream that does not read, until the kernel takes no more of them; returns their number."""
    sent = 0
    while gateway.metric(BUFFERED) == 0 and sent < 2_000:
        for _ in range(4):
            speaker.emit("say", sent, "x" * 40_000)
            sent += 1
        speaker.assert_responsive()
    assert gateway.metric(BUFFERED) > 0, "the kernel took all of it: nothing is shown here"
    return sent


def take_what_is_there(sock):
    """What the kernel has for a socket, also while the other side stands still."""
    taken = b""
    while select.select([sock], [], [], 0.5)[0]:
        taken += sock.recv(1 << 20)
    return taken


def test_last_words_follow_a_pile_that_is_gone_within_the_same_cycle(launch):
    """One event ends a slow stream while its peer makes room for all that waited: what was said before the end comes."""
    gateway = launch(config(routes=[*FAREWELL, *ROUTES]) | LIMITS)
    with EventStream(gateway.port, receive_buffer=4_096) as slow, JSONSocket(gateway.port) as speaker:
        eventually(lambda: gateway.admin("GET", "/v1/rooms/news").json().get("sockets") == 1, what="one member")
        sent = pile_up(gateway, speaker)
        with stopped(gateway):
            speaker.emit("bye")
            slow.buffer += take_what_is_there(slow.sock)
        for number in range(sent):
            assert slow.event()[1] == number
        assert slow.event() == ["last", "word"]
        assert ("event", "disconnect") in slow.block(), "a browser stays away only when it is told to"
        slow.wait_ended()
    eventually(lambda: gateway.metric(BUFFERED) == 0, what="nothing buffered")


def test_what_was_buffered_for_those_who_have_gone_is_not_counted_any_more(launch):
    """A slow client takes a part of many small buffers, and is gone before the next."""
    gateway = launch(config(routes=[*FAREWELL, *ROUTES]) | LIMITS)
    with JSONSocket(gateway.port) as speaker:
        for _ in range(3):
            with EventStream(gateway.port, receive_buffer=4_096) as slow:
                eventually(lambda: gateway.admin("GET", "/v1/rooms/news").json().get("sockets") == 1, what="a member")
                pile_up(gateway, speaker)
                for _ in range(300):
                    speaker.emit("say", "small")
                speaker.assert_responsive()
                with stopped(gateway):
                    take_what_is_there(slow.sock)
                    slow.close()
            eventually(lambda: gateway.admin("GET", "/v1/rooms/news").json().get("sockets", 0) == 0, what="nobody")
            eventually(lambda: gateway.metric(BUFFERED) == 0, what="nothing buffered")


@pytest.mark.parametrize("behind", [0, 3_000])
def test_a_held_poll_ends_with_its_client_also_when_reading_is_paused(launch, behind):
    gateway = launch(config())
    poller = Polling(gateway.port)
    poller.send("40")
    assert poller.packet().startswith("40")
    with socket.create_connection(("127.0.0.1", gateway.port), 10) as held:
        get = "GET {} HTTP/1.1\r\nHost: x\r\n\r\n"
        held.sendall(get.format(poller.target).encode())
        # More than is read ahead: the end of input lies behind what nobody reads.
        held.sendall(get.format("/nothing").encode() * behind)
        eventually(lambda: poller.post("42[\"nothing\"]").status == 200, what="the poll is held")
        assert gateway.metric("gatehouse_sessions", transport="polling") == 1
    eventually(lambda: gateway.metric("gatehouse_sessions", transport="polling") == 0, 5, "the end of its session")


def test_a_listening_socket_that_another_process_has_shut_down_is_given_up_and_costs_nothing(launch):
    gateway = launch(config(), start=False)
    with socket.socket() as public, open(gateway.log_file, "wb") as log:
        public.bind(("127.0.0.1", 0))
        public.listen(16)
        document = gateway.config | {"listeners": [{"name": "public", "address": f"127.0.0.1:{public.getsockname()[1]}"}]}
        gateway.file.write_text(json.dumps(document))
        gateway.process = subprocess.Popen(
            ["python3", "-c", ACTIVATE, "public", str(public.fileno()), str(binary()), "run", "-c", str(gateway.file)],
            stdout=log, stderr=subprocess.STDOUT, env=environment(), pass_fds=[public.fileno()])
        eventually(gateway.is_ready, 20, "the gateway")
        public.shutdown(socket.SHUT_RDWR)
        eventually(lambda: "listener public is lost" in gateway.log(), what="a line about it")
        before = gateway.cpu_seconds()
        assert not select.select([], [], [], 1)[0]
        assert gateway.cpu_seconds() - before < 0.3, "it spins"
        assert gateway.admin("GET", "/healthz").status in (200, 404)


@pytest.mark.parametrize("kind", ["another kind of socket", "a full queue", "a file"])
def test_a_unix_socket_that_somebody_serves_is_left_alone(launch, tmp_path, kind):
    gateway = launch(config(), start=False)
    path = tmp_path / "gateway.sock"
    with contextlib.ExitStack() as held:
        if kind == "a file":
            path.write_text("precious")
        else:
            type_ = socket.SOCK_DGRAM if kind == "another kind of socket" else socket.SOCK_STREAM
            live = held.enter_context(socket.socket(socket.AF_UNIX, type_))
            live.bind(str(path))
            if kind == "a full queue":
                live.listen(0)
                for _ in range(2):
                    waiting = held.enter_context(socket.socket(socket.AF_UNIX))
                    waiting.setblocking(False)
                    with contextlib.suppress(BlockingIOError):
                        waiting.connect(str(path))
        before = os.lstat(path).st_ino
        gateway.file.write_text(json.dumps(gateway.config | {"listeners": [{"address": f"unix:{path}"}]}))
        started = subprocess.run(
            [binary(), "run", "-c", gateway.file], env=environment(), capture_output=True, text=True, timeout=20)
        assert started.returncode != 0
        said = [line for line in (started.stdout + started.stderr).splitlines() if "cannot listen" in line]
        assert len(said) == 1 and str(path) in said[0] and "(" in said[0], said
        assert os.lstat(path).st_ino == before
