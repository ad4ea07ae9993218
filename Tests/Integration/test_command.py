"""The command line, the shipped configurations, and whether the README tells the truth."""

import contextlib
import json
import os
import pathlib
import re
import shlex
import socket
import subprocess
import sys
import time

import jsonschema
import pytest

from gateway import REPOSITORY, environment, eventually, free_ports, request
from wire import Client, config

CONFIGURATIONS = sorted([*REPOSITORY.glob("Config/*.json"), *REPOSITORY.glob("Config/examples/*.json")])
SHIPPED = [path for path in CONFIGURATIONS if path.name != "gateway.schema.json"]
README = REPOSITORY / "README.md"


@pytest.fixture
def gatehouse(the_binary, tmp_path):
    """gatehouse(arguments…) runs the command to its end."""

    def run(*arguments, variables=None, seconds=30):
        return subprocess.run(
            [the_binary, *map(str, arguments)], capture_output=True, text=True, timeout=seconds, cwd=tmp_path,
            stdin=subprocess.DEVNULL, env=environment(HOSTNAME="test", **(variables or {})))

    return run


@pytest.fixture
def write(tmp_path):
    def write_file(document, name="gateway.json"):
        path = tmp_path / name
        path.write_text(document if isinstance(document, str) else json.dumps(document, indent=2))
        return path

    return write_file


# check


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_shipped_configuration_is_valid(gatehouse, path):
    checked = gatehouse("check", "-c", path)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_shipped_configuration_fits_the_published_schema(path):
    schema = json.loads((REPOSITORY / "Config/gateway.schema.json").read_text())
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    errors = [f"{'/'.join(map(str, error.path))}: {error.message}" for error in validator(schema).iter_errors(json.loads(path.read_text()))]
    assert not errors, errors


def test_check_says_where_and_what_and_suggests(gatehouse, write):
    path = write('{\n  "routes": [\n    { "match": {}, "time_out": "3s" }\n  ]\n}\n')
    checked = gatehouse("check", "-c", path.name)
    assert checked.returncode == 78
    lines = (checked.stdout + checked.stderr).splitlines()
    assert 'gateway.json:3:20 /routes/0/time_out: unknown key "time_out"; did you mean "timeout"?' in lines


def test_check_says_everything_at_once(gatehouse, write):
    path = write({
        "endpoints": [{"path": "/socket.io/", "protocol": "socket.io", "pingInterval": 25000, "pingTimeOut": "20s"}],
        "routes": [{"match": {"event": "x"}, "handler": "nobody"}],
        "limits": {"maxConnections": "many"},
    })
    checked = gatehouse("check", "-c", path)
    assert checked.returncode == 78
    output = checked.stdout + checked.stderr
    for pointer in ("/endpoints/0/pingInterval", "/endpoints/0/pingTimeOut", "/routes/0/handler", "/limits/maxConnections"):
        assert re.search(rf"gateway\.json:\d+:\d+ {pointer}: ", output), (pointer, output)
    assert '"25000ms"' in output or '"25s"' in output, "a bare number for a duration shows how to write it"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"a":1,}', "\x00", "{} {}"])
def test_check_of_what_is_no_JSON_object(gatehouse, write, text):
    checked = gatehouse("check", "-c", write(text))
    assert checked.returncode == 78
    assert re.search(r"gateway\.json:\d+:\d+", checked.stdout + checked.stderr)


def test_check_of_a_missing_file(gatehouse):
    checked = gatehouse("check", "-c", "nowhere.json")
    assert checked.returncode == 78
    assert "nowhere.json" in checked.stderr + checked.stdout


def test_check_as_json(gatehouse, write):
    bad = gatehouse("check", "--json", "-c", write({"nonsense": 1}))
    assert bad.returncode == 78
    assert "/nonsense" in json.dumps(json.loads(bad.stdout))
    good = gatehouse("check", "--json", "-c", write(config()))
    assert good.returncode == 0
    json.loads(good.stdout)


