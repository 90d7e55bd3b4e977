"""Transfer: one of several processes does it, another takes over, and a store that is down is tried again."""

from pathlib import Path

from discern.inference.exchange_record import encode_exchange
from discern.watching.captures import spool_transfer
from discern.watching.captures.capture_config import CaptureConfig
from discern.watching.captures.spool import Spool
from discern.watching.captures.spool_segment import list_segments
from discern.watching.captures.spool_transfer import SpoolTransfer
from discern.watching.stores.open_exchanges import open_store
from tests.unit.inference.factories import make_exchange
from tests.waiting import wait_until


def start(config: CaptureConfig) -> tuple[Spool, SpoolTransfer]:
    spool = Spool(config.spool_folder)
    return spool, SpoolTransfer(config, spool, close_seconds=60)


def keep(spool: Spool, *numbers: int) -> None:
    assert spool.append([encode_exchange(make_exchange(each), seal=spool.seal) for each in numbers]) == len(numbers)


def count(config: CaptureConfig) -> int:
    store = open_store(config.store, create=True)
    found = len(store.columns())
    store.close()
    return found


def test_another_process_takes_over_when_the_first_one_closes(tmp_path: Path) -> None:
    config = CaptureConfig(store=str(tmp_path / "captured"))
    spool, transfer = start(config)
    keep(spool, 1)
    transfer.wake()
    wait_until(lambda: count(config) == 1, 60)
    second_spool, second = start(config)
    keep(second_spool, 2)
    second.wake()
    transfer.wake()
    wait_until(lambda: second_spool.waiting == 0)
    assert transfer.is_active
    assert not second.is_active
    transfer.close()
    keep(second_spool, 3)
    second.wake()
    wait_until(lambda: second.is_active)
    second.close()
    assert count(config) == 3
    assert transfer.problem is None


def test_a_store_that_is_down_is_named_and_tried_again(tmp_path: Path) -> None:
    config = CaptureConfig(store=str(tmp_path / "captured"), spool=tmp_path / "spool")
    (tmp_path / "captured").write_text("in the way")
    spool, transfer = start(config)
    keep(spool, 1)
    transfer.wake()
    wait_until(lambda: transfer.problem, 60)
    assert "captured" in transfer.problem
    assert len(list_segments(tmp_path / "spool")) == 1
    (tmp_path / "captured").unlink()
    spool.close()
    transfer.close()  # the last attempt
    assert transfer.problem is None
    assert count(config) == 1


def test_a_spool_that_fills_up_is_moved_in_a_hurry(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    keep(spool, 1, 2, 3)
    size = sum(path.stat().st_size for path in list_segments(tmp_path / "spool"))
    config = CaptureConfig(store=str(tmp_path / "captured"), spool=tmp_path / "spool", max_spool=3 * size)
    transfer = SpoolTransfer(config, spool, close_seconds=60)
    transfer.close()
    store = open_store(config.store)
    assert list(store.columns().pixels) == ["", "", ""]
    store.close()


def test_the_intervals_are_those_that_the_product_promises() -> None:
    assert spool_transfer.INTERVAL <= 2
    assert spool_transfer.WAKE_RECORDS == 200
