"""How fast a bundle is served, beside a bare loop and beside other servers.

    python benchmarks/server_throughput.py [BUNDLE PICTURES] [--peers PYTHON] [--clients 1 8 64] [--seconds 15]

On a machine with two cores or more, the servers (and the bare loop) have the first half of the cores and the load
generator the others. The bare loop opens each picture by the bundle's recipe and runs its graph, in one thread per core
and with nothing else around; the fastest of batches of 1, 2 and 4 counts. `PYTHON` is one in which torch, torchvision,
timm, litserve and bentoml are installed: these serve the same net, at the same size and with the same number of views,
as their own documentation sets them up (see `peers/`); LitServe also with the bundle's own graph.

Of every server: requests per second and latencies at each number of clients, seconds from start to the first answer,
and memory (its processes together) when idle and under load.
"""

import argparse
import asyncio
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from load_generator import closed_loop, multipart, request
from PIL import Image
from process_tree import family
from benchmark_bundle import add_subject, subject

from discern.bundle import Model, archive, load
from discern.picture import read_header

HERE = Path(__file__).parent
CORES = sorted(os.sched_getaffinity(0))
OURS, THEIRS = (CORES[: len(CORES) // 2], CORES[len(CORES) // 2 :]) if len(CORES) > 1 else (CORES, CORES)


@dataclass(kw_only=True)
class Peer:
    """A server that can be started."""

    name: str
    command: Callable[[int], Sequence[str]]
    environment: dict[str, str] = field(default_factory=dict)
    where: Path = Path()


def pictures(folder: Path, most: int) -> list[bytes]:
    """Pictures as JPEGs, so that all servers can open them."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with contextlib.suppress(Exception):
            data = path.read_bytes()
            if read_header(data).format != "JPEG":
                buffer = io.BytesIO()
                Image.open(path).convert("RGB").save(buffer, "JPEG", quality=90)
                data = buffer.getvalue()
            found.append(data)
        if len(found) == most:
            break
    return found


def bare_loop(model: Model, files: Sequence[bytes], seconds: float) -> dict[str, float]:
    """Pictures per second by batch size, on the servers' cores."""
    rates = {}
    for batch in (1, 2, 4):
        counts = [0] * len(OURS)
        end = time.perf_counter() + seconds

        def work(number: int, batch: int = batch, counts: list[int] = counts, end: float = end) -> None:
            at = number
            while time.perf_counter() < end:
                inputs = np.stack([model.prepare(files[(at + step) % len(files)]) for step in range(batch)])
                model.answer(inputs)
                counts[number] += batch
                at += batch * len(counts)

        begun = time.perf_counter()
        threads = [threading.Thread(target=work, args=(number,)) for number in range(len(counts))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rates[str(batch)] = round(sum(counts) / (time.perf_counter() - begun), 1)
    return rates


@contextlib.contextmanager
def running(peer: Peer, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Start a server on its cores, and end it with all its processes."""
    command = ["taskset", "-c", ",".join(map(str, OURS)), *peer.command(port)]
    log = Path(tempfile.gettempdir()) / f"{peer.name.replace(' ', '-')}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=os.environ | peer.environment, cwd=peer.where, stdout=out, stderr=out, start_new_session=True
        )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 15)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)


def first_answer(port: int, question: bytes, process: subprocess.Popen[bytes]) -> float:
    """Seconds until a server answers."""
    begun = time.perf_counter()
    while time.perf_counter() - begun < 120:
        if process.poll() is not None:
            raise RuntimeError("it ended")
        load = asyncio.run(closed_loop(port, [question], 1, 0.001))
        if load.statuses[200]:
            return time.perf_counter() - begun
        time.sleep(0.02)
    raise RuntimeError("it does not answer")


def memory(process: int) -> int:
    """MiB that a process and its children hold (their shares of what they share)."""
    total = 0
    for each in family(process):
        with contextlib.suppress(OSError, StopIteration):
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
            total += int(next(line for line in lines if line.startswith("Pss:")).split()[1])
    return total >> 10


def measure(
    peer: Peer, port: int, questions: Sequence[bytes], clients: Sequence[int], seconds: float
) -> dict[str, Any]:
    with running(peer, port) as process:
        begun = first_answer(port, questions[0], process)
        idle = memory(process.pid)
        asyncio.run(closed_loop(port, questions, max(clients), min(5, seconds)))  # warm
        row: dict[str, Any] = {"first_answer_s": round(begun, 2), "idle_mib": idle}
        for count in clients:
            row[str(count)] = asyncio.run(closed_loop(port, questions, count, seconds)).summary()
        row["loaded_mib"] = memory(process.pid)
        return row


def peers(bundle: Path, model: Model, python: str | None, where: Path) -> list[Peer]:
    ours = [
        Peer(
            name="discern",
            command=lambda port: [sys.executable, "-m", "discern", "serve", str(bundle), "--port", str(port)],
        )
    ]
    if python is None:
        return ours
    recipe = model.manifest.recipe
    views = 2 if model.manifest.backbone.get("views", 2) != 1 else 1
    (where / "model.onnx").write_bytes(archive.unpack(bundle)["model.onnx"])
    about = {
        "PEER_SIZE": str(recipe.size),
        "PEER_RESIZE": str(recipe.resize),
        "PEER_CLASSES": str(len(model.labels)),
        "PEER_VIEWS": str(views),
        "OMP_NUM_THREADS": str(len(OURS)),
        "PYTHONPATH": str(HERE / "peers"),
    }

    def script(name: str) -> Callable[[int], Sequence[str]]:
        return lambda port: [python, str(HERE / "peers" / name), str(port)]

    def bento(port: int) -> Sequence[str]:
        return [python, "-m", "bentoml", "serve", "bento:Peer", "--port", str(port), "--host", "127.0.0.1"]

    graph = {"PEER_GRAPH": str(where / "model.onnx")}
    return [
        *ours,
        Peer(name="litserve torch", command=script("lit.py"), environment=about),
        Peer(name="litserve onnx", command=script("lit.py"), environment=about | graph),
        Peer(name="bentoml torch", command=bento, environment=about, where=HERE / "peers"),
        Peer(name="fastapi torch", command=script("plain.py"), environment=about),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_subject(parser)
    parser.add_argument("--peers", help="a Python with torch, torchvision, timm, litserve and bentoml")
    parser.add_argument("--clients", type=int, nargs="*", default=(1, 8, 64))
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--port", type=int, default=9310)
    parser.add_argument("--out", type=Path, default=HERE / "out" / "server_throughput.json")
    asked = parser.parse_args()
    bundle = subject(asked)
    files = pictures(asked.pictures, 300)
    model = load(bundle, threads=1)
    questions = [request("/predict", multipart(data)) for data in files]
    os.sched_setaffinity(0, OURS)
    table: dict[str, Any] = {"bare loop": bare_loop(model, files, asked.seconds)}
    os.sched_setaffinity(0, THEIRS)
    bare = max(table["bare loop"].values())
    print(f"{len(files)} pictures; servers on cores {OURS}, clients on {THEIRS}; bare loop {table['bare loop']}")
    with tempfile.TemporaryDirectory() as where:
        for number, peer in enumerate(peers(bundle, model, asked.peers, Path(where))):
            try:
                table[peer.name] = row = measure(peer, asked.port + number, questions, asked.clients, asked.seconds)
            except RuntimeError as error:
                print(f"{peer.name}: {error}")
                continue
            rates = "  ".join(
                f"{count}: {row[str(count)]['answered_per_s']:6.1f}/s ({row[str(count)]['answered_per_s'] / bare:.0%})"
                f" p50 {row[str(count)]['p50_ms']:.0f} p95 {row[str(count)]['p95_ms']:.0f}"
                f" p99 {row[str(count)]['p99_ms']:.0f} ms {row[str(count)]['statuses']}"
                for count in asked.clients
            )
            start = f"first answer {row['first_answer_s']} s, {row['idle_mib']} -> {row['loaded_mib']} MiB"
            print(f"{peer.name:16} {rates}  {start}", flush=True)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
