"""Capture while serving: what killed servers lose, and what capture costs.

    python benchmarks/watching_serving.py kills [--kills 50] [--workers 1 2]
    python benchmarks/watching_serving.py throughput [BUNDLE] [--rounds 12] [--seconds 4] [--clients 8]

`kills` fills one store by servers that are killed (SIGKILL, with all their processes) under load, each at a random
moment; the next one begins with what its predecessor has left. The kills are divided among the numbers of workers.
Every answer that arrived whole, and all feedback that was acknowledged, must be in the store once, the counts must
agree with it, and the database must be whole after each kill.

`throughput` asks a server with capture and one without in turn, within one run, for real pictures of 20 to 100 kB. Its
ratio is that of the answers per second, over all rounds; `drained` counts the time until the store has everything as
well. `cpu_ms` is the CPU time per answer of the server's own process, which other work on the machine changes little,
and of the process that moves exchanges to the store. On a machine with two or more cores, the servers run on the first
half of the cores, and the clients on the rest. Looks at the store are switched off.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx2
from benchmark_bundle import RUNS
from load_generator import closed_loop, request
from server_throughput import CLIENT_CORES, SERVER_CORES

import discern

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from tests.e2e.captured_load import Acknowledged, Load, compare, kill_group, server_group  # noqa: E402
from tests.unit.bundle.factories import write_small  # noqa: E402

DATA = Path(os.environ.get("DISCERN_TEST_DATA", "../shared/data"))
PACK = DATA / "hymenoptera"
PICTURES = ("clothing_small", "furniture7", "hymenoptera")
SEED = 20


def read_pictures(limit: int) -> list[bytes]:
    """Read real pictures of 20 to 100 kB from several packs."""
    found = [path for name in PICTURES for path in (DATA / name).rglob("*.jp*g")]
    paths = sorted(path for path in found if 20_000 <= path.stat().st_size <= 100_000)
    return [path.read_bytes() for path in random.Random(SEED).sample(paths, min(limit, len(paths)))]


def measure_kills(kills: int, worker_counts: Sequence[int], pictures: Sequence[bytes]) -> dict[str, Any]:
    """Kill servers at random moments under load, and return what the store has lost or doubled."""
    rng, acknowledged = random.Random(SEED), Acknowledged()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle, unclean = write_small(folder / "model.discern"), 0
        for number in range(kills):
            workers = str(worker_counts[number % len(worker_counts)])
            words = (bundle, "--capture", folder / "kept", "--workers", workers, "--look-seconds", "3600")
            with server_group(*words) as (address, process), Load(address, pictures, acknowledged, clients=6):
                time.sleep(rng.uniform(0.1, 3.0))
                kill_group(process)
            unclean += not is_whole(folder / "kept/exchanges.sqlite")
            print(f"kill {number + 1}: {len(acknowledged.answers)} answers so far", file=sys.stderr)
        kept = compare(folder / "kept", acknowledged)
    return {
        "kills": kills,
        "workers": list(worker_counts),
        "acknowledged": len(acknowledged.answers),
        "acknowledged_feedback": len(acknowledged.feedback),
        **asdict(kept),
        "damaged_databases": unclean,
    }


def is_whole(path: Path) -> bool:
    if not path.exists():  # killed before it was created
        return True
    with contextlib.closing(sqlite3.connect(path)) as database:
        return bool(database.execute("PRAGMA integrity_check").fetchall() == [("ok",)])


def measure_throughput(
    bundle: Path, pictures: Sequence[bytes], *, rounds: int, seconds: float, clients: int
) -> dict[str, Any]:
    """Ask a server with capture and one without in turn, and compare their answers per second."""
    requests = [request("/predict", data, "image/jpeg") for data in pictures]
    prefix = ("taskset", "-c", ",".join(map(str, SERVER_CORES)))
    rates: dict[str, list[float]] = {"plain": [], "capturing": [], "drained": []}
    answers = {"plain": 0, "capturing": 0}
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        words = (bundle, "--threads", str(len(SERVER_CORES)), "--look-seconds", "3600")
        plain = stack.enter_context(server_group(*words, prefix=prefix))
        capturing = stack.enter_context(server_group(*words, "--capture", Path(name) / "kept", prefix=prefix))
        servers = {"plain": plain[0], "capturing": capturing[0]}
        processes = {"plain": plain[1].pid, "capturing": capturing[1].pid}
        spent = dict.fromkeys(("plain", "capturing", "moving"), 0.0)
        for address in servers.values():
            asyncio.run(closed_loop(int(address.rpartition(":")[2]), requests, clients, 3))
        drain(servers["capturing"])
        for number in range(rounds):
            for kind in ("plain", "capturing") if number % 2 else ("capturing", "plain"):
                address = servers[kind]
                before = cpu_seconds(processes[kind])
                load = asyncio.run(closed_loop(int(address.rpartition(":")[2]), requests, clients, seconds))
                assert set(load.statuses) == {200}, load.statuses
                rates[kind].append(load.statuses[200] / load.seconds)
                answers[kind] += load.statuses[200]
                spent[kind] += cpu_seconds(processes[kind])[0] - before[0]
                if kind == "capturing":
                    rates["drained"].append(load.statuses[200] / (load.seconds + drain(address)))
                    spent["moving"] += cpu_seconds(processes[kind])[1] - before[1]
        page = httpx2.get(servers["capturing"] + "/metrics").text
        lost, kept = (float(re.findall(rf"^{name} (\S+)", page, re.M)[0]) for name in (
            "discern_capture_lost_total", "discern_captured_exchanges_total"
        ))  # fmt: skip
    pairs = [with_it / without for with_it, without in zip(rates["capturing"], rates["plain"], strict=True)]
    return {
        "rounds": rounds,
        "seconds": seconds,
        "clients": clients,
        "picture_kb": round(statistics.mean(map(len, pictures)) / 1000, 1),
        "per_second": {kind: round(statistics.mean(values), 1) for kind, values in rates.items()},
        "ratio": round(sum(rates["capturing"]) / sum(rates["plain"]), 3),
        "ratio_of_pairs": {
            "median": round(statistics.median(pairs), 3), "low": round(min(pairs), 3), "high": round(max(pairs), 3)
        },
        "ratio_drained": round(sum(rates["drained"]) / sum(rates["plain"]), 3),
        "cpu_ms": {
            kind: round(1000 * each / answers["plain" if kind == "plain" else "capturing"], 3)
            for kind, each in spent.items()
        },
        "cpu_ratio": round(spent["plain"] / answers["plain"] * answers["capturing"] / spent["capturing"], 3),
        "kept": kept,
        "lost": lost,
    }  # fmt: skip


def cpu_seconds(server: int) -> tuple[float, float]:
    """Return the CPU time of a server's own process, and of all others in its group."""
    own = others = 0.0
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.getpgid(int(path.name)) == server:
                fields = (path / "stat").read_text().rpartition(")")[2].split()
                seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
                own, others = (own + seconds, others) if int(path.name) == server else (own, others + seconds)
    return own, others


