"""Several events in one request: `batch` of a route; and the ack that a route gives by itself when an event is stored."""

import contextlib
import json
import threading

import pytest
from standardwebhooks import Webhook

from backend import KEY
from gateway import eventually
from test_outbox import dead, empty, error_of, setup
from wire import Client

LINGER = "100ms"


def batched(backend, mode="atLeastOnce", handler=None, outbox=None, **batch):
    route = {"name": "many", "match": {"event": "many"}, "handler": "app", "mode": mode, "batch": {"linger": LINGER} | batch}
    return setup(backend, route, handler=handler, outbox=outbox)


def events(call):
    body = call.event
    assert sorted(body) == ["batch", "v"] and body["v"] == 1
    return body["batch"]


def numbers(call):
    return [event["args"][0] for event in events(call)]


def results(call, make=lambda event: {}):
    return {"results": [make(event) for event in events(call)]}


def put(client, *values):
    """Sends them all before it waits for their acks; `ask` would wait for each."""
    for number, value in enumerate(values):
        client.emit("many", value, ack=1000 + number)
    acks = {f"43{1000 + number}[]" for number in range(len(values))}
    while acks:
        acks.discard(client.packet())


def delivered(backend):
    """The first arguments of all events that were answered as done, in the order of the calls."""
    return list(backend.done)


def taking(backend, judge=lambda event: {}):
    """The backend answers each event by `judge`, or the whole call by what that raises."""
    backend.done = []

    def answer(call):
        verdicts = [judge(event) for event in events(call)]
        status = next((one for one in verdicts if isinstance(one, int)), None)
        if status:
            return status
        stopped = set()
        for event, verdict in zip(events(call), verdicts, strict=True):
            lane = event["delivery"]["lane"]
            if verdict == {"retry": True}:
                stopped.add(lane)
            elif lane not in stopped:
                backend.done.append(event["args"][0])
        return {"results": verdicts}

    backend.answer = answer
    return backend


def test_events_that_come_together_are_one_signed_request(launch, backend):
    gateway = launch(batched(taking(backend)))
    with Client(gateway.port) as client:
        put(client, *range(20))
        empty(gateway)
    assert delivered(backend) == list(range(20))
    assert len(backend.seen) < 20, "they did not go together"
    for call in backend.seen:
        Webhook(KEY).verify(call.body, {name.lower(): value for name, value in call.headers.items()})
        assert call.headers["gatehouse-event"] == "batch" and call.headers["gatehouse-route"] == "many"
        assert call.headers["webhook-id"].startswith("bat_")
    deliveries = [event["delivery"] for call in backend.seen for event in events(call)]
    assert [one["seq"] for one in deliveries] == list(range(1, 21))
    assert {(one["mode"], one["attempt"], one["redelivered"]) for one in deliveries} == {("atLeastOnce", 1, False)}
    ids = [event["id"] for call in backend.seen for event in events(call)]
    assert len(set(ids)) == 20 and all(one.startswith("evt_") for one in ids)


def test_a_request_has_no_more_events_than_it_may(launch, backend):
    gateway = launch(batched(taking(backend), max=3))
    with Client(gateway.port) as client:
        put(client, *range(20))
        empty(gateway)
    assert delivered(backend) == list(range(20))
    assert max(len(events(call)) for call in backend.seen) == 3


def test_lanes_share_requests_and_each_result_acts_for_its_own_event(launch, backend):
    backend.answer = lambda call: results(call, lambda event: {
        "actions": [{"do": "emit", "event": "yours", "args": event["args"]}], "state": {"set": {"n": event["args"][0]}}})
    gateway = launch(batched(backend, linger="300ms"))
    with contextlib.ExitStack() as held:
        clients = [held.enter_context(Client(gateway.port)) for _ in range(10)]
        for number, client in enumerate(clients):
            client.emit("many", number)
        for number, client in enumerate(clients):
            assert client.event() == ["yours", number]
        empty(gateway)
        assert len(backend.seen) < 10, "they did not go together"
        for number, client in enumerate(clients):
            assert gateway.admin("GET", f"/v1/sockets/{client.id}").json()["state"] == {"n": number}


def test_an_empty_answer_means_that_all_are_done(launch, backend):
    gateway = launch(batched(backend))
    with Client(gateway.port) as client:
        put(client, 1, 2, 3)
        empty(gateway)
    assert [number for call in backend.seen for number in numbers(call)] == [1, 2, 3]


def test_an_event_that_is_wanted_again_stops_its_lane_and_no_other(launch, backend):
    refused = []

    def judge(event):
        if event["args"][0] == "a3" and len(refused) < 2:
            refused.append(event["delivery"]["attempt"])
            return {"retry": True}
        return {}

    gateway = launch(batched(taking(backend, judge)))
    with Client(gateway.port) as one, Client(gateway.port) as other:
        put(one, "a1", "a2", "a3", "a4", "a5")
        put(other, "b1", "b2", "b3")
        eventually(lambda: "b3" in delivered(backend), 10, "the other lane")
        empty(gateway, 30)
    assert [one for one in delivered(backend) if one[0] == "a"] == ["a1", "a2", "a3", "a4", "a5"]
    assert [one for one in delivered(backend) if one[0] == "b"] == ["b1", "b2", "b3"]
    assert refused == [1, 2]
    assert dead(gateway) == 0


