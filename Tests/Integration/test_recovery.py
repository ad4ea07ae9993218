"""Clients that come back: nothing lost, nothing twice, or they are told."""

import concurrent.futures
import json
import random
import socket
import string
import subprocess
import sys
import threading
import time

import jwt
import pytest

import gateway as gateway_process
from gateway import eventually
from recovering import Returning
from wire import ROUTES, TEXT, Closed, compact, config

WAYS = ["websocket", "polling"]
RECOVERY = {"maxDisconnectionDuration": "1m"}


def recovering(**options):
    return config(**({"connectionStateRecovery": RECOVERY} | options))


@pytest.fixture(scope="module")
def gateway(launch_for_module):
    return launch_for_module(recovering(namespaces=["/", "/custom", {"pattern": "/tenant-{id}"}]))


@pytest.fixture
def connect(gateway):
    """connect(…) is a client; what it opened is closed at the end."""
    opened = []

    def open(way="websocket", **options):
        opened.append(Returning(options.pop("port", gateway.port), way, **options))
        return opened[-1]

    yield open
    for client in opened:
        client.close()


def away(gateway, client):
    """The client goes without a word, and the server has noticed."""
    before = gateway.metric("gatehouse_disconnects_total")
    client.drop()
    if client.way == "websocket":
        eventually(lambda: gateway.metric("gatehouse_disconnects_total") > before, what="the disconnect")


def say(gateway, first, count, **to):
    """Emits numbered events."""
    for number in range(first, first + count):
        gateway.emit(to=to, event="n", args=[number])


def numbers(client, count):
    return [client.event()[1] for _ in range(count)]


# What is on the wire


def test_no_pid_and_no_offset_unless_recovery_is_on(launch):
    plain = launch(config())
    with_pid = Returning(plain.port)
    assert with_pid.id and with_pid.pid is None
    plain.emit(to={"all": True}, event="n", args=["text"])
    assert with_pid.message() == (None, ["n", "text"])
    assert plain.metric("gatehouse_log_entries") == 0
    with_pid.close()


def test_a_client_may_decline(gateway, connect):
    client = connect(query="&recovery=false")
    assert client.id and client.pid is None
    gateway.emit(to={"sockets": [client.id]}, event="n", args=["text"])
    assert client.message() == (None, ["n", "text"])


def test_offsets_are_where_a_stock_client_looks_for_them_and_nowhere_else(gateway, connect):
    client = connect()
    to = {"sockets": [client.id]}
    gateway.emit(to=to, event="volatile", args=["text"], volatile=True)
    _, [_, text, start] = client.message()
    assert text == "text" and len(start) <= 24, "before any event the position is that of the CONNECT"
    gateway.emit(to=to, event="logged", args=[1, "text"])
    _, [*logged, first] = client.message()
    assert logged == ["logged", 1, "text"] and len(first) <= 24 and first != start
    gateway.emit(to=to, event="empty", args=[])
    _, [*empty, second] = client.message()
    assert empty == ["empty"] and second != first
    # Unlogged: the last sent offset behind a string, and nothing behind anything else.
    gateway.emit(to=to, event="volatile", args=[1, "text"], volatile=True)
    assert client.message() == (None, ["volatile", 1, "text", second])
    gateway.emit(to=to, event="volatile", args=["text", 1], volatile=True)
    assert client.message() == (None, ["volatile", "text", 1])
    with concurrent.futures.ThreadPoolExecutor() as threads:
        asked = threads.submit(gateway.admin, "POST", "/v1/request", {
            "to": to, "event": "question", "args": ["text"], "timeout": "10s"})
        number, arguments = client.message()
        assert number is not None and arguments == ["question", "text"], "the callback stays the last argument"
        client.send(f"43{number}[1]")
        assert asked.result().json()["responses"][0]["args"] == [1]


# What comes back


