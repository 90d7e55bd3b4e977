"""Audits of real packs' own predictions: coverage, labels saved against an even sample, and the promise.

Packs are trained by `discern train`; its held-out predictions (answers.parquet: confidence, answer, label) are drawn
with replacement as traffic, 5 % of it is audited, and the labels come in order. Reported for each pack:

- coverage: the share of runs whose interval holds the accuracy of all traffic so far at every look, of 60 looks
  from the 10th label to the 1,000th; also after confidences have lost their meaning (they are shuffled);
- labels: the number of labels of an even sample, and of an even sample corrected by confidences, that give an interval
  as narrow as 1,000 labels of the audit sample (medians of runs), and the same for 300 labels;
- promise: accepted predictions with an error rate of exactly the limit (false alarms in 2,000 audits), and with twice
  the limit, from the first audit on or after 500 quiet audits: the number of audits until it is raised.

Usage: python benchmarks/watching_audit.py [PACK ...] [--runs 500] [--trained RUNS]. Needs DISCERN_TEST_DATA.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from discern.watching.audits.audit_sample import EVEN, AuditConfig, audit_probability, measure_doubt
from discern.watching.audits.audits import Audits
from discern.watching.audits.live_accuracy import estimate_accuracy
from discern.watching.audits.promise import Policy, weigh_promise
from discern.watching.looks.look import LiveAccuracy

OUT = Path(__file__).parent / "out"
DATA = Path(os.environ.get("DISCERN_TEST_DATA", "../shared/data"))
PACKS = ("banana_ripeness", "cifar10", "clothing_small", "furniture7", "imagenette160", "trashnet")
LABELS, SHARE, LIMIT, QUIET = 1000, 0.05, 0.05, 500
WIDTH_RUNS = 40
LOOKS = np.unique(np.geomspace(10, LABELS, 60).astype(int))


@dataclass(frozen=True, kw_only=True, eq=False)
class Traffic:
    """Exchanges of one run with the sample that is drawn of them.

    Attributes:
        confidence: float `[n]`, zeros for an even sample that leaves them unused.
        right: bool `[n]`.
        probability: float `[n]`, of the draw.
        drawn: int `[m]`, rows of the sample.
    """

    confidence: np.ndarray
    right: np.ndarray
    probability: np.ndarray
    drawn: np.ndarray

    @cached_property
    def mean_confidence(self) -> np.ndarray:
        return np.cumsum(self.confidence) / np.arange(1, len(self.right) + 1)

    @cached_property
    def accuracy(self) -> np.ndarray:
        return np.cumsum(self.right) / np.arange(1, len(self.right) + 1)

    def audits(self, count: int) -> Audits:
        rows = self.drawn[:count]
        end = int(rows[-1]) + 1
        return Audits(
            id=rows.astype(object),
            time=rows.astype(float),
            confidence=self.confidence[rows],
            weight=1 / self.probability[rows],
            largest_weight=float(1 / self.probability.min()),
            is_accepted=np.ones(count, bool),
            is_right=self.right[rows],
            is_new=np.zeros(count, bool),
            mean_confidence=float(self.mean_confidence[end - 1]),
            exchanges=end,
        )

    def look(self, count: int) -> tuple[LiveAccuracy, float]:
        found = estimate_accuracy(self.audits(count))
        assert found is not None
        return found, float(self.accuracy[self.drawn[count - 1]])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("packs", nargs="*")
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--trained", type=Path, help="folder of runs that were trained before, by the pack's name")
    args = parser.parse_args()
    result: dict[str, Any] = {"promise": measure_promise(args.runs)}
    print(json.dumps(result["promise"], indent=1), flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name in args.packs or PACKS:
            result[name] = measure(*read_predictions(name, args.trained or Path(scratch)), args.runs)
            print(name, json.dumps(result[name]), flush=True)
    OUT.mkdir(exist_ok=True)
    (OUT / "watching_audit.json").write_text(json.dumps(result, indent=1))


def read_predictions(name: str, runs: Path) -> tuple[np.ndarray, np.ndarray]:
    """Train a pack and return the confidences of its held-out predictions and whether they are right."""
    run = runs / name
    if not run.exists():
        command = [sys.executable, "-m", "discern", "train", DATA / name, "--name", name, "--runs", runs]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    table = pl.read_parquet(run / "answers.parquet")
    return table["confidence"].to_numpy().astype(float), (table["label"] == table["answer"]).to_numpy()


def measure(confidence: np.ndarray, right: np.ndarray, runs: int) -> dict[str, Any]:
    shuffled = np.random.default_rng(0).permutation(confidence)
    needed = {
        f"{kind}_labels_for_{labels}": labels_for(confidence, right, kind, labels)
        for labels in (300, LABELS)
        for kind in ("even", "corrected")
    }
    return {
        "pictures": len(right),
        "accuracy": float(right.mean()),
        "covered": coverage(confidence, right, runs),
        "covered_if_shuffled": coverage(shuffled, right, runs),
        "width": width(confidence, right, "audit", LABELS),
        **needed,
    }


def draw(confidence: np.ndarray, right: np.ndarray, kind: str, labels: int, rng: np.random.Generator) -> Traffic:
    """Draw traffic with at least so many audited exchanges."""
    rows = rng.integers(len(right), size=round(1.2 * labels / SHARE) + 4000)
    seen, probability = confidence[rows], np.full(len(rows), SHARE)
    if kind == "audit":
        typical = float(measure_doubt(confidence).mean())
        probability = audit_probability(seen, AuditConfig(share=SHARE, even=EVEN, typical_doubt=typical))
    used = np.zeros(len(rows)) if kind == "even" else seen
    drawn = np.flatnonzero(rng.random(len(rows)) < probability)
    return Traffic(confidence=used, right=right[rows], probability=probability, drawn=drawn)


def coverage(confidence: np.ndarray, right: np.ndarray, runs: int) -> float:
    """Return the share of runs in which the interval holds the accuracy so far at every look."""
    held = 0
    for seed in range(runs):
        traffic = draw(confidence, right, "audit", LABELS, np.random.default_rng(seed))
        looks = (traffic.look(int(count)) for count in LOOKS)
        held += all(found.low <= accuracy <= found.high for found, accuracy in looks)
    return held / runs


def width(confidence: np.ndarray, right: np.ndarray, kind: str, labels: int) -> float:
    found = (
        draw(confidence, right, kind, labels, np.random.default_rng(seed)).look(labels)[0] for seed in range(WIDTH_RUNS)
    )
    return float(np.median([each.high - each.low for each in found]))


def labels_for(confidence: np.ndarray, right: np.ndarray, kind: str, labels: int) -> int:
    """Return the number of labels of another sample that gives an interval as narrow as the audit sample's."""
    wanted = width(confidence, right, "audit", labels)
    for factor in np.arange(0.8, 6, 0.1):
        if width(confidence, right, kind, round(labels * factor)) <= wanted:
            return round(labels * factor)
    return 6 * labels


