"""R8: the wall clock jumps, and nobody is disconnected, and nothing that is stored is forgotten.

A small library shifts the clock of the gateway alone, by what a file says: see wall_clock.c.
"""

import contextlib
import datetime
import pathlib
import subprocess

import pytest

from gateway import eventually
from wire import Client, config

CLIENTS = 20
JUMPS = (3600, -3600, 0)


class WallClock:
    """The gateway's wall clock; its monotonic clock goes on as it is."""

    def __init__(self, directory):
        library = directory / "wall_clock.so"
        source = pathlib.Path(__file__).with_name("wall_clock.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
        self.file = directory / "shift"
        self.environment = {"LD_PRELOAD": str(library), "WALL_CLOCK_SHIFT": str(self.file)}
        self.shift(0)

    def shift(self, seconds):
        fresh = self.file.with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.rename(self.file)


@pytest.fixture
def clock(tmp_path):
    return WallClock(tmp_path)


def answer_ping(client):
    """Waits for a heartbeat."""
    while client.receive(20) != "2":
        pass
    client.send("3")


def shift_seen(gateway):
    """How far the gateway's wall clock is from ours, in seconds, by when it says that somebody came."""
    with Client(gateway.port) as client:
        came = gateway.admin("GET", f"/v1/sockets/{client.id}").json()["connectedAt"]
    return (datetime.datetime.fromisoformat(came) - datetime.datetime.now(datetime.timezone.utc)).total_seconds()


def jump(gateway, clock, seconds):
    clock.shift(seconds)
    assert shift_seen(gateway) == pytest.approx(seconds, abs=600), "the clock did not jump: nothing is shown here"


def test_R8_a_jump_of_the_wall_clock_disconnects_nobody(launch, clock):
    gateway = launch(config(pingInterval="300ms", pingTimeout="20s"), env=clock.environment)
    with contextlib.ExitStack() as held:
        clients = [held.enter_context(Client(gateway.port)) for _ in range(CLIENTS)]
        for seconds in JUMPS:
            jump(gateway, clock, seconds)
            for _ in range(3):
                for client in clients:
                    answer_ping(client)
            for client in clients:
                assert client.ask("ask", seconds) == [seconds]
        eventually(lambda: gateway.metric("gatehouse_sockets", namespace="/") == CLIENTS, what="only them")


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("seconds", [3600, -3600])
def test_R8_a_jump_of_the_wall_clock_holds_up_no_retry(launch, backend, clock, seconds, restarts):
    backend.answer = lambda call: 503
    route = {"name": "put", "match": {"event": "put"}, "handler": "app", "mode": "atLeastOnce"}
    gateway = launch(
        config(routes=[route]) | {"handlers": {"app": backend.handler()}, "outbox": {}}, env=clock.environment)
    with Client(gateway.port) as client:
        for number in range(3):
            assert client.ask("put", number) == []
        backend.next()
        jump(gateway, clock, seconds)
        if restarts:
            gateway.restart()
        backend.answer = lambda call: None
    eventually(lambda: gateway.metric("gatehouse_outbox_events", state="pending") == 0, 60, "an empty outbox")
    assert [call.event["args"][0] for call in backend.seen if call.event["args"] != [0]] == [1, 2]


def test_R8_dead_letters_from_before_a_jump_are_sent_again(launch, backend, clock):
    backend.answer = lambda call: 400
    route = {"name": "put", "match": {"event": "put"}, "handler": "app", "mode": "atLeastOnce"}
    gateway = launch(
        config(routes=[route]) | {"handlers": {"app": backend.handler()}, "outbox": {}}, env=clock.environment)
    with Client(gateway.port) as client:
        assert client.ask("put") == []
        eventually(lambda: gateway.metric("gatehouse_outbox_events", state="dead") == 1, 20, "a dead letter")
    jump(gateway, clock, -3600)
    backend.answer = lambda call: None
    assert gateway.admin("POST", "/v1/dlq/replay", {"all": True}).json() == {"replayed": 1}
    eventually(lambda: len(backend.seen) == 2, 20, "the replay")
