"""What run.py measures: who is asked what, and what is wanted of Gatehouse."""

import dataclasses
import math
import pathlib
import resource

WEBSOCKET = ("--protocol", "websocket")


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table: a server, and how `gatehouse bench` asks it."""

    server: str
    scenario: str
    url: str
    options: tuple = ()
    # What the table calls it; None: the server's name.
    label: str | None = None
    # The row that its figure is divided by; None: the workload's floor.
    base: str | None = None
    # The most that the ratio may be; None: nothing is wanted of it.
    wanted: float | None = None
    # Clients that another generator holds meanwhile, in a server of its own for this row.
    held: int = 0

    @property
    def name(self):
        return self.label or self.server.replace("-tls", "")


@dataclasses.dataclass(frozen=True)
class Workload:
    title: str
    rows: tuple
    # Left out of the picture: its ratios are not to the floor.
    is_pictured: bool = True


def descriptors():
    """How many connections one process may have here, less what it needs for itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in (262_144, hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, hard) if hard > 0 else limit, max(hard, limit)))
            break
        except (ValueError, OSError):
            continue
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 600


def members():
    """The largest room that this machine's limits allow, at most 100,000 members."""
    return min(100_000, descriptors() // 100 * 100)


def addresses_of_a_churn(connects_per_second=25_000):
    """As many as have ports for all that were closed in the last minute: so long Linux keeps them (TIME_WAIT).

    The pace is more than any server here accepts on one core.
    """
    first, last = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    ports = int(last) - int(first) + 1
    return min(250, math.ceil(connects_per_second * 60 / ports))


ECHO = ("-c", "200")
ROOM = ("-c", "1000")
CHURN = ("--churn", "-c", "20", "--source-addresses", str(addresses_of_a_churn()))
MANY = ("--source-addresses", "8", "--concurrency", "256")


def floor_echo(server="floor", scheme="ws"):
    return Row(server, "echo", f"{scheme}:/echo", (*WEBSOCKET, *ECHO, *(("--insecure",) if scheme == "wss" else ())))


def floor_room(*options):
    return Row("floor", "fanout", "ws:/room", (*WEBSOCKET, *ROOM, *options))


def plain(server, scenario, path, *options):
    return Row(server, scenario, f"ws:{path}", (*WEBSOCKET, *options))


def large_room():
    """What it costs that members are many. The floor tells how much of it is the kernel's: cold sockets cost more."""
    most = members()

    def rows(server, url, options, wanted):
        few, many = f"{server}, 1,000", f"{server}, {most:,}"
        return (Row(server, "fanout", url, (*options, "-c", "1000", *MANY), label=few, base=few),
                Row(server, "fanout", url, (*options, "-c", str(most), *MANY), label=many, base=few, wanted=wanted))

    return Workload(f"room of {most:,} beside a room of 1,000", (
        *rows("floor", "ws:/room", WEBSOCKET, None), *rows("gatehouse", "http:/", (), 1.3)), is_pictured=False)


def crowd():
    """Members of a room come and go at the same cost, however many there are."""
    most = members() // 2
    churn = ("--namespace", "/crowd", *CHURN)
    return Workload(f"connect, join, disconnect: empty room, and one of {most:,}", (
        Row("gatehouse", "connect", "http:/", churn, label="empty room", base="empty room"),
        Row("gatehouse", "connect", "http:/", churn, label=f"{most:,} members", base="empty room", wanted=1.2,
            held=most)), is_pictured=False)


def many_rooms():
    """A broadcast costs the same beside 10,000 rooms that it does not go to.

    At a rate, so that each message has its sends to itself: with several on the way their number in one send decides what a
    delivery costs, and that depends on the generator's timing. Both rows greet, because who has just spoken acknowledges
    less often, and so makes the generator faster.
    """
    options = (*ROOM, "--rate", "100", "--greeting")
    return Workload("room of 1,000, 100 a second, beside 10,000 rooms", (
        Row("gatehouse", "fanout", "http:/", (*options, '["none","{client}"]'), label="no other rooms", base="no other rooms"),
        Row("gatehouse", "fanout", "http:/", (*options, '["rooms","{client}"]'), label="10,000 other rooms",
            base="no other rooms", wanted=1.1)), is_pictured=False)


def recovery():
    """Each event is kept in the log, and longer by its offset."""
    options = (*ROOM, "--in-flight", "8")
    return Workload("room of 1,000, 8 in flight, of clients that can come back", (
        Row("gatehouse", "fanout", "http:/", options, label="without recovery", base="without recovery"),
        Row("gatehouse", "fanout", "http:/kept/", ("--namespace", "/kept", *options), label="with recovery",
            base="without recovery", wanted=1.2)), is_pictured=False)


def two_loops():
    """On one core, because the generator needs the other: two loops shall cost no more per message than one."""
    return Workload("Socket.IO echo on two loops beside one", (
        Row("gatehouse", "echo", "http:/", ECHO, label="one loop", base="one loop"),
        Row("gatehouse-two-loops", "echo", "http:/", ECHO, label="two loops", base="one loop", wanted=1.1)),
        is_pictured=False)


def workloads():
    """In the order of the table."""
    return [
        Workload("WebSocket echo, 200 connections", (
            floor_echo(), Row("gatehouse", "echo", "ws:/echo", (*WEBSOCKET, *ECHO), wanted=1.7),
            plain("socketify", "echo", "/echo", *ECHO), plain("node-ws", "echo", "/echo", *ECHO))),
        Workload("Socket.IO echo with ack, 200 connections", (
            floor_echo(), Row("gatehouse", "echo", "http:/", ECHO, wanted=1.9),
            Row("python-socketio", "echo", "http:/", ECHO))),
        Workload("room of 1,000, one in flight", (
            floor_room(), Row("gatehouse", "fanout", "http:/", ROOM, wanted=1.0),
            plain("socketify", "fanout", "/room", *ROOM), Row("nats-server", "nats", "", ROOM),
            plain("nchan", "fanout", "/room", *ROOM),
            plain("node-ws", "fanout", "/room", *ROOM), Row("python-socketio", "fanout", "http:/", ROOM))),
        Workload("room of 1,000, 8 in flight", (
            floor_room(), Row("gatehouse", "fanout", "http:/", (*ROOM, "--in-flight", "8"), wanted=0.25),
            plain("socketify", "fanout", "/room", *ROOM, "--in-flight", "8"),
            Row("nats-server", "nats", "", (*ROOM, "--in-flight", "8")),
            plain("node-ws", "fanout", "/room", *ROOM, "--in-flight", "8"))),
        Workload("polling echo (POST + GET), 100 sessions", (
            floor_echo(), Row("polling-floor", "echo", "http:/", ("-c", "100", "--transport", "polling")),
            Row("gatehouse", "echo", "http:/", ("-c", "100", "--transport", "polling"), wanted=3.0),
            Row("python-socketio", "echo", "http:/", ("-c", "100", "--transport", "polling")))),
        Workload("polling room of 1,000", (
            floor_room(), Row("gatehouse", "fanout", "http:/", (*ROOM, "--transport", "polling"), wanted=4.0),
            Row("python-socketio", "fanout", "http:/", (*ROOM, "--transport", "polling")))),
        Workload("WebSocket echo over TLS, 200 connections", (
            floor_echo("floor-tls", "wss"),
            Row("gatehouse-tls", "echo", "wss:/echo", (*WEBSOCKET, *ECHO, "--insecure"), wanted=1.2))),
        Workload("connect, Socket.IO CONNECT, close", (
            plain("floor", "connect", "/echo", *CHURN),
            Row("gatehouse", "connect", "http:/", CHURN, wanted=4.0),
            plain("socketify", "connect", "/echo", *CHURN),
            plain("node-ws", "connect", "/echo", *CHURN),
            Row("python-socketio", "connect", "http:/", CHURN))),
        large_room(), crowd(), many_rooms(), recovery(), two_loops(),
    ]


@dataclasses.dataclass(frozen=True)
class Idle:
    """Connections that are only held: bytes for each, and what the server does meanwhile. In a fresh process."""

    server: str
    url: str
    options: tuple = ()
    label: str | None = None
    connections: int = 5000
    most_bytes: int | None = None

    @property
    def name(self):
        return self.label or self.server.replace("-tls", " over TLS")


IDLE = [
    Idle("gatehouse", "http:/", most_bytes=6 * 1024),
    Idle("gatehouse-tls", "https:/", ("--insecure",), most_bytes=24 * 1024),
    Idle("gatehouse", "http:/", label="gatehouse, 1,000 in no room", connections=1000),
    Idle("gatehouse", "http:/", ("--greeting", '["rooms","{client}"]'), "gatehouse, 1,000 in 10,000 rooms", 1000),
    Idle("node-ws", "ws:/echo", WEBSOCKET), Idle("python-socketio", "http:/"),
]
