"""Start, memory and answers of the packed function, run by the real runtime client in a fresh environment.

    python benchmarks/lambda_package.py PACKAGE.zip RUNTIME PYTHON BUNDLE PICTURE...

PACKAGE.zip is written by `discern ship lambda`; RUNTIME is a folder made by `PYTHON -m pip install --target RUNTIME
awslambdaric boto3`, which the managed runtime has; PYTHON is the function's Python. The start is compared with that of
a bare script, which imports numpy, Pillow and ONNX Runtime from the same package and runs the graph once. It uses
compiled modules, too, and has neither the runtime client nor any check. Both are started in turn, on one core and on
two. Then each picture is sent in each kind of event, and its answers are compared with those of Python here.
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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from tests.cloud_services import cloud_services
from tests.runtime_api import RunningFunction

import discern

ROUNDS = int(os.environ.get("ROUNDS", "15"))
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


@contextmanager
def cores(count: int) -> Iterator[None]:
    """Let the processes that are started within a context run on some of the cores only."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[-count:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def answers(function: RunningFunction, content: bytes) -> Iterator[tuple[str, Any]]:
    """Answers of a function to a picture, by the kind of the event that it comes in."""
    encoded, place = base64.b64encode(content).decode(), {"s3_bucket": "pictures", "s3_key": "a b/ü.jpg"}
    form = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + content + b"\r\n--x--\r\n"
    first = {"httpMethod": "POST", "path": "/predict", "headers": {"Content-Type": "application/json"}}
    yield "v2, base64", json.loads(function(event(content))["body"])
    yield "v1, JSON", json.loads(function(first | {"body": json.dumps({"image_b64": encoded})})["body"])
    multipart = event(form) | {"headers": {"content-type": "multipart/form-data; boundary=x"}}
    yield "v2, form", json.loads(function(multipart)["body"])
    yield "direct", function({"image_b64": encoded})
    s3 = boto3.client("s3")
    s3.put_object(Bucket="pictures", Key="a b/ü.jpg", Body=content)
    arrived = {"bucket": {"name": "pictures"}, "object": {"key": "a+b/%C3%BC.jpg"}}
    function({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": arrived}]})
    yield "S3", json.loads(s3.get_object(Bucket="pictures", Key="a b/ü.jpg.discern.json")["Body"].read())
    for kind, references in (("scones, references", True), ("scones, pixels", False)):
        state: dict[str, Any] = {"body": {"image_data": "", **place}}
        for step in ("serialize", "classify", "filter"):
            state = function({"step": step, "threshold": 0, "references": references, **state})
        yield kind, state["body"]


def compare_answers(task: Path, runtime: Path, python: str, bundle: Path, pictures: Sequence[Path]) -> dict[str, float]:
    """Largest difference of a probability between the function and Python, by kind; decisions must be equal."""
    model, worst = discern.load(bundle), dict[str, float]()
    with cloud_services() as services:
        boto3.client("s3").create_bucket(Bucket="pictures")
        with RunningFunction(task, [runtime], {**services, **VARIABLES}, python=python) as function:
            for picture in pictures:
                here = model(picture).to_json()
                for kind, there in answers(function, picture.read_bytes()):
                    assert (there["decision"], there["label"]) == (here["decision"], here["label"]), picture
                    found = (abs(there["probabilities"][name] - p) for name, p in here["probabilities"].items())
                    worst[kind] = max(worst.get(kind, 0), *found)
    return worst


def compare_starts(task: Path, runtime: Path, python: str, bundle: Path, picture: Path) -> None:
    for count in (1, 2):
        rounds = []
        for _ in range(ROUNDS + 1):
            with cores(count):
                bare = bare_answer(task, python, bundle, picture)
                rounds.append((bare, first_answer(task, runtime, python, picture)))
        del rounds[0]
        print(f"{count} core(s), {ROUNDS} pairs")
        for name, column, unit in (("first answer, s", 0, 1), ("processor, s", 1, 1), ("memory, MB", 2, 1e6)):
            bare, ours = (statistics.median(each[kind][column] for each in rounds) / unit for kind in (0, 1))
            ratios = [each[1][column] / each[0][column] for each in rounds]
            low, middle, high = statistics.quantiles(ratios, n=4)
            print(f"  {name:<16} bare {bare:.3g}, function {ours:.3g}, ratio {middle:.2f} ({low:.2f} to {high:.2f})")


def main() -> None:
    package, runtime, python, bundle, *pictures = sys.argv[1:]
    VARIABLES["DISCERN_FINGERPRINT"] = discern.load(bundle).fingerprint
    with tempfile.TemporaryDirectory() as temporary:
        task, paths = Path(temporary), [Path(picture) for picture in pictures]
        with zipfile.ZipFile(package) as archive:
            archive.extractall(task)
        compare_starts(task, Path(runtime), python, Path(bundle), paths[0])
        for kind, worst in compare_answers(task, Path(runtime), python, Path(bundle), paths).items():
            print(f"{kind:<20} {len(paths)} pictures, same labels and decisions, largest difference {worst:.1e}")


if __name__ == "__main__":
    main()
