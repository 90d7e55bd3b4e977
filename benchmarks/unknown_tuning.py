"""How "is it one at all?" fares with and without pictures of other things to tune by.

Half of `negatives_imagenet` is given, the other half and `fruits360_varieties` are scored: no picture that tuned is
among them, and known pictures are answered by heads that had not learned their fold. Five draws of the halves.
`negatives.toml` leaves out negatives that show a known class. A published gate for bananas kept 97.8 % of bananas and
rejected 99.6 % of other fruits, all of them studio pictures on white.

Usage: python benchmarks/unknown_tuning.py [PACK ...]. Needs DISCERN_TEST_DATA (default ../shared/data).
"""

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
from pack_features import DATA, Pack, look
from sklearn.metrics import roc_auc_score

from discern.heads import HeadFitter, Negatives

OUT = Path(__file__).parent / "out"
PACKS = ("banana_ripeness", "clothing_small", "trashnet", "hymenoptera")
OTHERS = "fruits360_varieties"
DRAWS = 5


def main() -> None:
    left_out = tomllib.loads(Path(__file__).with_name("negatives.toml").read_text())
    negatives, fruits = look(DATA / "negatives_imagenet", limit=None), look(DATA / OTHERS, limit=None)
    print(f"{'pack':<18}{'tuned':<7}{'kept':>8}{'rejected':>10}{'AUROC':>8}{'fruits rejected':>17}{'AUROC':>8}")
    rows = []
    for name in sys.argv[1:] or PACKS:
        pack = look(DATA / name, limit=None)
        wanted = ~np.array([path.startswith(tuple(left_out.get(name, ())) or "?") for path in negatives.paths])
        for tuned in (False, True):
            rows.append({"pack": name, "tuned": tuned, **judge(pack, negatives.features[wanted], fruits, tuned=tuned)})
            print(line(rows[-1]), flush=True)
    OUT.mkdir(exist_ok=True)
    (OUT / "unknown_tuning.json").write_text(json.dumps(rows, indent=1))


def judge(pack: Pack, negatives: np.ndarray, fruits: Pack, *, tuned: bool) -> dict[str, Any]:
    """Means over the draws."""
    draws = [draw(pack, negatives, fruits, tuned=tuned, seed=seed) for seed in range(DRAWS if tuned else 1)]
    return {name: float(np.mean([each[name] for each in draws])) for name in draws[0]}


def draw(pack: Pack, negatives: np.ndarray, fruits: Pack, *, tuned: bool, seed: int) -> dict[str, float]:
    """One halving of the negatives."""
    order = np.random.default_rng(seed).permutation(len(negatives))
    given, scored = np.array_split(order, 2)
    fitter = HeadFitter(
        pack.features,
        pack.labels,
        pack.fold,
        classes=int(pack.labels.max()) + 1,
        blocks=pack.blocks,
        negatives=Negatives(features=negatives[given], groups=np.arange(len(given))) if tuned else None,
    )
    crossed, final = fitter.cross_fit(), fitter.fit()
    known = crossed.unknown_score - crossed.t_unknown
    others, fruit = (final.unknown_score(some) - final.t_unknown for some in (negatives[scored], fruits.features))
    return {
        "kept": float(np.mean(known <= 0)),
        "rejected": float(np.mean(others > 0)),
        "auroc": area(known, others),
        "fruits_rejected": float(np.mean(fruit > 0)),
        "fruits_auroc": area(known, fruit),
    }


def line(row: dict[str, Any]) -> str:
    said = f"{row['pack']:<18}{'yes' if row['tuned'] else 'no':<7}{row['kept']:>8.1%}{row['rejected']:>10.1%}"
    return said + f"{row['auroc']:>8.4f}{row['fruits_rejected']:>17.1%}{row['fruits_auroc']:>8.4f}"


def area(known: np.ndarray, strange: np.ndarray) -> float:
    truth = np.r_[np.zeros(len(known)), np.ones(len(strange))]
    return float(roc_auc_score(truth, np.r_[known, strange]))


if __name__ == "__main__":
    main()
