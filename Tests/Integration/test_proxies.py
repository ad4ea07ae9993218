"""The gateway behind nginx, HAProxy and Caddy, as Deploy/ configures them: TLS outside, HTTP/1.1 inside."""

import asyncio
import concurrent.futures
import json
import queue
import random
import re
import shutil
import subprocess
import time

import pytest
import requests
import socketio
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from gateway import REPOSITORY, eventually
from proxies import PROXIES, SecureClient, SecureEngineSocket, SecurePolling, SecureWebSocket
from test_socketio_js import Scenario
from wire import ROUTES, Client, HandshakeRefused, compact, config

ENGINE = "/engine.io/"
HANDSHAKE = f"{ENGINE}?EIO=4&transport=polling"
WAYS = {
    "polling": {"transports": ["polling"]},
    "websocket": {"transports": ["websocket"]},
    "upgrade": {"transports": ["polling", "websocket"]},
}
# Health checks would be in the way where requests are counted; the first one comes at once.
NO_CHECKS = {
    "nginx": [],
    "haproxy": [("inter 2s", "inter 1h")],
    "caddy": [("health_interval 2s", "health_interval 1h")],
}


def behind_a_proxy(**options):
    document = config(**options)
    return document | {"listeners": [{"health": "/healthz"}]}


class Fronts:
    """Starts proxies and, at the end of its scope, stops them all."""

    def __init__(self, directories):
        self.directories, self.running = directories, []

    def __call__(self, name, gateway, changes=()):
        proxy = PROXIES[name](self.directories.mktemp(name), gateway, changes)
        self.running.append(proxy)
        return proxy.start()

    def stop_all(self):
        for proxy in self.running:
            proxy.stop()


@pytest.fixture(scope="module", params=list(PROXIES))
def name(request):
    return request.param


@pytest.fixture(scope="module")
def gateway(launch_for_module):
    return launch_for_module(behind_a_proxy())


@pytest.fixture(scope="module")
def fronts_for_module(tmp_path_factory):
    fronts = Fronts(tmp_path_factory)
    yield fronts
    fronts.stop_all()


@pytest.fixture
def fronts(tmp_path_factory):
    fronts = Fronts(tmp_path_factory)
    yield fronts
    fronts.stop_all()


@pytest.fixture(scope="module")
def proxy(name, gateway, fronts_for_module):
    return fronts_for_module(name, gateway)


@pytest.fixture
def connect():
    """connect(proxy, way) gives a connected client whose events wait in `client.events`."""
    clients = []

    def make(proxy, way="upgrade", **options):
        session = requests.Session()
        # The machine's own settings would win over the certificate.
        session.trust_env, session.verify = False, str(proxy.directory / "certificate.pem")
        client = socketio.Client(http_session=session, **({"reconnection": False} | options))
        client.events = queue.Queue()
        client.on("*", lambda *event: client.events.put(event))
        clients.append(client)
        # The threaded client reads and writes one SSL object from two threads, which Python's ssl does not promise to
        # bear: once in a while the connection breaks on its side. It is given another try.
        for attempt in range(3):
            try:
                client.connect(proxy.url, wait_timeout=10, **WAYS[way])
                return client
            except socketio.exceptions.ConnectionError:
                if attempt == 2:
                    raise

    yield make
    for client in clients:
        client.disconnect()


def timed(action):
    started = time.monotonic()
    return action(), time.monotonic() - started


# Polling


def test_a_polling_session(proxy):
    session = SecurePolling(proxy, ENGINE)
    assert session.open["upgrades"] == ["websocket"]
    session.send("4one", "4two")
    assert [session.packet(), session.packet()] == ["4one", "4two"]
    session.close()


