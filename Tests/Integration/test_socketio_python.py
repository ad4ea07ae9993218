"""python-socketio's client, as people run it, against the gateway."""

import queue

import pytest
import socketio
from socketio.exceptions import ConnectionError as Refused

from gateway import eventually
from wire import ROUTES, config

WAYS = {
    "polling": {"transports": ["polling"]},
    "websocket": {"transports": ["websocket"]},
    "upgrade": {"transports": ["polling", "websocket"]},
}


@pytest.fixture(scope="module")
def gateway(launch_for_module):
    return launch_for_module(config(namespaces=["/", "/custom", {"pattern": "/tenant-{id}", "max": 100}]))


@pytest.fixture
def connect():
    """connect(gateway, way) gives a connected client whose events wait in `client.events`."""
    clients = []

    def make(gateway, way="upgrade", namespaces=("/",), answer=None, **options):
        client = socketio.Client(reconnection=False)
        client.events = queue.Queue()
        client.reasons = queue.Queue()
        clients.append(client)

        def listen(namespace):
            def received(event, *arguments):
                client.events.put((namespace, event, *arguments))
                return answer(event, *arguments) if answer else None

            client.on("*", received, namespace=namespace)
            client.on("disconnect", lambda reason: client.reasons.put((namespace, reason)), namespace=namespace)

        for namespace in namespaces:
            listen(namespace)
        client.connect(
            f"http://127.0.0.1:{gateway.port}", namespaces=list(namespaces), wait_timeout=10, **WAYS[way], **options)
        return client

    yield make
    for client in clients:
        client.disconnect()


def next_event(client, seconds=5):
    return client.events.get(timeout=seconds)


@pytest.mark.parametrize("way", WAYS)
def test_events_and_acks_go_both_ways(gateway, connect, way):
    client = connect(gateway, way, answer=lambda event, *arguments: ("got", *arguments))
    if way != "upgrade":
        assert client.transport() == way
    else:
        eventually(lambda: client.transport() == "websocket")

    client.emit("echo", (1, "two", {"three": [3, None, True]}))
    assert next_event(client) == ("/", "echo", 1, "two", {"three": [3, None, True]})
    assert client.call("ask", ("a", 2), timeout=5) == ("a", 2)
    assert client.call("ask", "alone", timeout=5) == "alone"

    answer = gateway.admin("POST", "/v1/request", {
        "to": {"sockets": [client.get_sid()]}, "event": "question", "args": ["?", 1], "timeout": "5s", "expect": "all"})
    assert answer.status == 200, answer
    assert next_event(client) == ("/", "question", "?", 1)
    (response,) = answer.json()["responses"]
    assert response["args"] == ["got", "?", 1]
    assert answer.json()["missing"] == []


@pytest.mark.parametrize("way", WAYS)
def test_binary_goes_both_ways(gateway, connect, way):
    client = connect(gateway, way)
    data = bytes(range(256)) * 300
    client.emit("echo", {"deep": [data, "text", b""]})
    assert next_event(client) == ("/", "echo", {"deep": [data, "text", b""]})
    assert client.call("ask", (b"\x00\xff", {"b": data}), timeout=5) == (b"\x00\xff", {"b": data})


@pytest.mark.parametrize("way", WAYS)
def test_rooms(gateway, connect, way):
    one, two = connect(gateway, way), connect(gateway, way)
    assert one.call("join", f"room {way}", timeout=5) == {"ok": True}
    two.emit("say", (f"room {way}", "hello"))
    assert next_event(one) == ("/", "said", f"room {way}", "hello")
    gateway.emit(to={"rooms": [f"room {way}"]}, event="news", args=[1])
    assert next_event(one) == ("/", "news", 1)
    assert two.call("ask", "last", timeout=5) == "last"
    assert two.events.empty()


