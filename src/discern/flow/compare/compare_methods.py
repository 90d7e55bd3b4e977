"""Function that trains several methods on the same parts of a data set and compares them (`discern compare DIR`)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from discern.catalog import Catalog
from discern.catalog.label_names import read_name_table
from discern.errors import DataError
from discern.flow.compare.compare_result import CompareResult, FailedMethod
from discern.flow.compare.compare_runs import compare_judged, free_page
from discern.flow.compare.judged_run import open_judged
from discern.flow.compare.method_list import list_candidates
from discern.flow.compare.method_runs import MethodRuns, Plan
from discern.flow.drawn_test_part import split_with_test_part
from discern.flow.fixed_scan import scan_with_fixes
from discern.flow.input_options import InputOptions
from discern.flow.new_page import new_page
from discern.flow.paths import cache_folder, resolve_output
from discern.flow.prepare import PrepareConfig
from discern.flow.run import name_stem
from discern.flow.source_options import SourceKeywords
from discern.heads import HeadConfig
from discern.progress import Progress, silent
from discern.splitting import SplitConfig
from discern.training import DEFAULT_BACKBONE, TrainConfig, parse_duration


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
    fixes: str | Path | None = None,
    at_most_wrong: float | Literal["auto"] | None = "auto",
    coverage: float | None = 0.9,
    ordered: Sequence[str] = (),
    negatives: str | Path | None = None,
    names: str | Path | None = None,
    parts_of: Mapping[str, str] | None = None,
    group_by: str | None = None,
    classes: str | Path | Sequence[str] | None = None,
    label_from: str | None = None,
    weights: str | Path | None = None,
    out: str | Path | None = None,
    cache: str | Path | None = None,
    progress: Progress = silent,
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
        epochs: most passes over the training pictures, for the methods that have passes.
        budget: time of "auto", in seconds or as "20m".
        trials: number of trials of "tuned"; None for 20.
        folds: cross-validate in so many folds instead of setting a test part aside; not with "tuned".
        runs: directory of all runs.
        seed: random seed.
        fixes: as for `train`.
        at_most_wrong: as for `train`.
        coverage: as for `train`.
        ordered: as for `train`; only the probe uses the order of labels.
        negatives: as for `train`.
        names: as for `train`.
        parts_of: as for `train`.
        group_by: as for `train`.
        classes: as for `train`.
        label_from: as for `train`.
        weights: as for `train`.
        out: HTML page to write, a new file; None for a free name in the folder of all runs.
        cache: directory of the feature cache; None for the user's cache directory.
        progress: called with the model and the stage, items done and items in all.

    Raises:
        DataError: fewer than two methods gave a model, with the reasons of the others.
        DiscernError: the source or an option is invalid.
        UsageError: a method or backbone is unknown, or fewer than two models are asked for.
    """
    page = None if out is None else new_page(out)
    settings = {"epochs": epochs, "budget": None if budget is None else parse_duration(budget, name="budget")}
    candidates = list_candidates(methods, backbones, settings, trials=trials, folds=folds)
    reading = SourceKeywords(parts_of=parts_of, group_by=group_by, classes=classes, label_from=label_from)
    shared: dict[str, Any] = {"fixes": fixes, "negatives": negatives, "ordered": ordered, "names": names, **reading}
    preparing = PrepareConfig.of(
        source, backbone=DEFAULT_BACKBONE, inputs=InputOptions.checked_input(weights=weights), **shared
    )
    place = cache_folder(cache)
    catalog = _scan(preparing, place, progress)
    pictures = int(np.count_nonzero(catalog.readable))
    split = split_with_test_part(pictures, seed=seed) if folds is None else SplitConfig(seed=seed, folds=folds)
    training = TrainConfig(
        seed=seed,
        split=split,
        folds=folds,
        head=HeadConfig(ordered=bool(ordered)),
        at_most_wrong=at_most_wrong,
        coverage=coverage,
    )
    tuning = {"at_most_wrong": at_most_wrong, "coverage": coverage, "weights": weights, "trials": trials, "seed": seed}
    plan = Plan(
        preparing=preparing,
        training=training,
        fingerprint=catalog.fingerprint,
        runs=resolve_output(runs),
        stem=name_stem(Path(preparing.source)),
        tuning=tuning | shared,
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


def _scan(preparing: PrepareConfig, cache: Path, progress: Progress) -> Catalog:
    """Read the pictures as they are now, so that runs on other ones are not reused."""
    aliases = {} if preparing.names is None else read_name_table(Path(preparing.names)).labels_by_alias()
    fixes = None if preparing.fixes is None else Path(preparing.fixes)
    scan = scan_with_fixes(
        Path(preparing.source), preparing, fixes=fixes, aliases=aliases, cache=cache, progress=progress
    )
    return scan.catalog.ordered(preparing.ordered) if preparing.ordered else scan.catalog


def _require_two(failed: Sequence[FailedMethod], trained: int) -> None:
    if trained < 2:
        reasons = " ".join(f"{each.name}: {each.reason}" for each in failed)
        raise DataError(
            f"{'Only one' if trained else 'None'} of the methods gave a model, so nothing can be compared. {reasons}",
            hint="Correct the reasons, and run the same command again; finished runs are reused.",
        )
