#!/usr/bin/env python3
"""A backend for Config/examples/webhook.json in nothing but Python's standard library.

    python3 Config/examples/webhook_backend.py
    gatehouse run -c Config/examples/webhook.json

The gateway keeps the connections; this program is called once per thing that happens and answers with what to do.
It checks the signature, decides who may come in, keeps the last messages of each room and tells the gateway whom to
send them to. It holds no connection of any client, so it can be restarted while everybody stays connected.
"""

import base64
import binascii
import collections
import hashlib
import hmac
import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = os.environ.get("WEBHOOK_KEY", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
PORT = int(os.environ.get("WEBHOOK_PORT", "3001"))
TOLERANCE_SECONDS = 300
MAX_BODY_BYTES = 4 * 1024 * 1024
KEPT_MESSAGES = 50
BANNED_NAMES = {"admin", "root"}

lock = threading.Lock()
messages = collections.defaultdict(lambda: collections.deque(maxlen=KEPT_MESSAGES))


def is_genuine(headers, body):
    """Standard Webhooks: base64(HMAC-SHA256(key, id.timestamp.body)), several signatures while keys rotate."""
    identity, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    try:
        if abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
            return False
        key = base64.b64decode(KEY.removeprefix("whsec_"), validate=True)
    except (ValueError, binascii.Error):
        return False
    signed = b".".join([identity.encode(), timestamp.encode(), body])
    expected = b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    offered = headers.get("webhook-signature", "").encode().split()
    return any(hmac.compare_digest(expected, one) for one in offered)


def connect(event):
    auth = event.get("auth")
    name = auth.get("name") if isinstance(auth, dict) else None
    if not isinstance(name, str) or not 0 < len(name) <= 24 or name.lower() in BANNED_NAMES:
        # Stock clients stop for good after this: right for a refusal, wrong for a temporary failure (see "retry").
        return {"accept": False, "error": {"message": "pick another name", "data": {"code": "E_NAME"}}}
    return {"accept": True, "state": {"name": name}}


def join(event, room, name):
    me = {"id": event["socket"]["id"], "name": name}
    with lock:
        history = list(messages[room])
    return {
        "state": {"set": {"name": name}},
        "actions": [
            {"do": "join", "rooms": [f"room:{room}"]},
            {"do": "emit", "to": others(room), "event": "joined", "args": [room, me]},
        ],
        "ack": [{"ok": True, "id": me["id"], "history": history}],
    }


def leave(event, room):
    return {
        "actions": [
            {"do": "leave", "rooms": [f"room:{room}"]},
            {"do": "emit", "to": {"rooms": [f"room:{room}"]}, "event": "left", "args": [room, event["socket"]["id"]]},
        ],
        "ack": [{"ok": True}],
    }


def message(event, room, text):
    socket = event["socket"]
    if f"room:{room}" not in socket["rooms"]:
        return {"error": {"code": "forbidden", "message": "enter the room first"}}
    if len(text) > 2000:
        return {"error": {"code": "badInput", "message": "text too long", "data": {"max": 2000}}}
    said = {"id": socket["id"], "name": socket["state"].get("name", "guest"), "text": text, "at": event["time"]}
    with lock:
        messages[room].append(said)
    # "id" makes the emit safe to repeat: should this call be made twice, the room still hears it once.
    emit = {"do": "emit", "to": {"rooms": [f"room:{room}"]}, "event": "message", "args": [room, said], "id": event["id"]}
    return {"actions": [emit], "ack": [{"ok": True}]}


def here(event, room, newcomer):
    me = {"id": event["socket"]["id"], "name": event["socket"]["state"].get("name", "guest")}
    return {"actions": [{"do": "emit", "to": {"sockets": [newcomer]}, "event": "here", "args": [room, me]}]}


def others(room):
    return {"rooms": [f"room:{room}"], "except": {"sockets": ["self"]}}


EVENTS = {"join": join, "leave": leave, "message": message, "here": here}


def answer(event):
    """What the gateway is to do about one event; None is "nothing"."""
    if event["type"] == "socket.connect":
        return connect(event)
    if event["type"] == "socket.disconnected":
        return {
            "actions": [{"do": "emit", "to": {"all": True}, "event": "gone", "args": [event["socket"]["id"]]}],
        }
    handle = EVENTS.get(event.get("event"))
    arguments = event.get("args", [])
    wanted = handle.__code__.co_argcount - 1 if handle else 0
    if handle is None or len(arguments) < wanted or not all(isinstance(one, str) for one in arguments[:wanted]):
        return {"error": {"code": "badInput", "message": "unknown event or wrong arguments"}}
    return handle(event, *arguments[:wanted])


class Webhook(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        try:
            length = int(self.headers.get("content-length", ""))
        except ValueError:
            length = -1
        if not 0 <= length <= MAX_BODY_BYTES:
            self.close_connection = True
            return self.reply(413)
        body = self.rfile.read(length)
        if not is_genuine(self.headers, body):
            return self.reply(401)
        event = json.loads(body)
        print(event["type"], event.get("event", ""), event["socket"]["id"], flush=True)
        self.reply(200, answer(event))

    def reply(self, status, document=None):
        body = b"" if document is None else json.dumps(document, separators=(",", ":")).encode()
        self.send_response(204 if status == 200 and not body else status)
        if body:
            self.send_header("content-type", "application/json")
        if body or status != 200:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


if __name__ == "__main__":
    print(f"listening on http://127.0.0.1:{PORT}/events", flush=True)
    try:
        ThreadingHTTPServer(("127.0.0.1", PORT), Webhook).serve_forever()
    except KeyboardInterrupt:
        pass
