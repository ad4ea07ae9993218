"""Socket.IO protocol 5, byte by byte: namespaces, events, acks, attachments, and what attackers try."""

import json
import re
import time

import pytest

from gateway import eventually
from wire import ROUTES, Client, EngineSocket, Polling, config

PLACEHOLDER = '{"_placeholder":true,"num":%s}'


@pytest.fixture(scope="module")
def gateway(launch_for_module):
    return launch_for_module(config())


def assert_closes(gateway, *messages, connected=True, timeout=5):
    """Every one of these, sent on a fresh connection, makes the server close it."""
    for message in messages:
        client = Client(gateway.port) if connected else EngineSocket(gateway.port)
        with client:
            for part in message if isinstance(message, tuple) else (message,):
                client.send(part)
            try:
                client.wait_closed(timeout)
            except AssertionError:
                raise AssertionError(f"not closed by {message!r}") from None


# Connecting


def test_connect_answers_with_a_socket_id_of_its_own(gateway):
    with EngineSocket(gateway.port) as engine:
        engine.send("40")
        reply = engine.packet()
        assert reply.startswith("40{") and list(json.loads(reply[2:])) == ["sid"]
        assert json.loads(reply[2:])["sid"] != engine.sid


def test_namespaces_are_connected_one_by_one_on_one_connection(gateway):
    with Client(gateway.port, auth={"token": "a"}) as client:
        client.send('40/custom,{"token":"b"}')
        reply = client.packet()
        assert reply.startswith('40/custom,{"sid":')
        custom = json.loads(reply[len("40/custom,") :])["sid"]
        assert custom != client.id
        client.send('42/custom,1["whoami"]')
        assert client.packet() == f'43/custom,1["{custom}",{{"token":"b"}}]'
        client.send('421["whoami"]')
        assert client.packet() == f'431["{client.id}",{{"token":"a"}}]'


def test_a_connect_without_auth_counts_as_an_empty_object(gateway):
    with Client(gateway.port) as client:
        assert client.ask("whoami") == [client.id, {}]


@pytest.mark.parametrize("message,reply", [
    ("40/random", '44/random,{"message":"Invalid namespace"}'),
    ("40/random,", '44/random,{"message":"Invalid namespace"}'),
    ('40/random,{"token":1}', '44/random,{"message":"Invalid namespace"}'),
    ("40/random?x=1,", '44/random,{"message":"Invalid namespace"}'),
])
def test_an_unknown_namespace_is_refused_to_the_letter(gateway, message, reply):
    with EngineSocket(gateway.port) as engine:
        engine.send(message)
        assert engine.packet() == reply
        engine.send("40")
        assert engine.packet().startswith('40{"sid":"')


def test_a_pattern_makes_namespaces_on_demand(launch):
    gateway = launch(config(
        namespaces=["/", {"pattern": "/tenant-{id}", "max": 3}],
        routes=[{"match": {"event": "which"}, "ack": ["{namespace}", "{param.id}"]}],
    ))
    for name in ("blue", "green", "red"):
        with Client(gateway.port, f"/tenant-{name}") as client:
            assert client.ask("which") == [f"/tenant-{name}", name]
    with EngineSocket(gateway.port) as engine:
        engine.send("40/tenantless,")
        assert engine.packet() == '44/tenantless,{"message":"Invalid namespace"}'


def test_S10_a_connection_without_a_namespace_is_closed_after_connectTimeout(launch):
    gateway = launch(config(connectTimeout="400ms"))
    started = time.monotonic()
    with EngineSocket(gateway.port) as engine:
        engine.wait_closed(3)
    assert 0.3 < time.monotonic() - started < 1.5
    with Client(gateway.port) as client:
        time.sleep(0.6)
        assert client.sock.fileno() >= 0
        client.assert_responsive()


def test_a_second_connect_to_the_same_namespace_closes(gateway):
    assert_closes(gateway, "40")


# Events, acks, rooms


def test_an_event_comes_back_byte_for_byte(gateway):
    with Client(gateway.port) as client:
        client.send('42["echo",1,"2",{"3":[true]}]')
        assert client.packet() == '42["echo",1,"2",{"3":[true]}]'


