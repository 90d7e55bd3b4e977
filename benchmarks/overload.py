"""Goodput of a server at five times its capacity, and its shutdown under load.

    python benchmarks/overload.py [BUNDLE PICTURES] [--seconds 60] [--factor 5]

A closed loop measures the capacity before and after; in between, an open loop sends requests at five times that rate.
Goodput is the rate of successful responses under overload relative to the mean of both capacities. Finally, the server
gets a SIGTERM under load: every request that it accepted must be answered.
"""

import argparse
import asyncio
import json
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmark_bundle import add_bundle_arguments, find_bundle
from load_generator import closed_loop, multipart, open_loop, request
from process_tree import memory
from server_throughput import CLIENT_CORES, SERVER_CORES, Peer, peers, read_jpegs, running, wait_for_response

from discern.bundle import load

HERE = Path(__file__).parent


async def terminate_under_load(port: int, requests: list[bytes], process: Any, clients: int) -> dict[str, Any]:
    """Send SIGTERM under load and wait for the exit; status 0: closed before the request was read."""
    load_task = asyncio.create_task(closed_loop(port, requests, clients, 6))
    await asyncio.sleep(2)
    started = time.perf_counter()
    os.killpg(process.pid, signal.SIGTERM)
    while process.poll() is None and time.perf_counter() - started < 60:
        await asyncio.sleep(0.05)
    ended = time.perf_counter() - started
    result = await load_task
    return {"exit_after_s": round(ended, 2), "answered": result.statuses[200]}


def statuses_in_log(log: Path) -> dict[str, int]:
    """Count the prediction requests in the server's access log by status."""
    statuses: dict[str, int] = {}
    for line in log.read_text(errors="replace").splitlines():
        if line.startswith("{"):
            entry = json.loads(line)
            if entry.get("path") == "/predict":
                statuses[str(entry["status"])] = statuses.get(str(entry["status"]), 0) + 1
    return statuses


def run(peer: Peer, port: int, requests: list[bytes], *, seconds: float, factor: float) -> dict[str, Any]:
    with running(peer, port) as process:
        wait_for_response(port, requests[0], process)
        asyncio.run(closed_loop(port, requests, 16, 5))
        capacity = asyncio.run(closed_loop(port, requests, 16, 15)).summary()
        rate = factor * capacity["responses_per_s"]
        before = memory(process.pid)
        overload = asyncio.run(open_loop(port, requests, rate, seconds)).summary()
        during = memory(process.pid)
        time.sleep(1)
        after = asyncio.run(closed_loop(port, requests, 16, 15)).summary()
    with running(peer, port + 1) as process:
        wait_for_response(port + 1, requests[0], process)
        log = Path(tempfile.gettempdir()) / f"{peer.name}.log"
        ended = asyncio.run(terminate_under_load(port + 1, requests, process, 32))
        ended["in_log"] = statuses_in_log(log)
    # The speed of a shared machine drifts, so capacity is the mean of before and after.
    goodput = round(2 * overload["responses_per_s"] / (capacity["responses_per_s"] + after["responses_per_s"]), 3)
    return {
        "capacity": capacity, "offered_per_s": rate, "overload": overload, "goodput": goodput, "after": after,
        "mib": [before, during], "ended": ended,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_bundle_arguments(parser)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--factor", type=float, default=5, help="offered load as a multiple of the capacity")
    parser.add_argument("--port", type=int, default=9410)
    parser.add_argument("--out", type=Path, default=HERE / "out" / "overload.json")
    args = parser.parse_args()
    bundle = find_bundle(args)
    requests = [request("/predict", multipart(data)) for data in read_jpegs(args.pictures, 300)]
    print(f"server on cores {SERVER_CORES}, clients on {CLIENT_CORES}")
    os.sched_setaffinity(0, CLIENT_CORES)
    [peer] = peers(bundle, load(bundle, threads=1), None, Path())
    result = run(peer, args.port, requests, seconds=args.seconds, factor=args.factor)
    print(json.dumps(result, indent=1))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
