"""Sliding windows in memory: counts that expire, for a bounded number of clients."""

import time

from discern.serving.web.sliding_windows import SlidingWindows


def test_amounts_are_counted_up_to_a_limit() -> None:
    windows = SlidingWindows()
    assert windows.acquire_sliding_window_entry("a", 5, 1000, 3)
    assert not windows.acquire_sliding_window_entry("a", 5, 1000, 3)
    assert windows.acquire_sliding_window_entry("a", 5, 1000, 2)
    assert windows.acquire_sliding_window_entry("b", 5, 1000, 5)
    previous, previous_left, current, current_left = windows.get_sliding_window("a", 1000)
    assert (previous, current) == (0, 5)
    assert 0 < previous_left <= 1000 < current_left <= 2000


def test_counts_expire_after_two_windows() -> None:
    windows = SlidingWindows()
    assert windows.acquire_sliding_window_entry("a", 5, 1, 5)
    deadline = time.monotonic() + 20
    while windows.get_sliding_window("a", 1)[2] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert windows.get_sliding_window("a", 1)[0] in (0, 5)
    while windows.get_sliding_window("a", 1)[0] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert windows.acquire_sliding_window_entry("a", 5, 1, 5)


def test_the_clients_not_seen_for_longest_are_forgotten() -> None:
    windows = SlidingWindows(max_clients=3)
    for client in "abcacd":
        assert windows.acquire_sliding_window_entry(client, 2, 1000)
    assert len(windows) == 3
    assert windows.get_sliding_window("b", 1000)[2] == 0
    assert windows.get_sliding_window("a", 1000)[2] == 2
