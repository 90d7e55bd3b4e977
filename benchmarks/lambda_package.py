"""Start, memory and answers of the packed function, run by the real runtime client in a fresh environment.

    python benchmarks/lambda_package.py PACKAGE.zip RUNTIME PYTHON BUNDLE PICTURE...

PACKAGE.zip is written by `discern ship lambda`; RUNTIME is a folder made by `PYTHON -m pip install --target RUNTIME
awslambdaric boto3`, which the managed runtime has; PYTHON is the function's Python. The start is compared with that of
a bare script, which imports numpy, Pillow and ONNX Runtime from the same package and runs the graph once. It uses
compiled modules, too, and has neither the runtime client nor any check. Both are started in turn.
"""

import base64
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

from tests.runtime_api import RunningFunction

import discern

ROUNDS = 7
VARIABLES: dict[str, str] = {}
BARE = """
import sys, io, zipfile
import numpy as np, onnxruntime as ort
from PIL import Image
bundle, picture = sys.argv[1:]
graph = zipfile.ZipFile(bundle).read("model.onnx")
options = ort.SessionOptions(); options.log_severity_level = 4
session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
side = session.get_inputs()[0].shape[1]
pixels = np.asarray(Image.open(picture).convert("RGB").resize((side, side)))[None]
print(session.run(["probabilities"], {"pixels": pixels})[0].argmax(), flush=True)
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")), end="")
import time; print(time.process_time(), flush=True)
"""


def event(content: bytes) -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": "/predict",
        "requestContext": {"stage": "$default", "http": {"method": "POST"}},
        "headers": {"content-type": "image/jpeg"},
        "body": base64.b64encode(content).decode(),
        "isBase64Encoded": True,
    }


def first_answer(task: Path, runtime: Path, python: str, picture: Path) -> tuple[float, float, int]:
    """Seconds from the start of the process to its first answer, its processor time and its memory then."""
    started = time.perf_counter()
    with RunningFunction(task, [runtime], VARIABLES, python=python) as function:
        answer = function(event(picture.read_bytes()))
        seconds = time.perf_counter() - started
        assert answer["statusCode"] == 200, answer
        return seconds, function.processor_seconds, function.peak_bytes


def bare_answer(task: Path, python: str, bundle: Path, picture: Path) -> tuple[float, float, int]:
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(task), "ORT_DISABLE_TELEMETRY": "1"}
    started = time.perf_counter()
    command = [python, "-S", "-c", BARE, str(bundle), str(picture)]
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        seconds = time.perf_counter() - started
        memory = int(process.stdout.readline().split()[1]) << 10
        return seconds, float(process.stdout.readline()), memory


def compare_answers(task: Path, runtime: Path, python: str, bundle: Path, pictures: list[Path]) -> float:
    """Largest difference of a probability between the function and Python; decisions must be equal."""
    model, worst = discern.load(bundle), 0.0
    with RunningFunction(task, [runtime], VARIABLES, python=python) as function:
        for picture in pictures:
            there, here = json.loads(function(event(picture.read_bytes()))["body"]), model(picture).to_json()
            assert (there["decision"], there["label"]) == (here["decision"], here["label"]), picture
            worst = max(worst, *(abs(there["probabilities"][k] - p) for k, p in here["probabilities"].items()))
    return worst


def main() -> None:
    package, runtime, python, bundle, *pictures = sys.argv[1:]
    VARIABLES["DISCERN_FINGERPRINT"] = discern.load(bundle).fingerprint
    with tempfile.TemporaryDirectory() as temporary:
        task = Path(temporary)
        with zipfile.ZipFile(package) as archive:
            archive.extractall(task)
        paths = [Path(picture) for picture in pictures]
        rounds = [
            (bare_answer(task, python, Path(bundle), paths[0]), first_answer(task, Path(runtime), python, paths[0]))
            for _ in range(ROUNDS + 1)
        ][1:]
        for name, column, unit in (("first answer, s", 0, 1), ("processor, s", 1, 1), ("memory, MB", 2, 1e6)):
            bare, ours = (statistics.median(each[kind][column] for each in rounds) / unit for kind in (0, 1))
            ratio = statistics.median(each[1][column] / each[0][column] for each in rounds)
            print(f"{name:<16} bare {bare:.3g}, function {ours:.3g}, median ratio of {ROUNDS} pairs {ratio:.2f}")
        worst = compare_answers(task, Path(runtime), python, Path(bundle), paths)
        print(f"answers          {len(paths)} pictures, same labels and decisions, largest difference {worst:.1e}")


if __name__ == "__main__":
    main()
