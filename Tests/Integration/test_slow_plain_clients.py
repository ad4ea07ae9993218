"""R1 for plain clients: who does not read loses events instead of the connection, where the endpoint says so."""

import json
import socket

import pytest

from gateway import eventually
from plain import EventStream, JSONSocket, config
from wire import WebSocket

LIMITS = {"limits": {"outputSoft": "64KB", "outputHard": "256KB"}}
PAYLOAD = "x" * 20_000
EVENTS = 500
RECEIVE_BUFFER = 65_536


def publish(gateway, count=EVENTS, start=0):
    """Numbered events for those who have events, numbered messages for those who have none."""
    for number in range(start, start + count):
        gateway.emit(event="news", to={"rooms": ["news"]}, args=[number, PAYLOAD])


def publish_raw(gateway, count=EVENTS, start=0):
    for number in range(start, start + count):
        sent = gateway.admin("POST", "/v1/actions", [
            {"do": "send", "to": {"rooms": ["news"]}, "text": json.dumps([number, PAYLOAD])}])
        assert sent.status == 200


KINDS = {
    "sse": (lambda port: EventStream(port, receive_buffer=RECEIVE_BUFFER), publish, lambda client: client.event(20)[1]),
    "json": (JSONSocket, publish, lambda client: client.event(20)[1]),
    "raw": (lambda port: WebSocket(port, "/raw"), publish_raw, lambda client: json.loads(client.receive(20))[0]),
}


def gateway_with(launch, policy):
    options = {"slowConsumer": policy, "rooms": ["news"]}
    return launch(config(sse=options, websocket=options, raw=options) | LIMITS)


@pytest.fixture
def small_buffers(monkeypatch):
    """The kernel takes little for clients that do not read."""

    def with_small_buffer(address, timeout):
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        made.settimeout(timeout)
        made.connect(address)
        return made

    monkeypatch.setattr(WebSocket, "connect", lambda _, port, timeout: with_small_buffer(("127.0.0.1", port), timeout))


@pytest.mark.parametrize("policy, reason", [("dropOldest", "oldest"), ("latest", "superseded")])
@pytest.mark.parametrize("kind", KINDS)
def test_R1_a_plain_client_that_does_not_read_loses_events_and_not_its_connection(
        launch, small_buffers, kind, policy, reason):
    # Messages without a name are like no other: of them the oldest go.
    reason = "oldest" if kind == "raw" else reason
    opened, say, number_of = KINDS[kind]
    gateway = gateway_with(launch, policy)
    with opened(gateway.port) as slow:
        eventually(lambda: gateway.admin("GET", "/v1/rooms/news").json().get("sockets") == 1, what="one member")
        say(gateway)
        dropped = gateway.metric("gatehouse_output_dropped_total", reason=reason)
        assert dropped > 10
        assert gateway.metric("gatehouse_slow_consumers_closed_total") == 0
        found = []
        while not found or found[-1] != EVENTS - 1:
            found.append(number_of(slow))
        assert found == sorted(set(found)), "in order, none twice"
        assert len(found) == EVENTS - dropped, "every other one has come"
        # It has caught up: nothing is lost any more.
        say(gateway, 3, EVENTS)
        assert [number_of(slow) for _ in range(3)] == [EVENTS, EVENTS + 1, EVENTS + 2]


@pytest.mark.parametrize("kind", KINDS)
def test_R1_by_default_it_is_closed(launch, small_buffers, kind):
    opened, say, _ = KINDS[kind]
    gateway = gateway_with(launch, "close")
    with opened(gateway.port):
        eventually(lambda: gateway.admin("GET", "/v1/rooms/news").json().get("sockets") == 1, what="one member")
        say(gateway)
        eventually(lambda: gateway.metric("gatehouse_slow_consumers_closed_total") == 1, what="its end")
        assert gateway.metric("gatehouse_output_dropped_total", reason="oldest") == 0


def test_R1_an_ack_waits_behind_the_events_and_is_not_dropped(launch, small_buffers):
    gateway = gateway_with(launch, "dropOldest")
    with JSONSocket(gateway.port) as slow:
        eventually(lambda: gateway.admin("GET", "/v1/rooms/news").json().get("sockets") == 1, what="one member")
        publish(gateway)
        slow.emit("ask", "still there?", ack=5)
        eventually(lambda: gateway.metric("gatehouse_messages_received_total", endpoint="ws") == 1, what="its question")
        publish(gateway, 60, EVENTS)
        seen = []
        while not seen or seen[-1] != EVENTS + 59:
            message = slow.message(20)
            seen.append("ack" if message.get("ack") == 5 else message["args"][0])
        assert seen.count("ack") == 1 and seen.index("ack") < len(seen) - 1
        assert gateway.metric("gatehouse_output_dropped_total", reason="oldest") > 10
