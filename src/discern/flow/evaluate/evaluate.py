"""Functions that evaluate and compare models on labelled images (`discern evaluate`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from discern.bundle import Model, PictureHashes
from discern.catalog import Catalog, scan
from discern.catalog.path_groups import check_pattern, count_unmatched, group_by_path
from discern.client import Client
from discern.errors import DataError, UsageError
from discern.evaluating import (
    ClassificationMetrics,
    UnknownMetrics,
    evaluate_predictions,
    evaluate_unknown_detection,
    paired_difference,
)
from discern.flow.evaluate.decision_metrics import (
    DecisionMetrics,
    KnownPredictions,
    UnknownPredictions,
    evaluate_decisions,
)
from discern.flow.evaluate.models import EvaluatedModel, ModelOutputs, open_models
from discern.flow.evaluate.result import Comparison, EvaluateResult
from discern.flow.paths import cache_folder, resolve_path
from discern.flow.run import is_own
from discern.grouping import find_edges, form_groups
from discern.progress import Progress, silent

FLOORS = ("accuracy", "balanced_accuracy", "macro_f1")


def evaluate(
    bundle: str | Path | Model | Client,
    source: str | Path,
    *,
    against: Sequence[str | Path | Model | Client] = (),
    key: str | Mapping[str, str] | None = None,
    negatives: str | Path | None = None,
    at_least: Mapping[str, float] | None = None,
    group_by: str | None = None,
    seed: int = 0,
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
        seed: random seed of the calibration error's interval.
        cache: directory of the feature cache; None for the user's cache directory.
        progress: called with the stage, items done and items in all.

    Raises:
        DataError: no picture has a label that the bundle knows, or it was trained on all of them.
        RequestError: a server rejects the request or cannot be reached.
        DiscernError: the bundle or a source cannot be used.
    """
    floors, pattern = _check_floors(at_least or {}), None if group_by is None else check_pattern(group_by)
    folder = cache_folder(cache)
    with open_models((bundle, *against), key=key) as models:
        catalog = scan(resolve_path(source), cache=folder, progress=progress, leave_out=is_own)
        if pattern is not None:
            catalog = group_by_path(catalog, pattern, resolve_path(source))
        pictures = _Pictures(models, catalog)
        known = _predict_all(models, catalog, pictures.known_rows(), progress)
        other = None if negatives is None else resolve_path(negatives)
        unknown = [_predict_all(models, *each, progress) for each in pictures.unknown_rows(other, folder, progress)]
        groups, *unknown_groups = _group_all((known, *unknown), progress)
        evaluator = _Evaluator(
            pictures=pictures, known=known, unknown=unknown, groups=groups, unknown_groups=unknown_groups, seed=seed
        )
        first, *rest = [evaluator.evaluate(number, model) for number, model in enumerate(models)]
    metrics = first.metrics
    return EvaluateResult(
        of=first.model.of,
        fingerprint=first.model.fingerprint,
        metrics=metrics,
        decisions=first.decisions,
        pictures=len(known.rows),
        seen=pictures.count_seen(),
        set_thresholds=pictures.count_set_thresholds(known.rows),
        unreadable=int((~catalog.readable).sum()),
        refused={picture: reason for model in models for picture, reason in model.refused.items()},
        other_labels=pictures.other_labels(),
        ungrouped=None if pattern is None else count_unmatched(catalog),
        unknown=first.unknown,
        fell_short=tuple(name for name, floor in floors.items() if not _reaches(getattr(metrics, name).low, floor)),
        against=tuple(evaluator.compare(first, other) for other in rest),
    )


