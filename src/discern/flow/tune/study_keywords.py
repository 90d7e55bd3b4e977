"""Options of `train` that a study has as well."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from discern.flow.input_options import InputOptions
from discern.flow.prepare import PrepareConfig
from discern.flow.source_options import SourceKeywords
from discern.flow.tune.trial_settings import TrialSettings
from discern.heads import HeadConfig
from discern.training import TrainConfig

_OF_SOURCE = ("parts_of", "group_by", "classes", "label_from")
_OF_INPUT = ("size", "fit", "weights")
_OF_TRAINING = ("at_most_wrong", "coverage")


class StudyKeywords(SourceKeywords, total=False):
    """Options of `train` that `tune` passes on."""

    fixes: str | Path | None
    backbone: str
    at_most_wrong: float | Literal["auto"] | None
    coverage: float | None
    ordered: Sequence[str]
    negatives: str | Path | None
    names: str | Path | None
    size: int | None
    fit: str | None
    weights: str | Path | None
    thresholds: Mapping[str, float] | None


def settings_of(source: str | Path, seed: int, options: StudyKeywords) -> TrialSettings:
    """Return the settings that the trials of a study replace.

    Raises:
        UsageError: an option is invalid.
    """
    given: dict[str, Any] = {"fixes": None, "backbone": "lite0", **options}
    training = {name: given.pop(name) for name in _OF_TRAINING if name in given}
    inputs = InputOptions.checked_input(**{name: given.pop(name) for name in _OF_INPUT if name in given})
    reading = SourceKeywords(**{name: given.pop(name) for name in _OF_SOURCE if name in given})  # type: ignore[typeddict-item]
    ordered = bool(given.get("ordered"))
    return TrialSettings(
        preparing=PrepareConfig.of(source, inputs=inputs, **given, **reading),
        training=TrainConfig(seed=seed, head=HeadConfig(ordered=ordered), **training),
    )
