"""Clients that behave, in a process of their own: their latency is what others do to them."""

import contextlib
import heapq
import multiprocessing
import os
import selectors
import statistics
import time

from wire import Client

CLIENTS = 50
PERIOD = 0.1
WINDOW = 0.8
WINDOWS = 3


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def without_priority(more):
    """Attackers are other machines, and so is the fleet: they must not take the processor from the gateway or from each other."""
    with contextlib.suppress(PermissionError, OSError):
        os.nice(more)


def packets(client):
    """What has come, at least one packet: several may have come together."""
    yield client.receive(1)
    while client.buffer:
        yield client.receive(1)


def run_fleet(port, pipe):
    """Clients that ask every tenth of a second and measure from when they meant to ask: a late answer delays nothing else."""
    without_priority(-10)
    clients = [Client(port) for _ in range(CLIENTS)]
    selector = selectors.DefaultSelector()
    start = time.monotonic()
    due = [(start + PERIOD * index / CLIENTS, index) for index in range(CLIENTS)]
    heapq.heapify(due)
    asked = {}
    for index, client in enumerate(clients):
        selector.register(client.sock, selectors.EVENT_READ, index)
    selector.register(pipe, selectors.EVENT_READ, None)
    samples = []
    ask = '420["ask"]'
    while True:
        now = time.monotonic()
        while due and due[0][0] <= now:
            meant, index = heapq.heappop(due)
            asked[index] = meant
            clients[index].send(ask)
        wait = due[0][0] - time.monotonic() if due else 1
        for key, _ in selector.select(max(0, wait)):
            if key.data is None:
                # Whatever has waited until now counts, also without an answer.
                pipe.recv()
                now = time.monotonic()
                pipe.send(samples + [now - meant for meant in asked.values() if now - meant > PERIOD])
                samples = []
                continue
            client = clients[key.data]
            for packet in packets(client):
                if packet == "2":
                    client.send("3")
                if not packet.startswith("43"):
                    continue
                meant = asked.pop(key.data)
                samples.append(time.monotonic() - meant)
                heapq.heappush(due, (meant + PERIOD, key.data))


class Fleet:
    """`CLIENTS` of them on a WebSocket each. Needs the route `ask`."""

    def __init__(self, port):
        context = multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=run_fleet, args=(port, theirs), daemon=True)
        self.process.start()
        self.take()

    def take(self):
        """How long answers took, in seconds, since it was asked last."""
        self.pipe.send(None)
        assert self.pipe.poll(20), "the fleet does not answer"
        return self.pipe.recv()

    def measure(self):
        """The median of the p99 of three windows, in milliseconds: one hiccup of a shared machine is not a finding."""
        self.take()
        found = []
        for _ in range(WINDOWS):
            time.sleep(WINDOW)
            samples = self.take()
            assert len(samples) > CLIENTS, "the fleet stands still"
            found.append(1000 * percentile(samples, 0.99))
        return statistics.median(found)

    def stop(self):
        self.process.terminate()
        self.process.join()
