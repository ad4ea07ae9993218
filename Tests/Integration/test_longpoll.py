"""Plain long-polling: one document of events for each request, and nothing lost between two of them."""

import http.client
import re
import socket
import threading
import time

import jwt
import pytest

from gateway import eventually, request
from plain import EventStream, LongPoll, config
from wire import HandshakeRefused

SECRET = "a secret of at least thirty-two bytes"
SESSION = re.compile(r"[\w-]{24}\.0")
RECOVERY = {"connectionStateRecovery": {}}
STRANGER = "A" * 24


@pytest.fixture(scope="module")
def gateway(launch_for_module):
    return launch_for_module(config())


@pytest.fixture(scope="module")
def keeping(launch_for_module):
    """One that keeps what its clients may have missed."""
    return launch_for_module(config(longpoll=RECOVERY | {"pollTimeout": "1s"}))


def news(gateway, *args, event="news", **options):
    return gateway.emit(event=event, to={"rooms": ["news"]}, args=list(args), **options)["recipients"]


def members(gateway, count, room="news"):
    found = lambda: gateway.admin("GET", f"/v1/rooms/{room}").json().get("sockets", 0)
    eventually(lambda: found() == count, seconds=10, what=f"{count} members of {room}")


def sessions(gateway):
    return gateway.metric("gatehouse_sessions", endpoint="poll", transport="polling")


def events(document):
    return [[one["event"], *one["args"]] for one in document["events"]]


def refused(gateway, target="/poll", method="GET", body=None, headers=None):
    answer = request(gateway.port, method, target, body, headers)
    assert answer.status >= 400, answer
    return answer


@pytest.fixture(autouse=True)
def nobody_is_left(request):
    """A test of the shared gateways leaves an empty room behind."""
    yield
    for name in {"gateway", "keeping"} & set(request.fixturenames):
        gateway = request.getfixturevalue(name)
        gateway.admin("POST", "/v1/actions", [{"do": "kick", "target": {"rooms": ["news"]}}])
        members(gateway, 0)


# The wire


def test_a_session_begins_with_an_answer_at_once_and_each_request_gets_one(gateway):
    with LongPoll(gateway.port) as client:
        assert list(client.first) == ["cursor", "events"] and client.first["events"] == []
        assert SESSION.fullmatch(client.cursor)
        members(gateway, 1)
        client.ask()
        assert news(gateway, "hi", {"n": 1}) == 1
        reply = client.answer()
        assert reply.headers["content-type"] == "application/json" and reply.headers["cache-control"] == "no-store"
        assert client.take(reply)["events"] == [{"event": "news", "args": ["hi", {"n": 1}]}]
        assert client.cursor.endswith(".1")
        for number in range(3):
            news(gateway, number)
        assert events(client.fetch()) == [["news", 0], ["news", 1], ["news", 2]]
        assert client.fetch(wait="0s")["events"] == []


@pytest.mark.parametrize("wait, least, most", [("300ms", 0.28, 5), ("1s", 0.98, 6), ("0s", 0, 2)])
def test_a_request_waits_as_long_as_it_asks(gateway, wait, least, most):
    with LongPoll(gateway.port) as client:
        began = time.monotonic()
        before = client.cursor
        assert client.fetch(wait=wait) == {"cursor": before, "events": []}
        assert least <= time.monotonic() - began < most


