"""Events that are stored before they are acked: nothing that was acked is lost, whatever dies, fails or fills up."""

import contextlib
import json
import os
import re
import resource
import sqlite3
import subprocess
import sys
import time

import pytest

from backend import Backend, Raw
from gateway import REPOSITORY, binary, environment, eventually, free_ports
from wire import ROUTES, Client, config


def setup(backend, *routes, handler=None, outbox=None, **options):
    """`put*` is stored for the backend, `call*` asks it, everything of the wire tests is answered without it."""
    rest = [
        {"name": "put", "match": {"event": "put*"}, "handler": "app", "mode": "atLeastOnce"},
        {"name": "call", "match": {"event": "call*"}, "handler": "app"},
    ]
    return config(routes=[*routes, *rest, *ROUTES], **options) | {
        "handlers": {"app": backend.handler(**(handler or {}))}, "outbox": outbox or {}}


def pending(gateway):
    return gateway.metric("gatehouse_outbox_events", state="pending")


def dead(gateway):
    return gateway.metric("gatehouse_outbox_events", state="dead")


def empty(gateway, seconds=15):
    eventually(lambda: pending(gateway) == 0, seconds, "an empty outbox")


def numbers(backend):
    return [call.event["args"][0] for call in list(backend.seen)]


def error_of(arguments):
    (only,) = arguments
    assert list(only) == ["error"], arguments
    return only["error"]["code"]


# What is promised


def test_the_ack_comes_after_the_commit_and_before_the_handler(launch, backend):
    backend.answer = backend.hang
    gateway = launch(setup(backend))
    with Client(gateway.port) as client:
        assert client.ask("put", {"n": 1}) == []
    event = backend.next().event
    delivery = event["delivery"]
    assert (delivery["mode"], delivery["attempt"], delivery["seq"], delivery["redelivered"]) == ("atLeastOnce", 1, 1, False)
    assert delivery["lane"] == f"socket:{event['socket']['id']}"
    backend.released.set()
    empty(gateway)


def test_answers_act_also_when_the_socket_is_gone(launch, backend):
    backend.answer = backend.hang
    gateway = launch(setup(backend))
    with Client(gateway.port) as watcher:
        watcher.ask("join", "all")
        with Client(gateway.port) as sender:
            sender.ask("join", "all")
            assert sender.ask("put") == []
            backend.next()
        backend.answer = lambda call: None
        eventually(lambda: gateway.metric("gatehouse_sockets", namespace="/") == 1, what="the sender's end")

        def answers(_call):
            return {"actions": [{"do": "emit", "event": "mine"}, {"do": "join", "rooms": ["x"]},
                                {"do": "emit", "to": {"rooms": ["all"]}, "event": "news", "args": [1]},
                                {"do": "emit", "to": "others", "event": "others"}]}

        backend.answer = answers
        with Client(gateway.port) as sender:
            sender.ask("put")
            assert sender.event() == ["mine"]
        assert watcher.event() == ["news", 1]
        assert watcher.event() == ["others"]
        backend.released.set()
        empty(gateway)


def test_binary_and_exact_json_survive_a_restart(launch, backend):
    backend.answer = lambda call: 503
    gateway = launch(setup(backend))
    arguments = '1e400,{"a":1,"a":2},"\\ud800",{"_placeholder":true,"num":0}'
    with Client(gateway.port) as client:
        client.send(f'451-9["put",{arguments}]')
        client.send(b"\x00\x01\x02")
        assert client.packet() == "439[]"
        backend.next()
    gateway.restart()
    backend.answer = lambda call: None
    empty(gateway)
    # It may have been tried several times before the restart and after it.
    first, *_, last = backend.seen
    for call in (first, last):
        assert f'"args":[{arguments}]'.encode() in call.body
        assert b'"attachments":["AAEC"]' in call.body
    assert last.event["id"] == first.event["id"] and last.event["delivery"]["redelivered"] is True
    assert last.event["delivery"]["attempt"] >= 2