@pytest.mark.parametrize("way", WAYS)
def test_missed_events_are_replayed_once_and_in_order(gateway, connect, way):
    client = connect(way)
    assert client.ask("join", "news") == [{"ok": True}]
    say(gateway, 0, 3, rooms=["news"])
    assert numbers(client, 3) == [0, 1, 2]
    away(gateway, client)
    say(gateway, 3, 2, rooms=["news"])
    say(gateway, 5, 1, sockets=[client.id])
    say(gateway, 6, 1, all=True)
    say(gateway, 100, 5, rooms=["other"])
    back = client.come_back()
    assert back.recovered and back.id == client.id
    say(gateway, 7, 1, rooms=["news"])
    assert numbers(back, 5) == [3, 4, 5, 6, 7]
    back.assert_silent()
    assert set(gateway.admin("GET", f"/v1/sockets/{back.id}").json()["rooms"]) == {back.id, "news"}
    back.close()


@pytest.mark.parametrize("way", WAYS)
def test_what_was_sent_and_not_received_is_replayed(gateway, connect, way):
    client = connect(way)
    say(gateway, 0, 5, sockets=[client.id])
    assert numbers(client, 2) == [0, 1]
    # The rest is somewhere on its way.
    client.drop()
    back = client.come_back()
    assert back.recovered and numbers(back, 3) == [2, 3, 4]
    back.assert_silent()
    back.close()


@pytest.mark.parametrize("way", WAYS)
def test_a_client_that_has_seen_nothing_recovers_from_its_connect(gateway, connect, way):
    client = connect(way)
    client.drop()
    say(gateway, 0, 2, all=True)
    back = client.come_back()
    assert back.offset is None and back.recovered and numbers(back, 2) == [0, 1]
    back.close()


def test_E15_a_poll_answer_that_got_lost_is_replayed(gateway, connect):
    client = connect("polling")
    say(gateway, 0, 1, sockets=[client.id])
    assert numbers(client, 1) == [0]
    # The answer is written, and nobody ever acknowledges it.
    poll = client.wire.connections["GET"]
    poll.request("GET", client.wire.target)
    say(gateway, 1, 3, sockets=[client.id])
    client.drop()
    back = client.come_back()
    assert back.recovered and numbers(back, 3) == [1, 2, 3]
    back.assert_silent()
    back.close()


def test_only_what_was_for_it_then(gateway, connect):
    client = connect()
    client.ask("join", "a")
    away(gateway, client)
    to = {"rooms": ["a"], "except": {"sockets": [client.id]}}
    gateway.emit(to=to, event="n", args=["left out"])
    gateway.emit(to={"rooms": ["b"]}, event="n", args=["before it joined"])
    for action in [{"do": "join", "rooms": ["b"], "target": {"sockets": [client.id]}},
                   {"do": "leave", "rooms": ["a"], "target": {"rooms": ["b"]}},
                   {"do": "state", "set": {"k": 1}, "target": {"rooms": ["b"]}}]:
        assert gateway.admin("POST", "/v1/actions", {"actions": [action]}).status == 200
    gateway.emit(to={"rooms": ["a"]}, event="n", args=["after it left"])
    gateway.emit(to={"rooms": ["b"]}, event="n", args=["mine"])
    gateway.emit(to={"rooms": ["b"]}, event="n", args=["gone"], volatile=True)
    back = client.come_back()
    assert back.recovered and back.event() == ["n", "mine"]
    back.assert_silent()
    shown = gateway.admin("GET", f"/v1/sockets/{back.id}").json()
    assert set(shown["rooms"]) == {back.id, "b"} and shown["state"] == {"k": 1}


def test_it_can_go_away_again_and_again_and_lands_on_any_loop(gateway, connect):
    client = connect()
    client.ask("join", "often")
    for round in range(12):
        say(gateway, round * 10, 2, rooms=["often"])
        if round % 3:
            assert numbers(client, 2) == [round * 10, round * 10 + 1]
        client.drop()
        say(gateway, round * 10 + 2, 1, sockets=[client.id])
        client = client.come_back()
        assert client.recovered, round
        missed = numbers(client, 1 if round % 3 else 3)
        assert missed[-1] == round * 10 + 2
        # It is where its id says, or where it is known to have moved.
        assert gateway.admin("GET", f"/v1/sockets/{client.id}").status == 200
        client.assert_silent()
    client.close()


