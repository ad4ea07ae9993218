"""The configuration is taken over while the gateway runs: all of it or nothing, and connections stay."""

import copy
import json
import os
import signal
import socket
import threading
import time

import pytest

from backend import Backend
from gateway import eventually, free_ports, request
from wire import Client, HandshakeRefused, Polling, WebSocket, config

ROUTE = {"name": "version", "match": {"event": "version"}}


def answering(number, **more):
    """A configuration whose route `version` says which one it is."""
    return config([{"name": "ask", "match": {"event": "ask"}, "ack": "{args}"}, ROUTE | {"ack": [number]}]) | more


def reload(gateway):
    return gateway.admin("POST", "/v1/config/reload", timeout=60)


def taken_over(gateway, document):
    gateway.configure(document)
    reply = reload(gateway)
    assert reply.status == 200, (reply, gateway.log())
    return reply.json()


def refused(gateway):
    reply = reload(gateway)
    assert reply.status == 422, reply
    return [one["detail"] for one in reply.json()["errors"]]


def test_routes_change_under_open_connections(launch):
    gateway = launch(answering(1))
    with Client(gateway.port) as client:
        polling = Polling(gateway.port)
        polling.send("40")
        assert polling.packet().startswith("40")
        assert client.ask("version") == [1]
        assert taken_over(gateway, answering(2)) == {"result": "success", "generation": 2}
        assert client.ask("version") == [2]
        polling.send('427["version"]')
        assert polling.packet() == "437[2]"
        with Client(gateway.port) as late:
            assert late.ask("version") == [2]
    assert gateway.metric("gatehouse_config_reloads_total", result="success") == 1
    assert gateway.metric("gatehouse_config_generation") == 2
    eventually(lambda: gateway.metric("gatehouse_config_generations_held") == 1, what="the old one to be forgotten")


def test_SIGHUP_does_the_same(launch):
    gateway = launch(answering(1))
    with Client(gateway.port) as client:
        gateway.configure(answering(2))
        gateway.process.send_signal(signal.SIGHUP)
        eventually(lambda: client.ask("version") == [2], what="the new route")
    assert "configuration reloaded" in gateway.log()


FIXED = {
    "history": ({"history": {"maxMessages": 5}}, "history"),
    "history.checkpoint": ({"history": {"checkpoint": "log.bin"}}, "history"),
    "node.id": ({"node": {"id": "another"}}, "node.id"),
    "outbox": ({"outbox": {"maxBytes": "1GiB"}}, "outbox"),
    "memoryBudget": ({"limits": {"memoryBudget": "50%"}}, "limits.memoryBudget"),
}


@pytest.mark.parametrize("what", [*FIXED, "recovery on", "recovery off", "recovery longer", "recovery of another namespace"])
def test_what_needs_a_restart_is_refused_in_one_line_and_nothing_of_it_is_taken_over(launch, what):
    recovery = {"connectionStateRecovery": {"maxDisconnectionDuration": "1m"}}
    before, after = {
        "recovery on": ({}, recovery), "recovery off": (recovery, {}),
        "recovery longer": (recovery, {"connectionStateRecovery": {"maxDisconnectionDuration": "2m"}}),
        "recovery of another namespace": (recovery, recovery | {"namespaces": ["/", "/new"]}),
    }.get(what, ({}, {}))
    more, name = FIXED.get(what, ({}, "connectionStateRecovery"))

    def document(number, options, more):
        return config([{"name": "ask", "match": {"event": "ask"}, "ack": "{args}"}, ROUTE | {"ack": [number]}], **options) | more

    gateway = launch(document(1, before, {}))
    with Client(gateway.port) as client:
        gateway.configure(document(2, after, more))
        (line,) = refused(gateway)
        assert name in line and "restart is needed" in line and "\n" not in line, line
        gateway.process.send_signal(signal.SIGHUP)
        eventually(lambda: gateway.log().count("configuration not reloaded") == 2, what="a line for the signal too")
        assert client.ask("version") == [1]
        assert gateway.metric("gatehouse_config_reloads_total", result="failure") == 2
        # The same with the old value: only what may change does.
        gateway.configure(document(3, before, {}))
        assert reload(gateway).status == 200
        assert client.ask("version") == [3]


