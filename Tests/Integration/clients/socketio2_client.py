"""python-socketio 4, which speaks Socket.IO 2, in a process of its own: the current one has the same module names.

Arguments: URL, transports, what to do. Prints what it got as one line of JSON; attachments are {"bytes": [...]}.
"""

import json
import os
import sys
import threading
import traceback

import socketio


def plain(value):
    if isinstance(value, bytes):
        return {"bytes": list(value)}
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value


class Events:
    """What a client got, in order, and a way to wait for it."""

    def __init__(self, client, *names, namespace=None):
        self.got, self.changed = [], threading.Condition()
        for name in names:
            client.on(name, self.handler(name), namespace=namespace)

    def handler(self, name):
        def handle(*arguments):
            with self.changed:
                self.got.append([name, *map(plain, arguments)])
                self.changed.notify_all()
            return ["heard", name]

        return handle

    def wait(self, condition):
        with self.changed:
            assert self.changed.wait_for(lambda: condition(self.got), 15), self.got
            return self.got


def events(client, connect):
    """Text, binary and acks in both directions."""
    echoes = Events(client, "echo")
    connect()
    client.emit("echo", ("a€😀", {"x": 1}))
    client.emit("echo", {"picture": b"\x00\x01\xff", "more": [b"\x07"]})
    ack = client.call("ask", ("q", b"\x05" * 300, None), timeout=15)
    echoes.wait(lambda got: len(got) == 2)
    return {"echoes": echoes.got, "ack": plain(ack), "sid": client.sid, "whoami": client.call("whoami", timeout=15)}


def namespaces(client, connect):
    inside = Events(client, "echo", "connect", namespace="/custom")
    connect(namespaces=["/", "/custom"])
    inside.wait(lambda got: ["connect"] in got)
    client.emit("echo", "in there", namespace="/custom")
    inside.wait(lambda got: ["echo", "in there"] in got)
    return {"sid": client.sid, "whoami": client.call("whoami", namespace="/custom", timeout=15)}


def room(client, connect):
    """Joins a room, says so, and tells what it heard there."""
    said = Events(client, "said")
    connect()
    client.call("join", "room", timeout=15)
    print("joined", flush=True)
    said.wait(lambda got: len(got) == 2)
    client.emit("say", ("room", b"\x09\x08"))
    return {"said": said.wait(lambda got: len(got) == 3)}


def life(client, connect):
    """Lives through many heartbeats, then is shown out."""
    gone = Events(client, "disconnect")
    connect()
    client.sleep(2.5)
    assert client.eio.state == "connected"
    client.emit("out")
    return {"gone": gone.wait(lambda got: got)}


def refused(client, connect):
    try:
        connect()
    except socketio.exceptions.ConnectionError as error:
        return {"error": [plain(one) for one in error.args]}
    return {"error": None}


def main():
    url, transports, scenario = sys.argv[1:]
    client = socketio.Client(reconnection=False)

    def connect(**options):
        client.connect(url, transports=transports.split(","), **options)

    result = {"events": events, "namespaces": namespaces, "room": room, "life": life, "refused": refused}[scenario](
        client, connect)
    result["transport"] = client.eio.transport() if client.eio.state == "connected" else None
    print(json.dumps(result), flush=True)
    client.disconnect()


try:
    main()
except BaseException:
    traceback.print_exc()
    sys.stderr.flush()
    # The client's threads would go on.
    os._exit(1)
