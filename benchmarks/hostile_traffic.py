"""A server under hostile traffic: what it answers, whether it stays, and how its memory goes.

    python benchmarks/hostile_traffic.py [BUNDLE PICTURES] [--requests 100000] [--fuzz 10000] [--schema]

 1. Fuzzed requests, sent raw: heads and bodies with bytes changed, cut, doubled, lengths that lie.
 2. Connections that say nothing, or a byte a second (slow-loris), 300 at once, while others ask.
 3. `--schema`: schemathesis, where it is installed, over the OpenAPI document.
 4. So many good and bad requests in a row; memory every second, drawn as `out/hostile_traffic.svg`.

Whatever is answered with 500 must stand in the log with its cause; the server must live to the end.
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

from load_generator import Client, multipart, request
from server_throughput import OURS, THEIRS, first_answer, memory, peers, pictures, running
from benchmark_bundle import add_subject, subject

from discern.bundle import load

HERE = Path(__file__).parent


def spoil(rng: random.Random, question: bytes) -> bytes:
    """Change, cut, double or insert bytes, more often in the head."""
    spoilt = bytearray(question[: rng.choice([len(question), len(question), rng.randrange(1, len(question))])])
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(min(len(spoilt), rng.choice([200, 400, len(spoilt)])))
        what = rng.randrange(4)
        if what == 0:
            spoilt[at] = rng.randrange(256)
        elif what == 1:
            spoilt[at:at] = rng.randbytes(rng.randint(1, 20))
        elif what == 2:
            del spoilt[at : at + rng.randint(1, 30)]
            spoilt = spoilt or bytearray(b"G")
        else:
            spoilt[at:at] = rng.choice(
                [b"\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"\0", b"%"]
            )
    return bytes(spoilt)


async def send_raw(port: int, data: bytes) -> int:
    """Send bytes on a connection of their own, and give the status that comes; 0: none came."""
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


async def fuzz(port: int, questions: list[bytes], count: int, seed: int) -> Counter[int]:
    rng, statuses = random.Random(seed), Counter[int]()
    gate = asyncio.Semaphore(16)

    async def one(data: bytes) -> None:
        async with gate:
            statuses[await send_raw(port, data)] += 1

    for start in range(0, count, 200):
        await asyncio.gather(
            *(one(spoil(rng, questions[(start + step) % len(questions)])) for step in range(min(200, count - start)))
        )
    return statuses


async def loris(port: int, question: bytes, count: int = 300) -> dict[str, Any]:
    """Hold connections that come to no point, and ask beside them."""
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    ends = [asyncio.create_task(reader.read()) for reader, _ in held]
    client, times = Client(port), []
    for second in range(15):
        for end, (_, writer) in zip(ends, held[: count // 2], strict=False):
            if not end.done():
                writer.write(b"x" if second else b"POST /predict HTTP/1.1\r\nX-Slow: ")
        asked = time.perf_counter()
        assert await client.ask(question) == 200
        times.append(time.perf_counter() - asked)
        await asyncio.sleep(1)
    still_open = sum(not end.done() for end in ends)
    for _, writer in held:
        writer.close()
    await asyncio.gather(*ends, return_exceptions=True)
    return {"held": count, "still_open": still_open, "slowest_answer_s": round(max(times), 2)}


async def many(port: int, process: int, good: list[bytes], bad: list[bytes], count: int) -> dict[str, Any]:
    statuses, memories = Counter[int](), []
    left = count

    async def ask(number: int) -> None:
        nonlocal left
        client, rng = Client(port), random.Random(number)
        while left > 0:
            left -= 1
            statuses[await client.ask(rng.choice(bad) if rng.random() < 0.2 else rng.choice(good))] += 1
        client.close()

    async def look() -> None:
        while left > 0:
            memories.append((count - left, memory(process)))
            await asyncio.sleep(1)

    begun = time.perf_counter()
    await asyncio.gather(look(), *(ask(number) for number in range(8)))
    return {
        "requests": count, "per_s": round(count / (time.perf_counter() - begun)),
        "statuses": {str(status): number for status, number in statuses.items()}, "memory_mib": memories,
    }  # fmt: skip


def growth(memories: list[tuple[int, int]]) -> float:
    """How much more the last tenth holds than the second tenth: what a start takes is no growth."""
    count = len(memories)
    early = [held for _, held in memories[count // 10 : count // 5 or 1]]
    late = [held for _, held in memories[-max(1, count // 10) :]]
    return max(late) / max(early) - 1


def draw(memories: list[tuple[int, int]], path: Path) -> None:
    most_requests, most = memories[-1][0] or 1, max(held for _, held in memories)
    points = " ".join(f"{40 + 540 * at / most_requests:.1f},{260 - 220 * held / most:.1f}" for at, held in memories)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="600" height="300" font-family="sans-serif" font-size="12">'
        f'<rect width="600" height="300" fill="white"/><polyline points="{points}" fill="none" stroke="#06c"/>'
        f'<path d="M40 30V260H590" fill="none" stroke="black"/><text x="40" y="20">{most} MiB</text>'
        f'<text x="480" y="280">{most_requests:,} requests</text></svg>\n'
    )


def causes(log: Path) -> dict[str, int]:
    lines = [json.loads(line) for line in log.read_text(errors="replace").splitlines() if line.startswith("{")]
    return {
        "answered_500": sum(line.get("status") == 500 for line in lines),
        "with_a_cause": sum("trace" in line for line in lines),
    }


def schema(port: int) -> str:
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"http://127.0.0.1:{port}/openapi.json"]
    command += [
        "--checks",
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
    ]
    done = subprocess.run([*command, "--max-examples", "100"], capture_output=True, text=True, check=False)
    return done.stdout[-6000:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_subject(parser)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--fuzz", type=int, default=10_000)
    parser.add_argument("--schema", action="store_true")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--port", type=int, default=9510)
    parser.add_argument("--out", type=Path, default=HERE / "out" / "hostile_traffic.json")
    asked = parser.parse_args()
    bundle = subject(asked)
    files = pictures(asked.pictures, 100)
    good = [request("/predict", multipart(data)) for data in files]
    good += [request("/predict", data, "image/jpeg") for data in files]
    bad = [request("/predict", multipart(data[: len(data) // 2])) for data in files[:20]]
    bad += [request("/predict", b"text", "image/png"), request("/predict", b"{", "application/json")]
    bad += [request("/nothing", b""), request("/admin/reload", b"")]
    os.sched_setaffinity(0, THEIRS)
    print(f"server on cores {OURS}, clients on {THEIRS}")
    [peer] = peers(bundle, load(bundle, threads=1), None, Path())
    command = peer.command
    peer.command = lambda port: [*command(port), "--patience", "5"]
    result: dict[str, Any] = {}
    with running(peer, asked.port) as process:
        first_answer(asked.port, good[0], process)
        result["fuzz"] = dict(asyncio.run(fuzz(asked.port, [*good[:20], *bad], asked.fuzz, asked.seed)))
        print("fuzzed:", result["fuzz"], flush=True)
        result["loris"] = asyncio.run(loris(asked.port, good[0]))
        print("slow-loris:", result["loris"], flush=True)
        if asked.schema:
            print(schema(asked.port), flush=True)
        result["many"] = asyncio.run(many(asked.port, process.pid, good, bad, asked.requests))
        memories = result["many"]["memory_mib"]
        result["growth"] = round(growth(memories), 3)
        assert process.poll() is None
    result["log"] = causes(Path(tempfile.gettempdir()) / f"{peer.name}.log")
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(result, indent=1) + "\n")
    draw(memories, asked.out.with_suffix(".svg"))
    print({name: value for name, value in result["many"].items() if name != "memory_mib"})
    print(f"memory {memories[0][1]} -> {memories[-1][1]} MiB, growth {result['growth']:.1%}; log {result['log']}")


if __name__ == "__main__":
    main()
