"""Names that look the same, to people or to Unicode, and are not."""

import urllib.parse

import pytest

from test_front_door import SECRET, token
from wire import Client, EngineSocket, config

# KELVIN SIGN and K; an é of two characters and of one.
LOOK_ALIKES = [("/tenant-\u212a1", "/tenant-K1"), ("/tenant-cafe\u0301", "/tenant-caf\u00e9")]
NAMESPACES = ["/", {"pattern": "/tenant-{id}", "max": 2}]


def tenants(**options):
    document = config(namespaces=NAMESPACES)
    document["endpoints"][0] |= options
    return document


@pytest.mark.parametrize("one,other", LOOK_ALIKES)
def test_A1_names_that_Unicode_takes_for_the_same_are_different_namespaces(launch, one, other):
    gateway = launch(tenants())
    with Client(gateway.port, one) as first, Client(gateway.port, other) as second:
        first.emit("all", "for me")
        assert first.event() == ["all", "for me"]
        second.emit("all", "for the other")
        assert second.event() == ["all", "for the other"]
        for client in (first, second):
            client.assert_responsive()


@pytest.mark.parametrize("one,other", LOOK_ALIKES)
def test_A1_who_has_no_token_keeps_nobody_out(launch, one, other):
    auth = {"jwt": {"secret": SECRET, "algorithms": ["HS256"]}, "required": True}
    gateway = launch(tenants(auth=auth))

    def exists(name):
        return gateway.admin("GET", "/v1/rooms?namespace=" + urllib.parse.quote(name)).status == 200

    with Client(gateway.port, "/tenant-busy", auth={"token": token()}) as busy:
        with Client(gateway.port, "/tenant-idle", auth={"token": token()}) as idle:
            idle.assert_responsive()
        # As many names as may be open are; the look-alike comes last.
        for name in [f"/tenant-{number}" for number in range(5)] + [one]:
            with EngineSocket(gateway.port) as stranger:
                stranger.send(f"40{name},")
                assert stranger.packet().startswith(f"44{name},")
            assert not exists(name)
        assert exists("/tenant-idle")
        with Client(gateway.port, other, auth={"token": token()}) as client:
            client.assert_responsive()
        busy.assert_responsive()
