"""The service manager's side: what it is told, what it hands over, and the unit files that are shipped."""

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

import pytest

from gateway import REPOSITORY, binary, environment, eventually
from wire import Client, config

UNITS = REPOSITORY / "Deploy/systemd"


class Manager:
    """A real datagram socket, as systemd has one; abstract or in a directory."""

    def __init__(self, address):
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address.replace("@", "\0", 1))
        self.heard = []

    def listen(self):
        self.socket.setblocking(False)
        while True:
            try:
                self.heard += self.socket.recv(65536).decode().split("\n")
            except BlockingIOError:
                return self.heard

    def wait_for(self, line, seconds=20):
        eventually(lambda: line in self.listen(), seconds, f"{line} among {self.heard}")
        self.heard = self.heard[self.heard.index(line) + 1:]

    def close(self):
        self.socket.close()


@pytest.fixture(params=["abstract", "path"])
def manager(request):
    with tempfile.TemporaryDirectory() as directory:
        name = f"gatehouse-test-{os.getpid()}-{time.monotonic_ns()}"
        manager = Manager(f"@{name}" if request.param == "abstract" else f"{directory}/notify")
        yield manager
        manager.close()


def test_the_service_manager_hears_of_every_phase(launch, manager):
    gateway = launch(config(), env={"NOTIFY_SOCKET": manager.address})
    manager.wait_for("READY=1")
    assert any(line.startswith("STATUS=serving on 127.0.0.1") for line in manager.listen())
    before = time.monotonic()
    gateway.process.send_signal(signal.SIGHUP)
    manager.wait_for("RELOADING=1")
    (stamp,) = [line for line in manager.listen() if line.startswith("MONOTONIC_USEC=")]
    assert before - 1 < int(stamp.split("=")[1]) / 1e6 < time.monotonic() + 1
    manager.wait_for("READY=1")
    # A configuration that is refused ends the reload as well: it would hang otherwise.
    good = gateway.file.read_bytes()
    gateway.file.write_text("{")
    gateway.process.send_signal(signal.SIGHUP)
    manager.wait_for("RELOADING=1")
    manager.wait_for("READY=1")
    gateway.file.write_bytes(good)
    gateway.ended_on_purpose = True
    gateway.process.send_signal(signal.SIGTERM)
    manager.wait_for("STOPPING=1")
    assert gateway.process.wait(20) == 0


