"""How long somebody may stay, who may extend that, and how everything that a user has is ended."""

import base64
import hashlib
import hmac
import json
import socket
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateway import eventually, request
from test_front_door import SECRET, guarded, pem, refusal, token
from test_tls import Authority, secured, trusting
from wire import ROUTES, Client, Closed, EngineSocket, HandshakeRefused, Polling, config

GONE = {"match": {"type": "socket.disconnected"}, "handler": "app"}
REFRESH = {"match": {"type": "socket.refresh"}, "handler": "app"}
RENEW = {"match": {"event": "token"}, "actions": [
    {"do": "join", "rooms": ["renewed"]}, {"do": "refresh", "token": "{args.0}"}], "ack": [{"ok": True}, "{claims.role}"]}
ROLE = {"match": {"event": "role"}, "ack": ["{claims.role}"]}
ASK = {"match": {"type": "socket.refresh"}, "actions": [{"do": "emit", "event": "token:expiring", "args": []}]}


def soon(seconds):
    return int(time.time() + seconds + 0.999)


def assert_stays(client, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        client.assert_responsive()
        time.sleep(0.2)


# A4: the end of a token


def test_A4_a_handler_is_asked_before_the_end_and_may_extend_it(launch, backend):
    def answer(call):
        if call.event["type"] == "socket.refresh":
            return {"actions": [{"do": "refresh", "ttl": "60s"}]}

    backend.answer = answer
    gateway = launch(guarded(routes=(REFRESH, GONE, *ROUTES)) | {"handlers": {"app": backend.handler()}})
    ends = soon(2)
    with Client(gateway.port, auth={"token": token(exp=ends)}) as client:
        event = backend.next().event
        assert time.time() < ends, "asked in time"
        assert event["type"] == "socket.refresh" and abs(event["expiresAt"] - ends) <= 1
        assert event["claims"]["sub"] == "u1" and event["socket"]["id"] == client.id
        assert_stays(client, ends + 1.2 - time.time())
    assert backend.next().event["reason"] == "transportClose"


@pytest.mark.parametrize("says", [{}, 500], ids=["nothing", "500"])
def test_A4_who_is_not_extended_is_disconnected_and_stays_out(launch, backend, says):
    backend.answer = lambda call: says if call.event["type"] == "socket.refresh" else None
    gateway = launch(guarded(routes=(REFRESH, GONE, *ROUTES)) | {"handlers": {"app": backend.handler()}})
    ends = soon(2)
    short = token(exp=ends)
    with Client(gateway.port, auth={"token": short}) as client:
        client.wait_closed(ends + 5 - time.time())
        assert -0.5 < time.time() - ends < 1.5, "within a second of its end"
    gone = eventually(lambda: [call.event for call in backend.seen if call.event["type"] == "socket.disconnected"])[0]
    assert gone["reason"] == "tokenExpired"
    # Long ago for whoever looks at it later: the clocks of issuers may differ by the leeway.
    assert refusal(gateway.port, {"token": token(exp=time.time() - 31)}) == '44{"message":"unauthorized"}'


def test_A4_a_backend_that_is_down_for_a_moment_is_asked_again(launch, backend):
    backend.answer = lambda call: 503 if len(backend.seen) < 2 else {"actions": [{"do": "refresh", "ttl": "60s"}]}
    gateway = launch(guarded(routes=(REFRESH, *ROUTES)) | {"handlers": {"app": backend.handler()}})
    ends = soon(4)
    with Client(gateway.port, auth={"token": token(exp=ends)}) as client:
        first, second = backend.next(8), backend.next(8)
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert_stays(client, ends + 1 - time.time())


def test_A4_a_client_extends_itself_with_a_new_token(launch, backend):
    gateway = launch(guarded(routes=(ASK, RENEW, ROLE, *ROUTES)))
    ends = soon(2)
    with Client(gateway.port, auth={"token": token(exp=ends)}) as client, Client(gateway.port, auth={"token": token()}) as other:
        assert client.event() == ["token:expiring"]
        assert time.time() < ends
        assert client.ask("token", token(exp=soon(60), role="admin")) == [{"ok": True}, "member"]
        assert client.ask("role") == ["admin"], "the new claims count"
        assert_stays(client, ends + 1.2 - time.time())
        other.assert_responsive()


BAD = {
    "expired": lambda: token(exp=time.time() - 60), "badSignature": lambda: token(key="x" * 32),
    "wrongUser": lambda: token(sub="u2"), "malformed": lambda: "nonsense", "tooLarge": lambda: token(padding="x" * 9000),
}


def test_A4_a_bad_token_extends_nothing_and_nothing_else_is_done(launch):
    gateway = launch(guarded(routes=(RENEW, *ROUTES)))
    ends = soon(2)
    with Client(gateway.port, auth={"token": token(exp=ends)}) as client:
        for why, make in BAD.items():
            assert client.ask("token", make())[0]["error"]["code"] == "forbidden"
            assert gateway.metric("gatehouse_auth_failures_total", reason=why) == 1
        assert gateway.admin("GET", "/v1/rooms/renewed").status == 404
        client.wait_closed(ends + 5 - time.time())
        assert time.time() - ends < 1.5


def test_A4_an_anonymous_client_cannot_become_somebody_in_between(launch):
    renew = {"match": {"event": "token"}, "actions": [{"do": "refresh", "token": "{args.0}"}]}
    gateway = launch(guarded(required=False, routes=(renew, *ROUTES)))
    with Client(gateway.port) as client:
        assert client.ask("token", token())[0]["error"]["code"] == "forbidden"


def test_A4_a_new_token_counts_for_all_namespaces_of_the_client(launch):
    gateway = launch(guarded(routes=(RENEW, *ROUTES)))
    ends = soon(2)
    with Client(gateway.port, auth={"token": token(exp=ends)}) as client:
        client.send("40/custom," + json.dumps({"token": token(exp=ends)}))
        assert client.packet().startswith("40/custom,")
        assert client.ask("token", token(exp=soon(60)))[0] == {"ok": True}
        assert_stays(client, ends + 1.2 - time.time())


def test_A4_the_admin_api_extends_and_shortens(launch):
    gateway = launch(guarded())
    ends = soon(2)
    with Client(gateway.port, auth={"token": token(exp=ends)}) as client, \
            Client(gateway.port, auth={"token": token(sub="u2", exp=ends)}) as other:
        reply = gateway.admin("POST", "/v1/users/u1/refresh", {"ttl": "60s"})
        assert (reply.status, reply.json()) == (200, {"sockets": 1})
        other.wait_closed(6)
        assert_stays(client, max(0.5, ends + 1.5 - time.time()))
        assert gateway.admin("POST", "/v1/users/u1/refresh", {"expiresAt": int(time.time())}).json() == {"sockets": 1}
        client.wait_closed(3)
    for body in ({}, {"ttl": "60s", "expiresAt": 1}, {"ttl": "soon"}, {"token": "x"}, {"ttl": "1m", "target": "all"}):
        assert gateway.admin("POST", "/v1/users/u1/refresh", body).status == 400, body
    assert gateway.admin("POST", "/v1/users/nobody/refresh", {"ttl": 5}).json() == {"sockets": 0}


def test_the_lead_is_an_option(launch, backend):
    setup = guarded(routes=(REFRESH, *ROUTES)) | {"handlers": {"app": backend.handler()}}
    setup["endpoints"][0]["auth"]["refreshBefore"] = "4s"
    gateway = launch(setup)
    with Client(gateway.port, auth={"token": token(exp=time.time() + 12)}):
        time.sleep(0.5)
        assert backend.calls.empty()
    with Client(gateway.port, auth={"token": token(exp=time.time() + 6)}):
        backend.next(5)


# A5: revocation


def test_A5_all_sockets_of_a_user_end_at_once_on_all_loops(launch, backend):
    gateway = launch(guarded(routes=(GONE, *ROUTES)) | {"handlers": {"app": backend.handler()}})
    good = token(sub="u42")
    clients = [Client(gateway.port, auth={"token": good}) for _ in range(24)]
    other = Client(gateway.port, auth={"token": token(sub="u43")})
    polling = Polling(gateway.port)
    polling.send("40" + json.dumps({"token": good}))
    assert polling.packet().startswith("40")
    began = time.monotonic()
    reply = gateway.admin("POST", "/v1/users/u42/disconnect", {"close": True, "reason": "banned"})
    assert (reply.status, reply.json()) == (200, {"sockets": 25})
    for client in clients:
        assert client.packet() == "41"
        client.wait_closed(3)
    assert polling.packet() in ("41", "1")
    assert time.monotonic() - began < 1.0
    other.assert_responsive()
    other.close()
    polling.close()
    eventually(lambda: sum(call.event["reason"] == "server" for call in backend.seen) == 25)


# Costly algorithms


@pytest.mark.parametrize("curve,algorithm", [(ec.SECP384R1(), "ES384"), (ec.SECP521R1(), "ES512")], ids=["ES384", "ES512"])
def test_costly_signatures_are_checked_beside_the_loops(launch, tmp_path, curve, algorithm):
    key = ec.generate_private_key(curve)
    (tmp_path / "key.pem").write_text(pem(key))
    gateway = launch(guarded({"publicKey": str(tmp_path / "key.pem"), "algorithms": [algorithm]}))
    clients = [Client(gateway.port, auth={"token": token(key, algorithm)}) for _ in range(20)]
    for client in clients:
        assert client.ask("who") == ["u1", "member"]
        client.close()
    other = ec.generate_private_key(curve)
    assert refusal(gateway.port, {"token": token(other, algorithm)}) == '44{"message":"unauthorized"}'
    assert gateway.metric("gatehouse_auth_failures_total", reason="badSignature") == 1


# Client certificates


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("identity"))