def test_references_to_the_environment_and_to_files_are_resolved(gatehouse, write, tmp_path):
    (tmp_path / "secret").write_text("from a file\n")
    document = config() | {"admin": {"keys": [{"name": "ops", "secret": "${file:secret}", "scopes": ["admin"]}]},
                           "node": {"id": "${env:NODE_NAME}"}}
    path = write(document)
    assert gatehouse("check", "-c", path, variables={"NODE_NAME": "n1"}).returncode == 0
    unresolved = gatehouse("check", "-c", path)
    assert unresolved.returncode == 78
    assert "NODE_NAME" in unresolved.stdout + unresolved.stderr


def test_environment_and_set_override_the_file(gatehouse, write):
    path = write(config())
    variables = {"GATEHOUSE_LIMITS_MAX_CONNECTIONS": "7"}
    shown = gatehouse("config", "show", "-c", path, variables=variables)
    assert shown.returncode == 0, shown
    assert json.loads(shown.stdout)["limits"]["maxConnections"] == 7
    shown = gatehouse("config", "show", "-c", path, "--set", "limits.maxConnections=8", variables=variables)
    assert json.loads(shown.stdout)["limits"]["maxConnections"] == 8
    unknown = gatehouse("check", "-c", path, variables={"GATEHOUSE_LIMITS_MAX_CONECTIONS": "7"})
    assert unknown.returncode == 78
    assert "GATEHOUSE_LIMITS_MAX_CONECTIONS" in unknown.stdout + unknown.stderr


# Other commands


def test_version(gatehouse):
    plain = gatehouse("version")
    assert plain.returncode == 0
    assert re.fullmatch(r"gatehouse \d+\.\d+\.\d+\S*\n", plain.stdout), plain.stdout
    as_json = gatehouse("version", "--json")
    assert json.loads(as_json.stdout)["version"] in plain.stdout


@pytest.mark.parametrize("arguments", [["--nonsense"], ["run", "--nonsense"], ["nonsense"], ["check", "-c"]])
def test_wrong_usage_exits_64(gatehouse, arguments):
    assert gatehouse(*arguments).returncode == 64


def test_help(gatehouse):
    shown = gatehouse("--help")
    assert shown.returncode == 0
    for command in ("run", "check", "version"):
        assert command in shown.stdout


def test_a_port_in_use_is_one_clear_line(gatehouse, write):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        (admin,) = free_ports(1)
        path = write(config() | {"listeners": [{"address": f"127.0.0.1:{port}"}], "admin": {"address": f"127.0.0.1:{admin}"}})
        started = gatehouse("run", "-c", path)
    assert started.returncode in (1, 69), started
    (line,) = [line for line in started.stderr.splitlines() if line.startswith("gatehouse:")]
    assert str(port) in line and "in use" in line


def test_run_refuses_what_check_refuses(gatehouse, write):
    started = gatehouse("run", "-c", write({"nonsense": 1}))
    assert started.returncode == 78
    assert "/nonsense" in started.stdout + started.stderr


def test_run_stops_on_SIGINT_and_SIGTERM(launch):
    for name in ("terminate", "interrupt"):
        gateway = launch(config())
        with Client(gateway.port) as client:
            client.assert_responsive()
            if name == "terminate":
                gateway.process.terminate()
            else:
                gateway.process.send_signal(2)
            client.wait_closed(10)
        assert gateway.process.wait(10) == 0
        gateway.ended_on_purpose = True


