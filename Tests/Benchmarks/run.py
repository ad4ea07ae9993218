#!/usr/bin/env python3
"""Server CPU per message of Gatehouse beside other servers, in one run, on this machine.

    python3 Tests/Benchmarks/run.py                     # everything; some ten minutes; writes results.md and results.svg
    python3 Tests/Benchmarks/run.py --only "room" --rounds 1 --output /tmp

Needs a release build (`swift build -c release --product gatehouse --scratch-path .build-release`), cc, and, for the
peers, Debian's node-ws, libnginx-mod-nchan and libuv1, and from PyPI python-socketio, uvicorn, uvloop and socketify (into
.venv-benchmarks, by itself). A peer that is missing is left out, and the table says so. The server is pinned to one core
and the generator, `gatehouse bench`, to another; servers take turns, and the median of the rounds counts. Ratios travel
between machines, microseconds do not.
"""

import argparse
import html
import json
import os
import pathlib
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PACKAGES = ["python-socketio==5.18.1", "uvicorn==0.54.0", "uvloop==0.23.0", "websockets==17.4", "socketify==0.0.31"]

# Name, what the floor does for it (None: the figure stands for itself), the most that Gatehouse may need of it, and
# what each server is asked: scenario, URL, options.
ECHO = ["--protocol", "websocket", "-c", "200"]
WORKLOADS = [
    ("WebSocket echo, 200 connections", "echo", 1.7, {
        "floor": ("echo", "ws:/echo", ECHO), "gatehouse": ("echo", "ws:/echo", ECHO),
        "socketify": ("echo", "ws:/echo", ECHO), "node-ws": ("echo", "ws:/echo", ECHO)}),
    ("Socket.IO echo with ack, 200 connections", "echo", 1.9, {
        "floor": ("echo", "ws:/echo", ECHO), "gatehouse": ("echo", "http:/", ["-c", "200"]),
        "python-socketio": ("echo", "http:/", ["-c", "200"])}),
    ("room of 1,000, one in flight", "room", 1.0, {
        "floor": ("fanout", "ws:/room", ["--protocol", "websocket", "-c", "1000"]),
        "gatehouse": ("fanout", "http:/", ["-c", "1000"]),
        "socketify": ("fanout", "ws:/room", ["--protocol", "websocket", "-c", "1000"]),
        "nchan": ("fanout", "ws:/room", ["--protocol", "websocket", "-c", "1000"]),
        "node-ws": ("fanout", "ws:/room", ["--protocol", "websocket", "-c", "1000"]),
        "python-socketio": ("fanout", "http:/", ["-c", "1000"])}),
    ("room of 1,000, 8 in flight", "room", 0.25, {
        "floor": ("fanout", "ws:/room", ["--protocol", "websocket", "-c", "1000"]),
        "gatehouse": ("fanout", "http:/", ["-c", "1000", "--in-flight", "8"]),
        "socketify": ("fanout", "ws:/room", ["--protocol", "websocket", "-c", "1000", "--in-flight", "8"]),
        "node-ws": ("fanout", "ws:/room", ["--protocol", "websocket", "-c", "1000", "--in-flight", "8"])}),
    ("polling echo (POST + GET), 100 sessions", "echo", 3.0, {
        "floor": ("echo", "ws:/echo", ECHO), "gatehouse": ("echo", "http:/", ["-c", "100", "--transport", "polling"]),
        "python-socketio": ("echo", "http:/", ["-c", "100", "--transport", "polling"])}),
    ("polling room of 1,000", "room", 4.0, {
        "floor": ("fanout", "ws:/room", ["--protocol", "websocket", "-c", "1000"]),
        "gatehouse": ("fanout", "http:/", ["-c", "1000", "--transport", "polling"]),
        "python-socketio": ("fanout", "http:/", ["-c", "1000", "--transport", "polling"])}),
    ("WebSocket echo over TLS, 200 connections", "tls", 1.2, {
        "floor-tls": ("echo", "wss:/echo", [*ECHO, "--insecure"]),
        "gatehouse-tls": ("echo", "wss:/echo", [*ECHO, "--insecure"])}),
    ("connect, Socket.IO CONNECT, close", "connect", 4.0, {
        "floor": ("connect", "ws:/echo", ["--protocol", "websocket", "--churn", "-c", "20"]),
        "gatehouse": ("connect", "http:/", ["--churn", "-c", "20"]),
        "socketify": ("connect", "ws:/echo", ["--protocol", "websocket", "--churn", "-c", "20"]),
        "node-ws": ("connect", "ws:/echo", ["--protocol", "websocket", "--churn", "-c", "20"]),
        "python-socketio": ("connect", "http:/", ["--churn", "-c", "20"])}),
]
# Bytes per idle connection: what is measured once, in a fresh process.
IDLE = {"gatehouse": ("http:/", [], 6 * 1024), "gatehouse-tls": ("https:/", ["--insecure"], 24 * 1024),
        "node-ws": ("ws:/echo", ["--protocol", "websocket"], None), "python-socketio": ("http:/", [], None)}
