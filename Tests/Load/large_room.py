"""How long others wait while events go to a large room.

    python Tests/Load/large_room.py --members 15000 --rate 2

Both loads are `gatehouse bench`: a room that gets so many events a second, and four clients of another namespace that ask 200
questions a second, first in a quiet time and then beside the room. The gateway has one core, and so one loop for all of
them; the loads share the other. `--polling`: the members are polling. Needs `ulimit -n` above the members, and
GATEHOUSE_BINARY for a release build. Exit code 1: events were lost, or the 99th percentile is above `--most` milliseconds.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Integration"))
from gateway import Gateway, binary, eventually, on_one_processor  # noqa: E402
from wire import config  # noqa: E402

ROUTES = [
    {"match": {"event": "echo"}, "ack": "{args}"},
    {"match": {"event": "bcast"},
     "actions": [{"do": "emit", "to": {"all": True}, "event": "bcast", "args": "{args}"}]},
]
LIMITS = {"maxConnections": 200_000, "maxConnectionsPerIP": 200_000, "acceptRate": "100000/s",
          "handshakesPerIP": "100000/s", "maxPendingPerIP": 200_000, "messagesPerSocket": "1000000/s"}


def bench(gateway, *options):
    return subprocess.Popen(
        [binary(), "bench", *map(str, options), "--json", f"http://127.0.0.1:{gateway.port}"], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)


def report(process):
    output, errors = process.communicate(timeout=600)
    if process.returncode:
        raise SystemExit(errors.strip())
    return json.loads(output)


def ask(gateway, seconds):
    questions = ("echo", "-c", 4, "--namespace", "/others", "--rate", 200, "--warmup", 1, "--seconds", seconds)
    return report(bench(gateway, *questions))["latencyMs"]


def measure(gateway, options):
    quiet = ask(gateway, options.seconds)
    transport = "polling" if options.polling else "websocket"
    # Until it is stopped: the questions are asked in the middle of it.
    room = bench(
        gateway, "fanout", "-c", options.members, "--rate", options.rate, "--transport", transport, "--warmup", 1,
        "--seconds", 3 * options.seconds + 3, "--source-addresses", 8, "--concurrency", 256)
    try:
        eventually(
            lambda: gateway.metric("gatehouse_fanout_deliveries_total", namespace="/") > options.members, 120,
            f"{options.members} members are in, and have got their first event")
        beside = ask(gateway, options.seconds)
        assert room.poll() is None, "the room was still busy"
        fan = report(room)
    finally:
        room.kill()
    return quiet, beside, fan


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--members", type=int, default=15_000)
    parser.add_argument("--rate", type=float, default=2, help="events a second")
    parser.add_argument("--seconds", type=float, default=5, help="of questions, each time")
    parser.add_argument("--polling", action="store_true", help="the members are polling")
    parser.add_argument("--most", type=float, default=50, help="milliseconds that a question may take, in the 99th percentile")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < options.members + 500:
        parser.error(f"--members {options.members} needs `ulimit -Hn` above {options.members + 500}; it is {hard}")
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as directory:
        document = config(ROUTES, ("/", "/others"), pingInterval="5m", pingTimeout="5m") | {"limits": LIMITS}
        gateway = Gateway(document, directory)
        with on_one_processor():
            gateway.start()
        os.sched_setaffinity(0, cores[1:] or cores)
        try:
            began = time.monotonic()
            quiet, beside, fan = measure(gateway, options)
        finally:
            gateway.kill()
    for name, latency in (("quiet", quiet), ("beside the room", beside)):
        print(f"questions, {name}: p50 {latency['p50']:.2f} ms, p99 {latency['p99']:.2f} ms, worst {latency['max']:.2f} ms")
    print(f"events to {options.members} members: p50 {fan['latencyMs']['p50']:.1f} ms, "
          f"p99 {fan['latencyMs']['p99']:.1f} ms, {fan['lost']} lost; {time.monotonic() - began:.0f} s in all")
    return fan["lost"] == 0 and beside["p99"] <= options.most


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