def test_sequences_go_on_after_a_restart(launch, backend):
    route = {"name": "byRoom", "match": {"event": "room"}, "handler": "app", "mode": "atLeastOnce", "orderBy": "room:args.0"}
    gateway = launch(setup(backend, route))
    for _ in range(2):
        with Client(gateway.port) as client:
            for _ in range(3):
                assert client.ask("room", "kitchen") == []
        empty(gateway)
        gateway.restart()
    calls = [call.event["delivery"] for call in backend.seen]
    assert [one["seq"] for one in calls] == [1, 2, 3, 4, 5, 6]
    assert {one["lane"] for one in calls} == {"room:kitchen"}


def test_lifecycle_events_are_stored_too(launch, backend):
    routes = [
        {"name": kind, "match": {"type": f"socket.{kind}"}, "handler": "app", "mode": "atLeastOnce"}
        for kind in ("connected", "disconnected")
    ]
    gateway = launch(setup(backend, *routes))
    with Client(gateway.port) as client:
        assert backend.next().event["type"] == "socket.connected"
    gone = backend.next().event
    assert (gone["type"], gone["reason"], gone["socket"]["id"]) == ("socket.disconnected", "transportClose", client.id)
    empty(gateway)


def test_events_without_an_order_go_side_by_side(launch, backend):
    backend.answer = backend.hang
    route = {"name": "free", "match": {"event": "free"}, "handler": "app", "mode": "atLeastOnce", "orderBy": "none"}
    gateway = launch(setup(backend, route))
    with Client(gateway.port) as client:
        for number in range(5):
            assert client.ask("free", number) == []
        eventually(lambda: backend.most_in_flight == 5, what="five calls at once")
    backend.released.set()
    empty(gateway)
    assert {call.event["delivery"]["seq"] for call in backend.seen} == {1}


def test_a_gateway_without_stored_routes_makes_no_file(launch, backend):
    gateway = launch(config())
    assert list(gateway.directory.glob("outbox*")) == []


# B5, B6, B9, B10


def test_B5_a_lost_answer_brings_the_same_event_again(launch, backend):
    answers = [Raw(reset=True), Raw(b"HTTP/1.1 200 OK\r\ncontent-le", reset=True)]
    backend.answer = lambda call: answers.pop() if answers else None
    gateway = launch(setup(backend))
    with Client(gateway.port) as client:
        assert client.ask("put", 1) == []
        empty(gateway)
    assert len(backend.seen) == 3
    assert len({call.headers["webhook-id"] for call in backend.seen}) == 1
    assert [call.event["delivery"]["attempt"] for call in backend.seen] == [1, 2, 3]
    assert [call.headers["gatehouse-attempt"] for call in backend.seen] == ["1", "2", "3"]


def test_B6_a_retry_blocks_its_lane_and_no_other(launch, backend):
    failures = [503, 503, 503]
    backend.answer = lambda call: failures.pop() if call.event["args"][0] == 2 and failures else None
    gateway = launch(setup(backend))
    with Client(gateway.port) as client, Client(gateway.port) as other:
        for number in (1, 2, 3):
            assert client.ask("put", number) == []
        assert other.ask("put", "other") == []
        empty(gateway)
    assert [number for number in numbers(backend) if number != "other"] == [1, 2, 2, 2, 2, 3]
    assert gateway.metric("gatehouse_handler_retries_total", handler="app") == 3


def test_B6_retry_after_is_honoured(launch, backend):
    times = []

    def answer(_call):
        times.append(time.monotonic())
        return (429, {"Retry-After": "2"}, b"") if len(times) == 1 else None

    backend.answer = answer
    gateway = launch(setup(backend))
    with Client(gateway.port) as client:
        assert client.ask("put", 1) == []
        empty(gateway)
    assert times[1] - times[0] >= 1.9


def test_B9_a_poison_event_becomes_a_dead_letter_and_its_lane_goes_on(launch, backend):
    backend.answer = lambda call: (500, {}, b"no " + b"x" * 8000) if call.event["args"][0] == "poison" else None
    gateway = launch(setup(backend, handler={"maxAttempts": 3}))
    with Client(gateway.port) as client:
        assert client.ask("put", "poison") == []
        assert client.ask("put", "next") == []
        empty(gateway)
    assert numbers(backend) == ["poison"] * 3 + ["next"]
    assert gateway.metric("gatehouse_dlq_added_total", handler="app", reason="attempts") == 1
    (letter,) = gateway.admin("GET", "/v1/dlq").json()["letters"]
    assert (letter["handler"], letter["route"], letter["reason"]) == ("app", "put", "attempts")
    assert (letter["attempts"], letter["status"], letter["seq"]) == (3, 500, 1)
    shown = gateway.admin("GET", f"/v1/dlq/{letter['id']}").json()
    assert shown["response"].startswith("no xxx") and len(shown["response"]) == 4096
    assert shown["event"]["args"] == ["poison"] and shown["event"]["id"] == letter["id"]


