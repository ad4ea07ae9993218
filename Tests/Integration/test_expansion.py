"""Small messages that would become huge ones on the way out."""

import plain
from plain import EventStream, JSONSocket, LongPoll
from wire import Client, compact

PLACEHOLDER = {"_placeholder": True, "num": 0}


def test_R5_an_attachment_that_is_named_thousands_of_times_is_not_written_out_for_plain_clients(launch):
    gateway = launch(plain.config())
    with (
        JSONSocket(gateway.port) as json, EventStream(gateway.port) as events, LongPoll(gateway.port) as poll,
        Client(gateway.port) as reader, Client(gateway.port) as sender,
    ):
        # 990 kB; with the bytes in place of their names it would be 11 GB.
        text = compact(["all"] + [PLACEHOLDER] * 17_000)
        sender.send("451-" + text)
        sender.send(b"x" * 480_000)
        sender.send("451-" + compact(["all", PLACEHOLDER, PLACEHOLDER]))
        sender.send(b"yes")
        # It passes byte for byte where attachments are sent once.
        assert reader.packet() == "451-" + text, "the packet was changed"
        assert len(reader.receive()) == 480_000
        # To others it is not said, which is counted; what comes after it is.
        for client in (json, events, poll):
            assert client.event() == ["all", {"base64": "eWVz"}, {"base64": "eWVz"}]
        assert gateway.metric("gatehouse_output_dropped_total", reason="size") == 3


def test_R5_an_admin_emit_is_held_to_the_same(launch):
    gateway = launch(plain.config())
    with JSONSocket(gateway.port) as client:
        client.assert_responsive()
        gateway.emit(
            to={"all": True}, event="big", args=[PLACEHOLDER] * 2_000, attachments=["eHh4" * 25_000])
        gateway.emit(to={"all": True}, event="small", args=[1])
        assert client.event() == ["small", 1]
        assert gateway.metric("gatehouse_output_dropped_total", reason="size") == 1
