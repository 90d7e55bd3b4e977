"""Reproducibility by seed, resumption after kills, detection of changed bytes, and incremental extraction.

Usage: python benchmarks/robustness.py [PACK]. Needs DISCERN_TEST_DATA (default ../shared/data).
"""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import discern
from discern.errors import BundleError

OUT = Path(__file__).parent / "out"
DATA = Path(os.environ.get("DISCERN_TEST_DATA", "../shared/data"))
KILLS, FLIPS = 10, 300


def main() -> None:
    pack = DATA / (sys.argv[1] if len(sys.argv) > 1 else "trashnet")
    with tempfile.TemporaryDirectory() as scratch:
        workdir = Path(scratch)
        result = (
            kill_runs(pack, workdir)
            | flip_bytes(workdir / "runs/whole/model.discern", workdir)
            | add_pictures(pack, workdir)
        )
    OUT.mkdir(exist_ok=True)
    (OUT / "robustness.json").write_text(json.dumps(result, indent=1))
    print(json.dumps(result, indent=1))


def train(source: Path, name: str, workdir: Path, cache: Path) -> list[str]:
    options = (source, "--name", name, "--runs", workdir / "runs", "--cache", cache, "--resume", "--json")
    return [sys.executable, "-m", "discern", "train", *map(str, options)]


def hash_results(run: Path) -> dict[str, str]:
    """Return hashes of the metrics and the graph, which two runs with one seed must share."""
    with zipfile.ZipFile(run / "model.discern") as bundle:
        graph = hashlib.sha256(bundle.read("model.onnx")).hexdigest()
    return {"metrics": hashlib.sha256((run / "metrics.json").read_bytes()).hexdigest(), "graph": graph}


def kill_runs(pack: Path, workdir: Path) -> dict[str, Any]:
    """Kill ten runs at random moments, each with a cold cache, and resume them."""
    start = time.perf_counter()
    subprocess.run(train(pack, "whole", workdir, workdir / "whole-cache"), check=True, capture_output=True)
    whole_seconds = time.perf_counter() - start
    reference = hash_results(workdir / "runs/whole")
    generator, equal, delays = random.Random(3), 0, []
    for number in range(KILLS):
        name, cache = f"killed-{number}", workdir / "killed-cache"
        delays.append(round(generator.uniform(0.3, whole_seconds), 2))
        process = subprocess.Popen(
            train(pack, name, workdir, cache), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(delays[-1])
        process.kill()
        process.wait()
        subprocess.run(train(pack, name, workdir, cache), check=True, capture_output=True)
        equal += hash_results(workdir / "runs" / name) == reference
        shutil.rmtree(cache)
    again = subprocess.run(train(pack, "again", workdir, workdir / "whole-cache"), check=True, capture_output=True)
    return {
        "pack": pack.name,
        "killed_after_seconds": delays,
        "of_seconds": round(whole_seconds, 2),
        "resumed_equal": f"{equal} of {KILLS}",
        "same_seed_equal": hash_results(Path(json.loads(again.stdout)["run"])) == reference,
    }


def flip_bytes(bundle: Path, workdir: Path) -> dict[str, Any]:
    """Flip one bit at a time: at random offsets, at both ends, and in every member."""
    reference, generator = bundle.read_bytes(), random.Random(5)
    places = {0, len(reference) - 1, *(generator.randrange(len(reference)) for _ in range(FLIPS))}
    with zipfile.ZipFile(bundle) as opened:
        places |= {entry.header_offset + 60 for entry in opened.infolist()}
    changed, rejected = workdir / "changed.discern", 0
    for place in places:
        data = bytearray(reference)
        data[place] ^= 1 << generator.randrange(8)
        changed.write_bytes(bytes(data))
        try:
            discern.load(changed)
        except BundleError:
            rejected += 1
    return {"changed_bytes_rejected": f"{rejected} of {len(places)}"}


def add_pictures(pack: Path, workdir: Path) -> dict[str, Any]:
    """Add 1 % of new pictures and measure the extraction time relative to that of all pictures."""
    more = workdir / "more"
    shutil.copytree(pack, more)
    files = sorted(path for path in more.rglob("*.jp*g"))
    added = random.Random(9).sample(files, max(1, len(files) // 100))
    for path in added:
        # Bytes appended to a JPEG change the file's hash and not the picture.
        path.with_name(f"new-{path.name}").write_bytes(path.read_bytes() + b"more")
    cache = workdir / "whole-cache"
    first = discern.train(pack, runs=workdir / "grow", cache=workdir / "cold-cache").seconds["features"]
    second = discern.train(more, runs=workdir / "grow", cache=cache).seconds["features"]
    third = discern.train(more, runs=workdir / "grow", cache=cache).seconds["features"]
    return {
        "features_seconds": {"all": first, "with_1_percent_more": second, "nothing_new": third},
        "extraction_share_of_1_percent_more": round((second - third) / first, 4),
    }


if __name__ == "__main__":
    main()