def test_no_request_waits_longer_than_the_endpoint_lets_it(launch):
    gateway = launch(config(longpoll={"maxWait": "200ms"}))
    with LongPoll(gateway.port) as client:
        began = time.monotonic()
        assert client.fetch(wait="60s")["events"] == [] and client.fetch()["events"] == []
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("query", [
    "wait=25", "wait=x", "wait=-1s", "wait=1h", "wait=99999999999s", "wait=1s&wait=1s",
    f"cursor={STRANGER}.0&cursor={STRANGER}.0",
    "cursor=x", f"cursor={STRANGER}", f"cursor={STRANGER}.", f"cursor={STRANGER}.-1", f"cursor={STRANGER}.00",
    f"cursor={STRANGER}.A", f"cursor={STRANGER[1:]}.0", f"cursor={STRANGER}.0.", f"cursor={STRANGER}.disconnected.x",
    f"cursor={STRANGER}.zzzzzzzzzzzzz", "cursor=" + "x" * 1_000, "cursor=%ff%fe.0",
])
def test_what_no_answer_has_said_is_refused_before_anything_is_begun(gateway, query):
    before = sessions(gateway)
    answer = refused(gateway, "/poll?" + query)
    assert answer.status == 400 and list(answer.json()) == ["message"]
    assert sessions(gateway) == before


def test_other_methods_and_paths_are_refused(gateway):
    for method in ("PUT", "DELETE", "HEAD", "OPTIONS"):
        answer = request(gateway.port, method, "/poll")
        assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")
    assert request(gateway.port, "GET", "/poll/below").status == 404


def test_many_clients_get_the_same_events_in_order(gateway):
    clients = [LongPoll(gateway.port) for _ in range(10)]
    members(gateway, 10)
    for client in clients:
        client.ask()
    for number in range(50):
        assert news(gateway, number) == 10
    for client in clients:
        seen = events(client.take(client.answer()))
        while len(seen) < 50:
            seen += events(client.fetch())
        assert seen == [["news", number] for number in range(50)]
        client.close()


def test_a_request_may_come_on_any_connection(gateway):
    before = sessions(gateway)
    with LongPoll(gateway.port) as client:
        members(gateway, 1)
        for number in range(16):
            with LongPoll(gateway.port, cursor=client.cursor, begin=False) as other:
                other.ask()
                news(gateway, number)
                assert events(other.take(other.answer())) == [["news", number]]
                assert other.post({"event": "ask", "args": [number], "ack": number}).status == 204
                assert other.fetch()["events"] == [{"ack": number, "args": [number]}]
                client.cursor = other.cursor
        members(gateway, 1)
        assert sessions(gateway) == before + 1


# Nothing is lost


def test_E15_an_answer_that_was_lost_is_given_again_until_it_is_confirmed(gateway):
    with LongPoll(gateway.port) as client:
        start = client.cursor
        members(gateway, 1)
        for number in range(3):
            news(gateway, number)
        first = client.fetch()
        # The same request again, as often as it takes: the same events, and what has come since.
        assert client.fetch(cursor=start) == first
        news(gateway, 3)
        again = client.fetch(cursor=start)
        assert events(again) == [["news", number] for number in range(4)]
        # The cursor of the first answer confirms three of them, and gives the rest.
        assert events(client.fetch(cursor=first["cursor"])) == [["news", 3]]
        # Now they are gone: who asks with the older cursor is too late, and does no harm.
        for late in (start, start):
            assert refused(gateway, f"/poll?cursor={late}").status == 409
        assert client.fetch(cursor=again["cursor"], wait="0s")["events"] == []


def test_an_answer_to_a_connection_that_is_gone_is_not_lost(gateway):
    with LongPoll(gateway.port) as client:
        members(gateway, 1)
        for number in range(20):
            ask = f"GET /poll?cursor={client.cursor} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
            with socket.create_connection(("127.0.0.1", gateway.port)) as doomed:
                doomed.sendall(ask)
                if number % 2:
                    # Closed with the answer on its way, or before it was made.
                    news(gateway, number)
            if number % 2 == 0:
                news(gateway, number)
            assert client.event() == ["news", number]


def test_a_cursor_of_the_future_is_refused(gateway):
    with LongPoll(gateway.port) as client:
        session = client.cursor.split(".")[0]
        for count in ("1", "zz", "zzzzzzzzzzz"):
            assert refused(gateway, f"/poll?cursor={session}.{count}").status == 400
        news(gateway, "still there")
        assert client.event() == ["news", "still there"]


