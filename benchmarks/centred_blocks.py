"""Gain of a head by the mean that it subtracts from the stage blocks of the embedding.

The same heads with and without it, on the same pictures and folds: accuracy and log loss of nested cross-validation,
with each seed's own pictures and folds. Groups stay within a fold; intervals resample groups; each pack has the same
weight.

Usage: python benchmarks/centred_blocks.py [PACK ...] [--limit 1000] [--seeds 2]. Needs DISCERN_TEST_DATA (default
../shared/data).
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from pack_features import DATA, Pack, list_packs, load_pack

OUT = Path(__file__).parent / "out"
RESAMPLES = 2000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("packs", nargs="*")
    parser.add_argument("--limit", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=2)
    args = parser.parse_args()
    pooled = {}
    for seed in range(args.seeds):
        gains = []
        for name in args.packs or list_packs():
            gains.append(measure(load_pack(DATA / name, limit=args.limit, seed=seed), seed))
            print(f"{name:<26}seed {seed}  " + format_row(gains[-1]), flush=True)
        pooled[f"seed {seed}"] = {metric: pool([gain[metric] for gain in gains]) for metric in ("accuracy", "log_loss")}
        print(json.dumps(pooled[f"seed {seed}"]), flush=True)
    OUT.mkdir(exist_ok=True)
    (OUT / "centred_blocks.json").write_text(json.dumps(pooled, indent=1))


def measure(pack: Pack, seed: int) -> dict[str, Any]:
    right, losses, seconds = {}, {}, {}
    for name in ("plain", "centred"):
        start = time.process_time()
        probabilities = pack.fitter(centred=name == "centred").cross_probabilities()
        seconds[name] = time.process_time() - start
        right[name] = probabilities.argmax(axis=1) == pack.labels
        losses[name] = -np.log(np.maximum(probabilities[np.arange(len(pack.labels)), pack.labels], 1e-12))
    change = right["centred"].astype(float) - right["plain"]
    return {
        "pictures": len(pack.labels),
        "plain": {"accuracy": float(right["plain"].mean()), "log_loss": float(losses["plain"].mean())},
        "accuracy": resample(change, pack.group, seed),
        "log_loss": resample(losses["centred"] - losses["plain"], pack.group, seed),
        "processor_seconds": seconds,
    }


def resample(change: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """Return the mean change, followed by those of resampled groups."""
    _, place = np.unique(groups, return_inverse=True)
    sums, counts = np.bincount(place, change), np.bincount(place)
    draws = np.random.default_rng(seed).integers(0, len(sums), (RESAMPLES, len(sums)))
    return np.concatenate([[change.mean()], sums[draws].sum(axis=1) / counts[draws].sum(axis=1)])


def pool(changes: list[np.ndarray]) -> dict[str, float]:
    return interval(np.mean(changes, axis=0))


def interval(change: np.ndarray) -> dict[str, float]:
    low, high = np.quantile(change[1:], [0.025, 0.975])
    return {"value": float(change[0]), "low": float(low), "high": float(high)}


def format_row(row: dict[str, Any]) -> str:
    parts = []
    for metric in ("accuracy", "log_loss"):
        gain = interval(row[metric])
        parts.append(
            f"{metric} {row['plain'][metric]:.4f} {gain['value']:+.4f} [{gain['low']:+.4f}, {gain['high']:+.4f}]"
        )
    seconds = row["processor_seconds"]
    return f"{row['pictures']:>5}  " + "  ".join(parts) + f"  {seconds['plain']:.1f} s > {seconds['centred']:.1f} s"


if __name__ == "__main__":
    main()
