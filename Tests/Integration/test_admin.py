"""The admin listener: health, metrics, and what an operator or a backend may ask for."""

import concurrent.futures
import json
import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway import environment, eventually, request
from wire import Client, config

NOWHERE = "AAAAAAAAAAAAAAAAAAAA"


@pytest.fixture(scope="module")
def gateway(launch_for_module):
    return launch_for_module(config())


def assert_problem(reply, status):
    """RFC 9457."""
    assert reply.status == status, reply
    assert reply.headers["content-type"].startswith("application/problem+json"), reply
    document = reply.json()
    assert document["status"] == status and document["title"], document
    return document


def listed(gateway, path, key):
    """All pages of a list."""
    found, cursor = [], None
    while True:
        separator = "&" if "?" in path else "?"
        reply = gateway.admin("GET", path + (f"{separator}cursor={cursor}" if cursor else ""))
        assert reply.status == 200, reply
        found += reply.json()[key]
        cursor = reply.json().get("cursor")
        if not cursor:
            return found


# Health and metrics


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/startupz"])
def test_health_is_200_and_verbose_names_its_checks(gateway, path):
    assert gateway.admin("GET", path).status == 200
    verbose = gateway.admin("GET", f"{path}?verbose")
    assert verbose.status == 200 and len(verbose.body) > len(gateway.admin("GET", path).body)
    assert gateway.admin("HEAD", path).body == b""


def test_metrics_are_well_formed_and_count_what_happens(launch):
    gateway = launch(config())
    with Client(gateway.port) as client:
        client.assert_responsive()
        reply = request(gateway.admin_port, "GET", "/metrics")
        assert reply.status == 200
        assert reply.headers["content-type"].startswith("text/plain")
        families = {family.name: family for family in text_string_to_metric_families(reply.text)}
        for family in families.values():
            assert family.documentation, f"{family.name} has no help"
            assert family.type != "unknown", f"{family.name} has no type"
            assert family.name.startswith(("gatehouse_", "process_")), family.name
        for name in ("build_info", "ready", "connections_accepted", "sessions", "sockets", "connects", "rooms",
                     "messages_received", "messages_sent", "received_bytes", "sent_bytes", "output_buffered_bytes"):
            assert f"gatehouse_{name}" in families, name
        assert gateway.metric("gatehouse_sockets", namespace="/") == 1
        assert gateway.metric("gatehouse_sessions", endpoint="socket", transport="websocket") == 1
        assert gateway.metric("gatehouse_connects_total", namespace="/") == 1
        before = gateway.metric("gatehouse_messages_received_total")
        for _ in range(10):
            client.assert_responsive()
        assert gateway.metric("gatehouse_messages_received_total") >= before + 10
        assert gateway.metric("process_resident_memory_bytes") > 1 << 20
    eventually(lambda: gateway.metric("gatehouse_disconnects_total", namespace="/") == 1)
    assert gateway.metric("gatehouse_sockets") == 0


def test_metrics_have_no_label_that_a_client_chose(gateway):
    with Client(gateway.port) as client:
        client.ask("join", "chosen-by-a-client")
        client.emit("event-chosen-by-a-client")
        client.assert_responsive()
        assert "chosen-by-a-client" not in gateway.admin("GET", "/metrics").text


# Emit


def test_emit_reaches_rooms_and_says_at_which_offset(gateway):
    with Client(gateway.port) as inside, Client(gateway.port) as outside:
        inside.ask("join", "news")
        answer = gateway.emit(to={"rooms": ["news"]}, event="news", args=[{"n": 1}, "two"])
        assert "offset" in answer
        assert inside.event() == ["news", {"n": 1}, "two"]
        outside.assert_silent()


def test_emit_is_for_the_main_namespace_unless_it_names_another(gateway):
    with Client(gateway.port) as main, Client(gateway.port, "/custom") as custom:
        gateway.emit(to={"all": True}, event="main", args=[])
        gateway.emit(to={"all": True, "namespace": "/custom"}, event="custom", args=[])
        assert main.event() == ["main"]
        assert custom.event() == ["custom"]
        main.assert_silent()
        custom.assert_silent()


