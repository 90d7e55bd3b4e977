"""Accuracy of our head against plain logistic regression and simple baselines, on the same pictures and folds.

Plain: scikit-learn's LogisticRegression with its defaults (C = 1; 1,000 iterations) on the mean-pooled features. Groups
stay within a fold; intervals resample groups. Repeated with 10 training pictures per class.

Usage: python benchmarks/head_accuracy.py [PACK ...] [--limit 1000]. Needs DISCERN_TEST_DATA (default ../shared/data).
"""

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from pack_features import DATA, Pack, list_packs, load_pack
from sklearn.linear_model import LogisticRegression

from discern.evaluating import paired_difference
from discern.heads import HeadFitter, baselines

OUT = Path(__file__).parent / "out"
FEW = 10
DRAWS = 3


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("packs", nargs="*")
    parser.add_argument("--limit", type=int, default=1000)
    args = parser.parse_args()
    rows, pairs = [], []
    for name in args.packs or list_packs():
        pack = load_pack(DATA / name, limit=args.limit)
        row, pair = measure(pack)
        rows.append({"pack": name, **row, "few": few_shot(pack)})
        pairs.append(pair)
        print(format_row(rows[-1]), flush=True)
    pooled = pool(pairs)
    print(f"all packs: ours minus plain {show(pooled)}")
    OUT.mkdir(exist_ok=True)
    (OUT / "head_accuracy.json").write_text(json.dumps({"packs": rows, "all_packs": pooled}, indent=1))


def measure(pack: Pack) -> tuple[dict[str, Any], tuple[np.ndarray, ...]]:
    start, processor = time.perf_counter(), time.process_time()
    cross_fit = pack.fitter().cross_fit()
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    plain = plain_probabilities(pack)
    ours_right = cross_fit.probabilities.argmax(axis=1) == pack.labels
    plain_right = plain.argmax(axis=1) == pack.labels
    baseline_probabilities = baselines(pack.thumbs, pack.labels, pack.fold, classes=plain.shape[1])
    row = {
        "pictures": len(pack.labels),
        "classes": plain.shape[1],
        "ours": float(ours_right.mean()),
        "plain": float(plain_right.mean()),
        "ours_minus_plain": paired_difference(ours_right, plain_right, groups=pack.group).to_json(),
        "log_loss": {"ours": log_loss(cross_fit.probabilities, pack), "plain": log_loss(plain, pack)},
        "baselines": {
            name: float(np.mean(predicted.argmax(axis=1) == pack.labels))
            for name, predicted in baseline_probabilities.items()
        },
        "chosen": Counter(choice["head"] for choice in cross_fit.chosen),
        "seconds": seconds,
        "processor_seconds": processor,
    }
    return row, (ours_right, plain_right, pack.group)


def plain_probabilities(pack: Pack) -> np.ndarray:
    start, end = pack.blocks["head"]
    head, probabilities = pack.features[:, start:end], np.zeros((len(pack.labels), pack.labels.max() + 1))
    for number in np.unique(pack.fold):
        test = pack.fold == number
        fitted = LogisticRegression(max_iter=1000).fit(head[~test], pack.labels[~test])
        probabilities[np.ix_(test, fitted.classes_)] = fitted.predict_proba(head[test])
    return probabilities


def few_shot(pack: Pack) -> dict[str, float] | None:
    """Return the accuracy on the other groups after training on 10 pictures per class."""
    ours, plain = [], []
    start, end = pack.blocks["head"]
    for draw in range(DRAWS):
        order = np.random.default_rng(draw).permutation(len(pack.labels))
        rank = np.empty(len(order), int)
        for label in range(pack.labels.max() + 1):
            of_label = order[pack.labels[order] == label]
            rank[of_label] = np.arange(len(of_label))
        train = rank < FEW
        test = ~train & ~np.isin(pack.group, pack.group[train])
        if test.sum() < FEW:
            return None
        fold, classes = rank[train] % 5, pack.labels.max() + 1
        fitted = HeadFitter(pack.features[train], pack.labels[train], fold, classes=classes, blocks=pack.blocks).fit()
        ours.append(np.mean(fitted.probabilities(pack.features[test]).argmax(axis=1) == pack.labels[test]))
        plain_fit = LogisticRegression(max_iter=1000).fit(pack.features[train, start:end], pack.labels[train])
        plain.append(np.mean(plain_fit.predict(pack.features[test, start:end]) == pack.labels[test]))
    return {"ours": float(np.mean(ours)), "plain": float(np.mean(plain))}


def log_loss(probabilities: np.ndarray, pack: Pack) -> float:
    return float(-np.log(np.maximum(probabilities[np.arange(len(pack.labels)), pack.labels], 1e-12)).mean())


def pool(pairs: list[tuple[np.ndarray, ...]]) -> dict[str, Any]:
    """Return the paired difference over all packs; each pack has the same weight."""
    starts = np.cumsum([0, *(group.max() + 1 for _, _, group in pairs)])
    return paired_difference(
        np.concatenate([ours for ours, _, _ in pairs]),
        np.concatenate([plain for _, plain, _ in pairs]),
        groups=np.concatenate([group + start for (_, _, group), start in zip(pairs, starts, strict=False)]),
        weights=np.concatenate([np.full(len(ours), 1 / len(ours)) for ours, _, _ in pairs]),
    ).to_json()


def format_row(row: dict[str, Any]) -> str:
    baseline_text = " ".join(f"{name} {value:.3f}" for name, value in row["baselines"].items())
    sparse = f"{row['few']['ours']:.3f} / {row['few']['plain']:.3f}" if row["few"] else "-"
    return (
        f"{row['pack']:<26}{row['pictures']:>5} x {row['classes']:<3} ours {row['ours']:.3f} plain {row['plain']:.3f} "
        f"ours-plain {show(row['ours_minus_plain'])}  log loss {row['log_loss']['ours']:.3f} / "
        f"{row['log_loss']['plain']:.3f}  10 per class {sparse}  {baseline_text}  {row['seconds']:.1f} s "
        f"({row['processor_seconds']:.1f} CPU)  {dict(row['chosen'])}"
    )


def show(metric: dict[str, Any]) -> str:
    if metric["low"] is None:
        return f"{metric['value']:+.3f}"
    return f"{metric['value']:+.3f} [{metric['low']:+.3f}, {metric['high']:+.3f}]"


if __name__ == "__main__":
    main()
