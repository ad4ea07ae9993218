"""Who may come in, how many, and how fast: tokens, limits by address, proxies that say whom they forward."""

import base64
import contextlib
import hashlib
import hmac
import json
import socket
import struct
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateway import eventually, request
from wire import ROUTES, Client, EngineSocket, Polling, config

SECRET = "a secret of at least thirty-two bytes"
WHO = {"match": {"event": "who"}, "ack": ["{user}", "{claims.role}"]}
VIP = {"match": {"event": "vip"}, "require": {"claims": {"role": ["admin"]}}, "ack": ["welcome"]}


def guarded(jwt_options=None, required=True, routes=(WHO, VIP, *ROUTES)):
    options = {"secret": SECRET, "algorithms": ["HS256"]} if jwt_options is None else jwt_options
    return config(routes=routes, auth={"jwt": options, "required": required})


def token(key=SECRET, algorithm="HS256", headers=None, **claims):
    return jwt.encode({"sub": "u1", "role": "member", "exp": time.time() + 60} | claims, key, algorithm, headers)


def refusal(port, auth=None, **options):
    with EngineSocket(port, **options) as sock:
        sock.send("40" + (json.dumps(auth) if auth else ""))
        return sock.packet()


# Tokens


def test_a_token_says_who_somebody_is(launch):
    gateway = launch(guarded())
    with Client(gateway.port, auth={"token": token()}) as client:
        assert client.ask("who") == ["u1", "member"]
        assert client.ask("vip")[0]["error"]["code"] == "forbidden"
    with Client(gateway.port, auth={"token": token(role="admin")}) as admin:
        assert admin.ask("vip") == ["welcome"]


@pytest.mark.parametrize("reason,make", [
    ("missing", lambda: None),
    ("badSignature", lambda: token(key="another secret of thirty-two bytes!!")),
    ("expired", lambda: token(exp=time.time() - 60)),
    ("notYetValid", lambda: token(nbf=time.time() + 120)),
    ("malformed", lambda: "nonsense"),
    ("algorithmNotAllowed", lambda: token(algorithm="HS512")),
    ("algorithmNotAllowed", lambda: jwt.encode({"sub": "u1", "exp": time.time() + 60}, "", "none")),
    ("tooLarge", lambda: token(padding="x" * 9000)),
    ("missingExpiration", lambda: jwt.encode({"sub": "u1"}, SECRET, "HS256")),
], ids=lambda value: value if isinstance(value, str) else "")
def test_A3_a_bad_token_is_refused_with_one_message_and_its_reason_is_counted(launch, reason, make):
    gateway = launch(guarded())
    value = make()
    assert refusal(gateway.port, {"token": value} if value else None) == '44{"message":"unauthorized"}'
    assert gateway.metric("gatehouse_auth_failures_total", reason=reason) == 1
    if value:
        assert value not in gateway.log(10_000)


def test_a_token_is_optional_when_it_is_not_required(launch):
    gateway = launch(guarded(required=False))
    with Client(gateway.port) as anonymous:
        anonymous.assert_responsive()
        assert anonymous.ask("who")[0]["error"]["code"] == "badRequest", "there is no user to fill in"
    assert refusal(gateway.port, {"token": "nonsense"}) == '44{"message":"unauthorized"}'


def test_a_token_may_come_with_the_request(launch):
    options = {"secret": SECRET, "algorithms": ["HS256"], "cookie": "session", "query": "token"}
    gateway = launch(guarded(options))
    for way in ({"headers": {"Authorization": f"Bearer {token()}"}}, {"headers": {"Cookie": f"a=b; session={token()}"}},
                {"query": f"&token={token()}"}):
        with Client(gateway.port, **way) as client:
            assert client.ask("who") == ["u1", "member"]
    strict = launch(guarded())
    assert refusal(strict.port, query=f"&token={token()}") == '44{"message":"unauthorized"}', "not in the query by default"


