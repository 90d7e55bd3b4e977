"""Functions that compare training runs on the same pictures (`discern compare`)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from discern.bundle import load
from discern.errors import DataError, RunError, UsageError
from discern.evaluating import (
    ComparedModel,
    ComparedPair,
    Interval,
    Metrics,
    choose_model,
    compare_classes,
    compare_pairs,
    evaluate_counts,
    evaluate_predictions,
)
from discern.flow.compare.common_pictures import CommonPictures, find_common_pictures
from discern.flow.compare.compare_result import CompareResult
from discern.flow.compare.model_size import ModelSize, measure_size, order_by_simplicity
from discern.flow.compare.recommendation import explain_choice
from discern.flow.new_page import new_page
from discern.flow.opened_run import OpenedRun
from discern.flow.run import Run
from discern.progress import Progress, silent
from discern.reporting.comparison_page import write_comparison_page

_BUNDLE = "model.discern"


def compare(*runs: str | Path, out: str | Path | None = None, progress: Progress = silent) -> CompareResult:
    """Compare training runs on the pictures that all of them held out, and name the one to ship.

    Differences are paired and over groups, and their p-values adjusted by Holm's method. The recommended model is the
    simplest that no other one is shown to beat by more than one percentage point. Bundles are measured on this machine.

    Args:
        *runs: folders of two or more runs of `train`.
        out: HTML page to write, a new file; None for none.
        progress: called with the stage, items done and items in all.

    Raises:
        BundleError: a bundle cannot be used.
        DataError: the runs have other classes, or no held-out picture in common.
        RunError: a folder is not a run of `train`, is not finished, or a file of it cannot be read; or the page exists.
        UsageError: fewer than two runs, or a run twice.
    """
    page = None if out is None else new_page(out)
    opened = _open(runs)
    metrics = [_metrics(each) for each in opened]
    pictures = find_common_pictures([run for run, _ in opened], _labels(opened, metrics))
    sizes = _measure([run.path(_BUNDLE) for run, _ in opened], progress)
    names = _names(opened)
    models = tuple(
        _model(number, run, metrics[number], size=sizes[number], pictures=pictures, name=names[number])
        for number, (run, _) in enumerate(opened)
    )
    pairs = compare_pairs(pictures.correct, groups=pictures.groups, weights=pictures.weights)
    compared = tuple(
        ComparedPair(a=models[a], b=models[b], pair=pair, per_class=_classes(pictures, a, b))
        for (a, b), pair in pairs.items()
    )
    accuracy = [each.metrics.accuracy.value or 0.0 for each in models]
    simplicity = order_by_simplicity(sizes, accuracy)
    choice = choose_model(accuracy, simplicity, pairs)
    result = CompareResult(
        models=models,
        pairs=compared,
        recommended=models[choice.chosen],
        why=explain_choice(choice, models, compared),
        pictures=len(pictures.truth),
        labels=pictures.labels,
        notes=tuple(_notes(models, pictures, metrics)),
        page=page,
    )
    if page is not None:
        write_comparison_page(
            page,
            title=f"Comparison of {len(models)} runs",
            models=models,
            pairs=compared,
            recommended=result.recommended,
            why=result.why,
            notes=result.notes,
        )
    return result


def _open(folders: Sequence[str | Path]) -> list[tuple[Run, OpenedRun]]:
    runs = [Run.open(folder) for folder in folders]
    if len(runs) < 2:
        raise UsageError(
            "A comparison needs two or more runs.", hint="Pass the folders of two runs of `discern train`."
        )
    paths = [run.folder.resolve() for run in runs]
    twice = next((path for place, path in enumerate(paths) if path in paths[:place]), None)
    if twice is not None:
        raise UsageError(f"The run at {twice} is given twice.", hint="Pass each run once.")
    opened = [(run, OpenedRun(run)) for run in runs]
    for run, each in opened:
        if each.kind != "train":
            raise RunError(
                f"The run at {run.folder} is one of `discern {each.kind}`, which trains no model.",
                hint="Pass runs of `discern train`.",
            )
        if not run.finished or not run.path(_BUNDLE).exists():
            raise RunError(
                f"The run at {run.folder} has no finished model.",
                hint="Wait until the run has ended, or resume it with --resume and --name.",
            )
    return opened


def _measure(bundles: Sequence[Path], progress: Progress) -> list[ModelSize]:
    """Measure each bundle, and one that several runs share once."""
    found: dict[str, ModelSize] = {}
    sizes = []
    for number, bundle in enumerate(bundles):
        progress("measure", number, len(bundles))
        fingerprint = load(bundle).fingerprint
        if fingerprint not in found:
            found[fingerprint] = measure_size(bundle)
        sizes.append(found[fingerprint])
    return sizes


def _metrics(opened: tuple[Run, OpenedRun]) -> Metrics:
    run, each = opened
    metrics = each.metrics
    if not isinstance(metrics, Metrics) or metrics.classification is None:
        raise RunError(f"The run at {run.folder} has no metrics of its classes.", hint="Train again.")
    return metrics


def _labels(opened: Sequence[tuple[Run, OpenedRun]], metrics: Sequence[Metrics]) -> tuple[str, ...]:
    """Return the classes, which all runs must share."""
    found = [() if each.classification is None else each.classification.labels for each in metrics]
    for (run, _), labels in zip(opened, found, strict=True):
        if differing := sorted(set(labels) ^ set(found[0])):
            raise DataError(
                f"The runs at {opened[0][0].folder} and {run.folder} have other classes: only one of them has "
                f"{', '.join(differing[:5])}{', ...' if len(differing) > 5 else ''}.",
                hint="Compare runs of the same classes.",
            )
    return found[0]


def _names(opened: Sequence[tuple[Run, OpenedRun]]) -> list[str]:
    names = [run.folder.name for run, _ in opened]
    return names if len(set(names)) == len(names) else [str(run.folder) for run, _ in opened]


def _model(
    number: int, run: Run, stated: Metrics, *, size: ModelSize, pictures: CommonPictures, name: str
) -> ComparedModel:
    method = run.facts["config"].get("method") or "probe"
    # The metrics that depend on probabilities are those of the run itself.
    certain = np.eye(len(pictures.labels), dtype=np.float32)[pictures.answers[number]]
    return ComparedModel(
        run=str(run.folder),
        name=name,
        method=str(method.get("name") if isinstance(method, dict) else method),
        backbone=size.backbone,
        metrics=evaluate_predictions(
            pictures.truth, certain, labels=pictures.labels, groups=pictures.groups, weights=pictures.weights
        ),
        stated=stated,
        mae=_mean_error(stated, pictures, certain),
        parameters=size.parameters,
        megabytes=size.megabytes,
        ms_per_picture=size.milliseconds,
        train_seconds=round(sum(run.facts["seconds"].values()), 3),
    )


def _mean_error(stated: Metrics, pictures: CommonPictures, certain: np.ndarray) -> float | None:
    if pictures.complete and not pictures.relabelled:
        measured = stated.counts or stated.ordered
        return None if measured is None else measured.mae.value
    counts = evaluate_counts(
        pictures.truth,
        certain,
        labels=pictures.labels,
        ordered=False,
        groups=pictures.groups,
        weights=pictures.weights,
    )
    return None if counts is None else counts.mae.value


def _notes(models: Sequence[ComparedModel], pictures: CommonPictures, metrics: Sequence[Metrics]) -> list[str]:
    notes = []
    if not pictures.complete:
        own = ", ".join(f"{each.name} {size:,}" for each, size in zip(models, pictures.held_out, strict=True))
        common = len(pictures.truth) + pictures.relabelled
        notes.append(
            f"The runs were judged on different pictures ({own}). They are compared on the {common:,} that all of them "
            "held out; calibration and negatives are those of each run's own pictures."
        )
    if pictures.relabelled:
        notes.append(
            f"{pictures.relabelled:,} of the common pictures are left out, as their labels differ between the runs."
        )
    ways = {each.accuracy.leak_free.method for each in metrics}
    if len(ways) > 1:
        notes.append(
            "Some runs were judged on a test part and some by cross-validation, in which each model lacks data."
        )
    return notes


def _classes(pictures: CommonPictures, a: int, b: int) -> dict[str, tuple[Interval, float | None]]:
    first, second = pictures.correct[a], pictures.correct[b]
    found = compare_classes(first, second, pictures.truth, groups=pictures.groups, weights=pictures.weights)
    return {pictures.labels[label]: each for label, each in found.items()}
