"""What a server does when five times as much is asked as it can answer, and when it is told to end meanwhile.

    python benchmarks/overload.py [BUNDLE PICTURES] [--seconds 60] [--times 5]

First as many clients as find out the most that it answers; then questions that come five times as fast, whoever
still waits; then few clients again. Goodput is what was answered well per second, beside what was before and after. At
last a SIGTERM under load: what the server has taken must be answered.
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

from load_generator import closed_loop, multipart, open_loop, request
from server_throughput import OURS, THEIRS, Peer, first_answer, memory, peers, pictures, running
from benchmark_bundle import add_subject, subject

from discern.bundle import load

HERE = Path(__file__).parent


async def ended_under_load(port: int, questions: list[bytes], process: Any, clients: int) -> dict[str, Any]:
    """Tell the server to end while it is asked; statuses of 0 are connections that were closed on an unread request."""
    asking = asyncio.create_task(closed_loop(port, questions, clients, 6))
    await asyncio.sleep(2)
    begun = time.perf_counter()
    os.killpg(process.pid, signal.SIGTERM)
    while process.poll() is None and time.perf_counter() - begun < 60:
        await asyncio.sleep(0.05)
    ended = time.perf_counter() - begun
    result = await asking
    return {"ended_after_s": round(ended, 2), "answered": result.statuses[200]}


def answered_by_its_log(log: Path) -> dict[str, int]:
    """How many of the requests that the server began it answered, by status."""
    statuses: dict[str, int] = {}
    for line in log.read_text(errors="replace").splitlines():
        if line.startswith("{"):
            said = json.loads(line)
            if said.get("path") == "/predict":
                statuses[str(said["status"])] = statuses.get(str(said["status"]), 0) + 1
    return statuses


def run(peer: Peer, port: int, questions: list[bytes], *, seconds: float, times: float) -> dict[str, Any]:
    with running(peer, port) as process:
        first_answer(port, questions[0], process)
        asyncio.run(closed_loop(port, questions, 16, 5))
        most = asyncio.run(closed_loop(port, questions, 16, 15)).summary()
        rate = times * most["answered_per_s"]
        before = memory(process.pid)
        over = asyncio.run(open_loop(port, questions, rate, seconds)).summary()
        during = memory(process.pid)
        time.sleep(1)
        after = asyncio.run(closed_loop(port, questions, 16, 15)).summary()
    with running(peer, port + 1) as process:
        first_answer(port + 1, questions[0], process)
        log = Path(tempfile.gettempdir()) / f"{peer.name}.log"
        ended = asyncio.run(ended_under_load(port + 1, questions, process, 32))
        ended["by_its_log"] = answered_by_its_log(log)
    # A shared machine's speed drifts: what it does at most is taken from before and after.
    goodput = round(2 * over["answered_per_s"] / (most["answered_per_s"] + after["answered_per_s"]), 3)
    return {
        "most": most, "asked_per_s": rate, "over": over, "goodput": goodput, "after": after,
        "mib": [before, during], "ended": ended,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_subject(parser)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--times", type=float, default=5)
    parser.add_argument("--port", type=int, default=9410)
    parser.add_argument("--out", type=Path, default=HERE / "out" / "overload.json")
    asked = parser.parse_args()
    bundle = subject(asked)
    questions = [request("/predict", multipart(data)) for data in pictures(asked.pictures, 300)]
    print(f"server on cores {OURS}, clients on {THEIRS}")
    os.sched_setaffinity(0, THEIRS)
    [peer] = peers(bundle, load(bundle, threads=1), None, Path())
    result = run(peer, asked.port, questions, seconds=asked.seconds, times=asked.times)
    print(json.dumps(result, indent=1))
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