def test_A4_a_connection_ends_with_its_token(launch, backend):
    gone = {"match": {"type": "socket.disconnected"}, "handler": "app"}
    gateway = launch(guarded(routes=(gone, *ROUTES)) | {"handlers": {"app": backend.handler()}})
    client = Client(gateway.port, auth={"token": token(exp=int(time.time()) + 3)})
    other = Client(gateway.port, auth={"token": token()})
    client.assert_responsive()
    began = time.monotonic()
    client.wait_closed(6)
    assert 1.5 < time.monotonic() - began < 4.5
    assert backend.next().event["reason"] == "tokenExpired"
    other.assert_responsive()
    other.close()


def test_a_handler_may_extend_a_connection(launch, backend):
    routes = ({"match": {"event": "renew"}, "handler": "app"}, *ROUTES)
    gateway = launch(guarded(routes=routes) | {"handlers": {"app": backend.handler()}})
    backend.answer = lambda call: {"ack": [], "actions": [{"do": "refresh", "ttl": "60s"}]}
    with Client(gateway.port, auth={"token": token(exp=int(time.time()) + 2)}) as client:
        client.ask("renew")
        client.assert_silent()
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            client.assert_responsive()
            time.sleep(0.2)


def test_the_connect_handler_gets_the_claims(launch, backend):
    routes = ({"match": {"type": "socket.connect"}, "handler": "app"}, WHO, *ROUTES)
    gateway = launch(guarded(routes=routes) | {"handlers": {"app": backend.handler()}})
    backend.answer = lambda call: {"accept": True, "user": "renamed"}
    with Client(gateway.port, auth={"token": token()}) as client:
        event = backend.next().event
        assert event["claims"]["sub"] == "u1" and event["socket"]["user"] == "u1"
        assert client.ask("who") == ["renamed", "member"]
    assert refusal(gateway.port) == '44{"message":"unauthorized"}'
    assert backend.calls.empty(), "whoever has no token does not bother the backend"


def pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256"])
def test_tokens_signed_with_a_private_key(launch, tmp_path, algorithm):
    key = ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else rsa.generate_private_key(65537, 2048)
    (tmp_path / "key.pem").write_text(pem(key))
    gateway = launch(guarded({"publicKey": str(tmp_path / "key.pem"), "algorithms": [algorithm]}))
    with Client(gateway.port, auth={"token": token(key, algorithm)}) as client:
        assert client.ask("who") == ["u1", "member"]
    # A public key is no secret: HMAC over it must not pass.
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")
    payload = base64.urlsafe_b64encode(json.dumps({"sub": "u1", "exp": int(time.time()) + 60}).encode()).rstrip(b"=")
    mac = hmac.new(pem(key).encode(), header + b"." + payload, hashlib.sha256).digest()
    confused = b".".join([header, payload, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()
    assert refusal(gateway.port, {"token": confused}) == '44{"message":"unauthorized"}'


def key_set(**keys):
    return {"keys": [json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())) | {"kid": kid, "use": "sig"}
                     for kid, key in keys.items()]}


def test_keys_of_an_issuer_are_fetched_and_survive_its_outage(launch, backend):
    first = ec.generate_private_key(ec.SECP256R1())
    backend.answer = lambda call: key_set(first=first)
    gateway = launch(guarded({"jwks": backend.url, "algorithms": ["ES256"], "issuer": "https://id.example", "audience": "chat"}))
    good = token(first, "ES256", {"kid": "first"}, iss="https://id.example", aud="chat")
    with Client(gateway.port, auth={"token": good}) as client:
        assert client.ask("who") == ["u1", "member"]
    backend.answer = lambda call: 503
    with Client(gateway.port, auth={"token": good}) as client:
        client.assert_responsive()
    for wrong in (token(first, "ES256", {"kid": "first"}, iss="https://evil.example", aud="chat"),
                  token(first, "ES256", {"kid": "first"}, iss="https://id.example", aud="other"),
                  token(first, "ES256", {"kid": "unknown"}, iss="https://id.example", aud="chat")):
        assert refusal(gateway.port, {"token": wrong}) == '44{"message":"unauthorized"}'
    assert len(backend.seen) < 5, "invented keys do not turn into load on the issuer"