def broken(gateway):
    """Thirty files that must not be taken over, each with a word that its refusal contains."""
    good = gateway.config
    listener, endpoint = good["listeners"][0], good["endpoints"][0]

    def edited(**change):
        return json.dumps(good | change)

    yield "", "expected"
    yield "{", "gateway.json:1"
    yield edited()[:-1], "gateway.json:1"
    yield edited() + "x", "gateway.json:1"
    yield "[]", "object"
    yield "null", "object"
    yield "\xff\xfe", "gateway.json"
    yield '{"listeners": [' + "[" * 100_000, "gateway.json"
    yield edited(nonsense=1), "nonsense"
    yield edited(listeners=[]), "listeners"
    yield edited(listeners=[listener, listener]), "listener"
    yield edited(listeners=[{"address": "nowhere"}]), "address"
    yield edited(listeners=[listener | {"tls": {"certificate": "/none.crt", "key": "/none.key"}}]), "TLS"
    yield edited(listeners=[listener, {"address": "192.0.2.1:1"}]), "no such address"
    yield edited(listeners=[listener, {"address": "unix:/nowhere/at/all.sock"}]), "listen"
    yield edited(endpoints=[endpoint | {"pingInterval": 25}]), "pingInterval"
    yield edited(endpoints=[endpoint | {"protocol": "carrier pigeon"}]), "protocol"
    yield edited(endpoints=[endpoint | {"auth": {"jwt": {"publicKey": "/none.pem", "algorithms": ["RS256"]}}}]), "key"
    yield edited(endpoints=[endpoint, endpoint]), "endpoint"
    yield edited(routes=[{"match": {"event": "a"}, "handler": "nobody"}]), "nobody"
    yield edited(routes=[{"match": {"event": "a"}, "ack": ["{argz.0}"]}]), "argz"
    yield edited(routes=[{"match": {"event": "a"}, "actions": [{"do": "explode"}]}]), "explode"
    yield edited(handlers={"app": {"type": "http", "url": "ftp://h/"}}), "url"
    yield edited(handlers={"app": {"type": "http", "url": "https://h/", "tls": {"ca": "/none.pem"}}}), "ca"
    yield edited(handlers={"app": {"type": "http", "url": "http://h/", "signingKeys": ["${env:NO_SUCH}"]}}), "NO_SUCH"
    yield edited(limits={"maxConnections": -1}), "maxConnections"
    yield edited(admin={"address": "0.0.0.0:9"}), "key"
    yield edited(node={"id": "somebody-else"}), "restart"
    yield edited(origins=["not an origin"]), "origins"
    yield edited(drain={"window": "soon"}), "window"


def test_P2_thirty_broken_files_change_nothing(launch):
    gateway = launch(answering(1))
    good = gateway.file.read_bytes()
    files = list(broken(gateway))
    assert len(files) == 30
    with Client(gateway.port) as client:
        for number, (text, word) in enumerate(files, 1):
            gateway.file.write_bytes(text.encode("latin-1"))
            problems = refused(gateway)
            assert problems and word in " ".join(problems), (number, word, problems)
            assert client.ask("version") == [1]
            assert gateway.metric("gatehouse_config_reloads_total", result="failure") == number
        lines = [line for line in gateway.log(500).splitlines() if "not reloaded" in line]
        assert len(lines) == len(files), "one line each"
        assert gateway.metric("gatehouse_config_generation") == 1
        assert gateway.metric("gatehouse_config_generations_held") == 1
        gateway.file.unlink()
        assert "cannot read" in refused(gateway)[0]
        gateway.file.write_bytes(good)
        assert reload(gateway).status == 200
        assert client.ask("version") == [1]


