"""The same seed, ten kills, changed bytes, and one per cent more pictures.

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
        desk = Path(scratch)
        result = kills(pack, desk) | flips(desk / "runs/whole/model.discern", desk) | grow(pack, desk)
    OUT.mkdir(exist_ok=True)
    (OUT / "robustness.json").write_text(json.dumps(result, indent=1))
    print(json.dumps(result, indent=1))


def train(source: Path, name: str, desk: Path, cache: Path) -> list[str]:
    words = (source, "--name", name, "--runs", desk / "runs", "--cache", cache, "--resume", "--json")
    return [sys.executable, "-m", "discern", "train", *map(str, words)]


def identity(run: Path) -> dict[str, str]:
    """What must be equal in two runs of one seed: the figures and the graph."""
    with zipfile.ZipFile(run / "model.discern") as bundle:
        graph = hashlib.sha256(bundle.read("model.onnx")).hexdigest()
    return {"metrics": hashlib.sha256((run / "metrics.json").read_bytes()).hexdigest(), "graph": graph}


def kills(pack: Path, desk: Path) -> dict[str, Any]:
    """Kill a run ten times at random moments, each time with whatever the cache then held, and let it go on."""
    start = time.perf_counter()
    subprocess.run(train(pack, "whole", desk, desk / "whole-cache"), check=True, capture_output=True)
    whole_seconds = time.perf_counter() - start
    whole = identity(desk / "runs/whole")
    chance, equal, moments = random.Random(3), 0, []
    for number in range(KILLS):
        name, cache = f"killed-{number}", desk / "killed-cache"
        moments.append(round(chance.uniform(0.3, whole_seconds), 2))
        process = subprocess.Popen(train(pack, name, desk, cache), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moments[-1])
        process.kill()
        process.wait()
        subprocess.run(train(pack, name, desk, cache), check=True, capture_output=True)
        equal += identity(desk / "runs" / name) == whole
        shutil.rmtree(cache)
    again = subprocess.run(train(pack, "again", desk, desk / "whole-cache"), check=True, capture_output=True)
    return {
        "pack": pack.name,
        "killed_after_seconds": moments,
        "of_seconds": round(whole_seconds, 2),
        "resumed_equal": f"{equal} of {KILLS}",
        "same_seed_equal": identity(Path(json.loads(again.stdout)["run"])) == whole,
    }


def flips(bundle: Path, desk: Path) -> dict[str, Any]:
    """Change one byte at a time, at random places, at both ends, and in every member."""
    whole, chance = bundle.read_bytes(), random.Random(5)
    places = {0, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(FLIPS))}
    with zipfile.ZipFile(bundle) as opened:
        places |= {entry.header_offset + 60 for entry in opened.infolist()}
    changed, refused = desk / "changed.discern", 0
    for place in places:
        data = bytearray(whole)
        data[place] ^= 1 << chance.randrange(8)
        changed.write_bytes(bytes(data))
        try:
            discern.load(changed)
        except BundleError:
            refused += 1
    return {"changed_bytes_refused": f"{refused} of {len(places)}"}


def grow(pack: Path, desk: Path) -> dict[str, Any]:
    """Add one per cent of new pictures: how much more is extracted?"""
    more = desk / "more"
    shutil.copytree(pack, more)
    files = sorted(path for path in more.rglob("*.jp*g"))
    added = random.Random(9).sample(files, max(1, len(files) // 100))
    for path in added:
        # Bytes after the end of a JPEG make a new content of the same picture.
        path.with_name(f"new-{path.name}").write_bytes(path.read_bytes() + b"more")
    cache = desk / "whole-cache"
    first = discern.train(pack, runs=desk / "grow", cache=desk / "cold-cache").seconds["features"]
    second = discern.train(more, runs=desk / "grow", cache=cache).seconds["features"]
    third = discern.train(more, runs=desk / "grow", cache=cache).seconds["features"]
    return {
        "features_seconds": {"all": first, "with_1_percent_more": second, "nothing_new": third},
        "extraction_share_of_1_percent_more": round((second - third) / first, 4),
    }


if __name__ == "__main__":
    main()