def test_a_held_poll_is_answered_as_soon_as_there_is_a_message(proxy, gateway):
    session = SecurePolling(proxy, "/socket.io/")
    session.send("40")
    assert session.packet().startswith("40")
    session.send('420["join","held"]')
    assert session.packet() == '430[{"ok":true}]'
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for number in range(5):
            poll = pool.submit(session.poll)
            time.sleep(0.2)
            assert not poll.done()
            gateway.emit(to={"rooms": ["held"]}, event="news", args=[number])
            packets, seconds = timed(poll.result)
            assert packets == [f'42["news",{number}]']
            assert seconds < 1
    session.close()


@pytest.mark.parametrize("size", [70_000, 999_000])
def test_a_large_message_passes_in_both_directions(proxy, size):
    session = SecurePolling(proxy, ENGINE)
    message = "4" + "".join(random.Random(size).choices("abcdefghij ", k=size - 3)) + "é"
    assert len(message.encode()) == size
    session.send(message)
    assert session.packet() == message
    session.close()


def test_a_body_above_the_gateways_limit_gets_its_413_and_the_session_lives_on(proxy, gateway):
    session = SecurePolling(proxy, ENGINE)
    before = gateway.metric("gatehouse_http_requests_total", endpoint="engine", code="413")
    reply = proxy.request("POST", session.target, b"4" + b"x" * 1_000_000)
    assert reply.status == 413, reply
    assert gateway.metric("gatehouse_http_requests_total", endpoint="engine", code="413") == before + 1
    session.send("4still here")
    assert session.packet() == "4still here"
    session.close()


def test_a_client_that_leaves_takes_its_held_poll_with_it(proxy, gateway):
    """Otherwise its session would live on until the ping timeout, and a room would keep a member that is gone."""
    def sockets():
        return {socket["id"] for socket in gateway.admin("GET", "/v1/sockets?namespace=%2Fengine").json()["sockets"]}

    # By name: those of other tests end when they like.
    before = sockets()
    session = SecurePolling(proxy, ENGINE)
    (own,) = sockets() - before
    with pytest.raises(TimeoutError):
        session.get(timeout=0.3)
    session.close()
    eventually(lambda: gateway.admin("GET", f"/v1/sockets/{own}").status == 404)


def test_a_response_has_each_header_once(proxy):
    session = SecurePolling(proxy, ENGINE)
    reply = session.handshake
    names = [name.lower() for name in reply.headers]
    assert sorted(names) == sorted(set(names)), reply
    assert reply.headers["content-type"] == "text/plain; charset=UTF-8"
    assert reply.headers["cache-control"] == "no-store"
    assert ("content-length" in names) != ("transfer-encoding" in names)
    assert not any(character.isdigit() for character in reply.headers.get("server", ""))
    with SecureEngineSocket(proxy, ENGINE) as sock:
        names = [name.lower() for name in sock.headers]
        assert sorted(names) == sorted(set(names)), sock.headers.items()
    session.close()


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_polling_by_HTTP_2(proxy):
    answer = subprocess.run(
        ["curl", "--silent", "--show-error", "--http2", "--cacert", proxy.directory / "certificate.pem",
         "--write-out", "\n%{http_version} %{http_code}", f"{proxy.url}{HANDSHAKE}"],
        capture_output=True, text=True, check=True, timeout=20)
    body, _, verdict = answer.stdout.rpartition("\n")
    assert verdict == "2 200", answer
    assert body.startswith('0{"sid":"')


# WebSocket and upgrade


def test_a_websocket_session(proxy):
    with SecureEngineSocket(proxy, ENGINE) as sock:
        assert sock.open["upgrades"] == []
        for message in ("4short", "4" + "x" * 900_000, b"\x00\x01\xff" * 70_000):
            sock.send(message)
            assert sock.packet() == message


