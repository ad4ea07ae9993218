"""The stock JavaScript client 4.8.1, unmodified, in Node."""

import os
import pathlib
import subprocess

import pytest

from gateway import environment
from wire import ROUTES, config

SCENARIOS = pathlib.Path(__file__).parent / "clients" / "scenarios.js"
WAYS = ["polling", "websocket", "upgrade"]


@pytest.fixture(scope="module")
def gateway(launch_for_module):
    return launch_for_module(config())


@pytest.fixture(scope="module")
def deflating(launch_for_module):
    return launch_for_module(config(perMessageDeflate={"threshold": 0}))


class Scenario:
    """One run of clients/scenarios.js; what it prints are questions, to be answered a line each."""

    def __init__(self, gateway, client_file, name, way, **more):
        variables = {
            "NODE_PATH": os.environ.get("NODE_PATH", "/usr/share/nodejs"),
            "CLIENT_FILE": str(client_file),
            "URL": f"http://127.0.0.1:{gateway.port}",
        } | more
        self.process = subprocess.Popen(
            ["node", SCENARIOS, name, way], env=environment(**variables), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def question(self):
        line = self.process.stdout.readline().strip()
        if not line:
            self.finish()
        return line

    def answer(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def finish(self, seconds=40):
        try:
            output, errors = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"the client did not finish: {self.process.communicate()}") from None
        assert self.process.returncode == 0, f"{output}\n{errors}"


@pytest.fixture
def play(client_file):
    started = []

    def start(gateway, name, way):
        started.append(Scenario(gateway, client_file, name, way))
        return started[-1]

    yield start
    for scenario in started:
        if scenario.process.poll() is None:
            scenario.process.kill()
            scenario.process.wait()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["events", "binary", "rooms", "namespaces", "volatile", "order", "reasons"])
def test_stock_client(gateway, play, name, way):
    play(gateway, name, way).finish()


@pytest.mark.parametrize("way", ["websocket", "upgrade"])
@pytest.mark.parametrize("name", ["events", "binary", "rooms", "order"])
def test_stock_client_with_compressed_messages(deflating, play, name, way):
    """Node's ws offers permessage-deflate by itself, as browsers do."""
    play(deflating, name, way).finish()


@pytest.mark.parametrize("way", WAYS)
def test_stock_client_answers_a_question_of_the_server(gateway, play, way):
    scenario = play(gateway, "question", way)
    sid = scenario.question()
    reply = gateway.admin("POST", "/v1/request", {
        "to": {"sockets": [sid]}, "event": "question", "args": ["?", {"n": 1}], "timeout": "5s", "expect": "first"})
    assert reply.status == 200, reply
    assert [one["args"] for one in reply.json()["responses"]] == [["got", "?", {"n": 1}]]
    scenario.answer("answered")
    scenario.finish()


@pytest.mark.parametrize("way", WAYS)
def test_stock_client_comes_back_by_itself_after_a_restart(launch, play, way):
    gateway = launch(config())
    scenario = play(gateway, "comeback", way)
    assert scenario.question() == "restart"
    gateway.restart()
    scenario.answer("restarted")
    scenario.finish()


@pytest.fixture(scope="module")
def recovering(launch_for_module):
    return launch_for_module(config(connectionStateRecovery={"maxDisconnectionDuration": "1m"}))


def send(gateway, *numbers, **to):
    for number in numbers:
        gateway.emit(to=to, event="n", args=[number])


@pytest.mark.parametrize("way", WAYS)
def test_stock_client_recovers_what_it_missed(recovering, play, way):
    scenario = play(recovering, "recovery", way)
    sid = scenario.question()
    send(recovering, 0, 1, 2, sockets=[sid])
    scenario.answer("three were sent")
    for first in (3, 5):
        assert scenario.question() == "gone"
        send(recovering, first, sockets=[sid])
        send(recovering, first + 1, rooms=["news"])
        scenario.answer("two were sent")
    scenario.finish()


@pytest.mark.parametrize("way", WAYS)
def test_stock_client_recovers_over_a_planned_restart(launch, play, way, tmp_path):
    gateway = launch(config(connectionStateRecovery={"maxDisconnectionDuration": "1m"})
                     | {"history": {"checkpoint": str(tmp_path / "log.bin")}})
    scenario = play(gateway, "restart", way)
    sid = scenario.question()
    send(gateway, 0, sockets=[sid])
    scenario.answer("one was sent")
    assert scenario.question() == "restart"
    gateway.restart()
    send(gateway, 1, sockets=[sid])
    scenario.answer("restarted")
    scenario.finish()


@pytest.mark.parametrize("way", WAYS)
def test_stock_client_is_told_why_it_is_refused(launch, play, backend, way):
    backend.answer = lambda call: (
        {"accept": True} if call.event["auth"] == {"token": "good"}
        else {"accept": False, "error": {"message": "not authorized", "data": {"code": "E_AUTH"}}})
    routes = [{"match": {"type": "socket.connect"}, "handler": "app"}, *ROUTES]
    gateway = launch(config(routes=routes) | {"handlers": {"app": backend.handler()}})
    play(gateway, "refusal", way).finish()
