"""Nothing that lets somebody in is ever written down, and nothing that somebody sends writes the log."""

import base64
import contextlib
import json
import os
import socket
import subprocess
import time

import pytest

import canaries
from gateway import binary, environment, eventually, request
from test_front_door import SECRET, guarded, token
from wire import ROUTES, Client, EngineSocket, HandshakeRefused, Polling, WebSocket, config, upgrade_request


def fresh(kind):
    return canaries.secret(f"{kind}-canary-{os.urandom(12).hex()}", kind)


def send(port, data):
    with socket.create_connection(("127.0.0.1", port), 5) as sock, contextlib.suppress(ConnectionError, TimeoutError):
        sock.sendall(data)
        sock.settimeout(2)
        while sock.recv(65536):
            pass


@pytest.mark.parametrize("level", ["trace", "debug"])
def test_A11_no_secret_is_written_down_whatever_the_level(launch, backend, level):
    options = {"secret": SECRET, "algorithms": ["HS256"], "cookie": "session", "query": "access_token"}
    refresh = {"match": {"event": "renew"}, "actions": [{"do": "refresh", "token": "{args.0}"}], "ack": ["ok"]}
    bad_join = {"match": {"event": "room"}, "actions": [{"do": "join", "rooms": ["{auth.token}" * 8]}], "ack": ["ok"]}
    connect = {"match": {"type": "socket.connect"}, "handler": "app"}
    tell = {"match": {"event": "tell"}, "handler": "app"}
    admin_key = fresh("admin")
    gateway = launch(guarded(options, routes=(connect, refresh, bad_join, tell, *ROUTES)) | {
        "log": {"level": level}, "handlers": {"app": backend.handler(forwardHeaders=["authorization", "cookie"])},
        "admin": {"keys": [{"name": "ops", "secret": admin_key, "scopes": ["admin"]}]}})
    backend.answer = lambda call: {"accept": True}
    good = token()
    # Every place that may carry one, good and bad.
    for ways in ({"auth": {"token": good}}, {"headers": {"Authorization": f"Bearer {good}"}},
                 {"headers": {"Cookie": f"a={fresh('cookie')}; session={good}"}}, {"query": f"&access_token={good}"}):
        with Client(gateway.port, **ways) as client:
            client.assert_responsive()
            client.ask("renew", fresh("renewal"))
            client.ask("room")
            # A name that is not known is quoted, so that its author finds it; what it would have carried is not.
            secret_state = {"state": {"set": {"k": fresh("state")}, "oops": 1}}
            for broken in ({"actions": [{"do": "emit", "args": [fresh("emitted")]}]}, secret_state, 500, 302):
                backend.answer = lambda call, broken=broken: broken
                client.ask("tell", fresh("argument"))
            backend.answer = lambda call: {"accept": True}
    for bad in (fresh("nonsense"), fresh("a") + "." + fresh("b") + "." + fresh("c"), token(key=fresh("key") * 2),
                token(exp=time.time() - 60), token(padding="x" * 9000), good[:-4] + "AAAA"):
        canaries.secret(bad, "a bad token")
        for ways in ({"auth": {"token": bad}}, {"headers": {"Authorization": f"Bearer {bad}"}},
                     {"headers": {"Cookie": f"session={bad}"}}, {"query": f"&access_token={bad}"}):
            with contextlib.suppress(AssertionError, HandshakeRefused, ConnectionError):
                Client(gateway.port, **ways).close()
    # Malformed requests and packets that contain one.
    session = Polling(gateway.port)
    for data in (
        f"GET /socket.io/?EIO=4&transport=polling&access_token={fresh('query')}&%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {fresh('folded')}\r\n x\r\n\r\n",
        f"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nCookie : session={fresh('space')}\r\n\r\n",
        f"GET /socket.io/?EIO=4&transport=polling&sid={session.sid}&sid={session.sid} HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET /socket.io/?EIO=4&transport=websocket&sid={session.sid} HTTP/1.1\r\nHost: x\r\n\r\n",
        f"POST /socket.io/?EIO=4&transport=polling&sid={session.sid} HTTP/1.1\r\nHost: x\r\nContent-Length: {'9' * 30}\r\n\r\n",
        f"{fresh('method')} / HTTP/1.1\r\n\r\n", f"GET http://user:{fresh('absolute')}@x/ HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET /{fresh('path')} HTTP/1.1\r\nHost: {fresh('host')}\r\n\r\n",
    ):
        send(gateway.port, data.encode())
    session.close()
    for packet in ('40{"token":"%s"' % fresh("cut"), '40{"token":["%s"]}' % fresh("list"), '42["%s' % fresh("event"),
                   "4" + fresh("packet"), fresh("engine"), "40/%s," % fresh("namespace"), '451-["%s"]' % fresh("binary")):
        with EngineSocket(gateway.port) as sock:
            sock.send(packet)
            with contextlib.suppress(Exception):
                sock.receive(0.2)
    send(gateway.port, upgrade_request("/socket.io/?EIO=4&transport=websocket", fresh("websocket")))
    for header in (f"Bearer {fresh('wrong')}", f"Basic {base64.b64encode(fresh('basic').encode()).decode()}", admin_key):
        gateway.admin("GET", "/v1/sockets", headers={"authorization": header})
    gateway.admin("POST", f"/v1/users/{fresh('user')}/refresh", {"ttl": fresh("ttl")}, {"authorization": f"Bearer {admin_key}"})
    request(gateway.admin_port, "GET", f"/v1/sockets?{fresh('parameter')}=1", headers={"authorization": f"Bearer {admin_key}"})
    gateway.keep_what_it_shows()
    own = [place for place in canaries.found() if str(gateway.directory) in place]
    assert not own, "\n".join(own)
    assert "shown.json" in os.listdir(gateway.directory) and b'"/socket.io/"' in (gateway.directory / "shown.json").read_bytes()