def test_emit_carries_attachments(gateway):
    with Client(gateway.port) as client:
        gateway.emit(to={"sockets": [client.id]}, event="file", args=[{"_placeholder": True, "num": 0}], attachments=["AAEC"])
        assert [client.packet() for _ in range(2)] == ['451-["file",{"_placeholder":true,"num":0}]', b"\x00\x01\x02"]


def test_emit_leaves_the_arguments_as_they_were_written(gateway):
    with Client(gateway.port) as client:
        body = f'{{"to":{{"sockets":["{client.id}"]}},"event":"raw","args":[1e400,{{"a":1,"a":2}},"\\ud800"]}}'
        reply = request(gateway.admin_port, "POST", "/v1/emit", body, {"content-type": "application/json"})
        assert reply.status in (200, 202), reply
        assert client.packet() == '42["raw",1e400,{"a":1,"a":2},"\\ud800"]'


def test_emit_with_an_id_is_done_once(gateway):
    with Client(gateway.port) as client:
        for _ in range(3):
            gateway.emit(to={"sockets": [client.id]}, event="once", args=[], id="the same")
        assert client.event() == ["once"]
        client.assert_silent()


def test_emit_with_an_idempotency_key_is_done_once(gateway):
    with Client(gateway.port) as client:
        action = {"to": {"sockets": [client.id]}, "event": "once", "args": []}
        replies = [gateway.admin("POST", "/v1/emit", action, {"idempotency-key": "k1"}) for _ in range(3)]
        assert {reply.status for reply in replies} <= {200, 202}
        assert client.event() == ["once"]
        client.assert_silent()


@pytest.mark.parametrize("document,pointer", [
    ({}, "/event"),
    ({"to": {"all": True}, "event": 5}, "/event"),
    ({"to": {"all": True}, "event": "x", "args": {}}, "/args"),
    ({"to": "self", "event": "x"}, "/to"),
    ({"to": "others", "event": "x"}, "/to"),
    ({"to": {"room": ["x"]}, "event": "x"}, "/to/room"),
    ({"to": {"all": True}, "event": "connect"}, "/event"),
    ({"to": {"all": True}, "event": "x", "colour": 1}, "/colour"),
])
def test_emit_names_what_is_wrong(gateway, document, pointer):
    problem = assert_problem(gateway.admin("POST", "/v1/emit", document), 400)
    assert pointer in json.dumps(problem), problem


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b"\xff", b'{"a":' + b"[" * 100_000])
def test_what_is_no_JSON_object_is_a_problem(gateway, body):
    for path in ("/v1/emit", "/v1/request", *(("/v1/actions",) if body != b"[]" else ())):  # actions may be a bare list
        reply = request(gateway.admin_port, "POST", path, body, {"content-type": "application/json"})
        assert_problem(reply, 400)


def test_a_body_that_is_too_large_is_413(gateway):
    reply = request(gateway.admin_port, "POST", "/v1/emit", b'{"event":"' + b"x" * (20 << 20) + b'"}')
    assert_problem(reply, 413)


# Request


def test_request_collects_the_answers_of_all_and_names_who_is_missing(gateway):
    with Client(gateway.port) as good, Client(gateway.port) as silent, concurrent.futures.ThreadPoolExecutor() as pool:
        for client in (good, silent):
            client.ask("join", "quiz")
        waiting = pool.submit(gateway.admin, "POST", "/v1/request", {
            "to": {"rooms": ["quiz"]}, "event": "question", "args": ["?"], "timeout": "700ms", "expect": "all"})
        packet = good.packet()
        assert packet.startswith("42") and packet.endswith('["question","?"]')
        number = packet[2 : packet.index("[")]
        assert number.isdigit()
        good.send(f'43{number}["answer",{{"n":1}}]')
        reply = waiting.result(10)
    assert reply.status == 200, reply
    (response,) = reply.json()["responses"]
    assert response["args"] == ["answer", {"n": 1}]
    assert good.id in json.dumps(response)
    assert reply.json()["missing"] == [silent.id]


