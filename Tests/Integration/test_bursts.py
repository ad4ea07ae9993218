"""Much work in few bytes: a burst of tiny events for many receivers takes its time, and nobody else waits for that."""

import base64
import contextlib
import time

from gateway import eventually
from readers import Readers
from wire import BINARY, TEXT, Client, Polling, config

MEMBERS = 400
EVENTS = 5_000


def open_handed():
    """No pings within a test, and whoever publishes may."""
    return config(pingInterval="2m", pingTimeout="1m") | {"limits": {"messagesPerSocket": "200000/s"}}


def burst(client, *messages):
    client.sock.sendall(b"".join(client.frame(TEXT, message.encode()) for message in messages))


def test_R5_one_write_of_tiny_events_for_many_does_not_hold_up_the_others(launch):
    """Millions of deliveries out of 80 KB: they are all made, but the loops look after everybody meanwhile."""
    gateway = launch(open_handed())
    with contextlib.ExitStack() as held:
        members = [held.enter_context(Client(gateway.port)) for _ in range(MEMBERS)]
        readers = Readers(members)
        held.callback(readers.stop)
        bystanders = [held.enter_context(Client(gateway.port, namespace="/custom")) for _ in range(4)]
        publisher = held.enter_context(Client(gateway.port))
        expected = sum(len(f'xx42["all",{number}]') for number in range(EVENTS))
        burst(publisher, *(f'42["all",{number}]' for number in range(EVENTS)))
        worst, answers, began = 0, 0, time.monotonic()
        while min(readers.counts) < expected:
            for bystander in bystanders:
                asked = time.monotonic()
                bystander.ask("ask", 1)
                worst = max(worst, time.monotonic() - asked)
                answers += 1
            assert time.monotonic() < began + 60, readers.counts
        assert answers > 10
        assert worst < 1, f"an answer took {worst:.2f} s of {time.monotonic() - began:.2f} s"
        # Nothing is lost, doubled or out of order for who has published it either.
        assert [publisher.event()[1] for _ in range(EVENTS)] == list(range(EVENTS))
        assert set(readers.counts) == {expected}


def test_R5_what_must_follow_earlier_events_follows_them_also_when_there_are_many(launch):
    """Acks, joins and newcomers in the middle of a burst for which one turn of a loop is not enough."""
    gateway = launch(open_handed())
    with contextlib.ExitStack() as held:
        members = [held.enter_context(Client(gateway.port)) for _ in range(MEMBERS)]
        readers = Readers(members)
        held.callback(readers.stop)
        publisher = held.enter_context(Client(gateway.port))
        for round in range(2):
            room = f"room:{round}"
            burst(
                publisher, *(f'42["all",{number}]' for number in range(1_500)),
                f'42["say","{room}","before"]', f'427["join","{room}"]', f'42["say","{room}","after"]',
                *(f'42["all",{number}]' for number in range(1_500, 3_000)),
                f'42["say","{room}","still"]', f'428["leave","{room}"]', f'42["say","{room}","too late"]',
                '429["ask","end"]', '42["all","end"]')
            newcomer = held.enter_context(Client(gateway.port))
            got = []
            while not got or got[-1] != '42["all","end"]':
                got.append(publisher.packet())
            acks = [packet for packet in got if packet.startswith("43")]
            assert acks == ['437[{"ok":true}]', '438[{"ok":true}]', '439["end"]']
            got = [packet for packet in got if not packet.startswith("439")]
            assert got == (
                [f'42["all",{number}]' for number in range(1_500)]
                + ['437[{"ok":true}]', f'42["said","{room}","after"]']
                + [f'42["all",{number}]' for number in range(1_500, 3_000)]
                + [f'42["said","{room}","still"]', '438[{"ok":true}]', '42["all","end"]'])
            # Who comes meanwhile gets the rest without a gap.
            numbers = []
            while not numbers or numbers[-1] != "end":
                numbers.append(newcomer.event()[1])
            assert numbers == [*range(3_000), "end"][-len(numbers):]


def test_R5_an_answer_comes_after_what_its_event_has_set_off(launch):
    """Each event asks for an ack, which waits for the deliveries like everything else."""
    routes = [{"name": "tell", "match": {"event": "tell"}, "ack": "{args}",
               "actions": [{"do": "emit", "to": {"all": True}, "event": "told", "args": "{args}"}]}]
    gateway = launch(open_handed() | {"routes": routes + config()["routes"]})
    with contextlib.ExitStack() as held:
        members = [held.enter_context(Client(gateway.port)) for _ in range(MEMBERS)]
        readers = Readers(members)
        held.callback(readers.stop)
        bystander = held.enter_context(Client(gateway.port, namespace="/custom"))
        publisher = held.enter_context(Client(gateway.port))
        burst(publisher, *(f'42{number}["tell",{number}]' for number in range(2_000)))
        worst = 0
        for _ in range(10):
            asked = time.monotonic()
            bystander.ask("ask", 1)
            worst = max(worst, time.monotonic() - asked)
        expected = []
        for number in range(2_000):
            expected += [f'42["told",{number}]', f"43{number}[{number}]"]
        got = [publisher.packet() for _ in expected]
        assert got == expected
        assert worst < 1, f"an answer took {worst:.2f} s"
        bytes = sum(len(f'xx42["told",{number}]') for number in range(2_000))
        eventually(lambda: set(readers.counts) == {bytes}, 30, "everybody has got everything")


def test_R1_a_polling_client_that_keeps_up_gets_a_large_attachment(launch):
    """Base64 makes more of it than may be queued; but nothing was queued before it, and the poll is open."""
    routes = [{"name": "file", "match": {"event": "file"},
               "actions": [{"do": "emit", "to": {"all": True}, "event": "file", "args": "{args}"}]}]
    gateway = launch(open_handed() | {"routes": routes})
    with Client(gateway.port) as publisher:
        poller = Polling(gateway.port)
        poller.send("40")
        assert poller.packet().startswith("40{")
        publisher.send('451-["file",{"_placeholder":true,"num":0}]')
        data = bytes(range(256)) * 3_200
        publisher.sock.sendall(publisher.frame(BINARY, data))
        assert poller.packet(20) == '451-["file",{"_placeholder":true,"num":0}]'
        attachment = poller.packet(20)
        assert attachment[0] == "b" and base64.b64decode(attachment[1:]) == data
        assert gateway.metric("gatehouse_slow_consumers_closed_total") == 0


def test_R1_tiny_answers_that_nobody_fetches_take_little_memory(launch):
    """What is queued is limited in memory, not in bytes of text: an answer of seven bytes takes more than that."""
    gateway = launch(open_handed())
    before, clients = gateway.memory_bytes(), []
    for _ in range(4):
        client = Polling(gateway.port)
        clients.append(client)
        client.send("40")
        client.packet()
        # It is closed as one that does not fetch what it is sent; until then it is answered.
        with contextlib.suppress(AssertionError):
            for _ in range(5):
                client.send(*['420["ask"]'] * 20_000)
    assert gateway.metric("gatehouse_slow_consumers_closed_total") == 4
    assert gateway.memory_bytes() - before < 48 << 20
