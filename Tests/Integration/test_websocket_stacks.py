"""WebSocket implementations that others have written echo through the gateway, with and without compression.

Each carries out a plan: {"url", "deflate": offer it, "messages": [{"text"} or {"base64"}, …], "close": {"code", "reason"},
"oversize": bytes}. It sends every message, and those of five bytes and more once again in fragments where it can; compares
what comes back, in order; then closes, or sends one message of `oversize` bytes, which is too large, and waits to be closed.
Its answer: {"extensions", "echoed", "fragmented", "code", "reason"}.
"""

import asyncio
import base64
import json
import os
import shutil
import subprocess

import pytest

from gateway import REPOSITORY

LIMIT = 1_000_000
CLIENTS = REPOSITORY / "Tests/Integration/clients/stacks"
DEADLINE = 60

MESSAGES = [
    "hello", "κόσμε 😀", "", b"", bytes(range(256)), "ab" * 100_000,
    bytes(n * 7 + (n >> 8) & 0xFF for n in range(300_000)), "x" * 125, "x" * 126, b"y" * 65_535, b"y" * 65_536, b"z" * LIMIT,
]


def plan(url, deflate, **more):
    document = {"url": url, "deflate": deflate, "messages": [], "close": {"code": 1000, "reason": ""}, "oversize": 0} | more
    document["messages"] = [
        {"text": one} if isinstance(one, str) else {"base64": base64.b64encode(one).decode()} for one in document["messages"]]
    return document


