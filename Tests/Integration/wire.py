"""Engine.IO and Socket.IO spoken by hand, so that a test can say anything at all, also what no client would say."""

import base64
import hashlib
import http.client
import json
import os
import re
import socket
import struct
import time

import canaries
from gateway import Reply

SEPARATOR = "\x1e"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class HandshakeRefused(Exception):
    """The server answered the WebSocket handshake with something else than 101."""

    def __init__(self, reply):
        super().__init__(repr(reply))
        self.reply = reply


class Closed(Exception):
    """The connection ended: by a close frame (code, reason), or without one (code None)."""

    def __init__(self, code=None, reason=""):
        super().__init__(f"closed {code} {reason!r}")
        self.code, self.reason = code, reason


def compact(value):
    """JSON as stock clients write it."""
    return json.dumps(value, separators=(",", ":"))


def reset(sock):
    """Closes with RST instead of FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def upgrade_request(path, key=None, headers=None):
    canaries.headers(headers)
    key = key or base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class WebSocket:
    """A WebSocket client that can be told to break the rules."""

    def __init__(self, port, path, headers=None, timeout=10):
        self.sock = self.connect(port, timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.closed = None
        key = base64.b64encode(os.urandom(16)).decode()
        self.sock.sendall(upgrade_request(path, key, headers))
        head = self._read_head()
        self.status, self.headers = head
        if self.status != 101:
            raise HandshakeRefused(Reply(self.status, self.headers, self._read_body()))
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        assert self.headers["sec-websocket-accept"] == accept.decode()

    def connect(self, port, timeout):
        return socket.create_connection(("127.0.0.1", port), timeout)

    def _fill(self):
        chunk = self.sock.recv(65536)
        if not chunk:
            self.closed = self.closed or Closed()
            raise self.closed
        self.buffer += chunk

    def _read_head(self):
        while b"\r\n\r\n" not in self.buffer:
            self._fill()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = http.client.HTTPMessage()
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip()] = value.strip()
        return int(first.split(" ")[1]), headers

    def _read_body(self):
        wanted = self.headers.get("content-length")
        try:
            while wanted is None or len(self.buffer) < int(wanted):
                self._fill()
        except (Closed, ConnectionError):
            pass
        return self.buffer if wanted is None else self.buffer[: int(wanted)]

    # Sending

    def frame(self, opcode, payload=b"", fin=True, masked=True, rsv=0):
        payload = payload.encode() if isinstance(payload, str) else bytes(payload)
        head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
        mask_bit = 0x80 if masked else 0
        if len(payload) < 126:
            head += bytes([mask_bit | len(payload)])
        elif len(payload) < 65536:
            head += struct.pack("!BH", mask_bit | 126, len(payload))
        else:
            head += struct.pack("!BQ", mask_bit | 127, len(payload))
        if not masked:
            return head + payload
        key = os.urandom(4)
        repeated = key * (len(payload) // 4 + 1)
        hidden = int.from_bytes(payload, "big") ^ int.from_bytes(repeated[: len(payload)], "big")
        return head + key + hidden.to_bytes(len(payload), "big")

    def send(self, payload):
        """Text for a str, binary for bytes."""
        self.sock.sendall(self.frame(TEXT if isinstance(payload, str) else BINARY, payload))

    # Receiving

    def _read(self, count):
        while len(self.buffer) < count:
            self._fill()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def _read_frame(self):
        first, second = self._read(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self._read(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._read(8))
        assert not second & 0x80, "a server must not mask"
        return first & 0x0F, bool(first & 0x80), self._read(length)

    def receive(self, timeout=10):
        """The next message, str or bytes. Raises Closed."""
        if self.closed:
            raise self.closed
        self.sock.settimeout(timeout)
        kind, parts = None, []
        while True:
            try:
                opcode, fin, payload = self._read_frame()
            except ConnectionError:
                self.closed = Closed()
                raise self.closed from None
            if opcode == CLOSE:
                code = struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else 1005
                self.closed = Closed(code, payload[2:].decode())
                raise self.closed
            if opcode == PING:
                self.sock.sendall(self.frame(PONG, payload))
                continue
            if opcode == PONG:
                continue
            kind = kind or opcode
            parts.append(payload)
            if fin:
                whole = b"".join(parts)
                return whole.decode() if kind == TEXT else whole

    def wait_closed(self, timeout=5):
        """Reads on until the server closes, and says how."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                self.receive(left)
        except Closed as closed:
            return closed
        except TimeoutError:
            raise AssertionError(f"the server did not close the connection within {timeout} s") from None

    def close(self):
        self.sock.close()

    def reset(self):
        reset(self.sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Polling:
    """An Engine.IO session by long-polling: one kept connection for GETs, another for POSTs."""

    def __init__(self, port, path="/socket.io/", query="", headers=None):
        self.port, self.path, self.query, self.headers = port, path, query, headers or {}
        canaries.headers(headers)
        self.connections = {}
        self.sid = None
        reply = self.request("GET")
        assert reply.status == 200, reply
        self.handshake = reply
        packets = reply.text.split(SEPARATOR)
        assert packets[0].startswith("0"), reply
        self.open = json.loads(packets[0][1:])
        self.sid = canaries.session_id(self.open["sid"])
        self.waiting = packets[1:]

    @property
    def target(self):
        sid = f"&sid={self.sid}" if self.sid else ""
        return f"{self.path}?EIO=4&transport=polling{sid}{self.query}"

    def request(self, method, body=None, headers=None, timeout=10):
        connection = self.connections.get(method)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port)
            self.connections[method] = connection
        connection.timeout = timeout
        if connection.sock:
            connection.sock.settimeout(timeout)
        try:
            connection.request(method, self.target, body=body, headers=self.headers | (headers or {}))
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        except Exception:
            connection.close()
            raise

    def get(self, timeout=10):
        return self.request("GET", timeout=timeout)

    def post(self, *packets, headers=None):
        """Sends packets in one payload."""
        given = {"content-type": "text/plain;charset=UTF-8"} | (headers or {})
        return self.request("POST", SEPARATOR.join(packets).encode(), given)

    def send(self, *packets):
        reply = self.post(*packets)
        assert (reply.status, reply.body) == (200, b"ok"), reply

    def poll(self, timeout=10):
        """The packets of one answered poll."""
        reply = self.get(timeout)
        assert reply.status == 200, reply
        return reply.text.split(SEPARATOR)

    def packet(self, timeout=10):
        """The next packet; pings are answered on the way, noops skipped."""
        deadline = time.monotonic() + timeout
        while True:
            while self.waiting:
                one = self.waiting.pop(0)
                if one == "2":
                    self.send("3")
                elif one != "6":
                    return one
            self.waiting = self.poll(max(0.05, deadline - time.monotonic()))

    def is_known(self):
        """Whether the server still has the session. A poll that hangs says yes, and ends it."""
        try:
            reply = self.get(timeout=0.7)
        except TimeoutError:
            return True
        return reply.status == 200

    def assert_closed(self):
        reply = self.get(timeout=5)
        assert (reply.status, reply.json()) == (400, {"code": 1, "message": "Session ID unknown"}), reply

    def upgrade(self):
        """A WebSocket for this session, before its probe."""
        return WebSocket(self.port, f"{self.path}?EIO=4&transport=websocket&sid={self.sid}{self.query}", self.headers)

    def close(self):
        for connection in self.connections.values():
            connection.close()


