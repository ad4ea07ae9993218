"""Clients that come back: nothing lost, nothing twice, or they are told."""

import concurrent.futures
import json
import os
import random
import string
import threading

import pytest

from gateway import eventually
from recovering import Returning
from wire import ROUTES, Client, compact, config

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
    member = f"/members/{client.id}"
    for action in [{"do": "join", "rooms": ["b"], "target": {"sockets": [client.id]}},
                   {"do": "leave", "rooms": ["a"], "target": {"rooms": ["b"]}},
                   {"do": "state", "set": {"k": 1}, "target": {"rooms": ["b"]}}]:
        assert gateway.admin("POST", "/v1/actions", {"actions": [action]}).status == 200, member
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


def made_up():
    return "".join(random.choices(string.ascii_letters + string.digits + "-_", k=24))


def test_S16_pids_that_nobody_has_recover_nothing(gateway, connect):
    connect()
    client = connect(pid=made_up())
    for _ in range(200):
        client.send("41")
        client.send("40" + compact({"pid": made_up()}))
        reply = client.packet()
        assert reply.startswith("40") and not json.loads(reply[2:])["pid"] == client.claimed
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