def test_an_event_name_may_be_a_number(gateway):
    with Client(gateway.port) as client:
        client.send('42[7,"x"]')
        client.assert_silent()


def test_an_ack_carries_the_id_and_the_arguments(gateway):
    with Client(gateway.port) as client:
        client.send('42456["ask",1,"2",{"3":[false]}]')
        assert client.packet() == '43456[1,"2",{"3":[false]}]'
        client.send('420["ask"]')
        assert client.packet() == "430[]"
        client.send('421["ask",null]')
        assert client.packet() == "431[null]"
        client.send('429007199254740991["ask"]')
        assert client.packet() == "439007199254740991[]"


def test_an_event_that_nobody_handles_is_not_acknowledged(gateway):
    with Client(gateway.port) as client:
        client.send('425["nobody knows",1]')
        client.assert_silent()


def test_binary_comes_back_with_its_attachments(gateway):
    with Client(gateway.port) as client:
        head = f'["echo",{PLACEHOLDER % 0},{{"deep":[{PLACEHOLDER % 1}]}}]'
        client.send(f"452-{head}")
        client.send(b"\x01\x02\x03")
        client.send(b"")
        assert [client.packet() for _ in range(3)] == [f"452-{head}", b"\x01\x02\x03", b""]


def test_binary_acks_carry_the_attachments(gateway):
    with Client(gateway.port) as client:
        client.send(f'451-789["ask",{PLACEHOLDER % 0}]')
        client.send(b"\xff" * 70_000)
        assert client.packet() == f"461-789[{PLACEHOLDER % 0}]"
        assert client.packet() == b"\xff" * 70_000


def test_binary_over_polling_is_base64(gateway):
    session = Polling(gateway.port)
    session.send("40")
    session.packet()
    session.send(f'451-["echo",{PLACEHOLDER % 0}]', "bAQIDBA==")
    assert [session.packet() for _ in range(2)] == [f'451-["echo",{PLACEHOLDER % 0}]', "bAQIDBA=="]


def test_binary_in_a_custom_namespace_with_an_ack(gateway):
    with Client(gateway.port, "/custom") as client:
        client.send(f'451-/custom,3["ask",{PLACEHOLDER % 0}]')
        client.send(b"x")
        assert [client.packet() for _ in range(2)] == [f"461-/custom,3[{PLACEHOLDER % 0}]", b"x"]


def test_rooms_reach_their_members_and_nobody_else(gateway):
    with Client(gateway.port) as one, Client(gateway.port) as two, Client(gateway.port) as three:
        for member in (one, two):
            assert member.ask("join", "kitchen") == [{"ok": True}]
        three.emit("say", "kitchen", "hello")
        assert one.event() == two.event() == ["said", "kitchen", "hello"]
        three.assert_silent()
        assert two.ask("leave", "kitchen") == [{"ok": True}]
        three.emit("say", "kitchen", "again")
        assert one.event() == ["said", "kitchen", "again"]
        two.assert_silent()


def test_the_id_of_a_socket_is_a_room_of_its_own(gateway):
    with Client(gateway.port) as one, Client(gateway.port) as two:
        two.emit("say", one.id, "psst")
        assert one.event() == ["said", one.id, "psst"]
        two.assert_silent()


def test_others_is_everyone_in_the_namespace_but_the_sender(gateway):
    with Client(gateway.port) as one, Client(gateway.port) as two, Client(gateway.port, "/custom") as elsewhere:
        one.emit("others", 1)
        assert two.event() == ["others", 1]
        one.assert_silent()
        elsewhere.assert_silent()


def test_a_broadcast_reaches_websocket_and_polling_clients_in_one_order(gateway):
    listener = Polling(gateway.port, "/socket.io/")
    listener.send("40/custom,")
    listener.packet()
    with Client(gateway.port, "/custom") as sender:
        for number in range(200):
            sender.emit("all", number)
        assert [sender.event() for _ in range(200)] == [["all", number] for number in range(200)]
    assert [listener.packet() for _ in range(200)] == [f'42/custom,["all",{number}]' for number in range(200)]


# Leaving