class _Pictures:
    """Labelled images on which all compared models are evaluated."""

    def __init__(self, models: Sequence[EvaluatedModel], catalog: Catalog) -> None:
        self.models, self.catalog = models, catalog
        self._labels = catalog.table["label"].to_list()
        shared = set.intersection(*(set(model.rules.labels) for model in models))
        self.labelled = np.array([label in shared for label in self._labels], bool) & catalog.readable
        self.seen, self.set_thresholds = _made_with(models, catalog)

    def truth(self, model: EvaluatedModel, rows: np.ndarray) -> np.ndarray:
        """Return the true class indices of the given catalog rows as an int64 array."""
        index = {label: number for number, label in enumerate(model.rules.labels)}
        return np.array([index[self._labels[row]] for row in rows.tolist()], np.int64)

    def known_rows(self) -> np.ndarray:
        """Return the catalog rows whose labels all models know and whose images none was trained on."""
        rows = np.flatnonzero(self.labelled & ~self.seen)
        if len(rows):
            return rows
        if self.labelled.any():
            raise DataError("The bundle was trained on all of these pictures.", hint="Evaluate it on other pictures.")
        found = ", ".join(self.catalog.labels[:5]) or "no labels"
        raise DataError(
            f"No picture in {self.catalog.root} has a label that the bundle knows (found: {found}).",
            hint="Put the pictures into folders named after the bundle's labels; `discern show` lists them.",
        )

    def count_seen(self) -> int | None:
        """Count training pictures among the labelled ones; None if a model does not publish its own."""
        known = {model.fingerprint for model in self.models if model.seen is not None}
        if {model.fingerprint for model in self.models} - known:
            return None
        return int((self.seen & self.labelled).sum())

    def count_set_thresholds(self, rows: np.ndarray) -> int | None:
        """Count the pictures that set thresholds among the given rows; None if a bundle does not name its own."""
        if any(model.seen is not None and model.seen.digests is None for model in self.models):
            return None
        return int(self.set_thresholds[rows].sum())

    def unknown_rows(self, source: Path | None, cache: Path, progress: Progress) -> list[tuple[Catalog, np.ndarray]]:
        """Return the out-of-distribution images that no model was trained on."""
        found = [(self.catalog, np.flatnonzero(self.catalog.negative & ~self.seen))]
        if source is not None:
            other = scan(source, cache=cache, progress=progress, leave_out=is_own)
            found.append((other, np.flatnonzero(other.readable & ~_made_with(self.models, other)[0])))
            if not len(found[-1][1]):
                raise DataError(
                    f"There is no picture in {source} that the bundle was not trained on.", hint="Use other negatives."
                )
        return [(catalog, rows) for catalog, rows in found if len(rows)]

    def other_labels(self) -> dict[str, int]:
        """Count the images of each label that at least one model does not know."""
        rest = self.catalog.readable & ~self.labelled & ~self.catalog.negative
        other = self.catalog.table["label"].to_numpy()[rest]
        names, counts = np.unique(np.array([name for name in other if name is not None], str), return_counts=True)
        return dict(zip(names.tolist(), counts.tolist(), strict=True))


