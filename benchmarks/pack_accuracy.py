"""Accuracy and training time on every real pack, through the commands check, train, predict and verify.

Per pack: leak-free and random-split accuracy with intervals and their paired difference, plain logistic regression on
the mean-pooled features with the same folds (paired difference), the baselines, and the wall time of the `train`
command relative to bare loops on the same machine.

Usage: python benchmarks/pack_accuracy.py [PACK ...]. Needs DISCERN_TEST_DATA (default ../shared/data).
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression

from discern.bundle import open_runtime
from discern.catalog import Catalog
from discern.evaluating import paired_difference
from discern.features import extract, load_backbone
from discern.picture import Recipe, load_input
from discern.splitting import TEST, Split

OUT = Path(__file__).parent / "out"
DATA = Path(os.environ.get("DISCERN_TEST_DATA", "../shared/data"))
NOT_LABELLED = {"dirty_samples", "negatives_imagenet"}
SEEN_IN_PRETRAINING = {"imagenette160", "negatives_imagenet"}
CORES = os.cpu_count() or 1


def main() -> None:
    names = sys.argv[1:] or sorted(
        path.name for path in DATA.iterdir() if path.is_dir() and path.name not in NOT_LABELLED
    )
    with tempfile.TemporaryDirectory() as scratch:
        rows = []
        for name in names:
            rows.append(measure(name, Path(scratch) / name))
            print(format_row(rows[-1]), flush=True)
    pooled = pool(rows)
    print(f"\nours minus plain logistic regression, all packs: {pooled}")
    OUT.mkdir(exist_ok=True)
    for row in rows:
        del row["pairs"]
    (OUT / "pack_accuracy.json").write_text(json.dumps({"packs": rows, "all_packs": pooled}, indent=1))


def measure(name: str, workdir: Path) -> dict[str, Any]:
    source, cache, runs = DATA / name, workdir / "cache", workdir / "runs"
    common = ("--runs", runs, "--cache", cache)
    checked, _ = run_command("check", source, "--name", "check", "--runs", runs, "--cache", workdir / "other-cache")
    trained, seconds = run_command("train", source, "--name", "first", *common)
    _, again = run_command("train", source, "--name", "second", *common)
    bundle, run = trained["bundle"], Path(trained["run"])
    verified, _ = run_command("verify", bundle)
    predicted = subprocess.run(
        [sys.executable, "-m", "discern", "predict", bundle, source, "--json"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    catalog, split, features = open_run(run, cache)
    pairs = compare_with_plain(run, catalog, split, features)
    loops = bare_loops(run, catalog)
    return {
        "pack": name,
        "pretrained_on_it": name in SEEN_IN_PRETRAINING,
        "pictures": int(catalog.readable.sum()),
        "classes": len(catalog.labels),
        "findings": checked["findings"],
        "accuracy": trained["accuracy"],
        "ece": trained["ece"],
        "baselines": json.loads((run / "metrics.json").read_text())["baselines"],
        "unjudged": json.loads((run / "metrics.json").read_text())["split"]["unjudged"],
        "plain": float(np.average(pairs["plain"], weights=pairs["weight"])),
        "ours_minus_plain": difference([pairs]),
        "verified": verified["passed"],
        "answered": len(predicted),
        "seconds": {"train": seconds, "again": again, "stages": trained["seconds"]} | loops,
        "ratio": (seconds - allowance(trained)) / (loops["decode"] + loops["graph"]),
        "pairs": pairs,
    }


def run_command(*arguments: str | Path) -> tuple[dict[str, Any], float]:
    start = time.perf_counter()
    command = [sys.executable, "-m", "discern", *map(str, arguments), "--json"]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    if completed.returncode:
        sys.exit(f"{' '.join(command)} failed: {completed.stderr}")
    return json.loads(completed.stdout), time.perf_counter() - start


def allowance(trained: dict[str, Any]) -> float:
    return 20.0 if trained["accuracy"]["leak_free"]["method"] == "grouped-cv" else 5.0


def open_run(run: Path, cache: Path) -> tuple[Catalog, Split, Any]:
    catalog = Catalog.load(run / "catalog.parquet", cache=cache)
    split = Split.from_json(json.loads((run / "split.json").read_text()))
    model_info, _ = run_command("show", run / "model.discern")
    rows = np.flatnonzero(catalog.readable)
    features = extract(catalog, rows.tolist(), load_backbone(), Recipe.from_json(model_info["recipe"]), cache=cache)
    position = np.full(len(catalog.table), -1)
    position[rows] = np.arange(len(rows))
    head = np.asarray(features[:])[:, :1280]
    return catalog, split, lambda rows: head[position[rows]]


def compare_with_plain(run: Path, catalog: Catalog, split: Split, features: Any) -> dict[str, np.ndarray]:
    """Return correctness of our head and of plain logistic regression, with group and weight of each picture."""
    predictions = pl.read_parquet(run / "answers.parquet")
    position_of = {row: index for index, row in enumerate(predictions["row"].to_list())}
    ours = (predictions["label"] == predictions["answer"]).to_numpy()
    plain = np.zeros(len(predictions), bool)
    truth = catalog.label_index
    for fold in (TEST,) if split.method == "test-part" else split.held_out:
        train, test = split.training_rows(fold), split.held_out_rows(fold)
        fitted = LogisticRegression(max_iter=1000).fit(features(train), truth[train])
        plain[[position_of[row] for row in test.tolist()]] = fitted.predict(features(test)) == truth[test]
    rows = predictions["row"].to_numpy()
    _, inverse, count = np.unique(
        catalog.table["pixels"].to_numpy()[rows].astype(str), return_inverse=True, return_counts=True
    )
    return {"ours": ours, "plain": plain, "group": split.group[rows], "weight": 1.0 / count[inverse]}


def difference(all_pairs: list[dict[str, np.ndarray]]) -> dict[str, Any]:
    """Return the paired difference ours minus plain; each pack has the same weight, and groups are not shared."""
    ours, plain = (np.concatenate([pairs[key] for pairs in all_pairs]) for key in ("ours", "plain"))
    offset = np.cumsum([0, *(pairs["group"].max() + 1 for pairs in all_pairs)])
    groups = np.concatenate([pairs["group"] + start for pairs, start in zip(all_pairs, offset, strict=False)])
    weights = np.concatenate([pairs["weight"] / pairs["weight"].sum() for pairs in all_pairs])
    return paired_difference(ours, plain, groups=groups, weights=weights).to_json()


def pool(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return difference([row["pairs"] for row in rows])


def bare_loops(run: Path, catalog: Catalog) -> dict[str, float]:
    """Time decoding all pictures once and running the graph once per picture, on all cores."""
    model_info, _ = run_command("show", run / "model.discern")
    recipe, backbone = Recipe.from_json(model_info["recipe"]), load_backbone()
    unique = catalog.table.with_row_index().filter(pl.col("error").is_null()).unique("content", maintain_order=True)
    files = [data for _, data in catalog.read(unique["index"].to_list())]
    with ThreadPoolExecutor(CORES) as threads:
        start = time.perf_counter()
        inputs = list(threads.map(lambda data: load_input(data, recipe), files))
        decode = time.perf_counter() - start
    runtime = open_runtime(backbone.graph, threads=CORES)
    start = time.perf_counter()
    for batch in batches(inputs, 32):
        runtime.run({"pixels": np.stack(batch)})
    return {"decode": decode, "graph": time.perf_counter() - start}


def batches(items: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def format_row(row: dict[str, Any]) -> str:
    accuracy, seconds = row["accuracy"], row["seconds"]
    leak_free, plain = accuracy["leak_free"], row["ours_minus_plain"]
    return (
        f"{row['pack']:<26}{row['pictures']:>6} pictures {row['classes']:>3} classes  "
        f"leak-free {format_interval(leak_free)} {leak_free['method']:<10} "
        f"random split {format_interval(accuracy['naive'])} difference {format_interval(accuracy['difference'])}  "
        f"plain {row['plain']:.3f} ours-plain {format_interval(plain)}  "
        f"train {seconds['train']:.1f} s (decode {seconds['decode']:.1f}, graph {seconds['graph']:.1f}, "
        f"ratio after allowance {row['ratio']:.2f}), again {seconds['again']:.1f} s"
    )


def format_interval(metric: dict[str, Any]) -> str:
    if metric["value"] is None:
        return "-"
    if metric["low"] is None:
        return f"{metric['value']:.3f}"
    return f"{metric['value']:.3f} [{metric['low']:.3f}, {metric['high']:.3f}]"


if __name__ == "__main__":
    main()
