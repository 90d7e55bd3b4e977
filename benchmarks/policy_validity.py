"""What "at most 5 % wrong" and sets at 90 % come to on real pictures that neither the head nor its limits have seen.

The recipe is fixed once: a logistic regression on all blocks, with one temperature. In each of 100 draws whole groups
are dealt to parts, class by class:

* held-out: a head learns from 60 % of the pictures, its limits are set by 20 %, the last 20 % judge;
* cross-fitted: limits are set by the answers of five folds of 80 %, the head is refitted on these, 20 % judge.

A broken draw is one in which the share of accepted groups with a wrong answer, among those that judge, is above what
was asked; these are few, so chance breaks many: `wrong` is the error over all draws together.

Usage: python benchmarks/policy_validity.py [PACK ...] [--draws 100]. Needs DISCERN_TEST_DATA (default ../shared/data).
"""

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pack_features import DATA, Pack, look

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
    asked = parser.parse_args()
    print(
        f"{'pack':<18}{'basis':<14}{'groups':>8}{'right':>8}{'share':>8}{'nothing':>9}{'wrong':>8}{'broken':>8}  sets"
    )
    rows = []
    for name in asked.packs or PACKS:
        trial = Trial(look(DATA / name, limit=None))
        for basis in PARTS:
            rows.append({"pack": name, **trial.run(basis, asked.draws)})
            print(line(rows[-1]), flush=True)
    OUT.mkdir(exist_ok=True)
    (OUT / "policy_validity.json").write_text(json.dumps({"risk": RISK, "draws": asked.draws, "rows": rows}, indent=1))


class Trial:
    """One pack with its recipe."""

    def __init__(self, pack: Pack) -> None:
        self.labels, self.groups = pack.labels, pack.group
        spans = tuple(pack.blocks.values())
        self.space = FeatureSpace(pack.features, spans, (1.0, *[0.7] * (len(spans) - 1)))
        self.classes = int(self.labels.max()) + 1
        everything = np.arange(len(self.labels))
        logits = self.across(everything, seed=0)
        present = np.ones_like(logits, bool)
        self.temperature = fit_temperature(logits, self.labels, np.ones(len(logits)), present)

    def run(self, basis: str, draws: int) -> dict[str, Any]:
        """Judge what is promised over many draws."""
        results = list(parallel_map([partial(self.draw, basis, seed) for seed in range(draws)]))
        accepted, wrong = np.array([result["accepted"] for result in results]).T
        judged = np.array([result["judged"] for result in results])
        kept = accepted > 0
        return {
            "basis": basis,
            "groups": float(np.mean([result["groups"] for result in results])),
            "right": float(np.mean([result["right"] for result in results])),
            "share": float(np.mean(accepted / judged)),
            "nothing": float(np.mean([result["nothing"] for result in results])),
            "wrong": float(wrong.sum() / accepted.sum()) if kept.any() else None,
            "pictures_wrong": mean([result["pictures_wrong"] for result in results]),
            "broken": float(np.mean(wrong > RISK * accepted)),
            "sets": {
                str(nominal): {
                    "coverage": float(np.mean([result["sets"][nominal][0] for result in results])),
                    "size": float(np.mean([result["sets"][nominal][1] for result in results])),
                }
                for nominal in COVERAGE
            },
        }

    def draw(self, basis: str, seed: int) -> dict[str, Any]:
        """Fit, set the limits, and judge them."""
        part = assign_folds(self.labels, self.groups, PARTS[basis], seed=seed)
        learned, judged = np.flatnonzero(part == 0), np.flatnonzero(part == part.max())
        limits = learned if basis == "cross-fitted" else np.flatnonzero(part == 1)
        head = self.fit(learned)
        said = self.across(learned, seed) if basis == "cross-fitted" else head.logits(self.space.rows(limits))
        calibrated, future = (self.answer(logits) for logits in (said, head.logits(self.space.rows(judged))))
        truth, right = self.labels[limits], calibrated.argmax(axis=1) == self.labels[limits]
        promise = fit_risk_control(calibrated.max(axis=1), right, groups=self.groups[limits], risk=RISK)
        sets = {}
        for nominal in COVERAGE:
            inside = label_sets(
                future, fit_prediction_sets(calibrated, truth, groups=self.groups[limits], coverage=nominal)
            )
            own = inside[np.arange(len(judged)), self.labels[judged]]
            sets[nominal] = (self.by_group(own, judged), self.by_group(inside.sum(axis=1), judged))
        good = future.argmax(axis=1) == self.labels[judged]
        stands = future.max(axis=1) >= (2.0 if promise.t_accept is None else promise.t_accept)
        wrong = len(np.unique(self.groups[judged[stands & ~good]]))
        return {
            "groups": len(np.unique(self.groups[limits])),
            "nothing": promise.t_accept is None,
            "accepted": (len(np.unique(self.groups[judged[stands]])), wrong),
            "judged": len(np.unique(self.groups[judged])),
            "pictures_wrong": float(np.mean(~good[stands])) if stands.any() else None,
            "right": self.by_group(good, judged),
            "sets": sets,
        }

    def fit(self, rows: np.ndarray) -> Any:
        learned, labels = self.space.rows(rows), self.labels[rows]
        return fit_logistic(learned, labels, np.ones(len(rows)), classes=self.classes, strength=STRENGTH)

    def across(self, rows: np.ndarray, seed: int) -> np.ndarray:
        """Logits for each of some rows by the head of the other folds."""
        fold = assign_folds(self.labels[rows], self.groups[rows], [1.0] * FOLDS, seed=seed + 1000)
        logits = np.zeros((len(rows), self.classes))
        for number in np.unique(fold):
            held = fold == number
            logits[held] = self.fit(rows[~held]).logits(self.space.rows(rows[held]))
        return logits

    def answer(self, logits: np.ndarray) -> np.ndarray:
        return softmax(logits / self.temperature)

    def by_group(self, values: np.ndarray, rows: np.ndarray) -> float:
        """The mean in which each group has the same say."""
        _, place, count = np.unique(self.groups[rows], return_inverse=True, return_counts=True)
        return float(np.average(values, weights=1 / count[place]))


def mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def line(row: dict[str, Any]) -> str:
    wrong = "-" if row["wrong"] is None else f"{row['wrong']:.2%}"
    sets = ", ".join(
        f"{float(key):.0%}: {each['coverage']:.1%} x{each['size']:.2f}" for key, each in row["sets"].items()
    )
    return (
        f"{row['pack']:<18}{row['basis']:<14}{row['groups']:>8.0f}{row['right']:>8.1%}{row['share']:>8.1%}"
        f"{row['nothing']:>9.0%}{wrong:>8}{row['broken']:>8.0%}  {sets}"
    )


if __name__ == "__main__":
    main()
