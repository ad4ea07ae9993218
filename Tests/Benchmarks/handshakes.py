#!/usr/bin/env python3
"""Server CPU per TLS handshake: the gateway beside nginx and `openssl s_server`, with one certificate, on this machine.

    python3 Tests/Benchmarks/handshakes.py                     # half a minute; prints a table

Needs a release build (`swift build -c release --product gatehouse --scratch-path .build-release`; GATEHOUSE_BINARY names
another), openssl, and nginx, which is left out when it is missing. `openssl s_time` makes one handshake after the other
and ends each connection without a request; the servers take turns, and the median of the rounds counts. All of them do their
cryptography by the same OpenSSL, so what differs is what they do besides.
"""

import argparse
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("GATEHOUSE_BINARY", str(ROOT / ".build-release/release/gatehouse"))
sys.path.insert(0, str(ROOT / "Tests" / "Integration"))
from certificates import Authority, tls  # noqa: E402
from gateway import Gateway, eventually, free_ports  # noqa: E402
from wire import config  # noqa: E402

WAYS = {"1.3": ["-tls1_3", "-new"], "1.2": ["-tls1_2", "-new"], "1.2 resumed": ["-tls1_2", "-reuse"]}
NGINX = """daemon off; worker_processes 1; pid {directory}/nginx.pid; error_log {directory}/error.log;
events {{ worker_connections 500; }}
http {{
    access_log off; client_body_temp_path {directory}/a; proxy_temp_path {directory}/b; fastcgi_temp_path {directory}/c;
    uwsgi_temp_path {directory}/d; scgi_temp_path {directory}/e;
    server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};
              ssl_protocols TLSv1.2 TLSv1.3; ssl_session_tickets on; }}
}}
"""


def cpu_seconds(pid):
    """Of a process and its children that run."""
    spent = 0
    for process in [pid, *children(pid)]:
        fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        spent += int(fields[11]) + int(fields[12])
    return spent / os.sysconf("SC_CLK_TCK")


def children(pid):
    return [int(one) for one in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def answers(port):
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}"], stdin=subprocess.DEVNULL, capture_output=True, timeout=10)
    return b"BEGIN CERTIFICATE" in done.stdout


def start_gateway(files, directory):
    document = config() | {"listeners": [{"address": "127.0.0.1:0", "tls": tls(files)}]}
    gateway = Gateway(document, directory)
    gateway.start()
    return gateway.process, gateway.port


def start_nginx(files, directory):
    program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if not program:
        return None
    (port,) = free_ports(1)
    file = directory / "nginx.conf"
    file.write_text(NGINX.format(directory=directory, port=port, certificate=files[0], key=files[1]))
    return subprocess.Popen([program, "-c", file, "-p", directory, "-e", directory / "error.log"]), port


def start_s_server(files, directory):
    (port,) = free_ports(1)
    return subprocess.Popen(
        ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", files[0], "-key", files[1], "-quiet", "-www"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), port


SERVERS = {"gatehouse": start_gateway, "nginx": start_nginx, "openssl s_server": start_s_server}


def measure(pid, port, way, seconds):
    """Milliseconds of CPU per handshake, and how many there were."""
    before = cpu_seconds(pid)
    done = subprocess.run(
        ["openssl", "s_time", "-connect", f"127.0.0.1:{port}", "-time", str(seconds), *WAYS[way]],
        capture_output=True, text=True, timeout=seconds + 30)
    count = int(re.findall(r"(\d+) connections in \d+ real seconds", done.stdout)[-1])
    # What ends the last connections is theirs, too.
    time.sleep(0.2)
    return 1000 * (cpu_seconds(pid) - before) / count, count


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=1)
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        files = Authority(directory).issue("server")
        running = {}
        try:
            for server, start in SERVERS.items():
                (directory / server).mkdir()
                if started := start(files, directory / server):
                    running[server] = started
                    eventually(lambda port=started[1]: answers(port), 10, f"{server} to answer")
            print(f"{'ms of CPU per handshake':<24}" + "".join(f"{server:>18}" for server in running))
            for way in WAYS:
                found = {server: [] for server in running}
                for _ in range(given.rounds):
                    for server, (process, port) in running.items():
                        found[server].append(measure(process.pid, port, way, given.seconds)[0])
                print(f"TLS {way:<20}" + "".join(f"{statistics.median(found[server]):18.3f}" for server in running))
        finally:
            for process, _ in running.values():
                process.terminate()
                process.wait()


if __name__ == "__main__":
    main()
