"""`gatehouse bench` when its own machine, its server or whoever started it does not let it go on: one line each."""

import contextlib
import json
import os
import pathlib
import pty
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from gateway import environment, eventually
from test_bench import BENCH, EchoServer, bench, echo_server, gateway  # noqa: F401: fixtures
from test_drain import fill
from test_tls import authority, files, secured  # noqa: F401: fixtures

HERE = pathlib.Path(__file__).parent


def line(errors):
    """The one line that was said."""
    lines = errors.splitlines()
    assert len(lines) == 1 and lines[0].startswith("gatehouse: bench: "), errors
    return lines[0]


# Too little on this machine

@pytest.mark.parametrize("scenario", ["connect", "connect --churn", "echo", "fanout"])
@pytest.mark.parametrize("transport, needed", [("websocket", 100), ("polling", 200)])
def test_too_few_descriptors_for_all_clients_are_told_before_anything_is_opened(
        the_binary, gateway, scenario, transport, needed):  # noqa: F811
    done = limited(the_binary, gateway, scenario, 90, "--transport", transport)
    needed += {"fanout": needed // 100}.get(scenario, 0) + 32
    assert (done.returncode, done.stdout) == (69, "")
    assert f"no descriptor left: this process may have 90, and these clients need {needed}" in line(done.stderr)
    assert f"`ulimit -n {needed}`" in done.stderr


# Starts a program with few descriptors, of which some are taken.
START = """
import os, resource, sys
descriptors, taken, *command = sys.argv[1:]
for _ in range(int(taken)):
    os.set_inheritable(os.dup(0), True)
resource.setrlimit(resource.RLIMIT_NOFILE, (int(descriptors), int(descriptors)))
os.execv(command[0], command)
"""


def limited(the_binary, gateway, scenario, descriptors, *options, taken=0):  # noqa: F811
    return subprocess.run(
        [sys.executable, "-c", START, str(descriptors), str(taken), the_binary, "bench", *scenario.split(),
         f"http://127.0.0.1:{gateway.port}", "-c", "100", "--seconds", "0.5", "--warmup", "0.1", "--json", *options],
        capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, env=environment())


@pytest.mark.parametrize("scenario", ["connect", "echo", "fanout"])
def test_too_few_descriptors_for_some_clients_are_told_with_the_figures_of_the_others(the_binary, gateway, scenario):  # noqa: F811
    """It was started with descriptors that it does not know of."""
    done = limited(the_binary, gateway, scenario, 140, taken=60)
    report = json.loads(done.stdout)
    assert done.returncode == 1, done.stderr
    assert 20 < report["ready"] < 100
    assert report["messages"] > 0 and report["lost"] == report["disconnected"] == 0
    wanted = 101 if scenario == "fanout" else 100
    assert report["failures"] == {"socket: Too many open files": wanted - report["ready"]}
    assert "no descriptor left: this process may have 140" in line(done.stderr)


def test_descriptors_that_run_out_while_clients_come_and_go_end_it_with_what_was_measured(the_binary, gateway):  # noqa: F811
    connections = lambda: gateway.metric("gatehouse_connections_accepted_total")
    before = connections()
    began = time.monotonic()
    with subprocess.Popen(
            [the_binary, "bench", "connect", f"http://127.0.0.1:{gateway.port}", "--churn", "-c", "30", "--warmup", "0",
             "--seconds", "60", "--json"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()) as running:
        eventually(lambda: connections() > before + 100, 20, "connections")
        resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (12, 12))
        printed, errors = running.communicate(timeout=40)
    report = json.loads(printed)
    assert (running.returncode, report["messages"] > 0) == (1, True), errors
    assert report["failures"] == {"socket: Too many open files": 1}
    assert "no descriptor left: this process may have 12, and these clients need 62" in line(errors)
    assert time.monotonic() - began < 50, "it has gone on"


@pytest.fixture(scope="module")
def no_ports(tmp_path_factory):
    library = tmp_path_factory.mktemp("ports") / "no_ports.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, HERE / "no_ports.c"], check=True)

    def run(the_binary, gateway, after, *arguments):  # noqa: F811
        done = subprocess.run(
            [the_binary, "bench", *arguments, f"http://127.0.0.1:{gateway.port}", "--seconds", "0.5", "--json"],
            capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
            env=environment(LD_PRELOAD=str(library), NO_PORTS_AFTER=str(after)))
        return done.returncode, json.loads(done.stdout) if done.stdout else None, line(done.stderr)

    return run


@pytest.mark.parametrize("scenario", ["connect", "connect --churn", "echo", "fanout"])
def test_no_local_port_at_all(the_binary, gateway, no_ports, scenario):  # noqa: F811
    code, report, said = no_ports(the_binary, gateway, 0, *scenario.split(), "-c", "20", "--warmup", "0.1")
    assert (code, report) == (69, None)
    assert "no local port left" in said and "--source-addresses 2)" in said
    assert ("keeps its port for a minute" in said) == ("--churn" in scenario)


@pytest.mark.parametrize("scenario", ["connect", "echo", "fanout"])
def test_local_ports_for_some_clients_only(the_binary, gateway, no_ports, scenario):  # noqa: F811
    code, report, said = no_ports(the_binary, gateway, 12, scenario, "-c", "20", "--source-addresses", "3", "--warmup", "0.1")
    assert (code, report["ready"]) == (1, 12)
    assert report["failures"] == {"connect: Cannot assign requested address": (21 if scenario == "fanout" else 20) - 12}
    assert report["messages"] > 0
    assert "no local port left" in said and "so 3 are not enough" in said and "--source-addresses 4)" in said


def test_ports_that_run_out_while_clients_come_and_go(the_binary, gateway, no_ports):  # noqa: F811
    code, report, said = no_ports(the_binary, gateway, 200, "connect", "--churn", "-c", "20", "--warmup", "0")
    assert code == 1 and 100 < report["messages"] <= 200
    assert report["failures"] == {"connect: Cannot assign requested address": 1}
    assert "no local port left" in said and "keeps its port for a minute" in said


def test_all_source_addresses_are_used_however_few_clients_there_are(bench):  # noqa: F811
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        addresses = []

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    peer, address = listener.accept()
                    addresses.append(address[0])
                    peer.sendall(b"HTTP/1.1 503 Full\r\n\r\n")
                    peer.close()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        bench("connect", f"ws://127.0.0.1:{listener.getsockname()[1]}/", "--churn", "-c", 2, "--source-addresses", 8,
              "--seconds", "0.2")
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)
    # It gives up at once: nobody has ever been let in.
    assert 2 <= len(addresses) <= 8 and len(set(addresses)) == len(addresses), addresses


