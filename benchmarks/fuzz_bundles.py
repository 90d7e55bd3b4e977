"""Fuzzing of graphs and bundles by their structure: no mutation may crash, block or exhaust the program.

Usage: python benchmarks/fuzz_bundles.py [SECONDS] [SEED] [--nets FOLDER]; Linux only. Each walk starts from a sound
graph or bundle, and changes it step by step for as long as it is accepted. Reported are checks that end otherwise than
with a refusal, take more than a second or 200 MiB; and accepted graphs that crash an engine, let it print, or take more
than 10 s or 1 GiB to load and to run on two pictures. FOLDER: exported networks, such as those of export_backbones.py.
What failed is saved in benchmarks/out/fuzz_bundles.
"""

import json
import multiprocessing
import os
import random
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from onnx_mutation import mutate_bundle, mutate_fields, mutate_model, sound  # noqa: E402
from tests.attacks.entry_points import peak_memory  # noqa: E402
from tests.attacks.forged_bundle import sound_backbone  # noqa: E402
from tests.unit.bundle.factories import colour_graph, plain  # noqa: E402
from tests.unit.bundle.onnx_graph import test_head_graph as heads  # noqa: E402

from discern.bundle import archive, load, open_runtime  # noqa: E402
from discern.bundle.graph_safety import find_fault  # noqa: E402
from discern.bundle.onnx_graph import attach_head  # noqa: E402
from discern.errors import DiscernError  # noqa: E402
from discern.features import load_backbone  # noqa: E402
from discern.features.testing import colour_backbone  # noqa: E402
from discern.flow.verify import verify  # noqa: E402

OUT = Path(__file__).parent / "out"
FAILURES = OUT / "fuzz_bundles"
SECONDS, SEED, WORKERS = 600, 7, 2
CHECK_SECONDS, CHECK_MEBIS = 1.0, 200
RUN_SECONDS, RUN_MEBIS = 10.0, 1024
PATIENCE, MEMORY, STEPS = 30, 6 << 30, 12
LARGE = 4 << 20
"""Bytes from which a graph is mutated rarely, as each step takes long."""


@lru_cache
def graphs(nets: str) -> dict[str, bytes]:
    """Return the sound graphs by name; deterministic."""
    found = {
        "small": colour_graph(),
        "backbone": sound_backbone(),
        "colour": colour_backbone().graph,
        "head": attach_head(heads.make_backbone(), heads.make_head(), heads.make_unknown_scorer(), blocks=heads.BLOCKS),
        "ordinal": attach_head(
            heads.make_backbone(), heads.make_ordinal_head(), heads.make_unknown_scorer(), blocks=heads.BLOCKS
        ),
        "lite0": load_backbone("lite0", size=96, mirror=False).graph,
    }
    return found | {path.stem: path.read_bytes() for path in sorted(Path(nets).glob("*.onnx")) if nets}


Step = tuple[str, bytes, str]
"""Kind of file, its content, and the sound file that it comes from."""


def walk(number: int, seed: int, nets: str, accepted: Callable[[], bool]) -> Iterator[Step]:
    """Mutate a sound file step by step for as long as the last step was accepted."""
    generator = random.Random(f"{seed}-{number}")
    if generator.random() < 0.25:
        members = sound()
        for _ in range(STEPS):
            members = mutate_bundle(members, generator)
            yield "bundle", archive.pack(members), "sound"
            if not accepted():
                return
        return
    known = graphs(nets)
    weights = [1.0 if len(data) < LARGE else 0.05 for data in known.values()]
    name = generator.choices(list(known), weights)[0]
    graph = known[name]
    for _ in range(STEPS):
        mutate = mutate_fields if generator.random() < 0.4 else mutate_model
        try:
            changed = mutate(graph, generator)
        except Exception:  # noqa: BLE001 - the onnx library cannot read or write what was mutated
            return
        yield "graph", changed, name
        graph = changed if accepted() else graph