@pytest.mark.parametrize("status, reason", [(400, "rejected"), (302, "rejected")])
def test_B9_a_clear_no_is_not_asked_again(launch, backend, status, reason):
    backend.answer = lambda call: status
    gateway = launch(setup(backend))
    with Client(gateway.port) as client:
        assert client.ask("put", 1) == []
        eventually(lambda: dead(gateway) == 1, what="a dead letter")
    assert len(backend.seen) == 1
    assert gateway.metric("gatehouse_dlq_added_total", handler="app", reason=reason) == 1


def test_B9_an_answer_that_is_no_answer_names_its_place(launch, backend):
    backend.answer = lambda call: {"actions": [{"do": "emit", "event": "x"}, {"do": "dance"}]}
    gateway = launch(setup(backend))
    with Client(gateway.port) as client:
        assert client.ask("put", 1) == []
        eventually(lambda: dead(gateway) == 1, what="a dead letter")
        client.assert_silent()
    (letter,) = gateway.admin("GET", "/v1/dlq").json()["letters"]
    assert letter["reason"] == "invalidAnswer" and "/actions/1" in letter["problem"]


def test_B10_replays_keep_the_id_and_the_order(launch, backend):
    backend.answer = lambda call: 400
    gateway = launch(setup(backend))
    with Client(gateway.port) as client:
        for number in range(5):
            assert client.ask("put", number) == []
        eventually(lambda: dead(gateway) == 5, what="five dead letters")
    ids = [call.event["id"] for call in backend.seen]
    # One alone, so that it would be the last if the order were that of dying.
    assert gateway.admin("POST", f"/v1/dlq/{ids[0]}/replay").json() == {"replayed": 1}
    eventually(lambda: len(backend.seen) == 6 and dead(gateway) == 5, what="its second death")
    gateway.restart()
    for round_number in (1, 2):
        before = len(backend.seen)
        assert gateway.admin("POST", "/v1/dlq/replay", {"all": True}).json() == {"replayed": 5}
        eventually(lambda: len(backend.seen) == before + 5 and dead(gateway) == 5, what=f"replay {round_number}")
        calls = [call.event for call in list(backend.seen)[before:]]
        assert [event["id"] for event in calls] == ids
        assert [event["delivery"]["seq"] for event in calls] == [1, 2, 3, 4, 5]
        assert all(event["delivery"]["redelivered"] and event["delivery"]["attempt"] == 1 for event in calls)
    backend.answer = lambda call: None
    assert gateway.admin("POST", "/v1/dlq/replay", {"handler": "app"}).json() == {"replayed": 5}
    eventually(lambda: dead(gateway) == 0, what="no dead letters")
    empty(gateway)


def test_the_dead_letter_queue_is_paged_and_dropped(launch, backend):
    backend.answer = lambda call: 400
    gateway = launch(setup(backend))
    with Client(gateway.port) as client:
        for number in range(5):
            client.ask("put", number)
        eventually(lambda: dead(gateway) == 5, what="five dead letters")
    first = gateway.admin("GET", "/v1/dlq?limit=3").json()
    rest = gateway.admin("GET", f"/v1/dlq?limit=3&cursor={first['cursor']}").json()
    ids = [one["id"] for one in first["letters"] + rest["letters"]]
    assert ids == [call.event["id"] for call in backend.seen] and "cursor" not in rest
    assert gateway.admin("GET", "/v1/dlq?handler=other").json()["letters"] == []
    assert gateway.admin("DELETE", f"/v1/dlq/{ids[0]}").status == 204
    assert gateway.admin("DELETE", f"/v1/dlq/{ids[0]}").status == 404
    assert gateway.admin("GET", f"/v1/dlq/{ids[0]}").status == 404
    assert gateway.admin("DELETE", "/v1/dlq").status == 400
    assert gateway.admin("DELETE", "/v1/dlq?all=true").json() == {"dropped": 4}
    assert dead(gateway) == 0
    assert gateway.admin("POST", "/v1/dlq/replay", {}).status == 400