def certified(authority, backend=None, tls_options=None, **auth):
    routes = (
        {"match": {"event": "who"}, "ack": ["{user}"]},
        {"match": {"event": "device"}, "require": {"certificate": {"commonName": "device-7"}},
         "ack": ["{certificate.commonName}", "{certificate.dns.0}"]},
        *ROUTES)
    if backend:
        routes = ({"match": {"type": "socket.connect"}, "handler": "app"}, *routes)
    document = secured(authority.issue("server"), routes=routes, clientCA=str(authority.file), **(tls_options or {}))
    document["endpoints"][0]["auth"] = {"certificate": "commonName"} | auth
    return document | ({"handlers": {"app": backend.handler()}} if backend else {})


class TLSClient(Client):
    """A client that shows a certificate, or none."""

    def __init__(self, port, authority, files=None, **options):
        context = trusting(authority)
        if files:
            context.load_cert_chain(*files)
        self.context = context
        super().__init__(port, **options)

    def connect(self, port, timeout):
        return self.context.wrap_socket(super().connect(port, timeout), server_hostname="localhost")


def test_a_client_certificate_says_who_somebody_is(launch, authority, backend):
    backend.answer = lambda call: {"accept": True}
    gateway = launch(certified(authority, backend))
    with TLSClient(gateway.port, authority, authority.issue("device-7", "DNS:seven.example,URI:spiffe://x/7")) as client:
        assert client.ask("who") == ["device-7"]
        assert client.ask("device") == ["device-7", "seven.example"]
        remote = backend.next().event["socket"]["remote"]
        assert remote["tls"] is True
        certificate = remote["certificate"]
        assert certificate["commonName"] == "device-7" and certificate["subject"] == "CN=device-7"
        assert certificate["dns"] == ["seven.example"] and certificate["uri"] == ["spiffe://x/7"]
        assert len(certificate["fingerprint"]) == 64
        assert gateway.admin("GET", f"/v1/sockets/{client.id}").json()["remote"]["certificate"] == certificate
        assert gateway.admin("POST", "/v1/users/device-7/disconnect").json() == {"sockets": 1}
        assert client.packet() == "41"
    with TLSClient(gateway.port, authority, authority.issue("device-8")) as other:
        assert other.ask("who") == ["device-8"]
        assert other.ask("device")[0]["error"]["code"] == "forbidden"


