"""Table of the predictions that an evaluation is computed from."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from discern.catalog import OTHER
from discern.flow.evaluate.decision_metrics import KnownPredictions, UnknownPredictions, decide
from discern.flow.evaluate.evaluator import Evaluation, Evaluator, SharedOutputs

COLUMNS: dict[str, pl.DataType] = {
    "model": pl.String(),
    "path": pl.String(),
    "label": pl.String(),
    "answer": pl.String(),
    "decision": pl.String(),
    "confidence": pl.Float32(),
    "unknown_score": pl.Float32(),
    "set_thresholds": pl.Boolean(),
}


def tabulate_evaluation(evaluator: Evaluator, evaluations: Sequence[Evaluation]) -> pl.DataFrame:
    """Return a table with one row for each model and picture, the evaluated model first.

    The columns are `model` (path of the bundle, or address), `path` in the source or in that of the negatives, `label`
    (`_other` for pictures of none of the classes), `answer` (the most probable label), `decision`, `confidence`,
    `unknown_score`, and `set_thresholds` (whether the picture set a threshold of a bundle, so that the metrics of its
    policy leave it out).
    """
    tables = []
    for each in evaluations:
        truth = np.array(each.model.rules.labels)[each.known.truth]
        tables.append(_table(each, _paths([evaluator.known]), each.known, truth, each.known.set_thresholds))
        if each.unknown is not None:
            size = len(each.unknown.scores)
            others = _table(each, _paths(evaluator.unknown), each.unknown, np.full(size, OTHER), np.zeros(size, bool))
            tables.append(others)
    return pl.concat(tables)


def _paths(outputs: Sequence[SharedOutputs]) -> list[str]:
    return [path for each in outputs for path in each.catalog.table["path"].gather(each.rows)]


def _table(
    evaluation: Evaluation,
    paths: list[str],
    predictions: KnownPredictions | UnknownPredictions,
    truth: np.ndarray,
    set_thresholds: np.ndarray,
) -> pl.DataFrame:
    rules, probabilities = evaluation.model.rules, predictions.probabilities
    return pl.DataFrame(
        {
            "model": [evaluation.model.of] * len(paths),
            "path": paths,
            "label": truth,
            "answer": np.array(rules.labels)[probabilities.argmax(axis=1)],
            "decision": decide(rules, probabilities, predictions.scores),
            "confidence": probabilities.max(axis=1),
            "unknown_score": predictions.scores,
            "set_thresholds": set_thresholds,
        },
        schema=COLUMNS,
    )
