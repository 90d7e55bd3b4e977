"""Time, memory and accuracy of `discern train` beside bare loops, plain logistic regression and fastai.

    python benchmarks/train_speed.py [PACK[:TRAIN] ...] [--repeats 1] [--fastai-python PYTHON | --no-fastai]

Each pack is dealt once: whole groups of `discern split`, at random, to about `TRAIN` training pictures (default: three
quarters of the pack) and the rest, of which only different pictures are held out. Then whole processes run in turn on
the same pictures, each `--repeats` times in rotated order:

* bare loops: decode each picture as Discern does and run the default backbone's graph on it, on all cores;
* discern: `discern train` with an empty cache; again on the same pictures; and again with another seed;
* thirty lines: features of the same graph and scikit-learn's logistic regression;
* fastai frozen, fastai fine-tuned: four epochs of the head alone, and one of the head and four of the whole network;
  the same network with the same weights, at the same size, everything else by fastai's defaults (see `peers/`).

Reported per contestant, as medians: seconds and CPU seconds to the trained model, without the predictions of the
held-out pictures; peak memory (proportional set size) of all its processes; and accuracy on the held-out pictures. The
first run of `discern train` is also divided by its stages; what is outside of these is mostly the start and imports,
and one more run counts the seconds of all imports, inside of stages and outside (`-X importtime`, which slows them
down).

`PYTHON` is an interpreter with fastai and timm; without them fastai is skipped. Needs DISCERN_TEST_DATA (default
../shared/data).
"""

import argparse
import functools
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from measured_process import Row, environment, measure
from pack_features import CACHE, DATA

import discern
from discern.catalog import Catalog
from discern.features import Backbone, load_backbone
from discern.features.backbones.efficientnet_lite import find_weights
from discern.picture import choose_recipe
from discern.splitting import Split, write_parts
from discern.splitting.group_counts import GroupCounts
from discern.splitting.random_parts import draw_parts

HERE = Path(__file__).parent
PEERS = HERE / "peers"
PACKS = ("trashnet:300", "clothing_small:300", "banana_ripeness", "furniture7")
TRAIN_SHARE = 0.75
BARE, FIRST, AGAIN, SEED = "bare loops", "discern", "discern again", "discern, other seed"
LINES, FROZEN, TUNED = "thirty lines", "fastai frozen", "fastai fine-tuned"
CONTESTANTS = (BARE, FIRST, AGAIN, SEED, LINES, FROZEN, TUNED)
# Pictures below which a first run may take 1.3 x the bare loops and so many seconds more.
ALLOWANCES = ((1000, 3.0), (4000, 6.0))
BARE_FACTOR, AGAIN_LIMIT, SEED_LIMIT = 1.3, 3.0, 4.0
MEASURED = ("seconds", "cpu_s", "peak_mib", "accuracy")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("packs", nargs="*", default=PACKS, metavar="PACK[:TRAIN]")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--fastai-python", default=sys.executable, help="interpreter with fastai and timm")
    parser.add_argument("--no-fastai", action="store_true")
    parser.add_argument("--out", type=Path, default=HERE / "out" / "train_speed.json")
    args = parser.parse_args()
    with_fastai = not args.no_fastai and has_fastai(args.fastai_python)
    args.out.parent.mkdir(exist_ok=True)
    table = []
    for number, text in enumerate(args.packs):
        name, _, count = text.partition(":")
        with tempfile.TemporaryDirectory() as workdir:
            dealt = deal(name, int(count) if count else None, Path(workdir))
            race = Race(dealt, Path(workdir), args.fastai_python if with_fastai else None)
            table.append(race.run(args.repeats, first=number))
        print_pack(table[-1])
        args.out.write_text(json.dumps({"cores": len(os.sched_getaffinity(0)), "packs": table}, indent=1) + "\n")


def has_fastai(python: str) -> bool:
    """Import fastai once, which also brings its files into memory, and tell why it is skipped."""
    done = subprocess.run(
        [python, "-c", "import fastai.vision.all, timm"], env=environment(python), capture_output=True, check=False
    )
    if done.returncode:
        print(f"fastai is skipped: {python} has no fastai and timm. See --fastai-python.")
    return not done.returncode


@dataclass(frozen=True, kw_only=True)
class Dealt:
    """A pack in two parts that share no group.

    Attributes:
        pack: name of the pack.
        train: folder of class folders.
        test: folder of class folders with the held-out pictures.
        train_pictures: their number.
        test_pictures: their number.
        sizes: width and height of each training picture.
    """

    pack: str
    train: Path
    test: Path
    train_pictures: int
    test_pictures: int
    sizes: list[tuple[int, int]]


