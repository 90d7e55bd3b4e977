"""Training runs of a comparison: reused where they have the same options, pictures and parts, else trained."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from discern.errors import DiscernError
from discern.flow.compare.compare_result import FailedMethod
from discern.flow.compare_methods.method_list import Candidate
from discern.flow.prepare import SPLIT, PrepareConfig
from discern.flow.run import Run
from discern.flow.shared_pictures import has_config, train_with_pictures_of
from discern.flow.tune.study_config import StudyConfig
from discern.flow.tune.study_keywords import StudyKeywords
from discern.flow.tune.trial_budget import Budget
from discern.flow.tune.tune import require_methods, tune_in
from discern.progress import Progress
from discern.training import DEFAULT_BACKBONE, TrainConfig, make_method


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Options that all models of a comparison share.

    Attributes:
        preparing: how pictures become features; each model has its own backbone.
        training: how models are trained and evaluated; each has its own method.
        fingerprint: digest of the pictures as they are now.
        runs: folder of the runs.
        stem: start of the runs' names.
        source: source of the pictures, as it was given.
        tuning: options of a study beside the backbone.
        trials: number of its trials; None for the default.
        cache: directory of the feature cache.
    """

    preparing: PrepareConfig
    training: TrainConfig
    fingerprint: str
    runs: Path
    stem: str
    source: str | Path
    tuning: StudyKeywords
    trials: int | None
    cache: Path


class MethodRuns:
    """Training of the models of a comparison, one after the other.

    The first one that succeeds finds the groups and the parts of the pictures, which the others share.

    Args:
        plan: the options that they share.
        progress: called with the model and the stage, items done and items in all.
    """

    def __init__(self, plan: Plan, progress: Progress) -> None:
        self._plan, self._progress = plan, progress
        self.runs: dict[str, Run] = {}
        self.failed: list[FailedMethod] = []

    def train(self, candidate: Candidate) -> None:
        """Train a model, or reuse its run; an error is kept as the reason why there is none."""
        try:
            run = self._tune(candidate) if candidate.chosen is None else self._train(candidate)
        except DiscernError as error:
            self.failed.append(
                FailedMethod(
                    name=candidate.name,
                    method=candidate.method,
                    backbone=candidate.backbone or "",
                    reason=str(error),
                )
            )
        else:
            self.runs[candidate.name] = run

    @property
    def _reference(self) -> Run | None:
        return next(iter(self.runs.values()), None)

    def _train(self, candidate: Candidate) -> Run:
        plan, chosen = self._plan, candidate.chosen
        assert chosen is not None
        inputs = {name: value for name in ("size", "fit") if (value := getattr(chosen, name)) is not None}
        preparing = replace(plan.preparing, backbone=chosen.backbone, **inputs)
        config = replace(plan.training, method=chosen.config)
        make_method(config)
        options = preparing.to_json() | config.to_json()
        folder = self._folder(candidate.name, options)
        run = Run.create(preparing.source, name=folder.name, runs=plan.runs, resume=True, config=options)
        train_with_pictures_of(
            self._reference,
            run,
            preparing,
            config,
            name=folder.name,
            cache=plan.cache,
            progress=self._named(candidate.name),
        )
        return Run.open(run.folder)

    def _tune(self, candidate: Candidate) -> Run:
        plan = self._plan
        backbone = candidate.backbone or DEFAULT_BACKBONE
        config = StudyConfig.checked(plan.source, {**plan.tuning, "backbone": backbone}, seed=plan.training.seed)
        require_methods(config)
        options = config.to_json()
        folder = self._folder(candidate.name, options)
        study = Run.create(plan.source, name=folder.name, runs=plan.runs, resume=True, config=options)
        result = tune_in(
            study,
            config,
            Budget.checked(plan.trials, None),
            pictures_of=self._reference,
            cache=plan.cache,
            progress=self._named(candidate.name),
        )
        return Run.open(result.run)

    def _folder(self, name: str, config: dict[str, Any]) -> Path:
        """Return the folder of a run that can be reused or resumed, or else of a new one."""
        for folder in _numbered(self._plan.runs / f"{self._plan.stem}-{name}"):
            if not os.path.lexists(folder) or self._is_same(folder, config):
                return folder
        raise AssertionError("there is always another number")

    def _is_same(self, folder: Path, config: dict[str, Any]) -> bool:
        try:
            run = Run.open(folder)
            found = (run.facts.get("data") or {}).get("fingerprint")
            if found is not None and found != self._plan.fingerprint:
                return False
            return has_config(folder, config) and self._has_same_parts(run)
        except DiscernError:
            return False

    def _has_same_parts(self, run: Run) -> bool:
        reference = self._reference
        if reference is None or not run.path(SPLIT).exists():
            return True
        return bool(_parts(run) == _parts(reference))

    def _named(self, name: str) -> Progress:
        return lambda stage, done, total: self._progress(f"{name}: {stage}", done, total)


def _parts(run: Run) -> Any:
    with run.reading(SPLIT) as path:
        return json.loads(path.read_text(encoding="utf-8"))


def _numbered(folder: Path) -> Iterator[Path]:
    yield folder
    number = 2
    while True:
        yield folder.with_name(f"{folder.name}-{number}")
        number += 1
