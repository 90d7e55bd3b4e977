"""Functions that build what the training report, the evaluation page and the dataset page have in common."""

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from discern.reporting.charts import reliability_curve, score_histogram
from discern.reporting.gallery import Gallery
from discern.reporting.sections.confusion import describe_confusion
from discern.reporting.sections.count_results import describe_counts
from discern.reporting.sections.dataset import describe_dataset
from discern.reporting.sections.metric_tables import class_rows, metric_rows
from discern.reporting.sections.ordinal_results import describe_ordinal_results
from discern.reporting.sections.prediction_table import PredictionTable
from discern.reporting.sections.uncertainty import describe_sets, describe_unknown_detection

if TYPE_CHECKING:
    from discern.catalog import Catalog
    from discern.evaluating import Metrics

_MAX_UNREADABLE = 50


def data_context(catalog: "Catalog", gallery: Gallery, *, seed: int) -> dict[str, Any]:
    """Return the variables of the dataset section, with samples drawn by `seed`."""
    return {
        "dataset": describe_dataset(catalog, gallery, seed=seed),
        "unreadable": _unreadable(catalog),
        "fingerprint": catalog.fingerprint,
    }


def metrics_context(metrics: "Metrics", anchors: Mapping[str, str]) -> dict[str, Any]:
    """Return the variables of the sections on metrics.

    Args:
        metrics: metrics of predictions, of a training run or of an evaluation.
        anchors: ids of the class pages, by label.
    """
    bins = metrics.classification.calibration.bins if metrics.classification else ()
    return {
        "basis": metrics.classification,
        "metric_rows": metric_rows(metrics),
        "class_rows": class_rows(metrics),
        "confusion": describe_confusion(metrics, anchors),
        "counts": describe_counts(metrics),
        "bins": bins,
        "reliability": reliability_curve(bins) if bins else None,
        "prediction_sets": describe_sets(metrics),
        "unknown_detection": describe_unknown_detection(metrics),
    }


def predictions_context(
    predictions: PredictionTable, metrics: "Metrics", labels: tuple[str, ...], negative_scores: np.ndarray | None
) -> dict[str, Any]:
    """Return the variables of the sections on predictions.

    Args:
        predictions: the predictions.
        metrics: their metrics.
        labels: labels that the predictions refer to.
        negative_scores: float [M], unknown scores of the negatives; None without negatives.
    """
    scored = metrics.unknown.t_unknown is not None and bool(np.isfinite(predictions.unknown_score).any())
    return {
        "ordinal": describe_ordinal_results(metrics, predictions, labels),
        "wrong": int((predictions.predicted != predictions.truth).sum()),
        "predicted": len(predictions.rows),
        "unknown": metrics.unknown,
        "histogram": score_histogram(predictions.unknown_score, metrics.unknown.t_unknown, negatives=negative_scores)
        if scored
        else None,
    }


def format_provenance(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Format the inputs of a run as pairs of name and text, without those that are missing."""
    return [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1, default=str))
        for name, value in values.items()
        if value not in (None, "", {}, [])
    ]


def _unreadable(catalog: "Catalog") -> list[dict[str, str | None]]:
    """List the first unreadable files with their errors, without the path of the dataset folder."""
    columns = {name: catalog.table.get_column(name) for name in ("path", "error", "message")}
    files = [
        {name: column[int(row)] for name, column in columns.items()}
        for row in np.flatnonzero(~catalog.readable)[:_MAX_UNREADABLE]
    ]
    return [file | {"message": (file["message"] or "").replace(f"{catalog.root}{os.sep}", "")} for file in files]
