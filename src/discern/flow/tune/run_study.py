"""Run of a study's trials."""

import time
from dataclasses import dataclass
from pathlib import Path

from discern.errors import DataError
from discern.evaluating.study_trials import TrialRow, best_row
from discern.flow.run import Run
from discern.flow.tune.search_space import SearchSpace
from discern.flow.tune.study_config import StudyConfig
from discern.flow.tune.study_data import StudyData
from discern.flow.tune.trial_budget import Budget
from discern.flow.tune.trial_settings import OF_INPUT, TrialSettings
from discern.flow.tune.trial_store import StoreAddress, TrialStore
from discern.flow.tune.trial_table import TRIALS, format_trials
from discern.flow.tune.trial_watch import Watch
from discern.flow.tune.trial_worker import Work
from discern.flow.tune.trial_workers import TrialWorkers, describe_failure
from discern.progress import Progress


@dataclass(frozen=True, kw_only=True)
class EndedTrials:
    """Trials of a study that has used its budget.

    Attributes:
        rows: the trials.
        best: the best of them.
        default: the one with the default settings; None if it failed or was pruned.
        importances: share of each option in the variation of the values.
    """

    rows: list[TrialRow]
    best: TrialRow
    default: TrialRow | None
    importances: dict[str, float]


def run_study(
    study: Run,
    config: StudyConfig,
    budget: Budget,
    *,
    workers: int,
    cache: Path,
    progress: Progress,
    watch: Watch,
) -> EndedTrials:
    """Run the trials of a study until its budget is used.

    Raises:
        DataError: no trial was completed.
    """
    maximise = config.measure == "accuracy"
    address = StoreAddress(
        folder=study.folder,
        name=study.facts["name"],
        storage=config.storage,
        seed=config.settings.training.seed,
        maximise=maximise,
        owner=study.facts["owner"],
    )
    store = TrialStore.open(address, facts=_describe(study), resume=_was_started(study))
    study.save(started=True)
    store.recover()
    params, complete = find_defaults(config, StudyData.load(study.folder, cache))
    store.add_default(params, complete=complete)
    work = Work(
        store=address,
        space=config.space,
        settings=config.settings,
        measure=config.measure,
        cache=cache,
        trials=budget.trials,
        deadline=None if budget.seconds is None else time.time() + budget.seconds,
        threads=1,
        parent=0,
    )
    try:
        with study.stage("trials", progress):
            TrialWorkers(store, work, count=workers, watch=watch).run()
    finally:
        rows = store.rows()
        with study.replacing(TRIALS) as path:
            path.write_text(format_trials(rows), encoding="utf-8")
    best = best_row(rows, maximise=maximise)
    if best is None:
        raise DataError(describe_none(rows), hint=_hint(rows))
    default = next((row for row in rows if row.is_default and row.state == "done"), None)
    return EndedTrials(rows=rows, best=best, default=default, importances=store.importances())


def find_defaults(config: StudyConfig, data: StudyData) -> tuple[dict[str, object], bool]:
    """Return the default values of the searched options, and whether the space contains all of them."""
    space, settings = config.space, config.settings
    values = space.defaults(_with_own_input(space, settings, data))
    filled = dict(space.fixed)
    for choice in space.choices:
        if choice.applies(filled):
            if choice.name not in values:
                return values, False
            filled[choice.name] = values[choice.name]
    return values, True


def _with_own_input(space: SearchSpace, settings: TrialSettings, data: StudyData) -> TrialSettings:
    """Return settings with the size and the fit that the backbone and the shapes of the training part decide."""
    named = {choice.name for choice in space.choices}
    base = settings.replaced({name: space.fixed[name] for name in OF_INPUT if name in space.fixed})
    wanted = {"size": base.preparing.size, "fit": base.preparing.fit}
    if any(name in named and value is None for name, value in wanted.items()):
        recipe = data.features(base.preparing).recipe
        fits = {"crop": "crop", "pad": "pad", "stretch": "squash"}
        base = base.replaced({"size": recipe.size, "fit": fits[recipe.fit]})
    return base


def _was_started(study: Run) -> bool:
    return bool(study.facts.get("started"))


def _describe(study: Run) -> dict[str, object]:
    """Return what the storage holds on a study, to recognise it."""
    options = study.facts["config"]["study"]
    return {
        "space": options["space"],
        "measure": options["measure"],
        "sampler": options["sampler"],
        "pruner": options["pruner"],
        "seed": options["seed"],
        "pictures": study.facts["data"]["fingerprint"],
    }


def describe_none(rows: list[TrialRow]) -> str:
    """Say why a study has no completed trial."""
    if any(row.state == "failed" for row in rows):
        return f"No trial was completed: {describe_failure(rows)}"
    return "The time ended before the first trial was completed."


def _hint(rows: list[TrialRow]) -> str:
    if any(row.state == "failed" for row in rows):
        return "Change the search space, and start a study with another --name."
    return "Resume the study with --resume, its --name and a longer --timeout."
