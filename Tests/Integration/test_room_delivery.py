"""Events of rooms: the short way to a connection and the long one keep one order, one count, and reach nobody else."""

import contextlib
import json
import socket
import threading

from gateway import eventually
from wire import Client, Polling, WebSocket, config

EVENT = {"do": "emit", "to": {"rooms": ["{args.0}"]}, "event": "said", "args": "{args}"}
ROUTES = [
    {"match": {"event": "join"}, "actions": [{"do": "join", "rooms": ["{args.0}"]}], "ack": [{"ok": True}]},
    {"match": {"event": "leave"}, "actions": [{"do": "leave", "rooms": ["{args.0}"]}], "ack": [{"ok": True}]},
    {"match": {"event": "say"}, "actions": [EVENT]},
    {"match": {"event": "shout"}, "actions": [EVENT | {"volatile": True}]},
    {"match": {"event": "all"}, "actions": [{"do": "emit", "to": {"all": True}, "event": "all", "args": "{args}"}]},
    {"match": {"event": "me"}, "actions": [{"do": "emit", "event": "said", "args": "{args}"}]},
    {"match": {"event": "ask"}, "ack": "{args}"},
    {"match": {"type": "socket.message"},
     "actions": [{"do": "send", "message": "{message}"}, {"do": "send", "to": {"all": True}, "message": "{message}"}]},
]


def number(client):
    """That of the next event, whose attachment is taken as well."""
    packet = client.packet()
    if packet.startswith("451-"):
        assert client.receive() == b"attached"
    return json.loads(packet[packet.index("[") :])[2]


def test_events_of_all_ways_keep_their_order(launch):
    gateway = launch(config(routes=ROUTES))
    with Client(gateway.port) as speaker, Client(gateway.port) as listener:
        for client in (speaker, listener):
            client.ask("join", "r")
        for first in range(0, 300, 3):
            speaker.emit("say", "r", first)
            # Attachments, and what only the speaker gets, go by the session.
            speaker.send(f'451-["say","r",{first + 1},{{"_placeholder":true,"num":0}}]')
            speaker.send(b"attached")
            speaker.emit("shout" if first % 2 else "say", "r", first + 2)
            speaker.emit("me", "r", first + 2)
        everything = [n for first in range(0, 300, 3) for n in (first, first + 1, first + 2, first + 2)]
        assert [number(speaker) for _ in everything] == everything
        assert [number(listener) for _ in range(300)] == list(range(300))


def test_an_answer_to_oneself_and_a_broadcast_keep_their_order(launch):
    document = config(routes=ROUTES)
    document["endpoints"].append({"name": "raw", "path": "/raw", "protocol": "websocket", "namespace": "/raw"})
    gateway = launch(document)
    with WebSocket(gateway.port, "/raw") as one, WebSocket(gateway.port, "/raw") as other:
        for number in range(200):
            one.send(str(number))
        assert [one.receive() for _ in range(400)] == [str(n) for n in range(200) for _ in range(2)]
        assert [other.receive() for _ in range(200)] == [str(n) for n in range(200)]
        # Message by message, as if each came in a turn of its own.
        for number in range(20):
            other.send(str(number).encode())
            assert [other.receive(), other.receive(), one.receive()] == [str(number).encode()] * 3


def test_who_has_left_gets_nothing_more_while_others_do(launch):
    gateway = launch(config(routes=ROUTES))
    clients = [Client(gateway.port) for _ in range(12)]
    speaker, *others = clients
    for client in clients:
        client.ask("join", "r")
    for number in range(10):
        for client in others:
            client.emit("leave", "r", ack=1)
            speaker.emit("say", "r", number)
            client.emit("join", "r", ack=2)
    assert [speaker.event()[2] for _ in range(110)] == [number for number in range(10) for _ in others]
    for client in others:
        changes, seen = 0, []
        while changes < 20:
            packet = client.packet()
            is_in = changes % 2 == 0
            if packet.startswith("42"):
                assert is_in, f"an event after leaving and before joining again: {packet}"
                seen.append(json.loads(packet[2:])[2])
            else:
                assert packet.startswith("431[" if is_in else "432["), packet
                changes += 1
        # Each round has eleven events, in order, and none came twice.
        assert seen == sorted(seen) and all(seen.count(number) <= 11 for number in range(10))
    speaker.emit("say", "r", "end")
    for client in others:
        while client.event()[2] != "end":
            pass
    for client in clients:
        client.close()


def test_a_switch_of_transports_loses_doubles_and_reorders_nothing(launch):
    gateway = launch(config(routes=ROUTES))
    with Client(gateway.port) as speaker:
        switching = Polling(gateway.port)
        switching.send("40")
        assert switching.packet().startswith("40")
        switching.send('42["join","r"]')
        sent = 0

        def say(count):
            nonlocal sent
            for _ in range(count):
                speaker.emit("say", "r", sent)
                sent += 1

        eventually(lambda: gateway.admin("GET", "/v1/rooms").json()["rooms"], what="a member of the room")
        say(20)
        probe = switching.upgrade()
        probe.send("2probe")
        assert probe.receive() == "3probe"
        say(20)
        seen = [packet for packet in switching.poll() if packet != "6"]
        probe.send("5")
        say(40)
        while len(seen) < sent:
            seen.append(probe.receive())
            assert seen[-1].startswith("42"), seen[-1]
            if len(seen) == 60:
                say(20)
        assert [json.loads(packet[2:])[2] for packet in seen] == list(range(sent))
        probe.close()
        switching.close()