def test_P3_two_hundred_reloads_under_load_drop_nobody_and_keep_nothing(launch, backend):
    backend.answer = lambda call: {"ack": ["backend"]}
    handler = {"type": "http", "url": backend.url}

    def variant(number):
        document = answering(number)
        document["routes"].append({"name": "backend", "match": {"event": "backend"}, "handler": "app"})
        # Every fourth has another handler and other endpoint options; the rest go on with what is there.
        options = handler | {"timeout": f"{5 + number // 4 % 2}s"}
        document["endpoints"][0]["maxHttpBufferSize"] = 1_000_000 + number // 4 % 2
        return document | {"handlers": {"app": options}}

    gateway = launch(variant(0))
    clients = [Client(gateway.port) for _ in range(12)]
    polling = Polling(gateway.port)
    polling.send("40")
    assert polling.packet().startswith("40")
    failures, stop, asked = [], threading.Event(), [0]

    def load(client, number):
        try:
            while not stop.is_set():
                client.assert_responsive()
                if number % 4 == 0:
                    assert client.ask("backend", timeout=20) == ["backend"]
                else:
                    assert isinstance(client.ask("version", timeout=20)[0], int)
                asked[0] += 1
                time.sleep(0.01)
        except Exception as problem:
            failures.append(problem)

    def come_and_go():
        try:
            while not stop.is_set():
                with Client(gateway.port) as client:
                    client.assert_responsive()
                time.sleep(0.02)
        except Exception as problem:
            failures.append(problem)

    threads = [threading.Thread(target=load, args=(one, number)) for number, one in enumerate(clients)]
    threads.append(threading.Thread(target=come_and_go))
    for thread in threads:
        thread.start()

    def reloads(numbers):
        for number in numbers:
            taken_over(gateway, variant(number))

    try:
        reloads(range(1, 51))
        warm = gateway.memory_bytes()
        descriptors = len(os.listdir(f"/proc/{gateway.process.pid}/fd"))
        reloads(range(51, 201))
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    assert not failures, failures[:3]
    assert asked[0] > 100
    for one in clients:
        assert one.ask("version") == [200]
    polling.send('427["version"]')
    assert polling.packet() == "437[200]"
    assert gateway.metric("gatehouse_config_generation") == 201
    eventually(lambda: gateway.metric("gatehouse_config_generations_held") == 1, 20, "old configurations to go")
    # Handlers of old configurations have closed their connections, listeners are the same.
    eventually(lambda: len(os.listdir(f"/proc/{gateway.process.pid}/fd")) <= descriptors + 10, 40, "old descriptors to go")
    # 150 reloads later: far below what 150 forgotten configurations would cost.
    assert gateway.memory_bytes() - warm < 24 * 2**20, (warm, gateway.memory_bytes())
    for one in clients:
        one.close()


def test_listeners_come_go_and_move(launch):
    gateway = launch(answering(1))
    added, moved = free_ports(2)
    document = copy.deepcopy(gateway.config)

    def listening(port):
        try:
            socket.create_connection(("127.0.0.1", port), 2).close()
            return True
        except ConnectionRefusedError:
            return False

    def put(listeners):
        gateway.file.write_text(json.dumps(document | {"listeners": listeners}))
        assert reload(gateway).status == 200, gateway.log()

    first = document["listeners"][0]
    with Client(gateway.port) as kept:
        put([first, {"name": "added", "address": f"127.0.0.1:{added}"}])
        with Client(added) as client:
            assert client.ask("version") == [1]
            put([first])
            assert not listening(added)
            assert client.ask("version") == [1], "connections outlive their listener"
        put([{"address": f"127.0.0.1:{moved}", "health": "/healthz"}])
        assert not listening(gateway.port)
        assert kept.ask("version") == [1]
        assert request(moved, "GET", "/healthz").status == 200
        # What describes a listener changes without a new socket.
        put([{"address": f"127.0.0.1:{moved}", "health": "/up"}])
        assert request(moved, "GET", "/healthz").status == 404
        assert request(moved, "GET", "/up").status == 200


def test_a_listener_that_cannot_be_bound_changes_nothing(launch):
    gateway = launch(answering(1))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        (free,) = free_ports(1)
        document = answering(2)
        gateway.configure(document)
        whole = json.loads(gateway.file.read_text())
        whole["listeners"] += [
            {"address": f"127.0.0.1:{free}"}, {"address": f"127.0.0.1:{taken.getsockname()[1]}"}]
        gateway.file.write_text(json.dumps(whole))
        (problem,) = refused(gateway)
        assert "in use" in problem and str(taken.getsockname()[1]) in problem
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", free), 2)
        with Client(gateway.port) as client:
            assert client.ask("version") == [1]


