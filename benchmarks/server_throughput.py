"""Throughput and latency of the server, compared with a bare loop and with other servers.

    python benchmarks/server_throughput.py [BUNDLE PICTURES] [--peers PYTHON] [--clients 1 8 64] [--seconds 15]

On a machine with two or more cores, the servers and the bare loop run on the first half of the cores, and the load
generator on the rest. The bare loop preprocesses each picture by the bundle's recipe and runs its graph, with one
thread per core; the fastest batch size of 1, 2 and 4 counts. `PYTHON` is an interpreter with torch, torchvision, timm,
litserve and bentoml: these serve the same network at the same size with the same number of views, set up as in their
own documentation (see `peers/`); LitServe also serves the bundle's own graph.

Reported per server: requests per second and latencies at each number of clients, seconds from start to the first
response, and memory of all its processes, idle and under load.
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
from benchmark_bundle import add_bundle_arguments, find_bundle
from load_generator import closed_loop, multipart, request
from PIL import Image
from process_tree import memory

from discern.bundle import Model, archive, load
from discern.picture import read_header

HERE = Path(__file__).parent
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORES, CLIENT_CORES = (CORES[: len(CORES) // 2], CORES[len(CORES) // 2 :]) if len(CORES) > 1 else (CORES, CORES)


@dataclass(kw_only=True)
class Peer:
    """A server under test.

    Attributes:
        name: label in the tables, and name of the log file.
        command: returns the command line for a port.
        environment: additional environment variables.
        cwd: working directory.
    """

    name: str
    command: Callable[[int], Sequence[str]]
    environment: dict[str, str] = field(default_factory=dict)
    cwd: Path = Path()


def read_jpegs(folder: Path, limit: int) -> list[bytes]:
    """Read at most `limit` pictures as JPEGs, which every server can decode."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with contextlib.suppress(Exception):
            data = path.read_bytes()
            if read_header(data).format != "JPEG":
                buffer = io.BytesIO()
                Image.open(path).convert("RGB").save(buffer, "JPEG", quality=90)
                data = buffer.getvalue()
            found.append(data)
        if len(found) == limit:
            break
    return found


