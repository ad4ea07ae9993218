"""Streams of server-sent events, and coming back to them."""

import json
import re
import shutil
import socket
import time

import jwt
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

from gateway import eventually, request
from plain import EventStream, JSONSocket, config
from wire import ROUTES, HandshakeRefused

SECRET = "a secret of at least thirty-two bytes"
OFFSET = re.compile(r"[0-9a-z]{10}\.[0-9a-z]+")
RECOVERY = {"connectionStateRecovery": {}}


@pytest.fixture(scope="module")
def gateway(launch_for_module):
    return launch_for_module(config())


@pytest.fixture(scope="module")
def keeping(launch_for_module):
    """One that keeps what its clients may have missed."""
    return launch_for_module(config(sse=RECOVERY, websocket=RECOVERY | {"rooms": ["news"]}))


def news(gateway, *args, event="news", **options):
    answer = gateway.emit(event=event, to={"rooms": ["news"]}, args=list(args), **options)
    return answer["recipients"]


def members(gateway, count, room="news"):
    found = lambda: gateway.admin("GET", f"/v1/rooms/{room}").json().get("sockets", 0)
    eventually(lambda: found() == count, what=f"{count} members of {room}")


def refused(*args, **options):
    with pytest.raises(HandshakeRefused) as error:
        EventStream(*args, **options)
    return error.value.reply


# The wire


def test_a_stream_begins_with_its_head_and_a_time_to_come_back(gateway):
    with EventStream(gateway.port) as stream:
        assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.headers["cache-control"] == "no-store"
        assert stream.headers["x-accel-buffering"] == "no"
        assert stream.headers["connection"] == "close"
        assert not {"content-length", "content-encoding", "transfer-encoding"} & set(stream.headers)
        assert 2_000 <= stream.retry <= 4_000 and stream.last_id is None
        members(gateway, 1)
        assert news(gateway, "hi", {"n": 1}) == 1
        assert stream.block() == [("event", "news"), ("data", '["hi",{"n":1}]')]
        assert stream.last_id is None
    members(gateway, 0)


def test_nothing_in_an_event_ends_its_line(gateway):
    with EventStream(gateway.port) as stream:
        members(gateway, 1)
        news(gateway, "a\nb\r\nid: 7\n\ndata: x", event="two\nlines\r\ndata: y")
        assert stream.block() == [
            ("event", "two lines  data: y"), ("data", '["a\\nb\\r\\nid: 7\\n\\ndata: x"]')]
        news(gateway, "after")
        assert stream.event() == ["news", "after"] and stream.last_id is None
    members(gateway, 0)


def test_many_receivers_get_the_same_events_in_order(gateway):
    streams = [EventStream(gateway.port) for _ in range(20)]
    members(gateway, 20)
    for number in range(50):
        assert news(gateway, number) == 20
    for stream in streams:
        assert [stream.event() for _ in range(50)] == [["news", number] for number in range(50)]
        stream.close()
    members(gateway, 0)


def test_comments_keep_the_connection_alive(launch):
    gateway = launch(config(sse={"pingInterval": "200ms"}))
    with EventStream(gateway.port) as stream:
        for number in range(1, 4):
            assert stream.block() == [] and stream.comments == number
        news(gateway, 1)
        assert stream.event() == ["news", 1]


def test_a_stream_is_listed_and_counted_as_sse(gateway):
    with EventStream(gateway.port):
        members(gateway, 1)
        (listed,) = gateway.admin("GET", "/v1/sockets?room=news").json()["sockets"]
        about = gateway.admin("GET", f"/v1/sockets/{listed['id']}").json()
        assert (about["protocol"], about["transport"]) == ("sse", "sse")
        assert gateway.metric("gatehouse_sessions", endpoint="events", transport="sse") == 1
    eventually(lambda: gateway.metric("gatehouse_sessions", endpoint="events", transport="sse") == 0, what="its end")