def test_410_keeps_the_events_of_its_route(launch, backend):
    other = {"name": "other", "match": {"event": "other"}, "handler": "app", "mode": "atLeastOnce"}
    backend.answer = lambda call: 410 if call.event["event"] == "put" else None
    gateway = launch(setup(backend, other))
    with Client(gateway.port) as client:
        for number in range(3):
            assert client.ask("put", number) == []
            assert client.ask("other", number) == []
        eventually(lambda: pending(gateway) == 3, what="three events that are kept")
    assert [(call.event["event"]) for call in backend.seen].count("put") == 1
    assert dead(gateway) == 0
    backend.answer = lambda call: None
    before = len(backend.seen)
    gateway.restart()
    empty(gateway)
    assert [call.event["args"][0] for call in list(backend.seen)[before:]] == [0, 1, 2]


def gone(gateway, route):
    return gateway.metric("gatehouse_handler_requests_total", handler="app", route=route, outcome="gone")


def test_a_reload_enables_a_route_that_answered_410(launch, backend):
    """Of a handler whose options are as they were: its object goes on, what it has switched off does not."""
    question = {"name": "question", "match": {"event": "question"}, "handler": "app"}
    backend.answer = lambda call: 410
    gateway = launch(setup(backend, question))
    with Client(gateway.port) as client:
        for number in range(3):
            assert client.ask("put", number) == []
        refusal = client.ask("question", 3)
        eventually(lambda: gone(gateway, "put") >= 1 and gone(gateway, "question") >= 1, what="two routes that are off")
        assert client.ask("question", 4) == refusal
        backend.answer = lambda call: {"ack": ["well"]} if call.event["event"] == "question" else None
        before = len(backend.seen)
        assert pending(gateway) == 3
        assert gateway.admin("POST", "/v1/config/reload").status == 200
        empty(gateway)
        assert [call.event["args"][0] for call in list(backend.seen)[before:]] == [0, 1, 2]
        assert client.ask("question", 5) == ["well"]


def test_B2_a_backend_that_was_away_gets_everything_in_order(launch):
    (port,) = free_ports(1)
    stand_in = Backend(port=port)
    gateway = launch(setup(stand_in))
    stand_in.stop()
    with Client(gateway.port) as client:
        for number in range(60):
            assert client.ask("put", number) == []
        assert pending(gateway) == 60
        back = Backend(port=port)
        try:
            empty(gateway, 30)
            assert numbers(back) == list(range(60))
        finally:
            back.stop()


# B7


@pytest.mark.parametrize("end", [pytest.param("kill", id="kill-9"), pytest.param("term", id="P1-SIGTERM")])
def test_B7_nothing_that_was_acked_is_lost_through_ten_ends_under_load(end):
    """Kill -9 nine times, or SIGTERM ten times: the command runs as long as one likes."""
    run = subprocess.run(
        [sys.executable, REPOSITORY / "Tests/Load/crash_loop.py", "--rounds", "10", "--end", end],
        capture_output=True, text=True, timeout=300, env=environment(GATEHOUSE_BINARY=str(binary())))
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
    assert "10 rounds" in run.stdout and "nothing acked was lost" in run.stdout
    print(run.stdout)


# B8: the file itself; the unit tests damage it everywhere


def stored_and_stopped(gateway, backend, count=40):
    """A gateway that is down, with undelivered events in its file."""
    backend.answer = lambda call: 503
    with Client(gateway.port) as client:
        for number in range(count):
            assert client.ask("put", number, f"<{number}>" + "x" * 1000) == []
    gateway.stop()
    backend.answer = lambda call: None
    return gateway.directory / "outbox.db"


