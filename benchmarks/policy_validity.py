"""Error rate of the accept policy at 5 % and coverage of prediction sets, on held-out real pictures.

The classifier is fixed: logistic regression on all feature blocks, with one temperature. In each of 100 draws, groups
are assigned to parts, stratified by class:

* held-out: the head is fitted on 60 % of the pictures, the thresholds on 20 %, and the last 20 % test them;
* cross-fitted: the thresholds are fitted on five-fold predictions for 80 %, the head is refitted on these, 20 % test.

A violation is a draw in which the error rate over the accepted groups of the test part is above the limit. Test parts
are small, so many violations are chance: `wrong` is the error rate over all draws together.

Usage: python benchmarks/policy_validity.py [PACK ...] [--draws 100]. Needs DISCERN_TEST_DATA (default ../shared/data).
"""

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pack_features import DATA, Pack, load_pack

from discern.bundle.heads import softmax
from discern.bundle.prediction_sets import label_sets
from discern.heads import fit_prediction_sets, fit_risk_control
from discern.heads.feature_space import FeatureSpace
from discern.heads.logistic import fit_logistic
from discern.heads.temperature import fit_temperature
from discern.parallel import parallel_map
from discern.splitting.folds import assign_folds

OUT = Path(__file__).parent / "out"
PACKS = ("banana_ripeness", "clothing_small", "trashnet", "hymenoptera")
RISK, COVERAGE = 0.05, (0.8, 0.9, 0.95)
PARTS = {"held-out": (0.6, 0.2, 0.2), "cross-fitted": (0.8, 0.2)}
STRENGTH, FOLDS = 10.0, 5


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("packs", nargs="*")
    parser.add_argument("--draws", type=int, default=100)
    args = parser.parse_args()
    print(
        f"{'pack':<18}{'basis':<14}{'groups':>8}{'accuracy':>10}{'share':>8}"
        f"{'no policy':>11}{'wrong':>8}{'violated':>10}  sets"
    )
    rows = []
    for name in args.packs or PACKS:
        trial = Trial(load_pack(DATA / name, limit=None))
        for basis in PARTS:
            rows.append({"pack": name, **trial.run(basis, args.draws)})
            print(format_row(rows[-1]), flush=True)
    OUT.mkdir(exist_ok=True)
    (OUT / "policy_validity.json").write_text(json.dumps({"risk": RISK, "draws": args.draws, "rows": rows}, indent=1))


