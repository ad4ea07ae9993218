"""A short run of the command that looks for leaks."""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Load"))

from soak import slope, soak  # noqa: E402


def test_the_slope_is_that_of_the_line():
    assert slope([(second, 100 + 7 * second) for second in range(10)]) == 7
    assert slope([(1, 5)]) == 0


def test_R7_clients_that_come_and_go_leave_nothing_behind():
    lives, _, grown = soak(seconds=14, rate=150, rooms=20, warm_up=7)
    assert lives > 300
    # Sessions that stay would show, with their connections all the more; the allocator's own ups and downs would not.
    assert grown < max(3 << 20, lives * 2048), f"{grown >> 10} KiB for {lives} lives"
