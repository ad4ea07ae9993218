"""TLS by the system's OpenSSL, as clients meet it: Python's ssl, the openssl command, python-socketio."""

import asyncio
import signal
import socket
import ssl
import subprocess
import threading

import pytest
import socketio

from certificates import Authority, tls, trusting
from gateway import binary, environment, eventually
from wire import ROUTES, Client, config


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def files(authority):
    return authority.issue("server")


def secured(files, routes=None, **options):
    document = config(routes=routes) if routes else config()
    return document | {"listeners": [{"address": "127.0.0.1:0", "tls": tls(files, **options)}]}


@pytest.fixture(scope="module")
def gateway(launch_for_module, files):
    return launch_for_module(secured(files))


def connect(gateway, context, name="localhost"):
    return context.wrap_socket(socket.create_connection(("127.0.0.1", gateway.port), 5), server_hostname=name)


HANDSHAKE = b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def ask(sock, request=HANDSHAKE):
    sock.sendall(request)
    answer = b""
    while part := sock.recv(65536):
        answer += part
    return answer


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_serve(gateway, authority, version):
    context = trusting(authority, minimum_version=version, maximum_version=version)
    with connect(gateway, context) as sock:
        assert sock.version() == version.name.replace("_", ".")
        assert b'0{"sid":"' in ask(sock)
    eventually(lambda: gateway.metric("gatehouse_tls_handshakes_total", version=version.name[-3:].replace("_", ".")) >= 1)


