"""Whoever attacks the gateway, the clients that behave do not feel it: their latency during attacks, measured from outside."""

import contextlib
import multiprocessing
import os
import selectors
import socket
import ssl
import subprocess
import time

import pytest

from certificates import Authority, tls
from fleet import Fleet, without_priority
from gateway import free_ports
from wire import Client, Polling, config, upgrade_request

# A machine that does something else at the moment is measured again, with and without the attack.
ATTEMPTS = 3


# The attacks: each runs in a process of its own until it is ended


def connect(port):
    sock = socket.create_connection(("127.0.0.1", port), 5)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def slowloris(port):
    """500 connections, a byte each now and then."""
    socks = [connect(port) for _ in range(500)]
    while True:
        for index, sock in enumerate(socks):
            try:
                sock.send(b"GET / HTTP/1.1\r\nHost: x\r\nX: "[:1])
            except OSError:
                sock.close()
                socks[index] = connect(port)
        time.sleep(0.2)


def garbage(port):
    """Random bytes on connection after connection."""
    noise = os.urandom(4096)
    while True:
        with contextlib.suppress(OSError), connect(port) as sock:
            sock.sendall(noise)
            sock.recv(4096)


def flood(port, data, count):
    """The same bytes for ever on that many connections; nothing is read."""
    socks = []
    while True:
        while len(socks) < count:
            sock = connect(port)
            sock.setblocking(False)
            socks.append(sock)
        idle = True
        for sock in list(socks):
            try:
                sock.send(data)
                idle = False
            except BlockingIOError:
                pass
            except OSError:
                sock.close()
                socks.remove(sock)
        if idle:
            time.sleep(0.01)


def pipelining(port):
    """GETs without end on 20 connections, whose answers are never read."""
    flood(port, b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n" * 1500, 20)


def pipelining_read(port):
    """The same on four connections, with the answers read: the most work that bytes can buy."""
    data = b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n" * 1500
    with selectors.DefaultSelector() as selector:
        for _ in range(4):
            sock = connect(port)
            sock.setblocking(False)
            selector.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
        while True:
            for key, events in selector.select():
                with contextlib.suppress(BlockingIOError):
                    if events & selectors.EVENT_READ:
                        key.fileobj.recv(1 << 20)
                    if events & selectors.EVENT_WRITE:
                        key.fileobj.send(data)


def handshakes(port):
    """Sessions without end, by polling and by WebSocket, left alone as soon as they are open."""
    polling = b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n"
    upgrade = upgrade_request("/socket.io/?EIO=4&transport=websocket")
    while True:
        with contextlib.suppress(OSError), connect(port) as sock:
            sock.sendall(polling)
            sock.recv(4096)
        with contextlib.suppress(OSError), connect(port) as sock:
            sock.sendall(upgrade)
            sock.recv(4096)


def posts(port, body):
    while True:
        with contextlib.suppress(OSError, AssertionError), connect(port) as sock:
            session = Polling(port)
            head = f"POST {session.target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            sock.sendall(head.encode() + body)
            sock.recv(4096)
            session.close()


def separators(port):
    """A megabyte of packet separators, post after post."""
    posts(port, b"\x1e" * 999_999)


def tiny_packets(port):
    """A megabyte of the smallest packets that mean something, post after post."""
    posts(port, b"\x1e".join([b"40"] * 333_333))


def pings(port):
    """WebSocket pings as fast as they can be sent, on ten connections that are opened again when they are closed."""
    socks = []
    while True:
        while len(socks) < 10:
            client = Client(port)
            data = b"".join(client.frame(9, b"x" * 100) for _ in range(200))
            client.sock.setblocking(False)
            socks.append((client, data))
        for pair in list(socks):
            try:
                pair[0].sock.send(pair[1])
            except BlockingIOError:
                pass
            except OSError:
                pair[0].close()
                socks.remove(pair)
        time.sleep(0.001)


def hot_socket(port):
    """One client that sends events as fast as they are taken, and comes again when it is put out."""
    while True:
        with contextlib.suppress(OSError, AssertionError), Client(port) as client:
            data = b"".join(client.frame(1, '42["nothing",1]') for _ in range(5000))
            while True:
                client.sock.sendall(data)


def stalled_handshakes(port):
    """500 TLS handshakes that never go on, opened again when they are given up."""
    socks = []
    while True:
        while len(socks) < 500:
            sock = connect(port)
            sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(32))
            sock.setblocking(False)
            socks.append(sock)
        for sock in list(socks):
            try:
                sock.recv(1)
            except BlockingIOError:
                continue
            except OSError:
                pass
            sock.close()
            socks.remove(sock)
        time.sleep(0.02)


