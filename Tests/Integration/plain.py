"""Plain clients spoken by hand: JSON WebSockets."""

import json

from wire import ROUTES, WebSocket, compact

def endpoints(socket=None, websocket=None, raw=None):
    """Every kind of client on the namespace `/`; `None` for an endpoint means: without options of its own."""
    return [
        {"name": "socket", "path": "/socket.io/", "protocol": "socket.io"} | (socket or {}),
        {"name": "ws", "path": "/ws", "protocol": "websocket", "format": "json"} | (websocket or {}),
        {"name": "raw", "path": "/raw", "protocol": "websocket"} | (raw or {}),
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
