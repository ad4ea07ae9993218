"""A command that fails ends, whether or not somebody reads why."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from gateway import binary, environment
from test_drain import fill


@contextlib.contextmanager
def full_pipe():
    """One that nobody reads; for both streams, as a supervisor has it."""
    reading, writing = os.pipe()
    fill(writing)
    try:
        yield reading, writing
    finally:
        os.close(reading)
        os.close(writing)


def failing(case, directory, taken):
    file = directory / "gateway.json"
    file.write_text({
        "unreadable": "{", "wrong": json.dumps({"listeners": [{"address": "nowhere"}]}),
        "taken": json.dumps({"listeners": [{"address": f"127.0.0.1:{taken}"}]}),
    }.get(case, "{}"))
    return ["run", "-c", file, *({"unknown option": ["--bogus"], "no file": ["-c", directory / "none.json"]}.get(case, []))]


CASES = [
    ("unreadable", 78, "gateway.json:"), ("wrong", 78, "/listeners/0/address"), ("no file", 78, "none.json"),
    ("taken", 1, ":{port}"), ("unknown option", 64, "Unknown option '--bogus'"),
]


@pytest.mark.parametrize("case, code, words", CASES)
def test_P6_a_start_that_fails_ends_although_the_reader_of_its_log_has_stopped(tmp_path, case, code, words):
    with socket.create_server(("127.0.0.1", 0)) as taken, full_pipe() as (_, writing):
        process = subprocess.Popen(
            [binary(), *map(str, failing(case, tmp_path, taken.getsockname()[1]))], stdin=subprocess.DEVNULL,
            stdout=writing, stderr=writing, cwd=tmp_path, env=environment())
        try:
            assert process.wait(20) == code
        finally:
            process.kill()
            process.wait()


@pytest.mark.parametrize("case, code, words", CASES)
def test_P6_a_reader_that_was_stopped_for_a_while_gets_the_line_whole(tmp_path, case, code, words):
    """A process of its own that is stopped and goes on: what the pipe has room for is there for it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        log = tmp_path / "log"
        with open(log, "wb") as file:
            reader = subprocess.Popen(
                [sys.executable, "-uc", "import sys; sys.stdout.writelines(sys.stdin)"], stdin=subprocess.PIPE, stdout=file)
        try:
            reader.send_signal(signal.SIGSTOP)
            process = subprocess.Popen(
                [binary(), *map(str, failing(case, tmp_path, taken.getsockname()[1]))], stdin=subprocess.DEVNULL,
                stdout=reader.stdin, stderr=reader.stdin, cwd=tmp_path, env=environment())
            assert process.wait(20) == code
            reader.send_signal(signal.SIGCONT)
            reader.stdin.close()
            assert reader.wait(20) == 0
        finally:
            reader.kill()
            reader.wait()
        text = log.read_text()
        assert text.endswith("\n") and words.format(port=taken.getsockname()[1]) in text
