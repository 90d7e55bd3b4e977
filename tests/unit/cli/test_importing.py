"""Modules are imported without garbage collection, which leaves them out afterwards."""

import gc
import subprocess
import sys

import pytest

from discern.cli.importing import importing

_IMPORT = """
import gc
from discern.cli.importing import importing
with importing():
    assert not gc.isenabled()
    import unittest
assert gc.isenabled()
print(gc.get_freeze_count())
"""


def test_what_was_imported_is_exempt_from_collection() -> None:
    done = subprocess.run([sys.executable, "-c", _IMPORT], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 1000


def test_without_new_modules_nothing_is_exempted() -> None:
    before = gc.get_freeze_count()
    with importing():
        import json  # noqa: F401, PLC0415 - imported before
    assert gc.get_freeze_count() == before
    assert gc.isenabled()


def test_the_collector_is_back_after_an_error_and_stays_off_where_it_was_off() -> None:
    with pytest.raises(ModuleNotFoundError), importing():
        import discern.nothing_like_it  # noqa: F401, PLC0415
    assert gc.isenabled()
    gc.disable()
    try:
        with importing():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
