"""Pictures of full size are the same in memory and in a file."""

from pathlib import Path

import numpy as np
import pytest

from discern.errors import StoreError
from discern.picture import load_input
from discern.progress import silent
from discern.training import TrainingData
from discern.training.methods.loop.torch_full_pictures import load_full
from tests.unit.full_disk import full_disk
from tests.unit.training.factories import load_data, write_colours


@pytest.fixture
def data(tmp_path: Path) -> TrainingData:
    return load_data(write_colours(tmp_path / "pictures", each=3), tmp_path / "cache")[0]


def test_pictures_in_a_file_are_those_in_memory(data: TrainingData, tmp_path: Path) -> None:
    rows, path = np.arange(9), tmp_path / "fit" / "pictures.raw"
    memory = load_full(data.catalog, rows, data.recipe, path, silent)
    assert not path.exists()
    mapped = load_full(data.catalog, rows, data.recipe, path, silent, in_memory=100)
    assert path.stat().st_size == memory.pixels.nbytes == 9 * 16 * 16 * 3
    assert isinstance(mapped.pixels, np.memmap)
    chosen = np.array([8, 2, 2])
    np.testing.assert_array_equal(mapped.take(chosen), memory.take(chosen))
    np.testing.assert_array_equal(mapped.seeds, memory.seeds)
    assert len(mapped) == len(memory) == 9


def test_pictures_are_those_that_the_graph_reads(data: TrainingData, tmp_path: Path) -> None:
    pictures = load_full(data.catalog, np.array([4, 1]), data.recipe, tmp_path / "a.raw", silent)
    taken = pictures.take(np.array([0]))
    assert taken.dtype == np.float32
    expected = load_input(data.catalog.read_one(4), data.recipe)
    np.testing.assert_allclose(taken[0] * 255, expected, atol=1e-4)
    assert pictures.factor == 1


def test_copies_of_a_picture_have_one_seed(tmp_path: Path) -> None:
    folder = write_colours(tmp_path / "pictures", each=2)
    first = sorted(folder.rglob("*.png"))[0]
    first.with_name("copy.png").write_bytes(first.read_bytes())
    data, _ = load_data(folder, tmp_path / "cache")
    seeds = load_full(data.catalog, np.arange(7), data.recipe, tmp_path / "a.raw", silent).seeds
    assert len(set(seeds.tolist())) == 6


def test_a_full_disk_is_named_with_the_remedy(data: TrainingData, tmp_path: Path) -> None:
    path = tmp_path / "fit" / "pictures.raw"
    with full_disk(), pytest.raises(StoreError, match=r"cannot be written to .*pictures\.raw") as caught:
        load_full(data.catalog, np.arange(9), data.recipe, path, silent, in_memory=100)
    assert "smaller --size" in str(caught.value.hint)
    assert not path.exists()


def test_progress_counts_the_pictures(data: TrainingData, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int | None]] = []
    load_full(data.catalog, np.arange(4), data.recipe, tmp_path / "a.raw", lambda *call: seen.append(call))
    assert seen == [("read", number, 4) for number in range(1, 5)]
