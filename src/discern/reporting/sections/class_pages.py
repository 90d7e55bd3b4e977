"""Functions that build the report's page for each class, with metrics and example images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from discern.reporting.charts import interval_plot
from discern.reporting.formatting import count, percent, percent_interval
from discern.reporting.sections.example_predictions import ExamplePicker, ExamplePrediction
from discern.reporting.sections.findings_section import FindingCard, LabelFindings
from discern.reporting.sections.prediction_table import PredictionTable
from discern.reporting.sections.uncertainty import coverage_by_class

if TYPE_CHECKING:
    from markupsafe import Markup

    from discern.evaluating import Interval, Metrics

_LARGE = 144
_MAX_MIX_UPS = 5


@dataclass(frozen=True, kw_only=True)
class MixUp:
    """Class that the classifier often confuses with the class of the page."""

    other: str
    count: str
    share: str


@dataclass(frozen=True, kw_only=True)
class ClassPage:
    """Contents of the report's page for one class.

    Attributes:
        anchor: id of the page.
        label: the class.
        previous: the class of the previous page, or None.
        next: the class of the next page, or None.
        pictures: number of readable pictures.
        evaluated: number of evaluated pictures, by weight.
        groups: number of independent groups among these.
        recall: value, interval and plot.
        precision: share of the predictions of this class that is correct.
        f1: harmonic mean of recall and precision.
        coverage: share of its pictures with this class in the prediction set, and the interval; None without sets.
        predicted_as: other classes that its pictures are predicted as.
        mistaken_for: other classes whose pictures are predicted as this one.
        correct: correct predictions, from the most to the least confident.
        missed: its pictures predicted as another class, most confident first.
        false_positives: pictures of other classes predicted as this one, most confident first.
        label_findings: pictures whose label may be wrong.
    """

    anchor: str
    label: str
    previous: str | None
    next: str | None
    pictures: str
    evaluated: str
    groups: str
    recall: tuple[str, str, "Markup"]
    precision: str
    f1: str
    coverage: tuple[str, str] | None
    predicted_as: tuple[MixUp, ...]
    mistaken_for: tuple[MixUp, ...]
    correct: tuple[ExamplePrediction, ...]
    missed: tuple[ExamplePrediction, ...]
    false_positives: tuple[ExamplePrediction, ...]
    label_findings: tuple[FindingCard, ...]


def anchors(labels: Sequence[str]) -> dict[str, str]:
    """Return the HTML id of each label's class page."""
    return {label: f"class-{index}" for index, label in enumerate(labels)}


@dataclass(frozen=True, kw_only=True)
class PictureBudget:
    """Maximum number of correct, wrong and questionable images on a class page.

    `side` None shows thumbnails.
    """

    correct: int
    wrong: int
    label_findings: int
    side: int | None


def picture_budget(classes: int) -> PictureBudget:
    """Return the image limits of a class page, which are lower for many classes."""
    if classes <= 15:
        return PictureBudget(correct=8, wrong=8, label_findings=6, side=_LARGE)
    if classes <= 60:
        return PictureBudget(correct=6, wrong=6, label_findings=4, side=None)
    if classes <= 200:
        return PictureBudget(correct=3, wrong=3, label_findings=2, side=None)
    return PictureBudget(correct=1, wrong=1, label_findings=1, side=None)


def class_pages(
    labels: Sequence[str],
    metrics: "Metrics",
    predictions: PredictionTable,
    picker: ExamplePicker,
    label_findings: LabelFindings,
    *,
    totals: Mapping[str, int],
) -> tuple[ClassPage, ...]:
    """Build the class pages in the order of `labels`, or none without metrics by class.

    Args:
        labels: labels of the catalog.
        metrics: a run's metrics.
        predictions: held-out predictions.
        picker: turns predictions into examples.
        label_findings: findings about labels.
        totals: number of readable pictures by label.
    """
    if metrics.classification is None or not metrics.classification.per_class:
        return ()
    builder = _PageBuilder(labels, metrics, predictions, picker, label_findings)
    return tuple(builder.page(index, totals.get(label, 0)) for index, label in enumerate(labels))


