"""A Socket.IO client that goes away and comes back, as stock clients do: by the pid and the last offset."""

import json
import re
import socket
import struct

from wire import EngineSocket, Polling, compact


class Returning:
    """One connection to one namespace. `offset` is what a stock client would keep: the last string argument."""

    def __init__(self, port, way="websocket", namespace="/", auth=None, pid=None, offset=None, query="", headers=None):
        self.port, self.way, self.namespace, self.auth, self.query = port, way, namespace, auth, query
        self.headers = headers
        self.prefix = "" if namespace == "/" else f"{namespace},"
        self.claimed, self.offset = pid, offset
        kind = EngineSocket if way == "websocket" else Polling
        self.wire = kind(port, query=query, headers=headers)
        claim = {} if pid is None else {"pid": pid} | ({} if offset is None else {"offset": offset})
        document = claim | (auth or {})
        self.wire.send(f"40{self.prefix}" + (compact(document) if document else ""))
        self.reply = self.packet()
        self.id = self.pid = None
        if self.reply.startswith(f"40{self.prefix}"):
            accepted = json.loads(self.reply[2 + len(self.prefix):])
            self.id, self.pid = accepted["sid"], accepted.get("pid")

    @property
    def recovered(self):
        return self.pid is not None and self.pid == self.claimed

    def packet(self, timeout=10):
        return self.wire.packet(timeout)

    def send(self, packet):
        self.wire.send(packet)

    def emit(self, event, *arguments, ack=""):
        self.send(f"42{self.prefix}{ack}{compact([event, *arguments])}")

    def message(self, timeout=10):
        """The next event as (ack id or None, [name, argument…])."""
        packet = self.packet(timeout)
        match = re.fullmatch(rf"42{re.escape(self.prefix)}(\d*)(\[.*)", packet, re.S)
        assert match, packet
        arguments = json.loads(match[2])
        if not match[1] and isinstance(arguments[-1], str):
            self.offset = arguments[-1]
        return (int(match[1]) if match[1] else None), arguments

    def event(self, timeout=10):
        """The next event without its offset: [name, argument…]."""
        number, arguments = self.message(timeout)
        assert number is None and isinstance(arguments[-1], str) and len(arguments[-1]) <= 24, arguments
        return arguments[:-1]

    def ask(self, event, *arguments, ack=7):
        """Emits with an ack id and returns the ack's arguments; nothing else may come in between."""
        self.emit(event, *arguments, ack=ack)
        packet = self.packet()
        start = f"43{self.prefix}{ack}"
        assert packet.startswith(start + "["), packet
        return json.loads(packet[len(start):])

    def assert_silent(self):
        """Nothing was sent to this client. Needs the route `ask`."""
        assert self.ask("ask", "anything?", ack=987654) == ["anything?"]

    def drop(self):
        """Goes without a word."""
        for one in self._sockets():
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.wire.close()

    def _sockets(self):
        if self.way == "websocket":
            return [self.wire.sock]
        return [one.sock for one in self.wire.connections.values() if one.sock]

    def close(self):
        self.wire.close()

    def is_closed(self):
        """The server has ended this connection."""
        if self.way == "websocket":
            self.wire.wait_closed()
        else:
            # What was queued for it comes first.
            while self.wire.request("GET", timeout=5).status == 200:
                pass
        return True

    def come_back(self, **changes):
        """A new connection of the same client."""
        given = {"way": self.way, "namespace": self.namespace, "auth": self.auth, "query": self.query,
                 "headers": self.headers, "pid": self.pid, "offset": self.offset} | changes
        return Returning(self.port, **given)