class EngineSocket(WebSocket):
    """An Engine.IO session by WebSocket from the start."""

    def __init__(self, port, path="/socket.io/", query="", headers=None):
        super().__init__(port, f"{path}?EIO=4&transport=websocket{query}", headers)
        first = self.receive()
        assert first.startswith("0"), first
        self.open = json.loads(first[1:])
        self.sid = canaries.session_id(self.open["sid"])

    def packet(self, timeout=10):
        """The next packet; pings are answered on the way."""
        deadline = time.monotonic() + timeout
        while True:
            one = self.receive(max(0.05, deadline - time.monotonic()))
            if one != "2":
                return one
            self.send("3")


class Client(EngineSocket):
    """A Socket.IO connection by WebSocket, connected to one namespace."""

    def __init__(self, port, namespace="/", auth=None, query="", path="/socket.io/", headers=None):
        super().__init__(port, path, query, headers)
        self.prefix = "" if namespace == "/" else f"{namespace},"
        self.send(f"40{self.prefix}" + ("" if auth is None else compact(auth)))
        reply = self.packet()
        assert reply.startswith(f"40{self.prefix}"), reply
        answer = json.loads(reply[2 + len(self.prefix) :])
        self.id = answer["sid"]
        if "pid" in answer:
            canaries.session_id(answer["pid"])

    def emit(self, event, *arguments, ack=None):
        number = "" if ack is None else str(ack)
        self.send(f"42{self.prefix}{number}{compact([event, *arguments])}")

    def event(self, timeout=10):
        """The next event as [name, argument…]."""
        packet = self.packet(timeout)
        match = re.fullmatch(r"42(\d*)(\[.*)", packet.replace(f"42{self.prefix}", "42", 1), re.S)
        assert match, packet
        return json.loads(match[2])

    def ask(self, event, *arguments, ack=7, timeout=10):
        """Emits with an ack id and returns the ack's arguments; nothing else may come in between."""
        self.emit(event, *arguments, ack=ack)
        packet = self.packet(timeout)
        assert packet.startswith(f"43{self.prefix}{ack}["), packet
        return json.loads(packet[2 + len(self.prefix) + len(str(ack)) :])

    def assert_responsive(self):
        """Everything sent so far has been handled and the connection is well. Needs the route `ask`."""
        assert self.ask("ask", "still there?", ack=987654) == ["still there?"]

    def assert_silent(self):
        """Nothing was sent to this client. Needs the route `ask`."""
        self.assert_responsive()


