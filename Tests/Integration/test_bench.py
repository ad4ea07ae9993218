"""`gatehouse bench` against gateways, and against a server of another kind that can be told to misbehave."""

import asyncio
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import xml.etree.ElementTree

import aiohttp.web
import pytest

from gateway import REPOSITORY, environment, eventually
from test_tls import authority, files, secured  # noqa: F401: fixtures

BENCH = json.loads((REPOSITORY / "Config/examples/bench.json").read_text())
PLAN = ["--seconds", "0.5", "--warmup", "0.1", "--json"]


@pytest.fixture(scope="module")
def gateway(launch_for_module):
    return launch_for_module({key: BENCH[key] for key in ("endpoints", "routes", "limits")})


@pytest.fixture
def bench(the_binary, tmp_path):
    """bench(scenario, url, arguments…) returns the exit code, what was printed, and the errors."""

    def run(*arguments, json_output=True, seconds=60):
        plan = PLAN if json_output else PLAN[:-1]
        scenario, *others = map(str, arguments)
        # What a test asks for comes last, and counts.
        done = subprocess.run(
            [the_binary, "bench", scenario, *plan, *others], capture_output=True, text=True, timeout=seconds,
            stdin=subprocess.DEVNULL, cwd=tmp_path, env=environment())
        printed = json.loads(done.stdout) if json_output and done.stdout else done.stdout
        return done.returncode, printed, done.stderr

    return run


class EchoServer:
    """A plain WebSocket server that answers each message with what `answer` makes of it: a list of texts."""

    def __init__(self, answer=lambda text: [text]):
        self.answer, self.received, self.headers = answer, 0, []
        self.loop = asyncio.new_event_loop()
        started = threading.Event()
        self.thread = threading.Thread(target=self.serve, args=(started,), daemon=True)
        self.thread.start()
        assert started.wait(10)

    def serve(self, started):
        asyncio.set_event_loop(self.loop)

        async def start():
            app = aiohttp.web.Application()
            app.router.add_get("/ws", self.talk)
            self.runner = aiohttp.web.AppRunner(app)
            await self.runner.setup()
            site = aiohttp.web.TCPSite(self.runner, "127.0.0.1", 0)
            await site.start()
            self.port = site._server.sockets[0].getsockname()[1]

        self.loop.run_until_complete(start())
        started.set()
        self.loop.run_forever()
        self.loop.run_until_complete(self.runner.cleanup())

    async def talk(self, request):
        self.headers.append(dict(request.headers))
        peer = aiohttp.web.WebSocketResponse()
        await peer.prepare(request)
        async for message in peer:
            self.received += 1
            for text in self.answer(message.data):
                await peer.send_str(text)
        return peer

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


@pytest.fixture
def echo_server():
    servers = []

    def start(*arguments):
        servers.append(EchoServer(*arguments))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize("in_flight", [1, 8])
def test_echo_counts_what_the_gateway_answers(bench, gateway, transport, in_flight):
    received = lambda: gateway.metric("gatehouse_messages_received_total")
    before = received()
    code, report, errors = bench(
        "echo", f"http://127.0.0.1:{gateway.port}", "-c", 10, "--transport", transport, "--in-flight", in_flight,
        "--pid", gateway.process.pid)
    assert (code, report["ready"], report["lost"], report["failures"]) == (0, 10, 0, {}), errors
    # The gateway has seen them all, and those of the warm-up.
    assert 0 < report["messages"] <= received() - before
    figures = report["latencyMs"]
    assert 0 < figures["p50"] <= figures["p90"] <= figures["p99"] <= figures["p99.9"] <= figures["max"]
    assert report["server"]["cpuMicrosecondsPerMessage"] > 0
    assert report["server"]["residentBytes"] > 1_000_000


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_fanout_reaches_every_client(bench, gateway, transport):
    code, report, errors = bench(
        "fanout", f"ws://127.0.0.1:{gateway.port}/socket.io/", "-c", 20, "--transport", transport)
    assert (code, report["ready"], report["lost"], report["outOfOrder"]) == (0, 21, 0, 0), errors
    assert report["messages"] >= 20


def test_connect_measures_openings_and_memory(bench, gateway):
    url = f"http://127.0.0.1:{gateway.port}"
    code, report, errors = bench("connect", url, "-c", 200, "--pid", gateway.process.pid)
    assert (code, report["ready"], report["messages"]) == (0, 200, 200), errors
    assert "bytesPerConnection" in report["server"] and report["server"]["heldCoreShare"] < 1
    code, report, errors = bench("connect", url, "-c", 5, "--churn")
    assert code == 0 and report["messages"] > 5, errors


def test_a_greeting_says_which_client_it_is(bench, echo_server):
    heard = []
    server = echo_server(lambda text: heard.append(text) or [text])
    code, report, errors = bench(
        "echo", f"ws://127.0.0.1:{server.port}/ws", "--protocol", "websocket", "-c", 3, "--greeting", "I am {client}")
    assert (code, report["ready"]) == (0, 3), errors
    assert sorted(text for text in heard if text.startswith("I am")) == ["I am 0", "I am 1", "I am 2"]


def test_a_rate_is_kept_whatever_comes_back(bench, gateway):
    code, report, errors = bench("echo", f"http://127.0.0.1:{gateway.port}", "-c", 5, "--rate", 200)
    assert code == 0, errors
    assert 80 <= report["messages"] <= 120


