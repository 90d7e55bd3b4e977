"""Opening of the capture: a wrong address is an error at once, a store that is down later is none."""

from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.watching.captures.capture_config import CaptureConfig
from discern.watching.captures.open_capture import open_capture
from discern.watching.captures.spool_segment import list_segments
from discern.watching.captures.spool_sink import SpoolSink
from discern.watching.stores.open_exchanges import open_store
from tests.unit.inference.factories import make_exchange
from tests.waiting import wait_until


def test_what_an_earlier_process_left_is_moved(tmp_path: Path) -> None:
    config = CaptureConfig(store=str(tmp_path / "captured"))
    earlier = SpoolSink(config, transfers=False)
    earlier.keep([make_exchange(1)])
    earlier.close()
    sink = open_capture(config)
    wait_until(lambda: list_segments(config.spool_folder) == [], 60)
    sink.close()
    store = open_store(config.store)
    assert store.has(make_exchange(1).id)
    store.close()


def test_a_wrong_address_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        open_capture(CaptureConfig(store="mysql://host/db", spool=tmp_path / "spool"))


def test_a_store_that_is_down_is_waited_for(tmp_path: Path) -> None:
    config = CaptureConfig(store=str(tmp_path / "captured"), spool=tmp_path / "spool")
    earlier = SpoolSink(config, transfers=False)
    earlier.keep([make_exchange(1)])
    earlier.close()
    (tmp_path / "captured").write_text("in the way")
    sink = open_capture(config)
    assert sink.keep([make_exchange(2)]) == 1
    (tmp_path / "captured").unlink()
    wait_until(lambda: list_segments(config.spool_folder) == [], 60)
    sink.close()
    store = open_store(config.store)
    assert len(store.columns()) == 2
    store.close()
