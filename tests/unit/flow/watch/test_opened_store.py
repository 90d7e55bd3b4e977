"""A store receives what a server that has ended left in its spool."""

from contextlib import closing
from pathlib import Path

import pytest

from discern.errors import StoreError
from discern.flow.watch.opened_store import opened_store
from discern.inference.exchange_record import encode_exchange
from discern.watching.captures.capture_config import CaptureConfig
from discern.watching.captures.spool import Spool
from discern.watching.stores.open_exchanges import open_store
from tests.unit.inference.factories import make_exchange


def test_what_waits_is_moved_once(tmp_path: Path) -> None:
    with closing(open_store(tmp_path, create=True)):
        pass
    spool = Spool(CaptureConfig(store=str(tmp_path)).spool_folder)
    spool.append([encode_exchange(make_exchange(number), seal=spool.seal) for number in (1, 2)])
    spool.close()
    for _ in range(2):
        with opened_store(tmp_path) as store:
            assert len(store.columns()) == 2


def test_a_store_is_never_created(tmp_path: Path) -> None:
    with pytest.raises(StoreError), opened_store(tmp_path / "nowhere"):
        pass
    assert not (tmp_path / "nowhere").exists()