# What the wire tests are answered by: no backend, only routes.
ROUTES = [
    {"name": "engine", "match": {"type": "socket.message"},
     "actions": [{"do": "send", "to": "self", "message": "{message}"}]},
    {"name": "ask", "match": {"event": "ask"}, "ack": "{args}"},
    {"name": "echo", "match": {"event": "echo"}, "actions": [{"do": "emit", "event": "echo", "args": "{args}"}]},
    {"name": "join", "match": {"event": "join"},
     "actions": [{"do": "join", "rooms": ["{args.0}"]}], "ack": [{"ok": True}]},
    {"name": "leave", "match": {"event": "leave"},
     "actions": [{"do": "leave", "rooms": ["{args.0}"]}], "ack": [{"ok": True}]},
    {"name": "say", "match": {"event": "say"},
     "actions": [{"do": "emit", "to": {"rooms": ["{args.0}"]}, "event": "said", "args": "{args}"}]},
    {"name": "all", "match": {"event": "all"},
     "actions": [{"do": "emit", "to": {"all": True}, "event": "all", "args": "{args}"}]},
    {"name": "others", "match": {"event": "others"},
     "actions": [{"do": "emit", "to": "others", "event": "others", "args": "{args}"}]},
    {"name": "kick", "match": {"event": "kick"}, "actions": [{"do": "kick"}]},
    {"name": "out", "match": {"event": "out"}, "actions": [{"do": "disconnect"}]},
    {"name": "whoami", "match": {"event": "whoami"}, "ack": ["{socket.id}", "{auth}"]},
]


# Options that mean something only above Engine.IO.
SOCKET_IO_ONLY = {"namespaces", "auth", "connectTimeout", "maxAttachments", "cleanupEmptyChildNamespaces", "serveClient",
                  "connectionStateRecovery"}


def config(routes=ROUTES, namespaces=("/", "/custom"), engine=None, **socket_options):
    """A gateway that speaks Socket.IO under /socket.io/ and bare Engine.IO under /engine.io/."""
    options = {"pingInterval": "25s", "pingTimeout": "20s"} | socket_options
    shared = {k: v for k, v in options.items() if k not in SOCKET_IO_ONLY}
    return {
        "endpoints": [
            {"name": "socket", "path": "/socket.io/", "protocol": "socket.io", "namespaces": list(namespaces)} | options,
            {"name": "engine", "path": "/engine.io/", "protocol": "engine.io", "namespace": "/engine"}
            | shared | (engine or {}),
        ],
        "routes": list(routes),
    }
