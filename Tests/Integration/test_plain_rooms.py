"""Plain clients that come back after they were in rooms that nothing remembers: told, and never left to guess."""

import time

import jwt
import pytest

from gateway import eventually
from plain import EventStream, JSONSocket, LongPoll, config
from wire import ROUTES

SECRET = "a secret of at least thirty-two bytes"
RECOVERY = {"connectionStateRecovery": {}, "rooms": ["news"]}
KINDS = ["json", "sse", "longpoll"]
MINE = [
    # `connect` puts every client into a room by an action, so this is one that its coming back restores.
    {"name": "hello", "match": {"type": "socket.connect"}, "actions": [{"do": "join", "rooms": ["greeted"]}]},
]


def plain_config(options=None, routes=()):
    recovery = RECOVERY | (options or {})
    return config(
        routes=[*ROUTES, *routes], websocket=recovery, sse=recovery, longpoll=recovery | {"pollTimeout": "1s"})


@pytest.fixture(scope="module")
def gateway(launch_for_module):
    return launch_for_module(plain_config(routes=MINE))


class Plain:
    """A plain client of any kind: what it is told, and what it would come back with."""

    def __init__(self, gateway, kind, last=None, headers=None):
        self.kind, self.last = kind, last
        self.waiting = []
        self.told = None
        if kind == "json":
            self.client = JSONSocket(gateway.port, "/ws" + (f"?offset={last}" if last else ""), headers)
            self.told = self.client.message()["recovered"] if last else None
        elif kind == "sse":
            self.client = EventStream(gateway.port, last=last, headers=headers)
            self.last = self.client.last_id
        else:
            self.client = LongPoll(gateway.port, cursor=last, headers=headers)
            self.told = self.client.first.get("recovered")
            self.take(self.client.first)

    def take(self, document):
        self.waiting += [[message["event"], *message["args"]] for message in document["events"]]
        self.last = document["cursor"]

    def event(self):
        while not self.waiting:
            if self.kind == "json":
                message = self.client.message()
                self.waiting.append([message["event"], *message["args"]])
                self.last = message.get("offset", self.last)
            elif self.kind == "sse":
                self.waiting.append(self.client.event())
                self.last = self.client.last_id
            else:
                self.take(self.client.fetch(wait="5s"))
        return self.waiting.pop(0)

    def close(self):
        self.client.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def emit(gateway, room, *args):
    return gateway.emit(event=room, to={"rooms": [room]}, args=list(args))["recipients"]


def members(gateway, room):
    return gateway.admin("GET", f"/v1/rooms/{room}").json()["members"]


def count(gateway, number, room="news"):
    found = lambda: gateway.admin("GET", f"/v1/rooms/{room}").json().get("sockets", 0)
    eventually(lambda: found() == number, seconds=10, what=f"{number} members of {room}")


@pytest.fixture(autouse=True)
def nobody_is_left(request):
    yield
    if "gateway" in request.fixturenames:
        gateway = request.getfixturevalue("gateway")
        gateway.admin("POST", "/v1/actions", [{"do": "kick", "target": {"rooms": ["news"]}}])
        count(gateway, 0)


def put(gateway, client, room, how="admin"):
    """Puts the only member of `news` into another room."""
    act(gateway, client, "join", room, how)
    count(gateway, 1, room)


def act(gateway, client, what, room, how):
    if how == "event":
        client.client.emit(what, room)
    elif how == "admin":
        action = [{"do": what, "rooms": [room], "target": {"rooms": ["news"]}}]
        assert gateway.admin("POST", "/v1/actions", action).status in (200, 202)
    else:
        [socket] = members(gateway, "news")
        assert gateway.admin("PUT", f"/v1/rooms/{room}/members/{socket}").status in (200, 202, 204)


def leave(gateway, client):
    client.close()
    count(gateway, 0)
    return client.last


def back(gateway, kind, last, **options):
    """Whether a client that comes back is told that it has missed nothing, and the client."""
    client = Plain(gateway, kind, last, **options)
    if kind == "sse":
        # A stream says only that something may be missing, before anything else.
        gateway.emit(event="mark", to={"all": True}, args=[])
        first = client.event()
        client.told = first != ["reset"]
        client.waiting = [first] if client.told else []
    return client