def damage(file):
    """Makes a leaf of the table (13) unreadable, in the middle of it; the bytes of the whole file."""
    content = bytearray(file.read_bytes())
    leaves = [at for at in range(4096, len(content), 4096) if content[at] == 13 and b"xxxx" in content[at : at + 4096]]
    middle = leaves[len(leaves) // 2]
    content[middle : middle + 64] = b"\xff" * 64
    file.write_bytes(content)
    return bytes(content)


def test_B8_a_damaged_file_is_moved_aside_and_its_right_events_are_delivered(launch, backend):
    gateway = launch(setup(backend))
    file = stored_and_stopped(gateway, backend)
    content = damage(file)
    before = len(backend.seen)
    gateway.start()
    empty(gateway)
    (aside,) = [one for one in gateway.directory.glob("outbox.db.corrupt-*") if not one.name.endswith(("-wal", "-shm"))]
    assert aside.read_bytes() == content
    assert "was damaged" in gateway.log() and aside.name in gateway.log()
    delivered = [call.event["args"][0] for call in list(backend.seen)[before:]]
    assert delivered == sorted(delivered) and 30 <= len(delivered) < 40
    with Client(gateway.port) as client:
        assert client.ask("put", "after") == []
    empty(gateway)


def test_B8_a_log_with_a_wrong_byte_in_its_middle_is_told_and_kept(launch, backend):
    gateway = launch(setup(backend))
    backend.answer = lambda call: 503
    with Client(gateway.port) as client:
        for number in range(40):
            assert client.ask("put", number, f"<{number}>" + "x" * 1000) == []
    gateway.kill()
    log = gateway.directory / "outbox.db-wal"
    content = bytearray(log.read_bytes())
    content[content.index(b"<25>xxxx") + 100] ^= 1
    log.write_bytes(content)
    before = len(backend.seen)
    backend.answer = lambda call: None
    gateway.start()
    empty(gateway)
    # SQLite alone would have gone on as if the others had never been stored.
    (aside,) = gateway.directory.glob("outbox.db.corrupt-*-wal")
    assert aside.read_bytes() == content
    assert re.search(r"was damaged \(frame \d+ of its log is wrong, and \d+ frames behind it", gateway.log()), gateway.log()
    delivered = [call.event["args"][0] for call in list(backend.seen)[before:]]
    assert sorted(set(delivered)) == list(range(25))
    with Client(gateway.port) as client:
        assert client.ask("put", "after") == []
    empty(gateway)


def test_B8_R10_a_damaged_file_stays_in_its_place_until_there_is_room_for_what_is_right_in_it(launch, backend):
    gateway = launch(setup(backend))
    file = stored_and_stopped(gateway, backend)
    content = damage(file)
    before = len(backend.seen)
    gateway.ended_on_purpose = True
    for _ in range(2):
        start_fails(gateway, "outbox.db: is damaged", "cannot be taken over", "then start again", prepare=lambda: (
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))))
        assert file.read_bytes() == content
        assert {one.name for one in gateway.directory.glob("outbox.db*")} == {"outbox.db", "outbox.db-wal", "outbox.db.lock"}
    gateway.start()
    empty(gateway)
    delivered = [call.event["args"][0] for call in list(backend.seen)[before:]]
    assert delivered == sorted(delivered) and 30 <= len(delivered) < 40
    assert f"{len(delivered)} events with right checksums taken over" in gateway.log()


def test_B8_an_event_whose_bytes_changed_is_not_delivered(launch, backend):
    gateway = launch(setup(backend))
    file = stored_and_stopped(gateway, backend)
    file.write_bytes(file.read_bytes().replace(b"<17>xxxx", b"<18>xxxx"))
    before = len(backend.seen)
    gateway.start()
    empty(gateway)
    delivered = [call.event["args"][0] for call in list(backend.seen)[before:]]
    assert delivered == [number for number in range(40) if number != 17]
    (letter,) = gateway.admin("GET", "/v1/dlq").json()["letters"]
    assert letter["reason"] == "damaged" and letter["damaged"] is True and letter["seq"] == 18
    assert "event" not in gateway.admin("GET", f"/v1/dlq/{letter['id']}").json()
    assert gateway.admin("POST", f"/v1/dlq/{letter['id']}/replay").status == 404


def start_fails(gateway, *expected, prepare=None):
    done = subprocess.run([binary(), "run", "-c", gateway.file], cwd=gateway.directory, env=environment(),
                          capture_output=True, text=True, timeout=30, preexec_fn=prepare)
    assert "Error Domain" not in done.stderr and "UserInfo" not in done.stderr, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("gatehouse:")]
    assert done.returncode in (1, 78) and len(lines) == 1, (done.returncode, done.stderr)
    for text in expected:
        assert text in lines[0], lines[0]