def test_a_stall_that_outlives_the_measuring_shows(the_binary, gateway):
    """Who was to be answered in that time waited: it counts, although the answers come when the time is up."""
    received = lambda: gateway.metric("gatehouse_messages_received_total")
    before = received()
    with subprocess.Popen(
            [the_binary, "bench", "echo", f"http://127.0.0.1:{gateway.port}", "--event", "echo", "--connections", "4",
             "--rate", "200", "--warmup", "0", "--seconds", "4", "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
        eventually(lambda: received() > before + 50, 20, "messages")
        gateway.process.send_signal(signal.SIGSTOP)
        try:
            assert not select.select([], [], [], 4)[0]
        finally:
            gateway.process.send_signal(signal.SIGCONT)
        report = json.loads(running.communicate(timeout=30)[0])
    assert report["latencyMs"]["max"] > 1_000


def test_over_tls_a_certificate_is_verified_unless_told_not_to(bench, launch, files):  # noqa: F811
    gateway = launch(secured(files) | {"routes": BENCH["routes"]})
    url = f"https://127.0.0.1:{gateway.port}"
    code, report, errors = bench("echo", url, "-c", 5, "--event", "echo")
    assert code == 69 and "certificate verify failed" in errors
    code, report, errors = bench("echo", url, "-c", 5, "--insecure")
    assert (code, report["ready"]) == (0, 5), errors


@pytest.mark.parametrize("size, in_flight", [(128, 500), (60_000, 4), (700_000, 1)])
def test_messages_of_many_reads(bench, launch, files, echo_server, size, in_flight):  # noqa: F811
    """More than is read or written at once, with TLS and without."""
    gateway = launch(secured(files) | {"routes": BENCH["routes"]})
    server = echo_server()
    for url, options in [(f"https://127.0.0.1:{gateway.port}", ("--insecure",)),
                         (f"ws://127.0.0.1:{server.port}/ws", ("--protocol", "websocket"))]:
        code, report, errors = bench("echo", url, "-c", 3, "--size", size, "--in-flight", in_flight, *options)
        assert (code, report["lost"], report["failures"]) == (0, 0, {}), errors
        assert report["messages"] > 3


def test_a_plain_server_echoes_too(bench, echo_server):
    server = echo_server()
    code, report, errors = bench(
        "echo", f"ws://127.0.0.1:{server.port}/ws", "--protocol", "websocket", "-c", 3, "--header", "X-Key: a: b")
    assert (code, report["ready"]) == (0, 3), errors
    assert 0 < report["messages"] <= server.received
    assert {headers["X-Key"] for headers in server.headers} == {"a: b"}


@pytest.mark.parametrize("answer, field", [
    (lambda text, seen=[]: seen.append(text) or ([] if len(seen) == 10 else [text]), "lost"),
    (lambda text: [text, text], "outOfOrder"),
])
def test_what_is_lost_or_doubled_is_told(bench, echo_server, answer, field):
    server = echo_server(answer)
    code, report, errors = bench("echo", f"ws://127.0.0.1:{server.port}/ws", "--protocol", "websocket", "-c", 1)
    assert code == 1, errors
    assert report[field] > 0


def test_clients_that_are_refused_are_counted_by_reason(bench, launch):
    limited = launch({"endpoints": BENCH["endpoints"], "routes": BENCH["routes"], "limits": {"maxConnections": 3}})
    code, report, errors = bench("echo", f"http://127.0.0.1:{limited.port}", "-c", 6)
    assert code == 1, errors
    assert report["ready"] <= 3
    assert report["failures"] == {"HTTP 503": 6 - report["ready"]}


def test_the_picture_and_the_words_for_people(bench, gateway, tmp_path):
    code, text, errors = bench(
        "echo", f"http://127.0.0.1:{gateway.port}", "-c", 2, "--svg", "picture.svg", json_output=False)
    assert code == 0, errors
    assert text.startswith("echo  socket.io over websocket, 2 connections, 1 in flight, 128 bytes\n")
    assert "p99.9" in text and "█" in text
    picture = xml.etree.ElementTree.parse(tmp_path / "picture.svg").getroot()
    assert picture.tag.endswith("svg")


@pytest.mark.parametrize("arguments, code, words", [
    (["echo", "http://127.0.0.1:9"], 69, "Connection refused"),
    (["echo", "ftp://h"], 64, "not a URL"),
    (["echo", "http://h", "--in-flight", "0"], 64, "--in-flight must be"),
    (["fanout", "ws://h", "--protocol", "websocket", "--transport", "polling"], 64, "polling is a transport"),
    (["echo", "http://127.0.0.1:9", "--pid", "4194304"], 69, "no process"),
])
def test_what_cannot_be_done_is_one_line(bench, arguments, code, words):
    ended, printed, errors = bench(*arguments, json_output=False)
    assert (ended, printed) == (code, "")
    assert words in errors.splitlines()[0]


@pytest.mark.skipif((os.cpu_count() or 1) < 2 or not shutil.which("taskset"), reason="wants two cores and taskset")
def test_the_table_and_the_plot_of_all_servers(the_binary, tmp_path):
    """One workload of `run.py`, to see that it works; what it measures is for a quiet machine to say."""
    done = subprocess.run(
        [sys.executable, REPOSITORY / "Tests/Benchmarks/run.py", "--binary", the_binary, "--only", "two loops",
         "--rounds", "1", "--seconds", "0.3", "--output", tmp_path],
        capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, env=environment())
    assert done.returncode == 0, done.stderr
    rows = [line.split("|") for line in (tmp_path / "results.md").read_text().splitlines() if "loop" in line and "±" in line]
    assert [row[2].strip() for row in rows] == ["one loop", "**two loops**"], done.stdout
    assert all(float(row[4]) > 0 for row in rows)
    assert xml.etree.ElementTree.parse(tmp_path / "results.svg").getroot().tag.endswith("svg")
