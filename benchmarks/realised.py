"""Reported figures against what then happens: train on half of a pack by groups, apply to the other half.

The halves are drawn at random over groups within each class. On the first one everything happens as in
`discern train` with the default settings: split, fit, policy, prediction sets. Each reported figure is then compared
with the same figure of the fitted model on the second half:

* accuracy: the reported leak-free accuracy is right if the 95 % interval of the difference, by the groups of both
  halves, holds 0; without an interval on one side, its width is taken from the other;
* promise: broken if more of the accepted groups are wrong than the error limit;
* false rejection: share of known pictures that the unknown score rejects, against the nominal share;
* sets: share of prediction sets that contain the true label, against the nominal share, and their mean size. A set has
  at least one label, so the share cannot be below the accuracy. Beside them, if MAPIE is installed, its sets (split
  conformal, LAC score) from the same probabilities: as they are, some of them empty, and with the most probable label
  in place of the empty ones. MAPIE counts pictures; ours count groups.

Results are added to `out/realised.jsonl`, and draws that are there already are not repeated; delete it to start again.

Usage: python benchmarks/realised.py [PACK ...] [--draws 5]. Needs DISCERN_TEST_DATA (default ../shared/data).
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pack_features import CACHE, DATA, list_packs

from discern.bundle import label_sets
from discern.catalog import Catalog, scan
from discern.checking import conflicted
from discern.evaluating import Interval, evaluate_share
from discern.flow.prepare import extract_features
from discern.grouping import find_edges, form_groups
from discern.progress import silent
from discern.splitting import SplitConfig, make_split
from discern.splitting.group_counts import GroupCounts
from discern.splitting.random_parts import draw_parts
from discern.store import Rows
from discern.training import AcceptPolicy, TrainConfig, TrainingData, choose_policy, make_method

try:
    from peers.mapie_sets import mapie_sets
except ImportError:
    mapie_sets = None

OUT = Path(__file__).parent / "out"
RESULTS = OUT / "realised.jsonl"
HALVES = np.array([0.5, 0.5])
MAPIE = ("mapie_coverage", "mapie_size", "mapie_filled_coverage", "mapie_filled_size")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("packs", nargs="*")
    parser.add_argument("--draws", type=int, default=5)
    args = parser.parse_args()
    OUT.mkdir(exist_ok=True)
    packs = args.packs or list_packs()
    for name in packs:
        done = {row["draw"] for row in read_results() if row["pack"] == name}
        missing = [draw for draw in range(args.draws) if draw not in done]
        if missing:
            whole = WholePack(name)
            for draw in missing:
                with RESULTS.open("a") as file:
                    file.write(json.dumps({"pack": name, "draw": draw, **whole.compare(draw)}) + "\n")
    print_table([row for row in read_results() if row["pack"] in packs and row["draw"] < args.draws])


def read_results() -> list[dict[str, Any]]:
    return [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []


class WholePack:
    """Pack with its features and groups, to be dealt in halves."""

    def __init__(self, name: str) -> None:
        self.data = extract_features(scan(DATA / name, cache=CACHE), "lite0", cache=CACHE, progress=silent)
        self.group = form_groups(self.data.catalog, find_edges(self.data.catalog)).group

    def compare(self, draw: int) -> dict[str, Any]:
        """Train on one half, apply to the other, and return the reported and the realised figures."""
        own, other = self.deal(draw)
        data, config = self.half(own), TrainConfig(seed=draw, split=SplitConfig(seed=draw))
        edges = find_edges(data.catalog)
        split = make_split(
            data.catalog, form_groups(data.catalog, edges), config.split, exclude=conflicted(data.catalog, edges)
        )
        result = make_method(config).fit(data, split, checkpoints=OUT / "none", progress=silent)
        policy = choose_policy(data, split, result, config)
        held_out = result.held_out
        correct = held_out.probabilities.argmax(axis=1) == data.catalog.label_index[held_out.rows]
        reported = evaluate_share(
            correct, groups=split.group[held_out.rows], weights=data.weights(held_out.rows), seed=draw
        )
        realised = Realised(self, other, data.catalog.labels, result.head, result.t_unknown)
        return {
            "method": split.method,
            "pictures": len(own),
            **describe_accuracy(reported, realised.share(realised.correct, draw)),
            "promise": None if policy.thresholds.accept is None else realised.promise(policy),
            "rejected": realised.mean(~realised.known),
            "nominal_rejection": config.head.false_rejection,
            **realised.sets(label_sets(realised.probabilities, policy.thresholds.label_set)),
            **realised.peer_sets(held_out.probabilities, data.catalog.label_index[held_out.rows], config.coverage),
            "nominal_coverage": config.coverage,
        }

    def deal(self, draw: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of two random halves of the groups."""
        catalog = self.data.catalog
        rows = np.flatnonzero(catalog.label_index >= 0)
        counts = GroupCounts.of(catalog.label_index[rows], self.group[rows])
        half = draw_parts(counts, HALVES, seed=1000 + draw)[counts.group_of_row]
        return rows[half == 0], rows[half == 1]

    def half(self, rows: np.ndarray) -> TrainingData:
        """Return the training data of the given rows alone."""
        catalog, thumbs = self.data.catalog, self.data.catalog.thumbs
        chosen = thumbs.select(rows) if isinstance(thumbs, Rows) else thumbs[rows]
        return replace(
            self.data,
            catalog=replace(catalog, table=catalog.table[rows], thumbs=chosen),
            position=self.data.position[rows],
        )


