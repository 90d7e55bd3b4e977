"""Programs that use the product for a while, observed from outside: `python product_session.py NAME ARGUMENT ...`.

They import nothing of the tests, and Discern only in processes of their own.
"""

import contextlib
import http.client
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BUNDLE = "runs/product/model.discern"
RESULTS = ("runs", "answers.csv", "parts", "local", "remote", "keys.txt")
"""All that `whole` writes in its working directory."""

LOAD = """
import sys, time
import discern
import onnxruntime  # by the program itself, before it loads a model
model = discern.load(sys.argv[1])
end = time.monotonic() + float(sys.argv[3])
while time.monotonic() < end:
    model(sys.argv[2])
    time.sleep(1)
"""
"""Program that keeps a model loaded: bundle, picture, seconds."""

_DISCERN = (sys.executable, "-m", "discern")
_PAGES = ("/", "/docs", "/openapi.json", "/metrics", "/model", "/readyz")


def serve(bundle: str, others: str, seconds: str) -> None:
    """Serve a bundle by two workers, send requests for some seconds, evaluate it on pictures, then stop the server."""
    picture = next(Path(others).rglob("*.png")).read_bytes()
    command = [*_DISCERN, "serve", bundle, "--workers", "2", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            end, answered = time.monotonic() + float(seconds), 0
            while time.monotonic() < end:
                for page in _PAGES:
                    request(address, "GET", page)
                answered += request(address, "POST", "/predict", picture) == http.HTTPStatus.OK
                time.sleep(0.5)
            assert answered
            assert run([*_DISCERN, "evaluate", address, others]) == 0
            process.terminate()
            assert process.wait(60) == 0
        finally:
            process.kill()


def request(address: str, method: str, path: str, body: bytes | None = None) -> int:
    """Send a request and return the status; 0 if there is no answer, as while workers start."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)
    with contextlib.suppress(OSError), contextlib.closing(connection):
        connection.request(method, path, body)
        response = connection.getresponse()
        response.read()
        return response.status
    return 0


def whole(photos: str, others: str, seconds: str, engine: str, *options: str) -> None:
    """Train on pictures, then call every command on the result and on other pictures; write the exit codes as JSON.

    A server and a program with a loaded model go on for some seconds. The options are for commands that extract
    features; the engine is the archive that runs models in browsers, or "".
    """
    codes = call(["check", photos, "--name", "checked", *options])
    codes |= call(["train", photos, "--name", "product", *options])
    picture = str(next(Path(others).rglob("*.png")))
    with ThreadPoolExecutor() as pool:
        serving = pool.submit(run, [sys.executable, __file__, "serve", BUNDLE, others, seconds])
        loaded = pool.submit(run, [sys.executable, "-c", LOAD, BUNDLE, picture, seconds])
        for words in commands(photos, others, engine, options):
            codes |= call(words)
        codes |= {"serve": serving.result(), "load": loaded.result()}
    sys.stdout.write(json.dumps(codes))


def commands(photos: str, others: str, engine: str, options: Sequence[str]) -> list[list[str]]:
    """List the commands that use a trained bundle."""
    local = [["export", BUNDLE, "local", "--runtime", engine, "--examples", f"{others}/red"]] if engine else []
    return [
        ["predict", BUNDLE, others, "--out", "answers.csv", "--sheet", "runs/sheet.html"],
        ["evaluate", BUNDLE, others],
        ["verify", BUNDLE],
        ["show", BUNDLE],
        ["doctor"],
        ["split", photos, "--out", "parts", *options],
        ["export", BUNDLE, "remote", "--api", "https://pictures.example.org"],
        *local,
        ["key", "visitor"],
        ["cache"],
        ["--help"],
    ]


def copy_engine(folder: Path) -> str:
    """Copy the cached archive that runs models in browsers, as caches are hidden; return its path, "" without."""
    from discern.serving.browser_engine import ENGINE  # noqa: PLC0415 - not for the programs
    from discern.store import default_folder  # noqa: PLC0415

    cached = default_folder() / "engines" / ENGINE.archive
    return str(shutil.copy(cached, folder)) if cached.exists() else ""


def call(words: Sequence[str]) -> dict[str, int]:
    """Run a command and return its exit code by its name."""
    return {words[0]: run([*_DISCERN, *words])}


def run(command: Sequence[str]) -> int:
    """Run a program to its end, show its output if it fails, and return its exit code."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
    return done.returncode


PROGRAMS: dict[str, Callable[..., None]] = {"serve": serve, "whole": whole}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](*sys.argv[2:])
