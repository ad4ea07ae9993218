#!/usr/bin/env python3
"""Server CPU per message of Gatehouse beside other servers, in one run, on this machine.

    python3 Tests/Benchmarks/run.py                     # everything; some ten minutes; writes results.md and results.svg
    python3 Tests/Benchmarks/run.py --only "room" --rounds 1 --output /tmp

What is measured stands in workloads.py. Needs a release build (`swift build -c release --product gatehouse
--scratch-path .build-release`), cc, and, for the peers, Debian's node-ws, libnginx-mod-nchan, nats-server and libuv1, and
from PyPI python-socketio, uvicorn, uvloop and socketify (into .venv-benchmarks, by itself). A peer that is missing is left
out, and the table says so. The server is pinned to one core and the generator, `gatehouse bench`, to another; servers take
turns, each is compared with the floor of the same round, and the median of the rounds counts. Ratios travel between
machines, microseconds do not.
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

import workloads

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PACKAGES = ["python-socketio==5.18.1", "uvicorn==0.54.0", "uvloop==0.23.0", "websockets==17.4", "socketify==0.0.31"]


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
        self.holders = {}
        self.missing = {}

    def get(self, name, instance=""):
        """The process and the port of a server; another instance is another process."""
        if name in self.missing:
            raise Missing(self.missing[name])
        if (name, instance) not in self.running:
            port = free_port()
            try:
                command = getattr(self, name.replace("-", "_"))(port)
            except Missing as reason:
                self.missing[name] = str(reason)
                raise
            cores = "0,1" if name in self.TWO_LOOPS else "0"
            process = subprocess.Popen(
                ["taskset", "-c", cores, *map(str, command)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=open(self.directory / f"{name}.log", "ab"),
                env=os.environ | {"NODE_PATH": os.environ.get("NODE_PATH", "/usr/share/nodejs")})
            self.running[name, instance] = (process, port)
            deadline = time.monotonic() + 20
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > deadline:
                        del self.running[name, instance]
                        process.kill()
                        log = (self.directory / f"{name}.log").read_text(errors="replace").strip().splitlines()
                        self.missing[name] = f"does not start: {log[-1] if log else 'no reason given'}"
                        raise Missing(self.missing[name]) from None
                    time.sleep(0.05)
            if name in self.TWO_LOOPS:
                # It has made as many loops as it saw cores; from now on they share one, as the others have.
                subprocess.run(["taskset", "-a", "-c", "-p", "0", str(process.pid)], check=True, capture_output=True)
        return self.running[name, instance]

    def hold(self, row, instance):
        """Keeps the row's clients connected until everything is stopped."""
        if not row.held or instance in self.holders:
            return
        port = self.get(row.server, instance)[1]
        namespace = row.options[row.options.index("--namespace") + 1] if "--namespace" in row.options else "/"
        holder = subprocess.Popen(
            ["taskset", "-c", "1", self.binary, "bench", "connect", f"http://127.0.0.1:{port}", "--namespace", namespace,
             "-c", str(row.held), "--seconds", "86400", *workloads.MANY],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        # It says every five seconds how many are in, and does not mind that nobody reads it afterwards.
        deadline, said = time.monotonic() + 120, "nothing"
        for said in holder.stderr:
            if f" {row.held}/{row.held} clients" in said:
                self.holders[instance] = holder
                time.sleep(2)
                return
            if " failed" in said or time.monotonic() > deadline:
                break
        self.end(holder)
        raise Missing(f"{row.held} clients do not get in: {said.strip()}")

    @staticmethod
    def end(process):
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def stop_all(self):
        for process in self.holders.values():
            self.end(process)
        self.holders.clear()
        for process, _ in self.running.values():
            self.end(process)
        self.running.clear()

    # How each is started

    TWO_LOOPS = ("gatehouse-two-loops",)

    def built(self, name, *libraries):
        path = self.directory / name
        if not path.exists():
            compiler = shutil.which("cc") or self.lacks("no C compiler")
            done = subprocess.run([compiler, "-O2", "-o", path, HERE / f"{name}.c", *libraries], capture_output=True)
            if done.returncode:
                raise Missing(f"{name}.c does not compile (libssl-dev?)")
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
        return [self.built("floor", "-lssl", "-lcrypto"), port]

    def polling_floor(self, port):
        return [self.built("polling_floor"), port]

    def floor_tls(self, port):
        return [self.built("floor", "-lssl", "-lcrypto"), port, *self.certificate()]

    def gateway(self, port, **listener):
        document = json.loads((HERE / "gateway.json").read_text())
        document["listeners"] = [{"address": f"127.0.0.1:{port}"} | listener]
        document["admin"] = {"address": f"127.0.0.1:{free_port()}"}
        path = self.directory / f"gateway{port}.json"
        path.write_text(json.dumps(document))
        return [self.binary, "run", "-c", path]

    def gatehouse(self, port):
        return self.gateway(port)

    gatehouse_two_loops = gatehouse

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

    def nats_server(self, port):
        program = shutil.which("nats-server", path="/usr/sbin:" + os.environ["PATH"]) or self.lacks("no nats-server")
        return [program, "-a", "127.0.0.1", "-p", port, "-l", self.directory / "nats-server.log"]

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


def measure(servers, row, seconds, instance=""):
    """One run of a generator against a server; returns its report."""
    process, port = servers.get(row.server, instance)
    servers.hold(row, instance)
    pid = str(pid_of(process, row.server))
    window = ["--seconds", str(seconds), "--warmup", "0.5"]
    if row.scenario == "nats":
        command = [sys.executable, HERE / "nats_load.py", port, pid, *window, *row.options]
    else:
        scheme, path = row.url.split(":", 1)
        command = [servers.binary, "bench", row.scenario, f"{scheme}://127.0.0.1:{port}{path}", "--json", "--pid", pid,
                   *window, *row.options]
    done = subprocess.run(["taskset", "-c", "1", *map(str, command)], capture_output=True, text=True, timeout=180 + seconds)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        raise Missing((done.stderr.strip().splitlines() or ["no report"])[-1]) from None
    if not report["messages"]:
        raise Missing("nothing came back")
    return report


def pid_of(process, name):
    """nginx works in a child."""
    if name != "nchan":
        return process.pid
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return int(children[0])


def run(arguments, servers):
    """For each workload its rows, and for each row the reports of its rounds; None where there is none."""
    results = []
    for workload in workloads.workloads():
        if arguments.only and arguments.only not in workload.title:
            continue
        reports = {row.name: [] for row in workload.rows}
        for turn in range(arguments.rounds):
            for row in workload.rows:
                say(f"{workload.title}: {row.name}, round {turn + 1} of {arguments.rounds}")
                try:
                    report = measure(servers, row, arguments.seconds, instance=row.name if row.held else "")
                except Missing as reason:
                    servers.missing.setdefault(f"{workload.title}, {row.name}", str(reason))
                    report = None
                reports[row.name].append(report)
        say("")
        servers.stop_all()
        found = [(row, Figures(row, reports)) for row in workload.rows if any(reports[row.name])]
        results.append((workload, found))
    return results


def run_idle(arguments, servers):
    results = []
    for idle in workloads.IDLE:
        if arguments.only and arguments.only not in "idle connections":
            continue
        say(f"idle connections: {idle.name}")
        row = workloads.Row(idle.server, "connect", idle.url, ("-c", str(idle.connections), *idle.options))
        try:
            results.append((idle, measure(servers, row, max(2, arguments.seconds))["server"]))
        except Missing as reason:
            servers.missing.setdefault(idle.name, str(reason))
        servers.stop_all()
    say("")
    return results


def say(what):
    if sys.stderr.isatty():
        print(f"\r\x1b[K{what}", end="", file=sys.stderr, flush=True)
    elif what:
        print(what, file=sys.stderr, flush=True)


class Figures:
    """What the rounds of a row come to."""

    def __init__(self, row, reports):
        own = reports[row.name]
        base = reports.get(row.base) or next((found for name, found in reports.items() if name.startswith("floor")), [])
        cpu = [self.cpu(report) for report in own if report]
        self.cpu_median, self.spread = statistics.median(cpu), (max(cpu) - min(cpu)) / 2
        # Round by round: what slows the whole machine down for a while slows both.
        pairs = [self.cpu(report) / self.cpu(other) for report, other in zip(own, base) if report and other]
        self.ratio = statistics.median(pairs) if pairs else None
        self.p99 = statistics.median(report["latencyMs"]["p99"] for report in own if report)
        self.generator = statistics.median(
            report["generatorCoreShare"] * report["seconds"] * 1e6 / report["messages"] for report in own if report)
        self.lost = sum(report["lost"] for report in own if report)

    @staticmethod
    def cpu(report):
        return report["server"]["cpuMicrosecondsPerMessage"]


def table(results, idle, missing, arguments):
    lines = [
        "# Server CPU per message", "",
        f"`python3 Tests/Benchmarks/run.py --rounds {arguments.rounds} --seconds {arguments.seconds:g}` on {os.cpu_count()} cores "
        f"({platform.machine()}, Linux {platform.release().split('-')[0]}), load before it {arguments.load:.1f}: server on one core, "
        "generator on another, 128 bytes, medians of alternating rounds. The floor (`floor.c`) is the least that a server can "
        "do. A ratio is to its CPU in the same round, or to the row that is named; for a fan-out a message is a delivery. The "
        "last column is what the generator needs itself.", "",
        "| workload | server | µs a message | ratio | wanted | p99, ms | generator, µs |", "|---|---|---|---|---|---|---|"]
    for workload, found in results:
        title = workload.title
        for row, value in found:
            ratio = "" if value.ratio is None else f"{value.ratio:.2f}"
            of = f" of {row.base}" if row.base and row.wanted else ""
            wanted = f"≤ {row.wanted:g}{of}" if row.wanted else ""
            lost = f" ({value.lost} lost)" if value.lost else ""
            shown = f"**{row.name}**" if row.wanted else row.name
            lines.append(
                f"| {title} | {shown} | {value.cpu_median:.2f} ± {value.spread:.2f} | {ratio} | {wanted} | "
                f"{value.p99:.2f}{lost} | {value.generator:.2f} |")
            title = ""
    if idle:
        lines += ["", "| connections that are only held | bytes each | wanted | of a core |", "|---|---|---|---|"]
        for row, server in idle:
            wanted = f"≤ {row.most_bytes:,}" if row.most_bytes else ""
            held = f"{server['heldCoreShare']:.2%}" if "heldCoreShare" in server else ""
            lines.append(f"| {row.name}, {row.connections:,} | {server['bytesPerConnection']:,.0f} | {wanted} | {held} |")
    for name, reason in missing.items():
        lines += ["", f"Not measured: {name} ({reason})."]
    if workloads.members() < 100_000:
        lines += ["", f"A process may have {workloads.descriptors() + 600:,} descriptors here (`ulimit -Hn`), so the largest room "
                  f"has {workloads.members():,} members and not 100,000."]
    return "\n".join(lines) + "\n"


COLOURS = {"gatehouse": "#1f6fc4", "floor": "#9aa7b4", "polling-floor": "#9aa7b4", "socketify": "#c8842a", "nchan": "#5d9b62", "nats-server": "#3f8f8f", "node-ws": "#8d6fb8",
           "python-socketio": "#c25b5b"}


def plot(results):
    """Bars on a logarithmic scale: how often the floor's CPU each server needs."""
    import math

    rows, y = [], 62
    left, width, most = 250, 520, 64
    place = lambda ratio: left + width * math.log2(max(ratio, 0.125) / 0.125) / math.log2(most / 0.125)
    for workload, found in results:
        if not workload.is_pictured or not any(row.server.startswith("floor") for row, _ in found):
            continue
        rows.append(f'<text x="14" y="{y + 4}" font-weight="bold" fill="#1b2733">{html.escape(workload.title)}</text>')
        y += 10
        for row, value in found:
            if value.ratio is None:
                continue
            colour = COLOURS.get(row.name, "#777777")
            rows.append(f'<rect x="{left}" y="{y}" width="{place(value.ratio) - left:.1f}" height="13" fill="{colour}"/>')
            rows.append(f'<text x="{left - 8}" y="{y + 11}" text-anchor="end" fill="#3c4b59">{html.escape(row.name)}</text>')
            rows.append(f'<text x="{place(value.ratio) + 5:.1f}" y="{y + 11}" fill="#1b2733">{value.ratio:.2f}</text>')
            if row.wanted:
                rows.append(
                    f'<line x1="{place(row.wanted):.1f}" x2="{place(row.wanted):.1f}" y1="{y - 2}" y2="{y + 15}" '
                    f'stroke="#1b2733" stroke-dasharray="3 2"/>')
            y += 17
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
    parser.add_argument("--list", action="store_true", help="print the names of the workloads, and measure nothing")
    parser.add_argument("--output", type=pathlib.Path, default=HERE)
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join([workload.title for workload in workloads.workloads()] + ["idle connections"]))
        return
    if not arguments.binary.exists():
        parser.error(f"{arguments.binary} is missing: swift build -c release --product gatehouse --scratch-path .build-release")
    if (os.cpu_count() or 1) < 2 or not shutil.which("taskset"):
        parser.error("two cores and taskset are needed: the server and the generator must not share one")
    arguments.load = os.getloadavg()[0]
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