def test_of_two_requests_at_once_the_newer_one_is_served(gateway):
    with LongPoll(gateway.port) as client, LongPoll(gateway.port, cursor=client.cursor, begin=False) as twin:
        client.ask()
        # It is served with certainty only when the second one comes after it.
        eventually(lambda: waits(gateway, client), what="the first request")
        twin.ask()
        reply = client.answer()
        assert (reply.status, list(reply.json())) == (409, ["message"])
        news(gateway, "for the newer one")
        assert events(twin.take(twin.answer())) == [["news", "for the newer one"]]
        # It has harmed nothing: the older one goes on where it was.
        assert events(client.fetch()) == [["news", "for the newer one"]]


def waits(gateway, client):
    """The gateway has taken the request that was sent: nothing of it is in the socket's buffer any more."""
    port = client.getter.sock.getsockname()[1]
    with open("/proc/net/tcp") as table:
        for line in list(table)[1:]:
            fields = line.split()
            local, remote = (int(one.split(":")[1], 16) for one in fields[1:3])
            if (local, remote) == (gateway.port, port):
                return fields[4].split(":")[1] == "00000000"
    return False


def test_a_session_that_nobody_polls_ends(launch):
    gateway = launch(config(longpoll={"pollTimeout": "1s"}))
    with LongPoll(gateway.port) as client:
        members(gateway, 1)
        # As long as a request waits, somebody is there.
        assert client.fetch(wait="2s")["events"] == []
        members(gateway, 1)
        members(gateway, 0)
        assert gateway.metric("gatehouse_disconnects_total", namespace="/", reason="pingTimeout") == 1
        eventually(lambda: sessions(gateway) == 0, what="its end")
        # Nothing was kept here, and it is told so.
        document = client.fetch()
        assert list(document) == ["cursor", "recovered", "events"]
        assert document["recovered"] is False and document["events"] == []
        members(gateway, 1)


def test_a_request_whose_connection_goes_counts_no_more(launch):
    gateway = launch(config(longpoll={"pollTimeout": "1s"}))
    with LongPoll(gateway.port) as client:
        members(gateway, 1)
        client.ask(wait="25s")
    members(gateway, 0)


def test_R1_what_nobody_fetches_is_bounded(launch):
    gateway = launch(config() | {"limits": {"outputSoft": "32KB", "outputHard": "128KB"}})
    with LongPoll(gateway.port) as client, LongPoll(gateway.port) as reader:
        members(gateway, 2)
        text, sent = "x" * 10_000, 0
        while gateway.metric("gatehouse_slow_consumers_closed_total") == 0 and sent < 100:
            news(gateway, sent, text)
            assert reader.event() == ["news", sent, text]
            sent += 1
        assert 10 <= sent <= 14
        members(gateway, 1)
        assert gateway.metric("gatehouse_disconnects_total", namespace="/", reason="slow") == 1
        assert client.fetch()["recovered"] is False
        news(gateway, "after")
        assert reader.event() == ["news", "after"]


def test_R1_what_is_fetched_and_never_confirmed_is_bounded_too(launch):
    gateway = launch(config() | {"limits": {"outputSoft": "32KB", "outputHard": "128KB"}})
    with LongPoll(gateway.port) as client:
        members(gateway, 1)
        start, text, sent = client.cursor, "x" * 10_000, 0
        while gateway.metric("gatehouse_slow_consumers_closed_total") == 0 and sent < 100:
            news(gateway, sent, text)
            sent += 1
            client.fetch(cursor=start)
        assert 10 <= sent <= 16


def test_one_event_may_be_larger_than_the_bound(launch):
    gateway = launch(config() | {"limits": {"outputSoft": "32KB", "outputHard": "64KB"}})
    with LongPoll(gateway.port) as client:
        members(gateway, 1)
        for number in range(4):
            news(gateway, number, "x" * 200_000)
            document = client.fetch()
            assert events(document) == [["news", number, "x" * 200_000]]
            news(gateway, "a small one")
            assert client.event() == ["news", "a small one"]


