"""The core cases of the Autobahn test suite, where this machine has a Python 2.7 for it."""

import os
import subprocess
import sys

import pytest

from gateway import REPOSITORY, binary


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_all_core_cases_are_passed_strictly():
    done = subprocess.run(
        [sys.executable, REPOSITORY / "Tests/Autobahn/run.py", "core"], capture_output=True, text=True, timeout=580,
        env=os.environ | {"GATEHOUSE_BINARY": str(binary())})
    print(done.stdout)
    if done.stdout.startswith("skipped:"):
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr
