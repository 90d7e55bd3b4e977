"""Settings of the tests that train networks."""

import sys

import pytest


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Train in one thread: for pictures of some pixels, threads that wait for each other take most of the time."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