def test_request_first_does_not_wait_for_the_others(gateway):
    with Client(gateway.port) as quick, Client(gateway.port) as silent, concurrent.futures.ThreadPoolExecutor() as pool:
        for client in (quick, silent):
            client.ask("join", "race")
        waiting = pool.submit(gateway.admin, "POST", "/v1/request", {
            "to": {"rooms": ["race"]}, "event": "question", "args": [], "timeout": "20s", "expect": "first"})
        packet = quick.packet()
        quick.send(f'43{packet[2 : packet.index("[")]}["me"]')
        reply = waiting.result(10)
    assert [response["args"] for response in reply.json()["responses"]] == [["me"]]


def test_request_carries_binary_answers(gateway):
    with Client(gateway.port) as client, concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(gateway.admin, "POST", "/v1/request", {
            "to": {"sockets": [client.id]}, "event": "question", "args": [], "timeout": "5s", "expect": "all"})
        packet = client.packet()
        client.send(f'461-{packet[2 : packet.index("[")]}[{{"_placeholder":true,"num":0}}]')
        client.send(b"\x00\x01\x02")
        (response,) = waiting.result(10).json()["responses"]
    assert response["args"] == [{"_placeholder": True, "num": 0}]
    assert response["attachments"] == ["AAEC"]


def test_request_to_nobody_is_answered_at_once(gateway):
    reply = gateway.admin("POST", "/v1/request", {
        "to": {"sockets": [NOWHERE]}, "event": "question", "args": [], "timeout": "20s", "expect": "all"}, timeout=5)
    assert reply.status == 200
    assert reply.json() == {"responses": [], "missing": []}


def test_request_counts_those_who_leave_as_missing(gateway):
    with Client(gateway.port) as client, concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(gateway.admin, "POST", "/v1/request", {
            "to": {"sockets": [client.id]}, "event": "question", "args": [], "timeout": "20s", "expect": "all"})
        client.packet()
        client.close()
        reply = waiting.result(10)
    assert reply.json() == {"responses": [], "missing": [client.id]}


# Actions


def test_actions_are_done_in_order_and_all_or_none(gateway):
    with Client(gateway.port) as client:
        me = {"sockets": [client.id]}
        reply = gateway.admin("POST", "/v1/actions", {"actions": [
            {"do": "join", "rooms": ["by-admin"], "target": me},
            {"do": "emit", "to": {"rooms": ["by-admin"]}, "event": "joined", "args": []},
            {"do": "leave", "rooms": ["by-admin"], "target": me},
            {"do": "emit", "to": {"rooms": ["by-admin"]}, "event": "never", "args": []},
        ]})
        assert reply.status in (200, 202, 204), reply
        assert client.event() == ["joined"]
        client.assert_silent()
        problem = assert_problem(gateway.admin("POST", "/v1/actions", {"actions": [
            {"do": "emit", "to": me, "event": "never", "args": []}, {"do": "explode"}]}), 400)
        assert "/actions/1" in json.dumps(problem)
        client.assert_silent()


def test_actions_disconnect_and_kick(gateway):
    with Client(gateway.port) as out, Client(gateway.port) as kicked:
        gateway.admin("POST", "/v1/actions", {"actions": [{"do": "disconnect", "target": {"sockets": [out.id]}}]})
        assert out.packet() == "41"
        gateway.admin("POST", "/v1/actions", {"actions": [{"do": "kick", "target": {"sockets": [kicked.id]}}]})
        kicked.wait_closed()


# Sockets, rooms, users


def test_sockets_are_listed_shown_and_disconnected(gateway):
    with Client(gateway.port) as client, Client(gateway.port, "/custom") as custom:
        client.ask("join", "cellar")
        every = {socket["id"]: socket for socket in listed(gateway, "/v1/sockets", "sockets")}
        assert client.id in every
        inside = listed(gateway, "/v1/sockets?room=cellar", "sockets")
        assert [socket["id"] for socket in inside] == [client.id]
        assert [socket["id"] for socket in listed(gateway, "/v1/sockets?namespace=%2Fcustom", "sockets")] == [custom.id]

        shown = gateway.admin("GET", f"/v1/sockets/{client.id}").json()
        assert shown["id"] == client.id and shown["namespace"] == "/" and shown["transport"] == "websocket"
        assert sorted(shown["rooms"]) == sorted([client.id, "cellar"])
        assert client.sid not in json.dumps(shown), "the session id is a secret of the client"

        reply = gateway.admin("DELETE", f"/v1/sockets/{client.id}")
        assert reply.status in (200, 202, 204), reply
        assert client.packet() == "41"
        eventually(lambda: gateway.admin("GET", f"/v1/sockets/{client.id}").status == 404)
    assert_problem(gateway.admin("GET", f"/v1/sockets/{NOWHERE}"), 404)
    assert_problem(gateway.admin("DELETE", f"/v1/sockets/{NOWHERE}"), 404)


