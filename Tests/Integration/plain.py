"""Plain clients spoken by hand: JSON WebSockets, streams of events and long-polling."""

import http.client
import json
import socket as sockets
import time

import canaries
from gateway import Reply
from wire import ROUTES, HandshakeRefused, WebSocket, compact


def endpoints(socket=None, websocket=None, raw=None, sse=None, longpoll=None):
    """Every kind of client on the namespace `/`; `None` for an endpoint means: without options of its own."""
    return [
        {"name": "socket", "path": "/socket.io/", "protocol": "socket.io"} | (socket or {}),
        {"name": "ws", "path": "/ws", "protocol": "websocket", "format": "json"} | (websocket or {}),
        {"name": "raw", "path": "/raw", "protocol": "websocket"} | (raw or {}),
        {"name": "events", "path": "/events", "protocol": "sse", "rooms": ["news"]} | (sse or {}),
        {"name": "poll", "path": "/poll", "protocol": "longpoll", "rooms": ["news"]} | (longpoll or {}),
    ]


def config(routes=ROUTES, **options):
    return {"endpoints": endpoints(**options), "routes": list(routes)}


class JSONSocket(WebSocket):
    """A WebSocket whose messages are JSON."""

    def __init__(self, port, path="/ws", headers=None):
        super().__init__(port, path, headers)

    def emit(self, event, *arguments, ack=None):
        self.send(compact({"event": event, "args": arguments} | ({} if ack is None else {"ack": ack})))

    def message(self, timeout=10):
        return json.loads(self.receive(timeout))

    def event(self, timeout=10):
        """The next event as [name, argument…]."""
        message = self.message(timeout)
        assert "event" in message, message
        return [message["event"], *message["args"]]

    def ask(self, event, *arguments, ack=7, timeout=10):
        self.emit(event, *arguments, ack=ack)
        message = self.message(timeout)
        assert list(message) == ["ack", "args"] and message["ack"] == ack, message
        return message["args"]

    def assert_responsive(self):
        assert self.ask("ask", "still there?", ack=987654) == ["still there?"]


class EventStream:
    """A stream of server-sent events, field by field as it comes."""

    def __init__(self, port, path="/events", headers=None, last=None, receive_buffer=None):
        self.sock = sockets.socket()
        if receive_buffer:
            self.sock.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(10)
        self.sock.connect(("127.0.0.1", port))
        fields = {"Host": f"127.0.0.1:{port}", "Accept": "text/event-stream"} | (headers or {})
        if last is not None:
            fields["Last-Event-ID"] = last
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.sock.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        self.buffer = b""
        self.last_id = last
        self.retry = None
        self.comments = 0
        head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        self.status = int(head[0].split()[1])
        self.fields = [tuple(line.split(": ", 1)) for line in head[1:] if line]
        self.headers = {name.lower(): value for name, value in self.fields}
        if self.status != 200:
            body = self._exactly(int(self.headers.get("content-length", 0)))
            self.close()
            raise HandshakeRefused(Reply(self.status, self.headers, body))
        # What it is told before everything else; from then on it is in its rooms.
        assert self.block() == []
        assert self.retry is not None

    def _more(self):
        chunk = self.sock.recv(65536)
        if not chunk:
            raise EOFError
        self.buffer += chunk

    def _until(self, end):
        while end not in self.buffer:
            self._more()
        found, self.buffer = self.buffer.split(end, 1)
        return found

    def _exactly(self, count):
        while len(self.buffer) < count:
            self._more()
        found, self.buffer = self.buffer[:count], self.buffer[count:]
        return found

    def block(self, timeout=10):
        """The fields of the next block; `id` and `retry` are noted, comments are counted and left out."""
        self.sock.settimeout(timeout)
        fields = []
        for line in self._until(b"\n\n").decode().split("\n"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "":
                self.comments += 1
            elif name == "id":
                self.last_id = value
            elif name == "retry":
                self.retry = int(value)
            else:
                fields.append((name, value))
        return fields

    def event(self, timeout=10):
        """The next event as [name, argument…]."""
        deadline = time.monotonic() + timeout
        while True:
            fields = dict(self.block(max(0.01, deadline - time.monotonic())))
            if fields:
                assert list(fields) == ["event", "data"], fields
                return [fields["event"], *json.loads(fields["data"])]

    def wait_ended(self, timeout=10):
        """Reads to the end and returns the events on the way."""
        events = []
        try:
            while True:
                events.append(self.event(timeout))
        except (EOFError, ConnectionResetError):
            return events

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class LongPoll:
    """A client that fetches its events: one connection for GETs, another for POSTs, as a page has them."""

    def __init__(self, port, path="/poll", headers=None, cursor=None, begin=True):
        self.port, self.path, self.headers = port, path, headers or {}
        self.cursor = cursor
        self.waiting = []
        self.getter, self.poster = (http.client.HTTPConnection("127.0.0.1", port, timeout=30) for _ in range(2))
        if begin:
            self.first = self.fetch()

    def target(self, cursor, wait=None):
        pairs = ([] if cursor is None else [f"cursor={cursor}"]) + ([] if wait is None else [f"wait={wait}"])
        return self.path + ("&" if "?" in self.path else "?" if pairs else "") + "&".join(pairs)

    def ask(self, wait=None, cursor=None, connection=None):
        """Sends a GET; its answer is read by `answer`."""
        connection = connection or self.getter
        canaries.headers(self.headers)
        connection.request("GET", self.target(cursor or self.cursor, wait), headers=self.headers)
        return connection

    def answer(self, connection=None):
        answer = (connection or self.getter).getresponse()
        return Reply(answer.status, answer.headers, answer.read())

    def fetch(self, wait=None, cursor=None):
        """One request and its document; from now on its cursor is the client's."""
        self.ask(wait, cursor)
        return self.take(self.answer())

    def take(self, reply):
        if reply.status != 200:
            raise HandshakeRefused(reply)
        document = reply.json()
        self.cursor = document["cursor"]
        canaries.session_id(self.cursor.split(".")[0])
        return document

    def message(self, timeout=10):
        """The next message as JSON."""
        deadline = time.monotonic() + timeout
        while not self.waiting:
            left = deadline - time.monotonic()
            assert left > 0, "no event came"
            self.waiting = self.fetch(wait=f"{max(1, int(left * 1000))}ms")["events"]
        return self.waiting.pop(0)

    def event(self, timeout=10):
        """The next event as [name, argument…]."""
        message = self.message(timeout)
        assert "event" in message, message
        return [message["event"], *message["args"]]

    def post(self, body, cursor=None, connection=None):
        connection = connection or self.poster
        body = body if isinstance(body, (str, bytes)) else compact(body)
        connection.request("POST", self.target(cursor or self.cursor), body=body, headers=self.headers)
        return self.answer(connection)

    def emit(self, event, *arguments, ack=None):
        reply = self.post({"event": event, "args": arguments} | ({} if ack is None else {"ack": ack}))
        assert (reply.status, reply.body) == (204, b""), reply

    def question(self, event, *arguments, ack=7):
        """Sends an event and returns what it is acknowledged with."""
        self.emit(event, *arguments, ack=ack)
        message = self.message()
        assert list(message) == ["ack", "args"] and message["ack"] == ack, message
        return message["args"]

    def close(self):
        self.getter.close()
        self.poster.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
