"""Memory that was freed is returned."""

import subprocess
import sys

import pytest

PROGRAM = """
from pathlib import Path
from discern.inference.free_memory import release_free_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

blocks = [bytearray(b"x" * 100_000) for _ in range(1000)]
kept = blocks[::2]  # between the freed ones, which the C library therefore keeps
del blocks
before = resident()
release_free_memory()
print(before - resident())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc keeps much")
def test_freed_blocks_are_returned() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 25_000_000
