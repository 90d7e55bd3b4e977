import io
import shutil
from pathlib import Path

import pytest
from PIL import Image

from discern.catalog.formats.source import Item, item_from_bytes, unreadable_item
from discern.catalog.picture_cache import PictureCache
from discern.catalog.scan_workers import ScanWorkers
from discern.errors import StoreError, UnreadableFile
from discern.picture import Limits
from tests.unit.catalog.factories import picture

MANY = [item_from_bytes(f"{number}.png", picture(number)) for number in range(1000)]
NEXT = [
    *(item_from_bytes(f"{number}.png", picture(number)) for number in range(1000, 1100)),
    item_from_bytes("junk", b"hello"),
    item_from_bytes("again", picture(1050)),
    unreadable_item("shut", UnreadableFile("It may not be read.", hint="Allow it.")),
]


def contents(items: list[Item], cache: Path) -> list[str]:
    with ScanWorkers(cache, Limits(), processes=False) as workers:
        return [file.content or "" for file in workers(items) if not file.error]


def test_worker_processes_give_the_same_results(tmp_path):
    with ScanWorkers(tmp_path / "remote", Limits(), processes=True) as workers:
        workers(MANY)
        scanned = workers(NEXT)
    with ScanWorkers(tmp_path / "local", Limits(), processes=False) as local:
        assert local(NEXT) == scanned
    stored = contents(NEXT, tmp_path / "local")
    one, other = (PictureCache(tmp_path / cache, Limits()) for cache in ("local", "remote"))
    assert one.facts(stored).tobytes() == other.facts(stored).tobytes()
    assert one.thumbs(stored)[:].tobytes() == other.thumbs(stored)[:].tobytes()


def test_files_of_worker_processes_are_trusted(tmp_path):
    with ScanWorkers(tmp_path, Limits(), processes=True) as workers:
        workers(MANY)
        workers(NEXT)
    written = {path.name for path in tmp_path.glob("thumbs-*/*.shelf")}
    assert len(written) > 1
    assert workers.cache.verified().thumbs == written


@pytest.mark.slow
def test_large_pictures_are_scanned_in_this_process(tmp_path):
    file = io.BytesIO()
    Image.new("RGB", (4000, 3000), "red").save(file, "PNG")
    large = item_from_bytes("large.png", file.getvalue())
    with ScanWorkers(tmp_path, Limits(max_memory=4000 * 3000 * 7), processes=True) as workers:
        workers(MANY)
        scanned = workers([NEXT[0], large])
    assert [file.error for file in scanned] == [None, None]
    assert workers.cache.facts([file.content or "" for file in scanned])["width"].tolist() == [12, 4000]
    with ScanWorkers(tmp_path / "other", Limits(max_memory=10), processes=True) as strict:
        assert strict([large])[0].error == "too_large"


def test_a_killed_worker_process_is_replaced_by_this_process(tmp_path):
    with ScanWorkers(tmp_path, Limits(), processes=True) as workers:
        workers(MANY)
        workers(NEXT[:2])
        for process in workers._processes:
            process._process.kill()
        for start in (2, 4, 6):
            assert [file.error for file in workers(NEXT[start : start + 2])] == [None, None]


def test_small_sources_start_no_process(tmp_path):
    with ScanWorkers(tmp_path, Limits(), processes=True) as workers:
        for start in range(0, 900, 100):
            workers(MANY[start : start + 100])
        assert workers._processes == []


def test_an_unwritable_cache_is_an_error(tmp_path):
    workers = ScanWorkers(tmp_path, Limits(), processes=True)
    workers(MANY)
    workers(NEXT)
    for folder in tmp_path.iterdir():
        shutil.rmtree(folder)
        folder.write_text("not a folder")
    with pytest.raises(StoreError, match=r"cannot be written.*--cache"):
        workers.__exit__(None, None, None)