def test_volatile_events_are_dropped_for_who_is_behind(launch):
    gateway = launch(config() | {"limits": {"outputSoft": "32KB", "outputHard": "128KB"}})
    with LongPoll(gateway.port) as client:
        members(gateway, 1)
        for number in range(8):
            news(gateway, number, "x" * 10_000, volatile=True)
        assert 3 <= len(client.fetch()["events"]) <= 4
        assert gateway.metric("gatehouse_output_dropped_total", reason="volatile") >= 4


# What it says


def test_events_are_posted_and_acknowledged_in_order(gateway):
    with LongPoll(gateway.port) as client:
        assert client.question("ask", "wörds", {"n": [1]}) == ["wörds", {"n": [1]}]
        client.emit("echo", 1, "two")
        assert client.event() == ["echo", 1, "two"]
        assert client.question("join", "mixed") == [{"ok": True}]
        members(gateway, 1, "mixed")
        # What an event sets off comes before its ack.
        client.emit("say", "mixed", "x", ack=1)
        client.emit("ask", "y", ack=2)
        seen = []
        while len(seen) < 2:
            seen += client.fetch()["events"]
        assert seen == [{"event": "said", "args": ["mixed", "x"]}, {"ack": 2, "args": ["y"]}]
        assert client.question("leave", "mixed") == [{"ok": True}]
        members(gateway, 0, "mixed")


def test_a_question_of_the_gateway_is_answered_by_a_post(gateway):
    with LongPoll(gateway.port) as client, EventStream(gateway.port):
        members(gateway, 2)
        answers = []
        asking = threading.Thread(target=lambda: answers.append(gateway.admin(
            "POST", "/v1/request", {"event": "ready?", "to": {"rooms": ["news"]}, "args": [1], "timeout": "10s"})))
        asking.start()
        message = client.message()
        assert (message["event"], message["args"]) == ("ready?", [1])
        assert client.post({"ack": message["ack"], "args": ["yes"]}).status == 204
        asking.join()
        (answer,) = answers[0].json()["responses"]
        assert answer["args"] == ["yes"]


@pytest.mark.parametrize("body", [
    "", "nonsense", "[]", "{}", '"x"', '{"event":1}', '{"event":"a","args":{}}', '{"event":"a","ack":-1}', '{"ack":"x"}',
    '{"event":"a"}}', "\xff", "[" * 100_000, '{"event":""}',
])
def test_a_message_that_is_none_is_refused_without_harm(gateway, body):
    with LongPoll(gateway.port) as client:
        answer = client.post(body.encode("latin-1"))
        assert answer.status == 400 and list(answer.json()) == ["message"]
        assert client.question("ask", "still there") == ["still there"]


def test_a_post_needs_a_session(gateway):
    body = '{"event":"ask","args":[],"ack":1}'
    for target, status in [("/poll", 404), (f"/poll?cursor={STRANGER}.0", 404), ("/poll?cursor=x", 400),
                           (f"/poll?cursor={STRANGER}.disconnected", 410)]:
        assert refused(gateway, target, "POST", body).status == status, target


def test_a_message_may_be_so_large(launch):
    gateway = launch(config(longpoll={"maxMessageSize": "20KB"}))
    with LongPoll(gateway.port) as client:
        assert client.question("ask", "x" * 19_000) == ["x" * 19_000]
        assert client.post({"event": "ask", "args": ["x" * 21_000]}).status == 413
        assert client.question("ask", "still there") == ["still there"]
        # A GET has none.
        assert request(gateway.port, "GET", f"/poll?cursor={client.cursor}", "x").status == 413


