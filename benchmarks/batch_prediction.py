"""Throughput and peak memory of predicting a source into a file, by the number of pictures.

    python benchmarks/batch_prediction.py [--sizes 10000 100000] [--bundle runs/NAME/model.discern]

The pictures are those of `scaling.py`: JPEGs of 100 px. The bare loop preprocesses the same files and runs the same
graph on them in a thread pool with one thread per core, and keeps no results. Both are measured alternately on the
first `--compared` pictures; the ratio counts. By default the graph computes mean colours, so that the overhead around
the network is measured. Peak memory is private memory (see `scaling.py`).
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
from process_tree import process_tree
from scaling import private_memory, write_pictures

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
    def run(batch: Sequence[Item]) -> None:
        model.run(np.stack([model.prepare(item.load()) for item in batch]))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(run, [items[start : start + BATCH] for start in range(0, len(items), BATCH)]))


def stream(model: Model, items: Sequence[Item]) -> None:
    assert sum(1 for _ in predict_items(model, items)) == len(items)


def measure_rates(
    work: Callable[[Model, Sequence[Item]], None], model: Model, items: Sequence[Item]
) -> tuple[float, float]:
    """Return pictures per second of wall time, and per second of CPU time."""
    start, spent = time.perf_counter(), time.process_time()
    work(model, items)
    return len(items) / (time.perf_counter() - start), len(items) / (time.process_time() - spent)


def compare(bundle: Path, folder: Path, count: int) -> dict[str, Any]:
    model = load(bundle, threads=1)
    items = list(islice(open_source(folder, model.limits).items(), count))
    bare_loop(model, items[:200])
    found = [(measure_rates(bare_loop, model, items), measure_rates(stream, model, items)) for _ in range(ROUNDS)]
    return {
        "bare": statistics.median(bare[0] for bare, _ in found),
        "stream": statistics.median(own[0] for _, own in found),
        "share": statistics.median(own[0] / bare[0] for bare, own in found),
        "share_of_cores": statistics.median(own[1] / bare[1] for bare, own in found),
    }


def measure(bundle: Path, folder: Path, out: Path) -> dict[str, Any]:
    """Predict into a file in a separate process; return its time and peak memory."""
    options = ["--run", str(folder), "--bundle", str(bundle), "--output", str(out)]
    with subprocess.Popen([sys.executable, __file__, *options], stdout=subprocess.PIPE, text=True) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, sum(map(private_memory, process_tree(process.pid))))
            time.sleep(0.1)
        assert process.stdout is not None
        output = process.stdout.read()
    if process.returncode:
        sys.exit("The prediction failed.")
    return json.loads(output) | {"peak_mib": peak >> 20, "out_mb": out.stat().st_size / 1e6}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--compared", type=int, default=2_000, help="pictures for the comparison with the bare loop")
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--folders", type=Path, nargs="*", help="existing pictures, one folder per size")
    parser.add_argument("--format", default="parquet", help="suffix of the output file")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out" / "batch_prediction.json")
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run:
        result = predict_to(args.bundle, args.run, args.output)
        print(json.dumps({"pictures": result.pictures, "seconds": result.seconds}))
        return
    table = []
    with tempfile.TemporaryDirectory() as workdir:
        bundle = args.bundle or write_small(Path(workdir) / "model.discern")
        for number, size in enumerate(args.sizes):
            folder = args.folders[number] if args.folders else Path(workdir) / f"pictures{size}"
            if not args.folders:
                write_pictures(folder, size)
            row = {"pictures": size, **compare(bundle, folder, min(size, args.compared))}
            row |= measure(bundle, folder, Path(workdir) / f"predictions{size}.{args.format}")
            table.append(row)
            print(
                f"{row['pictures']:8,} pictures: {row['pictures'] / row['seconds']:7,.0f}/s to the file, "
                f"{row['peak_mib']:5,} MiB; stream {row['stream']:7,.0f}/s, bare loop {row['bare']:7,.0f}/s, "
                f"ratio {row['share']:.2f} (by CPU time {row['share_of_cores']:.2f})",
                flush=True,
            )
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
