"""Model registry: bundles by name, which are reloaded while they answer."""

import os
import signal
import threading
from pathlib import Path

import numpy as np
import pytest

from discern.bundle import Thresholds, archive
from discern.errors import BundleError, NotFound, UsageError
from discern.inference.bundle_trial import TrialLimits
from discern.inference.model_registry import ModelRegistry, file_stamp
from discern.parallel import run_in_daemon_thread
from tests.attacks.hostile_bundles import forge, sound_members, with_facts
from tests.unit.bundle.factories import plain, write_small
from tests.unit.inference.factories import altered, slow_graph, wait_for_child


@pytest.fixture
def two(tmp_path: Path) -> tuple[str, str]:
    return str(write_small(tmp_path / "a.discern", name="a")), str(write_small(tmp_path / "b.discern", name="b"))


def test_the_first_bundle_is_the_default(two: tuple[str, str]) -> None:
    registry = ModelRegistry(two)
    assert list(registry.served) == ["a", "b"]
    assert registry.get().name == "a"
    [future] = registry.submit_all([plain(250, 0, 0)], served=registry.get("b"))
    assert future.result(20).prediction.model["name"] == "b"
    with pytest.raises(NotFound, match="'c'") as rejected:
        registry.get("c")
    assert "a, b" in rejected.value.hint
    registry.close()


def test_a_bundle_may_be_given_a_name(two: tuple[str, str]) -> None:
    registry = ModelRegistry([f"mine={two[0]}", two[0]])
    assert list(registry.served) == ["mine", "a"]
    registry.close()


def test_two_bundles_of_one_name_are_rejected(two: tuple[str, str]) -> None:
    with pytest.raises(UsageError, match="Two bundles are named a"):
        ModelRegistry([two[0], two[0]])
    with pytest.raises(UsageError, match="no bundle"):
        ModelRegistry([])


def test_a_damaged_bundle_is_not_served(two: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "cut.discern").write_bytes(Path(two[0]).read_bytes()[:-100])
    with pytest.raises(BundleError):
        ModelRegistry([tmp_path / "cut.discern"])


def test_a_changed_file_is_reloaded(two: tuple[str, str]) -> None:
    registry = ModelRegistry(two)
    before = {name: served.model.fingerprint for name, served in registry.served.items()}
    assert registry.reload(changed_only=True) == []
    write_small(Path(two[0]), name="a", thresholds=Thresholds(unknown=0.1))
    assert registry.reload(changed_only=True) == ["a"]
    after = {name: served.model.fingerprint for name, served in registry.served.items()}
    assert after["a"] != before["a"]
    assert after["b"] == before["b"]
    assert registry.reload() == ["a", "b"]
    registry.close()


def test_a_damaged_file_replaces_nothing(two: tuple[str, str]) -> None:
    registry = ModelRegistry(two[:1])
    before = registry.get()
    Path(two[0]).write_bytes(b"nothing")
    with pytest.raises(BundleError):
        registry.reload()
    assert registry.get() is before
    Path(two[0]).unlink()
    assert registry.reload(changed_only=True) == []
    [future] = registry.submit_all([plain(250, 0, 0)])
    assert future.result(20)
    registry.close()


def test_a_damaged_file_does_not_prevent_other_reloads(two: tuple[str, str]) -> None:
    registry = ModelRegistry(two)
    Path(two[0]).write_bytes(b"nothing")
    write_small(Path(two[1]), name="b", version="2")
    with pytest.raises(BundleError):
        registry.reload(changed_only=True)
    assert registry.get("b").model.manifest.version == "2"
    assert registry.reload(changed_only=True) == []  # a rejected file is not read again until it changes
    write_small(Path(two[0]), name="a", version="3")
    assert registry.reload(changed_only=True) == ["a"]
    registry.close()


