"""New classes among unknown pictures: a class of a real pack is held back, and then mixed into the traffic.

Every known picture is scored by a head that was fitted without its fold, the pictures of the held-back class by one
that was fitted without it. One picture in ten of the traffic shows the new class. Reported: whether a cluster names it
(most of its pictures show it) by the time that 25 of its pictures were answered, the purity of this cluster (share that
shows the new class), its recall (share of the new class's unknown pictures up to then), the share of its pictures that
the model takes for unknown at all, and the clusters of known pictures, also without a new class. A class that the
model takes for a known one is not found; the summary counts the classes of which at least half is taken for unknown,
and for each pack the class of which most is.

Usage: python benchmarks/watching_classes.py [PACK ...] [--draws 6] [--classes 4]. Needs DISCERN_TEST_DATA.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from pack_features import DATA, Pack, load_pack

from discern.watching.new_classes.class_spread import measure_spread
from discern.watching.new_classes.cluster_unknowns import cluster_unknowns
from discern.watching.stores.exchange_store import ExchangeColumns

OUT = Path(__file__).parent / "out"
PACKS = ("cifar10", "clothing_small", "fruits360_varieties", "furniture7", "imagenette160", "trashnet")
SHOWN, SHARE = 25, 0.1
FEWEST_OF_CLASS = 25
PURE, FOUND = 0.85, 0.5


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("packs", nargs="*")
    parser.add_argument("--draws", type=int, default=6)
    parser.add_argument("--classes", type=int, default=4)
    args = parser.parse_args()
    rows = []
    for name in args.packs or PACKS:
        pack = load_pack(DATA / name, limit=1500)
        counts = np.bincount(pack.labels)
        largest = [each for each in np.argsort(-counts, kind="stable") if counts[each] >= FEWEST_OF_CLASS]
        rows += [{"pack": name} | measure(pack, int(each), args.draws) for each in largest[: args.classes]]
        print_pack(name, [row for row in rows if row["pack"] == name])
    summary = summarise(rows)
    print(json.dumps(summary, indent=1))
    OUT.mkdir(exist_ok=True)
    (OUT / "watching_classes.json").write_text(json.dumps({"classes": rows, **summary}, indent=1))


def measure(pack: Pack, held_back: int, draws: int) -> dict[str, Any]:
    known, new = pack.select(pack.labels != held_back), pack.features[pack.labels == held_back]
    fitter = known.fitter()
    known_unknown = np.zeros(len(known.labels), bool)
    for number in np.unique(known.fold):
        rows, fitted = np.flatnonzero(known.fold == number), fitter.fit(without=int(number))
        known_unknown[rows] = fitted.unknown_score(known.features[rows]) > fitted.t_unknown
    new_unknown = fitted.unknown_score(new) > fitted.t_unknown
    spread = measure_spread(known.features, known.labels, known.group)
    streams = [
        stream(known.features, known_unknown, new, new_unknown, spread, np.random.default_rng(seed))
        for seed in range(draws)
    ]
    quiet = find(known.features[known_unknown], spread, len(known_unknown))
    return {
        "class": held_back,
        "taken_for_unknown": float(new_unknown.mean()),
        "known_taken_for_unknown": float(known_unknown.mean()),
        "quiet_clusters": len(quiet),
        "quiet_exchanges": len(known_unknown),
        "streams": streams,
    }


def stream(
    known: np.ndarray,
    known_unknown: np.ndarray,
    new: np.ndarray,
    new_unknown: np.ndarray,
    spread: float,
    rng: np.random.Generator,
) -> dict[str, Any]:
    shown = min(SHOWN, len(new))
    some = rng.permutation(len(known))[: round(shown * (1 - SHARE) / SHARE)]
    some, fresh = some[known_unknown[some]], rng.permutation(len(new))[:shown]
    fresh = fresh[new_unknown[fresh]]
    is_new = np.repeat([False, True], [len(some), len(fresh)])
    clusters = find(np.concatenate([known[some], new[fresh]]), spread, round(shown / SHARE))
    purities = [float(is_new[each].mean()) for each in clusters]
    naming = [each for each, purity in zip(clusters, purities, strict=True) if purity > 0.5]
    best = max(naming, key=len, default=None)
    return {
        "named": best is not None,
        "purity": None if best is None else float(is_new[best].mean()),
        "recall": None if best is None else float(is_new[best].sum() / max(len(fresh), 1)),
        "known_clusters": len(clusters) - len(naming),
    }


def find(embeddings: np.ndarray, spread: float, exchanges: int) -> list[np.ndarray]:
    """Return the rows of the embeddings in each cluster."""
    clusters = cluster_unknowns(columns_of(embeddings), spread=spread, exchanges=exchanges)
    return [np.array([int(each) for each in cluster.ids]) for cluster in clusters]


def columns_of(embeddings: np.ndarray) -> ExchangeColumns:
    count = len(embeddings)
    zeros, texts = np.zeros(count), np.full(count, "", object)
    return ExchangeColumns(
        number=np.arange(1, count + 1),
        id=np.array([str(each) for each in range(count)], object),
        time=zeros,
        client=texts,
        content=texts,
        pixels=texts,
        label=texts,
        decision=np.full(count, "unknown", object),
        confidence=zeros,
        unknown_score=zeros,
        brightness=zeros,
        sharpness=zeros,
        width=np.full(count, 224),
        height=np.full(count, 224),
        seconds=zeros,
        kept_with=np.ones(count),
        embedding=embeddings,
        truth=np.full(count, None, object),
        is_new=np.zeros(count, bool),
    )


def summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Count the classes that are named in most draws with the wanted purity and recall."""
    unlike = [row for row in rows if row["taken_for_unknown"] >= 0.5]
    packs = {row["pack"]: row for row in sorted(rows, key=lambda row: float(row["taken_for_unknown"]))}
    return {
        "classes": len(rows),
        "classes_named": sum(map(is_named, rows)),
        "half_taken_for_unknown": len(unlike),
        "half_taken_for_unknown_named": sum(map(is_named, unlike)),
        "packs_by_the_class_most_unlike_the_others": {name: is_named(row) for name, row in sorted(packs.items())},
    }


def is_named(row: dict[str, Any]) -> bool:
    named = [each for each in row["streams"] if each["named"]]
    purity, recall = (np.mean([each[key] for each in named] or [0]) for key in ("purity", "recall"))
    return bool(len(named) > 0.5 * len(row["streams"]) and purity >= PURE and recall >= FOUND)


def print_pack(name: str, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        named = [each for each in row["streams"] if each["named"]]
        purity, recall = (np.mean([each[key] for each in named]) if named else np.nan for key in ("purity", "recall"))
        print(
            f"{name:<16} class {row['class']:<3} taken for unknown {row['taken_for_unknown']:.2f} (known "
            f"{row['known_taken_for_unknown']:.3f})  named {len(named)}/{len(row['streams'])}  purity {purity:.2f}  "
            f"recall {recall:.2f}  known clusters {np.mean([each['known_clusters'] for each in row['streams']]):.2f}, "
            f"quiet {row['quiet_clusters']} in {row['quiet_exchanges']}",
            flush=True,
        )


if __name__ == "__main__":
    main()
