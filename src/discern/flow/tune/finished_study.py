"""End of a study: the model with the best options, and its comparison with the default ones."""

from pathlib import Path
from typing import Any

from discern.evaluating import describe_points
from discern.evaluating.study_trials import counts
from discern.flow.compare.compare_result import CompareResult
from discern.flow.compare.compare_runs import compare
from discern.flow.compare.judged_run import CHOSEN_BY
from discern.flow.run import Run
from discern.flow.tune.objective import MEASURES
from discern.flow.tune.run_study import EndedTrials
from discern.flow.tune.study_config import StudyConfig
from discern.flow.tune.study_data import StudyData
from discern.flow.tune.study_run import read_metrics, train_in_study
from discern.flow.tune.tune_result import BEST, DEFAULT, PAGE, TuneResult
from discern.progress import Progress
from discern.reporting.formatting import plural
from discern.reporting.tuning_page import StudyAccount, write_tuning_page

COMPARISON = "comparison.html"


def finish_study(study: Run, config: StudyConfig, ended: EndedTrials, *, cache: Path, progress: Progress) -> TuneResult:
    """Train with the best options and with the default ones, compare both on the test part, and write the page."""
    data = StudyData.load(study.folder, cache, ordered=config.settings.preparing.ordered)
    best_settings = config.settings.replaced(config.space.complete(ended.best.params))
    best = train_in_study(study, BEST, best_settings, data, cache=cache, progress=progress)
    # Models are compared by what it takes to make them, the trials included.
    searched = round(sum(study.facts["seconds"].values()), 3)
    best.save(**{CHOSEN_BY: {"study": study.facts["name"], "trial": ended.best.number, "seconds": searched}})
    default, compared = None, None
    if not ended.best.is_default:
        standard = config.settings.replaced(config.space.standard(config.settings))
        default = train_in_study(study, DEFAULT, standard, data, cache=cache, progress=progress)
        study.discard(COMPARISON)
        with study.stage("compare", progress):
            compared = compare(best.folder, default.folder, out=study.path(COMPARISON))
    looks = _count_looks(study, ended.best.number)
    value = {
        "study": study.facts["name"],
        "trials": counts(ended.rows),
        "best": {
            "params": dict(config.space.complete(ended.best.params)),
            "value": ended.best.value,
            "measure": config.measure,
            "trial": ended.best.number,
        },
        "accuracy": read_metrics(best).accuracy.to_json()["leak_free"],
        "default": {"params": config.space.standard(config.settings)} | _describe_default(ended, default, compared),
        "why": explain(compared, MEASURES[config.measure]),
        "sampler": config.sampling,
        "notes": _notes(config, looks, ended),
    }
    result = TuneResult.of_folder(study.folder, value)
    _write_page(study, config, ended, result)
    study.save(status="done", result=value)
    return result


def explain(compared: CompareResult | None, measure: str) -> str:
    """Say in a sentence what the search brought."""
    if compared is None:
        return f"No other trial has a better {measure} than the default options, so the model has those."
    pair = compared.pairs[0].pair
    points = describe_points(pair.test.difference)
    start = "On the test part, the best options against the default ones:"
    if pair.p is None:
        return f"{start} {points}; there are too few independent pictures to test that."
    if pair.is_clear:
        better = (pair.test.difference.value or 0) > 0
        told = "better by more than chance explains" if better else "worse by more than chance explains"
        return f"{start} {points}, {told}."
    return f"{start} {points}, which chance alone explains."


def _describe_default(ended: EndedTrials, run: Run | None, compared: CompareResult | None) -> dict[str, Any]:
    pair = None if compared is None else compared.pairs[0].pair
    difference = None
    if pair is not None:
        each = pair.test.difference
        difference = {"value": each.value, "low": each.low, "high": each.high}
    return {
        "run": None if run is None else str(run.folder),
        "value": None if ended.default is None else ended.default.value,
        "difference": difference,
        "p": None if pair is None else pair.p,
    }


def _count_looks(study: Run, best: int) -> int:
    """Count the different trials that were judged on the test part, as a study may be extended."""
    judged = study.facts.get("judged", [])
    if best not in judged:
        judged = [*judged, best]
        study.save(judged=judged)
    return len(judged)


def _notes(config: StudyConfig, looks: int, ended: EndedTrials) -> list[str]:
    notes = []
    if set_ := config.space.departures(config.settings):
        values = ", ".join(f"{name} = {value}" for name, value in set_.items())
        notes.append(
            f"The default options are those of this search space, which sets {values}: they are not those of `discern "
            "train` without options. Compare with a run of that, too."
        )
    if looks > 1:
        notes.append(
            f"{looks} trials were judged on the test part, as the study was extended: its figures are no longer those "
            "of a single look."
        )
    failed = [row for row in ended.rows if row.state == "failed"]
    if failed:
        notes.append(f"{plural(len(failed), 'trial')} failed, the first one for this reason: {failed[0].note}")
    if ended.default is None:
        notes.append("The default options are not among the completed trials.")
    return notes


def _write_page(study: Run, config: StudyConfig, ended: EndedTrials, result: TuneResult) -> None:
    account = StudyAccount(
        title=result.study,
        measure=MEASURES[config.measure],
        maximise=config.measure == "accuracy",
        trials=ended.rows,
        best=ended.best.number,
        options=[choice.name for choice in config.space.choices],
        logarithmic=[choice.name for choice in config.space.choices if choice.log],
        fixed=dict(config.space.fixed),
        importances=ended.importances,
        why=result.why,
        notes=result.notes,
        accuracy=result.accuracy,
        sampler=result.sampler,
        pruner=config.pruner,
        space=Path(config.space.name).name,
        has_comparison=result.default["run"] is not None,
    )
    with study.writing(PAGE) as path:
        write_tuning_page(path, account)
