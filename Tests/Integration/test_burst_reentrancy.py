"""More deliveries in one turn than the output arena is to hold, set off in the middle of a read or of a write."""

import contextlib
import socket

from certificates import Authority, tls, trusting
from gateway import on_one_processor
from wire import PING, TEXT, Polling, WebSocket

# Together more than the 262,144 pieces that may wait to be sent.
MEMBERS, EVENTS = 550, 500
OPEN = {"limits": {"messagesPerSocket": "1000000/s"}}


def members_are_told(members, frame):
    """Everybody gets every event, in frames that are all alike."""
    for member in members:
        got = member.buffer
        while len(got) < EVENTS * len(frame):
            member.sock.settimeout(60)
            chunk = member.sock.recv(1 << 18)
            assert chunk, f"ended after {len(got)} bytes"
            got += chunk
        assert got == frame * EVENTS


def test_a_burst_out_of_one_read_over_tls(launch, tmp_path, monkeypatch):
    """The sender's own connection is to be written while it is being read: its TLS engine is busy then."""
    authority = Authority(tmp_path)
    with on_one_processor():
        gateway = launch(OPEN | {
            "listeners": [{"address": "127.0.0.1:0", "tls": tls(authority.issue("server"))}],
            "endpoints": [{"name": "raw", "path": "/raw", "protocol": "websocket"}],
            "routes": [{"match": {"type": "socket.message"},
                        "actions": [{"do": "send", "to": {"all": True}, "message": "{message}"}]}]})
    context = trusting(authority)

    def connect(_, port, timeout):
        return context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout), server_hostname="localhost")

    monkeypatch.setattr(WebSocket, "connect", connect)
    with contextlib.ExitStack() as held:
        members = [held.enter_context(WebSocket(gateway.port, "/raw")) for _ in range(MEMBERS)]
        sender, *others = members
        frames = [sender.frame(TEXT, b"x") for _ in range(EVENTS)]
        # A pong keeps its place among the events, so each ping has all that came before it delivered first.
        frames[40::40] = [frame + sender.frame(PING) for frame in frames[40::40]]
        sender.sock.sendall(b"".join(frames))
        members_are_told(others, b"\x81\x01x")
        gateway.assert_alive()


def test_a_burst_out_of_a_request_that_a_large_answer_held_back(launch, tmp_path):
    """A turn's output is being written, the peer makes room, and its next request has a quarter of a million deliveries."""
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "large.txt").write_bytes(b"l" * 400_000)
    with on_one_processor():
        gateway = launch(OPEN | {
            "endpoints": [
                {"name": "ws", "path": "/ws", "protocol": "websocket", "format": "json"},
                {"name": "socket", "path": "/socket.io/", "protocol": "socket.io"},
                {"name": "files", "path": "/", "protocol": "static", "directory": str(tmp_path / "www")}],
            "routes": [{"match": {"event": "say"}, "ack": [1],
                        "actions": [{"do": "emit", "to": {"all": True}, "event": "s", "args": [1]}]}]})
    with contextlib.ExitStack() as held:
        members = [held.enter_context(WebSocket(gateway.port, "/ws")) for _ in range(MEMBERS)]
        poller = Polling(gateway.port)
        held.callback(poller.close)
        poller.send("40")
        assert poller.packet().startswith("40")
        payload = "\x1e".join(f'42{number}["say"]' for number in range(EVENTS)).encode()
        both = held.enter_context(socket.create_connection(("127.0.0.1", gateway.port), 60))
        both.sendall(
            b"GET /large.txt HTTP/1.1\r\nHost: x\r\n\r\n"
            + f"POST {poller.target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(payload)}\r\n\r\n".encode() + payload)
        answers = b""
        while not answers.endswith(b"ok"):
            chunk = both.recv(1 << 18)
            assert chunk, answers[-200:]
            answers += chunk
        frame = WebSocket.frame(None, TEXT, b'{"event":"s","args":[1]}', masked=False)
        members_are_told(members, frame)
        acked = set()
        while len(acked) < EVENTS:
            packet = poller.packet()
            if packet.startswith("43"):
                acked.add(packet)
