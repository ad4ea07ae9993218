"""Kills the gateway again and again under load, with kill -9 at random points, and looks for what was lost.

    python Tests/Load/crash_loop.py --rounds 300
    python Tests/Load/crash_loop.py --rounds 100 --end term

Clients send stored events, in lanes of their own and in lanes that outlive every kill, and note what was acked. Watchers
are in a room that gets numbers; they leave and come back with the pid and the offset that they have, within one life of
the gateway and over its ends. Every tenth round ends in good order instead, so that the next kills find a checkpoint
that is old; with `--end term` every round does, and every watcher has to recover every time. At the end every acked
event must have been delivered, each lane in order and without a hole; and no watcher that was told that it had recovered
may lack a number. The seed that is printed chooses the same load and the same delays again. Exit code 1: a promise was
broken.
"""

import argparse
import os
import pathlib
import random
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Integration"))
from backend import Backend  # noqa: E402
from crash import CrashLoop, crash_config  # noqa: E402
from gateway import Gateway  # noqa: E402
from recovering import Returning  # noqa: E402
from wire import Closed, HandshakeRefused  # noqa: E402

WATCHERS = 3
IN_GOOD_ORDER = 10
GONE = (OSError, Closed, AssertionError)


class Watcher:
    """Reads the numbers of its room, over every end of its connections and of the gateway."""

    def __init__(self, dice):
        self.dice = dice
        self.pid = self.offset = None
        # Lists of numbers: a new one begins when the gateway says that something may be missing.
        self.eras = [[]]
        self.recovered = self.lost = 0
        self.problem = None

    def watch(self, port, ended):
        """Leaves and comes back until the gateway has ended."""
        while not ended.is_set() and self.problem is None:
            try:
                self.once(port, ended)
            except GONE:
                time.sleep(0.01)  # killed in the middle of it, or not yet there again
            except HandshakeRefused as refused:
                # On its way out it takes nobody new.
                if refused.reply.status != 503:
                    self.problem = refused
                time.sleep(0.01)
            except Exception as problem:  # noqa: BLE001 (a thread's end is silent otherwise)
                self.problem = problem

    def once(self, port, ended):
        returning = Returning(port, pid=self.pid, offset=self.offset)
        try:
            if returning.recovered:
                self.recovered += 1
            else:
                self.lost += self.pid is not None
                self.pid, self.offset = returning.pid, None
                self.eras.append([])
                returning.emit("watch")
            for _ in range(self.dice.randrange(1, 40)):
                _, number = returning.event(timeout=5)
                self.eras[-1].append(number)
                self.offset = returning.offset
                if ended.is_set():
                    return
        finally:
            returning.drop()


class Numbers(threading.Thread):
    """Says numbers into the room as long as the gateway lives, and knows which it certainly said."""

    def __init__(self, gateway, first, ended):
        super().__init__(daemon=True)
        self.gateway, self.next, self.ended = gateway, first, ended
        self.said = set()

    def run(self):
        while not self.ended.is_set():
            number, self.next = self.next, self.next + 1
            try:
                self.gateway.emit(to={"rooms": ["watchers"]}, event="n", args=[number])
                self.said.add(number)
            except Exception:  # noqa: BLE001 (whatever the kill made of the answer: it was not a yes)
                time.sleep(0.01)


def watched(loop, watchers, numbers, number, in_good_order):
    """One round with watchers; returns the numbers that were certainly said in it."""
    if loop.gateway.process is None or loop.gateway.process.poll() is not None:
        loop.gateway.start()
    ended = threading.Event()
    saying = Numbers(loop.gateway, numbers, ended)
    threads = [threading.Thread(target=one.watch, args=(loop.gateway.port, ended), daemon=True) for one in watchers]
    for thread in [saying, *threads]:
        thread.start()
    try:
        loop.round(number, end=loop.gateway.stop if in_good_order else None)
    finally:
        ended.set()
        for thread in [saying, *threads]:
            thread.join(20)
    assert not any(thread.is_alive() for thread in [saying, *threads]), "a watcher hangs after the gateway ended"
    return saying.said, saying.next


def holes(watchers, said):
    """What a watcher lacks of what was said between two numbers of one era, or got twice or out of order."""
    for index, watcher in enumerate(watchers):
        if watcher.problem is not None:
            raise watcher.problem
        for era in filter(None, watcher.eras):
            assert era == sorted(set(era)), f"watcher {index}: twice or out of order: {era}"
            missing = said.intersection(range(era[0], era[-1])).difference(era)
            assert not missing, f"watcher {index}: a silent hole: {sorted(missing)[:5]} between {era[0]} and {era[-1]}"


def run(gateway, backend, options):
    loop = CrashLoop(gateway, backend, options.seed)
    watchers = [Watcher(random.Random(f"{options.seed}.{index}")) for index in range(WATCHERS)]
    said, numbers = set(), 0
    began = shown = time.monotonic()
    rounds = 0
    while rounds < options.rounds and time.monotonic() < began + options.minutes * 60:
        in_good_order = options.end == "term" or rounds % IN_GOOD_ORDER == IN_GOOD_ORDER - 1
        of_round, numbers = watched(loop, watchers, numbers, rounds, in_good_order)
        said |= of_round
        holes(watchers, said)
        assert options.end == "kill" or not any(one.lost for one in watchers), "a watcher had to begin anew"
        rounds += 1
        if time.monotonic() > shown + 10:
            shown = time.monotonic()
            print(f"round {rounds} of {options.rounds}: {len(loop.acked)} of {loop.sent} acked, "
                  f"{len(backend.seen)} calls", flush=True)
    loop.finish()
    holes(watchers, said)
    figures = loop.check()
    figures["numbers"] = sum(len(era) for one in watchers for era in one.eras)
    figures["recovered"] = sum(one.recovered for one in watchers)
    figures["started anew"] = sum(one.lost for one in watchers)
    assert figures["recovered"] > 0, "no watcher ever recovered: nothing was shown about recovery"
    took = time.monotonic() - began
    print(f"{rounds} rounds in {took:.0f} s: " + ", ".join(f"{value} {name}" for name, value in figures.items())
          + "; nothing acked was lost, every lane is whole and in order, no silent hole")
    if rounds < options.rounds:
        print(f"{options.minutes:g} minutes are over: {options.rounds - rounds} rounds were not run")
    gateway.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--end", choices=["kill", "term"], default="kill", help="kill -9, or SIGTERM")
    parser.add_argument("--minutes", type=float, default=30, help="no round begins later")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    backend = Backend()
    with tempfile.TemporaryDirectory() as directory:
        document = crash_config(backend)
        document["routes"].append(
            {"name": "watch", "match": {"event": "watch"}, "actions": [{"do": "join", "rooms": ["watchers"]}]})
        document["endpoints"][0]["connectionStateRecovery"] = {"maxDisconnectionDuration": "2m"}
        # As much as is said until the end, which may take long on a busy disk: who lacks more has to begin anew.
        document["history"] = {
            "checkpoint": os.path.join(directory, "log.bin"), "maxReplay": 100_000, "maxMessages": 100_000}
        # A disk that stands still for a while costs no checkpoint.
        document["drain"] = {"hardStop": "18s"}
        gateway = Gateway(document, directory)
        try:
            run(gateway, backend, options)
        except AssertionError as problem:
            print(f"seed {options.seed}: {problem}\n{gateway.log(50)}", file=sys.stderr)
            sys.exit(1)
        finally:
            gateway.kill()
            backend.stop()


if __name__ == "__main__":
    main()
