"""Exchanges are erased by command, also those that still wait in the spool of a server that has ended."""

from contextlib import closing
from pathlib import Path

import pytest

from discern.errors import StoreError, UsageError
from discern.flow.watch.forget import forget
from discern.inference.exchange_record import encode_exchange
from discern.watching.captures.capture_config import CaptureConfig
from discern.watching.captures.spool import Spool
from discern.watching.stores.open_exchanges import open_store
from tests.unit.inference.factories import make_exchange, make_feedback


@pytest.fixture
def store(tmp_path: Path) -> Path:
    with closing(open_store(tmp_path / "store", create=True)) as opened:
        opened.add([make_exchange(1), make_exchange(2, picture=b"other", content="cd" * 32)], [make_feedback(2)])
    return tmp_path / "store"


def test_an_exchange_is_erased_with_its_picture_and_label(store: Path) -> None:
    result = forget(f"  {2:032x}\n", store=store)
    assert result.to_json() == {"store": str(store), "exchanges": 1, "feedback": 1, "pictures": 1, "bytes": 5}
    assert not [path for path in (store / "pictures").rglob("*") if path.is_file() and path.read_bytes() == b"other"]
    with closing(open_store(store)) as opened:
        assert opened.columns().id.tolist() == [f"{1:032x}"]


def test_what_is_not_there_is_an_error_that_names_it(store: Path) -> None:
    with pytest.raises(StoreError, match="no exchange 'ee'"):
        forget("ee", store=store)
    with pytest.raises(UsageError, match="empty"):
        forget(" ", store=store)
    with pytest.raises(StoreError):
        forget("ee", store=store.parent / "nowhere")


def test_an_exchange_in_the_spool_is_erased_too(store: Path) -> None:
    folder = CaptureConfig(store=str(store)).spool_folder
    spool = Spool(folder)
    spool.append([encode_exchange(make_exchange(3, picture=b"waiting"), seal=spool.seal)])
    spool.close()
    assert forget(f"{3:032x}", store=store).exchanges == 1
    assert not any(b"waiting" in path.read_bytes() for path in store.rglob("*") if path.is_file())
