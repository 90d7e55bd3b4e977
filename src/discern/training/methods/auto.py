"""Training method that fits the probe, and trains the backbone further where a pilot shows that this is worth it."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from discern.errors import BackboneError, DataError, UsageError
from discern.progress import Progress, silent
from discern.splitting import Split
from discern.training.data import TrainingData
from discern.training.method_config import AUTO_METHOD, DEFAULT_METHOD
from discern.training.methods.auto_budget import OutOfTime, TimeBudget, describe_time
from discern.training.methods.auto_pilot import EPOCHS, PilotGain, Verdict, gains_of_folds, measure_gain
from discern.training.methods.base import EpochReport, FitResult, Method, report_nothing
from discern.training.methods.probe import Probe
from discern.training.predictions import HeldOutPredictions, Predictions

_FOLDER = "auto"
_STAGE = "pilot"
# What a backbone, the pictures or the machine may not allow; the probe does without it.
_IMPOSSIBLE = (UsageError, DataError, BackboneError)


@dataclass(frozen=True, kw_only=True)
class Challenger:
    """Method that may replace the probe.

    Attributes:
        make: returns the method for a number of passes over the training pictures.
        epochs: passes of its full training.
    """

    make: Callable[[int], Method]
    epochs: int


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    """End of the attempt to be better than the probe.

    Attributes:
        why: sentences on how far it went and why.
        pilot: gain of the pilot; None if there was none.
        result: the fully trained challenger; None if it was not trained.
    """

    why: str
    pilot: PilotGain | None = None
    result: FitResult | None = None


@dataclass(frozen=True, kw_only=True)
class Auto:
    """Training method that chooses between the probe and a challenger on held-out groups of the training part.

    A short pilot of the challenger is compared with the probe, fold by fold, until the gain is above what chance
    explains, or there is none, or three folds leave it open. These up to three looks have no correction: with equal
    methods, up to 5.4 % of pilots find a gain instead of 2.5 % (Armitage, McPherson & Rowe 1969), which costs time, as
    it only starts the full training. That is trained in this case alone, and if the budget allows; the better of both
    by held-out groups of the training part is the result. The test part is not looked at; in cross-validation each fold
    is predicted by what the other folds choose.

    Attributes:
        probe: the probe.
        challenger: the challenger; None if there is none.
        reason: sentence that says why there is none; "" otherwise.
        budget: seconds of the whole fit; None for no limit.
    """

    probe: Probe
    challenger: Challenger | None
    reason: str = ""
    budget: float | None = None

    def fit(self, data: TrainingData, split: Split, *, checkpoints: Path, progress: Progress = silent) -> FitResult:
        """Fit the probe, and the challenger where that is worth it, as `Method.fit` specifies."""
        folder = checkpoints / _FOLDER
        time = TimeBudget(self.budget, folder / "time.json")
        probe = self.probe.fit(data, split, checkpoints=checkpoints, progress=progress)
        if self.challenger is None:
            attempt = _Attempt(why=self.reason)
        else:
            challenge = _Challenge(
                challenger=self.challenger, data=data, split=split, probe=probe, folder=folder, time=time
            )
            attempt = challenge.run(progress)
        result = _choose(data, split, probe, attempt)
        shutil.rmtree(folder, ignore_errors=True)
        return result

    def predict_folds(
        self, data: TrainingData, split: Split, *, checkpoints: Path, report: EpochReport = report_nothing
    ) -> Iterator[Predictions]:
        """Predict the held-out folds as the probe does: a search tries fine-tuning as a method of its own."""
        return self.probe.predict_folds(data, split, checkpoints=checkpoints, report=report)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Challenge:
    """Pilot of a challenger, and its full training where the pilot shows that it is worth it."""

    challenger: Challenger
    data: TrainingData
    split: Split
    probe: FitResult
    folder: Path
    time: TimeBudget

    def run(self, progress: Progress) -> _Attempt:
        found: PilotGain | None = None
        limited = self.time.limiting(progress)
        try:
            self.time.save()
            for step in self._pilot(limited):
                found, needed = step
            if found is None:
                return _Attempt(why="No class has two independent groups of training pictures to try fine-tuning on.")
            if stop := _reason_to_stop(found, needed, self.time):
                return _Attempt(why=f"{self._describe(found)}: {stop}.", pilot=found)
            method = self.challenger.make(self.challenger.epochs)
            result = method.fit(self.data, self.split, checkpoints=self.folder / "full", progress=limited)
        except OutOfTime:
            begin = "The pilot of fine-tuning" if found is None else f"{self._describe(found)}, but the fine-tuning"
            return _Attempt(why=f"{begin} did not end within the budget of {self.time.describe()}.", pilot=found)
        except _IMPOSSIBLE as error:
            return _Attempt(why=f"Fine-tuning is not possible: {error}", pilot=found)
        return _Attempt(why=f"{self._describe(found)}, so the network was trained in full", pilot=found, result=result)

    @property
    def _epochs(self) -> int:
        return min(EPOCHS, self.challenger.epochs)

    def _describe(self, found: PilotGain) -> str:
        epochs = f"{self._epochs} epoch{'s' * (self._epochs > 1)}"
        return f"A pilot of {epochs} on {found.pictures:,} held-out pictures gained {found.describe()}"

    def _pilot(self, progress: Progress) -> Iterator[tuple[PilotGain, float]]:
        """Yield the gain after each fold, and the seconds that the full training is expected to take."""
        method, before = self.challenger.make(self._epochs), self.time.used
        progress(_STAGE, 0, None)
        answers = method.predict_folds(
            self.data, self.split, checkpoints=self.folder / "pilot", report=lambda *_: self.time.check()
        )
        gains = gains_of_folds(self.data, self.split, _held_out(self.probe, self.split), answers)
        for number, found in enumerate(gains, 1):
            progress(_STAGE, number, None)
            self.time.save()
            each = (self.time.used - before) / number
            yield found, each / self._epochs * self.challenger.epochs * _count_fits(self.split)
            if self.time.left < each:
                return


def _reason_to_stop(found: PilotGain, needed: float, time: TimeBudget) -> str:
    """Say why the challenger is not trained in full; "" if it is."""
    if found.verdict is Verdict.NOT_WORTH:
        return f"not worth {describe_time(needed)}"
    if found.verdict is Verdict.OPEN:
        return f"chance explains that, so it is not worth {describe_time(needed)}"
    if needed > time.left:
        left = describe_time(max(time.left, 0.0))
        return f"the whole training would take {describe_time(needed)}, and {left} of the budget is left"
    return ""


def _has_test_part(split: Split) -> bool:
    return split.method == "test-part"


def _held_out(result: FitResult, split: Split) -> Predictions:
    """Return the predictions of training pictures by models that were fitted without them."""
    return result.out_of_fold if _has_test_part(split) else result.held_out


def _count_fits(split: Split) -> int:
    """Count the networks of a full training: the final one, one on a random split, and one for each fold."""
    return 2 if _has_test_part(split) else 2 + len(split.held_out)


def _choose(data: TrainingData, split: Split, probe: FitResult, attempt: _Attempt) -> FitResult:
    """Return the better of both by held-out groups of the training part, with the reason."""
    other = attempt.result
    if other is None:
        return _explained(probe, attempt, why=attempt.why, gain=None)
    gain = measure_gain(data, split, _held_out(probe, split), _held_out(other, split))
    better = (gain.gain.value or 0.0) > 0
    told = "so it is the model" if better else "so the model is the probe"
    why = f"{attempt.why}: on {gain.pictures:,} held-out pictures it gained {gain.describe()}, {told}."
    chosen = other if better else probe
    if not _has_test_part(split):
        chosen = replace(chosen, held_out=_choose_in_folds(data, split, probe, other))
    return _explained(chosen, attempt, why=why, gain=gain)


def _choose_in_folds(data: TrainingData, split: Split, probe: FitResult, other: FitResult) -> HeldOutPredictions:
    """Return the predictions of each fold by the method that is better on the other folds."""
    first, second = (_in_order(each.held_out) for each in (probe, other))
    taken = np.zeros(len(first.rows), bool)
    for number in split.held_out:
        own = split.fold[first.rows] == number
        gain = measure_gain(data, split, first, second, among=first.rows[~own])
        taken[own] = (gain.gain.value or 0.0) > 0
    names = [name for name in HeldOutPredictions.__dataclass_fields__ if name != "rows"]
    joined = {
        name: np.where(_like(taken, getattr(first, name)), getattr(second, name), getattr(first, name))
        for name in names
    }
    return HeldOutPredictions(rows=first.rows, **joined)


def _in_order(predictions: HeldOutPredictions) -> HeldOutPredictions:
    order = np.argsort(predictions.rows)
    names = HeldOutPredictions.__dataclass_fields__
    return HeldOutPredictions(**{name: getattr(predictions, name)[order] for name in names})


def _like(mask: np.ndarray, values: np.ndarray) -> np.ndarray:
    return mask.reshape(-1, *(1,) * (values.ndim - 1))


def _explained(result: FitResult, attempt: _Attempt, *, why: str, gain: PilotGain | None) -> FitResult:
    trained = result.description.get("method") or {}
    method: dict[str, Any] = {
        **{name: trained.get(name) for name in ("epochs", "best_epoch", "parameters")},
        **trained,
        "name": AUTO_METHOD,
        "chosen": trained.get("name", DEFAULT_METHOD),
        "why": why,
        "pilot": None if attempt.pilot is None else attempt.pilot.to_json(),
        "gain": None if gain is None else gain.to_json(),
    }
    return replace(result, description={**result.description, "method": method})
