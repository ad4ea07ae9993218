"""Clients that all come back at once: after a planned restart, or because their connections broke.

    python Tests/Load/recovery_storm.py restart --clients 2000
    python Tests/Load/recovery_storm.py storm --clients 10000

Each client is what a stock client is on the wire: it sends the pid and the offset that it has. `restart` stops the
gateway and starts it again, then every client must have recovered all that it missed. `storm` breaks all connections and
lets them come back within `--seconds`, while a fleet of others goes on asking from a process of its own; its 99th
percentile is compared with a quiet time. The load gives way to the gateway and to the fleet, as if it were other machines,
and they, where root says so, to nothing else.
Needs `ulimit -n` above three times the clients, and GATEHOUSE_BINARY for a release build. Exit code 1: a promise was
broken.
"""

import argparse
import asyncio
import contextlib
import json
import os
import pathlib
import struct
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Integration"))
from fleet import CLIENTS, Fleet, percentile, without_priority  # noqa: E402
from gateway import Gateway  # noqa: E402
from wire import ROUTES, compact, config, upgrade_request  # noqa: E402


class StormClient:
    """A Socket.IO client on a WebSocket, as small as can be: there are thousands."""

    def __init__(self, port):
        self.port, self.pid, self.offset, self.id = port, None, None, None
        self.reader = self.writer = None

    async def connect(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer.write(upgrade_request("/socket.io/?EIO=4&transport=websocket"))
        head = await self.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head
        assert (await self.packet()).startswith("0")
        claimed = self.pid
        claim = {} if claimed is None else {"pid": claimed} | ({"offset": self.offset} if self.offset else {})
        self.send("40" + (compact(claim) if claim else ""))
        reply = json.loads((await self.packet())[2:])
        recovered = claimed is not None and reply.get("pid") == claimed and reply["sid"] == self.id
        self.pid, self.id = reply["pid"], reply["sid"]
        return recovered

    def send(self, text):
        payload = text.encode()
        head = bytes([0x81, 0x80 | len(payload)]) if len(payload) < 126 else struct.pack(
            "!BBH", 0x81, 0x80 | 126, len(payload))
        # A mask of zeros masks nothing, and is as good as any other here.
        self.writer.write(head + bytes(4) + payload)

    async def packet(self):
        while True:
            first, length = await self.reader.readexactly(2)
            if length == 126:
                (length,) = struct.unpack("!H", await self.reader.readexactly(2))
            payload = (await self.reader.readexactly(length)).decode()
            if first & 0x0F == 8:
                raise ConnectionError(payload)
            if payload != "2":
                return payload
            self.send("3")

    async def number(self):
        """The next event, which has a number and an offset."""
        _, number, self.offset = json.loads((await self.packet())[2:])
        return number

    async def numbers(self, count):
        return [await self.number() for _ in range(count)]

    def drop(self):
        self.writer.transport.abort()


async def all_of(work, at_once=200):
    """Runs coroutine functions, not too many at a time."""
    gate = asyncio.Semaphore(at_once)

    async def one(body):
        async with gate:
            return await body()

    return await asyncio.gather(*(one(body) for body in work))


def p99(fleet):
    """In milliseconds, since it was asked last."""
    return percentile(fleet.take(), 0.99) * 1_000


def say(gateway, numbers):
    for number in numbers:
        gateway.emit(to={"rooms": ["all of them"]}, event="n", args=[number])


async def gather_clients(gateway, count):
    clients = [StormClient(gateway.port) for _ in range(count)]
    await all_of([client.connect for client in clients])
    return clients


def entering():
    return [{"match": {"type": "socket.connect"}, "actions": [{"do": "join", "rooms": ["all of them"]}]}, *ROUTES]


async def restart(gateway, options):
    clients = await gather_clients(gateway, options.clients)
    say(gateway, range(2))
    assert all(got == [0, 1] for got in await all_of([lambda one=one: one.numbers(2) for one in clients]))
    say(gateway, range(2, 4))
    began = time.monotonic()
    await asyncio.to_thread(gateway.restart)
    stopped = time.monotonic() - began
    for client in clients:
        client.drop()
    began = time.monotonic()
    recovered = await all_of([client.connect for client in clients])
    took = time.monotonic() - began
    say(gateway, range(4, 6))
    # The two that were sent before the restart were never read.
    complete = await all_of([lambda one=one: one.numbers(4) for one in clients])
    whole = sum(got == [2, 3, 4, 5] for got in complete)
    print(f"restart: {sum(recovered)} of {len(clients)} recovered, {whole} have everything once and in order; "
          f"stop and start {stopped:.1f} s, all back in {took:.1f} s, {gateway.memory_bytes() >> 20} MiB")
    return sum(recovered) == whole == len(clients)


def before_all_others(process):
    """Real-time priority where that is allowed: what else the machine does at the moment is not what is measured."""
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{process.pid}/task"):
            os.sched_setscheduler(int(thread), os.SCHED_RR, os.sched_param(1))


async def storm(gateway, options):
    fleet = Fleet(gateway.port)
    without_priority(19)
    before_all_others(gateway.process)
    before_all_others(fleet.process)
    try:
        return await storm_beside(fleet, gateway, options)
    finally:
        fleet.stop()


async def storm_beside(fleet, gateway, options):
    clients = await gather_clients(gateway, options.clients)
    await asyncio.sleep(1)
    fleet.take()
    await asyncio.sleep(options.seconds)
    quiet = p99(fleet)
    for client in clients:
        client.drop()
    while await asyncio.to_thread(gateway.metric, "gatehouse_sockets", namespace="/") > CLIENTS:
        await asyncio.sleep(0.1)
    broken = p99(fleet)
    say(gateway, range(options.events))
    await asyncio.sleep(1)
    before, spent = gateway.memory_bytes(), gateway.cpu_seconds()
    fleet.take()

    async def come_back(client, after):
        await asyncio.sleep(after)
        return await client.connect(), await client.numbers(options.events)

    began = time.monotonic()
    pace = options.seconds / len(clients)
    backs = await asyncio.gather(*(come_back(one, index * pace) for index, one in enumerate(clients)))
    took = time.monotonic() - began
    stormy = p99(fleet)
    whole = sum(recovered and got == list(range(options.events)) for recovered, got in backs)
    print(f"storm: {whole} of {len(clients)} recovered {options.events} events each, once and in order, in {took:.1f} s; "
          f"p99 of the others {quiet:.1f} ms quiet, {broken:.1f} ms when all connections break, "
          f"{stormy:.1f} ms in the storm; "
          f"{(gateway.cpu_seconds() - spent) / took:.2f} processors; "
          f"{before >> 20} MiB before, {gateway.memory_bytes() >> 20} MiB after")
    return whole == len(clients) and (not options.strict or stormy < 2 * quiet)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=["restart", "storm"])
    parser.add_argument("--clients", type=int, default=2_000)
    parser.add_argument("--events", type=int, default=20, help="missed by each client (storm)")
    parser.add_argument("--seconds", type=float, default=10, help="in which all come back (storm)")
    parser.add_argument("--strict", action="store_true", help="fail too when the p99 of the others doubles (storm)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        document = config(routes=entering(), connectionStateRecovery={"maxDisconnectionDuration": "2m"})
        document["history"] = {"checkpoint": os.path.join(directory, "log.bin")}
        gateway = Gateway(document, directory).start()
        try:
            kept = asyncio.run({"restart": restart, "storm": storm}[options.what](gateway, options))
            gateway.stop()
        finally:
            gateway.kill()
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
