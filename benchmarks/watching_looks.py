"""Time and memory of a look at a large store.

    python benchmarks/watching_looks.py [--rows 1000000] [--new 10000] [--bundle FILE] [--store FOLDER]

Exchanges are generated: signals, embeddings and labels by lot around those of the bundle's reference. The first look
reads all of them; a second one continues from what the first one kept, after further exchanges came. Each look runs in
a process of its own, whose largest resident memory is reported.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import discern
from discern.bundle import Model
from discern.inference.exchange import Exchange
from discern.watching.looking.take_look import look
from discern.watching.stores.open_exchanges import open_store

_BATCH = 500
_START = 1_790_000_000.0


def generate(model: Model, first: int, count: int, width: int) -> list[Exchange]:
    """Make exchanges like the reference's held-out pictures."""
    rng = np.random.default_rng([first, 20])
    reference = model.reference
    assert reference is not None
    picks = rng.integers(len(reference.signals), size=count)
    embedding = rng.standard_normal((count, width)).astype(np.float32)
    found = []
    for place, row in enumerate(picks):
        unknown, confidence, _, brightness, sharpness, size = reference.signals[row].tolist()
        number, side = first + place, max(1, round(size))
        found.append(
            Exchange(
                id=f"{number:032x}",
                time=_START + 30 * number,
                model=model.manifest.name,
                bundle=model.fingerprint,
                door="rest",
                client=f"c{number % 97}",
                content=f"{number:064x}",
                pixels=f"{number:064x}",
                width=side,
                height=side,
                brightness=brightness,
                sharpness=sharpness,
                embedding=embedding[place],
                prediction={
                    "label": model.labels[int(reference.label[row])],
                    "decision": model.manifest.thresholds.decide(confidence, unknown),
                    "confidence": confidence,
                    "unknown_score": unknown,
                },
                seconds=0.02,
            )
        )
    return found


def fill(folder: Path, model: Model, first: int, count: int) -> float:
    """Add exchanges to a store, and return the seconds that it took."""
    width = len(model.run(np.zeros((1, *[model.manifest.recipe.size] * 2, 3), np.uint8))["embedding"][0])
    start, store = time.perf_counter(), open_store(folder, create=True)
    for begin in range(first, first + count, _BATCH):
        store.add(generate(model, begin, min(_BATCH, first + count - begin), width))
    store.close()
    return time.perf_counter() - start


def look_once(folder: Path, bundle: str) -> dict[str, float]:
    """Look in this process, and return its seconds, its memory in MiB, and figures of the look."""
    model, store = discern.load(bundle), open_store(folder)
    start, processor = time.perf_counter(), time.process_time()
    seen = look(store, model)
    found = {
        "exchanges": seen.exchanges,
        "seconds": round(time.perf_counter() - start, 2),
        "processor": round(time.process_time() - processor, 2),
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        "waiting": seen.waiting,
        "alarms": len(seen.alarms),
    }
    store.close()
    return found


def in_process(folder: Path, bundle: str) -> dict[str, float]:
    """Look in a process of its own."""
    command = [sys.executable, __file__, "--look", str(folder), "--bundle", bundle]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--new", type=int, default=10_000)
    parser.add_argument("--bundle", required=True, help="a bundle with a reference")
    parser.add_argument("--store", type=Path, help="folder of the store; by default a temporary one")
    parser.add_argument("--look", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.look is not None:
        print(json.dumps(look_once(given.look, given.bundle)))
        return
    model = discern.load(given.bundle)
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.store or Path(temporary) / "store"
        print(f"filled with {given.rows:,} in {fill(folder, model, 1, given.rows):.0f} s", flush=True)
        print("first look:     ", in_process(folder, given.bundle), flush=True)
        fill(folder, model, 1 + given.rows, given.new)
        print(f"{given.new:,} new:     ", in_process(folder, given.bundle), flush=True)
        print("nothing new:    ", in_process(folder, given.bundle), flush=True)


if __name__ == "__main__":
    main()