def test_other_protocols_are_not_upgraded_to(proxy):
    reply = proxy.request("GET", HANDSHAKE, headers={
        "Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAARAAAAAAAIAAAAA"})
    assert reply.status == 200, reply
    assert reply.body.startswith(b"0{")


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_lost_doubled_or_reordered_by_an_upgrade_under_traffic(proxy, gateway, seed):
    chance, count, room = random.Random(seed), 300, f"{proxy.name} {seed}"
    session = SecurePolling(proxy, "/socket.io/")
    session.send("40")
    assert session.packet().startswith("40")
    session.send(f'420{compact(["join", room])}')
    assert session.packet() == '430[{"ok":true}]'

    def publish():
        pauses = random.Random(seed + 1000)
        with Client(gateway.port) as publisher:
            for number in range(count):
                publisher.emit("say", room, number)
                if pauses.random() < 0.5:
                    time.sleep(0.002)
            publisher.assert_responsive()

    got, before = [], chance.randrange(1, count * 2 // 3)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        publishing = pool.submit(publish)
        while len(got) < before:
            got.append(session.packet())
        got += session.waiting
        with session.upgrade() as sock:
            # As clients do it: a poll is under way when the probe starts, and is awaited before packet 5.
            polling = pool.submit(session.poll)
            time.sleep(chance.random() * 0.01)
            sock.send("2probe")
            assert sock.receive() == "3probe"
            got += polling.result(5)
            sock.send("5")
            while sum(packet != "6" for packet in got) < count:
                got.append(sock.receive())
        publishing.result(10)
    assert [packet for packet in got if packet != "6"] == [f'42{compact(["said", room, n])}' for n in range(count)]
    session.close()


# A real client


@pytest.mark.parametrize("way", WAYS)
def test_a_real_client(proxy, gateway, way):
    """The asyncio client: the threaded one uses one SSL object from two threads, which Python's ssl does not promise to bear."""
    text, data = "é ✓ 漢字 😀 \x1e", bytes(range(256)) * 300
    room = f"real {way} {proxy.name}"

    async def talk():
        client = socketio.AsyncClient(reconnection=False, ssl_verify=False)
        events = asyncio.Queue()
        client.on("news", events.put)
        await client.connect(proxy.url, wait_timeout=10, **WAYS[way])
        for _ in range(100):
            if client.transport() == ("polling" if way == "polling" else "websocket"):
                break
            await asyncio.sleep(0.05)
        else:
            raise AssertionError(client.transport())
        assert await client.call("ask", (text, {"deep": [1, None]}), timeout=5) == (text, {"deep": [1, None]})
        assert await client.call("ask", data, timeout=5) == data
        await client.call("join", room, timeout=5)
        await asyncio.to_thread(gateway.emit, to={"rooms": [room]}, event="news", args=[1])
        assert await asyncio.wait_for(events.get(), 5) == 1
        await client.disconnect()

    asyncio.run(talk())


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "/usr/bin/chromium"
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost", "--ignore-certificate-errors",
                 f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver") or "/usr/bin/chromedriver"))
    driver.set_page_load_timeout(30)
    yield driver
    driver.quit()


def test_a_browser_polls_by_HTTP_2_and_upgrades_to_websocket(launch, fronts, name, browser, client_file):
    """The demo as it is shipped. HAProxy offers WebSockets over HTTP/2, the others do not: browsers know both ways."""
    document = json.loads((REPOSITORY / "Config/gateway.json").read_text())
    document.pop("$schema")
    for endpoint in document["endpoints"]:
        endpoint |= {key: path for key, path in (
            ("serveClient", str(client_file)), ("directory", str(REPOSITORY / "Config/demo"))) if key in endpoint}
    proxy = fronts(name, launch(document | {"listeners": [{"health": "/healthz"}]}))
    browser.get(f"{proxy.url}/?name=Anna")

    def text(selector):
        return browser.find_element(By.CSS_SELECTOR, selector).text

    WebDriverWait(browser, 15, 0.05).until(lambda _: text("#connection") == "connected")
    WebDriverWait(browser, 15, 0.05).until(lambda _: text("#transport") == "websocket")
    assert browser.find_element(By.CSS_SELECTOR, "#transport").get_attribute("data-from") == "polling"
    browser.find_element(By.CSS_SELECTOR, "#text").send_keys("by the proxy\n")
    WebDriverWait(browser, 10, 0.05).until(lambda _: "by the proxy" in text("#messages"))
    polls = browser.execute_script(
        "return performance.getEntriesByType('resource').filter((one) => one.name.includes('transport=polling'))"
        ".map((one) => one.nextHopProtocol)")
    assert polls and set(polls) == {"h2"}
    browser.get("about:blank")


# Time


def test_silence_is_bridged_by_pings_for_longer_than_the_proxy_waits(launch, fronts, name):
    """The proxies' 90 s are 2 s here, and pingInterval is 0.5 s: what counts is silence, not age."""
    gateway = launch(behind_a_proxy(pingInterval="500ms", pingTimeout="1s"))
    shorter = {
        "nginx": [("90s", "2s")],
        "haproxy": [("timeout client 90s", "timeout client 2s"), ("timeout server 90s", "timeout server 2s"),
                    ("timeout tunnel 90s", "timeout tunnel 2s")],
        "caddy": [("response_header_timeout 90s", "response_header_timeout 2s"), ("idle 2m", "idle 2s")],
    }
    proxy = fronts(name, gateway, shorter[name])

    def pings(session, receive):
        """Nothing but pings for five seconds, each answered."""
        end, count = time.monotonic() + 5, 0
        while time.monotonic() < end:
            assert receive() == "2"
            session.send("3")
            count += 1
        session.send("4and on")
        while (packet := receive()) == "2":
            session.send("3")
        assert packet == "4and on"
        return count

    polling = SecurePolling(proxy, ENGINE)
    with SecureEngineSocket(proxy, ENGINE) as sock, concurrent.futures.ThreadPoolExecutor() as pool:
        by_websocket = pool.submit(pings, sock, sock.receive)
        by_polling = pool.submit(pings, polling, lambda: polling.poll()[0])
        assert by_websocket.result(10) >= 7
        assert by_polling.result(10) >= 7
    polling.close()


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_the_first_ping_after_the_default_interval_comes_through_every_proxy(gateway, fronts):
    def first_ping(receive):
        packet, seconds = timed(receive)
        assert packet == "2"
        assert 20 < seconds < 30

    with concurrent.futures.ThreadPoolExecutor() as pool:
        waits = []
        for proxy in [fronts(name, gateway) for name in PROXIES]:
            sock, polling = SecureEngineSocket(proxy, ENGINE), SecurePolling(proxy, ENGINE)
            waits.append(pool.submit(first_ping, lambda sock=sock: sock.receive(40)))
            waits.append(pool.submit(first_ping, lambda polling=polling: polling.poll(40)[0]))
        for wait in waits:
            wait.result(60)


def test_the_shipped_limits_of_silence_are_above_pingInterval_and_pingTimeout(name):
    text = (REPOSITORY / "Deploy" / PROXIES[name].file).read_text()
    limits = {
        "nginx": r"(?:proxy_read_timeout|proxy_send_timeout|\bsend_timeout) (\d+)s;",
        "haproxy": r"timeout (?:client|server|tunnel) (\d+)s",
        "caddy": r"response_header_timeout (\d+)s",
    }
    found = [int(seconds) for seconds in re.findall(limits[name], text)]
    assert len(found) == {"nginx": 3, "haproxy": 3, "caddy": 1}[name]
    assert min(found) > 25 + 20


# Failure


def test_clients_of_a_gateway_that_dies_are_told_and_come_back(launch, fronts, name, connect):
    gateway = launch(behind_a_proxy())
    proxy = fronts(name, gateway)
    clients = [
        connect(proxy, way, reconnection=True, reconnection_delay=0.2, reconnection_delay_max=0.5) for way in WAYS]
    session = SecurePolling(proxy, ENGINE)
    old = [client.get_sid() for client in clients]

    gateway.kill()
    gateway.ended_on_purpose = True
    reply, seconds = timed(lambda: proxy.request("GET", HANDSHAKE))
    assert reply.status in (502, 503), reply
    assert seconds < 6
    with pytest.raises(HandshakeRefused) as refused:
        SecureEngineSocket(proxy, ENGINE)
    assert refused.value.reply.status in (502, 503)

    gateway.start()
    gateway.ended_on_purpose = False
    eventually(lambda: proxy.request("GET", HANDSHAKE).status == 200, 10, "the proxy's trust in the gateway")
    assert session.get().json() == {"code": 1, "message": "Session ID unknown"}
    for client, sid in zip(clients, old, strict=True):
        eventually(lambda: client.connected and client.get_sid() != sid, 15, "the client's return")
        assert client.call("ask", "back", timeout=5) == "back"
    session.close()


# The proxies look twice a second or less; here they look more often, so that nobody waits for them.
QUICK_CHECKS = {
    "nginx": [],
    "haproxy": [("inter 2s downinter 500ms", "inter 200ms downinter 200ms")],
    "caddy": [("health_interval 2s", "health_interval 200ms")],
}


def test_clients_come_through_a_drain_and_a_restart(launch, fronts, name, client_file, tmp_path):
    """Stock clients are closed once, in the way that brings them back, and have missed nothing; nobody gets an error meanwhile."""
    gateway = launch(
        behind_a_proxy(connectionStateRecovery={"maxDisconnectionDuration": "1m"})
        | {"drain": {"delay": "300ms", "window": "700ms", "hardStop": "8s"},
           "history": {"checkpoint": str(tmp_path / "log.bin")}})
    proxy = fronts(name, gateway, QUICK_CHECKS[name])
    trust = {"URL": proxy.url, "NODE_EXTRA_CA_CERTS": str(proxy.directory / "certificate.pem")}
    visitors = [Scenario(gateway, client_file, "restart", way, **trust) for way in WAYS]
    try:
        ids = [one.question() for one in visitors]
        for one, sid in zip(visitors, ids, strict=True):
            gateway.emit(to={"sockets": [sid]}, event="n", args=[0])
            one.answer("one was sent")
        for one in visitors:
            assert one.question() == "restart"
        polling, sock = SecurePolling(proxy, "/socket.io/"), SecureClient(proxy, query="&recovery=false")
        polling.send("40")
        assert polling.packet().startswith("40")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            held = pool.submit(polling.get, timeout=20)
            gateway.restart()
            # The held poll is answered, and the WebSocket closed, by the gateway and not by the proxy.
            assert (held.result(5).status, held.result().text) == (200, "1")
            assert sock.wait_closed(5).code == 1012
        for one, sid in zip(visitors, ids, strict=True):
            gateway.emit(to={"sockets": [sid]}, event="n", args=[1])
            one.answer("restarted")
        for one in visitors:
            one.finish()
        sock.close()
        polling.close()
    finally:
        for one in visitors:
            if one.process.poll() is None:
                one.process.kill()
                one.process.wait()


def test_a_drain_that_is_taken_back_sends_nobody_away_for_good(launch, fronts, name):
    gateway = launch(behind_a_proxy() | {"drain": {"delay": "0s", "window": "0s", "hardStop": "8s"}})
    proxy = fronts(name, gateway, QUICK_CHECKS[name])
    sock = SecureEngineSocket(proxy, ENGINE)
    assert gateway.admin("POST", "/v1/drain").status in (200, 202)
    assert sock.wait_closed(5).code == 1012
    eventually(lambda: proxy.request("GET", HANDSHAKE).status == 503, 8, "a refusal that makes clients back off")
    assert gateway.admin("DELETE", "/v1/drain").status in (200, 204)
    eventually(lambda: proxy.request("GET", HANDSHAKE).status == 200, 8, "a welcome")
    sock.close()


def test_events_of_a_stream_pass_one_by_one_and_a_client_that_leaves_is_gone(launch, fronts, name):
    document = behind_a_proxy(pingInterval="500ms")
    document["endpoints"].append({"path": "/events", "protocol": "sse", "rooms": ["news"], "pingInterval": "300ms"})
    gateway = launch(document)
    proxy = fronts(name, gateway)
    members = lambda: gateway.admin("GET", "/v1/rooms/news").json().get("sockets", 0)
    with proxy.connect(5) as sock:
        sock.sendall(f"GET /events HTTP/1.1\r\nHost: {proxy.authority}\r\nAccept: text/event-stream\r\n\r\n".encode())
        received = b""

        def read_until(mark):
            nonlocal received
            while mark not in received:
                part = sock.recv(65536)
                assert part, received
                received += part

        read_until(b"\r\n\r\n")
        assert received.startswith(b"HTTP/1.1 200 ") and b"text/event-stream" in received.lower()
        eventually(lambda: members() == 1, what="a member")
        for number in range(5):
            gateway.emit(to={"rooms": ["news"]}, event="news", args=[f"number {number}"])
            _, seconds = timed(lambda number=number: read_until(b'data: ["number %d"]' % number))
            assert seconds < 2, "the proxy holds events back"
        assert received.count(b"event: news") == 5
    # The next comment finds nobody.
    eventually(lambda: members() == 0, 10, "its end")


def test_health_is_seen_through_the_proxy_and_by_it(launch, fronts, name):
    gateway = launch(behind_a_proxy())
    proxy = fronts(name, gateway)
    reply = proxy.request("GET", "/healthz")
    assert (reply.status, reply.body) == (200, b"ok\n")
    if name == "nginx":
        return  # It has no checks of its own: it learns from the requests.
    checks = gateway.metric("gatehouse_http_requests_total", endpoint="none", code="200")
    eventually(lambda: gateway.metric("gatehouse_http_requests_total", endpoint="none", code="200") > checks + 1, 8)
    gateway.stop()
    gateway.ended_on_purpose = True
    # Refused by the proxy, which does not even try: 503 instead of 502.
    eventually(lambda: proxy.request("GET", HANDSHAKE).status == 503, 8)


def test_only_the_public_listener_is_reached(proxy, gateway):
    for path in ("/metrics", "/readyz", "/v1/sockets", "/openapi.json", "//metrics", "/socket.io/../metrics"):
        assert proxy.request("GET", path).status in (400, 404), path
    assert str(gateway.admin_port) not in proxy.configuration.read_text()
    assert "9090" not in "".join(
        line for line in proxy.configuration.read_text().splitlines() if not line.lstrip().startswith("#"))


# Who is asking


def test_the_same_origin_policy_holds(proxy):
    def verdicts(origin):
        polling = proxy.request("GET", HANDSHAKE, headers={"Origin": origin}).status
        try:
            with SecureWebSocket(proxy, f"{ENGINE}?EIO=4&transport=websocket", {"Origin": origin}) as sock:
                return polling, sock.status
        except HandshakeRefused as refused:
            return polling, refused.reply.status

    assert verdicts(proxy.url) == (200, 101)
    assert verdicts(proxy.url.upper()) == (200, 101)
    foreign = ["https://evil.example", "https://localhost.evil.example", f"https://evil.example:{proxy.port}",
               "https://localhost:1", "null", f"{proxy.url}.evil.example", f"https://evil.example#{proxy.authority}"]
    for origin in foreign:
        polling, websocket = verdicts(origin)
        assert polling in (400, 403) and websocket in (400, 403), (origin, polling, websocket)


def test_a_name_that_is_not_ours_is_refused(proxy, gateway):
    """A page that makes its own name point here would be of the same origin as its requests."""
    before = gateway.metric("gatehouse_http_requests_total", endpoint="engine")
    for host in ("evil.example", f"evil.example:{proxy.port}", "127.0.0.1"):
        headers = {"Host": host, "Origin": f"https://{host}"}
        assert proxy.request("GET", HANDSHAKE, headers=headers).status == 421, host
    assert gateway.metric("gatehouse_http_requests_total", endpoint="engine") == before


def test_what_a_client_says_about_its_own_address_does_not_pass(launch, fronts, name, backend):
    routes = [{"match": {"type": "socket.connect"}, "handler": "app"}, *ROUTES]
    names = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip", "forwarded"]
    backend.answer = lambda call: {"accept": True}
    trusting = [{"health": "/healthz", "trustedProxies": ["127.0.0.1/32"]}]
    gateway = launch(behind_a_proxy(routes=routes) | {
        "listeners": trusting, "handlers": {"app": backend.handler(forwardHeaders=names)}})
    proxy = fronts(name, gateway)
    forged = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example",
              "X-Real-IP": "6.6.6.6", "Forwarded": "for=6.6.6.6"}
    with SecureClient(proxy, headers=forged):
        call = backend.calls.get(timeout=5)
    assert call.event["socket"]["headers"] == {
        "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https", "x-forwarded-host": proxy.authority,
        "x-real-ip": "127.0.0.1"}
    assert call.event["socket"]["remote"] == {"ip": "127.0.0.1", "tls": True}


