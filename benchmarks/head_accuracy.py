"""Our head against a plain logistic regression and simple baselines, on the same pictures and folds.

Plain: scikit-learn's LogisticRegression as it comes (C = 1, 1,000 steps) on the head's mean. Folds hold whole groups;
intervals resample groups. The same once more with 10 pictures a class to learn from, and the candidates that were
chosen from, each by itself.

Usage: python benchmarks/head_accuracy.py [PACK ...] [--limit 1000]. Needs DISCERN_TEST_DATA (default ../shared/data).
"""

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from pack_features import DATA, Pack, look, packs
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
    asked = parser.parse_args()
    rows, pairs = [], []
    for name in asked.packs or packs():
        pack = look(DATA / name, limit=asked.limit)
        row, pair = measure(pack)
        rows.append({"pack": name, **row, "few": few(pack)})
        pairs.append(pair)
        print(line(rows[-1]), flush=True)
    pooled = pool(pairs)
    print(f"all packs: ours minus plain {show(pooled)}")
    OUT.mkdir(exist_ok=True)
    (OUT / "head_accuracy.json").write_text(json.dumps({"packs": rows, "all_packs": pooled}, indent=1))


def measure(pack: Pack) -> tuple[dict[str, Any], tuple[np.ndarray, ...]]:
    start, processor = time.perf_counter(), time.process_time()
    crossed = pack.fitter().cross_fit()
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    plain = plain_answers(pack)
    ours_right = crossed.probabilities.argmax(axis=1) == pack.labels
    plain_right = plain.argmax(axis=1) == pack.labels
    rivals = baselines(pack.thumbs, pack.labels, pack.fold, classes=plain.shape[1])
    row = {
        "pictures": len(pack.labels),
        "classes": plain.shape[1],
        "ours": float(ours_right.mean()),
        "plain": float(plain_right.mean()),
        "ours_minus_plain": paired_difference(ours_right, plain_right, groups=pack.group).to_json(),
        "log_loss": {"ours": log_loss(crossed.probabilities, pack), "plain": log_loss(plain, pack)},
        "baselines": {name: float(np.mean(given.argmax(axis=1) == pack.labels)) for name, given in rivals.items()},
        "chosen": Counter(choice["head"] for choice in crossed.chosen),
        "seconds": seconds,
        "processor_seconds": processor,
    }
    return row, (ours_right, plain_right, pack.group)


def plain_answers(pack: Pack) -> np.ndarray:
    start, end = pack.blocks["head"]
    head, answers = pack.features[:, start:end], np.zeros((len(pack.labels), pack.labels.max() + 1))
    for number in np.unique(pack.fold):
        judged = pack.fold == number
        fitted = LogisticRegression(max_iter=1000).fit(head[~judged], pack.labels[~judged])
        answers[np.ix_(judged, fitted.classes_)] = fitted.predict_proba(head[judged])
    return answers


def few(pack: Pack) -> dict[str, float] | None:
    """Accuracy with 10 pictures a class to learn from, on the others; groups on one side."""
    ours, plain = [], []
    start, end = pack.blocks["head"]
    for draw in range(DRAWS):
        order = np.random.default_rng(draw).permutation(len(pack.labels))
        rank = np.empty(len(order), int)
        for label in range(pack.labels.max() + 1):
            mine = order[pack.labels[order] == label]
            rank[mine] = np.arange(len(mine))
        learned = rank < FEW
        judged = ~learned & ~np.isin(pack.group, pack.group[learned])
        if judged.sum() < FEW:
            return None
        fold, classes = rank[learned] % 5, pack.labels.max() + 1
        fitted = HeadFitter(
            pack.features[learned], pack.labels[learned], fold, classes=classes, blocks=pack.blocks
        ).fit()
        ours.append(np.mean(fitted.probabilities(pack.features[judged]).argmax(axis=1) == pack.labels[judged]))
        rival = LogisticRegression(max_iter=1000).fit(pack.features[learned, start:end], pack.labels[learned])
        plain.append(np.mean(rival.predict(pack.features[judged, start:end]) == pack.labels[judged]))
    return {"ours": float(np.mean(ours)), "plain": float(np.mean(plain))}


def log_loss(probabilities: np.ndarray, pack: Pack) -> float:
    return float(-np.log(np.maximum(probabilities[np.arange(len(pack.labels)), pack.labels], 1e-12)).mean())


def pool(pairs: list[tuple[np.ndarray, ...]]) -> dict[str, Any]:
    """Over all packs, each weighing the same."""
    starts = np.cumsum([0, *(group.max() + 1 for _, _, group in pairs)])
    return paired_difference(
        np.concatenate([ours for ours, _, _ in pairs]),
        np.concatenate([plain for _, plain, _ in pairs]),
        groups=np.concatenate([group + start for (_, _, group), start in zip(pairs, starts, strict=False)]),
        weights=np.concatenate([np.full(len(ours), 1 / len(ours)) for ours, _, _ in pairs]),
    ).to_json()


def line(row: dict[str, Any]) -> str:
    rivals = " ".join(f"{name} {value:.3f}" for name, value in row["baselines"].items())
    sparse = f"{row['few']['ours']:.3f} / {row['few']['plain']:.3f}" if row["few"] else "-"
    return (
        f"{row['pack']:<26}{row['pictures']:>5} x {row['classes']:<3} ours {row['ours']:.3f} plain {row['plain']:.3f} "
        f"ours-plain {show(row['ours_minus_plain'])}  log loss {row['log_loss']['ours']:.3f} / "
        f"{row['log_loss']['plain']:.3f}  10 a class {sparse}  {rivals}  {row['seconds']:.1f} s "
        f"({row['processor_seconds']:.1f} of processor)  {dict(row['chosen'])}"
    )


def show(figure: dict[str, Any]) -> str:
    if figure["low"] is None:
        return f"{figure['value']:+.3f}"
    return f"{figure['value']:+.3f} [{figure['low']:+.3f}, {figure['high']:+.3f}]"


if __name__ == "__main__":
    main()
