"""nginx, HAProxy and Caddy as Deploy/ configures them, on ports and with a certificate of the test's own."""

import http.client
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import time

from gateway import REPOSITORY, START_SECONDS, Reply, environment, free_ports
from wire import Client, EngineSocket, HandshakeRefused, Polling, WebSocket, upgrade_request

HOST = "localhost"
STOP_SECONDS = 10
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def make_certificate(directory):
    """certificate.pem and key.pem, and both in gatehouse.pem as HAProxy wants them."""
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST},IP:127.0.0.1", "-days", "2",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    (directory / "gatehouse.pem").write_bytes(certificate.read_bytes() + key.read_bytes())


class Proxy:
    """One running proxy in front of one gateway. Subclasses say what they are started with."""

    name = program = file = forwarded_line = ""
    upstream = "127.0.0.1:8080"

    def __init__(self, directory, gateway, changes=()):
        self.directory = pathlib.Path(directory)
        self.gateway = gateway
        (self.port,) = free_ports(1)
        make_certificate(self.directory)
        self.context = ssl.create_default_context(cafile=str(self.directory / "certificate.pem"))
        self.process = None
        text = (REPOSITORY / "Deploy" / self.file).read_text()
        for old, new in [*self.substitutions(), (self.upstream, f"127.0.0.1:{gateway.port}"), *changes]:
            assert old in text, f"{old!r} is no longer in {self.file}"
            text = text.replace(old, new)
        self.configuration = self.directory / pathlib.Path(self.file).name
        self.configuration.write_text(text)
        self.log_file = self.directory / "proxy.log"

    def start(self):
        path = shutil.which(self.program, path=PATH)
        assert path, f"{self.program} is missing: Deploy/test.sh installs it"
        home = {"HOME": str(self.directory), "XDG_DATA_HOME": str(self.directory), "PATH": PATH}
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [path, *self.arguments()], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                cwd=self.directory, env=environment(**home))
        deadline = time.monotonic() + START_SECONDS
        while not self.is_serving():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"{self.name} does not serve:\n{self.log()}")
            time.sleep(0.02)
        return self

    def is_serving(self):
        try:
            return self.request("GET", "/healthz", timeout=2).status == 200
        except (OSError, http.client.HTTPException):
            return False

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def log(self, lines=60):
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])

    def forwarded(self):
        """How many requests this proxy has passed on, by its own log: at least, and at most."""
        lines = re.findall(self.forwarded_line, self.log_file.read_text(errors="replace"), re.M)
        return sum(not self.is_doubtful(line) for line in lines), len(lines)

    def is_doubtful(self, line):
        """A request that failed on the way: it may have been sent, or not."""
        return False

    # Talking to it

    @property
    def authority(self):
        return f"{HOST}:{self.port}"

    @property
    def url(self):
        return f"https://{self.authority}"

    def connect(self, timeout=10):
        """A TLS connection that speaks HTTP/1.1."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            return self.context.wrap_socket(plain, server_hostname=HOST)
        except BaseException:
            plain.close()
            raise

    def http_connection(self, timeout=10):
        connection = http.client.HTTPSConnection(HOST, self.port, timeout=timeout, context=self.context)
        connection.sock = self.connect(timeout)
        return connection

    def request(self, method, target, body=None, headers=None, timeout=15):
        connection = self.http_connection(timeout)
        try:
            connection.request(method, target, body=body, headers=headers or {})
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        finally:
            connection.close()


class Nginx(Proxy):
    name, program, file = "nginx", "nginx", "nginx/nginx.conf"
    forwarded_line = r"^.* upstream=\d.*$"

    def substitutions(self):
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        folders = "".join(f"{kind}_temp_path {self.directory}/{kind};\n" for kind in kinds)
        return [
            ("user www-data;", ""),
            ("/run/nginx.pid", f"{self.directory}/nginx.pid"),
            ("/var/log/nginx/error.log", "stderr"),
            ("/var/log/nginx/access.log", "/dev/stdout"),
            ("worker_processes auto;", "worker_processes 2; daemon off;"),
            ("worker_rlimit_nofile 65536;", ""),
            ("worker_connections 30000", "worker_connections 500"),
            ("http {\n", "http {\n" + folders),
            ("listen [::]:443 ssl http2 default_server;", ""),
            ("listen [::]:443 ssl http2;", ""),
            ("listen 443", f"listen 127.0.0.1:{self.port}"),
            ("gateway.example.com", HOST),
            ("/etc/ssl/gatehouse", str(self.directory)),
        ]

    def arguments(self):
        return ["-c", self.configuration, "-p", self.directory, "-e", "stderr"]


class HAProxy(Proxy):
    name, program, file = "haproxy", "haproxy", "haproxy/haproxy.cfg"
    forwarded_line = "^.* gatehouse/node1 .*$"

    def substitutions(self):
        return [
            ("/dev/log local0", "stdout format raw local0"),
            ("    user haproxy ", "    #"),
            ("    group haproxy ", "    #"),
            ("    chroot ", "    #"),
            ("maxconn 30000", "maxconn 500"),
            ("bind :::443 v4v6", f"bind 127.0.0.1:{self.port}"),
            ("gateway.example.com", HOST),
            ("/etc/haproxy/gatehouse.pem", f"{self.directory}/gatehouse.pem"),
        ]

    def arguments(self):
        return ["-db", "-f", self.configuration]


class Caddy(Proxy):
    name, program, file = "caddy", "caddy", "caddy/Caddyfile"
    forwarded_line = r'^.*"msg":"upstream roundtrip".*$'

    def substitutions(self):
        (spare,) = free_ports(1)
        return [
            # The plain port is for redirects. The level is for `forwarded`.
            ("admin localhost:2019", f"admin off\n\tdebug\n\thttp_port {spare}\n\tdefault_bind 127.0.0.1"),
            ("grace_period 10s", "grace_period 1s"),
            ("gateway.example.com {", f"{self.url} {{"),
            ("/etc/caddy", str(self.directory)),
        ]

    def arguments(self):
        return ["run", "--config", self.configuration, "--adapter", "caddyfile"]

    def is_doubtful(self, line):
        # A broken body: noticed before the head is sent, or while the body is passed on.
        return '"error":' in line


PROXIES = {one.name: one for one in (Nginx, HAProxy, Caddy)}


class SecureWebSocket(WebSocket):
    """A WebSocket through a proxy, which stands where a port stands otherwise."""

    def __init__(self, proxy, path, headers=None, timeout=10):
        self.sock = proxy.connect(timeout)
        self.buffer = b""
        self.closed = None
        host = f"Host: {proxy.authority}".encode()
        self.sock.sendall(upgrade_request(path, headers=headers).replace(b"Host: 127.0.0.1", host))
        self.status, self.headers = self._read_head()
        if self.status != 101:
            reply = Reply(self.status, self.headers, self._read_body())
            self.sock.close()
            raise HandshakeRefused(reply)


class SecureEngineSocket(EngineSocket, SecureWebSocket):
    pass


class SecureClient(Client, SecureWebSocket):
    pass


class SecurePolling(Polling):
    def request(self, method, body=None, headers=None, timeout=10):
        if method not in self.connections:
            self.connections[method] = self.port.http_connection(timeout)
        return super().request(method, body, headers, timeout)

    def upgrade(self):
        return SecureWebSocket(
            self.port, f"{self.path}?EIO=4&transport=websocket&sid={self.sid}{self.query}", self.headers)