# What was not measured

def test_fan_outs_that_are_not_sent_because_too_many_are_on_the_way_are_told(bench, echo_server):  # noqa: F811
    """The server passes nothing on: what is due behind the limit is counted, not left out in silence."""
    server = echo_server(lambda text: [])
    code, report, errors = bench(
        "fanout", f"ws://127.0.0.1:{server.port}/ws", "--protocol", "websocket", "-c", 2, "--rate", 200_000)
    due = 0.6 * 200_000
    assert (code, report["messages"]) == (1, 0) and 0 < report["lost"] <= 2 * 32_768
    # All that was due is somewhere: what left waits for two receivers, the rest did not leave.
    assert report["notSent"] > 0 and report["notSent"] + report["lost"] / 2 > 0.99 * due, report
    assert "no message came back" in line(errors)


def test_a_run_that_has_lost_all_its_clients_ends_at_once(bench, echo_server):  # noqa: F811
    class Gone(Exception):
        """Closes the connection."""

    def answer(text, seen=[]):
        seen.append(text)
        if len(seen) == 40:
            raise Gone
        return [text]

    server = echo_server(answer)
    code, report, errors = bench(
        "echo", f"ws://127.0.0.1:{server.port}/ws", "--protocol", "websocket", "-c", 1, "--rate", 100,
        "--seconds", 20)
    assert (code, report["ready"], report["disconnected"]) == (1, 0, 1), errors
    # Nothing more can be learnt: it ends at once.
    assert report["lost"] >= 1 and report["messages"] >= 20 and report["seconds"] < 15


def test_one_answer_that_does_not_come_is_one_that_is_lost(bench, echo_server):  # noqa: F811
    def answer(text, seen=[]):
        seen.append(text)
        return [] if len(seen) == 20 else [text]

    server = echo_server(answer)
    code, report, errors = bench(
        "echo", f"ws://127.0.0.1:{server.port}/ws", "--protocol", "websocket", "-c", 1, "--in-flight", 8)
    # All behind it are answered out of their order, and counted as answered.
    assert (code, report["lost"]) == (1, 1), errors
    assert report["outOfOrder"] > 0 and report["messages"] > 20


def test_openings_that_are_under_way_at_the_end_are_waited_for_or_lost(bench):  # noqa: F811
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        code, report, errors = bench("connect", f"ws://127.0.0.1:{listener.getsockname()[1]}/", "--churn", "-c", 7)
    assert (code, report["messages"], report["lost"]) == (1, 0, 7), errors


# Servers of another kind

