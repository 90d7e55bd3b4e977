"""Ordinal against nominal heads on ordered labels: ripeness of bananas, and the number of objects in a rendered bin.

Ordinal: heads selected by the mean absolute error of their median label, cumulative ones among the candidates.
Nominal: multinomial heads and their most probable label; also their median label. Constant: the median of all true
labels. Groups stay within a fold, and selection happens inside the training folds; intervals resample groups. Repeated
with 10 training pictures per label.

Usage: python benchmarks/ordinal_labels.py [--pictures 1500]. Needs DISCERN_TEST_DATA (default ../shared/data).
"""

import argparse
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rendered_bins import LARGEST_COUNT, write_bins

from discern.bundle.prediction_sets import median_label
from discern.checking import conflicted
from discern.evaluating import evaluate_ordinal, paired_difference
from discern.flow.prepare import PrepareConfig, prepare
from discern.flow.run import Run
from discern.heads import CrossFit, HeadConfig, HeadFitter
from discern.splitting import cross_split
from discern.store import Rows

DATA = Path(os.environ.get("DISCERN_TEST_DATA", "../shared/data"))
OUT = Path(__file__).parent / "out"
CACHE = OUT / "cache"
RIPENESS = ("green", "ripe", "overripe")
ORDERED = {"nominal": False, "ordinal": True}
ROUNDS, DRAWS, FEW = 2, 5, 10


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """N pictures with folds for cross-validation.

    Attributes:
        features: float32 `[N, D]`.
        blocks: name -> columns of a block of features.
        truth: int `[N]`, positions in the order of the labels.
        group: int `[N]`; pictures of one group share a fold.
        fold: int `[N]`.
        left_out: fold -> positions excluded from training while it is the test fold.
        fit_weights: float64 `[N]`, weights for fitting.
        metric_weights: float64 `[N]`, weights for metrics: copies of one picture sum to 1.
    """

    features: Rows
    blocks: Mapping[str, tuple[int, int]]
    truth: np.ndarray
    group: np.ndarray
    fold: np.ndarray
    left_out: Mapping[int, np.ndarray]
    fit_weights: np.ndarray
    metric_weights: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=1500, help="number of rendered bins")
    args = parser.parse_args()
    sets = {"banana_ripeness": (DATA / "banana_ripeness", RIPENESS), "rendered_bins": render(args.pictures)}
    rows = []
    for name, (folder, order) in sets.items():
        rows.append({"set": name, **evaluate(load_dataset(folder, order), order)})
        print_row(rows[-1])
    OUT.mkdir(exist_ok=True)
    (OUT / "ordinal_labels.json").write_text(json.dumps(rows, indent=1))


def render(count: int) -> tuple[Path, tuple[str, ...]]:
    """Render the bins unless they exist; return their folder and labels."""
    folder = OUT / f"bins-{count}"
    if len(list(folder.glob("*/*.jpg"))) != count:
        write_bins(folder, count)
    return folder, tuple(str(number) for number in range(1, LARGEST_COUNT + 1))


def load_dataset(folder: Path, order: tuple[str, ...]) -> Dataset:
    """Extract features, group the pictures, and assign the groups to folds, as training does."""
    config = PrepareConfig.of(folder, fixes=None, backbone="lite0")
    with tempfile.TemporaryDirectory() as workdir:
        run = Run.create(config.source, name=None, runs=workdir, resume=False, config=config.to_json())
        with run.locked():
            prepared = prepare(run, config, cache=CACHE, progress=lambda *_: None)
    data, catalog = prepared.data, prepared.catalog
    split = cross_split(catalog, prepared.groups, exclude=conflicted(catalog, prepared.edges))
    rows = np.flatnonzero(split.train)
    position = np.full(len(split.fold), -1)
    position[rows] = np.arange(len(rows))
    return Dataset(
        features=data.rows(rows),
        blocks=data.backbone.blocks,
        truth=np.array([order.index(label) for label in catalog.labels])[catalog.label_index[rows]],
        group=split.group[rows],
        fold=split.fold[rows],
        left_out={fold: position[left][position[left] >= 0] for fold, left in split.left_out.items()},
        fit_weights=data.training_weights(rows, split.group[rows]),
        metric_weights=data.weights(rows),
    )