# H28: what two parsers may read differently

INNER = f"GET {HANDSHAKE}&inner=1 HTTP/1.1\r\nHost: {{host}}\r\nConnection: close\r\n\r\n"
AMBIGUOUS = {
    "length and chunked": ("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n{inner}"),
    "chunked and length": ("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n", "0\r\n\r\n{inner}"),
    "two lengths": ("Content-Length: 1\r\nContent-Length: {length}\r\n", "4{inner}"),
    "the same length twice": ("Content-Length: 1\r\nContent-Length: 1\r\n", "4{inner}"),
    "a list of lengths": ("Content-Length: 1, {length}\r\n", "4{inner}"),
    "a signed length": ("Content-Length: +1\r\n", "4{inner}"),
    "a negative length": ("Content-Length: -1\r\n", "{inner}"),
    "a hexadecimal length": ("Content-Length: 0x1\r\n", "4{inner}"),
    "a length with a blank": ("Content-Length: 1 1\r\n", "4{inner}"),
    "an overflowing length": ("Content-Length: 18446744073709551617\r\n", "4{inner}"),
    "a folded length": ("Content-Length:\r\n 1\r\n", "4{inner}"),
    "a folded coding": ("Transfer-Encoding:\r\n chunked\r\nContent-Length: 1\r\n", "4{inner}"),
    "a folded field": ("X-A: b\r\n\tTransfer-Encoding: chunked\r\nContent-Length: 1\r\n", "4{inner}"),
    "an unknown coding": ("Transfer-Encoding: xchunked\r\nContent-Length: 1\r\n", "4{inner}"),
    "chunked, identity": ("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n{inner}"),
    "chunked twice": ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n{inner}"),
    "chunked and identity": ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n{inner}"),
    "a quoted coding": ('Transfer-Encoding: "chunked"\r\nContent-Length: 1\r\n', "4{inner}"),
    "a vertical tab": ("Transfer-Encoding: \x0bchunked\r\nContent-Length: 1\r\n", "4{inner}"),
    "a tab": ("Transfer-Encoding:\tchunked\r\n", "0\r\n\r\n{inner}"),
    "a blank before the colon": ("Transfer-Encoding : chunked\r\nContent-Length: 1\r\n", "4{inner}"),
    "a blank before the name": (" Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", "4{inner}"),
    "a name with an underscore": ("Transfer_Encoding: chunked\r\nContent-Length: 1\r\n", "4{inner}"),
    "a bare line feed": ("X-A: b\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n", "4{inner}"),
    "a bare carriage return": ("X-A: b\rTransfer-Encoding: chunked\r\nContent-Length: 1\r\n", "4{inner}"),
    "a zero byte": ("Transfer-Encoding: chunked\x00\r\nContent-Length: 1\r\n", "4{inner}"),
    "line feeds in chunks": ("Transfer-Encoding: chunked\r\n", "1\n4\n0\n\n{inner}"),
    "a chunk extension with a line feed": ("Transfer-Encoding: chunked\r\n", "1;a\nb\r\n4\r\n0\r\n\r\n{inner}"),
    "a signed chunk": ("Transfer-Encoding: chunked\r\n", "+1\r\n4\r\n0\r\n\r\n{inner}"),
    "an overflowing chunk": ("Transfer-Encoding: chunked\r\n", "10000000000000001\r\n4\r\n0\r\n\r\n{inner}"),
    "a hexadecimal chunk": ("Transfer-Encoding: chunked\r\n", "0x1\r\n4\r\n0\r\n\r\n{inner}"),
    "a chunk longer than it says": ("Transfer-Encoding: chunked\r\n", "1\r\n44\r\n0\r\n\r\n{inner}"),
    "a length in the trailer": ("Transfer-Encoding: chunked\r\n", "0\r\nContent-Length: 99\r\n\r\n{inner}"),
    "a length that is nominated": ("Connection: Content-Length\r\nContent-Length: {length}\r\n", "{inner}"),
    "an upgrade with a body": (
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nContent-Length: {length}\r\n", "{inner}"),
    "an upgrade of another version": (
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 777\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "{inner}"),
    "an expectation": ("Expect: 100-continue\r\nContent-Length: {length}\r\n", "{inner}"),
    "nothing": ("Content-Length: 1\r\n", "4{inner}"),
}


@pytest.fixture(scope="module")
def counted(launch_for_module):
    """A gateway that nobody asks anything but the proxy that is counted with."""
    return launch_for_module(behind_a_proxy())


@pytest.fixture(scope="module")
def counting(name, counted, fronts_for_module):
    proxy = fronts_for_module(name, counted, NO_CHECKS[name])
    # The request that showed it to be serving is logged after its answer: it must not count for the first test.
    eventually(lambda: proxy.forwarded()[0] >= 1, 5, f"the first request in the log of {name}")
    yield proxy
    proxy.stop()


def answered(gateway):
    """By the public listener, on whatever path."""
    name = "gatehouse_http_requests_total"
    return sum(gateway.metric(name, endpoint=label) for label in ("engine", "socket", "none"))


def statuses(sock):
    """Of all that comes until the end, or until nothing has come for a while."""
    received = b""
    sock.settimeout(0.25)
    try:
        while chunk := sock.recv(65536):
            received += chunk
    except OSError:
        pass
    return [int(part[:3]) for part in received.replace(b"HTTP/1.0", b"HTTP/1.1").split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("probe", AMBIGUOUS)
def test_H28_the_gateway_answers_exactly_the_requests_that_the_proxy_sent(counting, counted, probe, method):
    fields, body = AMBIGUOUS[probe]
    host = counting.authority
    inner = INNER.format(host=host)
    body = body.replace("{inner}", inner)
    fields = fields.replace("{length}", str(len(body)))
    target = f"{ENGINE}?EIO=4&transport={'websocket' if 'upgrade' in probe else 'polling'}&sid=none"
    head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n"
    forwarded_before, answered_before = counting.forwarded(), answered(counted)
    with counting.connect() as sock:
        sock.sendall((head + body).encode("latin-1"))
        seen = [status for status in statuses(sock) if status >= 200]
    # Whoever comes next on the same connections to the gateway gets an answer of their own.
    victim = counting.request("GET", f"{ENGINE}?EIO=4&transport=victim")
    assert (victim.status, victim.json()) == (400, {"code": 0, "message": "Transport unknown"})

    def balance():
        least, most = (now - before for now, before in zip(counting.forwarded(), forwarded_before, strict=True))
        return least, answered(counted) - answered_before, most

    eventually(lambda: balance() == tuple(sorted(balance())), 3, f"{balance()} in balance (statuses {seen})")
    # The victim's, and of the others no more than the client got answers for.
    assert 1 <= balance()[1] <= 1 + len(seen) <= 3
    if probe == "nothing":
        assert (balance(), seen) == ((3, 3, 3), [400, 200])
