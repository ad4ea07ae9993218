#!/usr/bin/env python3
"""Runs the Autobahn WebSocket test suite against the gateway: Tests/Autobahn/run.py [core|compression|all].

The suite needs a Python 2.7, for which a virtual environment is made once, in .build-autobahn. PYTHON27 may name one; where
there is none, or the suite cannot be installed, a line that begins with "skipped:" says so and the exit code is 0.
GATEHOUSE_BINARY names the gateway; without it the debug build is run.
"""

import collections
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
TOOLS = REPOSITORY / ".build-autobahn"
SUITE = "autobahntestsuite==25.10.1"
AGENT = "Gatehouse"
BINARY = pathlib.Path(os.environ.get("GATEHOUSE_BINARY", REPOSITORY / ".build/debug/gatehouse"))
CONFIGURATION = pathlib.Path(__file__).resolve().parent / "gateway.json"

# What is run, and how many cases that has to be.
COMPRESSION = ["12.*", "13.*"]
CASES = {
    "core": {"cases": ["*"], "exclude-cases": COMPRESSION, "count": 301},
    "compression": {"cases": COMPRESSION, "exclude-cases": [], "count": 216},
    "all": {"cases": ["*"], "exclude-cases": [], "count": 517},
}
# They report what a server does where the protocol leaves it to the server.
INFORMATIONAL = {"7.1.6", "7.13.1", "7.13.2"}


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(0)


def python27():
    named = os.environ.get("PYTHON27")
    if named:
        return named
    candidates = [shutil.which("python2.7"), *sorted(pathlib.Path.home().glob(".pyenv/versions/2.7*/bin/python2.7"))]
    for candidate in filter(None, candidates):
        # A shim of a version manager may have the name and nothing behind it.
        if subprocess.run([candidate, "-c", ""], capture_output=True).returncode == 0:
            return str(candidate)
    skip("there is no Python 2.7 here (PYTHON27 may name one)")


def wstest():
    """The suite's program, installed when it is missing."""
    program = TOOLS / "suite/bin/wstest"
    ready = TOOLS / "ready"
    if ready.exists() and ready.read_text() == SUITE:
        return program
    interpreter = python27()
    shutil.rmtree(TOOLS, ignore_errors=True)
    steps = [
        [sys.executable, "-m", "venv", TOOLS / "tools"],
        [TOOLS / "tools/bin/pip", "install", "--quiet", "--disable-pip-version-check", "virtualenv<20.16"],
        [TOOLS / "tools/bin/virtualenv", "--quiet", "--python", interpreter, TOOLS / "suite"],
        [TOOLS / "suite/bin/pip", "install", "--quiet", SUITE],
    ]
    for step in steps:
        done = subprocess.run([str(part) for part in step], capture_output=True, text=True)
        if done.returncode != 0:
            print(done.stdout + done.stderr, file=sys.stderr)
            skip(f"the suite cannot be installed: {step[0].name if isinstance(step[0], pathlib.Path) else step[0]} failed")
    ready.write_text(SUITE)
    return program


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def start_gateway(port, admin):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GATEHOUSE_")} | {
        "GATEHOUSE_LISTENERS_0_ADDRESS": f"127.0.0.1:{port}", "GATEHOUSE_ADMIN_ADDRESS": f"127.0.0.1:{admin}"}
    process = subprocess.Popen([BINARY, "run", "-c", CONFIGURATION], env=environment)
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return process
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                sys.exit("the gateway does not listen")
            time.sleep(0.05)


def verdict(results, count):
    """Prints what came out; the exit code."""
    def key(case):
        return [int(part) for part in case.split(".")]

    bad = []
    behaviors = collections.Counter()
    for case in sorted(results, key=key):
        result = results[case]
        behaviors[result["behavior"]] += 1
        expected = {"OK", "INFORMATIONAL"} if case in INFORMATIONAL else {"OK"}
        if result["behavior"] not in expected or result["behaviorClose"] not in {"OK", "INFORMATIONAL"}:
            bad.append(f"{case}: {result['behavior']}, close {result['behaviorClose']}")
    print(f"{len(results)} cases: " + ", ".join(f"{number} {name}" for name, number in behaviors.most_common()))
    if len(results) != count:
        bad.append(f"{count} cases were to be run")
    for line in bad:
        print(line)
    return 1 if bad else 0


def main():
    kind = sys.argv[1] if len(sys.argv) > 1 else "core"
    if kind not in CASES:
        sys.exit(__doc__)
    checked = subprocess.run([BINARY, "check", "-c", CONFIGURATION], capture_output=True, text=True)
    if "not available in this version" in checked.stdout + checked.stderr:
        skip("this gateway has no endpoints for plain WebSockets")
    program = wstest()
    wanted = CASES[kind]
    port, admin = free_ports(2)
    with tempfile.TemporaryDirectory() as directory:
        reports = pathlib.Path(directory) / "reports"
        spec = pathlib.Path(directory) / "fuzzingclient.json"
        spec.write_text(json.dumps({
            "outdir": str(reports), "servers": [{"agent": AGENT, "url": f"ws://127.0.0.1:{port}/"}],
            "cases": wanted["cases"], "exclude-cases": wanted["exclude-cases"], "exclude-agent-cases": {}}))
        gateway = start_gateway(port, admin)
        try:
            done = subprocess.run([program, "-m", "fuzzingclient", "-s", spec], cwd=directory, stdout=subprocess.DEVNULL)
            if gateway.poll() is not None:
                sys.exit(f"the gateway died with {gateway.returncode}")
        finally:
            gateway.send_signal(signal.SIGTERM)
            try:
                gateway.wait(20)
            except subprocess.TimeoutExpired:
                gateway.kill()
        # Its exit code says nothing of failures.
        if done.returncode != 0:
            sys.exit(f"wstest ended with {done.returncode}")
        if keep := os.environ.get("AUTOBAHN_REPORTS"):
            shutil.copytree(reports, keep, dirs_exist_ok=True)
        results = json.loads((reports / "index.json").read_text())[AGENT]
    sys.exit(verdict(results, wanted["count"]))


main()
