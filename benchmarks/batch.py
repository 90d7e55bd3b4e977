"""Answering a source into a file: pictures per second and peak memory as the number of pictures grows.

    python benchmarks/batch.py [--sizes 10000 100000] [--bundle runs/NAME/model.discern]

Pictures are those of `scale.py`: JPEGs of 100 pixels. The bare loop reads, prepares and runs the same graph on the same
files with a plain pool of threads, a thread a core, and keeps nothing; both are measured in one run, on the first
`--compared` pictures, in turns, and the ratio is what counts. Without a bundle the graph is one that sees mean colours,
because then the point is what stands around the net. Peak memory is what the process holds for itself (see `scale.py`).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from processes import family
from scale import own_memory, write_pictures

from discern.bundle import Model, load
from discern.catalog import Item
from discern.catalog.formats.open_source import open_source
from discern.flow.predict.batch import predict_to
from discern.flow.predict.stream import predict_items

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.unit.bundle.factories import write_small

SIZES = (10_000, 100_000)
BATCH = 8
ROUNDS = 3


def bare_loop(model: Model, items: Sequence[Item]) -> None:
    def run(some: Sequence[Item]) -> None:
        model.run(np.stack([model.prepare(item.load()) for item in some]))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(run, [items[start : start + BATCH] for start in range(0, len(items), BATCH)]))


def ours(model: Model, items: Sequence[Item]) -> None:
    assert sum(1 for _ in predict_items(model, items)) == len(items)


def rates(work: Callable[[Model, Sequence[Item]], None], model: Model, items: Sequence[Item]) -> tuple[float, float]:
    """Pictures per second, and per second of a core."""
    start, spent = time.perf_counter(), time.process_time()
    work(model, items)
    return len(items) / (time.perf_counter() - start), len(items) / (time.process_time() - spent)


def compare(bundle: Path, folder: Path, count: int) -> dict[str, Any]:
    model = load(bundle, threads=1)
    items = list(islice(open_source(folder, model.limits).items(), count))
    bare_loop(model, items[:200])
    found = [(rates(bare_loop, model, items), rates(ours, model, items)) for _ in range(ROUNDS)]
    return {
        "bare": statistics.median(bare[0] for bare, _ in found),
        "ours": statistics.median(mine[0] for _, mine in found),
        "share": statistics.median(mine[0] / bare[0] for bare, mine in found),
        "share_of_cores": statistics.median(mine[1] / bare[1] for bare, mine in found),
    }


def measure(bundle: Path, folder: Path, out: Path) -> dict[str, Any]:
    """One command, in a process of its own."""
    words = ["--do", str(folder), "--bundle", str(bundle), "--answers", str(out)]
    with subprocess.Popen([sys.executable, __file__, *words], stdout=subprocess.PIPE, text=True) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, sum(map(own_memory, family(process.pid))))
            time.sleep(0.1)
        assert process.stdout is not None
        said = process.stdout.read()
    if process.returncode:
        sys.exit("it failed")
    return json.loads(said) | {"peak_mib": peak >> 20, "out_mb": out.stat().st_size / 1e6}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--compared", type=int, default=2_000)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--folders", type=Path, nargs="*", help="pictures that are there already, one folder a size")
    parser.add_argument("--kind", default="parquet")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out" / "batch.json")
    parser.add_argument("--do", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--answers", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.do:
        result = predict_to(asked.bundle, asked.do, asked.answers)
        print(json.dumps({"pictures": result.pictures, "seconds": result.seconds}))
        return
    table = []
    with tempfile.TemporaryDirectory() as where:
        bundle = asked.bundle or write_small(Path(where) / "model.discern")
        for number, size in enumerate(asked.sizes):
            folder = asked.folders[number] if asked.folders else Path(where) / f"pictures{size}"
            if not asked.folders:
                write_pictures(folder, size)
            row = {"pictures": size, **compare(bundle, folder, min(size, asked.compared))}
            row |= measure(bundle, folder, Path(where) / f"answers{size}.{asked.kind}")
            table.append(row)
            print(
                f"{row['pictures']:8,} pictures: {row['pictures'] / row['seconds']:7,.0f}/s to the file, "
                f"{row['peak_mib']:5,} MiB; stream {row['ours']:7,.0f}/s, bare loop {row['bare']:7,.0f}/s, "
                f"share {row['share']:.2f} (of cores {row['share_of_cores']:.2f})",
                flush=True,
            )
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
