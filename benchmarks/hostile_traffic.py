"""Availability and memory of a server under hostile traffic.

    python benchmarks/hostile_traffic.py [BUNDLE PICTURES] [--requests 100000] [--fuzz 10000] [--schema]

 1. Fuzzed raw requests: headers and bodies with changed, removed and duplicated bytes, and false lengths.
 2. 300 connections that send nothing, or one byte per second (slowloris), while other clients send requests.
 3. `--schema`: schemathesis, if installed, on the OpenAPI document.
 4. `--requests` valid and invalid requests; memory each second, plotted in `out/hostile_traffic.svg`.

Every response with status 500 must be in the log with its cause, and the server must survive.
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmark_bundle import add_bundle_arguments, find_bundle
from load_generator import Client, multipart, request
from process_tree import memory
from server_throughput import CLIENT_CORES, SERVER_CORES, peers, read_jpegs, running, wait_for_response

from discern.bundle import load

HERE = Path(__file__).parent


def mutate(rng: random.Random, data: bytes) -> bytes:
    """Change, remove or insert bytes, mostly in the headers."""
    mutated = bytearray(data[: rng.choice([len(data), len(data), rng.randrange(1, len(data))])])
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(min(len(mutated), rng.choice([200, 400, len(mutated)])))
        what = rng.randrange(4)
        if what == 0:
            mutated[at] = rng.randrange(256)
        elif what == 1:
            mutated[at:at] = rng.randbytes(rng.randint(1, 20))
        elif what == 2:
            del mutated[at : at + rng.randint(1, 30)]
            mutated = mutated or bytearray(b"G")
        else:
            mutated[at:at] = rng.choice(
                [b"\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"\0", b"%"]
            )
    return bytes(mutated)


async def send_raw(port: int, data: bytes) -> int:
    """Send bytes on a new connection and return the response's status; 0: none."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        writer.write_eof()
        async with asyncio.timeout(20):
            head = await reader.read(2000)
        writer.close()
        return int(head.split()[1]) if head.startswith(b"HTTP/1.1 ") else 0
    except (OSError, TimeoutError, IndexError, ValueError):
        return 0


async def fuzz(port: int, requests: list[bytes], count: int, seed: int) -> Counter[int]:
    rng, statuses = random.Random(seed), Counter[int]()
    semaphore = asyncio.Semaphore(16)

    async def one(data: bytes) -> None:
        async with semaphore:
            statuses[await send_raw(port, data)] += 1

    for start in range(0, count, 200):
        await asyncio.gather(
            *(one(mutate(rng, requests[(start + step) % len(requests)])) for step in range(min(200, count - start)))
        )
    return statuses


