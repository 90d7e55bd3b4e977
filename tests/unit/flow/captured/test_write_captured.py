"""A store is written as lines of data capture, in new folders by hour, and read back whole."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from discern.errors import CatalogError, RunError
from discern.flow.captured.store_captured import store_captured
from discern.flow.captured.write_captured import write_captured
from discern.inference.exchange import Exchange
from discern.watching.stores.open_exchanges import open_store
from tests.unit.inference.factories import make_exchange, same_exchange


def all_of(store: Path) -> list[Exchange]:
    with closing(open_store(store)) as opened:
        found = [opened.get(each) for each in opened.columns().id]
    return sorted((each for each in found if each is not None), key=lambda each: each.id)


def test_a_store_is_written_as_lines_that_are_read_back(tmp_path: Path) -> None:
    exchanges = [
        make_exchange(1, pixels="cd" * 32, embedding=np.array([1, -2, 0.5], np.float32)),
        make_exchange(2, picture=None, media_type="", content="", model="a/../b"),
        make_exchange(3, embedding=None, kept_with=0.5, client_id="x", time=1_800_007_200.25),
    ]
    with closing(open_store(tmp_path / "one", create=True)) as opened:
        opened.add(exchanges)
    result = write_captured(tmp_path / "one", folder=tmp_path / "lines")
    assert (result.exchanges, result.files, result.without_picture) == (3, 3, 1)
    written = sorted(path.relative_to(tmp_path / "lines").as_posix() for path in (tmp_path / "lines").rglob("*.jsonl"))
    assert written[0] == "a-b/AllTraffic/2027/01/15/08/000002.jsonl"
    back = store_captured(tmp_path / "lines", store=tmp_path / "two")
    assert (back.stored, back.without_picture, back.damaged) == (3, 1, ())
    pairs = list(zip(all_of(tmp_path / "one"), all_of(tmp_path / "two"), strict=True))
    assert all(same_exchange(before, after) for before, after in pairs)


def test_lines_are_written_to_a_new_folder_alone(tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "store", create=True)) as opened:
        opened.add([make_exchange(1)])
    (tmp_path / "lines").mkdir()
    (tmp_path / "lines/mine.txt").write_text("mine")
    with pytest.raises(RunError):
        write_captured(tmp_path / "store", folder=tmp_path / "lines")
    with closing(open_store(tmp_path / "bare", create=True)):
        pass
    with pytest.raises(CatalogError, match="no exchange"):
        write_captured(tmp_path / "bare", folder=tmp_path / "other")
    assert not (tmp_path / "other").exists()