class Realised:
    """Predictions of a fitted model for the other half."""

    def __init__(self, whole: WholePack, rows: np.ndarray, labels: tuple[str, ...], head: Any, limit: float) -> None:
        catalog: Catalog = whole.data.catalog
        truth = [catalog.labels[number] for number in catalog.label_index[rows]]
        rows = rows[np.isin(truth, labels)]
        self.truth = np.array([labels.index(catalog.labels[number]) for number in catalog.label_index[rows]])
        self.groups, self.weights = whole.group[rows], whole.data.weights(rows)
        features = whole.data.rows(rows)
        self.probabilities = head.probabilities(features)
        self.known = np.asarray(head.unknown_score(features) <= limit)
        self.correct = self.probabilities.argmax(axis=1) == self.truth

    def share(self, hits: np.ndarray, seed: int) -> Interval:
        return evaluate_share(hits, groups=self.groups, weights=self.weights, seed=seed)

    def mean(self, values: np.ndarray) -> float:
        return float(np.average(values, weights=self.weights))

    def promise(self, policy: AcceptPolicy) -> dict[str, float]:
        """Return the share of pictures that is accepted, and the share of accepted groups with an error."""
        accepted = self.known & (self.probabilities.max(axis=1) >= policy.thresholds.accept)
        groups = len(np.unique(self.groups[accepted]))
        wrong = len(np.unique(self.groups[accepted & ~self.correct]))
        share = self.mean(accepted)
        risk = policy.risk_control.risk
        return {"risk": risk, "share": share, "groups": groups, "wrong": wrong, "error": wrong / max(groups, 1)}

    def sets(self, sets: np.ndarray) -> dict[str, float]:
        return {
            "coverage": self.mean(sets[np.arange(len(sets)), self.truth]),
            "size": self.mean(sets.sum(axis=1)),
        }

    def peer_sets(self, held_out: np.ndarray, truth: np.ndarray, coverage: float) -> dict[str, float | None]:
        """Return coverage and size of MAPIE's sets, as they are and without empty ones; None without MAPIE."""
        if mapie_sets is None:
            return dict.fromkeys(MAPIE)
        sets = mapie_sets(held_out, truth, self.probabilities, coverage=coverage)
        filled = sets | (label_sets(self.probabilities, 1.0) & ~sets.any(axis=1, keepdims=True))
        return dict(zip(MAPIE, [*self.sets(sets).values(), *self.sets(filled).values()], strict=True))


def describe_accuracy(reported: Interval, realised: Interval) -> dict[str, Any]:
    """Return both accuracies, and whether the interval of their difference holds 0."""
    halves = [(each.high - each.low) / 2 for each in (reported, realised) if each.low is not None]
    reach = float(np.sqrt(2 * np.mean(np.square(halves)))) if halves else None
    difference = realised.value - reported.value
    return {
        "reported": reported.value,
        "realised": realised.value,
        "reach": reach,
        "right": None if reach is None else abs(difference) <= reach,
    }


def print_table(rows: list[dict[str, Any]]) -> None:
    print(
        f"{'pack':<26}{'draw':>5}{'reported':>10}{'realised':>10}{'+-':>7}{'accepted':>10}{'wrong':>7}{'rejected':>10}"
        f"{'sets':>14}{'MAPIE':>14}{'not empty':>14}"
    )
    for row in rows:
        reach = "-" if row["reach"] is None else f"{row['reach']:.1%}"
        promise = row["promise"] or {"share": 0.0, "error": 0.0}
        print(
            f"{row['pack']:<26}{row['draw']:>5}{row['reported']:>10.1%}{row['realised']:>10.1%}{reach:>7}"
            f"{promise['share']:>10.1%}{promise['error']:>7.1%}{row['rejected']:>10.1%}"
            f"{describe_sets(row, '')}{describe_sets(row, 'mapie_')}{describe_sets(row, 'mapie_filled_')}"
            f"{'' if row['right'] else '  accuracy off'}"
            f"{'  PROMISE BROKEN' if is_broken(row) else ''}"
        )
    promised = [row for row in rows if row["promise"]]
    print(f"\naccuracy right: {sum(bool(row['right']) for row in rows)} of {len(rows)}")
    print(f"promise broken: {sum(map(is_broken, rows))} of {len(promised)} that were made")
    for name, nominal in (("rejected", "nominal_rejection"), ("coverage", "nominal_coverage")):
        gaps = [row[name] - row[nominal] for row in rows]
        print(f"{name}: {np.mean([row[name] for row in rows]):.2%}, {np.mean(gaps):+.2%} of nominal")
    hard = [row for row in rows if row["realised"] < row["nominal_coverage"]]
    if hard:
        print(
            f"coverage where one label does not reach the nominal one: {np.mean([row['coverage'] for row in hard]):.2%}"
        )
    print(f"mean size of sets: {np.mean([row['size'] for row in rows]):.3f}")
    beside = [row for row in rows if row.get("mapie_size") is not None]
    if beside:
        mean = {key: np.mean([row[key] for row in beside]) for key in ("coverage", "size", *MAPIE)}
        print(f"beside MAPIE, {len(beside)} draws, coverage and size:{describe_sets(mean, '')}")
        print(f"MAPIE:{describe_sets(mean, 'mapie_')}; without empty sets:{describe_sets(mean, 'mapie_filled_')}")


def describe_sets(row: Mapping[str, Any], prefix: str) -> str:
    coverage, size = row.get(f"{prefix}coverage"), row.get(f"{prefix}size")
    return f"{'-':>14}" if coverage is None else f"{coverage:>8.1%}{size:>6.2f}"


def is_broken(row: dict[str, Any]) -> bool:
    promise = row["promise"]
    return promise is not None and promise["error"] > promise["risk"]


if __name__ == "__main__":
    main()
