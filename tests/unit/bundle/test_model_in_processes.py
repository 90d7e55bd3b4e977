"""A model in other processes: pickled by its bundle, used after forks and in pools, and never blocking an exit."""

import contextlib
import copy
import pickle
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from discern.bundle import Model, Prediction, archive, load
from discern.errors import BundleError, UsageError
from discern.picture import Limits
from tests.unit.bundle.factories import plain, write_small

POSIX = pytest.mark.skipif(sys.platform != "linux", reason="forks are for Linux")
_SECONDS = 120

FORKED = """
import os, sys, threading
import numpy as np
import discern
from discern.picture import memory

model = discern.load(sys.argv[1], threads=2)
picture = np.full((40, 40, 3), (250, 0, 0), np.uint8)
print(model(picture).label, flush=True)
held, left = threading.Event(), threading.Event()
def decode():
    with memory._budget.reserve(10**9), memory._budget._changed:
        held.set()
        left.wait()
threading.Thread(target=decode, daemon=True).start()
held.wait()
child = os.fork()
if child == 0:
    if sys.argv[2] == "used":
        print(model(picture).label, next(model.predict(sys.argv[3])).label, flush=True)
        del model
    sys.exit(0)  # which ends the interpreter, and so the engine's session
print(os.waitpid(child, 0)[1], flush=True)
left.set()
print(model(picture).label)
"""

POOLED = """
import multiprocessing, sys
import discern

if __name__ == "__main__":
    method, bundle, picture, other = sys.argv[1:]
    model = discern.load(bundle)
    with multiprocessing.get_context(method).Pool(2) as pool:
        print(*[each.label for each in pool.map_async(model, [picture] * 6, 1).get(100)])
        if other:
            import shutil
            shutil.copy(other, bundle)
            with multiprocessing.get_context(method).Pool(1) as fresh:
                try:
                    fresh.map_async(model, [picture], 1).get(100)
                except discern.DiscernError as error:
                    print(type(error).__name__, error.message)
"""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_small(tmp_path / "model.discern")


@pytest.fixture
def red(tmp_path: Path) -> Path:
    Image.fromarray(plain(250, 0, 0)).save(tmp_path / "red.png")
    return tmp_path / "red.png"


def output_of(code: str, folder: Path, *words: str | Path) -> list[str]:
    """Run a program from a file, as spawned processes import it, and return the lines that it prints."""
    script = folder / "program.py"
    script.write_text(code)
    command = [sys.executable, "-W", "ignore", str(script), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    assert done.stderr == ""
    return done.stdout.splitlines()


@POSIX
@pytest.mark.parametrize(("way", "labels"), [("used", ["red red"]), ("unused", [])])
def test_a_forked_process_predicts_and_ends(
    bundle: Path, red: Path, tmp_path: Path, way: str, labels: list[str]
) -> None:
    assert output_of(FORKED, tmp_path, bundle, way, red) == ["red", *labels, "0", "red"]


@POSIX
def test_a_pool_of_forked_processes_predicts(bundle: Path, red: Path, tmp_path: Path) -> None:
    assert output_of(POOLED, tmp_path, "fork", bundle, red, "") == [" ".join(["red"] * 6)]


def test_a_pool_of_spawned_processes_predicts_and_notices_a_replaced_bundle(
    bundle: Path, red: Path, tmp_path: Path
) -> None:
    """An error while a task is unpickled would leave the pool waiting forever."""
    other = write_small(tmp_path / "other.discern", name="other")
    predicted, error = output_of(POOLED, tmp_path, "spawn", bundle, red, other)
    assert predicted.split() == ["red"] * 6
    assert error.startswith(f"BundleError {bundle} was replaced after this model had been pickled")


class TestPickles:
    def test_a_pickle_is_the_path_and_the_fingerprint(self, bundle: Path) -> None:
        model = load(bundle, threads=1, limits=Limits(max_bytes=12345))
        pickled = pickle.dumps(model)
        assert len(pickled) < 1000
        restored = pickle.loads(pickled)
        assert (restored.fingerprint, restored.limits, restored.labels) == (
            model.fingerprint,
            model.limits,
            model.labels,
        )
        assert restored(plain(250, 0, 0)).label == "red"
        assert pickle.loads(pickle.dumps(restored)) is restored

    def test_the_path_is_absolute(self, bundle: Path) -> None:
        with contextlib.chdir(bundle.parent):
            pickled = pickle.dumps(load(bundle.name))
        assert pickle.loads(pickled).labels

    def test_a_replaced_or_missing_bundle_is_noticed(self, bundle: Path, tmp_path: Path) -> None:
        pickled = pickle.dumps(load(bundle))
        shutil.copy(write_small(tmp_path / "other.discern", name="other"), bundle)
        with pytest.raises(BundleError, match="was replaced after this model had been pickled") as raised:
            pickle.loads(pickled)
        assert "Load the model again" in raised.value.hint
        bundle.unlink()
        with pytest.raises(BundleError, match="There is no bundle"):
            pickle.loads(pickled)

    def test_a_model_that_is_in_no_file_says_so(self, bundle: Path) -> None:
        with pytest.raises(UsageError, match="not loaded from a file") as raised:
            pickle.dumps(Model(archive.unpack(bundle)))
        assert "in each process" in raised.value.hint

    def test_a_copy_is_the_model(self, bundle: Path) -> None:
        model = load(bundle)
        assert copy.copy(model) is copy.deepcopy(model) is model
        assert copy.deepcopy({"model": model})["model"] is model

    def test_predictions_are_pickled(self, bundle: Path) -> None:
        found: list[object] = list(load(bundle).predict([plain(250, 0, 0), b"x"]))
        again = pickle.loads(pickle.dumps(found))
        assert again[0] == found[0]
        assert str(again[1]) == str(found[1])

    def test_a_missing_attribute_is_an_attribute_error(self, bundle: Path) -> None:
        with pytest.raises(AttributeError, match="nothing_like_it"):
            load(bundle).nothing_like_it  # type: ignore[attr-defined] # noqa: B018


def test_threads_may_share_a_model(bundle: Path) -> None:
    model, start = load(bundle), threading.Barrier(8)

    def ask(red: int) -> Prediction:
        start.wait()
        return model(plain(red, 0, 0))

    with ThreadPoolExecutor(8) as pool:
        labels = [answer.label for answer in pool.map(ask, [250, 0] * 4)]
    assert labels == ["red", "dark"] * 4