def test_a_long_list_of_sockets_comes_in_pages(gateway):
    clients = [Client(gateway.port, "/custom") for _ in range(120)]
    try:
        found = listed(gateway, "/v1/sockets?namespace=%2Fcustom", "sockets")
        assert sorted(socket["id"] for socket in found) == sorted(client.id for client in clients)
    finally:
        for client in clients:
            client.close()


def test_rooms_are_listed_and_their_members_changed(gateway):
    with Client(gateway.port) as one, Client(gateway.port) as two:
        for client in (one, two):
            client.ask("join", "parlour")
        rooms = {room["name"]: room for room in listed(gateway, "/v1/rooms", "rooms")}
        assert rooms["parlour"]["sockets"] == 2
        shown = gateway.admin("GET", "/v1/rooms/parlour").json()
        assert shown["name"] == "parlour" and shown["sockets"] == 2

        assert gateway.admin("DELETE", f"/v1/rooms/parlour/members/{two.id}").status in (200, 204)
        assert gateway.admin("PUT", f"/v1/rooms/a%2Fb%20c/members/{two.id}").status in (200, 201, 204)
        gateway.emit(to={"rooms": ["parlour"]}, event="parlour", args=[])
        gateway.emit(to={"rooms": ["a/b c"]}, event="other", args=[])
        assert one.event() == ["parlour"]
        assert two.event() == ["other"]
        assert_problem(gateway.admin("PUT", f"/v1/rooms/parlour/members/{NOWHERE}"), 404)
    eventually(lambda: "parlour" not in {room["name"] for room in listed(gateway, "/v1/rooms", "rooms")})
    assert_problem(gateway.admin("GET", "/v1/rooms/parlour"), 404)


def test_a_user_is_disconnected_everywhere(launch, backend):
    backend.answer = lambda call: {"accept": True, "user": "u1"}
    setup = config()
    setup["routes"].insert(0, {"match": {"type": "socket.connect"}, "handler": "app"})
    gateway = launch(setup | {"handlers": {"app": backend.handler()}})
    with Client(gateway.port) as one, Client(gateway.port) as two:
        reply = gateway.admin("POST", "/v1/users/u1/disconnect")
        assert reply.status in (200, 202, 204), reply
        assert one.packet() == "41"
        assert two.packet() == "41"


# Manners


def test_unknown_paths_and_methods_are_problems(gateway):
    assert_problem(gateway.admin("GET", "/nothing"), 404)
    assert_problem(gateway.admin("GET", "/v1/nothing"), 404)
    problem = gateway.admin("GET", "/v1/emit")
    assert_problem(problem, 405)
    assert "POST" in problem.headers["allow"]
    assert_problem(gateway.admin("DELETE", "/metrics"), 405)


def test_the_public_listener_has_none_of_it(gateway):
    for path in ("/livez", "/readyz", "/metrics", "/v1/sockets", "/v1/emit"):
        assert request(gateway.port, "GET", path).status == 404