def test_who_posts_too_much_is_held_back_and_then_put_out(launch):
    gateway = launch(config() | {"limits": {"messagesPerSocket": "1/m"}})
    with LongPoll(gateway.port) as client:
        statuses, began = [], time.monotonic()
        while 429 not in statuses and time.monotonic() - began < 60:
            statuses.append(client.post({"event": "nobody listens"}).status)
        assert set(statuses) == {204, 429}
        # Ten at once, then one every 100 ms, because it is slowed down before it is put out.
        assert len(statuses) <= 11 + (time.monotonic() - began) * 10
        eventually(lambda: sessions(gateway) == 0, seconds=15, what="its end")


def test_a_post_waits_while_a_backend_is_behind(launch, backend):
    release = threading.Event()

    def answer(call):
        release.wait(20)
        return {"ack": ["done"]}

    backend.answer = answer
    routes = [{"match": {"event": "work"}, "handler": "app"}]
    gateway = launch(config(routes) | {"handlers": {"app": backend.handler()}})
    with LongPoll(gateway.port) as client:
        for number in range(63):
            client.emit("work", number, ack=number)
        held = []
        last = threading.Thread(target=lambda: held.append(client.post({"event": "work", "args": [63], "ack": 63})))
        last.start()
        # Another one meanwhile is not taken.
        with LongPoll(gateway.port, cursor=client.cursor, begin=False) as hasty:
            busy = lambda: hasty.post({"event": "nobody listens"}).status == 429
            eventually(busy, seconds=10, what="a refusal")
        assert not held
        release.set()
        last.join()
        assert held[0].status == 204
        acks = [client.message(20)["ack"] for _ in range(64)]
        assert acks == list(range(64))


# Who may come in


def test_A1_a_page_of_another_origin_is_refused_and_one_that_may_is_told(launch):
    gateway = launch(config(longpoll={"cors": {"origin": "https://app.example.com", "credentials": True}}))
    evil, own = {"Origin": "https://evil.example"}, {"Origin": "https://app.example.com"}
    assert refused(gateway, headers=evil).status == 403
    with LongPoll(gateway.port, headers=own) as client:
        client.ask(wait="0s")
        reply = client.answer()
        assert reply.headers["access-control-allow-origin"] == "https://app.example.com"
        assert reply.headers["access-control-allow-credentials"] == "true"
        posted = client.post({"event": "ask"})
        assert posted.status == 204 and posted.headers["access-control-allow-origin"] == "https://app.example.com"
        # A cursor opens nothing to another page.
        assert refused(gateway, f"/poll?cursor={client.cursor}", headers=evil).status == 403
        assert refused(gateway, f"/poll?cursor={client.cursor}", "POST", '{"event":"ask"}', evil).status == 403
    preflight = request(gateway.port, "OPTIONS", "/poll", headers=own | {
        "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"})
    assert preflight.status == 204 and "POST" in preflight.headers["access-control-allow-methods"]


def token(user, seconds=60):
    return jwt.encode({"sub": user, "exp": int(time.time()) + seconds}, SECRET, "HS256")


def test_a_token_says_who_somebody_is(launch):
    auth = {"jwt": {"secret": SECRET, "algorithms": ["HS256"], "cookie": "session", "query": "token"},
            "rooms": ["user:{user}"]}
    gateway = launch(config(longpoll={"auth": auth}))
    mine = token("u1")
    for path, headers in [("/poll", {"Authorization": f"Bearer {mine}"}), ("/poll", {"Cookie": f"session={mine}"}),
                          (f"/poll?token={mine}", {})]:
        with LongPoll(gateway.port, path, headers) as client:
            members(gateway, 1, "user:u1")
            gateway.emit(event="for you", to={"users": ["u1"]}, args=[])
            assert client.event() == ["for you"]
            gateway.admin("POST", "/v1/actions", [{"do": "kick", "target": {"rooms": ["news"]}}])
        members(gateway, 0, "user:u1")
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        answer = refused(gateway, headers=headers)
        assert answer.status == 401 and answer.headers["www-authenticate"] == "Bearer"


