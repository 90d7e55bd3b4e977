"""AUROC of the unknown score: far (unrelated photographs) and near (classes held out of the same pack).

Far: held-out known pictures against `negatives_imagenet`, with the shares kept and rejected;
`negatives.toml` excludes negatives that show a known class. Near: a quarter of each pack's classes is held out, three
times; the shipped score is compared with each single measure. Every known picture is scored by a head that was fitted,
selected and given its threshold without the picture's fold; groups stay within a fold.

Usage: python benchmarks/unknown_auroc.py [PACK ...] [--limit 1000]. Needs DISCERN_TEST_DATA (default ../shared/data).
"""

import argparse
import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
from pack_features import DATA, Pack, list_packs, load_pack
from sklearn.metrics import roc_auc_score

from discern.bundle.heads import MEASURES
from discern.heads import HeadFitter

OUT = Path(__file__).parent / "out"
NEGATIVES = "negatives_imagenet"
FAR = ("fruits360_varieties", "clothing_small", "trashnet", "banana_ripeness")
DRAWS = 3


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("packs", nargs="*")
    parser.add_argument("--limit", type=int, default=1000)
    args = parser.parse_args()
    excluded = tomllib.loads(Path(__file__).with_name("negatives.toml").read_text())
    negatives = load_pack(DATA / NEGATIVES, limit=None)
    rows = []
    for name in args.packs or list_packs():
        pack = load_pack(DATA / name, limit=args.limit)
        included = ~np.array([path.startswith(tuple(excluded.get(name, ())) or "?") for path in negatives.paths])
        rows.append({"pack": name, "far": far(pack, negatives.features[included]), "near": near(pack)})
        print(format_row(rows[-1]), flush=True)
    summary = summarise(rows)
    print(json.dumps(summary, indent=1))
    OUT.mkdir(exist_ok=True)
    (OUT / "unknown_auroc.json").write_text(json.dumps({"packs": rows, **summary}, indent=1))


def far(pack: Pack, unknowns: np.ndarray) -> dict[str, Any]:
    """Score held-out known pictures of each fold, and all unknowns, by the head fitted without that fold."""
    fitter = pack.fitter()
    aurocs, kept, rejected, weight = [], [], [], []
    for number in np.unique(pack.fold):
        fitted, rows = fitter.fit(without=int(number)), np.flatnonzero(pack.fold == number)
        known, unknown = fitted.unknown_score(pack.features[rows]), fitted.unknown_score(unknowns)
        aurocs.append(auroc(known, unknown))
        kept.append(np.mean(known <= fitted.t_unknown))
        rejected.append(np.mean(unknown > fitted.t_unknown))
        weight.append(len(rows))
    metrics = {"auroc": aurocs, "kept": kept, "rejected": rejected}
    return {name: float(np.average(values, weights=weight)) for name, values in metrics.items()}


def near(pack: Pack) -> dict[str, Any] | None:
    """Score held-out classes against held-out known pictures: the shipped score and each measure."""
    classes = np.unique(pack.labels)
    if len(classes) < 4:
        return None
    draws = []
    for draw in range(DRAWS):
        unknown = np.random.default_rng(draw).choice(classes, max(1, round(len(classes) / 4)), replace=False)
        held_out = np.isin(pack.labels, unknown)
        shown = pack.select(~held_out)
        draws.append(score_held_out_classes(shown.fitter(), shown, pack.features[held_out]))
    mean = {name: float(np.mean([draw[name] for draw in draws])) for name in draws[0] if name != "chosen"}
    return mean | {"chosen": [draw["chosen"] for draw in draws]}


def score_held_out_classes(fitter: HeadFitter, shown: Pack, unknowns: np.ndarray) -> dict[str, Any]:
    metrics: dict[str, list[float]] = {name: [] for name in ("shipped", *MEASURES, "kept", "rejected")}
    chosen = []
    for number in np.unique(shown.fold):
        fitted, rows = fitter.fit(without=int(number)), np.flatnonzero(shown.fold == number)
        known = shown.features[rows]
        known_scores, unknown_scores = fitted.unknown_score(known), fitted.unknown_score(unknowns)
        metrics["shipped"].append(auroc(known_scores, unknown_scores))
        measured = [fitted.unknown.measure(some, fitted.head.logits(some)) for some in (known, unknowns)]
        for place, name in enumerate(MEASURES):
            metrics[name].append(auroc(measured[0][:, place], measured[1][:, place]))
        metrics["kept"].append(float(np.mean(known_scores <= fitted.t_unknown)))
        metrics["rejected"].append(float(np.mean(unknown_scores > fitted.t_unknown)))
        chosen.append(fitted.chosen["unknown"]["score"])
    return {name: float(np.mean(values)) for name, values in metrics.items()} | {"chosen": chosen}


def auroc(known: np.ndarray, unknown: np.ndarray) -> float:
    truth = np.repeat([0, 1], [len(known), len(unknown)])
    return float(roc_auc_score(truth, np.concatenate([known, unknown])))


def summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    nears = [row["near"] for row in rows if row["near"]]
    names = ("shipped", *MEASURES, "kept", "rejected")
    return {
        "far_named_packs": {row["pack"]: row["far"]["auroc"] for row in rows if row["pack"] in FAR},
        "far_mean": float(np.mean([row["far"]["auroc"] for row in rows])),
        "kept_mean": float(np.mean([row["far"]["kept"] for row in rows])),
        "near_mean": {name: float(np.mean([near[name] for near in nears])) for name in names} if nears else None,
    }


def format_row(row: dict[str, Any]) -> str:
    far, near = row["far"], row["near"]
    text = f"{row['pack']:<26} far {far['auroc']:.4f} kept {far['kept']:.3f} rejected {far['rejected']:.3f}"
    if near is None:
        return text
    measures = " ".join(f"{name} {near[name]:.3f}" for name in MEASURES)
    return f"{text}   near {near['shipped']:.3f} ({measures}) kept {near['kept']:.3f} rejected {near['rejected']:.3f}"


if __name__ == "__main__":
    main()
