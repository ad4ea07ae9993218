"""Rounds of load that end badly, and what must hold afterwards: used by crash_loop.py."""

import collections
import json
import random
import threading
import time

from gateway import eventually
from wire import Client, Closed, HandshakeRefused, config

LANES = 4


def crash_config(backend, path="outbox.db", **outbox):
    """Events in lanes of their sockets (`own`), and in lanes that outlive sockets and processes (`shared`)."""
    return config(
        routes=[
            {"name": "own", "match": {"event": "own"}, "handler": "app", "mode": "atLeastOnce"},
            {"name": "shared", "match": {"event": "shared"}, "handler": "app", "mode": "atLeastOnce",
             "orderBy": "room:args.0.lane"},
            {"name": "ask", "match": {"event": "ask"}, "ack": "{args}"},
        ]
    ) | {"handlers": {"app": backend.handler()}, "outbox": {"path": path} | outbox}


class Sender(threading.Thread):
    """A client that sends numbered events as long as it can, and remembers which were acked."""

    def __init__(self, port, name, dice):
        super().__init__(daemon=True)
        self.port, self.name, self.dice = port, name, dice
        self.acked, self.refused, self.sent = set(), 0, 0
        self.ended = False

    def run(self):
        try:
            with Client(self.port) as client:
                while not self.ended:
                    # Several on their way at once, so that commits are shared and torn.
                    for _ in range(self.dice.randrange(1, 8)):
                        event = "own" if self.dice.random() < 0.5 else "shared"
                        tag = f"{self.name}:{self.sent}"
                        lane = f"lane-{self.dice.randrange(LANES)}"
                        client.emit(event, {"tag": tag, "lane": lane}, ack=self.sent)
                        self.sent += 1
                    while len(self.acked) + self.refused < self.sent:
                        packet = client.packet(timeout=10)
                        number, _, arguments = packet[2:].partition("[")
                        if arguments == "]":
                            self.acked.add(f"{self.name}:{number}")
                        else:
                            self.refused += 1
        except (OSError, Closed, HandshakeRefused, AssertionError):
            pass  # killed in the middle of it, as it should be


class CrashLoop:
    """Keeps count over all rounds: what was acked, and what the backend saw in which order."""

    def __init__(self, gateway, backend, seed=1):
        self.gateway, self.backend = gateway, backend
        self.dice = random.Random(seed)
        self.acked = set()
        self.sent = 0
        backend.answer = self.answer

    def answer(self, _call):
        roll = self.dice.random()
        return 503 if roll < 0.01 else {"actions": []} if roll < 0.5 else None

    def round(self, number, senders=6, end=None):
        """Starts the gateway if need be, loads it, and kills it at a random point, or calls `end` there."""
        if self.gateway.process is None or self.gateway.process.poll() is not None:
            self.gateway.start()
        running = [
            Sender(self.gateway.port, f"{number}.{index}", random.Random(self.dice.random())) for index in range(senders)
        ]
        for sender in running:
            sender.start()
        time.sleep(self.dice.uniform(0.02, 0.5))
        (end or self.gateway.kill)()
        for sender in running:
            sender.ended = True
            sender.join(20)
            assert not sender.is_alive(), "a client hangs after the gateway was killed"
            self.acked |= sender.acked
            self.sent += sender.sent

    def finish(self, seconds=60):
        """Lets the gateway deliver what is left."""
        self.gateway.start()
        eventually(lambda: self.gateway.metric("gatehouse_outbox_events", state="pending") == 0, seconds,
                   "an empty outbox")

    def check(self):
        """acked ⊆ delivered, in the order of each lane, without a hole."""
        lanes = collections.defaultdict(list)
        delivered = set()
        for call in list(self.backend.seen):
            if len(call.body) < int(call.headers["content-length"]):
                continue  # the gateway was killed while it sent this
            event = json.loads(call.body)
            delivery = event["delivery"]
            tag = event["args"][0]["tag"]
            delivered.add(tag)
            lanes[delivery["lane"]].append((delivery["seq"], event["id"]))
        missing = self.acked - delivered
        assert not missing, f"{len(missing)} of {len(self.acked)} acked events were not delivered: {sorted(missing)[:5]}"
        for lane, calls in lanes.items():
            ids = {}
            first = []
            for sequence, event_id in calls:
                if sequence not in ids:
                    ids[sequence] = event_id
                    first.append(sequence)
                assert ids[sequence] == event_id, f"{lane}: two events have the number {sequence}"
            assert first == list(range(1, len(first) + 1)), f"{lane}: not in order or not whole: {first[:50]}"
        assert len(self.backend.seen) >= len(self.acked) > 0
        return {"sent": self.sent, "acked": len(self.acked), "calls": len(self.backend.seen), "lanes": len(lanes)}
