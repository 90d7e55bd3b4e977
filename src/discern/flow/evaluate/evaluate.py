"""Functions that evaluate and compare models on labelled images (`discern evaluate`)."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from discern.bundle import Model
from discern.catalog.account import Account
from discern.catalog.path_groups import count_unmatched
from discern.client import Client
from discern.errors import UsageError
from discern.flow.bucket_paths import local_source
from discern.flow.evaluate.answer_frame import tabulate_evaluation
from discern.flow.evaluate.evaluated_pictures import EvaluatedPictures
from discern.flow.evaluate.evaluation_run import EvaluationRun
from discern.flow.evaluate.evaluator import Evaluation, Evaluator, group_all, predict_all
from discern.flow.evaluate.label_matching import Aliases
from discern.flow.evaluate.models import open_models
from discern.flow.evaluate.result import EvaluateResult
from discern.flow.paths import cache_folder, resolve_path
from discern.flow.source_options import SourceOptions
from discern.progress import Progress, silent

FLOORS = ("accuracy", "balanced_accuracy", "macro_f1")
_MOST_PATHS = 20


def evaluate(
    bundle: str | Path | Model | Client,
    source: str | Path,
    *,
    against: Sequence[str | Path | Model | Client] = (),
    key: str | Mapping[str, str] | None = None,
    negatives: str | Path | None = None,
    at_least: Mapping[str, float] | None = None,
    group_by: str | None = None,
    classes: str | Path | Sequence[str] | None = None,
    label_from: str | None = None,
    names: str | Path | None = None,
    seed: int = 0,
    runs: str | Path | None = None,
    name: str | None = None,
    cache: str | Path | None = None,
    progress: Progress = silent,
) -> EvaluateResult:
    """Evaluate a model bundle or a server on labelled images.

    Pictures that the bundle was trained on are counted and excluded, even if they were saved again without loss; a JPEG
    whose shorter side is 1,536 pixels or more is recognised as a JPEG only. Pictures that set the bundle's thresholds
    are left out of the metrics of its policy and prediction sets. A server does not publish either; they are left out
    only if its bundle is evaluated as well. Bundles of earlier versions know the files of their training pictures, and
    nothing else.

    Args:
        bundle: path of a bundle, address of a server such as "http://127.0.0.1:8000", or an open `Model` or `Client`.
        source: labelled pictures, in any form that `train` takes.
        against: models to compare on the same pictures: those whose label all know and that none was trained on.
        key: API key of the first server; or API keys by address.
        negatives: pictures of none of the classes; a class folder named `_other` works as well.
        at_least: minimum values such as `{"accuracy": 0.9}` for the lower ends of the intervals.
        group_by: regular expression that is searched in each path relative to the source, with "/"; the match, or its
            first group, names the picture's group; a picture without a match is its own group. None for the groups
            that a list declares.
        classes: labels of the classes to use, as a sequence, separated by commas, or in a file with one per line or a
            column `label`; pictures of other classes are left out. None for all.
        label_from: key of the label in JSON files that belong to pictures (`1.json` beside `1.jpg`, or in a folder
            beside its folder), with dots for nested keys; or column of a list. None for the usual ones.
        names: names.csv with aliases of labels (label, alias), by which labels of the pictures are matched with those
            of the models, in both directions. Aliases from a bundle's training apply without it.
        seed: random seed of the calibration error's interval and of the examples on the page.
        runs: directory of all runs, outside the source, to write a run with an HTML page to; None for no page.
        name: name of that run; None for the source's name and a number.
        cache: directory of the feature cache; None for the user's cache directory.
        progress: called with the stage, items done and items in all.

    Raises:
        DataError: no picture has a label that the bundle knows, or it was trained on all of them, or on nearly all so
            that the others say too little.
        RequestError: a server rejects the request or cannot be reached.
        RunError: the run's name is taken, or its folder cannot be written.
        UsageError: the run would be written into the source.
        DiscernError: the bundle or a source cannot be used.
    """
    floors = require_floors(at_least or {})
    reading = SourceOptions.checked(group_by=group_by, classes=classes, label_from=label_from)
    folder = cache_folder(cache)
    origin = local_source(source, cache=folder, progress=progress)
    other = None if negatives is None else local_source(negatives, cache=folder, progress=progress)
    aliases = Aliases() if names is None else Aliases.read(resolve_path(names))
    open_run = partial(EvaluationRun.opened, origin, negatives=other, reading=reading, seed=seed, name=name)
    with ExitStack() as opened:
        models = opened.enter_context(open_models((bundle, *against), key=key))
        run = None if runs is None else opened.enter_context(open_run(models=models, runs=runs))
        pictures = EvaluatedPictures.scanned(models, origin, reading, aliases, cache=folder, progress=progress)
        known = predict_all(models, pictures.catalog, pictures.known_rows(), progress)
        unknown = [predict_all(models, *each, progress) for each in pictures.unknown_rows(other, folder, progress)]
        groups, *unknown_groups = group_all((known, *unknown), progress)
        evaluator = Evaluator(
            pictures=pictures, known=known, unknown=unknown, groups=groups, unknown_groups=unknown_groups, seed=seed
        )
        evaluations = evaluator.evaluate_all(models)
        result = _result(evaluator, evaluations, floors, reading)
        if run is not None:
            result = replace(result, page=run.page)
            run.write(result, evaluator, evaluations, progress)
    return result


def _result(
    evaluator: Evaluator, evaluations: Sequence[Evaluation], floors: Mapping[str, float], reading: SourceOptions
) -> EvaluateResult:
    first, *rest = evaluations
    pictures, rows, metrics = evaluator.pictures, evaluator.known.rows, first.metrics
    return EvaluateResult(
        of=first.model.of,
        fingerprint=first.model.fingerprint,
        metrics=metrics,
        decisions=first.decisions,
        pictures=len(rows),
        seen=pictures.count_seen(),
        seen_paths=tuple(pictures.seen_paths()[:_MOST_PATHS]),
        taken_for=pictures.taken_for(),
        ungrouped=None if reading.group_by is None else count_unmatched(pictures.catalog),
        set_thresholds=pictures.count_set_thresholds(rows),
        contradicted=pictures.count_contradicted(),
        unreadable=int((~pictures.catalog.readable).sum()),
        left_out=dict(Account.of(pictures.catalog).left_out),
        notes=pictures.catalog.notes,
        refused={picture: reason for each in evaluations for picture, reason in each.model.refused.items()},
        other_labels=pictures.other_labels(),
        unknown=first.unknown_metrics,
        fell_short=tuple(name for name, floor in floors.items() if not _reaches(getattr(metrics, name).low, floor)),
        against=tuple(evaluator.compare(first, other) for other in rest),
        answers=tabulate_evaluation(evaluator, evaluations),
    )


def require_floors(floors: Mapping[str, float]) -> Mapping[str, float]:
    """Return minimum values of an evaluation as they are, or raise UsageError for an unknown or an invalid one."""
    for name, floor in floors.items():
        if name not in FLOORS or not 0 <= floor <= 1:
            raise UsageError(
                f"Invalid minimum: {name}={floor}.", hint=f"Use one of {', '.join(FLOORS)}, between 0 and 1."
            )
    return floors


def _reaches(low: float | None, floor: float) -> bool:
    return low is not None and low >= floor