def test_A4_a_session_ends_with_its_token(launch):
    gateway = launch(config(longpoll={"auth": {"jwt": {"secret": SECRET, "algorithms": ["HS256"]}}}))
    with LongPoll(gateway.port, headers={"Authorization": f"Bearer {token('u1', 2)}"}) as client:
        assert client.fetch()["events"] == []
        eventually(lambda: gateway.metric("gatehouse_disconnects_total", namespace="/", reason="tokenExpired") == 1,
                   what="the reason")
        eventually(lambda: sessions(gateway) == 0, what="its end")


def test_the_backend_decides_who_comes_in_and_hears_who_leaves(launch, backend):
    def answer(call):
        if call.event["type"] == "socket.disconnected":
            return None
        if call.event["query"].get("user") is None:
            return {"accept": False, "error": {"message": "who are you?"}}
        assert set(call.event["query"]) == {"user"}
        return {"accept": True, "user": call.event["query"]["user"], "rooms": ["vip"], "actions": [
            {"do": "emit", "event": "welcome", "args": ["you"]}]}

    backend.answer = answer
    routes = [{"match": {"type": "socket.connect"}, "handler": "app"},
              {"match": {"type": "socket.disconnected"}, "handler": "app"}]
    gateway = launch(config(routes, longpoll={"pollTimeout": "1s"}) | {"handlers": {"app": backend.handler()}})
    answer = refused(gateway)
    assert (answer.status, answer.json()) == (403, {"message": "who are you?"})
    with LongPoll(gateway.port, "/poll?user=ann") as client:
        assert (client.first["events"] or client.fetch()["events"]) == [{"event": "welcome", "args": ["you"]}]
        members(gateway, 1, "vip")
    calls = [backend.next().event for _ in range(3)]
    assert (calls[-1]["type"], calls[-1]["reason"]) == ("socket.disconnected", "pingTimeout")
    assert (calls[-1]["socket"]["protocol"], calls[-1]["socket"]["transport"]) == ("longpoll", "polling")


def test_a_client_is_listed_and_counted(gateway):
    before = sessions(gateway)
    with LongPoll(gateway.port) as client:
        members(gateway, 1)
        (listed,) = gateway.admin("GET", "/v1/sockets?room=news").json()["sockets"]
        about = gateway.admin("GET", f"/v1/sockets/{listed['id']}").json()
        assert (about["protocol"], about["transport"]) == ("longpoll", "polling")
        assert client.cursor.split(".")[0] not in str(about)
        assert sessions(gateway) == before + 1


def test_sessions_have_a_limit(launch):
    gateway = launch(config(longpoll={"pollTimeout": "1s"}) | {"limits": {"maxConnections": 3}})
    with LongPoll(gateway.port), LongPoll(gateway.port):
        def refusal():
            try:
                LongPoll(gateway.port).close()
            except HandshakeRefused as error:
                return error.reply.status == 503
            except (ConnectionError, http.client.HTTPException):
                return True
            return False
        eventually(refusal, what="a refusal")
    eventually(lambda: sessions(gateway) == 0, what="room")
    eventually(lambda: not refusal(), what="a session")


# The end


def test_disconnect_is_for_good_and_what_was_said_before_arrives(gateway):
    put_out = [{"do": "emit", "event": "last words", "args": [], "to": {"rooms": ["news"]}},
               {"do": "disconnect", "target": {"rooms": ["news"]}}]
    before = sessions(gateway)
    with LongPoll(gateway.port) as client:
        start = client.cursor
        members(gateway, 1)
        assert gateway.admin("POST", "/v1/actions", put_out).status == 200
        members(gateway, 0)
        assert refused(gateway, f"/poll?cursor={start}", "POST", '{"event":"ask"}').status == 410
        for _ in range(2):
            # Until it says that it knows.
            document = client.fetch(cursor=start)
            assert list(document) == ["cursor", "disconnected", "events"] and document["disconnected"] is True
            assert document["events"] == [{"event": "last words", "args": []}]
        assert client.cursor == start.split(".")[0] + ".disconnected"
        for _ in range(2):
            assert refused(gateway, f"/poll?cursor={client.cursor}").status == 410
        eventually(lambda: sessions(gateway) == before, what="its end")