def serve(answer):
    """A server that sends `answer` to whoever connects, and its port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def run():
        with contextlib.suppress(OSError):
            while True:
                peer, _ = listener.accept()
                peer.recv(4_096)
                peer.sendall(answer)

    threading.Thread(target=run, daemon=True).start()
    return listener


@pytest.mark.parametrize("answer, arguments, words", [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", (), "HTTP 200 (it serves HTTP at /socket.io/, but neither"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", ("--transport", "polling"), "no Engine.IO handshake (does it"),
    (b"HTTP/1.1 302 Found\r\nLocation: https://there/\r\n\r\n", (), "it redirects to https://there/: give that URL"),
    (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", ("--protocol", "websocket"), "HTTP 404 (is there an endpoint at /?"),
    (b"-ERR unknown command\r\n", (), "an answer that is not HTTP (is another service at this port"),
])
def test_a_server_that_speaks_something_else(bench, answer, arguments, words):  # noqa: F811
    with serve(answer) as listener:
        code, printed, errors = bench(
            "echo", f"http://127.0.0.1:{listener.getsockname()[1]}", "-c", 2, *arguments, json_output=False)
        listener.shutdown(socket.SHUT_RDWR)
    assert (code, printed) == (69, "")
    assert words in line(errors)


def test_a_server_that_closes_after_some_messages(bench, echo_server):  # noqa: F811
    def answer(text, seen=[]):
        seen.append(text)
        if len(seen) % 50 == 0:
            raise RuntimeError("closes the connection")
        return [text]

    server = echo_server(answer)
    code, text, errors = bench(
        "echo", f"ws://127.0.0.1:{server.port}/ws", "--protocol", "websocket", "-c", 3, "--warmup", 0,
        "--seconds", 20, json_output=False)
    assert (code, errors) == (1, "")
    assert "  of these    3 had been in and were lost\n" in text and "3 LOST" in text
    code, text, errors = bench(
        "echo", f"ws://127.0.0.1:{server.port}/ws", "--protocol", "websocket", "-c", 3, "--warmup", 20, json_output=False)
    assert (code, text) == (69, "")
    assert "every client was lost before the measuring: closed by the server" in line(errors)


@pytest.mark.parametrize("url, words", [
    ("https://127.0.0.1:{tls}", "certificate verify failed (nobody known here vouches for it: --insecure accepts it"),
    ("https://127.0.0.1:{plain}", "(does it speak TLS at this port? Without it: http:// or ws://)"),
    ("http://127.0.0.1:{closed}", "Connection refused (does the server run, and on this port?)"),
    ("http://no.such.name.invalid", "(is the name right?)"),
])
def test_a_wrong_address_or_certificate(bench, launch, gateway, files, url, words):  # noqa: F811
    tls = launch(secured(files) | {"routes": BENCH["routes"]}) if "{tls}" in url else gateway
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = url.format(tls=tls.port, plain=gateway.port, closed=closed.getsockname()[1])
        code, printed, errors = bench("echo", url, "-c", 2, json_output=False)
    assert (code, printed) == (69, "")
    assert words in line(errors)


def test_events_that_nobody_answers_are_told_in_words(bench, gateway):  # noqa: F811
    code, report, errors = bench("echo", f"http://127.0.0.1:{gateway.port}", "-c", 3, "--event", "unheard-of")
    assert (code, report["messages"], report["lost"]) == (1, 0, 3)
    assert "does the server answer unheard-of? See --event and --no-ack" in line(errors)


# Whoever started it

@pytest.mark.parametrize("scenario, number, expected", [
    ("echo", signal.SIGINT, 130), ("echo", signal.SIGTERM, 143), ("connect", signal.SIGINT, 130)])
def test_an_interruption_ends_it_with_what_was_measured_so_far(the_binary, gateway, scenario, number, expected):  # noqa: F811
    received = lambda: gateway.metric("gatehouse_messages_received_total")
    before = received()
    with subprocess.Popen(
            [the_binary, "bench", scenario, f"http://127.0.0.1:{gateway.port}", "-c", "10", "--warmup", "0",
             "--seconds", "120", "--json"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()) as running:
        if scenario == "echo":
            eventually(lambda: received() > before + 100, 20, "messages")
        else:
            # It says every five seconds what it is at.
            assert any("10/10 clients" in running.stderr.readline() for _ in range(10))
        running.send_signal(number)
        printed, errors = running.communicate(timeout=30)
    report = json.loads(printed)
    assert (running.returncode, report["interrupted"], report["lost"]) == (expected, True, 0), errors
    assert report["messages"] >= 10 and report["seconds"] < 60


def test_an_interruption_before_anything_was_measured_is_one_line(the_binary):
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        with subprocess.Popen(
                [the_binary, "bench", "echo", f"http://127.0.0.1:{listener.getsockname()[1]}", "-c", "2"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                env=environment()) as running:
            listener.accept()[0].recv(100)
            running.send_signal(signal.SIGINT)
            printed, errors = running.communicate(timeout=8)
    assert (running.returncode, printed) == (130, "")
    assert "interrupted before anything was measured" in line(errors)


@pytest.mark.parametrize("path", ["no/such/directory/x.svg", "."])
def test_a_picture_that_cannot_be_written_is_told_before_the_measuring(bench, gateway, path):  # noqa: F811
    received = gateway.metric("gatehouse_messages_received_total")
    code, printed, errors = bench("echo", f"http://127.0.0.1:{gateway.port}", "--svg", path, json_output=False)
    assert (code, printed) == (1, "")
    assert f"cannot write {path}" in line(errors)
    assert gateway.metric("gatehouse_messages_received_total") == received


def test_a_picture_that_was_not_made_leaves_no_file(bench, tmp_path):  # noqa: F811
    assert bench("echo", "http://127.0.0.1:9", "--svg", "x.svg", json_output=False)[0] == 69
    assert not (tmp_path / "x.svg").exists()


@pytest.mark.parametrize("option, values", [
    ("--connections", ["0", "-1", "1000001", "99999999999999999999", "x"]),
    ("--in-flight", ["0", "-5", "10001"]),
    ("--size", ["0", "13", "-1", "10000001"]),
    ("--seconds", ["0", "-1", "1e9", "nan", "inf"]),
    ("--warmup", ["-1", "1e300", "nan"]),
    ("--rate", ["0", "-1", "1e-300", "1e300", "nan", "inf"]),
    ("--concurrency", ["0", "-1", "100001"]),
    ("--source-addresses", ["0", "251", "-1"]),
    ("--namespace", ["", "chat"]),
    ("--header", ["no colon", ": x", "a: b\r\nc: d"]),
])
def test_values_that_make_no_sense_are_usage_errors(bench, option, values):  # noqa: F811
    for value in values:
        code, printed, errors = bench("echo", "http://127.0.0.1:9", f"{option}={value}", json_output=False)
        assert (code, printed) == (64, ""), (value, errors)
        assert errors.startswith("Error: ") and option in errors.splitlines()[0], errors


def test_more_than_fits_into_memory_is_a_usage_error(bench):  # noqa: F811
    code, printed, errors = bench(
        "echo", "http://127.0.0.1:9", "-c", 1_000, "--in-flight", 10_000, "--size", 10_000_000, json_output=False)
    assert (code, printed) == (64, "")
    assert "93132 GiB" in line(errors) and "--in-flight" in errors


def test_json_and_progress_do_not_mix(the_binary, gateway, tmp_path):  # noqa: F811
    """The report is a file; progress is lines without control characters, because nobody has a cursor there."""
    report, progress = tmp_path / "report.json", tmp_path / "progress.txt"
    with open(report, "wb") as printed, open(progress, "wb") as errors:
        done = subprocess.run(
            [the_binary, "bench", "echo", f"http://127.0.0.1:{gateway.port}", "-c", "2", "--seconds", "6", "--json"],
            stdin=subprocess.DEVNULL, stdout=printed, stderr=errors, timeout=60, env=environment())
    assert done.returncode == 0
    assert json.loads(report.read_text())["messages"] > 0
    lines = progress.read_text().splitlines()
    assert 1 <= len(lines) <= 3 and all("2/2 clients" in text and text.isprintable() for text in lines), lines


def test_a_terminal_has_one_line_that_is_written_over(the_binary, gateway):  # noqa: F811
    ours, theirs = pty.openpty()
    resize(theirs, columns=30)
    with subprocess.Popen(
            [the_binary, "bench", "echo", f"http://127.0.0.1:{gateway.port}", "-c", "2", "--seconds", "3"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs, env=environment(TERM="xterm")) as running:
        os.close(theirs)
        seen = b""
        with contextlib.suppress(OSError):
            while chunk := os.read(ours, 4_096):
                seen += chunk
        printed, _ = running.communicate(timeout=30)
    os.close(ours)
    assert running.returncode == 0 and b"p99" in printed
    words = seen.split(b"\r\x1b[K")
    # Each is shorter than the terminal is wide, and the last one is taken away.
    assert len(words) >= 3 and words[0] == words[-1] == b"", seen
    assert all(0 < len(word.decode()) < 30 for word in words[1:-1]) and b"\n" not in seen


def resize(terminal, columns):
    import fcntl
    import struct
    import termios

    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def test_a_reader_of_progress_that_has_stopped_does_not_stop_the_measuring(the_binary, gateway):  # noqa: F811
    reading, writing = os.pipe()
    fill(writing)
    try:
        done = subprocess.run(
            [the_binary, "bench", "echo", f"http://127.0.0.1:{gateway.port}", "-c", "2", "--seconds", "6", "--json"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=writing, timeout=40, env=environment())
    finally:
        os.close(reading)
        os.close(writing)
    assert done.returncode == 0 and json.loads(done.stdout)["seconds"] < 12
