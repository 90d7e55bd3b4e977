"""Parity of predictions: the same pictures through Python, the command line, and every endpoint of a server.

    python benchmarks/endpoint_parity.py [BUNDLE PICTURES] [--count 500]

`browser_parity.py` compares predictions in the browser.
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
from benchmark_bundle import add_bundle_arguments, find_bundle
from server_throughput import wait_for_response

from discern.bundle import Model, Prediction, load

HERE = Path(__file__).parent
Predictions = list[dict[str, Any] | None]


def from_python(model: Model, paths: list[Path]) -> Predictions:
    return [prediction.to_json() if isinstance(prediction, Prediction) else None for prediction in model.predict(paths)]


def from_command_line(bundle: Path, paths: list[Path]) -> Predictions:
    command = [sys.executable, "-m", "discern", "predict", str(bundle), *map(str, paths), "--json"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [None if "error" in result else result for result in map(json.loads, lines)]


def request_each(send: Callable[[bytes], httpx2.Response], paths: list[Path]) -> Predictions:
    predictions = (send(path.read_bytes()) for path in paths)
    return [prediction.json() if prediction.status_code == 200 else None for prediction in predictions]


def request_batches(client: httpx2.Client, paths: list[Path]) -> Predictions:
    results: Predictions = []
    for batch in batches(paths, 16):
        files = [("files", (path.name, path.read_bytes())) for path in batch]
        result = client.post("/predict", files=files).json()
        results += [None if "error" in one else one for one in (result["predictions"] if len(batch) > 1 else [result])]
    return results


def batches(paths: list[Path], size: int) -> Iterator[list[Path]]:
    for start in range(0, len(paths), size):
        yield paths[start : start + size]


def endpoints(client: httpx2.Client, name: str) -> dict[str, Callable[[list[Path]], Predictions]]:
    def infer(data: bytes) -> httpx2.Response:
        tensor = {"name": "image", "datatype": "BYTES", "shape": [1], "data": [base64.b64encode(data).decode()]}
        return client.post(f"/v2/models/{name}/infer", json={"inputs": [tensor], "outputs": [{"name": "prediction"}]})

    def unpacked(paths: list[Path]) -> Predictions:
        return [result and json.loads(result["outputs"][0]["data"][0]) for result in request_each(infer, paths)]

    return {
        "/predict, bytes": lambda paths: request_each(lambda data: client.post("/predict", content=data), paths),
        "/predict, form": lambda paths: request_each(lambda data: client.post("/predict", files={"file": data}), paths),
        "/predict, batches of 16": lambda paths: request_batches(client, paths),
        "/invocations": lambda paths: request_each(lambda data: client.post("/invocations", content=data), paths),
        "v2": unpacked,
    }


def compare(ours: Predictions, others: Predictions) -> dict[str, Any]:
    assert len(ours) == len(others)
    pairs = [(one, other) for one, other in zip(ours, others, strict=True) if one and other]
    differences = [
        max(abs(one["probabilities"][label] - other["probabilities"][label]) for label in one["probabilities"])
        for one, other in pairs
    ]
    return {
        "answered": len(pairs),
        "answered_by_only_one": sum((one is None) != (other is None) for one, other in zip(ours, others, strict=True)),
        "other_decisions": sum(one["decision"] != other["decision"] for one, other in pairs),
        "other_labels": sum(one["label"] != other["label"] for one, other in pairs),
        "largest_difference": max(differences),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_bundle_arguments(parser, several=True)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--port", type=int, default=9610)
    parser.add_argument("--out", type=Path, default=HERE / "out" / "endpoint_parity.json")
    args = parser.parse_args()
    bundle = find_bundle(args)
    files = sorted(path for folder in args.pictures for path in folder.rglob("*") if path.is_file())
    paths = sorted(random.Random(0).sample(files, min(args.count, len(files))))
    model = load(bundle, threads=1)
    ours = from_python(model, paths)
    table = {"command line": compare(ours, from_command_line(bundle, paths))}
    command = [sys.executable, "-m", "discern", "serve", str(bundle), "--port", str(args.port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_for_response(args.port, b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n", process)
        with httpx2.Client(base_url=f"http://127.0.0.1:{args.port}", timeout=60) as client:
            for name, predict in endpoints(client, model.manifest.name).items():
                table[name] = compare(ours, predict(paths))
        process.terminate()
    for name, row in table.items():
        print(f"{name:22} {row}")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
