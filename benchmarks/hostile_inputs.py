"""Outcome, time and peak memory of every hostile input, each passed to its entry point in a supervised process.

Usage: python benchmarks/hostile_inputs.py [WORD]; Linux only. WORD: only the inputs whose title contains it. Peak
resident memory includes the libraries; time is that of the entry point. The limits are 20 s and 1,500 MiB. Finally,
all inputs that are files are put into one folder for `discern check`.
"""

import gc
import json
import resource
import select
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.attacks.entry_points import READ, Outcome, peak_memory  # noqa: E402
from tests.attacks.hostile import run_entry_point  # noqa: E402
from tests.attacks.registry import BY_TITLE, HOSTILE  # noqa: E402
from tests.integration.workspace import write_backbone  # noqa: E402
from tests.unit.catalog.factories import picture, write_files  # noqa: E402

OUT = Path(__file__).parent / "out"
SECONDS, MEBIS, MEMORY = 20, 1500, 6 << 30
WORKERS = 2
CHECK = """
import atexit, sys
sys.path.insert(0, sys.argv.pop(1))
from discern.cli import main
from tests.attacks.entry_points import peak_memory
atexit.register(lambda: sys.stderr.write(str(peak_memory() >> 20)))
main()
"""


def main() -> None:
    if sys.argv[1:] == ["--work"]:
        run_worker()
        return
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    titles = [title for title, hostile in BY_TITLE.items() if word in title]
    with ThreadPoolExecutor(WORKERS) as pool:
        rows = [
            row
            for batch in pool.map(measure_inputs, [titles[start::WORKERS] for start in range(WORKERS)])
            for row in batch
        ]
    result = summary(rows) | ({} if word else {"all_together": check_all_files()}) | {"inputs": rows}
    for row in sorted(rows, key=lambda row: titles.index(row["title"])):
        result_text = f"{row['outcome']:<16} {row['seconds']:6.2f} s {row['mebis']:5} MiB"
        print(f"{result_text}  {row['entry_point']:<14} {row['title']}  {row['message']:.90}")
    OUT.mkdir(exist_ok=True)
    (OUT / "hostile_inputs.json").write_text(json.dumps(result, indent=1))
    print(json.dumps({key: value for key, value in result.items() if key != "inputs"}, indent=1))


def run_worker() -> None:
    """Run the inputs whose titles arrive on standard input: announce that each is written, then print the result."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    while line := sys.stdin.readline():
        hostile = BY_TITLE[json.loads(line)]
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as workdir:
            path = hostile.write(Path(workdir))
            gc.collect()
            print("written", flush=True)
            sys.stdin.readline()
            # Resets the peak to the current memory, which includes the libraries.
            Path("/proc/self/clear_refs").write_text("5")
            start = time.perf_counter()
            try:
                outcome = run_entry_point(hostile, path, Path(workdir))
            except Exception as error:  # noqa: BLE001 - any other exception is a failure to report
                outcome = Outcome("UNNAMED", f"{type(error).__name__}: {error}")
            seconds = round(time.perf_counter() - start, 3)
        message = outcome.message.encode("ascii", "backslashreplace").decode()
        result = {"outcome": outcome.code, "message": message, "seconds": seconds, "mebis": peak_memory() >> 20}
        print(json.dumps(result), flush=True)


def measure_inputs(titles: list[str]) -> list[dict[str, Any]]:
    """Run inputs in a worker process; replace it if it dies or hangs."""
    rows, process = [], start_worker()
    for title in titles:
        row: dict[str, Any] = {"outcome": "CRASH", "message": "", "seconds": float(SECONDS), "mebis": 0}
        process.stdin.write(json.dumps(title) + "\n")
        process.stdout.readline()
        process.stdin.write("run\n")
        process.stdin.flush()
        if not select.select([process.stdout], [], [], 2 * SECONDS)[0]:
            row["outcome"] = "HANG"
            process.kill()
        elif line := process.stdout.readline():
            row |= json.loads(line)
        if row["outcome"] in ("HANG", "CRASH"):
            process.wait()
            process = start_worker()
        hostile = BY_TITLE[title]
        passed = row["outcome"] in hostile.outcomes and row["seconds"] <= SECONDS and row["mebis"] <= MEBIS
        description = {"title": title, "kind": hostile.kind, "entry_point": hostile.entry_point, "why": hostile.why}
        rows.append(description | row | {"passed": passed})
    process.stdin.close()
    process.wait()
    return rows


def start_worker() -> Any:
    """Start a worker process that reads titles."""
    command = [sys.executable, __file__, "--work"]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1
    )


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    passed = [row for row in rows if row["passed"]]
    return {
        "inputs_by_kind": dict(Counter(row["kind"] for row in rows)),
        "count": len(rows),
        "rejected_with_a_code": sum(row["outcome"] != READ for row in passed),
        "read_for_a_reason": sum(row["outcome"] == READ for row in passed),
        "unexpected": [row["title"] for row in rows if not row["passed"]],
        "most_seconds": max((row["seconds"], row["title"]) for row in passed),
        "most_mebis": max((row["mebis"], row["title"]) for row in passed),
    }


def check_all_files() -> dict[str, Any]:
    """Check one folder of all hostile inputs that are files, among valid pictures."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as workdir:
        root = Path(workdir)
        folder = write_files(
            root / "photos", {f"{label}/{n}.png": picture(9 * n + ord(label)) for label in "ab" for n in range(5)}
        )
        for number, hostile in enumerate(HOSTILE):
            if hostile.entry_point in ("open", "scan"):
                scratch = root / str(number)
                scratch.mkdir()
                path = hostile.write(scratch)
                if path.is_file():
                    path.replace(folder / f"{number}-{path.name}")
        command = ["check", folder, "--runs", root / "runs", "--cache", root / "cache", "--json"]
        command += ["--backbone", write_backbone(root / "colour.onnx")]
        start = time.perf_counter()
        completed = subprocess.run(
            [sys.executable, "-c", CHECK, str(ROOT), *map(str, command)], capture_output=True, check=False, timeout=600
        )
        output = json.loads(completed.stdout) if completed.stdout else {}
        return {
            "files": sum(path.is_file() for path in folder.rglob("*")),
            "exit_code": completed.returncode,
            "pictures": output.get("pictures"),
            "unreadable": output.get("unreadable"),
            "seconds": round(time.perf_counter() - start, 1),
            "mebis": completed.stderr.decode()[-300:],
        }


if __name__ == "__main__":
    main()
