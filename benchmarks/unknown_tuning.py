"""Unknown detection with and without negatives to tune the unknown score.

Half of `negatives_imagenet` tunes the score; the other half and `fruits360_varieties` are scored. Known pictures are
scored by heads fitted without their fold. Results are means over five random halves. `negatives.toml` excludes
negatives that show a known class. For comparison: a published detector for bananas kept 97.8 % of bananas and rejected
99.6 % of other fruits, all of them studio pictures on white.

Usage: python benchmarks/unknown_tuning.py [PACK ...]. Needs DISCERN_TEST_DATA (default ../shared/data).
"""

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
from pack_features import DATA, Pack, load_pack
from sklearn.metrics import roc_auc_score

from discern.heads import HeadFitter, Negatives

OUT = Path(__file__).parent / "out"
PACKS = ("banana_ripeness", "clothing_small", "trashnet", "hymenoptera")
FRUITS = "fruits360_varieties"
DRAWS = 5


def main() -> None:
    excluded = tomllib.loads(Path(__file__).with_name("negatives.toml").read_text())
    negatives, fruits = load_pack(DATA / "negatives_imagenet", limit=None), load_pack(DATA / FRUITS, limit=None)
    print(f"{'pack':<18}{'tuned':<7}{'kept':>8}{'rejected':>10}{'AUROC':>8}{'fruits rejected':>17}{'AUROC':>8}")
    rows = []
    for name in sys.argv[1:] or PACKS:
        pack = load_pack(DATA / name, limit=None)
        included = ~np.array([path.startswith(tuple(excluded.get(name, ())) or "?") for path in negatives.paths])
        for tuned in (False, True):
            rows.append(
                {
                    "pack": name,
                    "tuned": tuned,
                    **mean_over_draws(pack, negatives.features[included], fruits, tuned=tuned),
                }
            )
            print(format_row(rows[-1]), flush=True)
    OUT.mkdir(exist_ok=True)
    (OUT / "unknown_tuning.json").write_text(json.dumps(rows, indent=1))


def mean_over_draws(pack: Pack, negatives: np.ndarray, fruits: Pack, *, tuned: bool) -> dict[str, Any]:
    """Return the mean of each metric over the draws."""
    draws = [draw(pack, negatives, fruits, tuned=tuned, seed=seed) for seed in range(DRAWS if tuned else 1)]
    return {name: float(np.mean([each[name] for each in draws])) for name in draws[0]}


def draw(pack: Pack, negatives: np.ndarray, fruits: Pack, *, tuned: bool, seed: int) -> dict[str, float]:
    """Tune on one random half of the negatives and score the other."""
    order = np.random.default_rng(seed).permutation(len(negatives))
    tuning, scored = np.array_split(order, 2)
    fitter = HeadFitter(
        pack.features,
        pack.labels,
        pack.fold,
        classes=int(pack.labels.max()) + 1,
        blocks=pack.blocks,
        negatives=Negatives(features=negatives[tuning], groups=np.arange(len(tuning))) if tuned else None,
    )
    cross_fit, final = fitter.cross_fit(), fitter.fit()
    known = cross_fit.unknown_score - cross_fit.t_unknown
    others, fruit = (final.unknown_score(some) - final.t_unknown for some in (negatives[scored], fruits.features))
    return {
        "kept": float(np.mean(known <= 0)),
        "rejected": float(np.mean(others > 0)),
        "auroc": auroc(known, others),
        "fruits_rejected": float(np.mean(fruit > 0)),
        "fruits_auroc": auroc(known, fruit),
    }


def format_row(row: dict[str, Any]) -> str:
    text = f"{row['pack']:<18}{'yes' if row['tuned'] else 'no':<7}{row['kept']:>8.1%}{row['rejected']:>10.1%}"
    return text + f"{row['auroc']:>8.4f}{row['fruits_rejected']:>17.1%}{row['fruits_auroc']:>8.4f}"


def auroc(known: np.ndarray, unknown: np.ndarray) -> float:
    truth = np.r_[np.zeros(len(known)), np.ones(len(unknown))]
    return float(roc_auc_score(truth, np.r_[known, unknown]))


if __name__ == "__main__":
    main()
