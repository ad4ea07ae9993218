"""A fan-out through nats-server, measured as `gatehouse bench fanout` measures one: prints the same report, as far as it goes.

    nats_load.py PORT PID -c 1000 [--in-flight 8] --seconds 2 --warmup 0.5
"""

import argparse
import json
import os
import selectors
import socket
import time

PAYLOAD = b"x" * 128
MESSAGE = b"PUB room 128\r\n" + PAYLOAD + b"\r\n"


def processor_time(pid):
    """Nanoseconds on a processor, of all threads."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
                total += int(file.read().split()[0])
        except FileNotFoundError:
            continue
    return total


def client(port, word):
    peer = socket.create_connection(("127.0.0.1", port), 5)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    peer.sendall(b'CONNECT {"verbose":false,"pedantic":false}\r\n' + word + b"PING\r\n")
    greeting = b""
    while not greeting.endswith(b"PONG\r\n"):
        greeting += peer.recv(4096)
    peer.setblocking(False)
    return peer


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("port", type=int)
    parser.add_argument("pid", type=int)
    parser.add_argument("-c", type=int, dest="connections")
    parser.add_argument("--in-flight", type=int, default=1)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--warmup", type=float)
    arguments = parser.parse_args()

    sender = client(arguments.port, b"")
    poller = selectors.EpollSelector()
    # By descriptor: the socket, how many messages it has got, and the end of what it read last.
    receivers = {}
    for _ in range(arguments.connections):
        peer = client(arguments.port, b"SUB room 1\r\n")
        receivers[peer.fileno()] = [peer, 0, b""]
        poller.register(peer, selectors.EVENT_READ)

    sent, missing, latencies = [], [], []

    def send():
        sent.append(time.monotonic())
        missing.append(arguments.connections)
        sender.sendall(MESSAGE)

    def turns(until):
        for key, _ in poller.select(max(0, until - time.monotonic())):
            entry = receivers[key.fd]
            data = entry[2] + entry[0].recv(65_536)
            now = time.monotonic()
            # A payload's end is told by its last byte, which nothing else ends with; the two before may be of the read before.
            for _ in range(data.count(b"x\r\n")):
                number = entry[1]
                entry[1] += 1
                latencies.append(now - sent[number])
                missing[number] -= 1
                if not missing[number]:
                    send()
            entry[2] = data[-2:]

    for _ in range(arguments.in_flight):
        send()
    started = time.monotonic()
    while time.monotonic() < started + arguments.warmup:
        turns(started + arguments.warmup)
    latencies.clear()
    before, own, started = processor_time(arguments.pid), time.process_time(), time.monotonic()
    while time.monotonic() < started + arguments.seconds:
        turns(started + arguments.seconds)
    used, own, elapsed = processor_time(arguments.pid) - before, time.process_time() - own, time.monotonic() - started
    latencies.sort()
    print(json.dumps({
        "messages": len(latencies), "seconds": elapsed, "lost": 0, "generatorCoreShare": own / elapsed,
        "latencyMs": {"p99": latencies[int(len(latencies) * 0.99)] * 1000 if latencies else 0},
        "server": {"cpuMicrosecondsPerMessage": used / 1000 / max(1, len(latencies))}}))


if __name__ == "__main__":
    main()