def next_but_marks(client):
    while (event := client.event()) == ["mark"]:
        pass
    return event


WAYS = [(kind, how) for kind in KINDS for how in ("event", "admin", "member") if (kind, how) != ("sse", "event")]


@pytest.mark.parametrize(("kind", "how"), WAYS)
def test_who_was_in_a_room_that_nothing_remembers_is_told_so(gateway, kind, how):
    with Plain(gateway, kind) as client:
        count(gateway, 1)
        emit(gateway, "news", "seen")
        assert client.event() == ["news", "seen"]
        put(gateway, client, "lobby", how)
        emit(gateway, "lobby", "in it")
        assert client.event() == ["lobby", "in it"]
        last = leave(gateway, client)
    emit(gateway, "lobby", "missed")
    with back(gateway, kind, last) as client:
        assert client.told is False


@pytest.mark.parametrize("kind", KINDS)
def test_also_when_it_was_cut_off_before_it_heard_anything_of_that_room(gateway, kind):
    with Plain(gateway, kind) as client:
        count(gateway, 1)
        emit(gateway, "news", "seen")
        assert client.event() == ["news", "seen"]
        last = client.last
        put(gateway, client, "lobby")
        # On its way, and never read.
        emit(gateway, "lobby", "missed")
        leave(gateway, client)
    with back(gateway, kind, last) as client:
        assert client.told is False
        # From here it goes on as if it were new.
        count(gateway, 1)
        emit(gateway, "news", "live")
        assert next_but_marks(client) == ["news", "live"]
        last = leave(gateway, client)
    emit(gateway, "news", "later")
    with back(gateway, kind, last) as client:
        assert client.told is True
        assert client.event() == ["news", "later"]


def positions_around_a_join(gateway, client):
    """What the client has after an event of its own room, and after one of a room that it was put into then."""
    count(gateway, 1)
    emit(gateway, "news", 1)
    assert client.event() == ["news", 1]
    before = client.last
    put(gateway, client, "lobby")
    emit(gateway, "lobby", 2)
    assert client.event() == ["lobby", 2]
    return before, client.last


@pytest.mark.parametrize("kind", KINDS)
def test_a_room_that_was_left_again_is_no_obstacle(gateway, kind):
    with Plain(gateway, kind) as client:
        before, within = positions_around_a_join(gateway, client)
        act(gateway, client, "leave", "lobby", "admin")
        count(gateway, 0, "lobby")
        emit(gateway, "news", 3)
        assert client.event() == ["news", 3]
        after = leave(gateway, client)
    emit(gateway, "lobby", "not for it")
    emit(gateway, "news", 4)
    for last, told in [(before, False), (within, False), (after, True)]:
        with back(gateway, kind, last) as client:
            assert client.told is told, last
            if told:
                assert next_but_marks(client) == ["news", 4]
            leave(gateway, client)


@pytest.mark.parametrize("kind", KINDS)
def test_those_who_were_in_no_such_room_miss_nothing_and_hear_it(gateway, kind):
    with Plain(gateway, kind) as quiet:
        count(gateway, 1)
        with Plain(gateway, "json") as talker:
            count(gateway, 2)
            emit(gateway, "news", 1)
            assert quiet.event() == ["news", 1] == talker.event()
            talker.client.emit("join", "lobby", ack=1)
            assert talker.client.message() == {"ack": 1, "args": [{"ok": True}]}
            emit(gateway, "news", 2)
            assert quiet.event() == ["news", 2]
            assert talker.client.message() == {"event": "news", "args": [2], "offset": "none"}
            quiet.close()
            count(gateway, 1)
            with back(gateway, kind, quiet.last) as client:
                assert client.told is True