async def slowloris(port: int, data: bytes, count: int = 300) -> dict[str, Any]:
    """Hold connections open without completing a request, and measure the latency of another client."""
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    reads = [asyncio.create_task(reader.read()) for reader, _ in connections]
    client, times = Client(port), []
    for second in range(15):
        for read, (_, writer) in zip(reads, connections[: count // 2], strict=False):
            if not read.done():
                writer.write(b"x" if second else b"POST /predict HTTP/1.1\r\nX-Slow: ")
        sent = time.perf_counter()
        assert await client.send(data) == 200
        times.append(time.perf_counter() - sent)
        await asyncio.sleep(1)
    still_open = sum(not read.done() for read in reads)
    for _, writer in connections:
        writer.close()
    await asyncio.gather(*reads, return_exceptions=True)
    return {"connections": count, "still_open": still_open, "slowest_response_s": round(max(times), 2)}


async def sustained_load(
    port: int, process: int, valid: list[bytes], invalid: list[bytes], count: int
) -> dict[str, Any]:
    statuses, memories = Counter[int](), []
    remaining = count

    async def run_client(number: int) -> None:
        nonlocal remaining
        client, rng = Client(port), random.Random(number)
        while remaining > 0:
            remaining -= 1
            statuses[await client.send(rng.choice(invalid) if rng.random() < 0.2 else rng.choice(valid))] += 1
        client.close()

    async def sample_memory() -> None:
        while remaining > 0:
            memories.append((count - remaining, memory(process)))
            await asyncio.sleep(1)

    started = time.perf_counter()
    await asyncio.gather(sample_memory(), *(run_client(number) for number in range(8)))
    return {
        "requests": count, "per_s": round(count / (time.perf_counter() - started)),
        "statuses": {str(status): number for status, number in statuses.items()}, "memory_mib": memories,
    }  # fmt: skip


def memory_growth(memories: list[tuple[int, int]]) -> float:
    """Return the growth of memory from the second tenth of the requests to the last; startup does not count."""
    count = len(memories)
    early = [mebis for _, mebis in memories[count // 10 : count // 5 or 1]]
    late = [mebis for _, mebis in memories[-max(1, count // 10) :]]
    return max(late) / max(early) - 1


def plot_memory(memories: list[tuple[int, int]], path: Path) -> None:
    most_requests, peak = memories[-1][0] or 1, max(mebis for _, mebis in memories)
    points = " ".join(f"{40 + 540 * at / most_requests:.1f},{260 - 220 * mebis / peak:.1f}" for at, mebis in memories)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="600" height="300" font-family="sans-serif" font-size="12">'
        f'<rect width="600" height="300" fill="white"/><polyline points="{points}" fill="none" stroke="#06c"/>'
        f'<path d="M40 30V260H590" fill="none" stroke="black"/><text x="40" y="20">{peak} MiB</text>'
        f'<text x="480" y="280">{most_requests:,} requests</text></svg>\n'
    )


def errors_in_log(log: Path) -> dict[str, int]:
    lines = [json.loads(line) for line in log.read_text(errors="replace").splitlines() if line.startswith("{")]
    return {
        "status_500": sum(line.get("status") == 500 for line in lines),
        "with_cause": sum("trace" in line for line in lines),
    }


def schema(port: int) -> str:
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"http://127.0.0.1:{port}/openapi.json"]
    command += [
        "--checks",
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
    ]
    completed = subprocess.run([*command, "--max-examples", "100"], capture_output=True, text=True, check=False)
    return completed.stdout[-6000:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_bundle_arguments(parser)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--fuzz", type=int, default=10_000)
    parser.add_argument("--schema", action="store_true")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--port", type=int, default=9510)
    parser.add_argument("--out", type=Path, default=HERE / "out" / "hostile_traffic.json")
    args = parser.parse_args()
    bundle = find_bundle(args)
    files = read_jpegs(args.pictures, 100)
    valid = [request("/predict", multipart(data)) for data in files]
    valid += [request("/predict", data, "image/jpeg") for data in files]
    invalid = [request("/predict", multipart(data[: len(data) // 2])) for data in files[:20]]
    invalid += [request("/predict", b"text", "image/png"), request("/predict", b"{", "application/json")]
    invalid += [request("/nothing", b""), request("/admin/reload", b"")]
    os.sched_setaffinity(0, CLIENT_CORES)
    print(f"server on cores {SERVER_CORES}, clients on {CLIENT_CORES}")
    [peer] = peers(bundle, load(bundle, threads=1), None, Path())
    command = peer.command
    peer.command = lambda port: [*command(port), "--request-timeout", "5"]
    result: dict[str, Any] = {}
    with running(peer, args.port) as process:
        wait_for_response(args.port, valid[0], process)
        result["fuzz"] = dict(asyncio.run(fuzz(args.port, [*valid[:20], *invalid], args.fuzz, args.seed)))
        print("fuzzed:", result["fuzz"], flush=True)
        result["slowloris"] = asyncio.run(slowloris(args.port, valid[0]))
        print("slowloris:", result["slowloris"], flush=True)
        if args.schema:
            print(schema(args.port), flush=True)
        result["sustained"] = asyncio.run(sustained_load(args.port, process.pid, valid, invalid, args.requests))
        memories = result["sustained"]["memory_mib"]
        result["growth"] = round(memory_growth(memories), 3)
        assert process.poll() is None
    result["log"] = errors_in_log(Path(tempfile.gettempdir()) / f"{peer.name}.log")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(result, indent=1) + "\n")
    plot_memory(memories, args.out.with_suffix(".svg"))
    print({name: value for name, value in result["sustained"].items() if name != "memory_mib"})
    print(f"memory {memories[0][1]} -> {memories[-1][1]} MiB, growth {result['growth']:.1%}; log {result['log']}")


if __name__ == "__main__":
    main()