def test_no_picture_is_lost_during_reloads(two: tuple[str, str]) -> None:
    registry = ModelRegistry(two[:1])
    stop, labels, failures = threading.Event(), [], []

    def submit() -> None:
        while not stop.is_set():
            try:
                [future] = registry.submit_all([plain(250, 0, 0)])
                labels.append(future.result(20).prediction.label)
            except Exception as error:  # noqa: BLE001 - asserted below
                failures.append(error)

    threads = [threading.Thread(target=submit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        assert registry.reload() == ["a"]
    stop.set()
    for thread in threads:
        thread.join(20)
    registry.close()
    assert failures == []
    assert set(labels) == {"red"}


def test_a_model_looked_up_before_a_reload_is_answered_by_its_successor(two: tuple[str, str]) -> None:
    registry = ModelRegistry(two)
    before = registry.get("b")
    write_small(Path(two[1]), name="b", version="2")
    assert registry.reload(changed_only=True) == ["b"]
    [future] = registry.submit_all([plain(250, 0, 0)], served=before)
    assert future.result(20).prediction.model["version"] == "2"
    registry.close()


def rename(data: bytes, path: Path) -> None:
    """Replace a file, as those who write bundles do."""
    other = path.with_suffix(".new")
    other.write_bytes(data)
    other.replace(path)


@pytest.mark.parametrize("name", ["nan", "slow", "memory", "words"])
def test_a_bundle_that_cannot_serve_replaces_nothing(two: tuple[str, str], name: str) -> None:
    forged = {
        "nan": (lambda: forge("model.onnx", altered("Mul", np.nan, "probabilities")), "probabilities has numbers"),
        "slow": (lambda: forge("model.onnx", slow_graph(products=120)), "more than 2 s"),
        "memory": (lambda: forge("model.onnx", slow_graph(side=3000)), "more than 256 MiB of memory"),
        "words": (lambda: archive.pack(with_facts(sound_members(), labels=["red", "red "])), "looks the same"),
    }
    make, reason = forged[name]
    limits = TrialLimits(seconds=2 if name == "slow" else 60, memory=256 << 20, memory_factor=0)
    registry = ModelRegistry(two[:1], trial_limits=limits)
    before = registry.get()
    rename(make(), Path(two[0]))
    with pytest.raises(BundleError, match=reason):
        registry.reload(changed_only=True)
    assert registry.get() is before
    [future] = registry.submit_all([plain(250, 0, 0)])
    assert future.result(20).prediction.label == "red"
    assert registry.reload(changed_only=True) == []
    write_small(Path(two[0]), name="a", version="2")
    assert registry.reload(changed_only=True) == ["a"]
    registry.close()


def test_content_that_was_tried_is_not_tried_again_under_another_date(two: tuple[str, str]) -> None:
    registry = ModelRegistry(two[:1])
    before, sound, forged = registry.get(), Path(two[0]).read_bytes(), b"nothing"
    rename(sound, Path(two[0]))
    assert registry.reload(changed_only=True) == []
    rename(forged, Path(two[0]))
    with pytest.raises(BundleError):
        registry.reload(changed_only=True)
    rename(forged, Path(two[0]))
    assert registry.reload(changed_only=True) == []
    with pytest.raises(BundleError):
        registry.reload()
    rename(sound, Path(two[0]))
    assert registry.reload(changed_only=True) == []
    assert registry.get() is before
    registry.close()


@pytest.mark.skipif(os.name != "posix", reason="signals need POSIX")
def test_the_file_may_change_during_its_trial(two: tuple[str, str]) -> None:
    registry = ModelRegistry(two[:1])
    tried = write_small(Path(two[1]), name="a", version="2").read_bytes()
    rename(tried, Path(two[0]))
    reload = run_in_daemon_thread(registry.reload)
    helper = wait_for_child(os.getpid())
    os.kill(helper, signal.SIGSTOP)
    rename(forge("model.onnx", b"other"), Path(two[0]))
    os.kill(helper, signal.SIGCONT)
    assert reload.result(60) == ["a"]
    assert registry.get().model.manifest.version == "2"
    registry.close()


@pytest.mark.skipif(os.name != "posix", reason="signals need POSIX")
def test_closing_does_not_wait_for_a_trial_that_hangs(two: tuple[str, str]) -> None:
    registry = ModelRegistry(two[:1])
    reload = run_in_daemon_thread(registry.reload)
    os.kill(wait_for_child(os.getpid()), signal.SIGSTOP)
    registry.close()
    with pytest.raises(BundleError, match="the server is ending"):
        reload.result(60)
    with pytest.raises(BundleError, match="the server is ending"):
        registry.reload()


def test_the_stamp_changes_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert file_stamp(path) is None
    path.write_bytes(b"one")
    before = file_stamp(path)
    assert file_stamp(path) == before
    (tmp_path / "new").write_bytes(b"two")
    (tmp_path / "new").replace(path)
    assert file_stamp(path) != before
