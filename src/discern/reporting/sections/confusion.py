"""Which classes are taken for which: a table of numbers for few classes, a map for many."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from discern.reporting.charts import heat_map
from discern.reporting.display_names import Names
from discern.reporting.formatting import count, percent

if TYPE_CHECKING:
    from markupsafe import Markup

    from discern.evaluating import Metrics

NUMBERS_UP_TO = 15


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """The confusion matrix: a table of numbers for few classes, a heat map with data for its script for many."""

    labels: tuple[str, ...]
    table: tuple[tuple[tuple[str, float], ...], ...]
    chart: "Markup | None"
    cells: Mapping[str, Any]
    pairs: tuple[Mapping[str, Any], ...]


def describe_confusion(metrics: "Metrics", anchors: Mapping[str, str] | None = None) -> Confusion | None:
    """The confusion matrix in the form that its size asks for.

    Args:
        metrics: a run's metrics.
        anchors: where the page of each class is, by label.
    """
    if metrics.classification is None or not len(metrics.classification.confusion):
        return None
    labels, matrix = metrics.classification.labels, metrics.classification.confusion
    totals = np.maximum(matrix.sum(axis=1, keepdims=True), 1e-12)
    few = len(labels) <= NUMBERS_UP_TO
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
            "labels": [Names.of(metrics.names).say(label) for label in labels],
            "pages": [(anchors or {}).get(label) for label in labels],
            "cells": cells,
        },
        pairs=tuple(pairs),
    )