def test_the_watchdog_is_fed_while_the_loops_answer(launch, manager):
    launch(config(), env={"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "1000000"})
    manager.wait_for("READY=1")
    for _ in range(3):
        manager.wait_for("WATCHDOG=1", 10)


def test_without_a_watchdog_nothing_is_fed(launch, manager):
    gateway = launch(config(), env={"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"})
    manager.wait_for("READY=1")
    gateway.process.send_signal(signal.SIGHUP)
    manager.wait_for("RELOADING=1")
    manager.wait_for("READY=1")
    assert "WATCHDOG=1" not in manager.listen()


def test_R6_a_loop_that_is_stuck_for_two_seconds_is_named_in_the_log(launch, tmp_path):
    """One of them sleeps, see loop_stall.c: it is named while it does, and when it goes on; the metric tells how long it was."""
    library, stall = tmp_path / "loop_stall.so", tmp_path / "stall"
    source = pathlib.Path(__file__).with_name("loop_stall.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
    gateway = launch(config(), env={"LD_PRELOAD": str(library), "LOOP_STALL": str(stall)})
    with Client(gateway.port) as client:
        stall.touch()
        eventually(lambda: "has not answered for" in gateway.log(1_000), 10, "a line about it")
        eventually(lambda: "answers again, after" in gateway.log(1_000), 10, "a line about its end")
        assert not stall.exists()
        (line,) = [json.loads(one) for one in gateway.log(1_000).splitlines() if "has not answered for" in one]
        assert line["level"] == "warning" and line["message"].startswith("event loop ")
        client.assert_responsive()
        assert gateway.metric("gatehouse_event_loop_stalls_total") >= 1


def test_R6_a_stall_of_the_whole_process_is_counted(launch):
    gateway = launch(config())
    with Client(gateway.port) as client:
        gateway.process.send_signal(signal.SIGSTOP)
        try:
            time.sleep(2)  # the fault itself
        finally:
            gateway.process.send_signal(signal.SIGCONT)
        eventually(lambda: gateway.metric("gatehouse_event_loop_lag_seconds") > 1, 10, "the metric")
        client.assert_responsive()


# Hands sockets over as systemd does: from descriptor 3 on, meant for the process that it becomes.
ACTIVATE = """
import fcntl, os, sys
names, descriptor, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
os.dup2(fcntl.fcntl(descriptor, fcntl.F_DUPFD, 100), 3, inheritable=True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES=names)
os.execv(command[0], command)
"""


@pytest.mark.parametrize("way", ["name", "address"])
def test_sockets_that_were_bound_by_somebody_else_are_served(launch, way):
    gateway = launch(config(), start=False)
    with socket.socket() as public:
        public.bind(("127.0.0.1", 0))
        public.listen(16)
        port = public.getsockname()[1]
        # By name the address of the configuration may be another one.
        address = f"127.0.0.1:{port}" if way == "address" else f"127.0.0.1:{gateway.port}"
        document = config() | {
            "listeners": [{"name": "public", "address": address}],
            "admin": {"address": f"127.0.0.1:{gateway.admin_port}"},
            "drain": {"delay": "0s", "window": "0s", "hardStop": "8s"}}
        gateway.file.write_text(json.dumps(document))
        # It waits in the kernel until the gateway is there.
        early = socket.create_connection(("127.0.0.1", port), 5)
        early.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
        process = subprocess.Popen(
            [sys.executable, "-c", ACTIVATE, "public" if way == "name" else "", str(public.fileno()),
             str(binary()), "run", "-c", str(gateway.file)],
            env=environment(), pass_fds=[public.fileno()])
        try:
            eventually(gateway.is_ready, 20, "readiness")
            early.settimeout(10)
            assert early.recv(100).startswith(b"HTTP/1.1 404")
            with Client(port) as client:
                client.assert_responsive()
            if way == "name":
                with pytest.raises(ConnectionRefusedError):
                    socket.create_connection(("127.0.0.1", gateway.port), 2)
            # The socket stays with whoever bound it.
            process.terminate()
            assert process.wait(20) == 0
            socket.create_connection(("127.0.0.1", port), 2).close()
        finally:
            early.close()
            if process.poll() is None:
                process.kill()
                process.wait()


needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


@pytest.fixture
def units(tmp_path):
    """The unit files with the binary of the build: `verify` insists that what they start exists."""
    for unit in UNITS.iterdir():
        text = unit.read_text().replace("/usr/local/bin/gatehouse", str(binary()))
        (tmp_path / unit.name).write_text(text)
    return tmp_path


@needs_systemd
def test_P7_the_unit_files_are_in_order(units):
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", units / "gatehouse.service", units / "gatehouse.socket"],
        capture_output=True, text=True, timeout=60)
    ours = [line for line in (checked.stdout + checked.stderr).splitlines() if "gatehouse" in line]
    assert not ours, ours


@needs_systemd
def test_P7_the_service_is_hardened(units):
    checked = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", units / "gatehouse.service"],
        capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stdout[-800:] + checked.stderr


def test_the_unit_file_gives_the_drain_its_time():
    """TimeoutStopSec has to be above the default of drain.hardStop."""
    full = json.loads((REPOSITORY / "Config/gateway.full.json").read_text())
    hard = full["drain"]["hardStop"]
    assert hard.endswith("s")
    lines = (UNITS / "gatehouse.service").read_text().splitlines()
    (limit,) = [line.partition("=")[2] for line in lines if line.startswith("TimeoutStopSec=")]
    assert int(limit.rstrip("s")) > int(hard.rstrip("s"))
