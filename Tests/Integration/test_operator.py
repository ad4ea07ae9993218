"""The operator's commands, against a running gateway."""

import json
import os
import socket
import stat
import subprocess

import pytest

from gateway import binary, environment, eventually, free_ports
from wire import Client, config

SECRET = "s3cret-s3cret-s3cret"


@pytest.fixture
def gateway(launch):
    return launch(config())


def run(gateway, *arguments, env=None, file=True):
    where = ["-c", gateway.file] if file else []
    return subprocess.run(
        [binary(), *arguments, *where], capture_output=True, text=True, timeout=60, env=environment(**(env or {})))


def ok(gateway, *arguments, **more):
    done = run(gateway, *arguments, **more)
    assert done.returncode == 0, done
    assert done.stderr == ""
    return done.stdout


def fails(gateway, code, *arguments, **more):
    """Ends with that code and one line on standard error."""
    done = run(gateway, *arguments, **more)
    assert done.returncode == code, done
    first = done.stderr.splitlines()[0]
    assert first.startswith("gatehouse: "), done
    return done.stderr


def test_reload(gateway):
    assert "configuration 2 is in force" in ok(gateway, "reload")
    assert json.loads(ok(gateway, "reload", "--json")) == {"result": "success", "generation": 3}


def test_P2_reload_fails_when_the_configuration_is_refused(launch):
    gateway = launch(config())
    address = ("--address", f"127.0.0.1:{gateway.admin_port}")
    gateway.file.write_text('{"nonsense": 1}')
    lines = fails(gateway, 78, "reload", *address, file=False).splitlines()
    assert "not reloaded" in lines[0] and "/nonsense" in lines[1]
    # The file is as wrong for the command that would read its address from it.
    fails_too = run(gateway, "reload")
    assert fails_too.returncode == 78 and "/nonsense" in fails_too.stderr


def test_status_and_health(gateway):
    with Client(gateway.port):
        shown = dict(line.split(None, 1) for line in ok(gateway, "status").splitlines())
        assert shown["state"] == "ready" and shown["sessions"] == "1"
        assert json.loads(ok(gateway, "status", "--json"))["nodes"][0]["sockets"] == 1
    assert ok(gateway, "health") == ok(gateway, "health", "--live") == ok(gateway, "health", "--ready") == "ok\n"
    gateway.admin("POST", "/v1/drain")
    assert "draining" in fails(gateway, 69, "health")
    assert ok(gateway, "health", "--live") == "ok\n"
    assert run(gateway, "health", "--live", "--ready").returncode == 64


def test_a_gateway_that_is_not_there_is_unavailable(launch):
    gateway = launch(config(), start=False)
    for command in (["reload"], ["drain"], ["status"], ["health"], ["sockets", "list"], ["rooms", "list"],
                    ["emit", "--to", "all", "--event", "a"]):
        line = fails(gateway, 69, *command)
        assert f"127.0.0.1:{gateway.admin_port}" in line and "connection refused" in line, line
    missing = fails(gateway, 69, "status", "--address", "unix:/nowhere/at/all.sock", file=False)
    assert "/nowhere/at/all.sock" in missing


def test_drain_waits_and_is_taken_back(gateway):
    with Client(gateway.port) as client:
        assert ok(gateway, "drain", "--wait").startswith("drained: ")
        assert client.wait_closed().code == 1012
    assert ok(gateway, "drain", "--cancel").startswith("serving: ")
    with Client(gateway.port) as client:
        client.assert_responsive()
    assert json.loads(ok(gateway, "drain", "--json"))["state"] in ("announced", "closing", "drained")


