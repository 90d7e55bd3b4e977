"""Speed and size of a store of captured exchanges with a million rows, with generated values.

`python benchmarks/watching_store.py --rows 1000000` writes a store to a temporary folder (about 5 GB), and measures the
calls that pages, queues and looks make. `--postgres` measures a PostgreSQL of its own instead of SQLite. Times of the
clock hold for an idle machine.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tests.postgres_server import postgres_server

from discern.inference.exchange import Exchange, Feedback
from discern.watching.stores.exchange_database import ExchangeDatabase
from discern.watching.stores.open_exchanges import open_store

START = 1_767_225_600.0  # 2026-01-01
SPAN = 90 * 86_400.0
CLASSES = 131
BATCH = 500
POOL = 2048
FEEDBACK_SHARE = 0.01
BUNDLES = ("a" * 64, "b" * 64)  # the first serves the first tenth
REPEATS = 5


class Generated:
    """Exchanges of a seed: their values repeat after a while, apart from identifiers, times and hashes."""

    def __init__(self, rows: int, dims: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.seed = seed
        self.rows, self.step = rows, SPAN / rows
        self.embeddings = rng.standard_normal((POOL, dims)).astype(np.float32)
        self.predictions = [self._prediction(row) for row in rng.dirichlet(np.full(CLASSES, 0.05), POOL)]

    @staticmethod
    def _prediction(probabilities: np.ndarray) -> dict[str, Any]:
        best = int(probabilities.argmax())
        confidence = float(probabilities[best])
        return {
            "label": f"class {best}",
            "decision": "accept" if confidence > 0.6 else "review" if confidence > 0.3 else "unknown",
            "confidence": confidence,
            "probabilities": {f"class {k}": float(p) for k, p in enumerate(probabilities)},
            "set": [f"class {best}"],
            "unknown_score": 1 - confidence,
            "looks_like": None,
            "message": f"This is class {best}.",
        }

    def exchange(self, number: int) -> Exchange:
        # A multiplication that spreads numbers over all digests, as hashes are spread.
        spread = (number + 1 + 2**40 * self.seed) * 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835 % 2**128
        return Exchange(
            id=f"{spread:032x}",
            time=START + number * self.step,
            model="fruit",
            bundle=BUNDLES[number * 10 // self.rows > 0],
            door="rest",
            client=f"key {number % 7}",
            content=f"{spread:064x}",
            pixels=f"{spread ^ 0xFFFF:064x}",
            width=640,
            height=480,
            brightness=0.5,
            sharpness=0.25,
            embedding=self.embeddings[number % POOL],
            prediction=self.predictions[number * 7 % POOL],
            seconds=0.01,
        )

    def batch(self, start: int) -> tuple[list[Exchange], list[Feedback]]:
        exchanges = [self.exchange(number) for number in range(start, min(start + BATCH, self.rows))]
        step = int(1 / FEEDBACK_SHARE)
        feedback = [
            Feedback(exchange=each.id, label="class 1", time=each.time + 60, source="audit")
            for each in exchanges[::step]
        ]
        return exchanges, feedback


def fill(store: ExchangeDatabase, generated: Generated) -> list[float]:
    """Add all rows, and return the processor time of each batch in milliseconds."""
    taken = []
    for start in range(0, generated.rows, BATCH):
        exchanges, feedback = generated.batch(start)
        begun = time.process_time()
        assert store.add(exchanges, feedback) == len(exchanges)
        taken.append(1e3 * (time.process_time() - begun))
    return taken


def taken_by(call: Callable[[], Any], repeats: int = REPEATS) -> dict[str, float]:
    """The median time of a call, in seconds: of the clock, and of this process's processor."""
    clock, processor = [], []
    for _ in range(repeats):
        before, used = time.perf_counter(), time.process_time()
        call()
        clock.append(time.perf_counter() - before)
        processor.append(time.process_time() - used)
    return {"clock": round(float(np.median(clock)), 4), "processor": round(float(np.median(processor)), 4)}


