"""Fixtures shared by all tests."""

import gc
import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

# Tests must not fail on a slow machine, and must fail on the same inputs wherever they run. Set DISCERN_TEST_RANDOM=1
# to look for new failures; those found become examples.
RANDOM = os.environ.get("DISCERN_TEST_RANDOM") == "1"
settings.register_profile("same_everywhere", deadline=None, derandomize=not RANDOM)
settings.load_profile("same_everywhere")

# The computations of tests are small, and their threads would wait for each other, and for those of other workers, for
# most of the time. Set before a library reads it; commands that tests start inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# The same for threads of PyTorch that a command has set: while they wait, another worker can use the core.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# No test asks the hub; those that ask a server of their own say so in the environment that they pass.
os.environ["HF_HUB_OFFLINE"] = "1"

ROOT = Path(__file__).resolve().parent.parent


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep collected tests out of garbage collection: millions of objects that live as long as the process."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real picture packs, or a skip."""
    folder = (ROOT / os.environ.get("DISCERN_TEST_DATA", "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip("no real pictures: set DISCERN_TEST_DATA to a folder of packs")
    return folder