@pytest.mark.parametrize("kind", KINDS)
def test_rooms_that_connecting_puts_it_in_are_restored_whatever_does_so(gateway, kind):
    with Plain(gateway, kind) as client:
        count(gateway, 1, "greeted")
        emit(gateway, "greeted", "seen")
        assert client.event() == ["greeted", "seen"]
        client.close()
        count(gateway, 0, "greeted")
    emit(gateway, "greeted", "missed")
    with back(gateway, kind, client.last) as client:
        assert client.told is True
        assert client.event() == ["greeted", "missed"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_room_that_it_was_put_in_while_it_was_away_is_there_for_this_once(gateway, kind):
    with Plain(gateway, kind) as client:
        count(gateway, 1)
        emit(gateway, "news", "seen")
        assert client.event() == ["news", "seen"]
        last = leave(gateway, client)
    gateway.admin("POST", "/v1/actions", [{"do": "join", "rooms": ["lobby"], "target": {"all": True}}])
    emit(gateway, "lobby", "missed")
    with back(gateway, kind, last) as client:
        assert client.told is True
        assert client.event() == ["lobby", "missed"]
        count(gateway, 1, "lobby")
        again = leave(gateway, client)
    for offset in (last, again):
        with back(gateway, kind, offset) as client:
            assert client.told is False
            leave(gateway, client)


@pytest.mark.parametrize("kind", KINDS)
def test_P2_a_planned_restart_knows_of_those_rooms(launch, tmp_path, kind):
    gateway = launch(plain_config() | {"history": {"checkpoint": str(tmp_path / "log.bin")}})
    with Plain(gateway, kind) as talker:
        before, within = positions_around_a_join(gateway, talker)
    with Plain(gateway, kind) as quiet:
        emit(gateway, "news", 3)
        assert quiet.event() == ["news", 3]
        fine = quiet.last
    gateway.restart()
    for last, told in [(before, False), (within, False), (fine, True)]:
        with back(gateway, kind, last) as client:
            assert client.told is told, last


def test_rooms_of_one_user_are_no_business_of_another(launch):
    auth = {"auth": {"jwt": {"secret": SECRET, "algorithms": ["HS256"]}}}
    gateway = launch(plain_config(auth))
    headers = {
        user: {"Authorization": "Bearer " + jwt.encode({"sub": user, "exp": time.time() + 60}, SECRET, "HS256")}
        for user in ("caf\u00e9", "cafe\u0301")}
    last = {}
    clients = {user: Plain(gateway, "json", headers=given) for user, given in headers.items()}
    emit(gateway, "news", 1)
    for user, client in clients.items():
        assert client.event() == ["news", 1]
        last[user] = client.last
    one, other = clients
    join = [{"do": "join", "rooms": ["lobby"], "target": {"users": [one]}}]
    assert gateway.admin("POST", "/v1/actions", join).json()
    count(gateway, 1, "lobby")
    for client in clients.values():
        client.close()
    for user, told in [(one, False), (other, True)]:
        with Plain(gateway, "json", last[user], headers[user]) as client:
            assert client.told is told, user


@pytest.mark.parametrize("kind", KINDS)
def test_what_went_to_its_socket_alone_is_told_as_a_hole_where_its_user_is_known(launch, kind):
    auth = {"auth": {"jwt": {"secret": SECRET, "algorithms": ["HS256"]}}}
    gateway = launch(plain_config(auth))
    headers = {"Authorization": "Bearer " + jwt.encode({"sub": "u", "exp": time.time() + 60}, SECRET, "HS256")}
    with Plain(gateway, kind, headers=headers) as client:
        emit(gateway, "news", "seen")
        assert client.event() == ["news", "seen"]
        before = client.last
        [socket] = members(gateway, "news")
        gateway.emit(event="yours", to={"sockets": [socket]}, args=[])
        assert client.event() == ["yours"]
        after = leave(gateway, client)
    emit(gateway, "news", "missed")
    # One that was cut off before it had read it, and one that has.
    for last, told in [(before, False), (after, True)]:
        with back(gateway, kind, last, headers=headers) as client:
            assert client.told is told
            leave(gateway, client)


def test_a_hole_and_the_offset_behind_it_are_one_event_of_a_stream(gateway):
    with EventStream(gateway.port, last="nonsense") as stream:
        # Had the offset come before the word, whoever was cut off between them would never have heard of the hole.
        assert stream.last_id == "nonsense"
        assert stream.event() == ["reset"]
        assert stream.last_id != "nonsense"