def deal(pack: str, train: int | None, workdir: Path) -> Dealt:
    """Deal the groups of a pack to training and held-out pictures."""
    run = discern.split(DATA / pack, runs=workdir / "runs", cache=CACHE).run
    catalog = Catalog.load(run / "catalog.parquet", cache=CACHE)
    split = Split.from_json(json.loads((run / "split.json").read_text()))
    rows = np.flatnonzero(catalog.label_index >= 0)
    share = TRAIN_SHARE if train is None else train / len(rows)
    if not 0 < share < 1:
        sys.exit(f"{pack} has {len(rows)} pictures; {train} of them leave none to hold out.")
    counts = GroupCounts.of(catalog.label_index[rows], split.group[rows])
    test = draw_parts(counts, np.array([share, 1 - share]), seed=0)[counts.group_of_row].astype(bool)
    held_out = rows[test]
    pixels = catalog.table["pixels"].to_numpy()[held_out].astype(str)
    held_out = held_out[np.unique(pixels, return_index=True)[1]]
    part = np.full(len(catalog), "", dtype="<U10")
    part[rows[~test]], part[held_out] = "train", "test"
    out = workdir / "pictures"
    write_parts(catalog, replace(split, part=part), out)
    return Dealt(
        pack=pack,
        train=out / "train",
        test=out / "test",
        train_pictures=int(np.sum(~test)),
        test_pictures=len(held_out),
        sizes=list(catalog.table[rows[~test]].select("width", "height").iter_rows()),
    )


class Race:
    """The contestants on one pack."""

    def __init__(self, dealt: Dealt, workdir: Path, fastai: str | None) -> None:
        self.dealt, self.workdir, self.fastai = dealt, workdir, fastai
        self.backbone: Backbone = load_backbone()
        self.graph, self.recipe = workdir / "backbone.onnx", workdir / "recipe.json"
        self.graph.write_bytes(self.backbone.graph)
        self.recipe.write_text(json.dumps(choose_recipe(dealt.sizes, self.backbone.size).to_json()))
        self.runs: dict[str, list[Row]] = {}

    def run(self, repeats: int, *, first: int) -> Row:
        """Run all contestants, each repeat in another order, and return their medians."""
        steps: list[Callable[[], None]] = [self.loops, self.discern, self.lines]
        if self.fastai:
            steps += [functools.partial(self.tune, FROZEN), functools.partial(self.tune, TUNED)]
        self.bring_into_memory()
        load = os.getloadavg()[0]
        for repeat in range(repeats):
            start = (first + repeat) % len(steps)
            for step in steps[start:] + steps[:start]:
                step()
        medians = {name: {key: middle(rows, key) for key in MEASURED} for name, rows in self.runs.items()}
        return {
            "pack": self.dealt.pack,
            "load": load,
            "train_pictures": self.dealt.train_pictures,
            "held_out_pictures": self.dealt.test_pictures,
            "contestants": {name: medians[name] for name in CONTESTANTS if name in medians},
            **compare(medians, middle(self.runs[BARE], "loop_s"), self.dealt.train_pictures),
            "shares": self.shares(),
            "imports_s": self.time_imports(),
            "runs": self.runs,
        }

    def bring_into_memory(self) -> None:
        """Read all pictures and import the libraries once, so that no contestant has cold files."""
        for path in (*self.dealt.train.rglob("*"), *self.dealt.test.rglob("*")):
            if path.is_file():
                path.read_bytes()
        subprocess.run([sys.executable, "-c", "import discern.flow.train, sklearn.linear_model"], check=True)

    def loops(self) -> None:
        self.run_peer(BARE, [sys.executable, PEERS / "bare_loops.py", self.graph, self.recipe, self.dealt.train])

    def lines(self) -> None:
        script, width = PEERS / "thirty_lines.py", self.backbone.blocks["head"][1]
        self.run_peer(LINES, [sys.executable, script, self.graph, width, self.dealt.train, self.dealt.test])

    def tune(self, name: str) -> None:
        options = ["--fine-tune"] if name == TUNED else []
        data = [find_weights(self.backbone.name), self.backbone.size, self.dealt.train, self.dealt.test]
        self.run_peer(name, [self.fastai, PEERS / "fastai_training.py", *data, *options])

    def run_peer(self, name: str, command: list[Any]) -> None:
        """Run one of the other contestants, whose predictions of the held-out pictures are not counted."""
        printed, row = measure(name, command)
        row["seconds"] -= printed.pop("evaluate_s", 0.0)
        row["cpu_s"] -= printed.pop("evaluate_cpu_s", 0.0)
        self.keep(name, row | printed)

    def discern(self) -> None:
        """Train with an empty cache, again, and with another seed."""
        cache = self.workdir / f"cache-{len(self.runs.get(FIRST, []))}"
        for name, seed in ((FIRST, 0), (AGAIN, 0), (SEED, 1)):
            printed, row = measure(name, self.train_command(f"{cache.name}-{name}", cache, seed))
            before = self.runs.get(name)
            row |= {"stages": printed["seconds"], "reported": printed["accuracy"]["leak_free"]}
            row["accuracy"] = before[0]["accuracy"] if before else self.evaluate(printed["bundle"])
            self.keep(name, row)

    def train_command(self, run: str, cache: Path, seed: int) -> list[Any]:
        options = ["--runs", self.workdir / "runs", "--name", run, "--cache", cache, "--seed", seed, "--json"]
        return [sys.executable, "-m", "discern", "train", self.dealt.train, *options]

    def evaluate(self, bundle: str) -> float:
        """Return the accuracy of a bundle on the held-out pictures."""
        result = discern.evaluate(bundle, self.dealt.test, cache=self.workdir / "cache-of-evaluate")
        assert (result.pictures, result.seen) == (self.dealt.test_pictures, 0)
        return float(result.metrics.accuracy.value)

    def keep(self, name: str, row: Row) -> None:
        self.runs.setdefault(name, []).append(row)
        print(f"{self.dealt.pack}: {name} {row['seconds']:.1f} s", file=sys.stderr, flush=True)

    def shares(self) -> dict[str, dict[str, float]]:
        """Return the median seconds of each stage of the three runs of Discern, and of what is outside of them."""
        shares = {}
        for name in (FIRST, AGAIN, SEED):
            rows = [
                row["stages"] | {"outside": row["seconds"] - sum(row["stages"].values())} for row in self.runs[name]
            ]
            shares[name] = {stage: middle(rows, stage) for stage in rows[0]}
        return shares

    def time_imports(self) -> float:
        """Return the seconds of all imports of the main process in a first run."""
        command = list(map(str, self.train_command("imports", self.workdir / "cache-of-imports", 0)))
        command.insert(1, "-Ximporttime")
        done = subprocess.run(command, env=environment(command[0]), capture_output=True, text=True, check=True)
        return sum(map(int, re.findall(r"^import time: +(\d+) \|", done.stderr, re.MULTILINE))) / 1e6


