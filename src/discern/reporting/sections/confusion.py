"""Functions that build the confusion matrix section of the report."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from discern.reporting.charts import heat_map
from discern.reporting.display_names import DisplayNames
from discern.reporting.formatting import count, percent

if TYPE_CHECKING:
    from markupsafe import Markup

    from discern.evaluating import Metrics

MAX_TABLE_CLASSES = 15


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Contents of the confusion matrix section of the report.

    For few classes it is a table; for many, a heat map and the data of its script.
    """

    labels: tuple[str, ...]
    table: tuple[tuple[tuple[str, float], ...], ...]
    chart: "Markup | None"
    cells: Mapping[str, Any]
    pairs: tuple[Mapping[str, Any], ...]


def describe_confusion(metrics: "Metrics", anchors: Mapping[str, str] | None = None) -> Confusion | None:
    """Build the confusion matrix section, or return None without a confusion matrix.

    Args:
        metrics: a run's metrics.
        anchors: ids of the class pages, by label.
    """
    if metrics.classification is None or not len(metrics.classification.confusion):
        return None
    labels, matrix = metrics.classification.labels, metrics.classification.confusion
    totals = np.maximum(matrix.sum(axis=1, keepdims=True), 1e-12)
    few = len(labels) <= MAX_TABLE_CLASSES
    table = tuple(
        tuple((count(round(number, 1)), float(share)) for number, share in zip(row, shares, strict=True))
        for row, shares in zip(matrix, matrix / totals, strict=True)
    )
    cells = {
        str(row): {str(column): matrix[row, column] for column in np.flatnonzero(matrix[row])}
        for row in range(len(matrix))
    }
    pairs = [
        {
            "truth": each.truth,
            "predicted": each.predicted,
            "count": count(each.count),
            "share": percent(each.share),
        }
        for each in metrics.classification.confused[: 8 if few else 20]
    ]
    return Confusion(
        labels=labels,
        table=table if few else (),
        chart=None if few else heat_map(matrix),
        cells={}
        if few
        else {
            "labels": [DisplayNames.from_metrics(metrics.names).text(label) for label in labels],
            "pages": [(anchors or {}).get(label) for label in labels],
            "cells": cells,
        },
        pairs=tuple(pairs),
    )
