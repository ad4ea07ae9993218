"""The gateway as a process: configured, started, watched and stopped by tests."""

import contextlib
import copy
import http.client
import itertools
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import canaries

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS = 20
STOP_SECONDS = 20

# What a test does not care about: room for many clients.
DEFAULTS = {
    # Everything comes from one address here, and tests are in a hurry.
    "limits": {"maxConnections": 20_000, "maxConnectionsPerIP": 20_000, "acceptRate": "100000/s",
               "handshakesPerIP": "100000/s", "maxPendingPerIP": 20_000, "messagesPerSocket": "1000000/s"},
    "log": {"level": "info"},
    # All at once: most tests end with clients that are still there.
    "drain": {"delay": "0s", "window": "0s", "hardStop": "8s"},
}


def binary():
    path = pathlib.Path(os.environ.get("GATEHOUSE_BINARY", ".build/debug/gatehouse"))
    path = path if path.is_absolute() else REPOSITORY / path
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: build it first (swift build), or name it in GATEHOUSE_BINARY")
    return path


def environment(**extra):
    """Ours without GATEHOUSE_* variables, which the gateway would take for overrides of its configuration."""
    return {k: v for k, v in os.environ.items() if not k.startswith("GATEHOUSE_")} | extra


# Below the ports that the system gives to outgoing connections, which could take one before its gateway does; and each
# worker of a parallel run has its own.
PORTS_PER_WORKER = 2_000
FIRST_PORT = 10_000 + PORTS_PER_WORKER * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_ports = itertools.cycle(range(FIRST_PORT, FIRST_PORT + PORTS_PER_WORKER))


def _free_port():
    for port in itertools.islice(_ports, PORTS_PER_WORKER):
        with socket.socket() as one, contextlib.suppress(OSError):
            # As servers do: a port on which connections of the past wait for their end is free.
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("127.0.0.1", port))
            return port
    raise AssertionError(f"no free port in {FIRST_PORT} to {FIRST_PORT + PORTS_PER_WORKER - 1}")


def free_ports(count):
    return [_free_port() for _ in range(count)]


@contextlib.contextmanager
def on_one_processor():
    """Whatever is started meanwhile has one processor: a gateway then has one loop for everybody."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def eventually(condition, seconds=5.0, what="the condition"):
    """Waits until `condition()` is true and returns what it returned."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {seconds} s")
        time.sleep(0.02)


class Reply:
    """An HTTP answer, read whole."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {dict(self.headers.items())} {self.body[:300]!r}>"


def request(port, method, target, body=None, headers=None, timeout=15):
    """One request on a connection of its own."""
    canaries.headers(headers)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, target, body=body, headers=headers or {})
        answer = connection.getresponse()
        return Reply(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


class Gateway:
    """One running gateway. `config` lacks only what is filled in here: addresses and the defaults above."""

    def __init__(self, config, directory, env=None):
        self.directory = pathlib.Path(directory)
        self.port, self.admin_port = free_ports(2)
        self.env = env or {}
        self.process = None
        self.file = self.directory / "gateway.json"
        self.log_file = self.directory / "gateway.log"
        self.configure(config)

    def configure(self, config):
        document = copy.deepcopy(DEFAULTS)
        for key, value in config.items():
            same_kind = isinstance(value, dict) and isinstance(document.get(key), dict)
            document[key] = document[key] | value if same_kind else value
        listeners = document.get("listeners", [{}])
        document["listeners"] = [listeners[0] | {"address": f"127.0.0.1:{self.port}"}, *listeners[1:]]
        document["admin"] = document.get("admin", {}) | {"address": f"127.0.0.1:{self.admin_port}"}
        self.config = document
        canaries.configuration(document)
        canaries.watch(self.log_file)
        self.file.write_text(json.dumps(document, separators=(",", ":")))

    # Life

    def start(self):
        assert self.process is None or self.process.poll() is not None
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [binary(), "run", "-c", self.file],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                env=environment(**self.env),
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if self.process.poll() is not None:
                raise AssertionError(f"the gateway ended with {self.process.returncode}:\n{self.log()}")
            if time.monotonic() > deadline:
                self.process.kill()
                raise AssertionError(f"the gateway was not ready within {START_SECONDS} s:\n{self.log()}")
            time.sleep(0.02)
        return self

    def is_ready(self):
        try:
            return request(self.admin_port, "GET", "/readyz", timeout=2).status == 200
        except (OSError, http.client.HTTPException):
            return False

    def stop(self):
        """Ends it the polite way and insists that it was alive until now and leaves in good order."""
        self.assert_alive()
        self.keep_what_it_shows()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"still running {STOP_SECONDS} s after SIGTERM:\n{self.log()}") from None
        assert code == 0, f"ended with {code} after SIGTERM:\n{self.log()}"

    def keep_what_it_shows(self):
        """Metrics and configuration, for the search for secrets at the end of all tests."""
        keys = [key["secret"] for key in self.config["admin"].get("keys", []) if "${" not in key["secret"]]
        headers = {"authorization": f"Bearer {keys[-1]}"} if keys else {}
        for path, name in (("/metrics", "metrics.txt"), ("/v1/config", "shown.json"), ("/v1/handlers", "handlers.json")):
            with contextlib.suppress(OSError, http.client.HTTPException):
                file = self.directory / name
                file.write_bytes(request(self.admin_port, "GET", path, headers=headers, timeout=2).body)
                canaries.watch(file)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def restart(self):
        self.stop()
        self.start()

    def assert_alive(self):
        code = self.process.poll()
        assert code is None, f"the gateway died with {code}:\n{self.log()}"

    # What it says

    def log(self, lines=60):
        text = self.log_file.read_text(errors="replace") if self.log_file.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def admin(self, method, path, document=None, headers=None, timeout=15):
        body = None if document is None else json.dumps(document, separators=(",", ":"))
        given = {"content-type": "application/json"} if body is not None else {}
        return request(self.admin_port, method, path, body, given | (headers or {}), timeout)

    def emit(self, **action):
        answer = self.admin("POST", "/v1/emit", action)
        assert answer.status in (200, 202), answer
        return answer.json()

    def metrics(self):
        from prometheus_client.parser import text_string_to_metric_families

        answer = request(self.admin_port, "GET", "/metrics")
        assert answer.status == 200, answer
        return [one for family in text_string_to_metric_families(answer.text) for one in family.samples]

    def metric(self, name, **labels):
        """The sum of the samples of that name that have these labels."""
        return sum(
            one.value
            for one in self.metrics()
            if one.name == name and all(one.labels.get(key) == value for key, value in labels.items())
        )

    # What it costs

    def memory_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Launcher:
    """Starts gateways and, at the end of its scope, stops them all."""

    def __init__(self, directories):
        self.directories = directories
        self.running = []

    def __call__(self, config, env=None, start=True):
        gateway = Gateway(config, self.directories.mktemp("gateway"), env)
        if start:
            gateway.start()
        self.running.append(gateway)
        return gateway

    def stop_all(self):
        problems = []
        for gateway in self.running:
            try:
                if gateway.process is not None and not getattr(gateway, "ended_on_purpose", False):
                    gateway.stop()
            except AssertionError as problem:
                problems.append(str(problem))
            finally:
                gateway.kill()
        self.running.clear()
        assert not problems, "\n\n".join(problems)