def test_disconnect_answers_the_request_that_waits(gateway):
    with LongPoll(gateway.port) as client:
        members(gateway, 1)
        client.ask()
        eventually(lambda: waits(gateway, client), what="its request")
        gateway.admin("POST", "/v1/actions", [{"do": "disconnect", "target": {"rooms": ["news"]}}])
        document = client.take(client.answer())
        assert document["disconnected"] is True and document["events"] == []
        assert refused(gateway, f"/poll?cursor={client.cursor}").status == 410


def test_who_is_kicked_comes_back_with_what_it_was_told_before(gateway):
    with LongPoll(gateway.port) as client:
        members(gateway, 1)
        news(gateway, "before")
        gateway.admin("POST", "/v1/actions", [{"do": "kick", "target": {"rooms": ["news"]}}])
        members(gateway, 0)
        document = client.fetch()
        assert events(document) == [["news", "before"]] and "disconnected" not in document
        assert client.fetch()["recovered"] is False
        members(gateway, 1)
        client.ask()
        eventually(lambda: waits(gateway, client), what="its request")
        gateway.admin("POST", "/v1/actions", [{"do": "kick", "target": {"rooms": ["news"]}}])
        assert client.take(client.answer())["events"] == []


def test_P1_requests_are_answered_when_the_gateway_stops(launch):
    gateway = launch(config() | {"drain": {"delay": "0s", "window": "200ms", "hardStop": "8s"}})
    clients = [LongPoll(gateway.port) for _ in range(5)]
    members(gateway, 5)
    for client in clients:
        client.ask()
    eventually(lambda: all(waits(gateway, client) for client in clients), what="their requests")
    gateway.stop()
    for client in clients:
        document = client.take(client.answer())
        assert document["events"] == [] and "disconnected" not in document
        client.close()
    gateway.ended_on_purpose = True


# Coming back to a new session


def leave(gateway, client):
    client.close()
    members(gateway, 0)


def test_who_was_away_too_long_gets_what_it_missed_once_and_in_order(keeping):
    with LongPoll(keeping.port) as client:
        members(keeping, 1)
        news(keeping, "seen")
        assert client.event() == ["news", "seen"]
        leave(keeping, client)
    for number in range(5):
        news(keeping, number)
        keeping.emit(event="elsewhere", to={"rooms": ["other"]}, args=[number])
        keeping.emit(event="everybody", to={"all": True}, args=[number])
    with LongPoll(keeping.port, cursor=client.cursor) as back:
        assert back.first["recovered"] is True
        assert events(back.first) == [[name, n] for n in range(5) for name in ("news", "everybody")]
        assert all("offset" in one for one in back.first["events"])
        news(keeping, "live")
        document = back.fetch()
        assert events(document) == [["news", "live"]] and "recovered" not in document


def test_an_answer_lost_with_its_session_is_not_lost(keeping):
    with LongPoll(keeping.port) as client:
        start = client.cursor
        members(keeping, 1)
        news(keeping, 1)
        assert client.event() == ["news", 1]
        leave(keeping, client)
    for _ in range(2):
        # Of the first answer nothing has arrived, so the older cursor comes again.
        with LongPoll(keeping.port, cursor=start) as back:
            assert back.first["recovered"] is True and events(back.first) == [["news", 1]]
            leave(keeping, back)


def test_who_hears_nothing_does_not_fall_out_of_the_log(launch):
    gateway = launch(config(longpoll=RECOVERY | {"pollTimeout": "1s"}) | {"history": {"maxMessages": 5}})
    with LongPoll(gateway.port) as client:
        members(gateway, 1)
        for number in range(20):
            gateway.emit(event="elsewhere", to={"rooms": ["other"]}, args=[number])
        assert client.fetch(wait="100ms")["events"] == []
        leave(gateway, client)
    news(gateway, "missed")
    with LongPoll(gateway.port, cursor=client.cursor) as back:
        assert back.first["recovered"] is True and events(back.first) == [["news", "missed"]]