class Trial:
    """Repeated random splits of one pack."""

    def __init__(self, pack: Pack) -> None:
        self.labels, self.groups = pack.labels, pack.group
        spans = tuple(pack.blocks.values())
        self.space = FeatureSpace(pack.features, spans, (1.0, *[0.7] * (len(spans) - 1)))
        self.classes = int(self.labels.max()) + 1
        everything = np.arange(len(self.labels))
        logits = self.out_of_fold_logits(everything, seed=0)
        present = np.ones_like(logits, bool)
        self.temperature = fit_temperature(logits, self.labels, np.ones(len(logits)), present)

    def run(self, basis: str, draws: int) -> dict[str, Any]:
        """Return the mean results over the draws."""
        results = list(parallel_map([partial(self.draw, basis, seed) for seed in range(draws)]))
        accepted, wrong = np.array([result["accepted"] for result in results]).T
        test_groups = np.array([result["test_groups"] for result in results])
        return {
            "basis": basis,
            "groups": float(np.mean([result["groups"] for result in results])),
            "accuracy": float(np.mean([result["accuracy"] for result in results])),
            "share": float(np.mean(accepted / test_groups)),
            "no_policy": float(np.mean([result["no_policy"] for result in results])),
            "wrong": float(wrong.sum() / accepted.sum()) if accepted.any() else None,
            "pictures_wrong": mean([result["pictures_wrong"] for result in results]),
            "violated": float(np.mean(wrong > RISK * accepted)),
            "sets": {
                str(nominal): {
                    "coverage": float(np.mean([result["sets"][nominal][0] for result in results])),
                    "size": float(np.mean([result["sets"][nominal][1] for result in results])),
                }
                for nominal in COVERAGE
            },
        }

    def draw(self, basis: str, seed: int) -> dict[str, Any]:
        """Fit the head and the thresholds, and test them."""
        part = assign_folds(self.labels, self.groups, PARTS[basis], seed=seed)
        train, test = np.flatnonzero(part == 0), np.flatnonzero(part == part.max())
        tuning = train if basis == "cross-fitted" else np.flatnonzero(part == 1)
        head = self.fit(train)
        cross_fitted = basis == "cross-fitted"
        logits = self.out_of_fold_logits(train, seed) if cross_fitted else head.logits(self.space.rows(tuning))
        tuning_probabilities = self.probabilities_of(logits)
        test_probabilities = self.probabilities_of(head.logits(self.space.rows(test)))
        truth, correct = self.labels[tuning], tuning_probabilities.argmax(axis=1) == self.labels[tuning]
        policy = fit_risk_control(tuning_probabilities.max(axis=1), correct, groups=self.groups[tuning], risk=RISK)
        sets = {}
        for nominal in COVERAGE:
            level = fit_prediction_sets(tuning_probabilities, truth, groups=self.groups[tuning], coverage=nominal)
            sets_at_level = label_sets(test_probabilities, level)
            contains_truth = sets_at_level[np.arange(len(test)), self.labels[test]]
            sets[nominal] = (self.by_group(contains_truth, test), self.by_group(sets_at_level.sum(axis=1), test))
        correct = test_probabilities.argmax(axis=1) == self.labels[test]
        accepted = test_probabilities.max(axis=1) >= (2.0 if policy.t_accept is None else policy.t_accept)
        wrong = len(np.unique(self.groups[test[accepted & ~correct]]))
        return {
            "groups": len(np.unique(self.groups[tuning])),
            "no_policy": policy.t_accept is None,
            "accepted": (len(np.unique(self.groups[test[accepted]])), wrong),
            "test_groups": len(np.unique(self.groups[test])),
            "pictures_wrong": float(np.mean(~correct[accepted])) if accepted.any() else None,
            "accuracy": self.by_group(correct, test),
            "sets": sets,
        }

    def fit(self, rows: np.ndarray) -> Any:
        train, labels = self.space.rows(rows), self.labels[rows]
        return fit_logistic(train, labels, np.ones(len(rows)), classes=self.classes, strength=STRENGTH)

    def out_of_fold_logits(self, rows: np.ndarray, seed: int) -> np.ndarray:
        """Return out-of-fold logits of the rows."""
        fold = assign_folds(self.labels[rows], self.groups[rows], [1.0] * FOLDS, seed=seed + 1000)
        logits = np.zeros((len(rows), self.classes))
        for number in np.unique(fold):
            test = fold == number
            logits[test] = self.fit(rows[~test]).logits(self.space.rows(rows[test]))
        return logits

    def probabilities_of(self, logits: np.ndarray) -> np.ndarray:
        return softmax(logits / self.temperature)

    def by_group(self, values: np.ndarray, rows: np.ndarray) -> float:
        """Return the mean in which each group has the same weight."""
        _, place, count = np.unique(self.groups[rows], return_inverse=True, return_counts=True)
        return float(np.average(values, weights=1 / count[place]))


def mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def format_row(row: dict[str, Any]) -> str:
    wrong = "-" if row["wrong"] is None else f"{row['wrong']:.2%}"
    sets = ", ".join(
        f"{float(key):.0%}: {each['coverage']:.1%} x{each['size']:.2f}" for key, each in row["sets"].items()
    )
    return (
        f"{row['pack']:<18}{row['basis']:<14}{row['groups']:>8.0f}{row['accuracy']:>10.1%}{row['share']:>8.1%}"
        f"{row['no_policy']:>11.0%}{wrong:>8}{row['violated']:>10.0%}  {sets}"
    )


if __name__ == "__main__":
    main()