def test_the_admin_listener_moves_and_its_keys_change(launch):
    key = {"authorization": "Bearer s3cret-s3cret-s3cret"}
    gateway = launch(answering(1))
    whole = json.loads(gateway.file.read_text())
    whole["admin"]["keys"] = [{"name": "ops", "secret": "s3cret-s3cret-s3cret"}]
    gateway.file.write_text(json.dumps(whole))
    assert reload(gateway).status == 200
    assert gateway.admin("GET", "/v1/nodes").status == 401
    assert gateway.admin("GET", "/v1/nodes", headers=key).status == 200
    (port,) = free_ports(1)
    whole["admin"]["address"] = f"127.0.0.1:{port}"
    gateway.file.write_text(json.dumps(whole))
    assert gateway.admin("POST", "/v1/config/reload", headers=key).status == 200
    eventually(lambda: request(port, "GET", "/readyz").status == 200, what="the new admin listener")
    with pytest.raises(ConnectionRefusedError):
        gateway.admin("GET", "/readyz")


def test_handlers_change_and_the_old_ones_finish_what_they_have(launch):
    old, new, release = Backend(), Backend(), threading.Event()
    try:
        def slow(call):
            release.wait(20)
            return {"ack": ["old"]}

        old.answer, new.answer = slow, lambda call: {"ack": ["new"]}
        routes = [{"name": "app", "match": {"event": "app"}, "handler": "app", "orderBy": "none"}]

        def to(backend):
            return config(routes) | {"handlers": {"app": {"type": "http", "url": backend.url, "timeout": "20s"}}}

        gateway = launch(to(old))
        with Client(gateway.port) as client:
            client.emit("app", ack=1)
            eventually(lambda: gateway.metric("gatehouse_handler_inflight") == 1, what="the call")
            taken_over(gateway, to(new))
            assert client.ask("app", ack=2) == ["new"]
            release.set()
            assert client.packet() == '431["old"]'
    finally:
        release.set()
        old.stop()
        new.stop()


def test_endpoints_namespaces_limits_and_the_log_level_change(launch):
    gateway = launch(answering(1))
    with Client(gateway.port) as kept:
        document = answering(2, limits={"maxConnections": 2}, log={"level": "debug"})
        document["endpoints"][0]["namespaces"] = ["/", "/new"]
        document["endpoints"].append(
            {"name": "second", "path": "/second/", "protocol": "socket.io", "namespaces": ["/"]})
        taken_over(gateway, document)
        with Client(gateway.port, namespace="/new") as client:
            assert gateway.metric("gatehouse_sockets", namespace="/new") == 1
            with pytest.raises(HandshakeRefused) as refusal:
                WebSocket(gateway.port, "/socket.io/?EIO=4&transport=websocket")
            assert refusal.value.reply.status == 503
            client.close()
        eventually(lambda: gateway.metric("gatehouse_sockets", namespace="/new") == 0, what="room for one more")

        def second():
            try:
                return Client(gateway.port, path="/second/")
            except HandshakeRefused as refusal:
                # Who was refused before still counts for a moment.
                assert refusal.reply.status == 503

        with eventually(second, 15, "room at the second endpoint") as client:
            assert client.ask("version") == [2]
        assert gateway.metric("gatehouse_sessions", endpoint="socket") == 1, "the gauge goes on"
        kept.send("4nonsense")
        kept.wait_closed()
        eventually(lambda: '"level":"debug"' in gateway.log(), what="a line of the new level")
    document["endpoints"] = document["endpoints"][:1]
    taken_over(gateway, document)
    assert request(gateway.port, "GET", "/second/?EIO=4&transport=polling").status == 404


def test_reloads_at_the_same_time_happen_one_after_the_other(launch):
    gateway = launch(answering(1))
    replies = []
    threads = [threading.Thread(target=lambda: replies.append(reload(gateway))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(one.json()["generation"] for one in replies) == list(range(2, 10))


def test_only_an_admin_key_may_reload_or_drain(launch):
    keys = [{"name": "read", "secret": "read-read-read-read", "scopes": ["read"]},
            {"name": "emit", "secret": "emit-emit-emit-emit", "scopes": ["emit"]}]
    gateway = launch(answering(1, admin={"keys": keys}))
    for method, path in (("POST", "/v1/config/reload"), ("POST", "/v1/drain"), ("DELETE", "/v1/drain")):
        assert gateway.admin(method, path).status == 401
        for key in keys:
            assert gateway.admin(method, path, headers={"authorization": f"Bearer {key['secret']}"}).status == 403
    assert gateway.is_ready()
