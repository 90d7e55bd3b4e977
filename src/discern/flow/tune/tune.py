"""Function that searches the best training options and trains with them (`discern tune`)."""

import uuid
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from discern.errors import DataError, UsageError
from discern.flow.paths import cache_folder
from discern.flow.prepare import prepare
from discern.flow.run import Run
from discern.flow.shared_pictures import share_pictures
from discern.flow.train import split_in
from discern.flow.tune.optuna_extra import require_optuna
from discern.flow.tune.study_config import StudyConfig
from discern.flow.tune.study_keywords import StudyKeywords
from discern.flow.tune.trial_budget import Budget
from discern.flow.tune.trial_settings import METHOD, TrialSettings
from discern.flow.tune.trial_watch import Watch, ignore_trials
from discern.flow.tune.tune_result import TuneResult
from discern.progress import Progress, silent
from discern.splitting import SplitConfig
from discern.training import make_method

_MOST_WORKERS = 256  # not tuned: beyond any sensible value


def tune(
    source: str | Path,
    *,
    trials: int | None = None,
    timeout: float | str | None = None,
    space: str | Path = "default",
    workers: int = 1,
    storage: str | None = None,
    measure: str = "log_loss",
    name: str | None = None,
    runs: str | Path = "runs",
    seed: int = 0,
    resume: bool = False,
    cache: str | Path | None = None,
    progress: Progress = silent,
    watch: Watch = ignore_trials,
    **options: Unpack[StudyKeywords],
) -> TuneResult:
    """Search for the best training options, train with them, and evaluate the classifier once on the test part.

    Trials are compared on held-out groups of the training part, and see no picture of the test part. The first one has
    the default options. At the end, the classifier with the best options and one with the default options are trained
    on the whole training part and compared on the test part.

    Args:
        source: folder, list (CSV, Parquet, .lst, .manifest) or archive of labelled pictures; never changed.
        trials: number of trials, those of former calls included; None for 20, or for as many as `timeout` allows.
        timeout: time after which no trial starts, in seconds or as "20m"; None for no limit.
        space: search space: "default", "banana", "bins" or "fruit", or path of a TOML file; see docs/tuning.md.
        workers: number of processes that run trials side by side.
        storage: URL of a database for the trials, `sqlite:///FILE` or `postgresql://USER@HOST/DATABASE`; None for a
            file in the folder of the study.
        measure: "log_loss" or "accuracy", on held-out groups of the training part.
        name: name of the study and its folder; None for the source's name and a number.
        runs: directory of all runs.
        seed: random seed; the same seed gives the same trials, if one worker runs them.
        resume: resume the interrupted study called `name`, or add trials to a finished one.
        cache: directory of the feature cache; None for the user's cache directory.
        progress: called with the stage, items done and items in all.
        watch: called with the trials, a sequence of `TrialRow`, whenever one of them changes.
        **options: options of `train` by the same names: fixes, backbone, at_most_wrong, coverage, ordered, negatives,
            names, parts_of, group_by, classes, label_from, size, fit, weights and thresholds. Those that the space has
            are replaced by it; groups are found with the features of this backbone in any case.

    Raises:
        DiscernError: the source, an option or the space is invalid, the pictures are too few for a test part, or no
            trial succeeds.
    """
    config = StudyConfig.checked(source, options, seed=seed, space=space, measure=measure, storage=storage)
    if isinstance(workers, bool) or not isinstance(workers, int) or not 1 <= workers <= _MOST_WORKERS:
        raise UsageError(f"Invalid number of workers: {workers!r}.", hint=f"Pass 1 to {_MOST_WORKERS}.")
    budget = Budget.checked(trials, timeout)
    require_methods(config)
    _require_storage(config)
    study = Run.create(source, name=name, runs=runs, resume=resume, config=config.to_json())
    return tune_in(study, config, budget, workers=workers, cache=cache_folder(cache), progress=progress, watch=watch)


def tune_in(
    study: Run,
    config: StudyConfig,
    budget: Budget,
    *,
    workers: int = 1,
    pictures_of: Run | None = None,
    cache: Path,
    progress: Progress = silent,
    watch: Watch = ignore_trials,
) -> TuneResult:
    """Run the trials of a study and train its model in the folder of a run, unless that is done.

    Args:
        study: run of the study.
        config: its options.
        budget: number of trials and time.
        workers: number of processes that run trials side by side.
        pictures_of: run whose pictures, groups and parts the study shares; None to find its own.
        cache: directory of the feature cache.
        progress: called with the stage, items done and items in all.
        watch: called with the trials.

    Raises:
        DiscernError: as for `tune`.
    """
    with study.locked():
        if study.finished and "result" in study.facts and budget.is_used(study.facts["result"]["trials"]):
            return TuneResult.of_folder(study.folder, study.facts["result"])
        if pictures_of is not None:
            share_pictures(pictures_of, study)
        return _tune(study, config, budget, workers=workers, cache=cache, progress=progress, watch=watch)


def _require_storage(config: StudyConfig) -> None:
    """Raise RunError if the database cannot be used, before any picture is prepared."""
    if config.storage is not None:
        from discern.flow.tune.trial_store import open_database

        open_database(config.storage)


def require_methods(config: StudyConfig) -> None:
    """Raise UsageError if a method of the space, or the search, needs a library that is not installed."""
    require_optuna()
    for method in config.space.methods():
        make_method(config.settings.replaced({METHOD: method, **config.space.beside(method)}).training)


def _tune(
    study: Run, config: StudyConfig, budget: Budget, *, workers: int, cache: Path, progress: Progress, watch: Watch
) -> TuneResult:
    from discern.flow.tune.finished_study import finish_study
    from discern.flow.tune.run_study import run_study

    settings = _prepare(study, config, cache, progress)
    config = replace(config, settings=settings)
    study.is_new = False  # from here on, a failure leaves what was tried
    ended = run_study(study, config, budget, workers=workers, cache=cache, progress=progress, watch=watch)
    return finish_study(study, config, ended, cache=cache, progress=progress)


def _prepare(study: Run, config: StudyConfig, cache: Path, progress: Progress) -> TrialSettings:
    """Prepare the pictures and split them; return the settings with those of the split.

    Raises:
        DataError: there is no test part.
    """
    settings = config.settings
    prepared = prepare(study, settings.preparing, single_label=True, cache=cache, progress=progress)
    splitting = SplitConfig(seed=settings.training.seed, draw_test=True)
    training = replace(settings.training, split=splitting)
    with study.stage("split", progress):
        split = split_in(study, prepared, training)
    if split.method != "test-part":
        raise DataError(
            f"Tuning needs a test part that no trial sees. {split.reason}",
            hint="Add pictures, or use folders train and test.",
        )
    if not split.held_out:
        raise DataError(
            "Trials cannot be compared: no class has two independent groups of pictures outside the test part.",
            hint="Add pictures of other scenes to the training part.",
        )
    if "owner" not in study.facts:
        study.save(owner=uuid.uuid4().hex)
    return replace(settings, training=training)
