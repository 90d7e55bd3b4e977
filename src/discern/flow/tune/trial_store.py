"""Storage of the trials of a study, shared by its workers."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import optuna
from filelock import FileLock
from optuna.pruners import MedianPruner
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from discern.errors import DiscernError, RunError
from discern.evaluating.study_trials import TrialRow
from discern.flow.tune.journal_lock import JournalLock
from discern.flow.tune.search_space import SearchSpace
from discern.flow.tune.storage_address import StorageAddress
from discern.flow.tune.trial_sampler import INTERRUPTED, REPEATS, TrialSampler

JOURNAL = "trials.journal"
PRUNER = "median"
_DEFAULT, _OWNER, _WORKER, _NOTE, _ATTEMPTS = "default", "owner", "worker", "note", "attempts"
# Not tuned: a trial that ends its process twice, as for want of memory, would do so again.
_MOST_ATTEMPTS = 2
# Trials that run to their end, and those that reach the same point, before one is compared with their median.
_FEWEST_COMPLETE, _FEWEST_COMPARED = 3, 3
# Not tuned: of three trials, each option seems important that has different values in them.
_FEWEST_FOR_IMPORTANCE = 10
# Not tuned: several workers write to one file of SQLite, one after the other.
_SECONDS_FOR_A_LOCK = 60
_LINK = re.compile(r"\(Background on this error at: \S+\)")  # of SQLAlchemy, on its own errors
_STATES = {
    TrialState.WAITING: "waiting",
    TrialState.RUNNING: "running",
    TrialState.COMPLETE: "done",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}


@dataclass(frozen=True, kw_only=True)
class StoreAddress:
    """Place of a study's trials, from which each process opens them.

    Attributes:
        folder: folder of the study.
        name: name of the study in the storage.
        storage: database; None for a journal in the folder.
        seed: random seed of the sampler.
        maximise: True if higher values are better.
        owner: identifier of the folder, which tells its trials from those that other machines run.
    """

    folder: Path
    name: str
    storage: StorageAddress | None
    seed: int
    maximise: bool
    owner: str


class TrialStore:
    """Trials of a study.

    Args:
        address: their place.
        study: the study as Optuna has it.
    """

    def __init__(self, address: StoreAddress, study: Any) -> None:
        self._address, self._study = address, study
        self._lock = FileLock(address.folder / ".trials.lock")

    @classmethod
    def open(cls, address: StoreAddress, *, facts: Mapping[str, Any] | None = None, resume: bool = True) -> Self:
        """Open the trials of a study, and create them if there are none.

        Args:
            address: their place.
            facts: description of the study, which an existing one must share; None not to check.
            resume: whether the study may exist.

        Raises:
            RunError: the storage cannot be used, or has a study of this name that is not to be resumed, or is another.
        """
        with errors_of(address.storage), _quiet():
            study = optuna.create_study(
                study_name=address.name,
                storage=_open_storage(address),
                sampler=TrialSampler(address.seed),
                pruner=MedianPruner(n_startup_trials=_FEWEST_COMPLETE, n_min_trials=_FEWEST_COMPARED),
                direction="maximize" if address.maximise else "minimize",
                load_if_exists=True,
            )
            store = cls(address, study)
            if facts is not None:
                store._check(facts, resume=resume)
            return store

    def _check(self, facts: Mapping[str, Any], *, resume: bool) -> None:
        found = self._study.user_attrs
        if not found:
            for name, value in facts.items():
                self._study.set_user_attr(name, value)
            return
        name = self._address.name
        if not resume:
            raise RunError(
                f"The storage already has a study {name!r}.", hint="Resume it with --resume, or choose another --name."
            )
        changed = sorted(key for key in facts if found.get(key) != facts[key])
        if changed:
            raise RunError(
                f"The study {name!r} in the storage has another {', '.join(changed)}.",
                hint="Resume it with the same options and pictures, or choose another --name.",
            )

    def add_default(self, params: Mapping[str, Any], *, complete: bool) -> None:
        """Have the default settings tried first, unless the study has trials; `complete` if none is left to choose."""
        if not self._trials():
            self._study.enqueue_trial(dict(params), user_attrs={_DEFAULT: complete})

    def ask(self, space: SearchSpace, most: int | None) -> tuple[Any, dict[str, Any]] | None:
        """Start a trial and have it choose its values; None if that many were started or ended already.

        One worker at a time does so, in order that each knows the trials of the others.
        """
        with self._lock:
            trials = self._trials()
            started = sum(INTERRUPTED not in each.user_attrs and each.state != TrialState.WAITING for each in trials)
            if most is not None and started >= most:
                return None
            trial = self._study.ask()
            trial.set_user_attr(_OWNER, self._address.owner)
            trial.set_user_attr(_WORKER, os.getpid())
            return trial, space.suggest(trial)

    def tell(self, trial: Any, value: float | None, *, pruned: bool = False, note: str = "") -> None:
        """Record the end of a trial, by its value, as pruned, or as failed for the reason in the note."""
        if note:
            trial.set_user_attr(_NOTE, note)
        state = TrialState.PRUNED if pruned else TrialState.FAIL if value is None else TrialState.COMPLETE
        self._study.tell(trial, value if state == TrialState.COMPLETE else None, state=state)

    def recover(self, worker: int | None = None) -> None:
        """Mark the trials of an ended worker, or of all, as interrupted, and have each repeated once."""
        for each in self._trials():
            here = each.user_attrs.get(_OWNER, self._address.owner) == self._address.owner
            own = here and (worker is None or each.user_attrs.get(_WORKER) == worker)
            if each.state == TrialState.RUNNING and own:
                attempts = each.user_attrs.get(_ATTEMPTS, 1)
                if attempts < _MOST_ATTEMPTS:
                    self._set(each, INTERRUPTED, value=True)
                else:
                    self._set(each, _NOTE, value=f"Its process ended {attempts} times, as for want of memory.")
                self._study.tell(each.number, state=TrialState.FAIL)
        self._repeat_interrupted()

    def _repeat_interrupted(self) -> None:
        trials = self._trials()
        repeated = {each.user_attrs.get(REPEATS) for each in trials}
        for each in trials:
            ended = each.state == TrialState.FAIL and INTERRUPTED in each.user_attrs
            if ended and each.number not in repeated:
                attempts = each.user_attrs.get(_ATTEMPTS, 1) + 1
                attributes = {REPEATS: each.number, _ATTEMPTS: attempts}
                if _DEFAULT in each.user_attrs:
                    attributes[_DEFAULT] = each.user_attrs[_DEFAULT]
                self._study.enqueue_trial(each.params, user_attrs=attributes)

    def _set(self, trial: FrozenTrial, name: str, *, value: Any) -> None:
        self._study._storage.set_trial_user_attr(trial._trial_id, name, value)

    def rows(self) -> list[TrialRow]:
        """Return all trials in the order of their numbers.

        Raises:
            RunError: the storage cannot be read.
        """
        with errors_of(self._address.storage):
            return [_row(each) for each in self._trials()]

    def importances(self) -> dict[str, float]:
        """Return the share of each option in the variation of the values; empty with too few trials."""
        if sum(each.state == TrialState.COMPLETE for each in self._trials()) < _FEWEST_FOR_IMPORTANCE:
            return {}
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=self._address.seed)
        try:
            found = optuna.importance.get_param_importances(self._study, evaluator=evaluator)
        except (ValueError, RuntimeError):
            return {}
        return {name: float(share) for name, share in found.items()}

    def _trials(self) -> list[FrozenTrial]:
        return list(self._study.get_trials(deepcopy=False))


def _row(trial: FrozenTrial) -> TrialRow:
    attributes = trial.user_attrs
    state = "interrupted" if INTERRUPTED in attributes else _STATES[trial.state]
    started, ended = trial.datetime_start, trial.datetime_complete
    return TrialRow(
        number=trial.number,
        state=state,  # type: ignore[arg-type]
        value=trial.value if trial.state == TrialState.COMPLETE else None,
        params=dict(trial.params) or dict(trial.system_attrs.get("fixed_params", {})),
        seconds=None if started is None or ended is None else round((ended - started).total_seconds(), 3),
        started="" if started is None else started.isoformat(timespec="seconds"),
        is_default=bool(attributes.get(_DEFAULT)),
        repeats=attributes.get(REPEATS),
        note=str(attributes.get(_NOTE, "")),
    )


def open_database(storage: StorageAddress) -> Any:
    """Open the database of trials.

    Raises:
        RunError: it cannot be used.
    """
    patient = {"connect_args": {"timeout": _SECONDS_FOR_A_LOCK}} if storage.url.startswith("sqlite") else {}
    with errors_of(storage):
        return RDBStorage(storage.url, engine_kwargs=patient)


def _open_storage(address: StoreAddress) -> Any:
    if address.storage is not None:
        return open_database(address.storage)
    journal = address.folder / JOURNAL
    return JournalStorage(JournalFileBackend(str(journal), lock_obj=JournalLock(journal)))


@contextmanager
def errors_of(storage: StorageAddress | None) -> Iterator[None]:
    """Turn an error of the storage into one that names it without its password."""
    try:
        yield
    except DiscernError:
        raise
    except Exception as error:  # noqa: BLE001 - drivers raise errors of their own
        if storage is None:
            told, hint = "The journal of the trials cannot be used", "Check the folder of the study, or start another."
        else:
            told, hint = f"The storage {storage.hidden} cannot be used", "Check its address, and that it is reachable."
        text = " ".join(_LINK.sub("", str(error)).split())
        reason = text if storage is None else storage.redact(text)
        raise RunError(f"{told}: {reason.rstrip('.')}.", hint=hint) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Have Optuna log warnings alone."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