def test_A11_the_search_finds_what_is_there(tmp_path):
    """A search that cannot find anything would always be content."""
    inside = tmp_path / "gateway.log"
    sid = canaries.session_id("canarysession" + os.urandom(4).hex()[:7])
    value = fresh("planted")
    inside.write_text(f"one\ntwo {value}\nx-{sid}-y\n")
    canaries.watch(inside)
    try:
        assert {place.split(":")[1] for place in canaries.found() if str(inside) in place} == {"2", "3"}
    finally:
        inside.unlink()


def test_A11_credentials_in_addresses(launch, tmp_path):
    """Of handlers and key sets: refused, and not quoted by whoever refuses them."""
    password = fresh("password")
    for document, what in (
        ({"handlers": {"app": {"type": "http", "url": f"http://user:{password}@127.0.0.1:1/x"}}}, "user or a password"),
        ({"handlers": {"app": {"type": "http", "url": f"ftp://user:{password}@127.0.0.1:1/x"}}}, "scheme"),
        (guarded({"jwks": f"https://user:{password}@id.example/keys", "algorithms": ["ES256"]}), "user or a password"),
        (guarded({"jwks": "http://id.example/keys", "algorithms": ["ES256"]}), "without TLS"),
        (guarded({"jwks": "http://127.0.0.1.evil.example/keys", "algorithms": ["ES256"]}), "without TLS"),
    ):
        file = tmp_path / "gateway.json"
        file.write_text(json.dumps(config() | document))
        said = ""
        for command in (["check", "-c"], ["config", "show", "-c"], ["run", "--set", "listeners.0.address=127.0.0.1:0", "--set",
                                                                  "admin=null", "-c"]):
            if command[0] == "run" and "without" in what:
                continue
            done = subprocess.run([binary(), *command, str(file)], capture_output=True, text=True, timeout=20, env=environment())
            said += done.stdout + done.stderr
            assert command[0] == "config" or what != "scheme" or done.returncode == 78
        assert what in said, said
        assert password not in said
    for loopback in ("http://localhost:1/keys", "http://127.9.9.9/keys", "http://[::1]:1/keys", "https://id.example/keys"):
        file.write_text(json.dumps(config() | guarded({"jwks": loopback, "algorithms": ["ES256"]})))
        done = subprocess.run([binary(), "check", "-c", str(file)], capture_output=True, text=True, timeout=20, env=environment())
        assert done.returncode == 0, done


# A12


@pytest.mark.parametrize("form", ["json", "text"])
def test_A12_nothing_that_is_sent_starts_a_line_or_moves_the_cursor(launch, backend, form):
    evil = '"\n{"level":"fatal","message":"owned"}\r\x1b[2J\x1b]0;x\x07\u2028\u202e\x85\x00'
    routes = ({"match": {"event": "*"}, "handler": "app"},)
    gateway = launch(config(routes=routes) | {
        "log": {"level": "trace", "format": form}, "handlers": {"app": backend.handler()}})
    backend.answer = lambda call: {"actions": [{"do": call.event["args"][0]}], call.event["event"]: 1}
    with Client(gateway.port) as client:
        for _ in range(3):
            client.ask(evil, evil)
    eventually(lambda: "owned" in gateway.log(), what="a line that quotes it")
    raw = gateway.log_file.read_bytes().decode()
    assert not [one for one in raw if (ord(one) < 32 and one != "\n") or 0x7F <= ord(one) < 0xA0]
    for line in raw.splitlines():
        if form == "json":
            assert json.loads(line)["level"] != "fatal"
        else:
            assert line[:2] == "20", line
            assert "\u202e" not in line and "\u2028" not in line


# A13


def series(gateway):
    return {(one.name, tuple(sorted(one.labels.items()))) for one in gateway.metrics()}


def test_A13_no_label_is_chosen_by_a_client(launch):
    gateway = launch(config(namespaces=("/", "/custom", {"pattern": "/tenant-{id}", "max": 10})) | {
        "limits": {"handshakesPerIP": "100000/s"}})

    def visit(number):
        """One of each kind."""
        with Client(gateway.port) as client:
            client.send(f"40/unknown-{number},")
            client.packet()
            client.send(f"40/tenant-{number % 5},")
            client.packet()
            frames = b"".join(client.frame(1, f'42["event-{number}-{n}"]') for n in range(2_000 if number else 10))
            client.sock.sendall(frames)
            client.ask("join", f"room-{number}")
        data = b"".join(f"GET /path-{number}-{n} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for n in range(200)).replace(
            b"GET", b"METHOD%d" % number, 1 if number % 2 else 0)
        send(gateway.port, data + b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        for transport in (f"t{number}", "polling"):
            request(gateway.port, "GET", f"/socket.io/?EIO={number}&transport={transport}", headers={
                "User-Agent": f"agent-{number}", "Origin": f"https://origin-{number}.example"})

    for number in (0, 1, 2):
        visit(number)
    before = series(gateway)
    for number in range(3, 53):
        visit(number)
    assert gateway.metric("gatehouse_events_unmatched_total") >= 100_000
    assert series(gateway) == before
