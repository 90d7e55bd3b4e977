"""Our logistic regression against scikit-learn's: time and objective on the same principal directions.

Usage: python benchmarks/logistic_regression.py [PACK ...]. Needs DISCERN_TEST_DATA (default ../shared/data).
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from pack_features import DATA, load_pack
from sklearn.linear_model import LogisticRegression

from discern.heads.feature_space import FeatureSpace
from discern.heads.logistic import fit_logistic
from discern.parallel import single_threaded_blas

PACKS = ("trashnet", "fruits360_varieties", "clothing_small")
STRENGTH = 10.0
STAGE_SCALE = 0.7
REPEATS = 3


def main() -> None:
    for name in sys.argv[1:] or PACKS:
        pack = load_pack(DATA / name, limit=2000)
        spans = list(pack.blocks.values())
        space = FeatureSpace(pack.features, spans, [1.0, *[STAGE_SCALE] * (len(spans) - 1)])
        rows = np.asarray(space.rows(np.arange(len(pack.labels))), np.float64)
        print(f"{name}: {compare(rows, pack.labels)}", flush=True)


def compare(rows: np.ndarray, labels: np.ndarray) -> str:
    weights, classes = np.ones(len(rows)), int(labels.max()) + 1
    with single_threaded_blas():
        ours, linear = timed(lambda: fit_logistic(rows, labels, weights, classes=classes, strength=STRENGTH))
        theirs, model = timed(lambda: LogisticRegression(C=STRENGTH, max_iter=1000).fit(rows, labels))
    lower = 1 - objective(rows, labels, linear.weight, linear.bias) / objective(
        rows, labels, model.coef_.T, model.intercept_
    )
    return f"{rows.shape}, {classes} classes, {theirs / ours:.1f} times as fast, objective lower by {lower:.4%}"


def timed(fit: Callable[[], Any]) -> tuple[float, Any]:
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        fitted = fit()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds)), fitted


def objective(rows: np.ndarray, labels: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> float:
    """Log loss plus penalty, as both minimise it."""
    logits = rows @ weight + bias
    logits -= logits.max(axis=1, keepdims=True)
    loss = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(labels)), labels]
    return float(loss.sum() + (weight**2).sum() / (2 * STRENGTH))


if __name__ == "__main__":
    main()