IDLE_CONNECTIONS = 5000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Missing(Exception):
    """A server that this machine cannot run, and why."""


class Servers:
    """Starts each server when it is first asked for, pinned to the first core."""

    def __init__(self, binary, directory):
        self.binary, self.directory = binary, pathlib.Path(directory)
        self.running = {}
        self.missing = {}
        self.python = None

    def get(self, name, fresh=False):
        if name in self.missing:
            raise Missing(self.missing[name])
        if fresh and name in self.running:
            self.stop(name)
        if name not in self.running:
            port = free_port()
            try:
                command = getattr(self, name.replace("-", "_"))(port)
            except Missing as reason:
                self.missing[name] = str(reason)
                raise
            process = subprocess.Popen(
                ["taskset", "-c", "0", *map(str, command)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=open(self.directory / f"{name}.log", "ab"),
                env=os.environ | {"NODE_PATH": os.environ.get("NODE_PATH", "/usr/share/nodejs")})
            self.running[name] = (process, port)
            deadline = time.monotonic() + 20
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > deadline:
                        del self.running[name]
                        process.kill()
                        log = (self.directory / f"{name}.log").read_text(errors="replace").strip().splitlines()
                        self.missing[name] = f"does not start: {log[-1] if log else 'no reason given'}"
                        raise Missing(self.missing[name]) from None
                    time.sleep(0.05)
        return self.running[name]

    def stop(self, name):
        process, _ = self.running.pop(name)
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def stop_all(self):
        for name in list(self.running):
            self.stop(name)

    # How each is started

    def built_floor(self):
        path = self.directory / "floor"
        if not path.exists():
            compiler = shutil.which("cc") or self.lacks("no C compiler")
            done = subprocess.run([compiler, "-O2", "-o", path, HERE / "floor.c", "-lssl", "-lcrypto"], capture_output=True)
            if done.returncode:
                raise Missing("floor.c does not compile (libssl-dev?)")
        return path

    @staticmethod
    def lacks(what):
        raise Missing(what)

    def certificate(self):
        files = self.directory / "tls.crt", self.directory / "tls.key"
        if not files[0].exists():
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                 "-subj", "/CN=localhost", "-keyout", files[1], "-out", files[0]], check=True, capture_output=True)
        return files

    def floor(self, port):
        return [self.built_floor(), port]

    def floor_tls(self, port):
        return [self.built_floor(), port, *self.certificate()]

    def gateway(self, port, **listener):
        document = json.loads((HERE / "gateway.json").read_text())
        document["listeners"] = [{"address": f"127.0.0.1:{port}"} | listener]
        document["admin"] = {"address": f"127.0.0.1:{free_port()}"}
        path = self.directory / f"gateway{port}.json"
        path.write_text(json.dumps(document))
        return [self.binary, "run", "-c", path]

    def gatehouse(self, port):
        return self.gateway(port)

    def gatehouse_tls(self, port):
        certificate, key = self.certificate()
        return self.gateway(port, tls={"certificate": str(certificate), "key": str(key)})

    def node_ws(self, port):
        node = shutil.which("node") or self.lacks("no node")
        return [node, HERE / "peers/node_ws.js", port]

    def nchan(self, port):
        program = shutil.which("nginx", path="/usr/sbin:" + os.environ["PATH"]) or self.lacks("no nginx")
        module = pathlib.Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
        if not module.exists():
            raise Missing("no nchan (libnginx-mod-nchan)")
        text = (HERE / "peers/nchan.conf").read_text()
        for name, value in {"module": module, "directory": self.directory, "port": port}.items():
            text = text.replace(f"@{name}@", str(value))
        path = self.directory / "nchan.conf"
        path.write_text(text)
        return [program, "-c", path, "-p", self.directory]

    def packages(self):
        venv = ROOT / ".venv-benchmarks"
        python = venv / "bin/python"
        stamp = venv / "installed.txt"
        if not stamp.exists() or stamp.read_text() != "\n".join(PACKAGES):
            print("installing the Python peers (.venv-benchmarks) …", file=sys.stderr)
            subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
            done = subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES])
            if done.returncode:
                raise Missing("PyPI packages cannot be installed")
            stamp.write_text("\n".join(PACKAGES))
        return python

    def python_socketio(self, port):
        return [self.packages(), HERE / "peers/python_socketio.py", port]

    def socketify(self, port):
        return [self.packages(), HERE / "peers/socketify_ws.py", port]