class Examination:
    """Checks of files in this process, with their time and memory."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "forged.discern"
        self._output = os.open(folder / "output", os.O_WRONLY | os.O_CREAT)
        os.dup2(self._output, 1)
        os.dup2(self._output, 2)
        self.accepted = False
        self.cost = (0.0, 0)  # seconds and MiB of the last step

    def __call__(self, kind: str, data: bytes) -> str:
        """Return the outcome: "refused", "accepted", "not run", or a failure in capitals."""
        self.accepted = False
        outcome = self._bundle(data) if kind == "bundle" else self._graph(data)
        sys.stdout.flush()
        printed = os.fstat(self._output).st_size > 0
        os.truncate(self._output, 0)
        os.lseek(self._output, 0, os.SEEK_SET)
        return "NOISY RUN" if printed else outcome

    def _graph(self, data: bytes) -> str:
        fault, slow = self._measured(lambda: find_fault(data), CHECK_SECONDS, CHECK_MEBIS)
        if slow:
            return f"SLOW CHECK {slow}"
        if fault is not None:
            assert isinstance(fault, str)
            return "refused"
        self.accepted = True
        outcome, slow = self._measured(lambda: _run(data), RUN_SECONDS, RUN_MEBIS)
        return f"COSTLY RUN {slow}" if slow else outcome

    def _bundle(self, data: bytes) -> str:
        self._path.write_bytes(data)
        outcome, slow = self._measured(lambda: _load(self._path), CHECK_SECONDS, CHECK_MEBIS)
        self.accepted = outcome == "accepted"
        return f"SLOW CHECK {slow}" if slow else outcome

    def _measured(self, act: Callable[[], Any], seconds: float, mebis: int) -> tuple[Any, str]:
        """Call a function; return its result, and the time and memory if they exceed the limits."""
        Path("/proc/self/clear_refs").write_text("5")
        before, start = peak_memory(), time.process_time()
        result = act()
        took, used = time.process_time() - start, (peak_memory() - before) >> 20
        self.cost = took, used
        return result, f"{took:.1f} s {used} MiB" if took > seconds or used > mebis else ""


def _run(data: bytes) -> str:
    """Run a graph on two black and white pictures of the size that it takes."""
    try:
        runtime = open_runtime(data, threads=1)
        size = _picture_size(runtime)
        pixels = np.stack([np.zeros((size, size, 3), np.uint8), np.full((size, size, 3), 255, np.uint8)])
        runtime.run({"pixels": pixels})
    except DiscernError:
        return "not run"
    return "accepted"


def _picture_size(runtime: Any) -> int:
    shape = runtime._session.get_inputs()[0].shape
    size = shape[1] if len(shape) == 4 else 0
    return size if isinstance(size, int) else 32


def _load(path: Path) -> str:
    try:
        model = load(path)
        found = model(plain(200, 0, 0))
        json.dumps(found.to_json(), allow_nan=False).encode()
        return "accepted" if verify(path).passed else "not verified"
    except DiscernError as error:
        error.message.encode()
        return "refused"


def run_worker(seed: int, first: int, stride: int, nets: str, pipe: Connection) -> None:
    """Walk through files, announce each before it is examined, and send its outcome."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        examine = Examination(Path(folder))
        number = first
        while True:
            for step, (kind, data, name) in enumerate(walk(number, seed, nets, lambda: examine.accepted)):
                pipe.send(("begin", number, step, kind, name, "", (0.0, 0)))
                try:
                    outcome = examine(kind, data)
                except Exception:  # noqa: BLE001 - any other exception is a failure to report
                    outcome = "UNFORESEEN"
                    save(number, step, kind, data, traceback.format_exc())
                if outcome.startswith(("SLOW", "COSTLY", "NOISY")):
                    save(number, step, kind, data, outcome)
                pipe.send(("end", number, step, kind, name, outcome, examine.cost))
            number += stride


def save(number: int, step: int, kind: str, data: bytes, why: str) -> None:
    """Save a failing file and the reason."""
    FAILURES.mkdir(parents=True, exist_ok=True)
    path = FAILURES / f"{number}-{step}.{'discern' if kind == 'bundle' else 'onnx'}"
    path.write_bytes(data)
    Path(f"{path}.txt").write_text(why)