def measure_promise(runs: int) -> dict[str, Any]:
    """Return false alarms at the limit, and the audits until twice the limit is raised."""
    quiet = [raised_after(np.full(2000, LIMIT), seed) for seed in range(runs)]
    found: dict[str, Any] = {"false_alarms_in_2000_audits": float(np.mean(np.isfinite(quiet))), "runs": runs}
    for name, before, rate in (("first", 0, LIMIT), ("after_500_at_2_percent", QUIET, 0.02)):
        rates = np.concatenate([np.full(before, rate), np.full(1500, 2 * LIMIT)])
        delays = np.array([raised_after(rates, seed) - before for seed in range(runs)])
        found[name] = {"median": float(np.median(delays)), "90%": float(np.quantile(delays, 0.9))}
    return found


def raised_after(rates: np.ndarray, seed: int) -> float:
    """Return the number of audits after which the promise is raised, infinite if it never is.

    Half of the predictions are doubtful ones, which are drawn twice as often and are wrong three times as often.
    """
    rng = np.random.default_rng(seed)
    is_doubtful = rng.random(len(rates)) < 2 / 3
    wrong = rng.random(len(rates)) < np.where(is_doubtful, 1.5, 0.5) * rates
    audits = Traffic(
        confidence=np.full(len(rates), 0.9),
        right=~wrong,
        probability=np.where(is_doubtful, 2 * SHARE, SHARE),
        drawn=np.arange(len(rates)),
    ).audits(len(rates))
    policy = Policy(limit=LIMIT, sentence="")
    if not weigh_promise(audits, policy).promise.broken:
        return float("inf")
    low, high = 0, len(rates)
    while high - low > 1:
        middle = (low + high) // 2
        is_raised = weigh_promise(first(audits, middle), policy).promise.broken
        low, high = (low, middle) if is_raised else (middle, high)
    return high


def first(audits: Audits, count: int) -> Audits:
    """Return the first audits alone."""
    whole = {name: value for name, value in vars(audits).items() if not isinstance(value, np.ndarray)}
    return Audits(**whole, **{name: value[:count] for name, value in vars(audits).items() if name not in whole})


if __name__ == "__main__":
    main()