@pytest.mark.parametrize("namespace", ["/custom", "/tenant-7"])
def test_other_namespaces_recover_too(gateway, connect, namespace):
    client = connect(namespace=namespace)
    client.drop()
    gateway.emit(to={"all": True, "namespace": namespace}, event="n", args=[1])
    back = client.come_back()
    assert back.recovered and back.event() == ["n", 1]
    back.close()


@pytest.mark.parametrize("way", WAYS)
def test_a_connection_that_still_looks_alive_is_taken_over(gateway, connect, way):
    client = connect(way)
    client.ask("join", "zombie")
    say(gateway, 0, 1, rooms=["zombie"])
    assert numbers(client, 1) == [0]
    say(gateway, 1, 2, rooms=["zombie"])
    back = client.come_back()
    assert back.recovered and back.id == client.id and numbers(back, 2) == [1, 2]
    assert client.is_closed()
    say(gateway, 3, 1, rooms=["zombie"])
    assert numbers(back, 1) == [3]
    back.assert_silent()


def test_an_upgraded_client_recovers(gateway, connect):
    client = connect("polling")
    stream = client.wire.upgrade()
    stream.send("2probe")
    assert stream.receive() == "3probe"
    stream.send("5")
    say(gateway, 0, 2, sockets=[client.id])
    stream.receive(), stream.receive()
    stream.reset()
    back = client.come_back(way="websocket")
    assert back.recovered and numbers(back, 2) == [0, 1]


# Questions of the server


def test_a_question_is_asked_again_unless_it_was_answered(gateway, connect):
    client = connect()
    body = {"to": {"sockets": [client.id]}, "event": "question", "timeout": "20s"}
    with concurrent.futures.ThreadPoolExecutor() as threads:
        first = threads.submit(gateway.admin, "POST", "/v1/request", body | {"args": [1]})
        old, arguments = client.message()
        assert arguments == ["question", 1]
        client.send(f"43{old}[1]")
        assert len(first.result().json()["responses"]) == 1
        second = threads.submit(gateway.admin, "POST", "/v1/request", body | {"args": [2]})
        old, arguments = client.message()
        assert arguments == ["question", 2]
        away(gateway, client)
        back = client.come_back()
        new, arguments = back.message()
        assert back.recovered and arguments == ["question", 2] and new != old
        back.send(f"43{new}[2]")
        assert [one["args"] for one in second.result().json()["responses"]] == [[2]]
    back.assert_silent()


def test_a_question_that_the_client_has_can_be_answered_after_it_came_back(gateway, connect):
    client = connect()
    with concurrent.futures.ThreadPoolExecutor() as threads:
        asked = threads.submit(gateway.admin, "POST", "/v1/request", {
            "to": {"sockets": [client.id]}, "event": "question", "args": [1], "timeout": "20s"})
        number, _ = client.message()
        say(gateway, 0, 1, sockets=[client.id])
        assert numbers(client, 1) == [0]
        client.drop()
        back = client.come_back()
        assert back.recovered
        back.send(f"43{number}[1]")
        assert [one["args"] for one in asked.result().json()["responses"]] == [[1]]
    back.assert_silent()


# Who does not come back


@pytest.mark.parametrize("how", ["41", "disconnect", "route", "close"])
def test_a_disconnect_on_purpose_ends_the_session(gateway, connect, how):
    client = connect()
    if how == "41":
        client.send("41")
    elif how == "route":
        client.emit("out")
        assert client.packet() == "41"
    else:
        query = "?close=true" if how == "close" else ""
        assert gateway.admin("DELETE", f"/v1/sockets/{client.id}{query}").status == 204
        assert client.packet() == "41"
    eventually(lambda: gateway.admin("GET", f"/v1/sockets/{client.id}").status == 404)
    back = client.come_back()
    assert back.id != client.id and not back.recovered