def test_a_disconnect_leaves_one_namespace_and_keeps_the_connection(gateway):
    with Client(gateway.port) as client:
        client.send("40/custom,")
        client.packet()
        client.send("41/custom,")
        client.send('42["echo","main"]')
        assert client.packet() == '42["echo","main"]'


def test_disconnect_by_the_server_is_packet_41(gateway):
    with Client(gateway.port) as client:
        client.emit("out")
        assert client.packet() == "41"


def test_kick_closes_the_transport_without_41(gateway):
    with Client(gateway.port) as client:
        client.emit("kick")
        client.wait_closed()
        # wait_closed reads over other packets: make sure that none was a disconnect.
    polling = Polling(gateway.port, "/socket.io/")
    polling.send("40")
    polling.packet()
    polling.send('42["kick"]')
    assert polling.get().text == "1"


def test_S9_an_event_before_connect_closes(gateway):
    assert_closes(gateway, '42["ask"]', '42/custom,["ask"]', "41", "430[]", connected=False)


def test_S9_events_after_a_disconnect_are_ignored(gateway):
    with Client(gateway.port) as client:
        client.send("41")
        client.send('421["ask"]')
        client.send("40")
        reply = client.packet()
        assert reply.startswith('40{"sid":'), reply


# What attackers try


def test_S1_an_event_name_is_a_string_or_a_number(gateway):
    assert_closes(gateway, '42[{"toString":"foo"}]', "42[true]", "42[null]", "42[]", "42{}", "42[[]]", '42"a"', "42", "421")


def test_S2_placeholders_refer_to_attachments_that_exist(gateway):
    for number in ("10", "-1", "1.5", '"splice"', "null", "1e0", "99999999999999999999999"):
        assert_closes(gateway, (f'451-["a",{PLACEHOLDER % number}]', b"x"))
    assert_closes(gateway, ('451-["a",{"_placeholder":true}]', b"x"))


def test_S3_more_attachments_than_allowed_are_refused_at_the_header(gateway):
    memory = gateway.memory_bytes()
    eleven = ",".join(PLACEHOLDER % number for number in range(11))
    assert_closes(gateway, f'4511-["a",{eleven}]', "459999999999-", '459999999999-["a"]', '45' + "9" * 400 + '-["a"]')
    assert gateway.memory_bytes() - memory < 8 << 20


def test_S3_the_number_of_attachments_is_configurable(launch):
    gateway = launch(config(maxAttachments=12))
    with Client(gateway.port) as client:
        client.send(f'4512-["echo",{",".join(PLACEHOLDER % number for number in range(12))}]')
        for number in range(12):
            client.send(bytes([number]))
        client.packet()
        assert [client.packet() for _ in range(12)] == [bytes([number]) for number in range(12)]


def test_S4_zero_attachments_complete_at_once_and_a_stray_frame_closes(gateway):
    with Client(gateway.port) as client:
        client.send('450-["echo",1]')
        assert client.packet() in ('42["echo",1]', '450-["echo",1]')
        client.send(b"stray")
        client.wait_closed()


def test_S5_attachments_count_towards_the_limit_of_one_message(gateway):
    memory = gateway.memory_bytes()
    with Client(gateway.port) as client:
        client.send(f'4510-["a",{",".join(PLACEHOLDER % number for number in range(10))}]')
        try:
            for _ in range(9):
                client.send(b"x" * 900_000)
        except ConnectionError:
            pass
        client.wait_closed()
    assert gateway.memory_bytes() - memory < 24 << 20


def test_S5_binary_before_connect_closes(gateway):
    assert_closes(gateway, b"early", connected=False)
    assert_closes(gateway, b"stray")


def test_S5_text_between_attachments_closes(gateway):
    assert_closes(gateway, (f'451-["a",{PLACEHOLDER % 0}]', '42["ask"]'))


@pytest.mark.slow
def test_S5_a_message_that_is_never_completed_closes(gateway):
    started = time.monotonic()
    assert_closes(gateway, f'451-["a",{PLACEHOLDER % 0}]', timeout=25)
    assert 15 < time.monotonic() - started < 25


def test_S6_packet_types_that_no_client_sends_close(gateway):
    assert_closes(gateway, '44["handle me"]', '44{"message":"x"}', "49", "4", "45", "45woooot", "451", "45a-", "451.23-", "4abc", "47", "4-1")