def test_a_certificate_may_be_optional_and_a_token_counts_more(launch, authority):
    optional = {"clientCertificates": "optional"}
    gateway = launch(certified(authority, tls_options=optional, required=False))
    with TLSClient(gateway.port, authority) as anonymous:
        assert anonymous.ask("who")[0]["error"]["code"] == "badRequest"
        assert anonymous.ask("device")[0]["error"]["code"] == "forbidden"
    strict = launch(certified(authority, tls_options=optional))
    with pytest.raises(AssertionError, match="unauthorized"):
        TLSClient(strict.port, authority)
    assert strict.metric("gatehouse_auth_failures_total", reason="missing") == 1
    files = authority.issue("device-9")
    both = launch(certified(authority, tls_options=optional, jwt={"secret": SECRET, "algorithms": ["HS256"]}))
    with TLSClient(both.port, authority, files) as client:
        assert client.ask("who") == ["device-9"]
    with TLSClient(both.port, authority, files, auth={"token": token()}) as client:
        assert client.ask("who") == ["u1"]
    with pytest.raises(AssertionError, match="unauthorized"):
        TLSClient(both.port, authority, files, auth={"token": "nonsense"})


# Limits by address behind proxies


def via(address):
    return {"X-Forwarded-For": address}


def test_A8_clients_behind_a_proxy_are_limited_by_their_own_address(launch):
    gateway = launch(config() | {
        "limits": {"maxConnectionsPerIP": 3},
        "listeners": [{"address": "127.0.0.1:0", "trustedProxies": ["127.0.0.1/32"]}]})
    held = [Polling(gateway.port, headers=via("203.0.113.9")) for _ in range(3)]
    target = "/socket.io/?EIO=4&transport=polling"
    refused = request(gateway.port, "GET", target, headers=via("203.0.113.9"))
    assert refused.status == 503 and refused.headers["retry-after"]
    assert request(gateway.port, "GET", target, headers=via("1.2.3.4, 203.0.113.9")).status == 503, "what it says itself is no help"
    assert gateway.metric("gatehouse_connections_refused_total", reason="max_connections_per_ip") == 2
    for number in range(10):
        status = request(gateway.port, "GET", target, headers=via(f"2001:db8:0:7::{number:x}")).status
        assert status == (200 if number < 3 else 503), "one /64 is one client"
    held[0].send("1")
    eventually(lambda: request(gateway.port, "GET", target, headers=via("203.0.113.9")).status == 200, what="room again")
    for one in held:
        one.close()