def handshake_flood(port):
    """Whole TLS handshakes one after the other, which are dear to the server, and nothing behind them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    while True:
        with contextlib.suppress(OSError), connect(port) as sock:
            context.wrap_socket(sock).close()


def key_updates(port):
    """New keys asked for again and again, on four connections that are opened again when they are closed."""
    clients = []
    try:
        while True:
            while len(clients) < 4:
                clients.append(subprocess.Popen(
                    ["openssl", "s_client", "-tls1_3", "-connect", f"127.0.0.1:{port}"],
                    stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            for client in list(clients):
                try:
                    client.stdin.write(b"K\n")
                    client.stdin.flush()
                except OSError:
                    client.wait()
                    clients.remove(client)
            time.sleep(0.005)
    finally:
        for client in clients:
            client.kill()


TLS_ATTACKS = [stalled_handshakes, handshake_flood, key_updates]
ATTACKS = [*TLS_ATTACKS, slowloris, garbage, pipelining, pipelining_read, handshakes, separators,
           tiny_packets, pings, hot_socket]


@contextlib.contextmanager
def under(attack, port):
    def run():
        without_priority(10)
        while True:
            with contextlib.suppress(OSError, AssertionError):
                attack(port)

    process = multiprocessing.get_context("fork").Process(target=run, daemon=True)
    process.start()
    try:
        yield process
        assert process.is_alive(), f"{attack.__name__} has ended by itself"
    finally:
        process.kill()
        process.join()


class Siege:
    """A gateway, its fleet, and how the fleet fares without an attack."""

    def __init__(self, gateway, tls_port):
        self.gateway, self.tls_port = gateway, tls_port
        self.fleet = Fleet(gateway.port)
        self.fleet.measure()
        self.quiet = self.fleet.measure()
        self.rows = [("quiet", self.quiet, 0, 0)]

    @property
    def limit(self):
        return max(2 * self.quiet, self.quiet + 20)

    def endure(self, attack):
        for _ in range(ATTEMPTS):
            latency = self.measure(attack)
            if latency <= self.limit:
                break
            self.quiet = max(self.quiet, self.fleet.measure())
        return latency

    def measure(self, attack):
        gateway = self.gateway
        memory, spent, began = gateway.memory_bytes(), gateway.cpu_seconds(), time.monotonic()
        with under(attack, self.tls_port if attack in TLS_ATTACKS else gateway.port):
            time.sleep(0.3)
            latency = self.fleet.measure()
        used = (gateway.cpu_seconds() - spent) / (time.monotonic() - began)
        self.rows.append((attack.__name__, latency, used, (gateway.memory_bytes() - memory) / (1 << 20)))
        return latency

    def table(self):
        lines = [f"{'attack':<16} {'p99 ms':>8} {'CPUs':>6} {'+MiB':>7}"]
        lines += [f"{name:<16} {latency:8.1f} {used:6.2f} {grown:7.1f}" for name, latency, used, grown in self.rows]
        return "\n".join(lines)


@pytest.fixture(scope="module")
def siege(launch_for_module, request, tmp_path_factory):
    files = Authority(tmp_path_factory.mktemp("authority")).issue("server")
    (port,) = free_ports(1)
    siege = Siege(launch_for_module(config(pingInterval="2m", pingTimeout="1m") | {
        # What operators have: other tests are in a hurry.
        "limits": {"messagesPerSocket": "1000/s"},
        "listeners": [{"address": "127.0.0.1:0"}, {"address": f"127.0.0.1:{port}", "tls": tls(files)}]}), port)
    yield siege
    siege.fleet.stop()
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{siege.table()}")


@pytest.mark.alone
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_R4_T4_an_idle_fleet_does_not_feel(siege, attack):
    latency = siege.endure(attack)
    assert latency <= siege.limit, f"{latency:.1f} ms; quiet {siege.quiet:.1f}, allowed {siege.limit:.1f}\n{siege.table()}"