def test_keys_and_their_scopes(launch):
    keys = [{"name": name, "secret": f"secret of {name}", "scopes": [name]} for name in ("read", "emit", "admin")]
    gateway = launch(config() | {"admin": {"keys": keys}})
    emit = {"to": {"all": True}, "event": "x", "args": []}

    def status(method, path, document=None, key=None, scheme="Bearer"):
        headers = {"authorization": f"{scheme} {key}"} if key else {}
        return gateway.admin(method, path, document, headers).status

    for method, path, document in (("GET", "/v1/sockets", None), ("POST", "/v1/emit", emit), ("DELETE", f"/v1/sockets/{NOWHERE}", None)):
        reply = gateway.admin(method, path, document)
        assert_problem(reply, 401)
        assert reply.headers["www-authenticate"].startswith("Bearer")
        assert status(method, path, document, "wrong") == 401
        assert status(method, path, document, "secret of admin", "Basic") == 401

    read, write, admin = (f"secret of {name}" for name in ("read", "emit", "admin"))
    assert status("GET", "/v1/sockets", key=read) == 200
    assert status("POST", "/v1/emit", emit, read) == 403
    assert status("DELETE", f"/v1/sockets/{NOWHERE}", key=read) == 403
    assert status("POST", "/v1/emit", emit, write) in (200, 202)
    assert status("DELETE", f"/v1/sockets/{NOWHERE}", key=write) == 403
    assert status("GET", "/v1/sockets", key=admin) == 200
    assert status("POST", "/v1/emit", emit, admin) in (200, 202)
    assert status("DELETE", f"/v1/sockets/{NOWHERE}", key=admin) == 404
    # What a load balancer asks for needs no key.
    for path in ("/livez", "/readyz", "/startupz"):
        assert status("GET", path) == 200
    assert "secret of" not in gateway.log(10_000)


@pytest.mark.parametrize("keyed", [False, True], ids=["without keys", "with keys"])
def test_A9_what_a_web_page_can_make_a_browser_send_is_refused(launch, keyed):
    key = "a secret of this gateway alone"
    keys = {"admin": {"keys": [{"name": "ops", "secret": key, "scopes": ["admin"]}]}} if keyed else {}
    gateway = launch(config() | keys)
    authorization = {"authorization": f"Bearer {key}"} if keyed else {}
    emit = json.dumps({"to": {"all": True}, "event": "x", "args": []})
    json_type = {"content-type": "application/json"}

    def status(method="POST", path="/v1/emit", body=emit, headers=json_type):
        return request(gateway.admin_port, method, path, body, authorization | headers).status

    assert status() == 200
    browsers = [
        json_type | {"Origin": "https://evil.example"}, json_type | {"Origin": "null"},
        json_type | {"Origin": f"http://127.0.0.1:{gateway.admin_port}"}, json_type | {"Sec-Fetch-Site": "cross-site"},
        json_type | {"Sec-Fetch-Site": "same-site"}, json_type | {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
    ]
    if not keyed:  # a name that was made to point here; who has a key is no page
        browsers += [json_type | {"Host": host} for host in (
            "evil.example", f"evil.example:{gateway.admin_port}", "127.0.0.1.evil.example", "localhost.evil.example")]
    for headers in browsers:
        assert status(headers=headers) == 403, headers
        assert status("GET", "/v1/sockets", None, headers) == 403, headers
        assert status("GET", "/metrics", None, headers) == 403, headers
    # A form and `no-cors` can send these types only.
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        assert status(headers={"content-type": kind}) == 415, kind
    assert status("OPTIONS", "/v1/emit", None, {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}) == 403
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Origin": "https://evil.example"}
    assert status("GET", "/v1/sockets", None, upgrade) == 403
    assert gateway.admin("GET", "/livez", headers={"Origin": "https://evil.example"}).status == 200


def test_a_hundred_requests_at_once_are_all_answered(gateway):
    with Client(gateway.port) as client, concurrent.futures.ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda n: gateway.emit(to={"sockets": [client.id]}, event="n", args=[n]), range(100)))
        assert sorted(client.event()[1] for _ in range(100)) == list(range(100))


def test_the_configuration_is_shown_without_secrets(launch):
    keys = [{"name": "ops", "secret": "very secret indeed", "scopes": ["admin"]}]
    gateway = launch(config() | {"admin": {"keys": keys}})
    shown = subprocess.run(
        [gateway.process.args[0], "config", "show", "-c", gateway.file], capture_output=True, text=True, timeout=20,
        env=environment())
    assert shown.returncode == 0, shown
    assert "very secret" not in shown.stdout + shown.stderr
    assert json.loads(shown.stdout)["endpoints"][0]["path"] == "/socket.io/"