def test_a_hole_is_told(launch):
    gateway = launch(config(longpoll=RECOVERY | {"pollTimeout": "1s"}) | {"history": {"maxMessages": 5}})
    with LongPoll(gateway.port) as client:
        members(gateway, 1)
        leave(gateway, client)
    session, _, offset = client.cursor.split(".", 2)
    for number in range(10):
        news(gateway, number)
    epoch = offset.split(".")[0]
    for cursor in (client.cursor, f"{STRANGER}.0.{epoch}.zzzzzzz", f"{STRANGER}.0.0000000000.1", f"{STRANGER}.5",
                   f"{STRANGER}.0.nonsense"):
        with LongPoll(gateway.port, cursor=cursor) as back:
            assert back.first["recovered"] is False and back.first["events"] == []
            # From here it can go on.
            assert back.cursor.split(".", 2)[2].split(".")[0] == epoch
    news(gateway, "new")


def test_nothing_is_lost_or_doubled_while_a_client_comes_and_goes(keeping):
    seen, cursor = [], None
    for number in range(30):
        if number % 10 == 0:
            client = LongPoll(keeping.port, cursor=cursor)
            seen += events(client.first)
            members(keeping, 1)
        if number % 10 == 5:
            # Some of what was sent is not read: it is sent again.
            seen.append(client.event())
            cursor, client.waiting = client.cursor, []
            leave(keeping, client)
            seen = seen[:1 + max(seen.index(one) for one in seen)]
        news(keeping, number)
    with LongPoll(keeping.port, cursor=cursor) as client:
        assert client.first["recovered"] is True
    numbers = [one[1] for one in seen]
    assert numbers == sorted(set(numbers))


def test_P2_a_planned_restart_loses_nothing(launch, tmp_path):
    gateway = launch(config(longpoll=RECOVERY) | {"history": {"checkpoint": str(tmp_path / "log.bin")}})
    with LongPoll(gateway.port) as client, LongPoll(gateway.port) as quiet:
        members(gateway, 2)
        news(gateway, "seen")
        assert client.event() == ["news", "seen"]
        news(gateway, "not fetched")
        gateway.restart()
        for one, expected in [(client, ["not fetched"]), (quiet, ["seen", "not fetched"])]:
            one.close()
            document = one.fetch()
            assert document["recovered"] is True
            assert [event[1] for event in events(document)] == expected
        news(gateway, "live")
        assert client.event() == ["news", "live"] and quiet.event() == ["news", "live"]


def test_what_was_for_a_user_is_not_given_to_another(launch):
    auth = {"auth": {"jwt": {"secret": SECRET, "algorithms": ["HS256"]}, "rooms": ["user:{user}"]}}
    gateway = launch(config(longpoll=RECOVERY | auth | {"pollTimeout": "1s"}))
    headers = {user: {"Authorization": f"Bearer {token(user)}"} for user in ("u1", "u2")}
    with LongPoll(gateway.port, headers=headers["u1"]) as client:
        leave(gateway, client)
    gateway.emit(event="a", to={"users": ["u1"]}, args=[])
    gateway.emit(event="b", to={"rooms": ["user:u1"]}, args=[])
    gateway.emit(event="c", to={"users": ["u2"]}, args=[])
    with LongPoll(gateway.port, headers=headers["u2"], cursor=client.cursor) as other:
        assert events(other.first) == [["c"]]
    with LongPoll(gateway.port, headers=headers["u1"], cursor=client.cursor) as owner:
        assert events(owner.first) == [["a"], ["b"]]
    # A6: who may not come in any more gets nothing of it.
    assert refused(gateway, f"/poll?cursor={client.cursor}").status == 401