def bare_loop(model: Model, files: Sequence[bytes], seconds: float) -> dict[str, float]:
    """Return pictures per second by batch size, on the servers' cores."""
    rates = {}
    for batch in (1, 2, 4):
        counts = [0] * len(SERVER_CORES)
        end = time.perf_counter() + seconds

        def work(number: int, batch: int = batch, counts: list[int] = counts, end: float = end) -> None:
            start = number
            while time.perf_counter() < end:
                inputs = np.stack([model.prepare(files[(start + step) % len(files)]) for step in range(batch)])
                model.answer(inputs)
                counts[number] += batch
                start += batch * len(counts)

        started = time.perf_counter()
        threads = [threading.Thread(target=work, args=(number,)) for number in range(len(counts))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rates[str(batch)] = round(sum(counts) / (time.perf_counter() - started), 1)
    return rates


@contextlib.contextmanager
def running(peer: Peer, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Start a server on its cores, and terminate its process group at the end."""
    command = ["taskset", "-c", ",".join(map(str, SERVER_CORES)), *peer.command(port)]
    log = Path(tempfile.gettempdir()) / f"{peer.name.replace(' ', '-')}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=os.environ | peer.environment, cwd=peer.cwd, stdout=out, stderr=out, start_new_session=True
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


def wait_for_response(port: int, data: bytes, process: subprocess.Popen[bytes]) -> float:
    """Return the seconds until the first successful response."""
    started = time.perf_counter()
    while time.perf_counter() - started < 120:
        if process.poll() is not None:
            raise RuntimeError("The server exited.")
        load = asyncio.run(closed_loop(port, [data], 1, 0.001))
        if load.statuses[200]:
            return time.perf_counter() - started
        time.sleep(0.02)
    raise RuntimeError("The server did not respond within 120 s.")


def measure(peer: Peer, port: int, requests: Sequence[bytes], clients: Sequence[int], seconds: float) -> dict[str, Any]:
    with running(peer, port) as process:
        started = wait_for_response(port, requests[0], process)
        idle = memory(process.pid)
        asyncio.run(closed_loop(port, requests, max(clients), min(5, seconds)))  # warm
        row: dict[str, Any] = {"first_response_s": round(started, 2), "idle_mib": idle}
        for count in clients:
            row[str(count)] = asyncio.run(closed_loop(port, requests, count, seconds)).summary()
        row["loaded_mib"] = memory(process.pid)
        return row


def peers(bundle: Path, model: Model, python: str | None, folder: Path) -> list[Peer]:
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
    (folder / "model.onnx").write_bytes(archive.unpack(bundle)["model.onnx"])
    environment = {
        "PEER_SIZE": str(recipe.size),
        "PEER_RESIZE": str(recipe.resize),
        "PEER_CLASSES": str(len(model.labels)),
        "PEER_VIEWS": str(views),
        "OMP_NUM_THREADS": str(len(SERVER_CORES)),
        "PYTHONPATH": str(HERE / "peers"),
        # The peers report to their makers unless these are set.
        "ORT_DISABLE_TELEMETRY": "1",
        "BENTOML_DO_NOT_TRACK": "True",
    }

    def script(name: str) -> Callable[[int], Sequence[str]]:
        return lambda port: [python, str(HERE / "peers" / name), str(port)]

    def bento(port: int) -> Sequence[str]:
        return [python, "-m", "bentoml", "serve", "bento:Peer", "--port", str(port), "--host", "127.0.0.1"]

    graph = {"PEER_GRAPH": str(folder / "model.onnx")}
    return [
        *ours,
        Peer(name="litserve torch", command=script("lit.py"), environment=environment),
        Peer(name="litserve onnx", command=script("lit.py"), environment=environment | graph),
        Peer(name="bentoml torch", command=bento, environment=environment, cwd=HERE / "peers"),
        Peer(name="fastapi torch", command=script("plain.py"), environment=environment),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_bundle_arguments(parser)
    parser.add_argument("--peers", help="Python interpreter with torch, torchvision, timm, litserve and bentoml")
    parser.add_argument("--clients", type=int, nargs="*", default=(1, 8, 64))
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--port", type=int, default=9310)
    parser.add_argument("--out", type=Path, default=HERE / "out" / "server_throughput.json")
    args = parser.parse_args()
    bundle = find_bundle(args)
    files = read_jpegs(args.pictures, 300)
    model = load(bundle, threads=1)
    requests = [request("/predict", multipart(data)) for data in files]
    os.sched_setaffinity(0, SERVER_CORES)
    table: dict[str, Any] = {"bare loop": bare_loop(model, files, args.seconds)}
    os.sched_setaffinity(0, CLIENT_CORES)
    bare = max(table["bare loop"].values())
    print(f"{len(files)} pictures; servers on cores {SERVER_CORES}, clients on {CLIENT_CORES}")
    print(f"bare loop {table['bare loop']}")
    with tempfile.TemporaryDirectory() as folder:
        for number, peer in enumerate(peers(bundle, model, args.peers, Path(folder))):
            try:
                table[peer.name] = row = measure(peer, args.port + number, requests, args.clients, args.seconds)
            except RuntimeError as error:
                print(f"{peer.name}: {error}")
                continue
            rates = "  ".join(
                f"{count}: {row[str(count)]['responses_per_s']:6.1f}/s"
                f" ({row[str(count)]['responses_per_s'] / bare:.0%})"
                f" p50 {row[str(count)]['p50_ms']:.0f} p95 {row[str(count)]['p95_ms']:.0f}"
                f" p99 {row[str(count)]['p99_ms']:.0f} ms {row[str(count)]['statuses']}"
                for count in args.clients
            )
            summary = f"first response {row['first_response_s']} s, {row['idle_mib']} -> {row['loaded_mib']} MiB"
            print(f"{peer.name:16} {rates}  {summary}", flush=True)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
