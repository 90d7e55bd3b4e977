"""A trial of a study has a folder of checkpoints that only the trial that repeats it shares."""

from pathlib import Path

import pytest

from discern.flow.tune.search_space import Choice, SearchSpace

pytest.importorskip("optuna")

from discern.flow.tune.trial_store import StoreAddress, TrialStore
from discern.flow.tune.trial_worker import checkpoint_name

SPACE = SearchSpace(name="test", fixed={}, choices=(Choice(name="views", kind="categorical", values=(2,)),))


def test_a_repeated_trial_continues_from_the_checkpoints_of_the_first(tmp_path: Path) -> None:
    address = StoreAddress(folder=tmp_path, name="study", storage=None, seed=0, maximise=False, owner="here")
    store = TrialStore.open(address)
    first, same = store.ask(SPACE, None), store.ask(SPACE, None)
    assert first is not None
    assert same is not None
    assert first[1] == same[1]  # two workers may try the same options at once
    assert checkpoint_name(first[0]) != checkpoint_name(same[0])
    store.tell(same[0], 1.0)
    store.recover()
    again = store.ask(SPACE, None)
    assert again is not None
    assert checkpoint_name(again[0]) == checkpoint_name(first[0])
