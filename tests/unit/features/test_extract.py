"""Each content passes the backbone once, even after an interruption, and the rows keep the requested order."""

import hashlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from discern.bundle import open_runtime
from discern.catalog import scan
from discern.errors import CatalogError, PictureError, UsageError
from discern.features import extract
from discern.features.testing import colour_backbone
from discern.picture import Recipe, load_input

RECIPE = Recipe(size=16, resize=16)
BACKBONE = colour_backbone()


def draw(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 24, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@dataclass
class InMemoryCatalog:
    """Catalog whose pictures are in memory, with a record of the rows that were read."""

    files: list[bytes]
    unreadable: tuple[int, ...] = ()
    read_rows: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        contents = [hashlib.sha256(file).hexdigest() for file in self.files]
        self.table = pl.DataFrame({"path": [f"{i}.png" for i in range(len(contents))], "content": contents})
        self.readable = ~np.isin(np.arange(len(contents)), self.unreadable)

    def read(self, rows: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        for row in sorted(rows):
            self.read_rows.append(row)
            yield row, self.files[row]


def expected(files: Sequence[bytes]) -> np.ndarray:
    pixels = np.stack([load_input(file, RECIPE) for file in files])
    return open_runtime(BACKBONE.graph, threads=1).run({"pixels": pixels})["embedding"]


def test_rows_keep_the_requested_order(tmp_path: Path) -> None:
    catalog = InMemoryCatalog([draw(seed) for seed in range(7)])
    order = [5, 0, 3, 6]
    rows = extract(catalog, order, BACKBONE, RECIPE, cache=tmp_path, threads=2)
    assert rows.shape == (4, BACKBONE.width)
    np.testing.assert_allclose(rows[:], expected([catalog.files[row] for row in order]), atol=1e-6)


def test_results_do_not_depend_on_the_number_of_threads(tmp_path: Path) -> None:
    catalog = InMemoryCatalog([draw(seed) for seed in range(30)])
    one, four = (
        extract(catalog, range(30), BACKBONE, RECIPE, cache=tmp_path / str(threads), threads=threads)[:]
        for threads in (1, 4)
    )
    np.testing.assert_array_equal(one, four)


def test_equal_contents_are_computed_once(tmp_path: Path) -> None:
    catalog = InMemoryCatalog([draw(0), draw(1), draw(0), draw(0)])
    rows = extract(catalog, [3, 1, 2, 0], BACKBONE, RECIPE, cache=tmp_path)
    assert sorted(catalog.read_rows) == [1, 3]
    np.testing.assert_array_equal(rows[[0, 2, 3]], np.repeat(rows[:1], 3, axis=0))


def test_only_new_pictures_are_computed(tmp_path: Path) -> None:
    files = [draw(seed) for seed in range(6)]
    first = extract(InMemoryCatalog(files[:4]), range(4), BACKBONE, RECIPE, cache=tmp_path)[:]
    more = InMemoryCatalog([files[5], *files[:4], files[4]])
    rows = extract(more, range(6), BACKBONE, RECIPE, cache=tmp_path)
    assert more.read_rows == [0, 5]
    np.testing.assert_array_equal(rows[1:5], first)


def test_pictures_that_are_decoded_can_be_kept(tmp_path: Path) -> None:
    files = [draw(seed) for seed in range(3)]
    extract(InMemoryCatalog(files[:1]), [0], BACKBONE, RECIPE, cache=tmp_path)
    catalog = InMemoryCatalog([*files, files[2]])
    kept: dict[str, np.ndarray] = {}
    extract(catalog, range(4), BACKBONE, RECIPE, cache=tmp_path, keep=kept)
    assert kept.keys() == set(catalog.table["content"][1:3])
    for file, content in zip(files[1:], catalog.table["content"][1:3], strict=True):
        np.testing.assert_array_equal(kept[content], load_input(file, RECIPE))


def test_another_recipe_or_backbone_has_its_own_cache(tmp_path: Path) -> None:
    catalog = InMemoryCatalog([draw(0)])
    one = extract(catalog, [0], BACKBONE, RECIPE, cache=tmp_path)[:]
    extract(catalog, [0], BACKBONE, Recipe(size=16, resize=18), cache=tmp_path)
    plain = extract(catalog, [0], colour_backbone(mirror=False), RECIPE, cache=tmp_path)[:]
    assert catalog.read_rows == [0, 0, 0]
    assert not np.array_equal(one, plain)


def test_no_rows_give_an_empty_result(tmp_path: Path) -> None:
    assert extract(InMemoryCatalog([draw(0)]), [], BACKBONE, RECIPE, cache=tmp_path).shape == (0, BACKBONE.width)


def test_progress_counts_pictures(tmp_path: Path) -> None:
    catalog = InMemoryCatalog([draw(seed) for seed in range(5)])
    calls: list[tuple[str, int, int | None]] = []
    extract(catalog, [0, 1], BACKBONE, RECIPE, cache=tmp_path)
    extract(catalog, range(5), BACKBONE, RECIPE, cache=tmp_path, progress=lambda *news: calls.append(news))
    assert calls == [("features", done, 5) for done in (2, 3, 4, 5)]


def test_a_recipe_of_another_size_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="32 px"):
        extract(InMemoryCatalog([draw(0)]), [0], BACKBONE, Recipe(size=32, resize=32), cache=tmp_path)


def test_an_unreadable_row_is_rejected_by_name(tmp_path: Path) -> None:
    catalog = InMemoryCatalog([draw(0), b"", draw(2)], unreadable=(1,))
    with pytest.raises(UsageError, match=r"1\.png"):
        extract(catalog, [0, 1, 2], BACKBONE, RECIPE, cache=tmp_path)


def test_a_picture_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    whole = draw(3)
    catalog = InMemoryCatalog([draw(0), whole[: len(whole) // 2], draw(2)])
    with pytest.raises(PictureError, match=r"1\.png: ") as caught:
        extract(catalog, [0, 1, 2], BACKBONE, RECIPE, cache=tmp_path)
    assert type(caught.value) in PictureError.__subclasses__()


class Stop(Exception):
    """Exception that a test raises inside the progress callback."""


def test_results_before_an_error_are_cached(tmp_path: Path) -> None:
    catalog = InMemoryCatalog([draw(seed) for seed in range(300)])

    def stop(stage: str, done: int, total: int | None) -> None:
        if done == 290:
            raise Stop

    with pytest.raises(Stop):
        extract(catalog, range(300), BACKBONE, RECIPE, cache=tmp_path, threads=2, progress=stop)
    catalog.read_rows.clear()
    rows = extract(catalog, range(300), BACKBONE, RECIPE, cache=tmp_path, threads=2)
    assert catalog.read_rows == list(range(256, 300))
    np.testing.assert_allclose(rows[[0, 255, 256, 299]], expected([catalog.files[i] for i in (0, 255, 256, 299)]))


def test_few_files_are_read_ahead(tmp_path: Path) -> None:
    catalog = InMemoryCatalog([draw(seed) for seed in range(60)])
    ahead: list[int] = []

    def watch(stage: str, done: int, total: int | None) -> None:
        ahead.append(len(catalog.read_rows) - done)

    extract(catalog, range(60), BACKBONE, RECIPE, cache=tmp_path, threads=2, progress=watch)
    assert max(ahead) <= 10


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_extract import BACKBONE, RECIPE, InMemoryCatalog, draw, extract

catalog = InMemoryCatalog([draw(seed) for seed in range(600)])

def at(stage, done, total):
    if done == int(sys.argv[3]):
        os.kill(os.getpid(), getattr(signal, sys.argv[4]))

try:
    extract(catalog, range(600), BACKBONE, RECIPE, cache=Path(sys.argv[2]), threads=2, progress=at)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize(("signalled", "status"), [("SIGKILL", -signal.SIGKILL), ("SIGINT", 130)])
def test_a_killed_run_continues_and_equals_an_undisturbed_one(tmp_path: Path, signalled: str, status: int) -> None:
    command = [sys.executable, "-c", KILLED, str(Path(__file__).parent), str(tmp_path / "cache"), "300", signalled]
    assert subprocess.run(command, check=False, timeout=60).returncode == status
    catalog = InMemoryCatalog([draw(seed) for seed in range(600)])
    rows = extract(catalog, range(600), BACKBONE, RECIPE, cache=tmp_path / "cache", threads=2)
    assert len(catalog.read_rows) == 600 - 256
    undisturbed = extract(catalog, range(600), BACKBONE, RECIPE, cache=tmp_path / "other", threads=1)
    np.testing.assert_array_equal(rows[:], undisturbed[:])


def test_a_folder_is_scanned_and_embedded(tmp_path: Path) -> None:
    for seed, path in enumerate(("cat/a.png", "cat/b.png", "dog/c.png")):
        (tmp_path / "pictures" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pictures" / path).write_bytes(draw(seed))
    catalog = scan(tmp_path / "pictures", cache=tmp_path / "cache")
    rows = extract(catalog, range(3), BACKBONE, RECIPE, cache=tmp_path / "cache")
    np.testing.assert_allclose(rows[:], expected([draw(seed) for seed in range(3)]), atol=1e-6)


def test_a_changed_picture_is_not_cached_under_its_old_content(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(draw(0))
    catalog = scan(tmp_path, cache=tmp_path / "cache")
    (tmp_path / "a.png").write_bytes(draw(1))
    with pytest.raises(CatalogError, match="changed"):
        extract(catalog, [0], BACKBONE, RECIPE, cache=tmp_path / "cache")