def measure(servers, name, ask, seconds, fresh=False):
    """One run of `gatehouse bench` against a server; returns its report."""
    scenario, url, options = ask
    process, port = servers.get(name, fresh)
    scheme, path = url.split(":", 1)
    command = ["taskset", "-c", "1", str(servers.binary), "bench", scenario, f"{scheme}://127.0.0.1:{port}{path}", "--json",
               "--pid", str(pid_of(process, name)), "--seconds", str(seconds), "--warmup", "0.5", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120 + seconds)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        raise Missing((done.stderr.strip().splitlines() or ["no report"])[0]) from None
    if not report["messages"]:
        raise Missing("nothing came back")
    return report


def pid_of(process, name):
    """nginx works in a child."""
    if name != "nchan":
        return process.pid
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return int(children[0])


def figures(reports):
    cpu = [report["server"]["cpuMicrosecondsPerMessage"] for report in reports]
    return {
        "cpu": statistics.median(cpu), "spread": (max(cpu) - min(cpu)) / 2,
        "p99": statistics.median(report["latencyMs"]["p99"] for report in reports),
        "generator": statistics.median(report.get("generatorCoreShare", 0) for report in reports),
        "lost": sum(report["lost"] for report in reports)}


def run(arguments, servers):
    results = []
    for title, _, target, asks in WORKLOADS:
        if arguments.only and arguments.only not in title:
            continue
        reports = {}
        for turn in range(arguments.rounds):
            for name, ask in asks.items():
                print(f"\r\x1b[K{title}: {name}, round {turn + 1} of {arguments.rounds}", end="", file=sys.stderr, flush=True)
                try:
                    report = measure(servers, name, ask, arguments.seconds)
                    reports.setdefault(name, []).append(report)
                except Missing as reason:
                    servers.missing.setdefault(name, str(reason))
        print("\r\x1b[K", end="", file=sys.stderr)
        servers.stop_all()
        results.append((title, target, {name: figures(found) for name, found in reports.items()}))
    return results


def run_idle(arguments, servers):
    results = {}
    if arguments.only and arguments.only not in "idle":
        return results
    for name, (url, options, target) in IDLE.items():
        try:
            ask = ("connect", url, ["-c", str(IDLE_CONNECTIONS), *options])
            results[name] = (measure(servers, name, ask, 1, fresh=True)["server"]["bytesPerConnection"], target)
        except Missing as reason:
            servers.missing.setdefault(name, str(reason))
        servers.stop_all()
    return results


def label(name):
    return name.replace("-tls", "")


def table(results, idle, missing, arguments):
    lines = [
        "# Server CPU per message", "",
        f"`python3 Tests/Benchmarks/run.py --rounds {arguments.rounds} --seconds {arguments.seconds}` on {os.cpu_count()} cores "
        f"({platform.machine()}, Linux {platform.release().split('-')[0]}): server on one core, generator on another, 128 bytes, "
        "medians. The floor (`floor.c`) is the least that a server can do; ratios are to its CPU in the same run.", "",
        "| workload | server | µs a message | to the floor | wanted | p99, ms |", "|---|---|---|---|---|---|"]
    for title, target, found in results:
        floor = next((value["cpu"] for name, value in found.items() if name.startswith("floor")), None)
        for name, value in found.items():
            ratio = f"{value['cpu'] / floor:.2f}" if floor else ""
            wanted = f"≤ {target}" if name.startswith("gatehouse") else ""
            lost = f" ({value['lost']} lost)" if value["lost"] else ""
            shown = f"**{label(name)}**" if name.startswith("gatehouse") else label(name)
            lines.append(
                f"| {title} | {shown} | {value['cpu']:.2f} ± {value['spread']:.2f} | {ratio} | {wanted} | {value['p99']:.2f}{lost} |")
            title = ""
    if idle:
        lines += ["", f"| {IDLE_CONNECTIONS:,} idle connections | bytes each | wanted |", "|---|---|---|"]
        for name, (size, target) in idle.items():
            shown = name.replace("-tls", " over TLS")
            lines.append(f"| {shown} | {size:,.0f} | {f'≤ {target:,}' if target else ''} |")
    for name, reason in missing.items():
        lines += ["", f"Not measured: {name} ({reason})."]
    return "\n".join(lines) + "\n"