def evaluate(data: Dataset, order: tuple[str, ...]) -> dict[str, Any]:
    cross_fits, seconds = {}, {name: [] for name in ORDERED}
    for _ in range(ROUNDS):
        for name, ordered in ORDERED.items():
            start = time.process_time()
            cross_fits[name] = cross_fit(data, len(order), ordered=ordered)
            seconds[name].append(time.process_time() - start)
    test = data.fold >= 0
    truth, group, weights = data.truth[test], data.group[test], data.metric_weights[test]
    probabilities = {key: fit.probabilities[test] for key, fit in cross_fits.items()}
    predictions = {
        "ordinal": median_label(probabilities["ordinal"]),
        "nominal": probabilities["nominal"].argmax(axis=1),
        "nominal, median": median_label(probabilities["nominal"]),
    }
    predictions["constant"] = np.full(
        len(truth), evaluate_ordinal(truth, predictions["ordinal"], weights=weights).median
    )
    return {
        "pictures": len(truth),
        "groups": len(np.unique(group)),
        "labels": order,
        "metrics": {name: metrics(truth, predicted, group, weights) for name, predicted in predictions.items()},
        "gain_over_constant": error_difference(truth, predictions["constant"], predictions["ordinal"], group, weights),
        "ordinal_minus_nominal": error_difference(
            truth, predictions["ordinal"], predictions["nominal"], group, weights
        ),
        "chosen": {key: Counter(choice["head"] for choice in cross_fits[key].chosen) for key in cross_fits},
        "inner": [{"mae": choice["mae"], "log_loss": choice["log_loss"]} for choice in cross_fits["ordinal"].chosen],
        "few": few_shot(data, len(order)),
        "processor_seconds": {key: min(taken) for key, taken in seconds.items()},
    }


def cross_fit(data: Dataset, classes: int, *, ordered: bool) -> CrossFit:
    return HeadFitter(
        data.features,
        data.truth,
        data.fold,
        classes=classes,
        blocks=data.blocks,
        left_out=data.left_out,
        weights=data.fit_weights,
        config=HeadConfig(ordered=ordered),
    ).cross_fit()


def few_shot(data: Dataset, classes: int) -> dict[str, float]:
    """Return the mean absolute errors on the other groups after training on 10 pictures per label."""
    errors: dict[str, list[float]] = {name: [] for name in ORDERED}
    for draw in range(DRAWS):
        order, rank = np.random.default_rng(draw).permutation(len(data.truth)), np.empty(len(data.truth), int)
        for label in range(classes):
            of_label = order[data.truth[order] == label]
            rank[of_label] = np.arange(len(of_label))
        rows = np.flatnonzero(rank < FEW)
        test = np.flatnonzero(~np.isin(data.group, data.group[rows]))
        for name, ordered in ORDERED.items():
            fitter = HeadFitter(
                data.features[rows],
                data.truth[rows],
                rank[rows] % 5,
                classes=classes,
                blocks=data.blocks,
                score_unknown=False,
                config=HeadConfig(ordered=ordered),
            )
            predicted = fitter.fit_head().probabilities(data.features[test])
            predictions = median_label(predicted) if ordered else predicted.argmax(axis=1)
            errors[name].append(
                float(np.average(np.abs(predictions - data.truth[test]), weights=data.metric_weights[test]))
            )
    return {name: float(np.mean(distances)) for name, distances in errors.items()}


def metrics(truth: np.ndarray, predicted: np.ndarray, group: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    accuracy = float(np.average(predicted == truth, weights=weights))
    return evaluate_ordinal(truth, predicted, groups=group, weights=weights).to_json() | {"accuracy": accuracy}


def error_difference(
    truth: np.ndarray, first: np.ndarray, second: np.ndarray, group: np.ndarray, weights: np.ndarray
) -> dict[str, Any]:
    """Return the paired difference of two absolute errors, in labels, with its interval."""
    largest = max(int(np.abs(predicted - truth).max()) for predicted in (first, second)) or 1
    shares = (np.abs(predicted - truth) / largest for predicted in (first, second))
    metric = paired_difference(*shares, groups=group, weights=weights).to_json()
    return {key: metric[key] * largest if isinstance(metric[key], float) else metric[key] for key in metric}


def print_row(row: dict[str, Any]) -> None:
    print(f"\n{row['set']}: {row['pictures']} pictures, {row['groups']} groups, {' < '.join(row['labels'])}")
    print(f"{'':<18}{'MAE':<22}{'RMSE':<22}{'kappa':<22}{'within one':<22}accuracy")
    for name, predicted in row["metrics"].items():
        cells = (format_interval(predicted[key]) for key in ("mae", "rmse", "quadratic_kappa", "within_one"))
        print(f"{name:<18}{''.join(f'{cell:<22}' for cell in cells)}{predicted['accuracy']:.3f}")
    print(f"gain over constant (MAE) {format_interval(row['gain_over_constant'])}")
    print(f"ordinal minus nominal (MAE) {format_interval(row['ordinal_minus_nominal'])}")
    print(f"{FEW} training pictures per label (MAE): {row['few']}")
    plain, ordered = (row["processor_seconds"][name] for name in ORDERED)
    print(f"CPU: nominal {plain:.1f} s, ordinal {ordered:.1f} s ({ordered / plain:.2f} times)")
    print("chosen:", {name: dict(heads) for name, heads in row["chosen"].items()}, flush=True)


def format_interval(metric: dict[str, Any]) -> str:
    if metric["value"] is None or metric["low"] is None:
        return "-" if metric["value"] is None else f"{metric['value']:.3f}"
    return f"{metric['value']:.3f} [{metric['low']:.3f}, {metric['high']:.3f}]"


if __name__ == "__main__":
    main()