def test_two_processes_on_one_outbox(launch, backend, tmp_path):
    path = str(tmp_path / "outbox.db")
    first = launch(setup(backend, outbox={"path": path}))
    second = launch(setup(backend, outbox={"path": path}), start=False)
    start_fails(second, path, "in use by another process")
    with Client(first.port) as client:
        assert client.ask("put", 1) == []
    empty(first)


def test_an_outbox_that_cannot_be_is_one_line(launch, backend, tmp_path):
    gateway = launch(setup(backend, outbox={"path": str(tmp_path / "no" / "outbox.db")}), start=False)
    start_fails(gateway, "no/outbox.db", "does not exist")
    foreign = tmp_path / "foreign.db"
    with contextlib.closing(sqlite3.connect(foreign)) as database:
        database.execute("CREATE TABLE t(a)")
    content = foreign.read_bytes()
    gateway.configure(setup(backend, outbox={"path": str(foreign)}))
    start_fails(gateway, "is a database of something else")
    assert foreign.read_bytes()[:16] == content[:16]
    with contextlib.closing(sqlite3.connect(foreign)) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("t",)]


def test_a_file_of_something_else_is_not_moved(launch, backend, tmp_path):
    key = tmp_path / "server.key"
    key.write_text("-----BEGIN PRIVATE KEY-----\n" * 100)
    gateway = launch(setup(backend, outbox={"path": str(key)}), start=False)
    start_fails(gateway, str(key), "is no outbox but a file of something else", "name another file in outbox.path")
    gateway.configure(setup(backend, outbox={"path": str(gateway.file)}))
    content = gateway.file.read_bytes()
    start_fails(gateway, "is no outbox but a file of something else")
    assert gateway.file.read_bytes() == content
    assert [one.name for one in tmp_path.iterdir() if "server" in one.name] == ["server.key"]
    assert key.read_text() == "-----BEGIN PRIVATE KEY-----\n" * 100


def test_P8_an_outbox_of_a_newer_version_is_left_alone(launch, backend):
    gateway = launch(setup(backend))
    gateway.stop()
    gateway.ended_on_purpose = True
    with contextlib.closing(sqlite3.connect(gateway.directory / "outbox.db")) as database:
        database.execute("PRAGMA user_version = 99")
    start_fails(gateway, "written by a newer version")


# R10


def test_R10_a_full_disk_refuses_and_recovers_by_itself(launch, backend, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], capture_output=True).returncode == 0
    if not mounted:
        pytest.skip("needs to mount a small disk; the limit of file sizes is tested elsewhere")
    gateway = None
    try:
        backend.answer = backend.hang
        gateway = launch(setup(backend, outbox={"path": str(disk / "outbox.db")}))
        stored = fill(gateway, "unavailable")
        assert gateway.admin("GET", "/readyz").status == 503
        assert gateway.metric("gatehouse_ready", check="outbox") == 0
        assert "cannot be written" in gateway.log()
        backend.answer = lambda call: None
        subprocess.run(["mount", "-o", "remount,size=32m", disk], check=True)
        recovers(gateway, backend, stored)
    finally:
        if gateway is not None:
            gateway.stop()
            gateway.ended_on_purpose = True
        subprocess.run(["umount", "-l", disk], check=True)


def test_R10_a_file_that_may_not_grow_refuses_and_recovers_by_itself(launch, backend):
    backend.answer = backend.hang
    gateway = launch(setup(backend))
    limit = 1_500_000
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    stored = fill(gateway, "unavailable")
    eventually(lambda: gateway.admin("GET", "/readyz").status == 503, what="not being ready")
    backend.answer = lambda call: None
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    recovers(gateway, backend, stored)


def fill(gateway, code):
    """Stores events until one is refused with this error; how many were stored."""
    with Client(gateway.port) as client:
        for number in range(2_000):
            answer = client.ask("put", number, "x" * 20_000)
            if answer:
                assert error_of(answer) == code
                return number
    raise AssertionError("nothing was refused")


