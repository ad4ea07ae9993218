"""TLS under attack, seen by scanners, and towards handlers."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from certificates import Authority, tls, trusting
from gateway import eventually
from wire import Client, config


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def files(authority):
    # A scanner misses a way to ask whether a certificate was revoked; nobody fetches it here.
    return authority.issue("server", extensions="crlDistributionPoints=URI:http://127.0.0.1:9/authority.crl\n")


def secured(files, **options):
    return config() | {"listeners": [{"address": "127.0.0.1:0", "tls": tls(files, **options)}]}


@pytest.fixture(scope="module")
def gateway(launch_for_module, files):
    return launch_for_module(secured(files))


REQUEST = b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def connect(gateway, context, **options):
    return context.wrap_socket(
        socket.create_connection(("127.0.0.1", gateway.port), 10), server_hostname="localhost", **options)


def ask(sock):
    sock.sendall(REQUEST)
    answer = b""
    while part := sock.recv(65536):
        answer += part
    assert b'0{"sid":"' in answer
    return answer


def failures(gateway, reason):
    return gateway.metric("gatehouse_tls_handshake_errors_total", reason=reason)


def s_client(gateway, *options):
    return subprocess.Popen(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.port}", *options],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def commands(client, letter, count, pause=0.02):
    """Types a command of s_client until the connection ends, and returns what it has said."""
    try:
        with contextlib.suppress(BrokenPipeError):
            for _ in range(count):
                client.stdin.write(letter + b"\n")
                client.stdin.flush()
                if client.poll() is not None:
                    break
                time.sleep(pause)
        return client.communicate(timeout=10)[0]
    finally:
        client.kill()
        client.wait()


# T1, H27: what scanners say


@pytest.mark.timeout(240)
def test_T1_testssl_finds_nothing_of_weight(gateway, authority, tmp_path):
    """Protocols, cipher classes, forward secrecy and the known vulnerabilities; warnings of `LOW` and below are not looked at."""
    report = tmp_path / "testssl.json"
    done = subprocess.run(
        [shutil.which("testssl") or "testssl.sh", "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none",
         "--openssl-timeout", "5", "--add-ca", str(authority.file), "-p", "-s", "-f", "-U",
         "--severity", "MEDIUM", "--jsonfile", str(report), "--ip", "127.0.0.1", f"localhost:{gateway.port}"],
        capture_output=True, text=True, timeout=220, cwd=tmp_path,
        # How long it listens for answers that do not come: of a server on this machine they come at once.
        env=os.environ | {"MAX_WAITSOCK": "3", "CCS_MAX_WAITSOCK": "2", "HEARTBLEED_MAX_WAITSOCK": "3"})
    assert report.exists(), done.stdout + done.stderr
    found = json.loads(report.read_text() or "[]")
    assert [f"{one['id']}: {one['finding']}" for one in found] == []
    assert "TLS 1.3" in done.stdout and "offered (OK)" in done.stdout, done.stdout


def test_T1_sslscan_finds_only_what_is_meant(gateway):
    done = subprocess.run(
        ["sslscan", "--no-colour", "--no-fallback", f"127.0.0.1:{gateway.port}"], capture_output=True, text=True, timeout=60)
    protocols = dict(
        line.split()[:2] for line in done.stdout.splitlines()
        if line.endswith("abled") and line.split()[0].startswith(("SSLv", "TLSv")))
    assert protocols == {"SSLv2": "disabled", "SSLv3": "disabled", "TLSv1.0": "disabled", "TLSv1.1": "disabled",
                         "TLSv1.2": "enabled", "TLSv1.3": "enabled"}
    ciphers = [line.split() for line in done.stdout.splitlines() if line.startswith(("Preferred", "Accepted"))]
    assert len(ciphers) >= 5
    for _, version, _, _, name, *_ in ciphers:
        assert version == "TLSv1.3" or name.startswith("ECDHE-") and ("GCM" in name or "CHACHA20" in name), name
    assert "Session renegotiation not supported" in done.stdout and "Compression enabled" not in done.stdout
    heartbleed = [line for line in done.stdout.splitlines() if "vulnerable to heartbleed" in line]
    assert heartbleed and all("not vulnerable" in line for line in heartbleed), heartbleed


def test_H27_http2_cannot_be_negotiated(gateway):
    before = failures(gateway, "alpn")
    done = subprocess.run(
        ["nghttp", "-v", f"https://127.0.0.1:{gateway.port}/"], capture_output=True, text=True, timeout=20)
    said = done.stdout + done.stderr
    assert "processed=0" in said or "HTTP/2 protocol was not selected" in said, said
    assert failures(gateway, "alpn") == before + 1
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    with pytest.raises(ssl.SSLError):
        connect(gateway, context)


# T2: more work for one handshake


def test_T2_renegotiation_is_refused_and_ends_the_connection(gateway):
    before = failures(gateway, "renegotiation")
    client = s_client(gateway, "-tls1_2", "-no_ign_eof")
    said = commands(client, b"R", 20, 0.1)
    eventually(lambda: failures(gateway, "renegotiation") > before, what="the refusal is counted")
    assert b"RENEGOTIATING" in said and client.returncode is not None


def test_T2_a_flood_of_key_updates_ends_the_connection(gateway):
    before = failures(gateway, "key_updates")
    said = commands(s_client(gateway, "-tls1_3"), b"K", 200)
    eventually(lambda: failures(gateway, "key_updates") > before, what="the end is counted")
    assert b"KEYUPDATE" in said


# T3, T4: handshakes that stall, and too many of them


def test_T3_stalled_handshakes_are_freed_and_hinder_nobody(launch, files, authority):
    gateway = launch(secured(files) | {"timeouts": {"handshake": "3s"}, "limits": {"maxHandshakes": 10_000}})
    context = trusting(authority)
    memory = gateway.memory_bytes()
    with contextlib.ExitStack() as held:
        stalled = [held.enter_context(socket.create_connection(("127.0.0.1", gateway.port), 10)) for _ in range(2000)]
        for index, sock in enumerate(stalled):
            # Nothing at all, the head of a record, or a record that is cut.
            sock.sendall([b"\x16", b"\x16\x03\x01\x02\x00", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"][index % 3])
        with connect(gateway, context) as sock:
            ask(sock)
        assert gateway.memory_bytes() - memory < 160 << 20
        ended = 0
        deadline = time.monotonic() + 20
        for sock in stalled:
            sock.settimeout(max(0.1, deadline - time.monotonic()))
            with contextlib.suppress(ConnectionError):
                assert sock.recv(1) == b""
            ended += 1
        assert ended == 2000
        with connect(gateway, context) as sock:
            ask(sock)


def test_T3_the_oldest_handshake_makes_room(launch, files, authority):
    gateway = launch(secured(files) | {"limits": {"maxHandshakes": 16}})
    context = trusting(authority)
    with contextlib.ExitStack() as held:
        established = held.enter_context(connect(gateway, context))
        stalled = [held.enter_context(socket.create_connection(("127.0.0.1", gateway.port), 10)) for _ in range(60)]
        eventually(lambda: failures(gateway, "crowded") >= 60 - 16, what="the oldest ones have gone")
        for sock in stalled[:20]:
            sock.settimeout(5)
            with contextlib.suppress(ConnectionError):
                assert sock.recv(1) == b""
        for _ in range(5):
            with connect(gateway, context) as sock:
                ask(sock)
        ask(established)


def test_T4_more_handshakes_than_a_round_takes_all_come_through(launch, files, authority):
    gateway = launch(secured(files))
    context = trusting(authority)
    problems = []
    barrier = threading.Barrier(30)

    def shake_hands():
        try:
            sock = socket.create_connection(("127.0.0.1", gateway.port), 20)
            barrier.wait(20)
            with context.wrap_socket(sock, server_hostname="localhost") as sock:
                ask(sock)
        except Exception as problem:
            problems.append(problem)

    for _ in range(3):
        threads = [threading.Thread(target=shake_hands) for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert problems == []
    eventually(lambda: gateway.metric("gatehouse_tls_handshakes_total") == 90)


# T9: certificates of handlers


class TLSBackend:
    """A handler behind TLS that says yes to everything."""

    def __init__(self, files):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*map(str, files))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.served = 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        with contextlib.suppress(OSError), self.context.wrap_socket(sock, server_side=True) as sock:
            sock.settimeout(10)
            while True:
                request = b""
                while b"\r\n\r\n" not in request:
                    part = sock.recv(65536)
                    if not part:
                        return
                    request += part
                head, _, body = request.partition(b"\r\n\r\n")
                # All of it: a socket that is closed with something unread in it is reset.
                rest = int(re.search(rb"(?i)content-length: (\d+)", head)[1]) - len(body)
                while rest > 0:
                    rest -= len(sock.recv(rest))
                self.served += 1
                body = b'{"ack":["yes"]}'
                sock.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"
                             b"content-length: %d\r\n\r\n" % len(body) + body)
                return

    def stop(self):
        self.listener.close()


@pytest.mark.parametrize("kind", ["good", "self-signed", "wrong-host", "expired", "other-authority"])
def test_T9_a_handler_is_called_only_when_its_certificate_is_right(launch, authority, tmp_path, kind):
    own = Authority(tmp_path, "own")
    backend = TLSBackend({
        "good": lambda: own.issue("good"),
        "self-signed": lambda: (own.file, tmp_path / "own.key"),
        "wrong-host": lambda: own.issue("other", "DNS:elsewhere.example"),
        "expired": lambda: own.issue("old", days=-1),
        "other-authority": lambda: own.issue("good"),
    }[kind]())
    # A self-signed one is not trusted because it signs itself, the last one because another authority is asked for.
    trusted = authority.file if kind in ("self-signed", "other-authority") else own.file
    handler = {"type": "http", "url": f"https://localhost:{backend.port}/events", "timeout": "2s", "tls": {"ca": str(trusted)}}
    gateway = launch(config(routes=[{"match": {"event": "call"}, "handler": "app"}]) | {"handlers": {"app": handler}})
    with Client(gateway.port) as client:
        answer = client.ask("call")
        if kind == "good":
            assert answer == ["yes"]
            assert gateway.metric("gatehouse_handler_requests_total", outcome="success") == 1
        else:
            assert answer[0]["error"]["code"] == "unavailable", answer
            assert backend.served == 0
            assert gateway.metric("gatehouse_handler_requests_total", outcome="success") == 0
            assert gateway.metric("gatehouse_handler_requests_total") >= 1
            assert gateway.metric("gatehouse_handler_certificate_refusals_total", handler="app") >= 1
    backend.stop()


def test_T9_the_authority_of_a_handler_is_read_again_on_reload(launch, tmp_path):
    """The options are the same; the file that they name is not."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    own, other = Authority(tmp_path / "a", "own"), Authority(tmp_path / "b", "other")
    backend = TLSBackend(own.issue("good"))
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(other.file.read_bytes())
    handler = {"type": "http", "url": f"https://localhost:{backend.port}/events", "timeout": "1500ms", "tls": {"ca": str(trusted)}}
    gateway = launch(config(routes=[{"match": {"event": "call"}, "handler": "app"}]) | {"handlers": {"app": handler}})
    with Client(gateway.port) as client:
        assert client.ask("call")[0]["error"]["code"] == "unavailable"
        trusted.write_bytes(own.file.read_bytes())
        assert gateway.admin("POST", "/v1/config/reload").status == 200
        assert client.ask("call") == ["yes"]
        # One that cannot be used is refused, and the old one stays.
        trusted.write_text("nonsense")
        reply = gateway.admin("POST", "/v1/config/reload")
        assert reply.status == 422 and "tls.ca" in reply.text, reply
        assert client.ask("call") == ["yes"]
    backend.stop()


