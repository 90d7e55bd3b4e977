"""Calibration of the shipped head on pictures of other groups, with and without the correction of its temperature.

Each pack's groups are dealt in halves. One half trains, as `train` does; the other one measures log loss, Brier score
and calibration error (ECE) of the shipped head with the temperature that its cross-validation chose, the corrected one,
and the best in hindsight. Thresholds for at most 5 % wrong and for sets of 90 % coverage are chosen on the first half's
held-out answers and tried on the other half. Intervals resample groups; each pack has the same weight.

Usage: python benchmarks/temperature.py [PACK ...] [--limit 2000] [--seeds 2]. Needs DISCERN_TEST_DATA (default
../shared/data).
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from pack_features import DATA, Pack, list_packs, load_pack

from discern.bundle import label_sets
from discern.bundle.heads import softmax
from discern.heads import HeadFitter, fit_prediction_sets, fit_risk_control
from discern.heads.temperature import fit_temperature
from discern.splitting.folds import assign_folds

OUT = Path(__file__).parent / "out"
RISK, COVERAGE = 0.05, 0.9
FOLDS, BINS, RESAMPLES = 5, 10, 2000
METRICS = ("log_loss", "brier", "ece")
# Absent classes have no temperature; their logits are far below all others.
ABSENT = -13.9


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("packs", nargs="*")
    parser.add_argument("--limit", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=2)
    args = parser.parse_args()
    rows = []
    for name in args.packs or list_packs():
        pack = load_pack(DATA / name, limit=args.limit)
        for seed in range(args.seeds):
            rows.append({"pack": name, "seed": seed, **measure(pack, seed)})
            print(format_row(rows[-1]), flush=True)
    summary = {"all": pool(rows), "by_half_of_packs": [pool(half) for half in halves(rows)], "promises": promises(rows)}
    print(json.dumps(summary, indent=1))
    OUT.mkdir(exist_ok=True)
    kept = [{key: value for key, value in row.items() if key != "pictures"} for row in rows]
    (OUT / "temperature.json").write_text(json.dumps({"runs": kept, **summary}, indent=1))


def measure(pack: Pack, seed: int) -> dict[str, Any]:
    """Train on one half of the groups and return the scores of the other half, in all and by picture."""
    half = assign_folds(pack.labels, pack.group, [1.0, 1.0], seed=seed)
    both = np.intersect1d(*(pack.labels[half == number] for number in (0, 1)))
    train, test = (pack.select((half == number) & np.isin(pack.labels, both)) for number in (0, 1))
    weights = 1 / np.sqrt(np.bincount(train.group)[train.group])
    fitter = HeadFitter(
        train.features,
        train.labels,
        assign_folds(train.labels, train.group, [1.0] * FOLDS, seed=seed),
        classes=len(both),
        blocks=train.blocks,
        weights=weights * len(weights) / weights.sum(),
        score_unknown=True,
        seed=seed,
    )
    fitted = fitter.fit()
    held_out = {"today": fitter.cross_fit(), "corrected": fitter.cross_fit(corrected=True)}
    correction = fitter.temperature_correction().final
    logits = fitted.head.logits(test.features).astype(np.float64)
    present = logits > ABSENT
    oracle = fit_temperature(np.where(present, logits, 0), test.labels, np.ones(len(logits)), present)
    factors = {"today": 1.0, "corrected": correction, "oracle": oracle}
    pictures = {
        name: score(softmax(np.where(present, logits / by, logits)), test.labels) for name, by in factors.items()
    }
    return {
        "train": len(train.labels),
        "groups": len(np.unique(train.group)),
        "correction": correction,
        "oracle": oracle,
        "scores": {name: summarise(values) for name, values in pictures.items()},
        "promise": {
            name: promise(
                train, test, crossed.probabilities, fitted.corrected(factors[name]).probabilities(test.features)
            )
            for name, crossed in held_out.items()
        },
        "pictures": pictures | {"group": test.group},
    }


def score(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    truth = np.arange(len(labels)), labels
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    squares = (probabilities**2).sum(axis=1) - 2 * probabilities[truth] + 1
    losses = -np.log(np.maximum(probabilities[truth], 1e-12))
    return {"log_loss": losses, "brier": squares, "confidence": confidence, "right": right}


def summarise(pictures: dict[str, np.ndarray]) -> dict[str, float]:
    confidence, right = pictures["confidence"], pictures["right"]
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.abs(np.bincount(place, confidence - right, BINS))
    return {
        "log_loss": float(pictures["log_loss"].mean()),
        "brier": float(pictures["brier"].mean()),
        "ece": float(gaps.sum() / len(right)),
        "accuracy": float(right.mean()),
        "confidence": float(confidence.mean()),
    }


def promise(train: Pack, test: Pack, held_out: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    """Choose thresholds on held-out answers, and return what was promised and what happened on the other half."""
    control = fit_risk_control(
        held_out.max(axis=1), held_out.argmax(axis=1) == train.labels, groups=train.group, risk=RISK
    )
    threshold = fit_prediction_sets(held_out, train.labels, groups=train.group, coverage=COVERAGE)
    sets = label_sets(probabilities, threshold)
    sure = np.zeros(len(sets), bool) if control.t_accept is None else probabilities.max(axis=1) >= control.t_accept
    wrong = sure & (probabilities.argmax(axis=1) != test.labels)
    groups = len(np.unique(test.group[sure]))
    return {
        "accepts": control.t_accept is not None,
        "promised_share": control.share,
        "share": float(sure.mean()),
        "wrong_groups": len(np.unique(test.group[wrong])) / max(groups, 1),
        "covered": float(sets[np.arange(len(sets)), test.labels].mean()),
        "size": float(sets.sum(axis=1).mean()),
    }


def halves(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    names = sorted({row["pack"] for row in rows})
    return [part for part in ([row for row in rows if row["pack"] in names[start::2]] for start in (0, 1)) if part]


def pool(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return corrected minus today; every run has the same weight within its pack, and every pack in all."""
    return {
        metric: {
            "value": float(np.mean([_difference(row, metric) for row in rows])),
            "interval": np.quantile(
                np.mean([_resampled(row, metric) for row in rows], axis=0), [0.025, 0.975]
            ).tolist(),
            "oracle": float(np.mean([_difference(row, metric, "oracle") for row in rows])),
            "packs_worse": sorted(
                {
                    name
                    for name in {row["pack"] for row in rows}
                    if np.mean([_difference(row, metric) for row in rows if row["pack"] == name]) > 1e-4
                }
            ),
        }
        for metric in METRICS
    }