def _made_with(models: Sequence[EvaluatedModel], catalog: Catalog) -> tuple[np.ndarray, np.ndarray]:
    """Return boolean masks of the images that any model was trained on, and of those that set any thresholds."""
    pictures = PictureHashes(*catalog.hashes())
    known = [model.seen for model in models if model.seen is not None]
    nothing = np.zeros(len(catalog), bool)
    return (
        np.any([nothing, *(seen.trained_on(pictures) for seen in known)], axis=0),
        np.any([nothing, *(seen.set_thresholds(pictures) for seen in known)], axis=0),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Outputs:
    """Model outputs for the images that every compared model could classify."""

    catalog: Catalog
    rows: np.ndarray
    by_model: Sequence[ModelOutputs]

    def weights(self) -> np.ndarray:
        """Compute sample weights that count all copies of an image as one image."""
        pixels = self.catalog.table["pixels"].to_numpy()[self.rows].astype(str)
        _, inverse, count = np.unique(pixels, return_inverse=True, return_counts=True)
        return np.asarray(1.0 / count[inverse])


def _predict_all(models: Sequence[EvaluatedModel], catalog: Catalog, rows: np.ndarray, progress: Progress) -> _Outputs:
    outputs = [model.predict(catalog, rows, progress) for model in models]
    complete = np.all([~np.isnan(each.scores) for each in outputs], axis=0)
    if not complete.any():
        reason = next(reason for model in models for reason in model.refused.values())
        raise DataError(
            f"The model or its server rejects all {len(rows)} pictures; the first: {reason}",
            hint="Use other pictures or another bundle, or raise the server's limits.",
        )
    return _Outputs(catalog=catalog, rows=rows[complete], by_model=[each[complete] for each in outputs])


def _group_all(outputs: Sequence[_Outputs], progress: Progress) -> list[np.ndarray]:
    """Return the groups of dependent images of each output, with different numbers for different catalogs."""
    grouped: dict[int, np.ndarray] = {}
    for each in outputs:
        if id(each.catalog) not in grouped:
            groups = form_groups(each.catalog, find_edges(each.catalog, progress=progress)).group
            grouped[id(each.catalog)] = groups + sum(map(len, grouped.values()))
    return [grouped[id(each.catalog)][each.rows] for each in outputs]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Evaluation:
    model: EvaluatedModel
    correct: np.ndarray
    metrics: ClassificationMetrics
    unknown: UnknownMetrics | None
    decisions: DecisionMetrics


@dataclass(frozen=True, kw_only=True, eq=False)
class _Evaluator:
    """Evaluator that computes the metrics of several models on the same images."""

    pictures: _Pictures
    known: _Outputs
    unknown: Sequence[_Outputs]
    groups: np.ndarray
    unknown_groups: Sequence[np.ndarray]
    seed: int

    def evaluate(self, number: int, model: EvaluatedModel) -> _Evaluation:
        known, unknown = self._known(number, model), self._unknown(number)
        metrics = evaluate_predictions(
            known.truth,
            known.probabilities,
            labels=model.rules.labels,
            groups=known.groups,
            weights=known.weights,
            seed=self.seed,
        )
        return _Evaluation(
            model=model,
            correct=known.probabilities.argmax(axis=1) == known.truth,
            metrics=metrics,
            decisions=evaluate_decisions(model.rules, known, unknown, seed=self.seed),
            unknown=None if unknown is None else _evaluate_unknown(model, known, unknown),
        )

    def compare(self, one: _Evaluation, other: _Evaluation) -> Comparison:
        difference = paired_difference(one.correct, other.correct, groups=self.groups, weights=self.known.weights())
        return Comparison(
            of=other.model.of,
            fingerprint=other.model.fingerprint,
            metrics=other.metrics,
            unknown=other.unknown,
            decisions=other.decisions,
            difference=difference,
        )

    def _known(self, number: int, model: EvaluatedModel) -> KnownPredictions:
        outputs = self.known.by_model[number]
        return KnownPredictions(
            truth=self.pictures.truth(model, self.known.rows),
            probabilities=outputs.probabilities,
            scores=outputs.scores,
            groups=self.groups,
            weights=self.known.weights(),
            set_thresholds=self.pictures.set_thresholds[self.known.rows],
        )

    def _unknown(self, number: int) -> UnknownPredictions | None:
        outputs = [each.by_model[number] for each in self.unknown]
        if not outputs:
            return None
        return UnknownPredictions(
            probabilities=np.concatenate([each.probabilities for each in outputs]),
            scores=np.concatenate([each.scores for each in outputs]),
            groups=np.concatenate(self.unknown_groups),
            weights=np.concatenate([each.weights() for each in self.unknown]),
        )


def _evaluate_unknown(model: EvaluatedModel, known: KnownPredictions, unknown: UnknownPredictions) -> UnknownMetrics:
    threshold = model.rules.thresholds.unknown
    return evaluate_unknown_detection(
        known.scores,
        unknown.scores,
        np.inf if threshold is None else threshold,
        known_groups=known.groups,
        negative_groups=unknown.groups,
        known_weights=known.weights,
        negative_weights=unknown.weights,
    )


def _check_floors(floors: Mapping[str, float]) -> Mapping[str, float]:
    for name, floor in floors.items():
        if name not in FLOORS or not 0 <= floor <= 1:
            raise UsageError(
                f"Invalid minimum: {name}={floor}.", hint=f"Use one of {', '.join(FLOORS)}, between 0 and 1."
            )
    return floors


def _reaches(low: float | None, floor: float) -> bool:
    return low is not None and low >= floor