def test_sockets_and_rooms(gateway):
    with Client(gateway.port) as one, Client(gateway.port, namespace="/custom") as other:
        assert one.ask("join", "room 7/é") == [{"ok": True}]
        listed = ok(gateway, "sockets", "list")
        assert one.id in listed and other.id in listed
        only = ok(gateway, "sockets", "list", "--namespace", "/custom")
        assert other.id in only and one.id not in only
        assert [s["id"] for s in json.loads(ok(gateway, "sockets", "list", "--room", "room 7/é", "--json"))["sockets"]] \
            == [one.id]
        first = json.loads(ok(gateway, "sockets", "list", "--limit", "1", "--json"))
        second = json.loads(ok(gateway, "sockets", "list", "--limit", "1", "--cursor", first["cursor"], "--json"))
        assert {first["sockets"][0]["id"], second["sockets"][0]["id"]} == {one.id, other.id}
        assert one.id in ok(gateway, "sockets", "show", one.id)
        assert "room 7/é" in ok(gateway, "rooms", "list")
        assert one.id in ok(gateway, "rooms", "show", "room 7/é")
        assert ok(gateway, "sockets", "disconnect", one.id) == ""
        assert one.packet() == "41"
        assert ok(gateway, "sockets", "kick", other.id) == ""
        other.wait_closed()
        assert "no such socket" in fails(gateway, 1, "sockets", "show", one.id)


def test_emit(gateway):
    with Client(gateway.port) as one, Client(gateway.port) as other:
        one.ask("join", "7")
        assert ok(gateway, "emit", "--to", "room:7", "--event", "m", '{"a":1}', "[1, 2]") == "sent to 1 sockets\n"
        assert one.event() == ["m", {"a": 1}, [1, 2]]
        assert ok(gateway, "emit", "--to", f"socket:{other.id}", "--to", "room:7", "--event", "n") == "sent to 2 sockets\n"
        assert one.event() == other.event() == ["n"]
        assert ok(gateway, "emit", "--to", "all", "--event", "all", "1") == "sent to 2 sockets\n"
        assert one.event() == other.event() == ["all", 1]
        assert "not JSON" in fails(gateway, 64, "emit", "--to", "all", "--event", "m", "{bad")
        assert "names nobody" in fails(gateway, 64, "emit", "--to", "7", "--event", "m")
        assert run(gateway, "emit", "--to", "all").returncode == 64
        other.assert_silent()


def test_keys(launch):
    keys = [{"name": "ops", "secret": SECRET}, {"name": "looker", "secret": "look-look-look-look", "scopes": ["read"]}]
    gateway = launch(config() | {"admin": {"keys": keys}})
    assert "ready" in ok(gateway, "status"), "the key of the configuration"
    address = ["--address", f"127.0.0.1:{gateway.admin_port}"]
    assert "key" in fails(gateway, 1, "status", *address, file=False)
    assert "ready" in ok(gateway, "status", *address, file=False, env={"GATEHOUSE_ADMIN_KEY": SECRET})
    line = fails(gateway, 1, "reload", *address, file=False, env={"GATEHOUSE_ADMIN_KEY": "look-look-look-look"})
    assert "scope" in line and "look-look" not in line
    assert fails(gateway, 64, "status", "--address", "nonsense", file=False)


def test_the_admin_listener_may_be_a_unix_socket(launch, tmp_path):
    gateway = launch(config(), start=False)
    path = tmp_path / "admin.sock"
    document = json.loads(gateway.file.read_text())
    document["admin"]["address"] = f"unix:{path}"
    gateway.file.write_text(json.dumps(document))
    process = subprocess.Popen([binary(), "run", "-c", gateway.file], stderr=subprocess.DEVNULL, env=environment())
    try:
        eventually(lambda: run(gateway, "health").returncode == 0, 30, "health")
        assert stat.S_ISSOCK(os.stat(path).st_mode)
        with Client(gateway.port) as client:
            assert client.id in ok(gateway, "sockets", "list")
            assert "configuration 2" in ok(gateway, "reload")
            # A second one does not take the socket away from the first.
            (free,) = free_ports(1)
            document["listeners"][0]["address"] = f"127.0.0.1:{free}"
            second = tmp_path / "second.json"
            second.write_text(json.dumps(document))
            started = subprocess.run(
                [binary(), "run", "-c", second], capture_output=True, text=True, timeout=30, env=environment())
            assert started.returncode == 1 and "in use" in started.stderr
            assert client.id in ok(gateway, "sockets", "list")
        process.terminate()
        assert process.wait(20) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_P5_an_admin_port_in_use_is_one_clear_line(launch):
    gateway = launch(config(), start=False)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", gateway.admin_port))
        taken.listen()
        started = run(gateway, "run")
    assert started.returncode == 1
    (line,) = [line for line in started.stderr.splitlines() if line.startswith("gatehouse:")]
    assert "admin" in line and str(gateway.admin_port) in line and "in use" in line