def test_S7_a_large_binary_message_costs_little(gateway):
    strings = ",".join('"x"' for _ in range(50_000))
    places = ",".join(PLACEHOLDER % number for number in range(10))
    with Client(gateway.port) as client:
        cpu, started = gateway.cpu_seconds(), time.monotonic()
        client.send(f'4510-1["ask",[{strings}],{places}]')
        for _ in range(10):
            client.send(b"y" * 70_000)
        reply = client.packet()
        assert reply.startswith("4610-1[")
        assert [len(client.packet()) for _ in range(10)] == [70_000] * 10
        assert time.monotonic() - started < 3
        assert gateway.cpu_seconds() - cpu < 2


@pytest.mark.parametrize("name", ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"])
def test_S8_reserved_event_names_close(gateway, name):
    assert_closes(gateway, f'42["{name}"]', f'42["{name}",1]')


def test_S8_reserved_event_names_close_also_when_escaped(gateway):
    assert_closes(gateway, '42["\\u0063onnect"]')


def test_S11_a_flood_of_namespaces_is_cut_off(gateway):
    with EngineSocket(gateway.port) as engine:
        refused = 0
        flood = b"".join(engine.frame(1, f"40/n{number},") for number in range(10_000))
        engine.sock.settimeout(5)
        try:
            engine.sock.sendall(flood)
        except (ConnectionError, TimeoutError):
            pass
        try:
            while engine.packet().startswith("44/n"):
                refused += 1
        except Exception:
            pass
        engine.wait_closed()
    assert refused <= 64


def test_S11_a_namespace_has_a_longest_name(gateway):
    with EngineSocket(gateway.port) as engine:
        engine.send("40/" + "n" * 4000 + ",")
        try:
            assert len(engine.packet()) < 5000
        except Exception:
            pass


def test_S12_an_ack_id_is_a_number_that_javascript_can_hold(gateway):
    assert_closes(gateway, '4299999999999999999999["a"]', '42abc["ask",1]', '42-1["ask"]', '421.5["ask"]')


def test_S12_acks_that_nobody_waits_for_are_ignored(gateway):
    with Client(gateway.port) as client:
        client.send("43999[]")
        client.send("430[1,2,3]")
        client.assert_silent()


def test_S12_an_ack_needs_an_id_and_an_array(gateway):
    assert_closes(gateway, "43[]", "431{}")


def test_S12_acks_that_a_hung_backend_owes_are_bounded(launch, backend):
    backend.answer = backend.hang
    routes = [{"match": {"event": "hang"}, "handler": "app"}, *ROUTES]
    gateway = launch(config(routes=routes) | {"handlers": {"app": backend.handler(timeout="60s")}})
    memory = gateway.memory_bytes()
    with Client(gateway.port) as client, Client(gateway.port) as other:
        client.sock.settimeout(1)
        try:
            for number in range(10_000):
                client.sock.sendall(client.frame(1, f'42{number}["hang"]'))
        except TimeoutError:
            pass
        other.assert_responsive()
        assert gateway.memory_bytes() - memory < 48 << 20
        backend.released.set()


def test_S13_nesting_is_bounded_and_does_not_recurse(gateway):
    def nested(depth):
        return '["echo",' + "[" * (depth - 1) + "]" * (depth - 1) + "]"

    with Client(gateway.port) as client:
        client.send(f"42{nested(64)}")
        assert client.packet() == f"42{nested(64)}"
    assert_closes(gateway, f"42{nested(66)}", '42["a",' + "[" * 500_000, '42["a",' + '{"a":' * 150_000)


@pytest.mark.parametrize("arguments", [
    '1e400,12345678901234567890,{"a":1,"a":2},"\\ud800","\\u0000"',
    '-0,1E5,0.1000,"\\/","é✓😀","\\u00e9"',
    '{"__proto__":{"x":1},"constructor":{"prototype":1}}',
    ' 1 , [ 2 ,3] ',
    '"a\\"]b","}{][,:"',
    'null,true,false,"",[],{}',
])
def test_S14_S15_arguments_pass_through_byte_for_byte(gateway, arguments):
    with Client(gateway.port) as client:
        client.send('42["join","bytes"]')
        client.send(f'42["echo",{arguments}]')
        got = client.packet()
        assert got.startswith('42["echo",')
        assert got.removeprefix('42["echo",').removesuffix("]").strip() == arguments.strip()


@pytest.mark.parametrize("message", [
    '42["echo",01]', '42["echo",+1]', '42["echo",.5]', '42["echo",1.]', '42["echo",NaN]', '42["echo",Infinity]',
    "42['echo']", '42["echo",]', '42["echo" 1]', '42["echo"]x', '42["echo",{"a"}]', '42["echo",{a:1}]', '42["echo',
    '42["echo","\\x"]', '42["echo","\\u12"]', '42["echo","a\tb"]', '42["echo",tru]', '42["echo",1]]', '42["echo",{"a":1,}]',
    '42["echo",// comment\n1]',
])
def test_what_is_not_JSON_closes(gateway, message):
    assert_closes(gateway, message)


def test_S19_a_socket_cannot_be_in_more_rooms_than_allowed(launch):
    gateway = launch(config() | {"limits": {"maxRoomsPerSocket": 5}})
    with Client(gateway.port) as client:
        answers = []
        for number in range(8):
            client.emit("join", f"room {number}", ack=number)
            packet = client.packet()
            assert packet.startswith(f"43{number}[")
            answers.append(json.loads(packet[3:])[0])
        assert answers[:5] == [{"ok": True}] * 5
        assert all("error" in answer for answer in answers[5:]), answers
        assert client.ask("leave", "room 0") == [{"ok": True}]
        assert client.ask("join", "room 9") == [{"ok": True}]


def test_S19_a_room_name_has_a_longest_form(gateway):
    with Client(gateway.port) as client:
        assert client.ask("join", "r" * 255) == [{"ok": True}]
        assert "error" in client.ask("join", "r" * 256)[0]
        client.assert_responsive()


def test_a_missing_value_fails_the_action_and_says_so_in_the_ack(gateway):
    with Client(gateway.port) as client:
        client.emit("join", ack=1)
        packet = client.packet()
        assert packet.startswith('431[{"error":'), packet
        client.assert_responsive()


def test_who_fails_a_requirement_is_told_forbidden(launch):
    routes = [
        {"match": {"event": "join"}, "actions": [{"do": "join", "rooms": ["{args.0}"]}], "ack": [{"ok": True}]},
        {"match": {"event": "say"}, "require": {"inRoom": "{args.0}"},
         "actions": [{"do": "emit", "to": {"rooms": ["{args.0}"]}, "event": "said", "args": ["{args.1}"]}], "ack": []},
    ]
    gateway = launch(config(routes=routes))
    with Client(gateway.port) as client:
        answer = client.ask("say", "kitchen", "hi")
        assert answer[0]["error"]["code"] == "forbidden"
        assert client.ask("join", "kitchen") == [{"ok": True}]
        client.emit("say", "kitchen", "hi", ack=2)
        packets = sorted(client.packet() for _ in range(2))
        assert packets == ['42["said","hi"]', "432[]"]


def test_interpolated_text_is_escaped(launch):
    routes = [{"match": {"event": "greet"}, "ack": ["hello {args.0}, {{you}}", {"n": "{args.1}", "s": "n={args.1}"}]}]
    gateway = launch(config(routes=routes))
    with Client(gateway.port) as client:
        assert client.ask("greet", 'a"b\\c\n', 5) == ['hello a"b\\c\n, {you}', {"n": 5, "s": "n=5"}]


def test_sockets_are_counted_by_namespace(launch):
    gateway = launch(config())
    with Client(gateway.port), Client(gateway.port), Client(gateway.port, "/custom"):
        eventually(lambda: gateway.metric("gatehouse_sockets", namespace="/") == 2)
        assert gateway.metric("gatehouse_sockets", namespace="/custom") == 1
    eventually(lambda: gateway.metric("gatehouse_sockets") == 0)


def test_a_client_never_learns_what_serves_it(gateway):
    session = Polling(gateway.port)
    assert not re.search("gatehouse|swift|nio", " ".join(f"{k}: {v}" for k, v in session.handshake.headers.items()), re.I)