def test_the_webhook_example_serves_the_demo(launch):
    """Config/examples/webhook.json with its backend: join, say, and read what was said before."""
    (port,) = free_ports(1)
    document = json.loads((REPOSITORY / "Config/examples/webhook.json").read_text())
    document.pop("$schema")
    document["handlers"]["app"]["url"] = f"http://127.0.0.1:{port}/events"
    for endpoint in document["endpoints"]:
        for key in ("directory", "serveClient"):
            if key in endpoint:
                endpoint[key] = str((REPOSITORY / "Config/examples" / endpoint[key]).resolve())
    backend = subprocess.Popen(
        [sys.executable, REPOSITORY / "Config/examples/webhook_backend.py"], env=environment(WEBHOOK_PORT=str(port)),
        stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: can_connect(port), what="the backend")
        gateway = launch(document)
        with Client(gateway.port, auth={"name": "Anna"}) as anna, Client(gateway.port, auth={"name": "Boris"}) as boris:
            assert anna.ask("join", "lobby", "Anna") == [{"ok": True, "id": anna.id, "history": []}]
            assert boris.ask("join", "lobby", "Boris")[0]["ok"]
            assert anna.event() == ["joined", "lobby", {"id": boris.id, "name": "Boris"}]
            anna.emit("message", "lobby", "hi", ack=1)
            name, room, said = boris.event()
            assert (name, room, said["name"], said["text"]) == ("message", "lobby", "Anna", "hi")
            assert anna.event()[2]["text"] == "hi" and anna.packet() == '431[{"ok":true}]'
            boris.emit("typing", "lobby")
            assert anna.event() == ["typing", "lobby", {"id": boris.id, "name": "Boris"}]
            boris.close()
            assert anna.event() == ["gone", boris.id]
            with Client(gateway.port, auth={"name": "Clara"}) as clara:
                history = clara.ask("join", "lobby", "Clara")[0]["history"]
                assert [one["text"] for one in history] == ["hi"]
        with pytest.raises(AssertionError, match='44{"message":"pick another name"'):
            Client(gateway.port, auth={"name": "admin"})
        assert request(gateway.port, "GET", "/").status == 200
        forged = request(port, "POST", "/events", b"{}", {"webhook-id": "x", "webhook-timestamp": str(int(time.time()))})
        assert forged.status == 401
    finally:
        backend.terminate()
        backend.wait()


def can_connect(port):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False


# README


def blocks(language):
    """(line, text) of every fenced block of that language in the README."""
    if not README.exists():
        return []
    text = README.read_text()
    return [(text[: found.start()].count("\n") + 1, found[1]) for found in re.finditer(rf"^```{language}\n(.*?)^```", text, re.M | re.S)]


def test_the_readme_exists():
    assert README.exists()


@pytest.mark.parametrize("line,text", blocks("json"), ids=lambda value: f"line {value}" if isinstance(value, int) else "")
def test_configurations_in_the_readme_are_valid(gatehouse, write, line, text):
    document = json.loads(text)
    if isinstance(document, dict) and {"listeners", "endpoints", "routes", "handlers"} & set(document):
        checked = gatehouse("check", "-c", write(text))
        assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("line,text", blocks("bash"), ids=lambda value: f"line {value}" if isinstance(value, int) else "")
def test_commands_in_the_readme_exist(gatehouse, line, text):
    """Nothing is built or installed again: programs of ours must exist, and what gatehouse is told must be understood."""
    for command in re.sub(r"\\\n", " ", text).splitlines():
        words = shlex.split(command, comments=True)
        if not words:
            continue
        if words[0].startswith(("Deploy/", "./Deploy/")):
            path = REPOSITORY / words[0]
            assert path.exists() and os.access(path, os.X_OK), command
            assert subprocess.run(["bash", "-n", path]).returncode == 0
        if words[0] in ("python3", "node"):
            assert (REPOSITORY / words[1]).exists() or words[1].startswith("-"), command
        if pathlib.PurePath(words[0]).name == "gatehouse":
            arguments = [str(REPOSITORY / word) if (REPOSITORY / word).is_file() else word for word in words[1:]]
            if arguments[0] == "run":
                arguments[0] = "check"
            if arguments[0] in ("check", "version", "config"):
                done = gatehouse(*arguments)
                assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
            else:
                assert gatehouse(arguments[0], "--help").returncode == 0, command


def test_files_that_the_readme_names_exist():
    if not README.exists():
        return
    text = README.read_text()
    named = set(re.findall(r"`((?:Sources|Tests|Config|Deploy)/[\w./+-]+)`", text)) | {
        target for target in re.findall(r"\]\(([^)#:]+)\)", text)}
    missing = [name for name in sorted(named) if not (REPOSITORY / name).exists()]
    assert not missing, missing
