import io
import shutil
from pathlib import Path

import pytest
from PIL import Image

from discern.catalog.formats.source import Item, as_source, refused
from discern.catalog.picture_cache import PictureCache
from discern.catalog.scan_workers import ScanWorkers
from discern.errors import StoreError, UnreadableFile
from discern.picture import Limits
from tests.unit.catalog.factories import picture

MANY = [as_source(f"{number}.png", picture(number)) for number in range(1000)]
OTHERS = [
    *(as_source(f"{number}.png", picture(number)) for number in range(1000, 1100)),
    as_source("junk", b"hello"),
    as_source("again", picture(1050)),
    refused("shut", UnreadableFile("It may not be read.", hint="Allow it.")),
]


def contents(items: list[Item], cache: Path) -> list[str]:
    with ScanWorkers(cache, Limits(), helpers=False) as eyes:
        return [one.content or "" for one in eyes(items) if not one.error]


def test_helpers_see_and_keep_what_is_seen_here(tmp_path):
    with ScanWorkers(tmp_path / "there", Limits(), helpers=True) as eyes:
        eyes(MANY)
        there = eyes(OTHERS)
    with ScanWorkers(tmp_path / "here", Limits(), helpers=False) as own:
        assert own(OTHERS) == there
    kept = contents(OTHERS, tmp_path / "here")
    one, other = (PictureCache(tmp_path / cache, Limits()) for cache in ("here", "there"))
    assert one.facts(kept).tobytes() == other.facts(kept).tobytes()
    assert one.thumbs(kept)[:].tobytes() == other.thumbs(kept)[:].tobytes()


def test_what_helpers_kept_is_known_and_not_hashed_again(tmp_path):
    with ScanWorkers(tmp_path, Limits(), helpers=True) as eyes:
        eyes(MANY)
        eyes(OTHERS)
    written = {path.name for path in tmp_path.glob("thumbs-*/*.shelf")}
    assert len(written) > 1
    assert eyes.known.proven().thumbs == written


def test_what_needs_much_memory_is_looked_at_here(tmp_path):
    file = io.BytesIO()
    Image.new("RGB", (4000, 3000), "red").save(file, "PNG")
    large = as_source("large.png", file.getvalue())
    with ScanWorkers(tmp_path, Limits(max_memory=4000 * 3000 * 7), helpers=True) as eyes:
        eyes(MANY)
        seen = eyes([OTHERS[0], large])
    assert [one.error for one in seen] == [None, None]
    assert eyes.known.facts([one.content or "" for one in seen])["width"].tolist() == [12, 4000]
    with ScanWorkers(tmp_path / "other", Limits(max_memory=10), helpers=True) as strict:
        assert strict([large])[0].error == "too_large"


def test_a_helper_that_was_killed_is_done_without(tmp_path):
    with ScanWorkers(tmp_path, Limits(), helpers=True) as eyes:
        eyes(MANY)
        eyes(OTHERS[:2])
        for helper in eyes._helpers:
            helper._process.kill()
        for start in (2, 4, 6):
            assert [one.error for one in eyes(OTHERS[start : start + 2])] == [None, None]


def test_few_pictures_begin_no_process(tmp_path):
    with ScanWorkers(tmp_path, Limits(), helpers=True) as eyes:
        for start in range(0, 900, 100):
            eyes(MANY[start : start + 100])
        assert eyes._helpers == []


def test_a_cache_that_can_no_longer_be_written_is_a_named_error(tmp_path):
    eyes = ScanWorkers(tmp_path, Limits(), helpers=True)
    eyes(MANY)
    eyes(OTHERS)
    for folder in tmp_path.iterdir():
        shutil.rmtree(folder)
        folder.write_text("not a folder")
    with pytest.raises(StoreError, match=r"cannot be written.*--cache"):
        eyes.__exit__(None, None, None)
