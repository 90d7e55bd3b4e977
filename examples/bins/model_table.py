"""Figures of several models on the same bins, beside those of one constant answer, as JSON and as a page."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined

import discern
from discern.evaluating import Interval, evaluate_counts, evaluate_predictions
from examples.steps import StepFailed

_TEMPLATE = "models.html"


def figures_of_models(runs: Mapping[str, Path]) -> dict[str, Any]:
    """Return the figures of each run of `train`, and of always answering with the median quantity of its bins.

    Args:
        runs: folders of runs that held out the same bins, by the names of their models.

    Raises:
        StepFailed: they held out different bins.
    """
    answers = {name: discern.open_run(folder).answers.sort("path") for name, folder in runs.items()}
    first = next(iter(answers.values()))
    if not all(each.select("path", "label").equals(first.select("path", "label")) for each in answers.values()):
        raise StepFailed("The models were judged on different bins. Train all of them on the same parts.")
    labels = sorted(first["label"].unique(), key=int)
    truth = first["label"]
    models = [{"name": name} | figures(truth, each["answer"], labels) for name, each in answers.items()]
    median = str(int(np.percentile(truth.cast(pl.Int64).to_numpy(), 50, method="inverted_cdf")))
    constant = {"answer": median} | figures(truth, pl.Series([median] * len(truth)), labels)
    return {"bins": len(truth), "labels": labels, "models": models, "constant": constant}


def figures(truth: pl.Series, answers: pl.Series, labels: Sequence[str]) -> dict[str, Any]:
    """Return accuracy, errors, macro-F1, the report by class and the confusion matrix, true quantities in rows."""
    every = sorted({*labels, *answers}, key=int)
    place = {label: number for number, label in enumerate(every)}
    rows, given = (np.array([place[label] for label in each]) for each in (truth, answers))
    certain = np.eye(len(every), dtype=np.float32)[given]
    measured = evaluate_predictions(rows, certain, labels=every, groups=None)
    counts = evaluate_counts(rows, certain, labels=every, ordered=False)
    assert counts is not None
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