@pytest.mark.parametrize("method, status", [("POST", 405), ("PUT", 405), ("DELETE", 405), ("HEAD", 405), ("OPTIONS", 405)])
def test_only_get_opens_a_stream(gateway, method, status):
    answer = request(gateway.port, method, "/events")
    assert (answer.status, answer.headers["allow"]) == (status, "GET")


@pytest.mark.parametrize("accept, accepted", [
    ("text/event-stream", True), ("*/*", True), ("text/html, text/*;q=0.5", True), ("Text/Event-Stream;q=1", True),
    ("application/json", False), ("text/html", False),
])
def test_who_takes_something_else_gets_406(gateway, accept, accepted):
    if accepted:
        EventStream(gateway.port, headers={"Accept": accept}).close()
    else:
        assert refused(gateway.port, headers={"Accept": accept}).status == 406
    assert request(gateway.port, "GET", "/events/below").status == 404


# Who may come in


def test_A1_a_page_of_another_origin_is_refused_and_one_that_may_is_told(launch):
    gateway = launch(config(sse={"cors": {"origin": "https://app.example.com", "credentials": True}}))
    assert refused(gateway.port, headers={"Origin": "https://evil.example"}).status == 403
    with EventStream(gateway.port, headers={"Origin": "https://app.example.com"}) as stream:
        assert stream.headers["access-control-allow-origin"] == "https://app.example.com"
        assert stream.headers["access-control-allow-credentials"] == "true"
    preflight = request(gateway.port, "OPTIONS", "/events", headers={
        "Origin": "https://app.example.com", "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization"})
    assert preflight.status == 204 and preflight.headers["access-control-allow-headers"] == "authorization"


def test_a_token_says_who_somebody_is(launch):
    auth = {"jwt": {"secret": SECRET, "algorithms": ["HS256"], "cookie": "session", "query": "token"},
            "rooms": ["user:{user}"]}
    gateway = launch(config(sse={"auth": auth}))
    token = jwt.encode({"sub": "u1", "exp": time.time() + 60}, SECRET, "HS256")
    for path, headers in [("/events", {"Authorization": f"Bearer {token}"}), ("/events", {"Cookie": f"session={token}"}),
                          (f"/events?token={token}", {})]:
        with EventStream(gateway.port, path, headers) as stream:
            members(gateway, 1, "user:u1")
            gateway.emit(event="for you", to={"users": ["u1"]}, args=[])
            assert stream.event() == ["for you"]
        members(gateway, 0, "user:u1")
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        answer = refused(gateway.port, headers=headers)
        assert answer.status == 401 and answer.headers["www-authenticate"] == "Bearer"


def test_a_stream_ends_with_its_token(launch):
    gateway = launch(config(sse={"auth": {"jwt": {"secret": SECRET, "algorithms": ["HS256"]}}}))
    token = jwt.encode({"sub": "u1", "exp": int(time.time()) + 2}, SECRET, "HS256")
    with EventStream(gateway.port, headers={"Authorization": f"Bearer {token}"}) as stream:
        assert ["disconnect"] not in stream.wait_ended()
    eventually(lambda: gateway.metric("gatehouse_disconnects_total", namespace="/", reason="tokenExpired") == 1,
               what="the reason")


def test_the_backend_decides_who_comes_in_and_hears_who_leaves(launch, backend):
    def answer(call):
        if call.event["type"] == "socket.disconnected":
            return None
        if call.event["query"].get("user") is None:
            return {"accept": False, "error": {"message": "who are you?"}}
        return {"accept": True, "user": call.event["query"]["user"], "rooms": ["vip"], "actions": [
            {"do": "emit", "event": "welcome", "args": ["you"]}]}

    backend.answer = answer
    routes = [{"match": {"type": "socket.connect"}, "handler": "app"},
              {"match": {"type": "socket.disconnected"}, "handler": "app"}]
    gateway = launch(config(routes) | {"handlers": {"app": backend.handler()}})
    answer = refused(gateway.port)
    assert (answer.status, answer.json()) == (403, {"message": "who are you?"})
    with EventStream(gateway.port, "/events?user=ann") as stream:
        assert stream.event() == ["welcome", "you"]
        members(gateway, 1, "vip")
    gone = [backend.next().event for _ in range(3)][-1]
    assert (gone["type"], gone["reason"]) == ("socket.disconnected", "transportClose")
    assert gone["socket"]["protocol"] == gone["socket"]["transport"] == "sse"


