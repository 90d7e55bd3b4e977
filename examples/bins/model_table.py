"""Figures of several models on the same bins, beside those of one constant answer, as JSON and as a page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined

import discern
from discern.evaluating import (
    ClassificationMetrics,
    CountMetrics,
    Interval,
    Metrics,
    evaluate_counts,
    evaluate_predictions,
)
from examples.steps import StepFailed

_TEMPLATE = "models.html"


def figures_of_models(runs: Mapping[str, Path]) -> dict[str, Any]:
    """Return the figures of each run of `train`, and of always answering with the median quantity of its bins.

    The errors of a model that knows the order are those of its median, which is its `order_value`.

    Args:
        runs: folders of runs that held out the same bins, by the names of their models.

    Raises:
        StepFailed: they held out different bins.
    """
    opened = {name: discern.open_run(folder) for name, folder in runs.items()}
    first, *others = (each.answers.sort("path").select("path", "label") for each in opened.values())
    if not all(each.equals(first) for each in others):
        raise StepFailed("The models were judged on different bins. Train all of them on the same parts.")
    models = []
    for name, run in opened.items():
        metrics = run.metrics
        assert isinstance(metrics, Metrics)
        models.append({"name": name} | figures(metrics.classification, metrics.counts))
    labels = [each["label"] for each in models[0]["per_class"]]
    return {
        "bins": len(first),
        "labels": labels,
        "models": models,
        "constant": constant_figures(first["label"], labels),
    }


def constant_figures(truth: pl.Series, labels: Sequence[str]) -> dict[str, Any]:
    """Return the figures of always answering with the median of some quantities, and this `answer`."""
    rows = np.array([labels.index(each) for each in truth])
    median = int(np.percentile(truth.cast(pl.Int64).to_numpy(), 50, method="inverted_cdf"))
    certain = np.zeros((len(rows), len(labels)), np.float32)
    certain[:, labels.index(str(median))] = 1
    measured = evaluate_predictions(rows, certain, labels=labels, groups=np.arange(len(rows)))
    return {"answer": str(median)} | figures(measured, evaluate_counts(rows, certain, labels=labels, ordered=False))


def figures(measured: ClassificationMetrics | None, counts: CountMetrics | None) -> dict[str, Any]:
    """Return accuracy, errors, macro-F1, the report by class and the confusion matrix, true quantities in rows.

    Raises:
        StepFailed: the labels are not numbers.
    """
    if measured is None or counts is None:
        raise StepFailed(
            "The labels of the bins are not numbers. Pass bins that are listed by their number of objects."
        )
    return {
        "accuracy": plain(measured.accuracy),
        "rmse": plain(counts.rmse),
        "mae": plain(counts.mae),
        "macro_f1": plain(measured.macro_f1),
        "per_class": [
            {
                "label": each.label,
                "precision": each.precision,
                "recall": each.recall.value,
                "f1": each.f1,
                "support": each.support,
            }
            for each in measured.per_class
        ],
        "confusion": measured.confusion.astype(int).tolist(),
    }


def plain(interval: Interval) -> dict[str, float | None]:
    """Return the value of an interval and its ends."""
    return {"value": interval.value, "low": interval.low, "high": interval.high}


def write_model_page(path: Path, table: Mapping[str, Any], compared: Mapping[str, Any], *, data: str) -> Path:
    """Write the page of the figures and of the paired differences, and return its path.

    Args:
        path: HTML file.
        table: as `figures_of_models` returns it.
        compared: as `discern compare --json` prints it.
        data: origin of the pictures, which the page states.
    """
    names = {row["run"]: row["name"] for row in compared["rows"]}
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"number": _number, "interval": _interval}
    page = environment.get_template(_TEMPLATE).render(table=table, compared=compared, names=names, data=data)
    path.write_text(page, encoding="utf-8")
    return path


def _number(value: float | None, places: int = 3) -> str:
    return "-" if value is None else f"{value:.{places}f}"


def _interval(value: Mapping[str, float | None]) -> str:
    ends = (value["low"], value["high"])
    return "too few bins" if None in ends else " to ".join(map(_number, ends))