class Worker:
    """A worker process, and the file at which it is."""

    def __init__(self, context: Any, seed: int, first: int, nets: str) -> None:
        self.seed, self.nets, self.number, self.at = seed, nets, first, time.monotonic()
        self.pending: tuple[Any, ...] | None = None
        self.outcomes: list[bool] = []
        self.pipe, theirs = context.Pipe(duplex=False)
        self.process = context.Process(target=run_worker, args=(seed, first, WORKERS, nets, theirs), daemon=True)
        self.process.start()
        theirs.close()

    def receive(self, counts: Counter[str], worst: dict[str, list[float]]) -> str:
        """Count the outcomes that arrived; return "CRASH" or "HANG" if the process ended or hangs."""
        try:
            while self.pipe.poll():
                word, number, step, kind, name, outcome, cost = self.pipe.recv()
                self.number, self.at = number, time.monotonic()
                if word == "begin":
                    self.pending = (number, step, kind, name)
                    self.outcomes = self.outcomes[:step]
                else:
                    self.pending = None
                    self.outcomes.append(outcome in ("accepted", "not run") or outcome.startswith(("COSTLY", "NOISY")))
                    counts[f"{kind}: {outcome.rstrip('0123456789.sMiB ')}"] += 1
                    costs = worst.setdefault(f"{kind}: {outcome}", [0.0, 0])
                    costs[:] = [max(costs[0], round(cost[0], 3)), max(costs[1], cost[1])]
        except EOFError:
            self.process.join()
            return f"CRASH {self.process.exitcode}"
        return "HANG" if time.monotonic() - self.at > PATIENCE else ""

    def reproduce(self) -> bytes:
        """Build the file at which the process ended, from the outcomes of the steps before."""
        number, step, _, _ = self.pending or (self.number, 0, "", "")
        steps = walk(number, self.seed, self.nets, lambda: self.outcomes[seen[0]] if seen[0] < step else True)
        seen = [0]
        for seen[0], (_, data, _) in enumerate(steps):
            if seen[0] == step:
                return data
        return b""


def fuzz(seconds: float, seed: int, nets: str) -> dict[str, Any]:
    """Examine files in worker processes for some time; replace a worker that dies or hangs."""
    context = multiprocessing.get_context("spawn")
    workers = [Worker(context, seed, first, nets) for first in range(WORKERS)]
    counts: Counter[str] = Counter()
    worst: dict[str, list[float]] = {}
    ended: list[str] = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        wait([worker.pipe for worker in workers], timeout=1)
        for place, worker in enumerate(workers):
            if why := worker.receive(counts, worst):
                worker.process.kill()
                number, step, kind, name = worker.pending or (worker.number, 0, "worker", "")
                save(number, step, kind, worker.reproduce(), f"{why}, from {name}")
                ended.append(f"{kind} {number}-{step} from {name}: {why}")
                workers[place] = Worker(context, seed, worker.number + WORKERS, nets)
    for worker in workers:
        worker.process.kill()
    return {
        "seed": seed,
        "seconds": round(seconds),
        "executions": counts.total() + len(ended),
        "ended": ended,
        "failed": {outcome: times for outcome, times in counts.items() if outcome.split(": ")[1].isupper()},
        "outcomes": dict(sorted(counts.items())),
        "most_seconds_and_mebis": dict(sorted(worst.items())),
    }


def main() -> None:
    words = sys.argv[1:]
    nets = words.pop(words.index("--nets") + 1) if "--nets" in words else ""
    words = [word for word in words if word != "--nets"]
    seconds, seed = float(words[0]) if words else SECONDS, int(words[1]) if words[1:] else SEED
    result = fuzz(seconds, seed, nets)
    OUT.mkdir(exist_ok=True)
    (OUT / "fuzz_bundles.json").write_text(json.dumps(result, indent=1))
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
