"""Work of one process on the trials of a study."""

import os
import shutil
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discern.errors import DiscernError
from discern.flow.tune.objective import Measure, Objective, Pruned
from discern.flow.tune.search_space import SearchSpace
from discern.flow.tune.study_data import StudyData
from discern.flow.tune.trial_sampler import REPEATS
from discern.flow.tune.trial_settings import TrialSettings
from discern.flow.tune.trial_store import StoreAddress, TrialStore, errors_of

_CHECKPOINTS = "checkpoints"
_SECONDS_BETWEEN_LOOKS = 0.2


@dataclass(frozen=True, kw_only=True)
class Work:
    """Work of a process on a study.

    Attributes:
        store: place of the trials.
        space: the search space.
        settings: settings that the trials replace.
        measure: the objective.
        cache: directory of the feature cache.
        trials: number of trials after which none starts; None for no limit.
        deadline: time, as of `time.time`, after which none starts; None for no limit.
        threads: threads of a network's training.
        parent: process without which the work ends.
    """

    store: StoreAddress
    space: SearchSpace
    settings: TrialSettings
    measure: Measure
    cache: Path
    trials: int | None
    deadline: float | None
    threads: int
    parent: int


def run_trials(work: Work) -> None:
    """Run trials until there are enough, or time is up.

    Raises:
        RunError: the storage cannot be used.
    """
    _end_with(work.parent)
    with errors_of(work.store.storage):
        _run_trials(work)


def _run_trials(work: Work) -> None:
    store = TrialStore.open(work.store)
    data = StudyData.load(work.store.folder, work.cache, ordered=work.settings.preparing.ordered)
    objective = Objective(data=data, measure=work.measure)
    while work.deadline is None or time.time() < work.deadline:
        started = store.ask(work.space, work.trials)
        if started is None:
            return
        _run_trial(store, objective, work, *started)


def _run_trial(store: TrialStore, objective: Objective, work: Work, trial: Any, values: Mapping[str, Any]) -> None:
    def report(step: int, value: float) -> bool:
        trial.report(value, step)
        return bool(trial.should_prune())

    checkpoints = work.store.folder / _CHECKPOINTS / checkpoint_name(trial)
    try:
        settings = work.settings.replaced(values)
        if settings.training.method.resolved():  # a head needs no torch, whose import takes seconds
            _limit_threads(work.threads)
        value = objective.value(settings, checkpoints=checkpoints, report=report)
    except Pruned:
        store.tell(trial, None, pruned=True)
    except DiscernError as error:
        store.tell(trial, None, note=str(error))
    except Exception as error:  # noqa: BLE001 - a trial that fails does not end the study
        store.tell(trial, None, note=f"{type(error).__name__}: {error}")
    else:
        store.tell(trial, value)
    shutil.rmtree(checkpoints, ignore_errors=True)


def checkpoint_name(trial: Any) -> str:
    """Return the name of a folder that a trial shares with the one that repeats it, and with no other."""
    return f"trial-{trial.user_attrs.get(REPEATS, trial.number)}"


def _end_with(parent: int) -> None:
    """End this process as soon as its parent has ended, however that ended."""
    if os.name != "posix":
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        os._exit(1)

    threading.Thread(target=watch, name="discern-parent", daemon=True).start()


def _limit_threads(threads: int) -> None:
    with suppress(ImportError):
        import torch

        torch.set_num_threads(threads)