def drain(address: str) -> float:
    """Wait until nothing waits for the store, and return the seconds that this took."""
    started = time.perf_counter()
    while True:
        page = httpx2.get(address + "/metrics").text
        if float(re.findall(r"^discern_capture_waiting_bytes (\S+)", page, re.M)[0]) == 0:
            return time.perf_counter() - started
        time.sleep(0.05)


def find_bundle(given: Path | None) -> Path:
    """Return the named bundle, or one that is trained on the pack and used again."""
    if given is not None:
        return given.absolute()
    path = RUNS / PACK.name / "model.discern"
    if not path.exists():
        discern.train(PACK, name=PACK.name, runs=RUNS)
    return path.absolute()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="name", required=True)
    kills = commands.add_parser("kills")
    kills.add_argument("--kills", type=int, default=50)
    kills.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    throughput = commands.add_parser("throughput")
    throughput.add_argument("bundle", type=Path, nargs="?", help="default: one trained on hymenoptera and reused")
    throughput.add_argument("--rounds", type=int, default=12)
    throughput.add_argument("--seconds", type=float, default=4)
    throughput.add_argument("--clients", type=int, default=8)
    for each in (kills, throughput):
        each.add_argument("--out", type=Path)
    args = parser.parse_args()
    pictures = read_pictures(200)
    if args.name == "kills":
        result = measure_kills(args.kills, args.workers, pictures)
    else:
        bundle = find_bundle(args.bundle)
        os.sched_setaffinity(0, CLIENT_CORES)
        result = measure_throughput(bundle, pictures, rounds=args.rounds, seconds=args.seconds, clients=args.clients)
    print(json.dumps(result, indent=1))
    out: Path = args.out or HERE / "out" / f"watching_{args.name}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