def test_E11_handshakes_of_one_address_have_a_rate_and_a_number_that_may_be_pending(launch):
    gateway = launch(config() | {"limits": {"handshakesPerIP": "4/s", "maxPendingPerIP": 10}})
    target = "/socket.io/?EIO=4&transport=polling"
    statuses = [request(gateway.port, "GET", target).status for _ in range(40)]
    assert 10 <= statuses.count(200) <= 24 and statuses.count(503) >= 16
    refused = {reason: gateway.metric("gatehouse_connections_refused_total", reason=reason)
               for reason in ("pending_sessions", "handshake_rate")}
    assert refused["pending_sessions"] >= 10, refused
    strict = launch(config() | {"limits": {"handshakesPerIP": "4/s", "maxPendingPerIP": 1000}})
    statuses = [request(strict.port, "GET", target).status for _ in range(40)]
    assert 20 <= statuses.count(200) <= 30, "a burst of five seconds' worth"
    assert strict.metric("gatehouse_connections_refused_total", reason="handshake_rate") >= 10


def test_who_is_in_a_namespace_is_not_pending(launch):
    gateway = launch(config() | {"limits": {"maxPendingPerIP": 2}})
    clients = [Client(gateway.port) for _ in range(8)]
    for client in clients:
        client.assert_responsive()
        client.close()


# The query of a handshake


def test_a_query_that_is_too_long_to_be_kept_is_refused(launch, backend):
    gateway = launch(guarded({"secret": SECRET, "algorithms": ["HS256"], "query": "token"}, routes=(
        {"match": {"type": "socket.connect"}, "handler": "app"}, *ROUTES)) | {"handlers": {"app": backend.handler()}})
    backend.answer = lambda call: {"accept": True}
    secret = token(padding="x" * 3000)
    with Client(gateway.port, query=f"&token={secret}&a=1&b=" + "x" * 2000) as client:
        client.assert_responsive()
        call = backend.next()
        assert call.event["query"] == {"a": "1", "b": "x" * 2000}, "the token is no parameter"
        assert secret not in call.body.decode()
    reply = request(gateway.port, "GET", f"/socket.io/?EIO=4&transport=polling&a=1&b={'x' * 2100}")
    assert (reply.status, reply.json()) == (414, {"code": 3, "message": "Query too long"})
    with pytest.raises(HandshakeRefused) as refused:
        EngineSocket(gateway.port, query="&a=" + "x" * 2100)
    assert refused.value.reply.status == 414


# A3: one gateway, many tokens


def forged(header, payload, signature=b""):
    parts = [json.dumps(part).encode() if isinstance(part, dict) else part for part in (header, payload)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (*parts, signature))