def test_a_disconnect_ends_the_session_also_when_its_last_word_is_one_too_many(launch):
    gateway = launch(recovering() | {"limits": {"outputHard": "32KiB", "outputSoft": "8KiB"}})

    def filled(count, digits):
        """A polling client for which answers lie queued, the first of them as long as wanted; None: they were too many."""
        client = Returning(gateway.port, "polling")
        reply = client.wire.post(f'42{"1" * digits}["ask"]', *['421["ask"]'] * (count - 1))
        # Nobody polls, so whoever is still listed has it all queued.
        listed = reply.status == 200 and gateway.admin("GET", f"/v1/sockets/{client.id}").status == 200
        if not listed:
            client.close()
        return client if listed else None

    def is_too_much(count, digits):
        client = filled(count, digits)
        if client:
            client.close()
        return client is None

    least, most = 100, 8_000
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (least, middle) if is_too_much(middle, 1) else (middle, most)
    digits = 1
    while digits < 12 and not is_too_much(least, digits + 1):
        digits += 1
    client = filled(least, digits)
    gateway.admin("DELETE", f"/v1/sockets/{client.id}?close=true")
    eventually(lambda: gateway.admin("GET", f"/v1/sockets/{client.id}").status == 404)
    back = client.come_back()
    assert back.id != client.id and not back.recovered
    assert gateway.metric("gatehouse_disconnects_total", reason="server") >= 1
    back.close()
    client.close()


def test_a_disconnect_while_it_was_away_ends_the_session(gateway, connect):
    client = connect()
    away(gateway, client)
    before = gateway.metric("gatehouse_recoveries_total", result="ended")
    action = {"do": "disconnect", "target": {"sockets": [client.id]}}
    assert gateway.admin("POST", "/v1/actions", {"actions": [action]}).status == 200
    back = client.come_back()
    assert back.id != client.id and not back.recovered
    assert gateway.metric("gatehouse_recoveries_total", result="ended") == before + 1


def test_a_kick_does_not_end_the_session(gateway, connect):
    client = connect()
    client.emit("kick")
    assert client.is_closed()
    assert client.come_back().recovered


# Pids and offsets that are made up

MADE_UP_PIDS = 10_000


def made_up():
    return "".join(random.choices(string.ascii_letters + string.digits + "-_", k=24))


