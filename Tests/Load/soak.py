"""Looks for leaks: clients come, join, talk, leave and break off without end, and the gateway's memory has to stay.

    .venv-tests/bin/python Tests/Load/soak.py --minutes 360

Starts a gateway of its own (GATEHOUSE_BINARY, or the debug build). Prints a line a minute, and at the end how fast the
resident memory grew after the warm-up, by least squares; exits with 1 if that is more than --slope MiB an hour.
"""

import argparse
import pathlib
import random
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Integration"))

from gateway import Gateway  # noqa: E402
from wire import Client, Polling, config  # noqa: E402

# What a client may go through: most leave politely, some do not.
LIVES = ["websocket"] * 5 + ["polling"] * 2 + ["reset", "abandoned", "disconnected"]


def live(port, kind, rooms):
    if kind in ("polling", "abandoned"):
        session = Polling(port)
        session.send("40")
        assert session.packet().startswith("40{")
        session.send('42["join","room-1"]')
        if kind == "polling":
            session.send("1")
        return session.close()
    client = Client(port)
    room = f"room-{random.randrange(rooms)}"
    client.emit("join", room)
    client.emit("say", room, "hello " * random.randrange(100))
    client.event()
    client.emit("leave", room)
    if kind == "reset":
        return client.reset()
    if kind == "disconnected":
        client.send("41")
    client.close()


class Churn:
    """So many lives a second, on a few threads."""

    def __init__(self, port, rate, rooms, threads=4):
        self.port, self.rooms = port, rooms
        self.pause = threads / rate
        self.lives, self.problems = 0, []
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self):
        due = time.monotonic()
        while not self.stopped.is_set():
            try:
                live(self.port, random.choice(LIVES), self.rooms)
                self.lives += 1
            except Exception as problem:
                self.problems.append(problem)
            due = max(due + self.pause, time.monotonic() - 1)
            self.stopped.wait(max(0, due - time.monotonic()))

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(10)


def slope(samples):
    """Least squares: bytes a second."""
    count = len(samples)
    mean_time = sum(at for at, _ in samples) / count
    mean_value = sum(value for _, value in samples) / count
    spread = sum((at - mean_time) ** 2 for at, _ in samples)
    return sum((at - mean_time) * (value - mean_value) for at, value in samples) / spread if spread else 0.0


def soak(seconds, rate, rooms, warm_up, say=print):
    """Returns the lives, the bytes a second that were gained after the warm-up, and the bytes in all."""
    with tempfile.TemporaryDirectory() as directory:
        # Abandoned sessions end soon, or they would be what grows.
        gateway = Gateway(config(pingInterval="1s", pingTimeout="1s"), directory)
        gateway.start()
        try:
            churn = Churn(gateway.port, rate, rooms)
            start, samples, told = time.monotonic(), [], 0
            while (at := time.monotonic() - start) < seconds:
                if at >= warm_up:
                    samples.append((at, gateway.memory_bytes()))
                if at >= told + 60:
                    told = at
                    say(f"{at / 60:6.1f} min  {churn.lives:9} lives  {gateway.memory_bytes() / (1 << 20):7.1f} MiB")
                gateway.assert_alive()
                time.sleep(min(1, seconds / 50))
            churn.stop()
            if len(churn.problems) > churn.lives / 100:
                raise churn.problems[0]
            gateway.stop()
        finally:
            gateway.kill()
    return churn.lives, slope(samples), samples[-1][1] - samples[0][1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=200, help="lives a second")
    parser.add_argument("--rooms", type=int, default=50)
    parser.add_argument("--warm-up", type=float, default=0.2, help="share of the time that does not count")
    parser.add_argument("--slope", type=float, default=1.0, help="MiB an hour that are not a leak")
    options = parser.parse_args()
    seconds = min(options.minutes, 7 * 24 * 60) * 60
    lives, per_second, grown = soak(seconds, options.rate, options.rooms, seconds * options.warm_up)
    per_hour = per_second * 3600 / (1 << 20)
    print(f"{lives} lives, {per_hour:+.2f} MiB an hour, {grown / (1 << 20):+.1f} MiB in all, "
          f"{1024 * per_second * seconds / (1 << 20) / max(lives, 1):+.2f} KiB a life")
    return 1 if per_hour > options.slope else 0


if __name__ == "__main__":
    sys.exit(main())