def recovers(gateway, backend, stored):
    """There is room again: everything stored is delivered, and new events are taken."""
    eventually(lambda: gateway.admin("GET", "/readyz").status == 200, 10, "being ready again")
    backend.released.set()
    with Client(gateway.port) as client:
        assert client.ask("put", "after") == []
    empty(gateway, 30)
    delivered = list(dict.fromkeys(numbers(backend)))
    assert [one for one in delivered if one != "after"] == list(range(stored))
    assert "can be written again" in gateway.log()


def test_a_full_outbox_answers_busy(launch, backend):
    backend.answer = backend.hang
    gateway = launch(setup(backend, outbox={"maxBytes": "1MiB"}))
    stored = fill(gateway, "busy")
    assert 20 < stored < 60
    assert gateway.admin("GET", "/readyz").status == 200
    assert gateway.metric("gatehouse_outbox_refused_total", reason="busy") == 1
    backend.released.set()
    backend.answer = lambda call: None
    empty(gateway)
    with Client(gateway.port) as client:
        assert client.ask("put", "after") == []


# The commands


def command(gateway, *arguments, code=0):
    """What `gatehouse …` prints; on standard error when it fails."""
    done = subprocess.run(
        [binary(), *arguments, "-c", gateway.file], capture_output=True, text=True, timeout=60, env=environment())
    assert done.returncode == code, done
    assert (done.stderr == "") == (code == 0), done
    return done.stdout if code == 0 else done.stderr


def fields(text):
    """The lines `name  value` of a command."""
    return dict(line.split(None, 1) for line in text.splitlines())


def with_dead_letters(launch, backend, count=3):
    backend.answer = lambda call: (400, {}, b"not like this")
    gateway = launch(setup(backend))
    with Client(gateway.port) as client:
        for number in range(count):
            assert client.ask("put", number) == []
        eventually(lambda: dead(gateway) == count, 15, "dead letters")
    return gateway, [call.event["id"] for call in backend.seen]


def test_the_commands_show_dead_letters(launch, backend):
    gateway, ids = with_dead_letters(launch, backend)
    lines = command(gateway, "dlq", "list").splitlines()
    assert [line.split()[0] for line in lines] == ids
    assert all({"app", "put", "rejected", "1"} <= set(line.split()) for line in lines)
    assert command(gateway, "dlq", "list", "--handler", "other") == ""
    assert [one["id"] for one in json.loads(command(gateway, "dlq", "list", "--json"))["letters"]] == ids
    first = command(gateway, "dlq", "list", "--limit", "2").splitlines()
    assert [line.split()[0] for line in first[:2]] == ids[:2]
    cursor = json.loads(command(gateway, "dlq", "list", "--limit", "2", "--json"))["cursor"]
    assert cursor in first[2]
    assert command(gateway, "dlq", "list", "--limit", "2", "--cursor", cursor).split()[0] == ids[2]
    shown = fields(command(gateway, "dlq", "show", ids[1]))
    assert (shown["id"], shown["handler"], shown["status"], shown["response"]) == (ids[1], "app", "400", "not like this")
    assert json.loads(shown["event"])["args"] == [1]
    assert json.loads(command(gateway, "dlq", "show", ids[1], "--json"))["event"]["id"] == ids[1]


def test_the_commands_send_dead_letters_again(launch, backend):
    gateway, ids = with_dead_letters(launch, backend)
    backend.answer = lambda call: None
    assert fields(command(gateway, "dlq", "replay", ids[2])) == {"replayed": "1"}
    eventually(lambda: len(backend.seen) == 4 and dead(gateway) == 2, 15, "one replay")
    assert fields(command(gateway, "dlq", "replay", "--handler", "other")) == {"replayed": "0"}
    assert json.loads(command(gateway, "dlq", "replay", "--all", "--json")) == {"replayed": 2}
    eventually(lambda: len(backend.seen) == 6 and dead(gateway) == 0, 15, "two replays")
    empty(gateway)
    assert [call.event["id"] for call in backend.seen[3:]] == [ids[2], ids[0], ids[1]]
    assert "gatehouse: dlq: " in command(gateway, "dlq", "replay", ids[0], code=1)