def test_T1_older_versions_are_refused(gateway, authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(gateway, context)
    eventually(lambda: gateway.metric("gatehouse_tls_handshake_errors_total", reason="version") >= 1)


@pytest.fixture(scope="module")
def gateway_that_pings(launch_for_module, files):
    """A client that disconnects while a POST of its own is unanswered never says so: it stops sending, and waits for its
    poll, which then only the next ping answers."""
    return launch_for_module(config(pingInterval="1s") | {"listeners": [{"address": "127.0.0.1:0", "tls": tls(files)}]})


@pytest.mark.parametrize("transports", [["polling"], ["websocket"], ["polling", "websocket"]], ids="-".join)
def test_socketio_clients_over_tls(gateway_that_pings, authority, transports):
    gateway = gateway_that_pings

    async def talk():
        # The asyncio client: the threaded one reads and writes an SSL object from two threads at once, which breaks it.
        client = socketio.AsyncClient(reconnection=False, ssl_verify=False)
        await client.connect(f"https://127.0.0.1:{gateway.port}", transports=transports, wait_timeout=10)
        assert await client.call("ask", "x" * 50_000, timeout=10) == "x" * 50_000
        await client.disconnect()

    for _ in range(6):  # sessions and their WebSockets meet on either loop
        asyncio.run(talk())


def test_T5_plain_http_on_the_tls_port_is_told_so(gateway):
    with socket.create_connection(("127.0.0.1", gateway.port), 5) as sock:
        answer = ask(sock)
    assert answer.startswith(b"HTTP/1.1 400 ") and b"https://" in answer
    eventually(lambda: gateway.metric("gatehouse_tls_handshake_errors_total", reason="plaintext") >= 1)


def test_T6_a_foreign_application_protocol_is_refused(gateway, authority):
    context = trusting(authority)
    context.set_alpn_protocols(["ftp"])
    with pytest.raises(ssl.SSLError, match="NO_APPLICATION_PROTOCOL|no application protocol"):
        connect(gateway, context)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with connect(gateway, context) as sock:
        assert sock.selected_alpn_protocol() == "http/1.1"


def test_T8_a_cut_connection_is_an_error_and_not_an_end(gateway, authority):
    before = gateway.metric("gatehouse_tls_handshake_errors_total", reason="truncated") or 0
    raw = socket.create_connection(("127.0.0.1", gateway.port), 5)
    sock = trusting(authority).wrap_socket(raw, server_hostname="localhost")
    sock.sendall(b"GET /socket.io/?EIO=4&transp")
    # The stream ends without a word of TLS.
    socket.socket(fileno=sock.detach()).shutdown(socket.SHUT_WR)
    eventually(lambda: (gateway.metric("gatehouse_tls_handshake_errors_total", reason="truncated") or 0) > before)


@pytest.mark.parametrize("way", ["FIN", "RST"])
@pytest.mark.parametrize("what", ["frame", "body"])
def test_T8_half_a_message_is_never_delivered(launch, files, authority, backend, way, what):
    """Cut within a frame of a WebSocket, or within a body: by an end of the stream that TLS does not know of, or by a reset."""
    routes = [{"match": {"event": "tell"}, "handler": "app"}, *ROUTES]
    gateway = launch(secured(files, routes=routes) | {"handlers": {"app": backend.handler()}})

    def cut(sock):
        raw = socket.socket(fileno=sock.detach())
        if way == "RST":
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            raw.close()
        else:
            raw.shutdown(socket.SHUT_WR)
        return raw

    class Secure(Client):
        def connect(self, port, timeout):
            return trusting(authority).wrap_socket(super().connect(port, timeout), server_hostname="localhost")

    with Secure(gateway.port) as other:
        if what == "frame":
            client = Secure(gateway.port)
            client.emit("tell", "whole")
            assert backend.next().event["args"] == ["whole"]
            client.sock.sendall(client.frame(1, '42["tell","half"]')[:-1])
            raw = cut(client.sock)
            eventually(lambda: gateway.metric("gatehouse_sockets", namespace="/") == 1, what="its end")
        else:
            with connect(gateway, trusting(authority)) as sock:
                sid = ask(sock).split(b'"sid":"')[1].split(b'"')[0].decode()

            def post(body, length):
                sock = connect(gateway, trusting(authority))
                sock.sendall(f"POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: localhost\r\n"
                             f"Content-Length: {length}\r\n\r\n{body}".encode())
                return sock

            def posted(body):
                with post(body, len(body)) as sock:
                    assert sock.recv(4096).startswith(b"HTTP/1.1 200 ")

            posted("40")
            posted('42["tell","whole"]')
            assert backend.next().event["args"] == ["whole"]
            raw = cut(post('42["tell","half"]\x1e42["tell"', 60))
            # A POST that is cut ends its session, as a POST of which the rest never comes does.
            eventually(lambda: gateway.metric("gatehouse_connections") <= 2, what="its end")
        raw.close()
        other.assert_responsive()
        assert len(backend.seen) == 1, backend.seen


def test_a_session_is_resumed(gateway, authority):
    context = trusting(authority, maximum_version=ssl.TLSVersion.TLSv1_2)
    with connect(gateway, context) as first:
        ask(first)
        session = first.session
    with context.wrap_socket(
        socket.create_connection(("127.0.0.1", gateway.port), 5), server_hostname="localhost", session=session
    ) as second:
        assert second.session_reused
        ask(second)
    eventually(lambda: gateway.metric("gatehouse_tls_handshakes_total", resumed="true") >= 1)


def test_the_certificate_of_the_name_is_shown(launch, authority, files):
    other = authority.issue("other", "DNS:*.example.com")
    gateway = launch(secured(files, certificates=[
        {"names": ["*.example.com"], "certificate": str(other[0]), "key": str(other[1])}]))
    for name, common in [("a.example.com", "other"), ("localhost", "server"), ("127.0.0.1", "server")]:
        with connect(gateway, trusting(authority), name) as sock:
            assert dict(pair[0] for pair in sock.getpeercert()["subject"])["commonName"] == common


def test_clients_need_a_certificate_of_the_configured_authority(launch, authority, files, tmp_path):
    gateway = launch(secured(files, clientCA=str(authority.file)))
    with pytest.raises((ssl.SSLError, ConnectionError)), connect(gateway, trusting(authority)) as sock:
        assert ask(sock), "TLS 1.3 tells with the first read"
        raise ConnectionError
    stranger = Authority(tmp_path, "stranger").issue("client")
    context = trusting(authority)
    context.load_cert_chain(*stranger)
    with pytest.raises((ssl.SSLError, ConnectionError)), connect(gateway, context) as sock:
        assert ask(sock)
        raise ConnectionError
    context = trusting(authority)
    context.load_cert_chain(*authority.issue("client"))
    with connect(gateway, context) as sock:
        assert b'0{"sid":"' in ask(sock)


def test_T7_certificates_are_reloaded_while_clients_connect(launch, authority, tmp_path):
    first, second = authority.issue("first"), authority.issue("second")
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"

    def install(files):
        # Renamed into place, as tools that renew certificates do.
        for source, target in zip(files, (certificate, key)):
            (tmp_path / "new").write_bytes(source.read_bytes())
            (tmp_path / "new").rename(target)

    install(first)
    gateway = launch(secured((certificate, key)))
    failures, stop = [], threading.Event()

    def keep_connecting():
        while not stop.is_set():
            try:
                with connect(gateway, trusting(authority)) as sock:
                    assert b'0{"sid":"' in ask(sock)
            except Exception as problem:
                failures.append(problem)

    def shown():
        with connect(gateway, trusting(authority)) as sock:
            return dict(pair[0] for pair in sock.getpeercert()["subject"])["commonName"]

    with connect(gateway, trusting(authority)) as kept:
        threads = [threading.Thread(target=keep_connecting) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            for round in range(10):
                install(second if round % 2 == 0 else first)
                gateway.process.send_signal(signal.SIGHUP)
                eventually(lambda: shown() == ("second" if round % 2 == 0 else "first"), what="the new certificate")
            key.write_text("nonsense")
            gateway.process.send_signal(signal.SIGHUP)
            eventually(lambda: "not reloaded" in gateway.log(), what="a line that says so")
            assert shown() == "first"
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert not failures, failures[:3]
        assert b'0{"sid":"' in ask(kept), "an open connection is not dropped"


@pytest.mark.parametrize("way", ["reload", "watch"])
def test_T7_a_certificate_that_has_ended_does_not_replace_one_that_has_not(launch, authority, tmp_path, way):
    good, ended = authority.issue("good"), authority.issue("ended", days=-1)
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"

    def install(files):
        for source, target in zip(files, (certificate, key)):
            target.write_bytes(source.read_bytes())

    install(good)
    gateway = launch(secured((certificate, key)))
    install(ended)
    if way == "reload":
        reply = gateway.admin("POST", "/v1/config/reload")
        assert reply.status == 422 and "expired" in reply.text, reply
    else:
        eventually(lambda: "not reloaded" in gateway.log(), 15, "a line that says so")
        assert "expired" in gateway.log()
    with connect(gateway, trusting(authority)) as sock:
        assert b'0{"sid":"' in ask(sock)
    install(authority.issue("renewed"))
    assert gateway.admin("POST", "/v1/config/reload").status == 200
    with connect(gateway, trusting(authority)) as sock:
        assert dict(pair[0] for pair in sock.getpeercert()["subject"])["commonName"] == "renewed"


def test_certificates_are_reloaded_when_their_files_change(launch, authority, tmp_path):
    first, second = authority.issue("first"), authority.issue("second")
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    for source, target in zip(first, (certificate, key)):
        target.write_bytes(source.read_bytes())
    gateway = launch(secured((certificate, key)))
    for source, target in zip(second, (certificate, key)):
        target.write_bytes(source.read_bytes())

    def shown():
        with connect(gateway, trusting(authority)) as sock:
            return dict(pair[0] for pair in sock.getpeercert()["subject"])["commonName"]

    eventually(lambda: shown() == "second", 15, "the new certificate")


def test_P5_files_that_are_no_pair_stop_the_start_with_one_line(launch, authority, files):
    other = authority.issue("mismatch")
    gateway = launch(secured((files[0], other[1])), start=False)
    started = subprocess.run(
        [binary(), "run", "-c", str(gateway.file)], capture_output=True, text=True, timeout=20,
        env=environment())
    assert started.returncode == 1
    (line,) = [line for line in started.stderr.splitlines() if line.startswith("gatehouse:")]
    assert "TLS" in line and "key" in line


def test_T3_a_stalled_handshake_is_closed(launch, files):
    gateway = launch(secured(files) | {"timeouts": {"handshake": "1s"}})
    with socket.create_connection(("127.0.0.1", gateway.port), 5) as sock:
        sock.sendall(b"\x16\x03\x01")
        sock.settimeout(4)
        assert sock.recv(1) == b""


def test_T3_a_client_hello_without_end_is_refused(gateway):
    with socket.create_connection(("127.0.0.1", gateway.port), 5) as sock:
        record = b"\x16\x03\x01\x40\x00" + b"\x01\x00\xff\xff" + b"\x00" * 16380
        sock.settimeout(4)
        try:
            sock.sendall(record * 4)
            while sock.recv(4096):
                pass
        except ConnectionError:
            pass
    eventually(lambda: gateway.metric("gatehouse_tls_handshake_errors_total", reason="handshake_size") >= 1)


def test_the_expiry_of_the_certificate_is_a_metric(gateway):
    assert gateway.metric("gatehouse_tls_certificate_expiry_timestamp_seconds") > 1.7e9


def test_handlers_are_told_that_the_client_came_by_tls(launch, files, backend, authority):
    document = secured(files) | {"handlers": {"app": backend.handler()}}
    document["routes"] = [{"match": {"type": "socket.connect"}, "handler": "app"}]
    backend.answer = lambda call: {"accept": True}
    gateway = launch(document)
    with connect(gateway, trusting(authority)) as sock:
        answer = ask(sock, HANDSHAKE)
        sid = answer.split(b'"sid":"')[1].split(b'"')[0].decode()
    with connect(gateway, trusting(authority)) as sock:
        ask(sock, f"POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: localhost\r\n"
                  "Connection: close\r\nContent-Length: 2\r\n\r\n40".encode())
    assert backend.next().event["socket"]["remote"] == {"ip": "127.0.0.1", "tls": True}