def test_the_authority_of_client_certificates_is_read_again_on_reload(launch, files, authority, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = Authority(tmp_path / "a", "first"), Authority(tmp_path / "b", "second")
    trusted = tmp_path / "clients.pem"
    trusted.write_bytes(first.file.read_bytes())
    gateway = launch(secured(files, clientCA=str(trusted)))

    def comes_in(certificate):
        context = trusting(authority)
        context.load_cert_chain(*certificate)
        try:
            with connect(gateway, context) as sock:
                ask(sock)
            return True
        except (OSError, AssertionError):
            return False

    old, new = first.issue("device"), second.issue("device")
    assert (comes_in(old), comes_in(new)) == (True, False)
    trusted.write_bytes(second.file.read_bytes())
    assert gateway.admin("POST", "/v1/config/reload").status == 200
    assert (comes_in(old), comes_in(new)) == (False, True)
    trusted.write_text("nonsense")
    assert gateway.admin("POST", "/v1/config/reload").status == 422
    assert comes_in(new)


# T10: tickets


def resumes(gateway, context, session):
    with connect(gateway, context, session=session) as sock:
        reused = sock.session_reused
        ask(sock)
    return reused


def ticket(gateway, context):
    with connect(gateway, context) as sock:
        ask(sock)
        return sock.session


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_T10_tickets_are_good_after_a_restart_on_another_node_and_while_keys_rotate(launch, files, authority, tmp_path, version):
    keys = tmp_path / "tickets"
    first, second = os.urandom(80), os.urandom(80)
    keys.write_bytes(first)
    gateway, other = launch(secured(files, ticketKeys=str(keys))), launch(secured(files, ticketKeys=str(keys)))
    context = trusting(authority, minimum_version=version, maximum_version=version)
    session = ticket(gateway, context)
    assert resumes(other, context, session), "on another node"
    gateway.restart()
    assert resumes(gateway, context, session), "after a restart"

    def rotate(content):
        keys.write_bytes(content)
        before = gateway.log().count("configuration reloaded")
        gateway.process.send_signal(signal.SIGHUP)
        eventually(lambda: gateway.log().count("configuration reloaded") > before, 20, what="the keys are read")

    rotate(second + first)
    assert resumes(gateway, context, session), "by the old key"
    newer = ticket(gateway, context)
    rotate(second)
    assert not resumes(gateway, context, session), "the old key is gone"
    assert resumes(gateway, context, newer), "by the new key"


def test_T10_keys_of_its_own_end_with_the_process(launch, files, authority):
    gateway = launch(secured(files))
    context = trusting(authority)
    session = ticket(gateway, context)
    assert resumes(gateway, context, session)
    gateway.restart()
    assert not resumes(gateway, context, session)
