"""Training run with its metrics, and its figures on the pictures of a comparison."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from discern.bundle.archive import FILE
from discern.errors import DataError, RunError
from discern.evaluating import (
    ComparedModel,
    Interval,
    Metrics,
    evaluate_counts,
    evaluate_predictions,
    evaluate_share,
)
from discern.flow.compare.common_pictures import CommonPictures
from discern.flow.compare.model_size import ModelSize
from discern.flow.compare.train_time import find_train_time
from discern.flow.opened_run import OpenedRun
from discern.flow.run import Run
from discern.training import DEFAULT_METHOD

CHOSEN_BY = "chosen_by"
"""Key in the facts of a run whose options a study chose: the study's name, the trial, and the seconds of the search."""


@dataclass(frozen=True, kw_only=True)
class JudgedRun:
    """Finished training run with its metrics.

    Attributes:
        run: the run.
        metrics: its metrics.
        labels: its classes.
    """

    run: Run
    metrics: Metrics
    labels: tuple[str, ...]

    @property
    def bundle(self) -> Path:
        """Return the path of its bundle."""
        return self.run.path(FILE)

    @property
    def method(self) -> str:
        """Return the training method that was asked for."""
        fitted = self.metrics.head.get("method") or {}
        return str(self.run.facts["config"].get("method") or fitted.get("name") or DEFAULT_METHOD)

    @property
    def is_tuned(self) -> bool:
        """Return True if a study chose its options, on held-out groups of its training part."""
        return CHOSEN_BY in self.run.facts

    @property
    def search_seconds(self) -> float:
        """Return the seconds of the search for its options."""
        return float((self.run.facts.get(CHOSEN_BY) or {}).get("seconds", 0.0))


def open_judged(run: Run) -> JudgedRun:
    """Open a training run with its metrics.

    Raises:
        RunError: it is not a run of `train`, is not finished, or its metrics cannot be read.
    """
    opened = OpenedRun(run)
    if opened.kind != "train":
        raise RunError(
            f"The run at {run.folder} is one of `discern {opened.kind}`, which trains no model.",
            hint="Pass runs of `discern train`.",
        )
    if not run.finished or not run.path(FILE).exists():
        raise RunError(
            f"The run at {run.folder} has no finished model.",
            hint="Wait until the run has ended, or resume it with --resume and --name.",
        )
    metrics = opened.metrics
    if not isinstance(metrics, Metrics) or metrics.classification is None:
        raise RunError(f"The run at {run.folder} has no metrics of its classes.", hint="Train again.")
    return JudgedRun(run=run, metrics=metrics, labels=metrics.classification.labels)


def shared_labels(judged: Sequence[JudgedRun]) -> tuple[str, ...]:
    """Return the classes, which all runs must share.

    Raises:
        DataError: a run has another class.
    """
    first = judged[0]
    for each in judged:
        if differing := sorted(set(each.labels) ^ set(first.labels)):
            raise DataError(
                f"The runs at {first.run.folder} and {each.run.folder} have different classes: only one of them has "
                f"{', '.join(differing[:5])}{', ...' if len(differing) > 5 else ''}.",
                hint="Compare runs of the same classes.",
            )
    return first.labels


def describe_model(
    judged: JudgedRun,
    place: int,
    *,
    size: ModelSize,
    pictures: CommonPictures,
    validation: CommonPictures | None,
    name: str,
) -> ComparedModel:
    """Compute the figures of one of the compared models.

    Args:
        judged: its run.
        place: its place among the runs.
        size: size and speed of its bundle.
        pictures: the pictures that all runs held out.
        validation: common pictures of the training parts; None without any.
        name: name for people.
    """
    # The metrics that depend on probabilities are those of the run itself.
    certain = np.eye(len(pictures.labels), dtype=np.float32)[pictures.answers[place]]
    return ComparedModel(
        run=str(judged.run.folder),
        name=name,
        method=judged.method,
        backbone=size.backbone,
        metrics=evaluate_predictions(
            pictures.truth, certain, labels=pictures.labels, groups=pictures.groups, weights=pictures.weights
        ),
        stated=judged.metrics,
        mae=_mean_error(judged.metrics, pictures, certain),
        parameters=size.parameters,
        multiply_adds=size.multiply_adds,
        megabytes=size.megabytes,
        ms_per_picture=size.milliseconds,
        training=find_train_time(judged.run, size, judged.method, search=judged.search_seconds),
        cost=size.cost,
        validation=None if validation is None else _accuracy(validation, place),
    )


def _accuracy(pictures: CommonPictures, place: int) -> Interval:
    return evaluate_share(pictures.correct[place], groups=pictures.groups, weights=pictures.weights)


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