def test_A3_the_table_of_tokens(launch, tmp_path):
    key, other = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    (tmp_path / "key.pem").write_text(pem(key))
    public = pem(key)
    gateway = launch(guarded({"publicKey": str(tmp_path / "key.pem"), "algorithms": ["RS256", "PS256"],
                              "audience": "chat", "issuer": "https://id.example"}))
    claims = {"sub": "u1", "role": "member", "aud": "chat", "iss": "https://id.example", "exp": int(time.time()) + 60}

    def signed(signer=key, algorithm="RS256", headers=None, **changes):
        return jwt.encode({k: v for k, v in (claims | changes).items() if v is not None}, signer, algorithm, headers)

    def hmac_with_the_public_key():
        body = forged({"alg": "HS256", "typ": "JWT"}, claims).rpartition(".")[0]
        mac = hmac.new(public.encode(), body.encode(), hashlib.sha256).digest()
        return body + "." + base64.urlsafe_b64encode(mac).rstrip(b"=").decode()

    good = signed()
    head, body, signature = good.split(".")
    table = [
        ("algorithmNotAllowed", forged({"alg": "none"}, claims)), ("algorithmNotAllowed", forged({"alg": "nOnE"}, claims)),
        ("algorithmNotAllowed", forged({"alg": ""}, claims)), ("algorithmNotAllowed", hmac_with_the_public_key()),
        ("algorithmNotAllowed", signed(algorithm="RS512")), ("malformed", forged({}, claims)),
        ("badSignature", signed(other)), ("badSignature", f"{head}.{body}."),
        ("badSignature", f"{head}.{body}.{signature[:-6]}"), ("badSignature", f"{head}.{forged(claims | {'sub': 'root'}, {}).split('.')[0]}.{signature}"),
        ("badSignature", signed(other, headers={"jwk": json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(other.public_key()))})),
        ("badSignature", signed(other, headers={"jku": "https://evil.example/keys", "x5u": "https://evil.example/c"})),
        ("badSignature", signed(other, headers={"kid": "../../../../dev/null"})),
        ("badSignature", signed(other, headers={"kid": "x' UNION SELECT 'key"})),
        ("malformed", forged({"alg": "RS256", "kid": 7}, claims)),
        ("critical", signed(headers={"crit": ["exp"], "exp": 1})), ("critical", signed(headers={"b64": False})),
        ("expired", signed(exp=int(time.time()) - 60)), ("notYetValid", signed(nbf=int(time.time()) + 120)),
        ("issuedInFuture", signed(iat=int(time.time()) + 120)), ("missingExpiration", signed(exp=None)),
        ("wrongAudience", signed(aud="other")), ("wrongAudience", signed(aud=["a", "b"])), ("wrongAudience", signed(aud=None)),
        ("wrongIssuer", signed(iss="https://id.example.evil.io")), ("wrongIssuer", signed(iss=None)),
        ("malformed", good + ".x"), ("malformed", good + "="), ("malformed", "..."), ("malformed", head + "." + body),
        ("tooLarge", "x" * 9_000), ("tooLarge", signed(padding="x" * 9_000)),
    ]
    with EngineSocket(gateway.port) as sock:
        sock.send("40" + json.dumps({"token": good}))
        assert sock.packet().startswith('40{"sid"')
    expected = {}
    for reason, value in table:
        assert refusal(gateway.port, {"token": value}) == '44{"message":"unauthorized"}', reason
        expected[reason] = expected.get(reason, 0) + 1
    counted = {reason: gateway.metric("gatehouse_auth_failures_total", reason=reason) for reason in expected}
    assert counted == expected
    # 64 KiB: the CONNECT is refused before anybody looks for a token in it.
    assert refusal(gateway.port, {"token": "x" * 65_536}).startswith('44{"message":')


# Key sets


def test_a_key_set_is_not_fetched_from_where_a_redirect_leads(launch, backend):
    key = ec.generate_private_key(ec.SECP256R1())
    keys = {"keys": [json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())) | {"kid": "k"}]}
    target = backend.url.replace("/events", "/keys")
    backend.answer = lambda call: keys if call.path == "/keys" else (302, {"location": target}, b"")
    gateway = launch(guarded({"jwks": backend.url, "algorithms": ["ES256"]}))
    with EngineSocket(gateway.port) as sock:
        sock.send("40" + json.dumps({"token": token(key, "ES256", {"kid": "k"})}))
        sock.wait_closed()
    assert {call.path for call in backend.seen} == {"/events"}
    assert "302" in gateway.log(1000)
    direct = launch(guarded({"jwks": target, "algorithms": ["ES256"]}))
    with Client(direct.port, auth={"token": token(key, "ES256", {"kid": "k"})}) as client:
        assert client.ask("who") == ["u1", "member"]


@pytest.mark.parametrize("body", [b"x" * 300_000, b"{}", b"[]", b'{"keys":[]}'], ids=["large", "object", "list", "no keys"])
def test_what_is_no_key_set_lets_nobody_in(launch, backend, body):
    backend.answer = lambda call: (200, {}, body)
    gateway = launch(guarded({"jwks": backend.url, "algorithms": ["ES256"]}))
    with EngineSocket(gateway.port) as sock:
        key = ec.generate_private_key(ec.SECP256R1())
        sock.send("40" + json.dumps({"token": token(key, "ES256", {"kid": "k"})}))
        try:
            assert sock.packet() == '44{"message":"unauthorized"}'
        except Closed:
            pass
