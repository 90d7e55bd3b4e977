"""Functions that build the ordinal classification section of the report."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from discern.bundle import median_label
from discern.reporting.charts import paired_bars
from discern.reporting.formatting import interval_text, percent, plural, two_decimals
from discern.reporting.sections.mean_distances import MeanDistance, compare_distances, describe_gain
from discern.reporting.sections.prediction_table import PredictionTable

if TYPE_CHECKING:
    from markupsafe import Markup

    from discern.evaluating import Metrics, OrderedLabelMetrics

_FARTHEST = 4


@dataclass(frozen=True, kw_only=True)
class DistanceShare:
    """Share of ordinal predictions at one signed distance from the truth.

    It is given for the classifier and for the constant prediction.
    """

    name: str
    share: str
    constant: str
    bar: "Markup"


@dataclass(frozen=True, kw_only=True)
class OrdinalResults:
    """Contents of the ordinal classification section of the report."""

    labels: tuple[str, ...]
    constant: str
    mean_distances: tuple[MeanDistance, ...]
    end: str
    gain: str
    within_one: str
    metrics: tuple[tuple[str, str, str, str], ...]
    distances: tuple[DistanceShare, ...]


def describe_ordinal_results(
    metrics: "Metrics", predictions: PredictionTable, labels: tuple[str, ...]
) -> OrdinalResults | None:
    """Build the ordinal classification section, or return None if the classes have no order.

    Args:
        metrics: a run's metrics.
        predictions: held-out predictions.
        labels: labels of the catalog, indexed by `predictions`.
    """
    measured = metrics.ordered
    if measured is None or measured.mae.value is None:
        return None
    distances = compare_distances(measured.mae, measured.constant_mae)
    ordered = measured.labels or labels
    return OrdinalResults(
        labels=ordered,
        constant=measured.constant or "",
        mean_distances=distances.lines,
        end=distances.end,
        gain=describe_gain(measured.gain, unit="step"),
        within_one=percent(measured.within_one.value),
        metrics=_further_metrics(measured),
        distances=_distances(predictions, ordered, labels, measured.constant),
    )


def _further_metrics(measured: "OrderedLabelMetrics") -> tuple[tuple[str, str, str, str], ...]:
    rows = (
        (measured.within_one, "At most one step off", percent, "correct, or a neighbouring class"),
        (measured.rmse, "Root mean squared error", two_decimals, "in steps; large errors weigh more; 0 is best"),
        (
            measured.quadratic_kappa,
            "Agreement beyond chance",
            two_decimals,
            "quadratic weighted kappa; 1 is best, 0 is chance",
        ),
    )
    return tuple(
        (name, number(metric.value), interval_text(metric, number), meaning)
        for metric, name, number, meaning in rows
        if metric.value is not None
    )


def _distances(
    predictions: PredictionTable, ordered: tuple[str, ...], labels: tuple[str, ...], constant: str | None
) -> tuple[DistanceShare, ...]:
    """Compute a histogram of signed distances that counts larger ones in its outer bins."""
    if set(ordered) != set(labels) or not len(predictions.rows):
        return ()
    columns = np.array([labels.index(label) for label in ordered])
    rank = np.argsort(columns)
    truth = rank[predictions.truth]
    distance = median_label(predictions.probabilities[:, columns]) - truth
    always = ordered.index(constant) - truth if constant in ordered else None
    farthest = int(min(_FARTHEST, max(1, np.abs(distance).max())))
    rows = []
    for step in range(-farthest, farthest + 1):
        share = float(np.mean(distance.clip(-farthest, farthest) == step))
        baseline = None if always is None else float(np.mean(always.clip(-farthest, farthest) == step))
        rows.append(
            DistanceShare(
                name=_step(step, beyond=abs(step) == farthest < len(ordered) - 1),
                share=percent(share),
                constant=percent(baseline),
                bar=paired_bars(share, baseline or 0.0),
            )
        )
    return tuple(rows)


def _step(step: int, *, beyond: bool) -> str:
    if not step:
        return "correct"
    return f"{plural(abs(step), 'step')}{' or more' if beyond else ''} {'too high' if step > 0 else 'too low'}"