COLOURS = {"gatehouse": "#1f6fc4", "floor": "#9aa7b4", "socketify": "#c8842a", "nchan": "#5d9b62", "node-ws": "#8d6fb8",
           "python-socketio": "#c25b5b"}


def plot(results):
    """Bars on a logarithmic scale: how often the floor's CPU each server needs."""
    import math

    rows, y = [], 62
    left, width, most = 250, 520, 64
    place = lambda ratio: left + width * math.log2(max(ratio, 0.125) / 0.125) / math.log2(most / 0.125)
    for title, target, found in results:
        floor = next((value["cpu"] for name, value in found.items() if name.startswith("floor")), None)
        if not floor:
            continue
        rows.append(f'<text x="14" y="{y + 4}" font-weight="bold" fill="#1b2733">{html.escape(title)}</text>')
        y += 10
        for name, value in found.items():
            ratio = value["cpu"] / floor
            colour = COLOURS.get(label(name), "#777777")
            rows.append(f'<rect x="{left}" y="{y}" width="{place(ratio) - left:.1f}" height="13" fill="{colour}"/>')
            rows.append(f'<text x="{left - 8}" y="{y + 11}" text-anchor="end" fill="#3c4b59">{html.escape(label(name))}</text>')
            rows.append(f'<text x="{place(ratio) + 5:.1f}" y="{y + 11}" fill="#1b2733">{ratio:.2f}</text>')
            y += 17
        rows.append(
            f'<line x1="{place(target):.1f}" x2="{place(target):.1f}" y1="{y - 17 * len(found) - 2}" y2="{y - 2}" '
            f'stroke="#1b2733" stroke-dasharray="3 2"/>')
        y += 22
    grid = [f'<line x1="{place(v):.1f}" x2="{place(v):.1f}" y1="44" y2="{y - 12}" stroke="#e3e8ee"/>'
            f'<text x="{place(v):.1f}" y="{y + 4}" text-anchor="middle" fill="#5a6b7b">{v:g}</text>'
            for v in (0.125, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64)]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 830 {y + 24}" font-family="sans-serif" font-size="12">',
        f'<rect width="830" height="{y + 24}" fill="#ffffff"/>',
        '<text x="14" y="24" font-size="16" font-weight="bold" fill="#1b2733">Server CPU per message, as a multiple of the floor</text>',
        '<text x="14" y="42" fill="#5a6b7b">shorter is better; dashed: what Gatehouse is to stay under</text>',
        *grid, *rows, "</svg>"]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / ".build-release/release/gatehouse")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--only", help="workloads whose name contains this")
    parser.add_argument("--output", type=pathlib.Path, default=HERE)
    arguments = parser.parse_args()
    if not arguments.binary.exists():
        parser.error(f"{arguments.binary} is missing: swift build -c release --product gatehouse --scratch-path .build-release")
    if (os.cpu_count() or 1) < 2 or not shutil.which("taskset"):
        parser.error("two cores and taskset are needed: the server and the generator must not share one")
    with tempfile.TemporaryDirectory() as directory:
        servers = Servers(arguments.binary.resolve(), directory)
        try:
            results = run(arguments, servers)
            idle = run_idle(arguments, servers)
        finally:
            servers.stop_all()
    text = table(results, idle, servers.missing, arguments)
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "results.md").write_text(text)
    (arguments.output / "results.svg").write_text(plot(results))
    print(text)


if __name__ == "__main__":
    main()
