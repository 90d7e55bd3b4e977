"""Functions that compare training runs on the same pictures (`discern compare`)."""

import itertools
import os
from collections.abc import Sequence
from pathlib import Path

from discern.bundle import load
from discern.errors import UsageError
from discern.evaluating import ComparedPair, Interval, choose_model, compare_classes, compare_pairs
from discern.flow.compare.common_pictures import CommonPictures, find_common_pictures
from discern.flow.compare.compare_result import CompareResult, FailedMethod
from discern.flow.compare.comparison_notes import describe_basis
from discern.flow.compare.comparison_record import record_use
from discern.flow.compare.judged_run import JudgedRun, describe_model, open_judged, shared_labels
from discern.flow.compare.model_size import ModelSize, measure_size, order_by_simplicity
from discern.flow.compare.recommendation import explain_choice
from discern.flow.compare.validation import find_validation
from discern.flow.new_page import new_page
from discern.flow.run import Run
from discern.progress import Progress, silent
from discern.reporting.comparison_page import write_comparison_page


def compare(*runs: str | Path, out: str | Path | None = None, progress: Progress = silent) -> CompareResult:
    """Compare training runs on the pictures that all of them held out, and name the one to ship.

    Differences are paired and over groups, and their p-values adjusted by Holm's method. The recommended model is the
    simplest that is shown to be at most one percentage point below the best one, by the interval of their difference;
    if the pictures show that of none, the simplest that is estimated to be (see `choose_model`). The best one is found
    on the validation pictures of the training parts, if all runs have a test part.
    Bundles are measured on this machine. `comparisons.jsonl` beside the runs counts the uses of the held-out pictures.

    Args:
        *runs: folders of two or more runs of `train`.
        out: HTML page to write, a new file; None for a free name in the folder of the first run's folder.
        progress: called with the stage, items done and items in all.

    Raises:
        BundleError: a bundle cannot be used.
        DataError: the runs have different classes, or no held-out picture in common.
        RunError: a folder is not a run of `train`, is not finished, or a file of it cannot be read; or the page exists.
        UsageError: fewer than two runs, or a run twice.
    """
    page = None if out is None else new_page(out)
    judged = _open(runs)
    return compare_judged(
        judged,
        names=_names([each.run for each in judged]),
        page=page or free_page(judged[0].run.folder.parent),
        progress=progress,
    )


def free_page(folder: Path) -> Path | None:
    """Return the path of a new page in a folder; None if nothing can be written there."""
    if not os.access(folder, os.W_OK):
        return None
    numbers = itertools.count(1)
    return next(path for number in numbers if not os.path.lexists(path := folder / f"comparison-{number}.html"))


def compare_judged(
    judged: Sequence[JudgedRun],
    *,
    names: Sequence[str],
    page: Path | None,
    progress: Progress,
    failed: Sequence[FailedMethod] = (),
) -> CompareResult:
    """Compare opened runs, as `compare`.

    Args:
        judged: the runs.
        names: name of each for people.
        page: HTML page to write; None for none.
        progress: called with the stage, items done and items in all.
        failed: methods that are missing from the runs.
    """
    labels = shared_labels(judged)
    runs = [each.run for each in judged]
    pictures = find_common_pictures(runs, labels)
    validation = find_validation(judged, labels)
    sizes, fingerprints = _measure([each.bundle for each in judged], progress)
    models = tuple(
        describe_model(each, place, size=sizes[place], pictures=pictures, validation=validation, name=names[place])
        for place, each in enumerate(judged)
    )
    pairs = compare_pairs(pictures.correct, groups=pictures.groups, weights=pictures.weights)
    compared = tuple(
        ComparedPair(a=models[a], b=models[b], pair=pair, per_class=_classes(pictures, a, b))
        for (a, b), pair in pairs.items()
    )
    accuracy = [each.metrics.accuracy.value or 0.0 for each in models]
    judging = accuracy if validation is None else [(each.validation or Interval()).value or 0.0 for each in models]
    simplicity = order_by_simplicity(sizes, list(zip(judging, accuracy, strict=True)))
    choice = choose_model(simplicity, pairs, judged=judging)
    uses = record_use([run.folder for run in runs], pictures.fingerprint, fingerprints)
    result = CompareResult(
        models=models,
        pairs=compared,
        recommended=models[choice.chosen],
        best=models[choice.best],
        why=explain_choice(choice, models, compared, pictures=len(pictures.truth), validated=validation is not None),
        pictures=len(pictures.truth),
        validation=None if validation is None else len(validation.truth),
        labels=pictures.labels,
        uses=uses,
        failed=tuple(failed),
        notes=tuple(describe_basis(models, judged, pictures, validation, choice=choice, uses=uses)),
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
            uses=(uses.comparisons, uses.models),
            failed=[(each.name, each.reason) for each in failed],
        )
    return result


def _open(folders: Sequence[str | Path]) -> list[JudgedRun]:
    runs = [Run.open(folder) for folder in folders]
    if len(runs) < 2:
        raise UsageError(
            "A comparison needs two or more runs.",
            hint="Pass the folders of two runs of `discern train`, or pictures with --methods.",
        )
    paths = [run.folder.resolve() for run in runs]
    twice = next((path for place, path in enumerate(paths) if path in paths[:place]), None)
    if twice is not None:
        raise UsageError(f"The run at {twice} is given twice.", hint="Pass each run once.")
    return [open_judged(run) for run in runs]


def _measure(bundles: Sequence[Path], progress: Progress) -> tuple[list[ModelSize], list[str]]:
    """Measure each bundle, and one that several runs share once; return their digests, too."""
    found: dict[str, ModelSize] = {}
    fingerprints = []
    for number, bundle in enumerate(bundles):
        progress("measure", number, len(bundles))
        fingerprints.append(load(bundle).fingerprint)
        if fingerprints[-1] not in found:
            found[fingerprints[-1]] = measure_size(bundle)
    progress("measure", len(bundles), len(bundles))
    return [found[each] for each in fingerprints], fingerprints


def _names(runs: Sequence[Run]) -> list[str]:
    names = [run.folder.name for run in runs]
    return names if len(set(names)) == len(names) else [str(run.folder) for run in runs]


def _classes(pictures: CommonPictures, a: int, b: int) -> dict[str, tuple[Interval, float | None]]:
    first, second = pictures.correct[a], pictures.correct[b]
    found = compare_classes(first, second, pictures.truth, groups=pictures.groups, weights=pictures.weights)
    return {pictures.labels[label]: each for label, each in found.items()}
