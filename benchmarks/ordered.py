"""Labels whose order means something: ripeness of bananas, and how many things lie in a rendered bin.

Ordinal: heads chosen by the distance of their median label, cumulative ones among them. Nominal: the multinomial heads
as they are without an order, and their most probable label; beside it their median label. Constant: the median of all
truths, whatever the picture. Folds hold whole groups, every choice is made inside them; intervals resample groups.
Once more with 10 pictures a label to learn from.

Usage: python benchmarks/ordered.py [--bins 1500]. Needs DISCERN_TEST_DATA (default ../shared/data).
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
from bins import MOST, write_bins

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
WAYS = {"nominal": False, "ordinal": True}
ROUNDS, DRAWS, FEW = 2, 5, 10


@dataclass(frozen=True, kw_only=True)
class Seen:
    """N pictures to learn from and to be judged on in turn.

    Attributes:
        features: float32 `[N, D]`.
        blocks: of the features.
        truth: int `[N]`, places in the order of the labels.
        group: int `[N]`, which pictures share a fold.
        fold: int `[N]`.
        left_out: fold -> positions not to be learned from while it is judged.
        learning: float64 `[N]`, what each picture counts in a fit.
        judging: float64 `[N]`, what each counts in the figures: copies of one share 1.
    """

    features: Rows
    blocks: Mapping[str, tuple[int, int]]
    truth: np.ndarray
    group: np.ndarray
    fold: np.ndarray
    left_out: Mapping[int, np.ndarray]
    learning: np.ndarray
    judging: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--bins", type=int, default=1500)
    asked = parser.parse_args()
    sets = {"banana_ripeness": (DATA / "banana_ripeness", RIPENESS), "rendered_bins": render(asked.bins)}
    rows = []
    for name, (folder, order) in sets.items():
        rows.append({"set": name, **measure(look(folder, order), order)})
        show(rows[-1])
    OUT.mkdir(exist_ok=True)
    (OUT / "ordered.json").write_text(json.dumps(rows, indent=1))


def render(count: int) -> tuple[Path, tuple[str, ...]]:
    """Bins, rendered once and kept."""
    folder = OUT / f"bins-{count}"
    if len(list(folder.glob("*/*.jpg"))) != count:
        write_bins(folder, count)
    return folder, tuple(str(number) for number in range(1, MOST + 1))


def look(folder: Path, order: tuple[str, ...]) -> Seen:
    """See pictures, group them, and deal the groups to folds, as a training does."""
    config = PrepareConfig.of(folder, fixes=None, backbone="lite0")
    with tempfile.TemporaryDirectory() as desk:
        run = Run.create(config.source, name=None, runs=desk, resume=False, config=config.to_json())
        with run.locked():
            prepared = prepare(run, config, cache=CACHE, progress=lambda *_: None)
    material, catalog = prepared.data, prepared.catalog
    split = cross_split(catalog, prepared.groups, exclude=conflicted(catalog, prepared.edges))
    rows = np.flatnonzero(split.train)
    place = np.full(len(split.fold), -1)
    place[rows] = np.arange(len(rows))
    return Seen(
        features=material.rows(rows),
        blocks=material.backbone.blocks,
        truth=np.array([order.index(label) for label in catalog.labels])[catalog.label_index[rows]],
        group=split.group[rows],
        fold=split.fold[rows],
        left_out={fold: place[left][place[left] >= 0] for fold, left in split.left_out.items()},
        learning=material.training_weights(rows, split.group[rows]),
        judging=material.weights(rows),
    )


def measure(seen: Seen, order: tuple[str, ...]) -> dict[str, Any]:
    crossed, seconds = {}, {name: [] for name in WAYS}
    for _ in range(ROUNDS):
        for name, ordered in WAYS.items():
            start = time.process_time()
            crossed[name] = cross(seen, len(order), ordered=ordered)
            seconds[name].append(time.process_time() - start)
    judged = seen.fold >= 0
    truth, group, mass = seen.truth[judged], seen.group[judged], seen.judging[judged]
    probabilities = {key: some.probabilities[judged] for key, some in crossed.items()}
    answers = {
        "ordinal": median_label(probabilities["ordinal"]),
        "nominal": probabilities["nominal"].argmax(axis=1),
        "nominal, median": median_label(probabilities["nominal"]),
    }
    answers["constant"] = np.full(len(truth), evaluate_ordinal(truth, answers["ordinal"], weights=mass).median)
    return {
        "pictures": len(truth),
        "groups": len(np.unique(group)),
        "labels": order,
        "figures": {name: figures(truth, given, group, mass) for name, given in answers.items()},
        "gain_over_constant": further(truth, answers["constant"], answers["ordinal"], group, mass),
        "ordinal_minus_nominal": further(truth, answers["ordinal"], answers["nominal"], group, mass),
        "chosen": {key: Counter(choice["head"] for choice in crossed[key].chosen) for key in crossed},
        "inner": [{"mae": choice["mae"], "log_loss": choice["log_loss"]} for choice in crossed["ordinal"].chosen],
        "few": few(seen, len(order)),
        "processor_seconds": {key: min(taken) for key, taken in seconds.items()},
    }


def cross(seen: Seen, classes: int, *, ordered: bool) -> CrossFit:
    return HeadFitter(
        seen.features,
        seen.truth,
        seen.fold,
        classes=classes,
        blocks=seen.blocks,
        left_out=seen.left_out,
        weights=seen.learning,
        config=HeadConfig(ordered=ordered),
    ).cross_fit()


def few(seen: Seen, classes: int) -> dict[str, float]:
    """Mean distances of both with 10 pictures a label to learn from, on the others; groups on one side."""
    off: dict[str, list[float]] = {name: [] for name in WAYS}
    for draw in range(DRAWS):
        order, rank = np.random.default_rng(draw).permutation(len(seen.truth)), np.empty(len(seen.truth), int)
        for label in range(classes):
            mine = order[seen.truth[order] == label]
            rank[mine] = np.arange(len(mine))
        rows = np.flatnonzero(rank < FEW)
        judged = np.flatnonzero(~np.isin(seen.group, seen.group[rows]))
        for name, ordered in WAYS.items():
            fitter = HeadFitter(
                seen.features[rows],
                seen.truth[rows],
                rank[rows] % 5,
                classes=classes,
                blocks=seen.blocks,
                score_unknown=False,
                config=HeadConfig(ordered=ordered),
            )
            given = fitter.fit_head().probabilities(seen.features[judged])
            answers = median_label(given) if ordered else given.argmax(axis=1)
            off[name].append(float(np.average(np.abs(answers - seen.truth[judged]), weights=seen.judging[judged])))
    return {name: float(np.mean(distances)) for name, distances in off.items()}


def figures(truth: np.ndarray, given: np.ndarray, group: np.ndarray, mass: np.ndarray) -> dict[str, Any]:
    right = float(np.average(given == truth, weights=mass))
    return evaluate_ordinal(truth, given, groups=group, weights=mass).to_json() | {"accuracy": right}


def further(
    truth: np.ndarray, one: np.ndarray, other: np.ndarray, group: np.ndarray, mass: np.ndarray
) -> dict[str, Any]:
    """How much further from the truth one answer is than the other, in labels, paired, with its interval."""
    longest = max(int(np.abs(given - truth).max()) for given in (one, other)) or 1
    shares = (np.abs(given - truth) / longest for given in (one, other))
    figure = paired_difference(*shares, groups=group, weights=mass).to_json()
    return {key: figure[key] * longest if isinstance(figure[key], float) else figure[key] for key in figure}


def show(row: dict[str, Any]) -> None:
    print(f"\n{row['set']}: {row['pictures']} pictures, {row['groups']} groups, {' < '.join(row['labels'])}")
    print(f"{'':<18}{'MAE':<22}{'RMSE':<22}{'kappa':<22}{'within one':<22}accuracy")
    for name, given in row["figures"].items():
        cells = (span(given[key]) for key in ("mae", "rmse", "quadratic_kappa", "within_one"))
        print(f"{name:<18}{''.join(f'{cell:<22}' for cell in cells)}{given['accuracy']:.3f}")
    print(f"gain over constant (MAE) {span(row['gain_over_constant'])}")
    print(f"ordinal minus nominal (MAE) {span(row['ordinal_minus_nominal'])}")
    print(f"{FEW} a label to learn from (MAE): {row['few']}")
    plain, ordered = (row["processor_seconds"][name] for name in WAYS)
    print(f"processor: {plain:.1f} s, ordered {ordered:.1f} s ({ordered / plain:.2f} times)")
    print("chosen:", {name: dict(heads) for name, heads in row["chosen"].items()}, flush=True)


def span(figure: dict[str, Any]) -> str:
    if figure["value"] is None or figure["low"] is None:
        return "-" if figure["value"] is None else f"{figure['value']:.3f}"
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


if __name__ == "__main__":
    main()