def test_without_keys_a_client_is_sent_away_to_come_back(launch, backend):
    backend.answer = lambda call: 503
    gateway = launch(guarded({"jwks": backend.url, "algorithms": ["ES256"]}))
    with EngineSocket(gateway.port) as sock:
        key = ec.generate_private_key(ec.SECP256R1())
        sock.send("40" + json.dumps({"token": token(key, "ES256", {"kid": "k"})}))
        sock.wait_closed()
    assert gateway.metric("gatehouse_auth_failures_total", reason="keysUnavailable") == 1


# Limits


def first_status(port, source="127.0.0.1"):
    sock = socket.create_connection(("127.0.0.1", port), 5, source_address=(source, 0))
    sock.sendall(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n")
    return sock, sock.recv(4096)[9:12].decode()


def test_A8_connections_are_limited_by_address(launch):
    gateway = launch(config() | {"limits": {"maxConnectionsPerIP": 3}})
    with contextlib.ExitStack() as held:
        answers = []
        for _ in range(5):
            sock, status = first_status(gateway.port, "127.0.0.5")
            held.enter_context(sock)
            answers.append(status)
        assert answers == ["200", "200", "200", "503", "503"]
        other, status = first_status(gateway.port, "127.0.0.6")
        held.enter_context(other)
        assert status == "200"
        assert gateway.metric("gatehouse_connections_refused_total", reason="max_connections_per_ip") == 2

    def has_room():
        sock, status = first_status(gateway.port, "127.0.0.5")
        sock.close()
        return status == "200"

    eventually(has_room, what="room again after they left")


def test_connections_are_limited_by_rate(launch):
    gateway = launch(config() | {"limits": {"acceptRate": "10/s"}})
    statuses = []
    for _ in range(40):
        sock, status = first_status(gateway.port)
        sock.close()
        statuses.append(status)
    assert 5 <= statuses.count("200") <= 20 and statuses.count("503") >= 20, statuses
    eventually(lambda: first_status(gateway.port)[1] == "200", what="a later one")


def test_R4_a_client_that_sends_too_fast_is_slowed_down_then_closed(launch, backend):
    gone = {"match": {"type": "socket.disconnected"}, "handler": "app"}
    gateway = launch(config(routes=(gone, *ROUTES)) | {
        "limits": {"messagesPerSocket": "50/s"}, "handlers": {"app": backend.handler()}})
    with Client(gateway.port) as client, Client(gateway.port) as other:
        frame = client.frame(1, '42["nothing"]')
        client.sock.settimeout(20)
        began = time.monotonic()
        with pytest.raises((ConnectionError, TimeoutError)):
            while time.monotonic() - began < 20:
                client.sock.sendall(frame * 1000)
                other.assert_responsive()
        assert 9 < time.monotonic() - began < 20
        event = backend.next(5).event
        assert event["reason"] == "rateLimited" and event["socket"]["id"] == client.id
        received = gateway.metric("gatehouse_messages_received_total", endpoint="socket")
        # The burst is ten seconds' worth, and ten seconds more pass until it is closed.
        assert received < 2500


# Proxies


def behind(backend, **listener):
    routes = ({"match": {"event": "who"}, "handler": "app"}, *ROUTES)
    handler = backend.handler(forwardHeaders=["x-user-id", "user-agent"])
    backend.answer = lambda call: {"ack": []}
    return config(routes=routes) | {
        "listeners": [{"address": "127.0.0.1:0"} | listener], "handlers": {"app": handler}}


def seen_as(gateway, backend, headers):
    with Client(gateway.port, headers=headers) as client:
        client.ask("who")
    return backend.next().event["socket"]


@pytest.mark.parametrize("header,expected", [
    ("203.0.113.9", "203.0.113.9"), ("1.1.1.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
    ("garbage, 203.0.113.9", "203.0.113.9"), ("203.0.113.9, garbage", "127.0.0.1"), ("2001:db8::7", "2001:db8::7"),
])
def test_A7_a_trusted_proxy_names_the_client(launch, backend, header, expected):
    gateway = launch(behind(backend, trustedProxies=["127.0.0.0/8", "10.0.0.0/8"]))
    who = seen_as(gateway, backend, {"X-Forwarded-For": header, "X-Forwarded-Proto": "https", "X-User-Id": "42"})
    assert who["remote"] == {"ip": expected, "tls": True}
    assert who["headers"]["x-user-id"] == "42"


def test_A7_A14_nobody_else_is_believed(launch, backend):
    gateway = launch(behind(backend))
    who = seen_as(gateway, backend, {
        "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-User-Id": "42", "User-Agent": "test"})
    assert who["remote"] == {"ip": "127.0.0.1", "tls": False}
    assert who["headers"] == {"user-agent": "test"}


POLL = b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def exchange(port, data, source="127.0.0.1"):
    with socket.create_connection(("127.0.0.1", port), 5, source_address=(source, 0)) as sock:
        sock.sendall(data)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while part := sock.recv(4096):
                answer += part
        return answer


def version_two(source="203.0.113.9", command=1):
    addresses = socket.inet_aton(source) + socket.inet_aton("127.0.0.1") + struct.pack("!HH", 1234, 80)
    return b"\r\n\r\n\x00\r\nQUIT\n" + bytes([0x20 | command, 0x11]) + struct.pack("!H", len(addresses)) + addresses


@pytest.mark.parametrize("version,header", [
    ("v1", b"PROXY TCP4 203.0.113.9 127.0.0.1 1234 80\r\n"), ("v1", b"PROXY UNKNOWN\r\n"),
    ("v2", version_two()), ("v2", version_two(command=0)),
], ids=["v1", "X5-v1-unknown", "v2", "X5-v2-local"])
def test_a_proxy_header_comes_first(launch, version, header):
    gateway = launch(config() | {"listeners": [
        {"address": "127.0.0.1:0", "proxyProtocol": version, "trustedProxies": ["127.0.0.1/32"]}]})
    for pause in (False, True):
        with socket.create_connection(("127.0.0.1", gateway.port), 5) as sock:
            if pause:
                for byte in header:
                    sock.sendall(bytes([byte]))
            else:
                sock.sendall(header + POLL)
            if pause:
                sock.sendall(POLL)
            assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")
    # X1: missing, or of the other version, or from somebody who may not: closed without an HTTP answer.
    assert exchange(gateway.port, POLL) == b""
    assert exchange(gateway.port, (version_two() if version == "v1" else b"PROXY TCP4 1.2.3.4 127.0.0.1 1 2\r\n") + POLL) == b""
    assert exchange(gateway.port, header + POLL, source="127.0.0.7") == b""
    assert gateway.metric("gatehouse_connections_refused_total", reason="proxy_protocol") >= 3


def test_X2_half_a_proxy_header_is_waited_for_three_seconds(launch):
    gateway = launch(config() | {"listeners": [
        {"address": "127.0.0.1:0", "proxyProtocol": "v1", "trustedProxies": ["127.0.0.1/32"]}]})
    with socket.create_connection(("127.0.0.1", gateway.port), 5) as sock:
        sock.sendall(b"PROXY TCP4 203.")
        began = time.monotonic()
        assert sock.recv(1) == b""
        assert 2 < time.monotonic() - began < 4.5


def test_a_proxied_address_counts_for_the_limit(launch):
    gateway = launch(config() | {
        "limits": {"maxConnectionsPerIP": 2},
        "listeners": [{"address": "127.0.0.1:0", "proxyProtocol": "v1", "trustedProxies": ["127.0.0.1/32"]}]})
    statuses = []
    with contextlib.ExitStack() as held:
        for number, address in enumerate(["203.0.113.9", "203.0.113.9", "203.0.113.9", "203.0.113.10"]):
            sock = held.enter_context(socket.create_connection(("127.0.0.1", gateway.port), 5))
            sock.sendall(f"PROXY TCP4 {address} 127.0.0.1 {1000 + number} 80\r\n".encode() + POLL.replace(b"Connection: close\r\n", b""))
            statuses.append(sock.recv(4096)[9:12])
    assert statuses == [b"200", b"200", b"503", b"200"]


def test_polling_sessions_work_behind_a_trusted_proxy(launch):
    gateway = launch(config() | {"listeners": [{"address": "127.0.0.1:0", "trustedProxies": ["127.0.0.1/32"]}]})
    session = Polling(gateway.port, headers={"X-Forwarded-For": "203.0.113.9"})
    session.send("40")
    assert session.packet().startswith('40{"sid"')
    assert request(gateway.port, "GET", "/nothing").status == 404