def middle(rows: list[Row], key: str) -> float | None:
    """Return the median of the values that there are."""
    values = [row[key] for row in rows if key in row]
    return median(values) if values else None


def compare(medians: Mapping[str, Row], loop_s: float, pictures: int) -> Row:
    """Return the time limits of the three runs, and the time of each contestant relative to the first run."""
    seconds = {name: row["seconds"] for name, row in medians.items()}
    allowance = next((extra for below, extra in ALLOWANCES if pictures < below), None)
    limits: dict[str, Row] = {}
    if allowance is not None:
        limits[FIRST] = {"limit": BARE_FACTOR * seconds[BARE] + allowance}
        # Without the start and the imports of the bare loops.
        limits["discern, by the loops alone"] = {"limit": BARE_FACTOR * loop_s + allowance, "seconds": seconds[FIRST]}
    limits |= {AGAIN: {"limit": AGAIN_LIMIT}, SEED: {"limit": SEED_LIMIT}}
    for name, row in limits.items():
        row.setdefault("seconds", seconds.get(name))
        row["kept"] = row["seconds"] <= row["limit"]
    return {"limits": limits, "times_discern": {name: value / seconds[FIRST] for name, value in seconds.items()}}


def print_pack(result: Row) -> None:
    print(f"\n{result['pack']}: {result['train_pictures']} training pictures, {result['held_out_pictures']} held out")
    print(f"{'':<22}{'seconds':>9}{'CPU s':>8}{'peak MiB':>10}{'accuracy':>10}{'x discern':>11}")
    for name, row in result["contestants"].items():
        accuracy = "-" if row["accuracy"] is None else f"{row['accuracy']:.3f}"
        print(
            f"{name:<22}{row['seconds']:>9.1f}{row['cpu_s']:>8.1f}{row['peak_mib']:>10.0f}{accuracy:>10}"
            f"{result['times_discern'][name]:>11.2f}"
        )
    for name, row in result["limits"].items():
        print(f"{name}: {row['seconds']:.1f} s, limit {row['limit']:.1f} s{'' if row['kept'] else ': EXCEEDED'}")
    for name, stages in result["shares"].items():
        whole = sum(stages.values())
        parts = ", ".join(f"{stage} {seconds:.2f} s ({seconds / whole:.0%})" for stage, seconds in stages.items())
        print(f"shares of {name}: {parts}")
    print(f"imports, inside of stages and outside: {result['imports_s']:.2f} s", flush=True)


if __name__ == "__main__":
    main()
