"""One answer at every door: the same pictures through Python, the command line, and every door of a server.

    python benchmarks/endpoint_parity.py [BUNDLE PICTURES] [--count 500]

The browser's door is compared by `browser.py`.
"""

import argparse
import base64
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
from server_throughput import first_answer
from benchmark_bundle import add_subject, subject

from discern.bundle import Model, Prediction, load

HERE = Path(__file__).parent
Answers = list[dict[str, Any] | None]


def in_python(model: Model, paths: list[Path]) -> Answers:
    return [answer.to_json() if isinstance(answer, Prediction) else None for answer in model.predict(paths)]


def by_command(bundle: Path, paths: list[Path]) -> Answers:
    command = [sys.executable, "-m", "discern", "predict", str(bundle), *map(str, paths), "--json"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [None if "error" in said else said for said in map(json.loads, lines)]


def each(ask: Callable[[bytes], httpx2.Response], paths: list[Path]) -> Answers:
    answers = (ask(path.read_bytes()) for path in paths)
    return [answer.json() if answer.status_code == 200 else None for answer in answers]


def several(client: httpx2.Client, paths: list[Path]) -> Answers:
    found: Answers = []
    for some in batches(paths, 16):
        files = [("files", (path.name, path.read_bytes())) for path in some]
        said = client.post("/predict", files=files).json()
        found += [None if "error" in one else one for one in (said["predictions"] if len(some) > 1 else [said])]
    return found


def batches(paths: list[Path], size: int) -> Iterator[list[Path]]:
    for start in range(0, len(paths), size):
        yield paths[start : start + size]


def doors(client: httpx2.Client, name: str) -> dict[str, Callable[[list[Path]], Answers]]:
    def infer(data: bytes) -> httpx2.Response:
        tensor = {"name": "image", "datatype": "BYTES", "shape": [1], "data": [base64.b64encode(data).decode()]}
        return client.post(f"/v2/models/{name}/infer", json={"inputs": [tensor], "outputs": [{"name": "prediction"}]})

    def unpacked(paths: list[Path]) -> Answers:
        return [said and json.loads(said["outputs"][0]["data"][0]) for said in each(infer, paths)]

    return {
        "/predict, bytes": lambda paths: each(lambda data: client.post("/predict", content=data), paths),
        "/predict, form": lambda paths: each(lambda data: client.post("/predict", files={"file": data}), paths),
        "/predict, 16 at once": lambda paths: several(client, paths),
        "/invocations": lambda paths: each(lambda data: client.post("/invocations", content=data), paths),
        "v2": unpacked,
    }


def compare(ours: Answers, theirs: Answers) -> dict[str, Any]:
    assert len(ours) == len(theirs)
    pairs = [(one, other) for one, other in zip(ours, theirs, strict=True) if one and other]
    differences = [
        max(abs(one["probabilities"][label] - other["probabilities"][label]) for label in one["probabilities"])
        for one, other in pairs
    ]
    return {
        "answered": len(pairs),
        "answered_by_one_alone": sum((one is None) != (other is None) for one, other in zip(ours, theirs, strict=True)),
        "other_decisions": sum(one["decision"] != other["decision"] for one, other in pairs),
        "other_labels": sum(one["label"] != other["label"] for one, other in pairs),
        "largest_difference": max(differences),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_subject(parser, several=True)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--port", type=int, default=9610)
    parser.add_argument("--out", type=Path, default=HERE / "out" / "endpoint_parity.json")
    asked = parser.parse_args()
    bundle = subject(asked)
    found = sorted(path for folder in asked.pictures for path in folder.rglob("*") if path.is_file())
    paths = sorted(random.Random(0).sample(found, min(asked.count, len(found))))
    model = load(bundle, threads=1)
    ours = in_python(model, paths)
    table = {"command line": compare(ours, by_command(bundle, paths))}
    command = [sys.executable, "-m", "discern", "serve", str(bundle), "--port", str(asked.port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        first_answer(asked.port, b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n", process)
        with httpx2.Client(base_url=f"http://127.0.0.1:{asked.port}", timeout=60) as client:
            for name, door in doors(client, model.manifest.name).items():
                table[name] = compare(ours, door(paths))
        process.terminate()
    for name, row in table.items():
        print(f"{name:22} {row}")
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