def test_every_delivery_is_counted_once_whichever_way_it_takes(launch):
    gateway = launch(config(routes=ROUTES))
    with Client(gateway.port) as speaker, contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(Client(gateway.port)) for _ in range(9)]
        polling = Polling(gateway.port)
        polling.send("40")
        assert polling.packet().startswith("40")

        def figures():
            return (gateway.metric("gatehouse_fanout_deliveries_total", namespace="/"),
                    gateway.metric("gatehouse_messages_sent_total", endpoint="socket", type="text"),
                    gateway.metric("gatehouse_messages_sent_total", endpoint="socket", type="binary"),
                    gateway.metric("gatehouse_sent_bytes_total"))

        before = figures()
        for number in range(50):
            speaker.emit("all", number)
        speaker.send('451-["all",{"_placeholder":true,"num":0}]')
        speaker.send(b"12345")
        for client in (speaker, *listeners):
            assert [client.event()[1] for _ in range(50)] == list(range(50))
            assert client.packet().startswith("451-") and client.receive() == b"12345"
        waiting = []
        while len(waiting) < 52:
            waiting.append(polling.packet())
        after = figures()
        frames = 10 * sum(2 + len(f'42["all",{number}]') for number in range(50))
        frames += 10 * (2 + len('451-["all",{"_placeholder":true,"num":0}]') + 2 + 5)
        assert [round(b - a) for a, b in zip(before, after)][:3] == [11 * 51, 11 * 51, 11]
        assert after[3] - before[3] > frames
        polling.close()


def test_a_place_that_is_given_to_another_client_leads_to_that_one_only(launch):
    """A client leaves a namespace and stays in another; newcomers get its number there."""
    gateway = launch(config(routes=ROUTES))
    with contextlib.ExitStack() as stack:
        speaker, *leavers = [stack.enter_context(Client(gateway.port)) for _ in range(9)]
        speaker.emit("all", "before")
        for client in (speaker, *leavers):
            assert client.event() == ["all", "before"]
        for client in leavers:
            client.send("40/custom,")
            assert client.packet().startswith("40/custom,")
            client.send("41")
        eventually(lambda: gateway.metric("gatehouse_sockets", namespace="/") == 1, what="their leaving")
        newcomers = [stack.enter_context(Client(gateway.port)) for _ in range(8)]
        for event in ("after", "once more"):
            speaker.emit("all", event)
            for client in (speaker, *newcomers):
                assert client.event() == ["all", event]
        for client in leavers:
            client.send('42/custom,7["ask","still there?"]')
            assert client.packet() == '43/custom,7["still there?"]'


def test_nothing_comes_after_a_close_frame(launch):
    gateway = launch(config(routes=ROUTES))
    with Client(gateway.port) as speaker, Client(gateway.port) as kicked:
        for client in (speaker, kicked):
            client.ask("join", "r")
        speaker.emit("say", "r", "before")
        assert kicked.event() == speaker.event() == ["said", "r", "before"]
        answer = gateway.admin("POST", "/v1/actions", {"actions": [{"do": "kick", "target": {"sockets": [kicked.id]}}]})
        assert answer.status == 200, answer
        rest = b""
        for number in range(50):
            speaker.emit("say", "r", number)
            assert speaker.event() == ["said", "r", number]
        while chunk := kicked.sock.recv(65_536):
            rest += chunk
        # It was the last word, although its answer was waited for.
        assert rest[-4:-2] == b"\x88\x02" or rest[-2:] == b"\x88\x00", rest[-60:]


def test_a_descriptor_that_is_used_again_gets_nothing_of_its_last_connection(launch):
    """Members vanish by RST while a room is written to, and newcomers get their descriptors."""
    gateway = launch(config(routes=ROUTES))
    over = threading.Event()
    with Client(gateway.port) as speaker:
        speaker.ask("join", "r")

        def speak():
            while not over.is_set():
                for number in range(20):
                    speaker.emit("say", "r", number)
                for _ in range(20):
                    speaker.event()

        talking = threading.Thread(target=speak)
        talking.start()
        try:
            strangers = []
            for _ in range(40):
                members = [Client(gateway.port) for _ in range(5)]
                for member in members:
                    member.emit("join", "r")
                for member in members:
                    assert member.packet().startswith(("43", "42"))
                    member.reset()
                for _ in range(5):
                    stranger = socket.create_connection(("127.0.0.1", gateway.port), 10)
                    stranger.sendall(b"GET /nothing HTTP/1.1\r\nhost: a\r\n\r\n")
                    strangers.append(stranger)
            for stranger in strangers:
                assert stranger.recv(12) == b"HTTP/1.1 404"
                stranger.close()
        finally:
            over.set()
            talking.join()
        speaker.assert_responsive()