def test_S16_pids_that_nobody_has_recover_nothing(gateway, connect):
    connect()
    client = connect(pid=made_up())
    wire = client.wire
    before = gateway.metric("gatehouse_recoveries_total", result="recovered")
    for _ in range(MADE_UP_PIDS // 100):
        wire.sock.sendall(b"".join(
            wire.frame(TEXT, "41") + wire.frame(TEXT, "40" + compact({"pid": made_up()})) for _ in range(100)))
        for _ in range(100):
            reply = client.packet()
            assert reply.startswith("40") and not json.loads(reply[2:])["pid"] == client.claimed
    assert gateway.metric("gatehouse_recoveries_total", result="recovered") == before
    for pid in ["", "x" * 24, 7, None, [], {"a": 1}, "é" * 12, "x" * 15_000]:
        odd = connect(auth={"pid": pid, "offset": "0"})
        assert odd.id and not odd.recovered
        odd.close()


def test_S16_one_pid_by_many_at_once_has_one_holder(gateway, connect):
    client = connect()
    client.drop()
    say(gateway, 0, 1, sockets=[client.id])
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        rivals = list(threads.map(lambda _: client.come_back(), range(8)))
    recovered = [one for one in rivals if one.recovered]
    assert recovered

    def lives(one):
        try:
            return one.ask("whoami")[0] == client.id
        except (Exception, AssertionError):
            return False

    for one in recovered:
        one.event()
    assert sum(lives(one) for one in recovered) == 1
    assert gateway.metric("gatehouse_sockets", namespace="/") >= 1
    for one in rivals:
        one.close()


def test_S17_an_offset_that_was_never_sent_is_refused(gateway, connect):
    other = connect(namespace="/custom")
    gateway.emit(to={"all": True, "namespace": "/custom"}, event="n", args=[1])
    other.event()

    def prepared():
        client = connect()
        say(gateway, 0, 1, sockets=[client.id])
        assert numbers(client, 1) == [0]
        client.drop()
        return client

    good = prepared()
    epoch, sequence = good.offset.split(".")
    digits = string.digits + string.ascii_lowercase
    future = epoch + "." + digits[digits.index(sequence[0]) + 1] + sequence[1:] + "0"
    foreign = ("1" if epoch[0] == "0" else "0") + epoch[1:] + "." + sequence
    for offset in ["0", "", "x" * 10_000, future, foreign, other.offset, f"{epoch}.", f"{epoch}.-1", sequence, 5, {}]:
        client = prepared()
        before = gateway.metric("gatehouse_recoveries_total", result="invalidOffset")
        back = client.come_back(offset=offset)
        assert back.id and not back.recovered, offset
        assert gateway.metric("gatehouse_recoveries_total", result="invalidOffset") == before + 1, offset
        back.assert_silent()
        back.close()
    assert good.come_back().recovered, "what others make up harms nobody"


# Who it is comes first


def asked(backend, type):
    return [call.event for call in backend.seen if call.event["type"] == type]


def with_backend(backend, routes=(), **options):
    routes = [{"match": {"type": "socket.connect"}, "handler": "app"}, *routes, *ROUTES]
    return recovering(routes=routes, **options) | {"handlers": {"app": backend.handler()}}


def test_handlers_are_told_that_a_session_goes_on(launch, backend):
    backend.answer = lambda call: {"accept": True, "user": "ann", "state": {"plan": "pro"}, "rooms": ["vip"]}
    gateway = launch(with_backend(backend, routes=[{"match": {"type": "socket.connected"}, "handler": "app"}]))
    client = Returning(gateway.port)
    away(gateway, client)
    say(gateway, 0, 1, users=["ann"])
    say(gateway, 1, 1, rooms=["vip"])
    back = client.come_back()
    assert back.recovered and numbers(back, 2) == [0, 1]
    first, second = asked(backend, "socket.connect")
    assert (first["socket"]["recovered"], second["socket"]["recovered"]) == (False, True)
    assert second["socket"]["id"] == client.id and second["socket"]["state"] == {"plan": "pro"}
    eventually(lambda: len(asked(backend, "socket.connected")) == 2)
    shown = gateway.admin("GET", f"/v1/sockets/{back.id}").json()
    assert shown["user"] == "ann" and shown["state"] == {"plan": "pro"} and "vip" in shown["rooms"]
    assert asked(backend, "socket.disconnected") == []
    back.close()


def test_A6_who_was_banned_meanwhile_is_refused_and_the_session_is_over(launch, backend):
    banned = threading.Event()
    backend.answer = lambda call: {"accept": False} if banned.is_set() else {"accept": True, "user": "ann"}
    gateway = launch(with_backend(backend))
    client = Returning(gateway.port)
    away(gateway, client)
    say(gateway, 0, 1, users=["ann"])
    banned.set()
    assert client.come_back().reply.startswith("44")
    banned.clear()
    anew = client.come_back()
    assert anew.id != client.id and not anew.recovered
    anew.assert_silent()
    assert gateway.metric("gatehouse_recoveries_total", result="refused") == 1
    anew.close()


def test_A5_A6_who_was_disconnected_as_a_user_while_away_does_not_recover(launch):
    secret = "s" * 32

    def token(user):
        return {"token": jwt.encode({"sub": user, "exp": time.time() + 60}, secret, "HS256")}

    gateway = launch(recovering(auth={"jwt": {"secret": secret, "algorithms": ["HS256"]}, "required": True}))
    ann, bob = (Returning(gateway.port, auth=token(user)) for user in ("ann", "bob"))
    assert ann.pid and bob.pid
    for one in (ann, bob):
        away(gateway, one)
        say(gateway, 0, 1, users=["ann", "bob"])
    assert gateway.admin("POST", "/v1/users/ann/disconnect").status == 200
    anew = ann.come_back(auth=token("ann"))
    assert anew.id != ann.id and not anew.recovered
    anew.assert_silent()
    # Nobody else has lost anything by it.
    back = bob.come_back(auth=token("bob"))
    assert back.recovered and back.id == bob.id and numbers(back, 1) == [0]
    assert gateway.metric("gatehouse_recoveries_total", result="ended") == 1
    for one in (anew, back):
        one.close()


def test_a_backend_that_is_down_for_a_moment_costs_no_session(launch, backend):
    down = threading.Event()
    backend.answer = lambda call: 500 if down.is_set() else {"accept": True}
    gateway = launch(with_backend(backend, connectTimeout="1s"))
    client = Returning(gateway.port)
    away(gateway, client)
    say(gateway, 0, 1, sockets=[client.id])

    def attempt():
        try:
            return client.come_back()
        except (Closed, ConnectionError):
            return None

    down.set()
    assert attempt() is None
    down.clear()
    # The gateway finds out by itself that the backend is well again, after a while.
    back = eventually(attempt, seconds=30)
    assert back.recovered and numbers(back, 1) == [0]
    back.close()


def test_S16_another_user_gets_nothing_and_ends_the_session(launch):
    secret = "s" * 32

    def token(user):
        return {"token": jwt.encode({"sub": user, "exp": time.time() + 60}, secret, "HS256")}

    auth = {"jwt": {"secret": secret, "algorithms": ["HS256"]}, "required": True}
    gateway = launch(recovering(auth=auth))
    ann = Returning(gateway.port, auth=token("ann"))
    assert ann.pid
    live = ann.come_back(auth=token("bob"))
    assert live.id != ann.id and not live.recovered
    ann.assert_silent()
    away(gateway, ann)
    say(gateway, 0, 1, users=["ann"])
    thief = ann.come_back(auth=token("bob"))
    assert thief.id != ann.id and not thief.recovered
    thief.assert_silent()
    assert not ann.come_back(auth=token("ann")).recovered
    assert gateway.metric("gatehouse_recoveries_total", result="otherUser") == 2
    # A forged token does not even come so far.
    cat = Returning(gateway.port, auth=token("cat"))
    away(gateway, cat)
    assert cat.come_back(auth={"token": "x"}).reply.startswith("44")


def test_the_end_of_authorization_ends_the_session(launch):
    secret = "s" * 32
    auth = {"jwt": {"secret": secret, "algorithms": ["HS256"]}, "required": True}
    gateway = launch(recovering(auth=auth))

    def token(seconds):
        return {"token": jwt.encode({"sub": "ann", "exp": time.time() + seconds}, secret, "HS256")}

    ann = Returning(gateway.port, auth=token(3))
    assert ann.is_closed()
    back = ann.come_back(auth=token(60))
    assert back.id != ann.id and not back.recovered


# The end of an absence


@pytest.mark.parametrize("immediate", [False, True])
def test_a_disconnect_is_told_when_the_window_has_passed_or_at_once(launch, backend, immediate):
    route = {"match": {"type": "socket.disconnected"}, "handler": "app"} | (
        {"disconnected": "immediate"} if immediate else {})
    window = "30s" if immediate else "2s"
    gateway = launch(
        recovering(routes=[route, *ROUTES], connectionStateRecovery={"maxDisconnectionDuration": window})
        | {"handlers": {"app": backend.handler()}})
    client = Returning(gateway.port)
    client.ask("join", "a")
    away(gateway, client)
    if not immediate:
        back = client.come_back()
        assert back.recovered and asked(backend, "socket.disconnected") == []
        away(gateway, back)
    [told] = eventually(lambda: asked(backend, "socket.disconnected"), seconds=10)
    assert told["reason"] == "transportClose" or told["reason"] == "transportError"
    assert told["socket"]["id"] == client.id and set(told["socket"]["rooms"]) == {client.id, "a"}
    assert client.come_back().recovered is immediate


def test_what_does_not_fit_into_the_log_or_the_replay_is_told(launch):
    history = {"maxMessages": 20, "maxReplay": 10}
    gateway = launch(recovering() | {"history": history})
    for count, result in [(10, None), (11, "tooMuch"), (21, "incomplete")]:
        client = Returning(gateway.port)
        away(gateway, client)
        say(gateway, 0, count, sockets=[client.id])
        back = client.come_back()
        assert back.recovered is (result is None), result
        if result:
            assert gateway.metric("gatehouse_recoveries_total", result=result) == 1
            back.assert_silent()
        else:
            assert numbers(back, count) == list(range(count))
    assert gateway.metric("gatehouse_log_entries", namespace="/") == 20


def big_events(gateway, namespace, count):
    client = Returning(gateway.port, namespace=namespace)
    for number in range(count):
        assert client.ask("hoard", "x" * 900_000, ack=number) == [1]
    client.send(f"41{client.prefix}")
    client.close()


HOARD = {"match": {"namespace": "*", "event": "hoard"}, "ack": [1],
         "actions": [{"do": "emit", "to": {"rooms": ["nobody"]}, "event": "hoard", "args": ["{args.0}"]}]}
TENANTS = {"routes": [HOARD, *ROUTES], "namespaces": ["/", {"pattern": "/tenant-{id}"}]}


def test_R9_the_log_of_a_namespace_that_nobody_uses_any_more_is_freed_by_time(launch):
    gateway = launch(recovering(**TENANTS) | {"history": {"maxAge": "3s"}})
    Returning(gateway.port).close()
    before = gateway.memory_bytes()
    big_events(gateway, "/tenant-1", 30)
    # Neither the log nor the metrics are read, which would prune it.
    eventually(lambda: gateway.memory_bytes() < before + (12 << 20), seconds=30, what="the log is gone")


def test_R9_the_logs_of_many_namespaces_keep_nobody_out(launch):
    gateway = launch(recovering(**TENANTS) | {"limits": {"memoryBudget": "160MiB"}, "history": {"maxAge": "10m"}})
    first = Returning(gateway.port, namespace="/tenant-0")
    gateway.emit(to={"all": True, "namespace": "/tenant-0"}, event="n", args=[1])
    first.event()
    first.drop()
    for tenant in range(4):
        big_events(gateway, f"/tenant-{tenant}", 30)
    assert gateway.is_ready()
    # Its log went so that others could come: it is told.
    back = first.come_back()
    assert back.id and not back.recovered
    back.close()
    assert gateway.memory_bytes() < 136 << 20


def test_the_log_can_be_looked_at(gateway, connect):
    start = gateway.admin("GET", "/v1/log?limit=1").json()["head"]
    gateway.emit(to={"rooms": ["looked"]}, event="n", args=["log"])
    gateway.emit(to={"rooms": ["looked"]}, event="n", args=["not kept"], volatile=True)
    shown = gateway.admin("GET", f"/v1/log?since={start}").json()
    assert shown["complete"] is True
    [entry] = [one for one in shown["entries"] if one["to"].get("rooms") == ["looked"]]
    assert (entry["event"], entry["args"]) == ("n", ["log"])
    assert gateway.admin("GET", "/v1/log?since=x").status == 400
    foreign = ("1" if start[0] == "0" else "0") + start[1:]
    assert gateway.admin("GET", f"/v1/log?since={foreign}").json()["complete"] is False


# Over a restart


def prepared(gateway, count):
    """Clients that have seen something, half of them by long-polling."""
    def one(number):
        client = Returning(gateway.port, WAYS[number % 2])
        client.ask("join", "all of them")
        return client

    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        clients = list(threads.map(one, range(count)))
    say(gateway, 0, 2, rooms=["all of them"])
    for client in clients:
        assert numbers(client, 1 + int(client.way == "websocket"))[0] == 0
    return clients


@pytest.mark.parametrize("how", ["planned", "killed", "torn"])
def test_a_planned_restart_recovers_all_and_a_crash_says_so(launch, tmp_path, how):
    history = {"checkpoint": str(tmp_path / "log.bin")}
    gateway = launch(recovering() | {"history": history})
    clients = prepared(gateway, 200 if how == "planned" else 6)
    gateway.admin("POST", "/v1/actions", {"actions": [
        {"do": "state", "set": {"k": 1}, "target": {"rooms": ["all of them"]}}]})
    if how == "killed":
        gateway.process.kill()
        gateway.process.wait()
    else:
        gateway.stop()
        if how == "torn":
            data = (tmp_path / "log.bin").read_bytes()
            (tmp_path / "log.bin").write_bytes(data[: len(data) // 2])
    gateway.start()
    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        backs = list(threads.map(lambda client: client.come_back(), clients))
    if how != "planned":
        assert not any(back.recovered for back in backs)
        for back in backs:
            back.assert_silent()
        if how == "torn":
            assert (tmp_path / "log.bin.quarantined").exists() and "torn" in gateway.log()
        return
    assert all(back.recovered and back.id == client.id for back, client in zip(backs, clients, strict=True))
    assert gateway.metric("gatehouse_recoveries_total", result="recovered") == len(clients)
    say(gateway, 2, 1, rooms=["all of them"])
    for back in backs:
        assert numbers(back, 1 if back.way == "websocket" else 2)[-1] == 2
    assert gateway.admin("GET", f"/v1/sockets/{backs[0].id}").json()["state"] == {"k": 1}
    # The file was true once: a crash after it must not bring it back.
    gateway.process.kill()
    gateway.process.wait()
    gateway.start()
    assert not any(back.come_back().recovered for back in backs[:4])


def test_a_start_that_fails_leaves_the_checkpoint_to_the_next_one(launch, tmp_path):
    gateway = launch(recovering() | {"history": {"checkpoint": str(tmp_path / "log.bin")}})
    (client,) = prepared(gateway, 1)
    gateway.stop()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", gateway.port))
        taken.listen()
        line = refused(gateway)
    assert "in use" in line, line
    assert {one.name for one in tmp_path.glob("log.bin*")} == {"log.bin"}
    gateway.start()
    back = client.come_back()
    assert back.recovered and back.id == client.id
    assert {one.name for one in tmp_path.glob("log.bin*")} == {"log.bin.consumed"}


def test_a_checkpoint_that_could_not_be_written_is_told_at_the_start(launch, tmp_path):
    gateway = launch(recovering() | {"history": {"checkpoint": str(tmp_path / "none" / "log.bin")}}, start=False)
    line = refused(gateway)
    assert "history.checkpoint" in line and "none does not exist" in line, line


def refused(gateway):
    """The one line that a start fails with."""
    started = subprocess.run([gateway_process.binary(), "run", "-c", gateway.file], cwd=gateway.directory,
                             env=gateway_process.environment(), capture_output=True, text=True, timeout=30)
    assert started.returncode == 1, (started.returncode, started.stderr)
    (line,) = [line for line in started.stderr.splitlines() if line.startswith("gatehouse:")]
    return line


def test_S18_many_that_come_back_at_once_get_all_of_it(gateway, connect):
    clients = [connect() for _ in range(300)]
    for client in clients:
        client.drop()
    say(gateway, 0, 50, all=True)
    with concurrent.futures.ThreadPoolExecutor(32) as threads:
        backs = list(threads.map(lambda client: client.come_back(), clients))
        assert all(back.recovered for back in backs)
        assert all(got == list(range(50)) for got in threads.map(lambda back: numbers(back, 50), backs))
    for back in backs:
        back.close()


@pytest.mark.parametrize("what", ["restart", "storm"])
def test_R9_S18_the_load_command_keeps_working(what):
    command = gateway_process.REPOSITORY / "Tests/Load/recovery_storm.py"
    run = subprocess.run(
        [sys.executable, command, what, "--clients", "60", "--seconds", "1"], capture_output=True, text=True,
        timeout=120, env=gateway_process.environment(GATEHOUSE_BINARY=str(gateway_process.binary())))
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
    assert "60 of 60 recovered" in run.stdout