def test_P5_a_missing_certificate_is_one_clear_line(launch):
    gateway = launch(config(), start=False)
    document = json.loads(gateway.file.read_text())
    document["listeners"][0]["tls"] = {"certificate": "/none/tls.crt", "key": "/none/tls.key"}
    gateway.file.write_text(json.dumps(document))
    started = run(gateway, "run")
    assert started.returncode == 1
    (line,) = [line for line in started.stderr.splitlines() if line.startswith("gatehouse:")]
    assert "/none/tls" in line


def key(**source):
    return [{"name": "sio", "path": "/socket.io/", "protocol": "socket.io",
             "auth": {"jwt": {"algorithms": ["RS256"]} | source, "required": True}}]


@pytest.mark.parametrize("change, words", [
    ({"endpoints": key(publicKey="none.pem")}, ["sio", "publicKey", "none.pem cannot be read: No such file", "check the path"]),
    ({"endpoints": key(jwks="none.json")}, ["sio", "jwks", "none.json cannot be read: No such file", "check the path"]),
    ({"endpoints": key(publicKey="bad.txt")}, ["sio", "publicKey", "bad.txt: is not a PEM file", "BEGIN PUBLIC KEY"]),
    ({"endpoints": key(jwks="bad.txt")}, ["sio", "jwks", "bad.txt: is not JSON", "JSON Web Key Set"]),
    ({"admin": {"address": "unix:/tmp/" + "x" * 120}}, ["admin", "107 bytes", "choose a shorter one"]),
    ({"admin": {"address": "unix:/none/such/admin.sock"}}, ["admin", "/none/such/admin.sock", "directory does not exist"]),
])
def test_P5_what_cannot_be_used_is_one_line_with_what_why_and_what_to_do(launch, change, words):
    gateway = launch(config(), start=False)
    (gateway.directory / "bad.txt").write_text("hello")
    gateway.file.write_text(json.dumps(json.loads(gateway.file.read_text()) | change))
    started = run(gateway, "run")
    assert started.returncode == 1, started.stderr
    (line,) = started.stderr.splitlines()
    assert line.startswith("gatehouse: ") and "Error Domain" not in line, line
    for word in words:
        assert word in line, line


ROUTES = [
    {"name": "first", "match": {"namespace": "/chat", "event": "m*"}, "ack": []},
    {"name": "second", "match": {"event": ["message:*", "edit"]}, "handler": "app"},
    {"name": "enter", "match": {"type": "socket.connect"}, "handler": "app"},
]


@pytest.mark.parametrize("arguments, route, skipped", [
    (["--event", "message:new"], "second", ["first"]),
    (["--event", "move", "--namespace", "/chat"], "first", []),
    (["--type", "socket.connect"], "enter", ["first", "second"]),
    (["--event", "nothing"], None, ["first", "second", "enter"]),
])
def test_route_test_says_which_and_why(launch, arguments, route, skipped):
    handlers = {"app": {"type": "http", "url": "http://127.0.0.1:9/"}}
    gateway = launch(config(ROUTES, ["/", "/chat"]) | {"handlers": handlers}, start=False)
    shown = run(gateway, "route", "test", *arguments, "--json")
    assert shown.returncode == (0 if route else 1)
    document = json.loads(shown.stdout)
    assert document["route"] == route
    assert [one["route"] for one in document["skipped"]] == skipped
    assert all(one["reason"] for one in document["skipped"])
    text = run(gateway, "route", "test", *arguments).stdout
    assert (f"{route}: " if route else "no route") in text
    assert run(gateway, "route", "test", "--type", "socket.nonsense").returncode == 64
