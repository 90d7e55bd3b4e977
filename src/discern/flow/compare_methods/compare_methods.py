"""Function that trains several methods on the same parts of a data set and compares them (`discern compare DIR`)."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from discern.catalog import Catalog
from discern.catalog.label_names import read_name_table
from discern.errors import DataError, UsageError
from discern.flow.bucket_paths import local_source
from discern.flow.compare.compare_result import CompareResult, FailedMethod
from discern.flow.compare.compare_runs import compare_judged, free_page
from discern.flow.compare.judged_run import open_judged
from discern.flow.compare_methods.method_list import list_candidates
from discern.flow.compare_methods.method_runs import MethodRuns, Plan
from discern.flow.fixed_scan import scan_with_fixes
from discern.flow.new_page import new_page
from discern.flow.paths import cache_folder, resolve_output
from discern.flow.prepare import PrepareConfig
from discern.flow.run import name_stem
from discern.flow.tune.study_keywords import StudyKeywords, settings_of
from discern.progress import Progress, silent
from discern.splitting import SplitConfig
from discern.training import parse_duration


def compare_methods(
    source: str | Path,
    *,
    methods: Sequence[str],
    backbones: Sequence[str] = (),
    epochs: int | None = None,
    budget: str | float | None = None,
    trials: int | None = None,
    folds: int | None = None,
    runs: str | Path = "runs",
    seed: int = 0,
    out: str | Path | None = None,
    cache: str | Path | None = None,
    progress: Progress = silent,
    **options: Unpack[StudyKeywords],
) -> CompareResult:
    """Train several methods on the same parts of a data set, and compare them as `compare`.

    A test part is set aside, if the data do not come with one, so that it chooses nothing. Each model is a run of
    `train` (or a study of `tune`) in the folder of all runs; one with the same options, pictures and parts is reused,
    and an interrupted one is resumed when the same call is made again. A method that fails does not end the
    comparison of the others.

    Args:
        source: folder, list or archive of labelled pictures, as for `train`.
        methods: names of training methods or presets, or "tuned" for a search as by `tune`.
        backbones: names of backbones, or paths of ONNX files, each trained with each method that uses one; empty for
            "lite0", or that of the preset.
        epochs: maximum number of passes over the training pictures, for the methods that have passes.
        budget: time of "auto", in seconds or as "20m".
        trials: number of trials of "tuned"; None for 20.
        folds: cross-validate small sets in so many folds instead of setting a test part aside; not with "tuned".
        runs: directory of all runs.
        seed: random seed.
        out: HTML page to write, a new file; None for a free name in the folder of all runs.
        cache: directory of the feature cache; None for the user's cache directory.
        progress: called with the model and the stage, items done and items in all.
        **options: options of `train` by the same names: fixes, at_most_wrong, coverage, ordered, negatives, names,
            parts_of, group_by, classes, label_from, size, fit, weights and thresholds.

    Raises:
        DataError: fewer than two methods gave a model, with the reasons of the others.
        DiscernError: the source or an option is invalid.
        UsageError: a method or backbone is unknown, or fewer than two models are asked for.
    """
    page = None if out is None else new_page(out)
    settings = {"epochs": epochs, "budget": None if budget is None else parse_duration(budget, name="budget")}
    candidates = list_candidates(methods, backbones, settings, trials=trials, folds=folds)
    if "backbone" in options:
        raise UsageError("A comparison has no single backbone.", hint="Pass `backbones`.")
    shared = settings_of(source, seed, options)
    place = cache_folder(cache)
    catalog = _scan(shared.preparing, place, progress)
    plan = Plan(
        preparing=shared.preparing,
        training=replace(shared.training, split=_split(seed, folds), folds=folds),
        fingerprint=catalog.fingerprint,
        runs=resolve_output(runs),
        stem=name_stem(Path(shared.preparing.source)),
        source=source,
        tuning=options,
        trials=trials,
        cache=place,
    )
    trained = MethodRuns(plan, progress)
    for each in candidates:
        trained.train(each)
    _require_two(trained.failed, len(trained.runs))
    return compare_judged(
        [open_judged(run) for run in trained.runs.values()],
        names=list(trained.runs),
        page=page or free_page(plan.runs),
        progress=progress,
        failed=trained.failed,
    )


def _split(seed: int, folds: int | None) -> SplitConfig:
    return SplitConfig(seed=seed, draw_test=True) if folds is None else SplitConfig(seed=seed, folds=folds)


def _scan(preparing: PrepareConfig, cache: Path, progress: Progress) -> Catalog:
    """Read the pictures as they are now, so that runs on other ones are not reused."""
    aliases = {} if preparing.names is None else read_name_table(Path(preparing.names)).labels_by_alias()
    fixes = None if preparing.fixes is None else Path(preparing.fixes)
    source = local_source(preparing.source, cache=cache, progress=progress)
    scan = scan_with_fixes(source, preparing, fixes=fixes, aliases=aliases, cache=cache, progress=progress)
    return scan.catalog.ordered(preparing.ordered) if preparing.ordered else scan.catalog


def _require_two(failed: Sequence[FailedMethod], trained: int) -> None:
    if trained < 2:
        reasons = " ".join(f"{each.name}: {each.reason}" for each in failed)
        raise DataError(
            f"{'Only one' if trained else 'None'} of the methods gave a model, so nothing can be compared. {reasons}",
            hint="Correct the reasons, and run the same command again; finished runs are reused.",
        )
