"""Trials of a study survive the processes that run them: none is lost, and none is done twice."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from discern.errors import RunError
from discern.evaluating.study_trials import TrialRow
from discern.flow.tune.search_space import Choice, SearchSpace
from discern.flow.tune.storage_address import StorageAddress

pytest.importorskip("optuna")

import optuna

from discern.flow.tune.trial_store import JOURNAL, StoreAddress, TrialStore

X = Choice(name="strength", kind="float", low=-5.0, high=5.0)
VIEWS = Choice(name="views", kind="categorical", values=(1, 2))
SPACE = SearchSpace(name="test", fixed={}, choices=(X, VIEWS))


def address(folder: Path, *, seed: int = 0, storage: str | None = None, name: str = "study") -> StoreAddress:
    database = None if storage is None else StorageAddress(storage)
    return StoreAddress(folder=folder, name=name, storage=database, seed=seed, maximise=False, owner="here")


def opened(folder: Path, **more: Any) -> TrialStore:
    return TrialStore.open(address(folder, **more))


def value_of(values: dict[str, Any]) -> float:
    return float((values["strength"] - 1) ** 2 + values["views"])


def run(store: TrialStore, most: int, *, ended: int | None = None) -> None:
    """Run trials until there are enough, and leave the last one running if `ended` of them have ended."""
    count = 0
    while (started := store.ask(SPACE, most)) is not None:
        if count == ended:
            return
        trial, values = started
        store.tell(trial, value_of(values))
        count += 1


def chosen(rows: list[TrialRow]) -> list[dict[str, Any]]:
    return [dict(row.params) for row in rows if row.state == "done"]


def test_one_seed_gives_the_same_trials(tmp_path: Path) -> None:
    found = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        (tmp_path / name).mkdir()
        store = opened(tmp_path / name, seed=seed)
        run(store, 14)
        found.append([(row.params, row.value) for row in store.rows()])
    assert found[0] == found[1]
    assert found[0] != found[2]
    assert len({str(params) for params, _ in found[0]}) == 14


@pytest.mark.parametrize("ended", [0, 3, 11])
def test_an_interrupted_study_ends_with_the_trials_of_an_undisturbed_one(tmp_path: Path, ended: int) -> None:
    for name in ("undisturbed", "interrupted"):
        (tmp_path / name).mkdir()
    undisturbed = opened(tmp_path / "undisturbed")
    run(undisturbed, 14)
    run(opened(tmp_path / "interrupted"), 14, ended=ended)
    resumed = opened(tmp_path / "interrupted")
    resumed.recover()
    run(resumed, 14)
    rows = resumed.rows()
    assert chosen(rows) == chosen(undisturbed.rows())
    assert [row.state for row in rows].count("interrupted") == 1
    assert (rows[ended].state, rows[ended + 1].repeats) == ("interrupted", ended)


def test_recovering_again_repeats_nothing_twice(tmp_path: Path) -> None:
    store = opened(tmp_path)
    run(store, 5, ended=2)
    for _ in range(3):
        opened(tmp_path).recover()
    run(store, 5)
    states = [row.state for row in store.rows()]
    assert (states.count("done"), states.count("interrupted"), len(states)) == (5, 1, 6)


def test_a_trial_that_was_marked_but_not_yet_repeated_is_repeated(tmp_path: Path) -> None:
    store = opened(tmp_path)
    run(store, 5, ended=2)
    study: Any = store._study
    trial = study.get_trials()[2]
    study._storage.set_trial_user_attr(trial._trial_id, "interrupted", True)
    study.tell(2, state=optuna.trial.TrialState.FAIL)
    opened(tmp_path).recover()
    run(store, 5)
    assert sum(row.state == "done" for row in store.rows()) == 5
    assert store.rows()[3].repeats == 2


def test_a_trial_that_ends_its_process_twice_has_failed(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.ask(SPACE, 2)
    store.recover()
    store.ask(SPACE, 2)
    store.recover()
    run(store, 2)
    first, second, third = store.rows()
    assert (first.state, second.state, second.repeats, third.state) == ("interrupted", "failed", 0, "done")
    assert "ended 2 times" in second.note


def test_only_trials_of_the_ended_worker_are_recovered(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.ask(SPACE, 5)
    store.recover(worker=os.getpid() + 1)
    assert [row.state for row in store.rows()] == ["running"]
    store.recover(worker=os.getpid())
    assert [row.state for row in store.rows()] == ["interrupted", "waiting"]


def test_trials_of_another_machine_are_left_alone(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 'trials.db'}"
    elsewhere = TrialStore.open(
        StoreAddress(
            folder=tmp_path, name="study", storage=StorageAddress(storage), seed=0, maximise=False, owner="elsewhere"
        )
    )
    elsewhere.ask(SPACE, 5)
    store = opened(tmp_path, storage=storage)
    store.recover()
    assert [row.state for row in store.rows()] == ["running"]


def test_the_default_options_come_first_and_once(tmp_path: Path) -> None:
    for _ in range(2):
        opened(tmp_path).add_default({"strength": 2.0, "views": 2}, complete=True)
    store = opened(tmp_path)
    run(store, 3)
    rows = store.rows()
    assert [row.is_default for row in rows] == [True, False, False]
    assert rows[0].params == {"strength": 2.0, "views": 2}
    assert rows[0].value == pytest.approx(3.0)


def test_an_interrupted_default_is_repeated_as_the_default(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.add_default({"strength": 2.0}, complete=True)
    store.ask(SPACE, 3)
    store.recover()
    run(store, 3)
    assert [row.is_default for row in store.rows()] == [True, True, False, False]
    assert store.rows()[1].params == store.rows()[0].params


def test_pruned_and_failed_trials_count_and_keep_their_reason(tmp_path: Path) -> None:
    store = opened(tmp_path)
    for told in ({"value": None, "pruned": True}, {"value": None, "note": "too large"}, {"value": 0.5}):
        trial, _ = store.ask(SPACE, 3) or (None, None)
        store.tell(trial, **told)
    assert store.ask(SPACE, 3) is None
    rows = store.rows()
    assert [(row.state, row.value, row.note) for row in rows] == [
        ("pruned", None, ""),
        ("failed", None, "too large"),
        ("done", 0.5, ""),
    ]
    assert all(row.seconds is not None and row.started for row in rows)


def test_a_study_that_exists_is_not_started_again_by_accident(tmp_path: Path) -> None:
    facts = {"seed": 0, "space": {"views": 1}}
    storage = f"sqlite:///{tmp_path / 'trials.db'}"
    TrialStore.open(address(tmp_path, storage=storage), facts=facts, resume=False)
    with pytest.raises(RunError, match="already has a study 'study'"):
        TrialStore.open(address(tmp_path, storage=storage), facts=facts, resume=False)
    TrialStore.open(address(tmp_path, storage=storage), facts=facts, resume=True)
    with pytest.raises(RunError, match="another seed, space"):
        TrialStore.open(address(tmp_path, storage=storage), facts={"seed": 1, "space": {}}, resume=True)
    TrialStore.open(address(tmp_path, storage=storage, name="other"), facts={"seed": 1}, resume=False)


def test_an_unusable_storage_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"storage sqlite:///.*nowhere/trials.db cannot be used"):
        opened(tmp_path, storage=f"sqlite:///{tmp_path}/nowhere/trials.db")
    (tmp_path / JOURNAL).write_text("not a journal\n")
    with pytest.raises(RunError, match="journal of the trials cannot be used"):
        opened(tmp_path)


def _cut(journal: Path, keep: Callable[[bytes], bytes]) -> None:
    journal.write_bytes(keep(journal.read_bytes()))


@pytest.mark.parametrize("lost", [1, 7, 40])
def test_a_line_that_breaks_off_is_removed_before_the_next_one(tmp_path: Path, lost: int) -> None:
    run(opened(tmp_path), 3)
    _cut(tmp_path / JOURNAL, lambda content: content[:-lost])
    resumed = opened(tmp_path)
    resumed.recover()
    run(resumed, 5)
    rows = opened(tmp_path).rows()
    assert sum(row.state == "done" for row in rows) == 5
    assert all(json.loads(line) for line in (tmp_path / JOURNAL).read_text().splitlines())


def test_importances_need_trials(tmp_path: Path) -> None:
    store = opened(tmp_path)
    run(store, 9)
    assert store.importances() == {}
    run(store, 12)
    found = store.importances()
    assert set(found) == {"strength", "views"}
    assert sum(found.values()) == pytest.approx(1)
    assert found["strength"] > found["views"]