def fifths(data):
    size = -(-len(data) // 5)
    return [data[start : start + size] for start in range(0, len(data), size)]


def messages_of(document):
    for one in document["messages"]:
        yield one["text"] if "text" in one else base64.b64decode(one["base64"])


# In Python


async def with_websockets(document):
    import websockets
    from websockets.asyncio.client import connect

    compression = "deflate" if document["deflate"] else None
    async with connect(document["url"], compression=compression, max_size=None, ping_interval=None) as sock:
        result = {"extensions": sock.response.headers.get("Sec-WebSocket-Extensions", ""), "echoed": 0, "fragmented": 0}
        for message in messages_of(document):
            await sock.send(message)
            assert await sock.recv() == message
            result["echoed"] += 1
            if len(message) >= 5:
                await sock.send(fifths(message))
                assert await sock.recv() == message
                result["echoed"] += 1
                result["fragmented"] += 1
        if document["messages"]:
            await (await sock.ping(b"are you there"))
        if document["oversize"]:
            with pytest.raises(websockets.ConnectionClosed):
                await sock.send(b"ab12" * (document["oversize"] // 4))
                await sock.recv()
        else:
            await sock.close(document["close"]["code"], document["close"]["reason"])
        return result | {"code": sock.protocol.close_rcvd.code, "reason": sock.protocol.close_rcvd.reason}


async def with_aiohttp(document):
    import aiohttp

    async with aiohttp.ClientSession() as session:
        compress = 15 if document["deflate"] else 0
        sock = await session.ws_connect(document["url"], compress=compress, max_msg_size=0)
        result = {"extensions": sock._response.headers.get("Sec-WebSocket-Extensions", ""), "echoed": 0, "fragmented": 0}
        for message in messages_of(document):
            await (sock.send_str if isinstance(message, str) else sock.send_bytes)(message)
            assert (await sock.receive()).data == message
            result["echoed"] += 1
        if document["oversize"]:
            await sock.send_bytes(b"ab12" * (document["oversize"] // 4))
            end = await sock.receive()
            return result | {"code": sock.close_code, "reason": end.extra or ""}
        await sock.close(code=document["close"]["code"], message=document["close"]["reason"].encode())
        return result | {"code": sock.close_code, "reason": ""}


def with_websocket_client(document):
    """Has no compression, and blocks."""
    import websocket

    sock = websocket.create_connection(document["url"], timeout=DEADLINE)
    result = {"extensions": sock.getheaders().get("sec-websocket-extensions") or "", "echoed": 0, "fragmented": 0}
    for message in messages_of(document):
        text = isinstance(message, str)
        opcode = websocket.ABNF.OPCODE_TEXT if text else websocket.ABNF.OPCODE_BINARY
        sock.send(message, opcode)
        assert sock.recv() == message
        result["echoed"] += 1
        if len(message) >= 5:
            parts = fifths(message.encode() if text else message)
            for index, part in enumerate(parts):
                kind = opcode if index == 0 else websocket.ABNF.OPCODE_CONT
                sock.send_frame(websocket.ABNF.create_frame(part, kind, int(index == len(parts) - 1)))
            assert sock.recv() == message
            result["echoed"] += 1
            result["fragmented"] += 1
    if document["oversize"]:
        sock.send_binary(b"ab12" * (document["oversize"] // 4))
    else:
        sock.send_close(document["close"]["code"], document["close"]["reason"].encode())
    opcode, data = sock.recv_data()
    assert opcode == websocket.ABNF.OPCODE_CLOSE
    sock.shutdown()
    return result | {"code": int.from_bytes(data[:2], "big"), "reason": data[2:].decode()}


# In other languages


def program(command, document):
    done = subprocess.run(command, input=json.dumps(document), capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def go_program(tmp_path_factory):
    """Debian's packages are a GOPATH; what was compiled once is found again in the cache."""
    if not shutil.which("go"):
        pytest.fail("Go is missing: Deploy/test.sh installs it")
    target = tmp_path_factory.mktemp("go") / "stacks"
    cache = os.environ.get("GOCACHE", "/tmp/gatehouse-go-cache")
    variables = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": "-buildvcs=false", "GOCACHE": cache}
    done = subprocess.run(["go", "build", "-o", target, "."], cwd=CLIENTS / "go", env=os.environ | variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return target


def node(stack):
    return lambda document: program([*node_command(stack), CLIENTS / "stacks.js", stack], document)


def node_command(stack):
    if stack != "browser":
        return ["node"]
    own = "globalThis.WebSocket"
    for options, script in [([], own), (["--experimental-websocket", "--no-warnings"], own), ([], "require('undici').WebSocket")]:
        if subprocess.run(["node", *options, "-e", f"process.exit({script} ? 0 : 1)"], capture_output=True).returncode == 0:
            return ["node", *options]
    pytest.skip("this Node has no WebSocket of its own, and undici is not installed")


STACKS = {
    "websockets": lambda document: asyncio.run(with_websockets(document)),
    "aiohttp": lambda document: asyncio.run(with_aiohttp(document)),
    "websocket-client": with_websocket_client,
    "ws": node("ws"),
    "faye": node("faye"),
    "browser": node("browser"),
    "mojolicious": lambda document: program(["perl", CLIENTS / "stacks.pl"], document),
    "gorilla": lambda document, go: program([go, "gorilla"], document),
    "nhooyr": lambda document, go: program([go, "nhooyr"], document),
}
GO = ("gorilla", "nhooyr")
# Those that know no compression.
PLAIN_ONLY = ("websocket-client", "faye")
# Those that cannot be asked to send fragments.
WHOLE_ONLY = ("aiohttp", "faye", "browser")


@pytest.fixture(scope="module")
def gateway(launch_for_module):
    echo = {"match": {"type": "socket.message"}, "actions": [{"do": "send", "to": "self", "message": "{message}"}]}
    document = {
        "endpoints": [
            {"path": "/plain", "protocol": "websocket", "maxMessageSize": LIMIT},
            {"path": "/deflate", "protocol": "websocket", "maxMessageSize": LIMIT, "perMessageDeflate": {"threshold": 0}},
            {"path": "/takeover", "protocol": "websocket", "maxMessageSize": LIMIT, "perMessageDeflate": {
                "threshold": 0, "serverNoContextTakeover": False, "clientNoContextTakeover": False}},
        ],
        "routes": [echo],
    }
    return launch_for_module(document)


@pytest.fixture(params=STACKS)
def stack(request):
    """Carries out a plan and returns the answer."""
    name = request.param
    go = [request.getfixturevalue("go_program")] if name in GO else []

    def run(document):
        return STACKS[name](document, *go)

    run.name = name
    return run


@pytest.mark.parametrize("path", ["plain", "deflate", "takeover"])
def test_what_others_send_comes_back(gateway, stack, path):
    deflate = path != "plain" and stack.name not in PLAIN_ONLY
    url = f"ws://127.0.0.1:{gateway.port}/{path}"
    answer = stack(plan(url, path != "plain", messages=MESSAGES, close={"code": 4321, "reason": "done"}))
    if (stack.name, path) == ("mojolicious", "deflate"):
        # It refers to earlier messages although it was told not to (RFC 7692 section 7.1.1.2): nobody could inflate that.
        assert answer["code"] == 1007
        return
    fragmented = sum(len(one if isinstance(one, bytes) else one.encode()) >= 5 for one in MESSAGES)
    assert answer["fragmented"] == (0 if stack.name in WHOLE_ONLY else fragmented)
    assert answer["echoed"] == len(MESSAGES) + answer["fragmented"]
    assert answer["code"] == 4321
    assert answer["extensions"].startswith("permessage-deflate") == deflate


@pytest.mark.parametrize("code", [1000, 3000, 4999])
def test_their_close_codes_are_answered(gateway, stack, code):
    answer = stack(plan(f"ws://127.0.0.1:{gateway.port}/plain", False, close={"code": code, "reason": "κ"}))
    assert answer["code"] == code


@pytest.mark.parametrize("path", ["plain", "deflate"])
def test_they_are_told_when_a_message_is_too_big(gateway, stack, path):
    answer = stack(plan(f"ws://127.0.0.1:{gateway.port}/{path}", path == "deflate", oversize=LIMIT + 4))
    assert answer["code"] == 1009