# The end


def test_disconnect_is_for_good_and_kick_is_not(gateway):
    with EventStream(gateway.port) as stream:
        members(gateway, 1)
        assert gateway.admin("POST", "/v1/actions", [{"do": "disconnect", "target": {"rooms": ["news"]}}]).status == 200
        assert stream.wait_ended() == [["disconnect"]]
        assert stream.last_id == "disconnected"
    assert refused(gateway.port, last=stream.last_id).status == 204
    with EventStream(gateway.port) as stream:
        members(gateway, 1)
        assert gateway.admin("POST", "/v1/actions", [{"do": "kick", "target": {"rooms": ["news"]}}]).status == 200
        assert stream.wait_ended() == [] and stream.last_id is None
    members(gateway, 0)


def test_a_client_that_ends_its_side_or_talks_too_much_is_gone(gateway):
    with EventStream(gateway.port) as stream:
        members(gateway, 1)
        stream.sock.shutdown(socket.SHUT_WR)
        assert stream.wait_ended() == []
    members(gateway, 0)
    with EventStream(gateway.port) as stream:
        members(gateway, 1)
        stream.sock.sendall(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
        news(gateway, "still there")
        assert stream.event() == ["news", "still there"]
        try:
            stream.sock.sendall(b"x" * 200_000)
        except ConnectionError:
            pass
        members(gateway, 0)


def test_R1_a_client_that_does_not_read_is_closed_and_others_are_not(launch):
    gateway = launch(config() | {"limits": {"outputSoft": "32KB", "outputHard": "128KB"}})
    with EventStream(gateway.port, receive_buffer=4096), EventStream(gateway.port) as reader:
        members(gateway, 2)
        text, sent = "x" * 20_000, 0
        while gateway.metric("gatehouse_slow_consumers_closed_total") == 0 and sent < 2_000:
            news(gateway, sent, text)
            assert reader.event() == ["news", sent, text]
            sent += 1
        assert gateway.metric("gatehouse_slow_consumers_closed_total") == 1
        members(gateway, 1)
        news(gateway, "after")
        assert reader.event() == ["news", "after"]
    eventually(lambda: gateway.metric("gatehouse_disconnects_total", namespace="/", reason="slow") == 1, what="the reason")


def test_streams_end_when_the_gateway_stops(launch):
    gateway = launch(config() | {"drain": {"delay": "0s", "window": "200ms", "hardStop": "8s"}})
    streams = [EventStream(gateway.port) for _ in range(5)]
    members(gateway, 5)
    gateway.stop()
    for stream in streams:
        assert stream.wait_ended() == []
        stream.close()
    gateway.ended_on_purpose = True


def test_sessions_have_a_limit(launch):
    gateway = launch(config() | {"limits": {"maxConnections": 2}})
    with EventStream(gateway.port), EventStream(gateway.port):
        with pytest.raises((HandshakeRefused, EOFError, ConnectionError)) as error:
            EventStream(gateway.port)
        if isinstance(error.value, HandshakeRefused):
            assert error.value.reply.status == 503
    eventually(lambda: gateway.metric("gatehouse_sessions", endpoint="events", transport="sse") == 0, what="room")
    eventually(lambda: opens(gateway), what="a stream")


def opens(gateway):
    try:
        EventStream(gateway.port).close()
        return True
    except (HandshakeRefused, EOFError, ConnectionError):
        return False


# Coming back


def test_events_that_are_kept_have_an_id(keeping):
    with EventStream(keeping.port) as stream:
        assert OFFSET.fullmatch(stream.last_id)
        members(keeping, 1)
        ids = [stream.last_id]
        for number in range(3):
            news(keeping, number)
            assert stream.event() == ["news", number]
            ids.append(stream.last_id)
        assert len(set(ids)) == 4 and len({one.split(".")[0] for one in ids}) == 1
        news(keeping, "fleeting", volatile=True)
        assert stream.event() == ["news", "fleeting"] and stream.last_id == ids[-1]
    members(keeping, 0)


@pytest.mark.parametrize("way", ["header", "query"])
def test_a_client_that_comes_back_gets_what_it_missed_once_and_in_order(keeping, way):
    with EventStream(keeping.port) as stream:
        members(keeping, 1)
        news(keeping, "seen")
        assert stream.event() == ["news", "seen"]
        last = stream.last_id
    members(keeping, 0)
    for number in range(5):
        news(keeping, number)
        keeping.emit(event="elsewhere", to={"rooms": ["other"]}, args=[number])
        keeping.emit(event="everybody", to={"all": True}, args=[number])
    options = {"last": last} if way == "header" else {"path": f"/events?lastEventId={last}"}
    with EventStream(keeping.port, **options) as back:
        members(keeping, 1)
        news(keeping, "live")
        expected = [[name, number] for number in range(5) for name in ("news", "everybody")]
        assert [back.event() for _ in range(11)] == [*expected, ["news", "live"]]
    members(keeping, 0)


def test_a_client_that_left_before_its_first_event_misses_nothing(keeping):
    with EventStream(keeping.port) as stream:
        members(keeping, 1)
        last = stream.last_id
    members(keeping, 0)
    news(keeping, "meanwhile")
    with EventStream(keeping.port, last=last) as back:
        assert back.event() == ["news", "meanwhile"]
    members(keeping, 0)


def test_nothing_is_lost_or_doubled_while_clients_come_and_go(keeping):
    seen, last = [], None
    for number in range(200):
        if number % 10 == 0:
            stream = EventStream(keeping.port, last=last)
            members(keeping, 1)
        if number % 10 == 5:
            # Some of what was sent is not read: it is sent again.
            for _ in range(3):
                seen.append(stream.event()[1])
            last = stream.last_id
            stream.close()
            members(keeping, 0)
        news(keeping, number)
    with EventStream(keeping.port, last=last) as stream:
        while not seen or seen[-1] != 199:
            seen.append(stream.event()[1])
    assert seen == list(range(200))
    members(keeping, 0)


@pytest.mark.parametrize("claim", ["nonsense", "0000000000.1", "future", "x" * 500])
def test_a_hole_is_told(keeping, claim):
    with EventStream(keeping.port) as stream:
        last = stream.last_id
    members(keeping, 0)
    if claim == "future":
        claim = last.split(".")[0] + ".zzzzzzz"
    with EventStream(keeping.port, last=claim) as back:
        assert back.event() == ["reset"]
        # From here it can go on.
        assert OFFSET.fullmatch(back.last_id) and back.last_id.split(".")[0] == last.split(".")[0]
        members(keeping, 1)
        news(keeping, "new")
        assert back.event() == ["news", "new"]
    members(keeping, 0)


def test_what_the_log_does_not_reach_is_a_hole(launch):
    gateway = launch(config(sse=RECOVERY, websocket=RECOVERY | {"rooms": ["news"]}) | {"history": {"maxMessages": 5}})
    with EventStream(gateway.port) as stream, JSONSocket(gateway.port) as plain:
        members(gateway, 2)
        news(gateway, "seen")
        assert stream.event() == ["news", "seen"]
        offset = plain.message()["offset"]
        assert stream.last_id == offset
    for number in range(10):
        news(gateway, number)
    with EventStream(gateway.port, last=offset) as stream, JSONSocket(gateway.port, f"/ws?offset={offset}") as plain:
        assert stream.event() == ["reset"]
        assert plain.message() == {"recovered": False}


def test_without_a_log_a_client_that_comes_back_is_told(gateway):
    with EventStream(gateway.port, last="0000000000.1") as stream:
        assert stream.event() == ["reset"]
    members(gateway, 0)


def test_a_json_websocket_comes_back_by_its_offset(keeping):
    with JSONSocket(keeping.port) as client:
        assert client.ask("ask", "in?") == ["in?"]
        news(keeping, "seen")
        offset = client.message()["offset"]
    members(keeping, 0)
    for number in range(3):
        news(keeping, number)
    with JSONSocket(keeping.port, f"/ws?offset={offset}") as back:
        assert back.message() == {"recovered": True}
        assert [back.event() for _ in range(3)] == [["news", 0], ["news", 1], ["news", 2]]
        news(keeping, "live")
        assert back.event() == ["news", "live"]
        back.assert_responsive()
    members(keeping, 0)


def test_what_was_for_a_user_is_not_given_to_another(launch):
    auth = {"auth": {"jwt": {"secret": SECRET, "algorithms": ["HS256"]}, "rooms": ["user:{user}"]}}
    gateway = launch(config(sse=RECOVERY | auth))
    headers = {user: {"Authorization": "Bearer " + jwt.encode({"sub": user, "exp": time.time() + 60}, SECRET, "HS256")}
               for user in ("u1", "u2")}
    with EventStream(gateway.port, headers=headers["u1"]) as stream:
        last = stream.last_id
    members(gateway, 0)
    gateway.emit(event="a", to={"users": ["u1"]}, args=[])
    gateway.emit(event="b", to={"rooms": ["user:u1"]}, args=[])
    gateway.emit(event="c", to={"users": ["u2"]}, args=[])
    with EventStream(gateway.port, headers=headers["u2"], last=last) as stream:
        assert stream.event() == ["c"]
    with EventStream(gateway.port, headers=headers["u1"], last=last) as stream:
        assert [stream.event(), stream.event()] == [["a"], ["b"]]


# A real browser


@pytest.fixture
def browser(tmp_path):
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "/usr/bin/chromium"
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", f"--user-data-dir={tmp_path / 'chromium'}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver") or "/usr/bin/chromedriver"))
    driver.set_page_load_timeout(30)
    yield driver
    driver.quit()


PAGE = """<!doctype html><title>events</title><script>
const got = [], states = [];
const source = new EventSource("/events");
source.onopen = () => states.push("open");
source.onerror = () => states.push(source.readyState === EventSource.CLOSED ? "closed" : "connecting");
for (const name of ["news", "reset", "disconnect"])
  source.addEventListener(name, (event) => got.push([name, ...JSON.parse(event.data)]));
</script>"""


@pytest.mark.timeout(120)
def test_EventSource_in_a_browser_comes_back_by_itself_and_stays_away_when_told(launch, browser, tmp_path):
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "index.html").write_text(PAGE)
    document = config(sse=RECOVERY)
    document["endpoints"].append({"path": "/", "protocol": "static", "directory": str(tmp_path / "page")})
    gateway = launch(document)

    def has(expression, value, seconds=30):
        WebDriverWait(browser, seconds, 0.05).until(
            lambda _: json.loads(browser.execute_script(f"return JSON.stringify({expression})")) == value,
            f"{expression} == {value}")

    browser.get(f"http://127.0.0.1:{gateway.port}/")
    has("states", ["open"])
    members(gateway, 1)
    news(gateway, "grüße", {"n": 1})
    has("got", [["news", "grüße", {"n": 1}]])
    gateway.admin("POST", "/v1/actions", [{"do": "kick", "target": {"rooms": ["news"]}}])
    news(gateway, "while it is away")
    has("states", ["open", "connecting", "open"])
    has("got", [["news", "grüße", {"n": 1}], ["news", "while it is away"]])
    members(gateway, 1)
    gateway.admin("POST", "/v1/actions", [{"do": "disconnect", "target": {"rooms": ["news"]}}])
    has("states", ["open", "connecting", "open", "connecting", "closed"])
    has("got.at(-1)", ["disconnect"])