def _difference(row: dict[str, Any], metric: str, other: str = "corrected") -> float:
    return row["scores"][other][metric] - row["scores"]["today"][metric]


def _resampled(row: dict[str, Any], metric: str) -> np.ndarray:
    """Return the difference on resampled groups, `[RESAMPLES]`."""
    pictures, generator = row["pictures"], np.random.default_rng(row["seed"])
    _, group = np.unique(pictures["group"], return_inverse=True)
    draws = generator.multinomial(group.max() + 1, np.full(group.max() + 1, 1 / (group.max() + 1)), RESAMPLES)
    weights = draws[:, group]
    if metric != "ece":
        change = pictures["corrected"][metric] - pictures["today"][metric]
        return np.asarray(weights @ change / weights.sum(axis=1))
    errors = {}
    for name in ("today", "corrected"):
        confidence, right = pictures[name]["confidence"], pictures[name]["right"]
        place = np.minimum((confidence * BINS).astype(int), BINS - 1)
        gaps = weights @ (np.eye(BINS)[place] * (confidence - right)[:, None])
        errors[name] = np.abs(gaps).sum(axis=1) / weights.sum(axis=1)
    return np.asarray(errors["corrected"] - errors["today"])


def promises(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    found = {}
    for name in ("today", "corrected"):
        every = [row["promise"][name] for row in rows]
        accepting = [each for each in every if each["accepts"]]
        found[name] = {
            "runs": len(every),
            "accepting": len(accepting),
            "promised_share": float(np.mean([each["promised_share"] for each in accepting])) if accepting else 0.0,
            "share": float(np.mean([each["share"] for each in accepting])) if accepting else 0.0,
            "wrong_groups": float(np.mean([each["wrong_groups"] for each in accepting])) if accepting else 0.0,
            "broken": sum(each["wrong_groups"] > RISK for each in accepting),
            "covered": float(np.mean([each["covered"] for each in every])),
            "size": float(np.mean([each["size"] for each in every])),
        }
    return found


def format_row(row: dict[str, Any]) -> str:
    text = "  ".join(
        f"{metric} " + " / ".join(f"{row['scores'][name][metric]:.4f}" for name in ("today", "corrected", "oracle"))
        for metric in METRICS
    )
    return (
        f"{row['pack']:<26}seed {row['seed']} {row['train']:>5} pictures in {row['groups']:>4} groups  "
        f"correction {row['correction']:.3f} (best {row['oracle']:.3f})  {text}"
    )


if __name__ == "__main__":
    main()
