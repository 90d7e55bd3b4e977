"""Runs that stop while a network is trained, and are resumed. They need PyTorch."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is optional")

from discern.bundle import load
from discern.errors import RunError, RunStopped
from discern.flow.train import train
from tests.unit.training.factories import write_colours

LARGEST_OTHER_FILE = 1_000_000  # less than a checkpoint has


@contextmanager
def small_disk() -> Iterator[None]:
    """Let the system refuse to write large files, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_OTHER_FILE, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("resumed") / "photos"
    write_colours(folder, part="train", each=8)
    return write_colours(folder, part="test", each=3, seed=9)


def options(photos: Path, runs: Path) -> dict[str, Any]:
    settings = {"method": "scratch", "size": 96, "epochs": 1, "batch": 8, "ordered": ["blue", "green", "red"]}
    return settings | {"name": "a", "runs": runs, "cache": photos.parent / "cache"}


def test_a_run_whose_disk_was_full_is_resumed(photos: Path, tmp_path: Path) -> None:
    with small_disk(), pytest.raises(RunStopped, match="Cannot save the checkpoint") as caught:
        train(photos, **options(photos, tmp_path))
    assert "--resume" in caught.value.hint
    assert (tmp_path / "a" / "run.json").exists(), "the run that is to be resumed is still there"
    resumed = train(photos, resume=True, **options(photos, tmp_path))
    assert load(resumed.bundle).manifest.ordered
    assert not list((tmp_path / "a").glob("checkpoints/*")), "a completed fit leaves no checkpoint"


def test_a_damaged_checkpoint_is_named_and_left_alone(photos: Path, tmp_path: Path) -> None:
    with small_disk(), pytest.raises(RunStopped):
        train(photos, **options(photos, tmp_path))
    checkpoint = tmp_path / "a" / "checkpoints" / "final.pt"
    checkpoint.write_bytes(b"discern checkpoint 1\nnot one")
    with pytest.raises(RunError, match=r"final\.pt is damaged") as caught:
        train(photos, resume=True, **options(photos, tmp_path))
    assert "Delete it" in caught.value.hint
    assert checkpoint.exists()
