"""Every pack of real pictures through check, train, evaluate, predict and verify, as a person would call them.

For each: leak-free accuracy with its interval, naive, their paired difference, a plain logistic regression on the
head's mean with the same folds (ours minus it, paired), the baselines, and the wall time of the whole `train` command
against bare loops on the same machine in the same run.

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
NOT_FOLDERS = {"dirty_samples", "negatives_imagenet"}
SEEN_IN_PRETRAINING = {"imagenette160", "negatives_imagenet"}
CORES = os.cpu_count() or 1


def main() -> None:
    names = sys.argv[1:] or sorted(
        path.name for path in DATA.iterdir() if path.is_dir() and path.name not in NOT_FOLDERS
    )
    with tempfile.TemporaryDirectory() as scratch:
        rows = []
        for name in names:
            rows.append(measure(name, Path(scratch) / name))
            print(line(rows[-1]), flush=True)
    pooled = pool(rows)
    print(f"\nours minus plain logistic regression, all packs: {pooled}")
    OUT.mkdir(exist_ok=True)
    for row in rows:
        del row["pairs"]
    (OUT / "pack_accuracy.json").write_text(json.dumps({"packs": rows, "all_packs": pooled}, indent=1))


def measure(name: str, desk: Path) -> dict[str, Any]:
    source, cache, runs = DATA / name, desk / "cache", desk / "runs"
    common = ("--runs", runs, "--cache", cache)
    checked, _ = call("check", source, "--name", "check", "--runs", runs, "--cache", desk / "other-cache")
    trained, seconds = call("train", source, "--name", "first", *common)
    _, again = call("train", source, "--name", "second", *common)
    bundle, run = trained["bundle"], Path(trained["run"])
    verified, _ = call("verify", bundle)
    answered = subprocess.run(
        [sys.executable, "-m", "discern", "predict", bundle, source, "--json"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    catalog, split, features = open_run(run, cache)
    pairs = against_plain(run, catalog, split, features)
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
        "answered": len(answered),
        "seconds": {"train": seconds, "again": again, "stages": trained["seconds"]} | loops,
        "ratio": (seconds - allowance(trained)) / (loops["decode"] + loops["graph"]),
        "pairs": pairs,
    }


def call(*words: str | Path) -> tuple[dict[str, Any], float]:
    start = time.perf_counter()
    command = [sys.executable, "-m", "discern", *map(str, words), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed: {done.stderr}")
    return json.loads(done.stdout), time.perf_counter() - start


def allowance(trained: dict[str, Any]) -> float:
    return 20.0 if trained["accuracy"]["leak_free"]["method"] == "grouped-cv" else 5.0


def open_run(run: Path, cache: Path) -> tuple[Catalog, Split, Any]:
    catalog = Catalog.load(run / "catalog.parquet", cache=cache)
    split = Split.from_json(json.loads((run / "split.json").read_text()))
    shown, _ = call("show", run / "model.discern")
    rows = np.flatnonzero(catalog.readable)
    features = extract(catalog, rows.tolist(), load_backbone(), Recipe.from_json(shown["recipe"]), cache=cache)
    position = np.full(len(catalog.table), -1)
    position[rows] = np.arange(len(rows))
    head = np.asarray(features[:])[:, :1280]
    return catalog, split, lambda wanted: head[position[wanted]]


def against_plain(run: Path, catalog: Catalog, split: Split, features: Any) -> dict[str, np.ndarray]:
    """Ours and plain logistic regression on the same pictures: whether each was right, with group and weight."""
    answers = pl.read_parquet(run / "answers.parquet")
    place = {row: index for index, row in enumerate(answers["row"].to_list())}
    ours = (answers["label"] == answers["answer"]).to_numpy()
    plain = np.zeros(len(answers), bool)
    truth = catalog.label_index
    for fold in (TEST,) if split.method == "test-part" else split.held_out:
        train, judged = split.training_rows(fold), split.held_out_rows(fold)
        fitted = LogisticRegression(max_iter=1000).fit(features(train), truth[train])
        plain[[place[row] for row in judged.tolist()]] = fitted.predict(features(judged)) == truth[judged]
    rows = answers["row"].to_numpy()
    _, inverse, count = np.unique(
        catalog.table["pixels"].to_numpy()[rows].astype(str), return_inverse=True, return_counts=True
    )
    return {"ours": ours, "plain": plain, "group": split.group[rows], "weight": 1.0 / count[inverse]}


def difference(all_pairs: list[dict[str, np.ndarray]]) -> dict[str, Any]:
    """Ours minus plain, paired; each pack weighs the same, and groups of different packs are different."""
    ours, plain = (np.concatenate([pairs[key] for pairs in all_pairs]) for key in ("ours", "plain"))
    offset = np.cumsum([0, *(pairs["group"].max() + 1 for pairs in all_pairs)])
    groups = np.concatenate([pairs["group"] + start for pairs, start in zip(all_pairs, offset, strict=False)])
    weights = np.concatenate([pairs["weight"] / pairs["weight"].sum() for pairs in all_pairs])
    return paired_difference(ours, plain, groups=groups, weights=weights).to_json()


def pool(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return difference([row["pairs"] for row in rows])


def bare_loops(run: Path, catalog: Catalog) -> dict[str, float]:
    """Decode all once, and run the graph once per view, with all cores and nothing else."""
    shown, _ = call("show", run / "model.discern")
    recipe, backbone = Recipe.from_json(shown["recipe"]), load_backbone()
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


def line(row: dict[str, Any]) -> str:
    accuracy, seconds = row["accuracy"], row["seconds"]
    honest, plain = accuracy["leak_free"], row["ours_minus_plain"]
    return (
        f"{row['pack']:<26}{row['pictures']:>6} pictures {row['classes']:>3} classes  "
        f"leak-free {show(honest)} {honest['method']:<10} naive {show(accuracy['naive'])} "
        f"naive-honest {show(accuracy['difference'])}  plain {row['plain']:.3f} ours-plain {show(plain)}  "
        f"train {seconds['train']:.1f} s (decode {seconds['decode']:.1f}, graph {seconds['graph']:.1f}, "
        f"ratio after allowance {row['ratio']:.2f}), again {seconds['again']:.1f} s"
    )


def show(figure: dict[str, Any]) -> str:
    if figure["value"] is None:
        return "-"
    if figure["low"] is None:
        return f"{figure['value']:.3f}"
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


if __name__ == "__main__":
    main()
