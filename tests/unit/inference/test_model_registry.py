"""Several bundles by name; one is replaced while it is asked, and nobody notices."""

import threading
from pathlib import Path

import pytest
from tests.unit.bundle.factories import plain, write_small

from discern.bundle import Thresholds
from discern.errors import BundleError, NotFound, UsageError
from discern.inference import ModelRegistry


@pytest.fixture
def two(tmp_path: Path) -> tuple[str, str]:
    return str(write_small(tmp_path / "a.discern", name="a")), str(write_small(tmp_path / "b.discern", name="b"))


def test_the_first_is_asked_where_none_is_named(two: tuple[str, str]) -> None:
    roster = ModelRegistry(two)
    assert list(roster.served) == ["a", "b"]
    assert roster.get().name == "a"
    [future] = roster.submit_all([plain(250, 0, 0)], model="b")
    assert future.result(20).prediction.model["name"] == "b"
    with pytest.raises(NotFound, match="'c'") as refused:
        roster.get("c")
    assert "a, b" in refused.value.hint
    roster.close()


def test_a_bundle_may_be_given_a_name(two: tuple[str, str]) -> None:
    roster = ModelRegistry([f"mine={two[0]}", two[0]])
    assert list(roster.served) == ["mine", "a"]
    roster.close()


def test_two_of_one_name_are_refused(two: tuple[str, str]) -> None:
    with pytest.raises(UsageError, match="Two bundles are named a"):
        ModelRegistry([two[0], two[0]])
    with pytest.raises(UsageError, match="no bundle"):
        ModelRegistry([])


def test_a_bundle_that_answers_otherwise_is_not_served(two: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "cut.discern").write_bytes(Path(two[0]).read_bytes()[:-100])
    with pytest.raises(BundleError):
        ModelRegistry([tmp_path / "cut.discern"])


def test_a_changed_file_is_read_anew(two: tuple[str, str]) -> None:
    roster = ModelRegistry(two)
    before = {name: served.model.fingerprint for name, served in roster.served.items()}
    assert roster.reload(changed_only=True) == []
    write_small(Path(two[0]), name="a", thresholds=Thresholds(unknown=0.1))
    assert roster.reload(changed_only=True) == ["a"]
    after = {name: served.model.fingerprint for name, served in roster.served.items()}
    assert after["a"] != before["a"]
    assert after["b"] == before["b"]
    assert roster.reload() == ["a", "b"]
    roster.close()


def test_a_damaged_file_replaces_nothing(two: tuple[str, str]) -> None:
    roster = ModelRegistry(two[:1])
    before = roster.get()
    Path(two[0]).write_bytes(b"nothing")
    with pytest.raises(BundleError):
        roster.reload()
    assert roster.get() is before
    Path(two[0]).unlink()
    assert roster.reload(changed_only=True) == []
    [future] = roster.submit_all([plain(250, 0, 0)])
    assert future.result(20)
    roster.close()


def test_a_damaged_file_keeps_no_other_from_being_replaced(two: tuple[str, str]) -> None:
    roster = ModelRegistry(two)
    Path(two[0]).write_bytes(b"nothing")
    write_small(Path(two[1]), name="b", version="2")
    with pytest.raises(BundleError):
        roster.reload(changed_only=True)
    assert roster.get("b").model.manifest.version == "2"
    assert roster.reload(changed_only=True) == []  # what was refused is not read again until it changes
    write_small(Path(two[0]), name="a", version="3")
    assert roster.reload(changed_only=True) == ["a"]
    roster.close()


def test_nothing_is_lost_while_bundles_are_replaced(two: tuple[str, str]) -> None:
    roster = ModelRegistry(two[:1])
    stop, answered, faults = threading.Event(), [], []

    def ask() -> None:
        while not stop.is_set():
            try:
                [future] = roster.submit_all([plain(250, 0, 0)])
                answered.append(future.result(20).prediction.label)
            except Exception as error:  # noqa: BLE001 - told below
                faults.append(error)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for _ in range(5):
        assert roster.reload() == ["a"]
    stop.set()
    for asker in askers:
        asker.join(20)
    roster.close()
    assert faults == []
    assert set(answered) == {"red"}
