"""One view for each class: its figures, what it is mixed up with, and its pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from discern.reporting.charts import interval_track
from discern.reporting.formatting import count, interval, percent
from discern.reporting.sections.example_predictions import ExamplePicker, ExamplePrediction
from discern.reporting.sections.findings_section import Card, LabelDoubts
from discern.reporting.sections.prediction_table import PredictionTable
from discern.reporting.sections.uncertainty import coverage_by_class

if TYPE_CHECKING:
    from markupsafe import Markup

    from discern.evaluating import Interval, Metrics

_LARGE = 144
_MIX_UPS = 5


@dataclass(frozen=True, kw_only=True)
class MixUp:
    """Pictures of one class that were taken for another, seen from either."""

    other: str
    count: str
    share: str


@dataclass(frozen=True, kw_only=True)
class ClassPage:
    """All that is known of one class.

    Attributes:
        anchor: where its page is.
        label: the class.
        before: the class whose page comes before, or None.
        after: likewise.
        pictures: its readable pictures.
        judged: those that were judged, by weight.
        groups: the independent groups among these.
        found: recall, in words, with its interval's ends and its track.
        trusted: precision.
        f1: the harmonic mean of both.
        coverage: how often it is in the set of labels, with its interval's ends; None where there are no sets.
        taken_for: what its pictures are called instead.
        taken_for_it: what it is wrongly named for.
        right: answers that are right, from the surest to the least sure.
        missed: its pictures that were called something else, the surest answers first.
        false: other pictures that were called it, the surest first.
        doubtful: pictures whose label is in doubt.
    """

    anchor: str
    label: str
    before: str | None
    after: str | None
    pictures: str
    judged: str
    groups: str
    found: tuple[str, str, "Markup"]
    trusted: str
    f1: str
    coverage: tuple[str, str] | None
    taken_for: tuple[MixUp, ...]
    taken_for_it: tuple[MixUp, ...]
    right: tuple[ExamplePrediction, ...]
    missed: tuple[ExamplePrediction, ...]
    false: tuple[ExamplePrediction, ...]
    doubtful: tuple[Card, ...]


def anchors(labels: Sequence[str]) -> dict[str, str]:
    """Where the page of each class is."""
    return {label: f"class-{place}" for place, label in enumerate(labels)}


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """How many pictures a class's page shows of each kind, and how large: None for thumbnails."""

    right: int
    wrong: int
    doubtful: int
    side: int | None


def allowance(classes: int) -> Allowance:
    """As many pictures as keep a page of any number of classes light."""
    if classes <= 15:
        return Allowance(right=8, wrong=8, doubtful=6, side=_LARGE)
    if classes <= 60:
        return Allowance(right=6, wrong=6, doubtful=4, side=None)
    if classes <= 200:
        return Allowance(right=3, wrong=3, doubtful=2, side=None)
    return Allowance(right=1, wrong=1, doubtful=1, side=None)


def class_pages(
    labels: Sequence[str],
    metrics: "Metrics",
    answers: PredictionTable,
    picked: ExamplePicker,
    doubts: LabelDoubts,
    *,
    totals: Mapping[str, int],
) -> tuple[ClassPage, ...]:
    """The pages of all classes that were judged or answered, in the order of `labels`.

    Args:
        labels: the catalog's.
        metrics: a run's metrics.
        answers: held-out answers.
        picked: shows them.
        doubts: findings about single labels, by class.
        totals: each class's readable pictures.
    """
    if metrics.classification is None or not metrics.classification.per_class:
        return ()
    writer = _Writer(labels, metrics, answers, picked, doubts)
    return tuple(writer.page(place, totals.get(label, 0)) for place, label in enumerate(labels))


class _Writer:
    def __init__(
        self,
        labels: Sequence[str],
        metrics: "Metrics",
        answers: PredictionTable,
        picked: ExamplePicker,
        doubts: LabelDoubts,
    ) -> None:
        self._labels, self._answers, self._picked, self._doubts = labels, answers, picked, doubts
        self._anchors, self._allowed = anchors(labels), allowance(len(labels))
        assert metrics.classification is not None
        self._metrics = {each.label: each for each in metrics.classification.per_class}
        self._coverage = coverage_by_class(metrics)
        self._named, self._confusion = metrics.classification.labels, metrics.classification.confusion

    def page(self, place: int, total: int) -> ClassPage:
        label, answers = self._labels[place], self._answers
        own, covered = self._metrics.get(label), self._coverage.get(label)
        truth, called = answers.truth == place, answers.predicted == place
        return ClassPage(
            anchor=self._anchors[label],
            label=label,
            before=self._labels[place - 1] if place else None,
            after=self._labels[place + 1] if place + 1 < len(self._labels) else None,
            pictures=count(total),
            judged=count(None if own is None else own.support),
            groups=count(None if own is None else own.groups),
            found=_found(None if own is None else own.recall),
            trusted=percent(None if own is None else own.precision),
            f1=percent(None if own is None else own.f1),
            coverage=None if covered is None or covered.value is None else (percent(covered.value), interval(covered)),
            taken_for=self._mix_ups(label, of_its_own=True),
            taken_for_it=self._mix_ups(label, of_its_own=False),
            right=self._shown(self._spread(truth & called)),
            missed=self._shown(self._surest(truth & ~called)),
            false=self._shown(self._surest(~truth & called)),
            doubtful=self._doubts.of(label, self._allowed.doubtful, side=self._allowed.side),
        )

    def _mix_ups(self, label: str, *, of_its_own: bool) -> tuple[MixUp, ...]:
        """The most frequent others; shares are of all its pictures, or of all answers that name it."""
        if label not in self._named or not len(self._confusion):
            return ()
        own = self._named.index(label)
        line = self._confusion[own] if of_its_own else self._confusion[:, own]
        others = [place for place in np.argsort(-line, kind="stable") if place != own and line[place] > 0]
        return tuple(
            MixUp(
                other=self._named[place],
                count=count(round(float(line[place]), 1)),
                share=percent(float(line[place] / line.sum())),
            )
            for place in others[:_MIX_UPS]
        )

    def _surest(self, chosen: np.ndarray) -> list[int]:
        positions = np.flatnonzero(chosen)
        order = np.argsort(-self._answers.confidence[positions], kind="stable")
        return self._picked.distinct(positions[order].tolist())[: self._allowed.wrong]

    def _spread(self, chosen: np.ndarray) -> list[int]:
        """Some of all degrees of certainty, evenly, the surest first."""
        positions = np.flatnonzero(chosen)
        surest = positions[np.argsort(-self._answers.confidence[positions], kind="stable")]
        order = self._picked.distinct(surest.tolist())
        wanted = np.unique(np.linspace(0, max(0, len(order) - 1), self._allowed.right).round().astype(int))
        return [order[place] for place in wanted if place < len(order)]

    def _shown(self, positions: list[int]) -> tuple[ExamplePrediction, ...]:
        return tuple(self._picked.show(position, self._allowed.side) for position in positions)


def _found(recall: "Interval | None") -> tuple[str, str, "Markup"]:
    """A recall with its interval's ends and its track."""
    value, ends = (None, "no interval") if recall is None else (recall.value, interval(recall))
    return percent(value), ends, interval_track(recall, kind="ours")
