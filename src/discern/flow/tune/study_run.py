"""Training runs of a study, on its catalog and its split."""

import dataclasses
import json
from pathlib import Path

import numpy as np

from discern.evaluating import Metrics
from discern.flow.finished_train import METRICS
from discern.flow.run import Run
from discern.flow.shared_pictures import has_config, train_with_pictures_of
from discern.flow.tune.study_data import StudyData
from discern.flow.tune.trial_settings import TrialSettings
from discern.picture import choose_recipe
from discern.picture.recipe import FIT_OPTIONS
from discern.progress import Progress


def train_in_study(
    study: Run, name: str, settings: TrialSettings, data: StudyData, *, cache: Path, progress: Progress
) -> Run:
    """Train on the whole training part and evaluate on the test part, in a run inside the folder of a study.

    A finished run with the same settings is returned as it is; one with other settings is replaced.

    Args:
        study: run of the study.
        name: name of the run's folder.
        settings: the settings.
        data: pictures of the study.
        cache: directory of the feature cache.
        progress: called with the stage, items done and items in all.
    """
    settings = _with_fit_of_trials(settings, data)
    config = settings.preparing.to_json() | settings.training.to_json()
    folder = study.path(name)
    if (folder / "run.json").exists() and not has_config(folder, config):
        study.discard(name)
    run = Run.create(study.facts["source"], name=name, runs=study.folder, resume=True, config=config)
    train_with_pictures_of(
        study,
        run,
        settings.preparing,
        settings.training,
        name=study.facts["name"],
        cache=cache,
        progress=progress,
    )
    return run


def read_metrics(run: Run) -> Metrics:
    """Read the metrics of a run."""
    with run.reading(METRICS) as path:
        return Metrics.from_json(json.loads(path.read_text(encoding="utf-8")))


def _with_fit_of_trials(settings: TrialSettings, data: StudyData) -> TrialSettings:
    """Set the fit that the shapes of the training part suggested to the trials, where all pictures suggest another."""
    if settings.preparing.fit is not None:
        return settings
    chosen = [_suggested_fit(data, rows) for rows in (data.rows, np.flatnonzero(data.catalog.readable))]
    if chosen[0] == chosen[1]:
        return settings
    return dataclasses.replace(settings, preparing=dataclasses.replace(settings.preparing, fit=chosen[0]))


def _suggested_fit(data: StudyData, rows: np.ndarray) -> str:
    table = data.catalog.table[rows]
    recipe = choose_recipe(list(zip(table["width"].to_list(), table["height"].to_list(), strict=True)), 224)
    return next(name for name, fit in FIT_OPTIONS.items() if fit == recipe.fit)