class _PageBuilder:
    def __init__(
        self,
        labels: Sequence[str],
        metrics: "Metrics",
        predictions: PredictionTable,
        picker: ExamplePicker,
        label_findings: LabelFindings,
    ) -> None:
        self._labels, self._predictions, self._picker = labels, predictions, picker
        self._label_findings = label_findings
        self._anchors, self._budget = anchors(labels), picture_budget(len(labels))
        assert metrics.classification is not None
        self._metrics = {each.label: each for each in metrics.classification.per_class}
        self._coverage = coverage_by_class(metrics)
        self._confusion_labels, self._confusion = metrics.classification.labels, metrics.classification.confusion

    def page(self, index: int, total: int) -> ClassPage:
        label, predictions = self._labels[index], self._predictions
        own, covered = self._metrics.get(label), self._coverage.get(label)
        truth, predicted = predictions.truth == index, predictions.predicted == index
        return ClassPage(
            anchor=self._anchors[label],
            label=label,
            previous=self._labels[index - 1] if index else None,
            next=self._labels[index + 1] if index + 1 < len(self._labels) else None,
            pictures=count(total),
            evaluated=count(None if own is None else own.support),
            groups=count(None if own is None else own.groups),
            recall=_recall(None if own is None else own.recall),
            precision=percent(None if own is None else own.precision),
            f1=percent(None if own is None else own.f1),
            coverage=None
            if covered is None or covered.value is None
            else (percent(covered.value), percent_interval(covered)),
            predicted_as=self._mix_ups(label, of_its_pictures=True),
            mistaken_for=self._mix_ups(label, of_its_pictures=False),
            correct=self._examples(self._spread(truth & predicted)),
            missed=self._examples(self._most_confident(truth & ~predicted)),
            false_positives=self._examples(self._most_confident(~truth & predicted)),
            label_findings=self._label_findings.cards(label, self._budget.label_findings, side=self._budget.side),
        )

    def _mix_ups(self, label: str, *, of_its_pictures: bool) -> tuple[MixUp, ...]:
        """Return the classes most confused with a class, as shares of its images or predictions."""
        if label not in self._confusion_labels or not len(self._confusion):
            return ()
        own = self._confusion_labels.index(label)
        line = self._confusion[own] if of_its_pictures else self._confusion[:, own]
        others = [index for index in np.argsort(-line, kind="stable") if index != own and line[index] > 0]
        return tuple(
            MixUp(
                other=self._confusion_labels[index],
                count=count(round(float(line[index]), 1)),
                share=percent(float(line[index] / line.sum())),
            )
            for index in others[:_MAX_MIX_UPS]
        )

    def _most_confident(self, chosen: np.ndarray) -> list[int]:
        positions = np.flatnonzero(chosen)
        order = np.argsort(-self._predictions.confidence[positions], kind="stable")
        return self._picker.without_copies(positions[order].tolist())[: self._budget.wrong]

    def _spread(self, chosen: np.ndarray) -> list[int]:
        """Select predictions at even intervals of the confidence ranking, most confident first."""
        positions = np.flatnonzero(chosen)
        ranked = positions[np.argsort(-self._predictions.confidence[positions], kind="stable")]
        order = self._picker.without_copies(ranked.tolist())
        ranks = np.unique(np.linspace(0, max(0, len(order) - 1), self._budget.correct).round().astype(int))
        return [order[index] for index in ranks if index < len(order)]

    def _examples(self, positions: list[int]) -> tuple[ExamplePrediction, ...]:
        return tuple(self._picker.example(position, self._budget.side) for position in positions)


def _recall(recall: "Interval | None") -> tuple[str, str, "Markup"]:
    """Format the recall of a class as a value, an interval and a plot."""
    value, ends = (None, "no interval") if recall is None else (recall.value, percent_interval(recall))
    return percent(value), ends, interval_plot(recall, kind="main")