@pytest.mark.parametrize("status", [400, 500])
def test_one_bad_event_takes_no_other_along(launch, backend, status):
    """The whole request is refused because of it; sent alone it becomes a dead letter, and the others are delivered in order."""
    judge = lambda event: status if event["args"][0] == "bad" else {}
    gateway = launch(batched(taking(backend, judge), handler={"maxAttempts": 2}))
    with Client(gateway.port) as client:
        put(client, 1, 2, "bad", 4, 5)
        empty(gateway, 30)
    assert delivered(backend) == [1, 2, 4, 5]
    assert dead(gateway) == 1
    (letter,) = gateway.admin("GET", "/v1/dlq").json()["letters"]
    assert letter["status"] == status
    assert len(backend.seen) > 3


def test_a_result_that_cannot_be_used_is_a_dead_letter(launch, backend):
    backend.answer = lambda call: results(
        call, lambda event: {"actions": [{"do": "dance"}]} if event["args"][0] == 2 else {})
    gateway = launch(batched(backend))
    with Client(gateway.port) as client:
        put(client, 1, 2, 3)
        empty(gateway)
    assert dead(gateway) == 1
    (letter,) = gateway.admin("GET", "/v1/dlq").json()["letters"]
    shown = gateway.admin("GET", f"/v1/dlq/{letter['id']}").text
    assert '"args":[2]' in shown.replace(" ", "") and "/actions/0/do" in shown


@pytest.mark.parametrize("answer", [{"results": []}, {"results": [{}] * 50}, {"ack": []}, (200, {}, b"nonsense")], ids=repr)
def test_an_answer_that_does_not_fit_is_asked_for_one_by_one(launch, backend, answer):
    """What handles single events only would refuse each: those are dead letters, with a reason that says what was expected."""
    backend.answer = lambda call: answer
    gateway = launch(batched(backend))
    with Client(gateway.port) as client:
        put(client, 1, 2)
        empty(gateway)
    assert dead(gateway) == 2
    assert "results" in gateway.log(1_000) or "JSON" in gateway.log(1_000)


def test_what_was_acked_is_delivered_in_order_after_a_crash(launch, backend):
    reached = threading.Event()

    def hang(call):
        reached.set()
        backend.released.wait(20)

    backend.answer = hang
    gateway = launch(batched(backend, linger="20ms"))
    with Client(gateway.port) as client:
        for number in range(30):
            assert client.ask("many", number) == []
        assert reached.wait(10)
        gateway.kill()
    seen = len(backend.seen)
    taking(backend)
    backend.released.set()
    gateway.start()
    empty(gateway, 30)
    again = [number for call in backend.seen[seen:] for number in numbers(call)]
    assert again == list(range(30)), "nothing was answered before the crash, so all of it comes again"
    assert events(backend.seen[seen])[0]["delivery"]["redelivered"] is True


def test_a_retry_of_the_same_request_has_the_same_id(launch, backend):
    backend.answer = lambda call: 503 if len(backend.seen) < 3 else None
    gateway = launch(batched(backend, max=1))
    with Client(gateway.port) as client:
        put(client, 1, 2)
        empty(gateway, 30)
    first, second, third, *others = [call.headers["webhook-id"] for call in backend.seen]
    assert len({first, second}) <= 2 and third not in others
    of = {}
    for call in backend.seen:
        of.setdefault(tuple(numbers(call)), set()).add(call.headers["webhook-id"])
    assert all(len(ids) == 1 for ids in of.values()) and len(of) == 2, of


def test_events_that_nobody_waits_for_go_together_too(launch, backend):
    gateway = launch(batched(taking(backend), mode="atMostOnce"))
    with Client(gateway.port) as client:
        put(client, *range(10))
        eventually(lambda: len(delivered(backend)) == 10, 10, "all of them")
    assert delivered(backend) == list(range(10))
    assert len(backend.seen) < 10


# The ack of a route


def acking(backend, mode, ack, **more):
    route = {"name": "own", "match": {"event": "put"}, "handler": "app", "mode": mode, "ack": ack} | more
    return setup(backend, route)


@pytest.mark.parametrize("mode", ["atLeastOnce", "atMostOnce"])
def test_a_route_says_what_the_ack_is_when_nobody_waits_for_the_handler(launch, backend, mode):
    backend.answer = lambda call: {"ack": ["not this"]}
    gateway = launch(acking(backend, mode, [{"ok": True, "id": "{args.0.id}"}, "{socket.id}"]))
    with Client(gateway.port) as client:
        assert client.ask("put", {"id": 7}) == [{"ok": True, "id": 7}, client.id]
        assert backend.next().event["args"] == [{"id": 7}]
        # What the ack needs is missing: nothing is stored or sent.
        assert error_of(client.ask("put", {})) == "badRequest"
        client.emit("put", {})
        assert backend.next().event["args"] == [{}], "without an ack nothing is missing"
    assert len(backend.seen) == 2


def test_a_repeat_gets_the_ack_of_the_first(launch, backend):
    gateway = launch(acking(backend, "atLeastOnce", ["{args.1}"], dedupe="{args.0}"))
    with Client(gateway.port) as client:
        assert client.ask("put", "one", "first") == ["first"]
        assert client.ask("put", "one", "second") == ["first"]
        assert client.ask("put", "two", "second") == ["second"]
        empty(gateway)
    assert [json.loads(call.body)["args"] for call in backend.seen] == [["one", "first"], ["two", "second"]]
