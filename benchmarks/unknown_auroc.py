"""How well strangers are told: pictures of other kinds, and classes of the same kind that were never shown.

Far: the share of pairs ranked right (AUROC) of held-out known pictures against `negatives_imagenet`, with the shares
kept and rejected at the threshold of the head that answered; `negatives.toml` leaves out negatives that show a known
class. Near: a quarter of each pack's classes is left out, three times; beside the shipped score stands each single
measure. Every known picture is answered by a head that was fitted, chosen and given its threshold without its fold,
and whole groups share a fold.

Usage: python benchmarks/unknown_auroc.py [PACK ...] [--limit 1000]. Needs DISCERN_TEST_DATA (default ../shared/data).
"""

import argparse
import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
from pack_features import DATA, Pack, look, packs
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
    asked = parser.parse_args()
    left_out = tomllib.loads(Path(__file__).with_name("negatives.toml").read_text())
    negatives = look(DATA / NEGATIVES, limit=None)
    rows = []
    for name in asked.packs or packs():
        pack = look(DATA / name, limit=asked.limit)
        wanted = ~np.array([path.startswith(tuple(left_out.get(name, ())) or "?") for path in negatives.paths])
        rows.append({"pack": name, "far": far(pack, negatives.features[wanted]), "near": near(pack)})
        print(line(rows[-1]), flush=True)
    summary = summarise(rows)
    print(json.dumps(summary, indent=1))
    OUT.mkdir(exist_ok=True)
    (OUT / "unknown_auroc.json").write_text(json.dumps({"packs": rows, **summary}, indent=1))


def far(pack: Pack, strangers: np.ndarray) -> dict[str, Any]:
    """Held-out known pictures of each fold against all strangers, by the head without that fold."""
    fitter = pack.fitter()
    areas, kept, rejected, weight = [], [], [], []
    for number in np.unique(pack.fold):
        fitted, rows = fitter.fit(without=int(number)), np.flatnonzero(pack.fold == number)
        known, strange = fitted.unknown_score(pack.features[rows]), fitted.unknown_score(strangers)
        areas.append(area(known, strange))
        kept.append(np.mean(known <= fitted.t_unknown))
        rejected.append(np.mean(strange > fitted.t_unknown))
        weight.append(len(rows))
    figures = {"auroc": areas, "kept": kept, "rejected": rejected}
    return {name: float(np.average(values, weights=weight)) for name, values in figures.items()}


def near(pack: Pack) -> dict[str, Any] | None:
    """Classes never shown against held-out known pictures: AUROC of the shipped score and of each measure."""
    classes = np.unique(pack.labels)
    if len(classes) < 4:
        return None
    draws = []
    for draw in range(DRAWS):
        strange = np.random.default_rng(draw).choice(classes, max(1, round(len(classes) / 4)), replace=False)
        hidden = np.isin(pack.labels, strange)
        shown = pack.select(~hidden)
        draws.append(against(shown.fitter(), shown, pack.features[hidden]))
    mean = {name: float(np.mean([draw[name] for draw in draws])) for name in draws[0] if name != "chosen"}
    return mean | {"chosen": [draw["chosen"] for draw in draws]}


def against(fitter: HeadFitter, shown: Pack, strangers: np.ndarray) -> dict[str, Any]:
    figures: dict[str, list[float]] = {name: [] for name in ("shipped", *MEASURES, "kept", "rejected")}
    chosen = []
    for number in np.unique(shown.fold):
        fitted, rows = fitter.fit(without=int(number)), np.flatnonzero(shown.fold == number)
        known = shown.features[rows]
        known_score, strange_score = fitted.unknown_score(known), fitted.unknown_score(strangers)
        figures["shipped"].append(area(known_score, strange_score))
        measured = [fitted.unknown.measure(some, fitted.head.logits(some)) for some in (known, strangers)]
        for place, name in enumerate(MEASURES):
            figures[name].append(area(measured[0][:, place], measured[1][:, place]))
        figures["kept"].append(float(np.mean(known_score <= fitted.t_unknown)))
        figures["rejected"].append(float(np.mean(strange_score > fitted.t_unknown)))
        chosen.append(fitted.chosen["unknown"]["score"])
    return {name: float(np.mean(values)) for name, values in figures.items()} | {"chosen": chosen}


def area(known: np.ndarray, strange: np.ndarray) -> float:
    truth = np.repeat([0, 1], [len(known), len(strange)])
    return float(roc_auc_score(truth, np.concatenate([known, strange])))


def summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    nears = [row["near"] for row in rows if row["near"]]
    names = ("shipped", *MEASURES, "kept", "rejected")
    return {
        "far_named_packs": {row["pack"]: row["far"]["auroc"] for row in rows if row["pack"] in FAR},
        "far_mean": float(np.mean([row["far"]["auroc"] for row in rows])),
        "kept_mean": float(np.mean([row["far"]["kept"] for row in rows])),
        "near_mean": {name: float(np.mean([near[name] for near in nears])) for name in names} if nears else None,
    }


def line(row: dict[str, Any]) -> str:
    far, near = row["far"], row["near"]
    text = f"{row['pack']:<26} far {far['auroc']:.4f} kept {far['kept']:.3f} rejected {far['rejected']:.3f}"
    if near is None:
        return text
    singles = " ".join(f"{name} {near[name]:.3f}" for name in MEASURES)
    return f"{text}   near {near['shipped']:.3f} ({singles}) kept {near['kept']:.3f} rejected {near['rejected']:.3f}"


if __name__ == "__main__":
    main()