def test_the_commands_delete_dead_letters(launch, backend):
    gateway, ids = with_dead_letters(launch, backend)
    assert command(gateway, "dlq", "drop", ids[0]) == ""
    assert dead(gateway) == 2
    for action in ("show", "replay", "drop"):
        assert command(gateway, "dlq", action, ids[0], code=1).startswith("gatehouse: dlq: ")
        # An id that would be another path if it were not escaped.
        command(gateway, "dlq", action, "../outbox?x#y", code=1)
    for action in ("replay", "drop"):
        for too_much in ([], ["--all", "--handler", "app"], [ids[1], "--all"]):
            assert "say which" in command(gateway, "dlq", action, *too_much, code=64)
    assert dead(gateway) == 2
    assert fields(command(gateway, "dlq", "drop", "--handler", "app")) == {"dropped": "2"}
    assert fields(command(gateway, "dlq", "drop", "--all")) == {"dropped": "0"}
    assert command(gateway, "dlq", "list") == ""
    assert len(backend.seen) == 3


def test_the_command_shows_the_outbox(launch, backend):
    gateway, _ = with_dead_letters(launch, backend, 2)
    backend.answer = lambda call: 503
    with Client(gateway.port) as client:
        assert client.ask("put") == []
    shown = fields(command(gateway, "outbox", "stats"))
    assert (shown["pending"], shown["dead"], shown["writable"]) == ("1", "2", "true")
    assert json.loads(shown["handlers"]) == {"app": 1}
    assert json.loads(command(gateway, "outbox", "stats", "--json"))["pending"] == 1
    backend.answer = lambda call: None
    empty(gateway)


def test_the_commands_say_that_there_is_no_outbox(launch):
    gateway = launch(config())
    for arguments in (["outbox", "stats"], ["dlq", "list"], ["dlq", "replay", "--all"]):
        assert "no route has the mode atLeastOnce" in command(gateway, *arguments, code=1)
    gateway.stop()
    gateway.process = None
    assert "is the gateway running" in command(gateway, "outbox", "stats", code=69)


# Repeats


def test_a_repeat_gets_the_stored_ack(launch, backend):
    backend.answer = lambda call: {"ack": [call.event["args"][0]["id"], len(backend.seen)]}
    route = {"name": "once", "match": {"event": "once"}, "handler": "app", "dedupe": "{args.0.id}"}
    gateway = launch(setup(backend, route))
    with Client(gateway.port) as client:
        assert client.ask("once", {"id": "a"}, ack=1) == ["a", 1]
        assert client.ask("once", {"id": "a", "again": True}, ack=2) == ["a", 1]
        assert client.ask("once", {"id": "b"}, ack=3) == ["b", 2]
        assert client.ask("once", {"no": "id"}, ack=4)
        with Client(gateway.port) as other:
            assert other.ask("once", {"id": "a"}, ack=5)[0] == "a"
    assert len(backend.seen) == 4


def test_a_repeat_waits_for_the_first_answer(launch, backend):
    backend.answer = lambda call: backend.hang() or {"ack": ["only one"]}
    route = {"name": "once", "match": {"event": "once"}, "handler": "app", "dedupe": "{args.0}", "timeout": "20s"}
    gateway = launch(setup(backend, route, handler={"timeout": "20s"}))
    with Client(gateway.port) as client:
        client.emit("once", "x", ack=1)
        backend.next()
        client.emit("once", "x", ack=2)
        client.assert_silent()
        backend.released.set()
        assert sorted([client.packet(), client.packet()]) == ['431["only one"]', '432["only one"]']
    assert len(backend.seen) == 1


def test_what_failed_may_be_tried_again(launch, backend):
    answers = [503, {"ack": ["now"]}]
    backend.answer = lambda call: answers.pop(0)
    route = {"name": "once", "match": {"event": "once"}, "handler": "app", "dedupe": "{args.0}"}
    gateway = launch(setup(backend, route))
    with Client(gateway.port) as client:
        assert error_of(client.ask("once", "x", ack=1)) == "unavailable"
        assert client.ask("once", "x", ack=2) == ["now"]
        assert client.ask("once", "x", ack=3) == ["now"]
    assert len(backend.seen) == 2


def test_stored_events_are_deduplicated(launch, backend):
    route = {"name": "once", "match": {"event": "once"}, "handler": "app", "mode": "atLeastOnce", "dedupe": "{args.0}"}
    gateway = launch(setup(backend, route))
    with Client(gateway.port) as client:
        for number in range(3):
            assert client.ask("once", "x", ack=number) == []
        empty(gateway)
    assert len(backend.seen) == 1