def measure(store: ExchangeDatabase, generated: Generated) -> dict[str, Any]:
    rows, ones = generated.rows, np.ones(generated.embeddings.shape[1], np.float32)
    middle, last = rows // 2, START + SPAN
    ids = [generated.exchange(number).id for number in range(0, rows, max(1, rows // 200))]
    calls: dict[str, Callable[[], Any]] = {
        "columns, 10,000 from the middle with embeddings": lambda: store.columns(
            after=middle, limit=10_000, embeddings=True
        ),
        "columns, newest 2,000": lambda: store.columns(newest=True, limit=2_000),
        "columns, newest 2,000 of an old model": lambda: store.columns(newest=True, limit=2_000, bundle=BUNDLES[0]),
        "columns, newest 10,000 of the new model with embeddings": lambda: store.columns(
            newest=True, limit=10_000, bundle=BUNDLES[1], embeddings=True
        ),
        "columns, last day": lambda: store.columns(since=last - 86_400),
        "columns, an hour in the middle": lambda: store.columns(since=last - SPAN / 2, until=last - SPAN / 2 + 3600),
        "columns_of 200": lambda: store.columns_of(ids, embeddings=True),
        "get": lambda: store.get(ids[100]),
        "traffic of 7 days": lambda: store.traffic(since=last - 7 * 86_400),
        "traffic of all": store.traffic,
        "traffic of all in days": lambda: store.traffic(step=86_400),
        "bundles": store.bundles,
        "feedback, all": lambda: sum(1 for _ in store.feedback()),
    }
    found = {name: taken_by(call) for name, call in calls.items()}
    # Nothing of the others is erased, so that a kept store can be measured again.
    another = Generated(rows, 1, seed=9)
    found["forget a hash (reads the table)"] = taken_by(lambda: store.forget(another.exchange(1).content), 1)
    extra = [replace(another.exchange(number), embedding=ones, time=1.0) for number in range(2, 1002)]
    store.add(extra)
    found["forget an identifier"] = taken_by(lambda: store.forget(extra[0].id), 1)
    found["retain, 999 old exchanges"] = taken_by(lambda: store.retain(max_age=START, now=START + 2), 1)
    return found


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def opened(folder: Path, *, postgres: bool) -> Iterator[ExchangeDatabase]:
    if not postgres:
        store = open_store(folder / "store", create=True)
        yield store
        store.close()
        return
    with postgres_server() as server:
        store = open_store(server.create("bench"), create=True, pictures=folder / "pictures")
        yield store
        store.close()


def write(store: ExchangeDatabase, generated: Generated, folder: Path) -> dict[str, Any]:
    before, begun = peak_mib(), time.perf_counter()
    taken = fill(store, generated)
    wall = time.perf_counter() - begun
    tenth = max(1, len(taken) // 10)
    return {
        "processor time for 500, ms": {
            "median": round(float(np.median(taken)), 1),
            "first tenth": round(float(np.median(taken[:tenth])), 1),
            "last tenth": round(float(np.median(taken[-tenth:])), 1),
        },
        "exchanges per second": round(generated.rows / wall),
        "memory that grew, MiB": round(peak_mib() - before),
        "size of files here, bytes per exchange": round(
            sum(each.stat().st_size for each in folder.rglob("*")) / generated.rows
        ),
    }


def run(folder: Path, rows: int, dims: int, *, postgres: bool = False) -> dict[str, Any]:
    with opened(folder, postgres=postgres) as store:
        generated, found = Generated(rows, dims), dict[str, Any]()
        if not store.bundles():
            fill(store, Generated(2 * BATCH, dims, seed=1))
            found["add"] = write(store, generated, folder)
        found["seconds"] = measure(store, generated)
        return {"rows": rows, "dims": dims, "database": "PostgreSQL" if postgres else "SQLite", **found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dims", type=int, default=1280)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--keep", type=Path, help="folder whose store is kept, and measured again if it is there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="watching-store-") as name:
        folder = options.keep or Path(name)
        print(json.dumps(run(folder, options.rows, options.dims, postgres=options.postgres), indent=2))


if __name__ == "__main__":
    main()
