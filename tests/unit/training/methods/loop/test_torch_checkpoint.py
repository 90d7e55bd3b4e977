"""Checkpoints: what is saved is loaded, and what is damaged, of another fit or too large is named."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is optional")

from discern.errors import RunError  # noqa: E402
from discern.training.methods.loop.torch_checkpoint import Checkpoint  # noqa: E402

FACTS = {"epochs": 3, "lr": 0.01, "network": "abc"}
STATE = {"network": {"weight": torch.arange(12.0)}, "place": [2, 5], "history": {"loss": [0.25]}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "checkpoints" / "final.pt"


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let the system refuse to write more to a file, as it does when the disk is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_was_saved_is_loaded(path: Path) -> None:
    checkpoint = Checkpoint(path, FACTS)
    assert checkpoint.load() is None
    checkpoint.save(STATE)
    loaded = Checkpoint(path, dict(FACTS)).load()
    assert loaded is not None
    assert torch.equal(loaded["network"]["weight"], STATE["network"]["weight"])
    assert (loaded["place"], loaded["history"]) == (STATE["place"], STATE["history"])


def test_facts_may_be_any_values_that_json_has(path: Path) -> None:
    facts = {"version": str(torch.__version__), "flag": True, "nothing": None, "sides": (1, 2)}
    Checkpoint(path, facts).save(STATE)
    assert Checkpoint(path, facts).load() is not None


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"epochs": 4}, "another epochs"),
        ({"epochs": 4, "lr": 0.1}, "another epochs, lr"),
        ({"momentum": 0.9}, "another momentum"),
        ({"network": "abd"}, "another network"),
    ],
)
def test_one_of_another_fit_is_named_with_what_differs(path: Path, other: dict[str, object], named: str) -> None:
    Checkpoint(path, FACTS).save(STATE)
    with pytest.raises(RunError, match=named) as caught:
        Checkpoint(path, FACTS | other).load()
    assert str(path) in caught.value.message
    assert "Delete it" in caught.value.hint
    assert "--resume" in caught.value.hint


def test_a_fact_that_is_gone_is_named(path: Path) -> None:
    Checkpoint(path, FACTS).save(STATE)
    with pytest.raises(RunError, match="another lr"):
        Checkpoint(path, {"epochs": 3, "network": "abc"}).load()


def test_any_flipped_bit_is_found(path: Path) -> None:
    Checkpoint(path, FACTS).save(STATE)
    content = path.read_bytes()
    random = np.random.default_rng(0)
    for place in [0, len(content) - 1, *random.integers(0, len(content), 30)]:
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(random.integers(0, 8))
        path.write_bytes(damaged)
        with pytest.raises(RunError, match="is damaged"):
            Checkpoint(path, FACTS).load()


@pytest.mark.parametrize("kept", [0, 1, 20, 60, -1])
def test_a_short_file_is_found(path: Path, kept: int) -> None:
    Checkpoint(path, FACTS).save(STATE)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(RunError, match="is damaged"):
        Checkpoint(path, FACTS).load()


def test_a_file_of_another_program_is_not_opened(path: Path) -> None:
    path.parent.mkdir()
    torch.save(STATE, path)
    with pytest.raises(RunError, match="is damaged"):
        Checkpoint(path, FACTS).load()


def test_what_cannot_be_read_is_named(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(RunError, match="Cannot read the checkpoint"):
        Checkpoint(path, FACTS).load()


@pytest.mark.parametrize("size", [0, 100, 50_000])
def test_a_full_disk_is_named_and_the_former_state_remains(path: Path, size: int) -> None:
    checkpoint = Checkpoint(path, FACTS)
    checkpoint.save(STATE)
    with largest_file(size), pytest.raises(RunError, match="Cannot save the checkpoint") as caught:
        checkpoint.save({"network": {"weight": torch.zeros(30_000)}})
    assert "Free disk space" in caught.value.hint
    assert [each.name for each in path.parent.iterdir()] == [path.name], "nothing unfinished remains"
    loaded = checkpoint.load()
    assert loaded is not None
    assert loaded["place"] == STATE["place"]


def test_a_folder_that_cannot_be_made_is_named(path: Path) -> None:
    path.parent.write_text("a file")
    with pytest.raises(RunError, match="Cannot save the checkpoint"):
        Checkpoint(path, FACTS).save(STATE)


def test_an_error_of_the_program_is_not_blamed_on_the_disk(path: Path) -> None:
    with pytest.raises(Exception, match=r"pickle|local") as caught:
        Checkpoint(path, FACTS).save({"function": lambda: None})
    assert not isinstance(caught.value, RunError)
