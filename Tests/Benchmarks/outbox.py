#!/usr/bin/env python3
"""What a stored event costs: committed events per second and the time to the ack, beside plain write + fsync.

    .venv-tests/bin/python Tests/Benchmarks/outbox.py --directory /var/tmp

Needs a release build (`swift build -c release --product gatehouse --scratch-path .build-release`; GATEHOUSE_BINARY names
another). Clients send events to an `atLeastOnce` route, each the next one when the last was acked, which is after the
commit; a local backend takes what is stored. The floors write as many bytes to one file on the same disk, one sync an
event: to a file that grows, and over the bytes of one that does not, which is what a log of SQLite does. More clients
than one may share a commit, so the gateway can be above the floor. Clients, backend and gateway share this machine's
processors. `--directory` is where the files are: not a RAM disk, or nothing is measured.
"""

import argparse
import asyncio
import os
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "Integration"))
sys.path.insert(0, str(ROOT / "Tests" / "Load"))
from gateway import Gateway, eventually  # noqa: E402
from recovery_storm import StormClient  # noqa: E402
from wire import config  # noqa: E402

# A secret of the size that handlers need; nobody checks it here.
KEY = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
# As long as SQLite lets its log become before it begins again at its front.
KEPT = 4 << 20
EVENT = '["put",{"text":"' + "x" * 200 + '"}]'


async def answer(reader, writer):
    """A backend that takes everything."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.partition(b":")[2]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
            await reader.readexactly(length)
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def send_until(client, end, samples):
    number = 0
    while time.monotonic() < end:
        began = time.monotonic()
        client.send(f"42{number}{EVENT}")
        acked = await client.packet()
        if acked != f"43{number}[]":
            raise AssertionError(f"not stored: {acked}")
        samples.append(time.monotonic() - began)
        number += 1


def figures(samples, seconds):
    ordered = sorted(samples)
    at = lambda share: ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1_000  # noqa: E731
    return len(ordered) / seconds, at(0.5), at(0.99)


def floor(directory, seconds, grows):
    """One writer, one sync an event."""
    samples = []
    content = EVENT.encode()
    path = os.path.join(directory, "floor")
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    try:
        if not grows:
            os.write(file, bytes(KEPT))
        os.fsync(file)
        began = time.monotonic()
        while time.monotonic() < began + seconds:
            place = len(samples) * len(content)
            start = time.monotonic()
            os.pwrite(file, content, place if grows else place % (KEPT - len(content)))
            os.fdatasync(file)
            samples.append(time.monotonic() - start)
        return figures(samples, time.monotonic() - began)
    finally:
        os.close(file)
        os.unlink(path)


async def gateway_figures(gateway, count, seconds):
    clients = [StormClient(gateway.port) for _ in range(count)]
    for client in clients:
        await client.connect()
    await asyncio.gather(*(send_until(one, time.monotonic() + 1, []) for one in clients))
    samples = []
    began = time.monotonic()
    await asyncio.gather(*(send_until(one, began + seconds, samples) for one in clients))
    result = figures(samples, time.monotonic() - began)
    for client in clients:
        client.drop()
    return result


async def measure(options, directory):
    backend = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = backend.sockets[0].getsockname()[1]
    handler = {"type": "http", "url": f"http://127.0.0.1:{port}/", "signingKeys": [KEY]}
    route = {"name": "put", "match": {"event": "put"}, "handler": "app", "mode": "atLeastOnce"}
    # A pid in the answer is what the client of the storm looks for.
    document = config(routes=[route], connectionStateRecovery={"maxDisconnectionDuration": "2m"})
    document |= {"handlers": {"app": handler}, "outbox": {"path": os.path.join(directory, "outbox.db")}}
    gateway = Gateway(document, directory)
    await asyncio.to_thread(gateway.start)
    try:
        print("| clients | stored and acked a second | p50 ms | p99 ms |\n|---|---|---|---|")
        for count in options.clients:
            row = await gateway_figures(gateway, count, options.seconds)
            print(f"| {count} | {row[0]:,.0f} | {row[1]:.2f} | {row[2]:.2f} |", flush=True)
            # What is stored is delivered before the next row begins.
            await asyncio.to_thread(
                eventually, lambda: gateway.metric("gatehouse_outbox_events", state="pending") == 0, 300, "delivery")
        await asyncio.to_thread(gateway.stop)
    finally:
        gateway.kill()
        backend.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 16, 256], help="in flight at once")
    parser.add_argument("--seconds", type=float, default=10, help="of each row, after one to warm up")
    parser.add_argument("--directory", help="on the disk that is meant")
    options = parser.parse_args()
    os.environ.setdefault("GATEHOUSE_BINARY", str(ROOT / ".build-release/release/gatehouse"))
    with tempfile.TemporaryDirectory(dir=options.directory) as directory:
        asyncio.run(measure(options, directory))
        for name, grows in (("a growing file", True), ("a file in place", False)):
            row = floor(directory, min(options.seconds, 5), grows)
            print(f"| write + sync, {name} | {row[0]:,.0f} | {row[1]:.2f} | {row[2]:.2f} |")


if __name__ == "__main__":
    main()
