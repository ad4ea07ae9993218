"""Which web pages may connect, by WebSocket and by polling, and which may read what they get."""

import json
import subprocess

import pytest

from gateway import binary, environment, request
from wire import HandshakeRefused, Polling, WebSocket, config

APP = "https://app.example.com"
ALLOWED = [APP, "https://*.partner.example", "https://dev.example:8443", "http://localhost:*"]


@pytest.fixture(scope="module")
def gateway(launch_for_module):
    return launch_for_module(config() | {"origins": ALLOWED})


def statuses(gateway, origin):
    """Of a polling handshake, of a poll and a POST in a session that exists, and of a WebSocket."""
    session = Polling(gateway.port)
    headers = {"Origin": origin}
    try:
        post = session.post("40", headers=headers).status
        get = session.request("GET", headers=headers).status if post != 200 else session.get().status
        handshake = request(gateway.port, "GET", "/socket.io/?EIO=4&transport=polling", headers=headers).status
    finally:
        session.close()
    try:
        with WebSocket(gateway.port, "/socket.io/?EIO=4&transport=websocket", headers) as sock:
            websocket = sock.status
    except HandshakeRefused as refused:
        websocket = refused.reply.status
    return handshake, get, post, websocket


@pytest.mark.parametrize("origin", [
    APP, "https://APP.example.com", "https://app.example.com:443", "https://a.partner.example", "https://dev.example:8443",
    "http://localhost", "http://localhost:5173",
])
def test_A1_allowed_origins(gateway, origin):
    assert statuses(gateway, origin) == (200, 200, 200, 101)


@pytest.mark.parametrize("origin", [
    "https://evil.example", "null", "https://app.example.com.evil.io", "http://app.example.com", "https://app.example.com:8443",
    "https://app.example.com@evil.io", "https://evil.io/https://app.example.com", "https://evilapp.example.com",
    "https://app.example.co", "https://app.example.com%60.evil.io", "https://app.example.com_.evil.io", "https://app_example.com",
    "https://a.b.partner.example", "https://partner.example", "https://.partner.example", "https://*.partner.example.evil.io",
    "https://a.partner.example:444", "https://dev.example", "https://localhost", "http://localhost.evil.io",
    "https://app.example.com, https://evil.example", "file://", "chrome-extension://app.example.com", "app.example.com", "*",
])
def test_A1_foreign_origins_are_refused_on_every_way_in(gateway, origin):
    handshake, get, post, websocket = statuses(gateway, origin)
    assert {handshake, get, post} == {403} or {handshake, get, post} == {400}, (handshake, get, post)
    assert websocket in (400, 403)


def test_A1_two_origins_are_no_browsers(gateway):
    import socket

    with socket.create_connection(("127.0.0.1", gateway.port), 5) as sock:
        sock.sendall(f"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nOrigin: {APP}\r\n"
                     "Origin: https://evil.example\r\nConnection: close\r\n\r\n".encode())
        assert sock.recv(4096)[9:12] in (b"400", b"403")


def test_A2_no_cross_origin_fields_unless_they_are_configured(gateway):
    for method in ("GET", "OPTIONS"):
        reply = request(gateway.port, method, "/socket.io/?EIO=4&transport=polling", headers={
            "Origin": APP, "Access-Control-Request-Method": "POST"})
        assert not [name for name in reply.headers if name.lower().startswith("access-control-")], reply


def test_A2_a_preflight_of_another_origin_is_granted_nothing(launch):
    cors = {"origin": [APP, "https://*.partner.example"], "credentials": True}
    gateway = launch(config(cors=cors))

    def granted(origin, method="OPTIONS"):
        reply = request(gateway.port, method, "/socket.io/?EIO=4&transport=polling", headers={
            "Origin": origin, "Access-Control-Request-Method": "GET"})
        return reply.headers.get("access-control-allow-origin")

    for method in ("OPTIONS", "GET"):
        assert granted(APP, method) == APP
        assert granted("https://a.partner.example", method) == "https://a.partner.example"
        for origin in ("https://evil.example", "null", "https://app.example.com.evil.io", "https://a.b.partner.example"):
            assert granted(origin, method) is None, origin


@pytest.mark.parametrize("document, pointer", [
    ({"endpoints": [{"path": "/socket.io/", "protocol": "socket.io", "cors": {"origin": "*", "credentials": True}}]},
     "/endpoints/0/cors/credentials"),
    ({"origins": ["*"], "endpoints": [{"path": "/socket.io/", "protocol": "socket.io", "cors": {
        "origin": [APP], "credentials": True}}]}, "/endpoints/0/cors/credentials"),
], ids=["cors", "origins"])
def test_A2_everybody_with_credentials_is_an_error_of_the_configuration(tmp_path, document, pointer):
    file = tmp_path / "gateway.json"
    file.write_text(json.dumps(document))
    for command in (["check"], ["run", "--set", "listeners.0.address=127.0.0.1:0", "--set", "admin=null"]):
        done = subprocess.run([binary(), *command, "-c", file], capture_output=True, text=True, timeout=20, env=environment())
        assert done.returncode == 78, done
        assert pointer in done.stdout + done.stderr and "credentials" in done.stdout + done.stderr