def test_unicode_of_every_plane_survives_both_transports(gateway, connect):
    for way in ("polling", "websocket"):
        client = connect(gateway, way)
        text = "é ✓ 漢字 😀 \u2028 \x00 \x1e \x7f"
        assert client.call("ask", text, timeout=5) == text


def test_a_large_message_passes_by_both_transports(gateway, connect):
    for way in ("polling", "websocket"):
        text = "x" * 900_000
        assert connect(gateway, way).call("ask", text, timeout=10) == text


def test_static_and_pattern_namespaces_on_one_connection(gateway, connect):
    client = connect(gateway, namespaces=("/", "/custom", "/tenant-7"))
    assert len({client.get_sid(name) for name in ("/", "/custom", "/tenant-7")}) == 3
    for name in ("/", "/custom", "/tenant-7"):
        client.emit("all", name, namespace=name)
        assert next_event(client) == (name, "all", name)


def test_an_unknown_namespace_refuses_the_connection(gateway, connect):
    with pytest.raises(Refused):
        connect(gateway, namespaces=("/unknown",))


def test_auth_reaches_the_gateway(gateway, connect):
    client = connect(gateway, auth={"token": "t", "n": 1})
    identity, auth = client.call("whoami", timeout=5)
    assert identity == client.get_sid()
    assert auth == {"token": "t", "n": 1}


def test_a_backend_may_refuse_a_connection(launch, connect, backend):
    backend.answer = lambda call: (
        {"accept": True, "user": "u1", "rooms": ["vip"]} if call.event.get("auth") == {"token": "good"}
        else {"accept": False, "error": {"message": "not authorized", "data": {"code": "E_AUTH"}}})
    routes = [{"match": {"type": "socket.connect"}, "handler": "app"}, *ROUTES]
    gateway = launch(config(routes=routes) | {"handlers": {"app": backend.handler()}})
    refusals = queue.Queue()
    refused = socketio.Client(reconnection=False)
    refused.on("connect_error", refusals.put)
    with pytest.raises(Refused):
        refused.connect(f"http://127.0.0.1:{gateway.port}", auth={"token": "bad"}, wait_timeout=10)
    assert refusals.get(timeout=5) == {"message": "not authorized", "data": {"code": "E_AUTH"}}
    client = connect(gateway, auth={"token": "good"})
    gateway.emit(to={"rooms": ["vip"]}, event="welcome", args=[])
    assert next_event(client) == ("/", "welcome")
    gateway.emit(to={"users": ["u1"]}, event="again", args=[])
    assert next_event(client) == ("/", "again")


@pytest.mark.parametrize("way", WAYS)
def test_the_server_disconnects_a_socket(gateway, connect, way):
    client = connect(gateway, way)
    client.emit("out")
    assert client.reasons.get(timeout=5) == ("/", client.reason.SERVER_DISCONNECT)


@pytest.mark.parametrize("way", ["polling", "websocket"])
def test_a_kick_ends_the_transport(gateway, connect, way):
    client = connect(gateway, way)
    client.emit("kick")
    namespace, reason = client.reasons.get(timeout=5)
    assert namespace == "/"
    # This client has no word of its own for a transport that the server closed in good order.
    assert reason in (client.reason.TRANSPORT_ERROR, client.reason.SERVER_DISCONNECT)


def test_a_client_that_leaves_is_gone_at_once(gateway, connect):
    client = connect(gateway)
    sid = client.get_sid()
    assert gateway.admin("GET", f"/v1/sockets/{sid}").status == 200
    client.disconnect()
    eventually(lambda: gateway.admin("GET", f"/v1/sockets/{sid}").status == 404)


def test_a_client_lives_through_many_heartbeats(launch, connect):
    gateway = launch(config(pingInterval="100ms", pingTimeout="400ms"))
    for way in ("polling", "websocket"):
        client = connect(gateway, way)
        client.sleep(1.5)
        assert client.connected
        assert client.call("ask", way, timeout=5) == way
