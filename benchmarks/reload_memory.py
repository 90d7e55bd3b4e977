"""Memory of a server over a hundred reloads, and the latency of its other clients meanwhile.

    python benchmarks/reload_memory.py [BUNDLE PICTURES] [--reloads 100] [--clients 1] [--seconds 20]

Two copies of the bundle with different versions replace each other, each tried in a helper process first. Latencies are
measured in a closed loop without reloads first, then with one reload after the other. The server and the clients share
all cores.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmark_bundle import add_bundle_arguments, find_bundle
from load_generator import closed_loop, multipart, request
from server_throughput import read_jpegs, wait_for_response

from discern.bundle import Manifest, archive
from discern.serving.keys import add_key

HERE = Path(__file__).parent
NOTED = (1, 2, 5, 10, 20, 50, 100)


def resident(process: int) -> int:
    """Return the resident memory of one process in MiB."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


def write_versions(bundle: Path) -> list[bytes]:
    """Return the content of two bundles that differ in their version alone."""
    members = archive.unpack(bundle)
    manifest = Manifest.from_bytes(members[archive.MANIFEST])
    return [
        archive.pack(members | {archive.MANIFEST: replace(manifest, version=version).to_bytes()})
        for version in ("1", "2")
    ]


def reload(port: int, key: str) -> float:
    """Request one reload and return its seconds."""
    started = time.perf_counter()
    address = f"http://127.0.0.1:{port}/admin/reload"
    urllib.request.urlopen(urllib.request.Request(address, method="POST", headers={"X-API-Key": key}), timeout=300)
    return time.perf_counter() - started


async def reload_under_load(
    port: int, key: str, served: Path, versions: list[bytes], requests: list[bytes], clients: int, seconds: float
) -> tuple[dict[str, Any], list[float]]:
    """Reload for some seconds while clients send requests."""
    load = asyncio.create_task(closed_loop(port, requests, clients, seconds))
    times = []
    while not load.done():
        served.write_bytes(versions[len(times) % 2])
        times.append(await asyncio.to_thread(reload, port, key))
    return (await load).summary(), times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_bundle_arguments(parser)
    parser.add_argument("--reloads", type=int, default=100)
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--port", type=int, default=8971)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        served, keys = Path(folder) / "model.discern", Path(folder) / "keys.txt"
        versions = write_versions(find_bundle(args))
        served.write_bytes(versions[0])
        key = add_key(keys, "admin", admin=True)
        files = read_jpegs(args.pictures, 100)
        requests = [
            request("/predict", multipart(data)).replace(b"\r\n", f"\r\nX-API-Key: {key}\r\n".encode(), 1)
            for data in files
        ]
        command = [sys.executable, "-m", "discern", "serve", str(served), "--port", str(args.port)]
        with subprocess.Popen(
            [*command, "--key-file", str(keys), "--no-watch"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                wait_for_response(args.port, requests[0], process)
                before = asyncio.run(closed_loop(args.port, requests, args.clients, args.seconds)).summary()
                memory = {0: resident(process.pid)}
                under_load, times = asyncio.run(
                    reload_under_load(args.port, key, served, versions, requests, args.clients, args.seconds)
                )
                for number in range(len(times) + 1, args.reloads + 1):
                    served.write_bytes(versions[number % 2])
                    times.append(reload(args.port, key))
                    asyncio.run(closed_loop(args.port, requests, args.clients, 0.2))
                    if number in NOTED or number == args.reloads:
                        memory[number] = resident(process.pid)
            finally:
                process.terminate()
    found = {
        "before": before,
        "during_reloads": under_load,
        "reload_s": round(sorted(times)[len(times) // 2], 2),
        "resident_mib_after_reloads": memory,
    }
    print(json.dumps(found, indent=1))
    (HERE / "out").mkdir(exist_ok=True)
    (HERE / "out" / "reload_memory.json").write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
