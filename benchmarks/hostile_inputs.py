"""Every hostile input through its door, in a watched process: what came, how long it took, how much memory.

Usage: python benchmarks/hostile_inputs.py [WORD], for the inputs whose title has that word; on Linux. Measured are the whole
process (peak of resident memory, libraries included) and the door alone (seconds); 20 s and 1,500 MiB are the limits.
At the end all that are files are put into one folder, which `discern check` looks at from one end to the other.
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

from tests.attacks.doors import READ, Came, peak_memory  # noqa: E402
from tests.attacks.hostile import enter  # noqa: E402
from tests.attacks.registry import BY_TITLE, HOSTILE  # noqa: E402
from tests.unit.catalog.factories import picture, write_files  # noqa: E402
from tests.unit.flow.workspace import write_backbone  # noqa: E402

OUT = Path(__file__).parent / "out"
SECONDS, MEBIS, MEMORY = 20, 1500, 6 << 30
WORKERS = 2
CHECK = """
import atexit, sys
sys.path.insert(0, sys.argv.pop(1))
from discern.cli import main
from tests.attacks.doors import peak_memory
atexit.register(lambda: sys.stderr.write(str(peak_memory() >> 20)))
main()
"""


def main() -> None:
    if sys.argv[1:] == ["--work"]:
        work()
        return
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    titles = [title for title, hostile in BY_TITLE.items() if word in title]
    with ThreadPoolExecutor(WORKERS) as pool:
        rows = [
            row for some in pool.map(measured, [titles[start::WORKERS] for start in range(WORKERS)]) for row in some
        ]
    result = summary(rows) | ({} if word else {"all_together": together()}) | {"inputs": rows}
    for row in sorted(rows, key=lambda row: titles.index(row["title"])):
        figures = f"{row['came']:<16} {row['seconds']:6.2f} s {row['mebis']:5} MiB"
        print(f"{figures}  {row['door']:<14} {row['title']}  {row['said']:.90}")
    OUT.mkdir(exist_ok=True)
    (OUT / "hostile_inputs.json").write_text(json.dumps(result, indent=1))
    print(json.dumps({key: value for key, value in result.items() if key != "inputs"}, indent=1))


def work() -> None:
    """Bring in one input after the other, as their titles come: say that it is written, then what came of it."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    while line := sys.stdin.readline():
        hostile = BY_TITLE[json.loads(line)]
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
            path = hostile.write(Path(place))
            gc.collect()
            print("it is written", flush=True)
            sys.stdin.readline()
            # From here on the peak is counted anew; what the libraries and all before have left is counted with it.
            Path("/proc/self/clear_refs").write_text("5")
            start = time.perf_counter()
            try:
                came = enter(hostile, path, Path(place))
            except Exception as error:  # noqa: BLE001 - whatever is outside the family is what is looked for
                came = Came("UNNAMED", f"{type(error).__name__}: {error}")
            seconds = round(time.perf_counter() - start, 3)
        said = came.message.encode("ascii", "backslashreplace").decode()
        figures = {"came": came.code, "said": said, "seconds": seconds, "mebis": peak_memory() >> 20}
        print(json.dumps(figures), flush=True)


def measured(titles: list[str]) -> list[dict[str, Any]]:
    """Have inputs brought in by another process; one that dies or stands still is replaced."""
    rows, process = [], begin()
    for title in titles:
        row: dict[str, Any] = {"came": "CRASH", "said": "", "seconds": float(SECONDS), "mebis": 0}
        process.stdin.write(json.dumps(title) + "\n")
        process.stdout.readline()
        process.stdin.write("bring it in\n")
        process.stdin.flush()
        if not select.select([process.stdout], [], [], 2 * SECONDS)[0]:
            row["came"] = "HANG"
            process.kill()
        elif line := process.stdout.readline():
            row |= json.loads(line)
        if row["came"] in ("HANG", "CRASH"):
            process.wait()
            process = begin()
        hostile = BY_TITLE[title]
        sound = row["came"] in hostile.came and row["seconds"] <= SECONDS and row["mebis"] <= MEBIS
        facts = {"title": title, "kind": hostile.kind, "door": hostile.door, "why": hostile.why}
        rows.append(facts | row | {"sound": sound})
    process.stdin.close()
    process.wait()
    return rows


def begin() -> Any:
    """A process that waits for titles."""
    words = [sys.executable, __file__, "--work"]
    return subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1
    )


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    sound = [row for row in rows if row["sound"]]
    return {
        "inputs_by_kind": dict(Counter(row["kind"] for row in rows)),
        "count": len(rows),
        "refused_by_name": sum(row["came"] != READ for row in sound),
        "read_for_a_reason": sum(row["came"] == READ for row in sound),
        "not_as_meant": [row["title"] for row in rows if not row["sound"]],
        "most_seconds": max((row["seconds"], row["title"]) for row in sound),
        "most_mebis": max((row["mebis"], row["title"]) for row in sound),
    }


def together() -> dict[str, Any]:
    """Everything that is a file among pictures, in one folder, checked by the command."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        work = Path(place)
        folder = write_files(
            work / "photos", {f"{label}/{n}.png": picture(9 * n + ord(label)) for label in "ab" for n in range(5)}
        )
        for number, hostile in enumerate(HOSTILE):
            if hostile.door in ("open", "scan"):
                scratch = work / str(number)
                scratch.mkdir()
                given = hostile.write(scratch)
                if given.is_file():
                    given.replace(folder / f"{number}-{given.name}")
        words = ["check", folder, "--runs", work / "runs", "--cache", work / "cache", "--json"]
        words += ["--backbone", write_backbone(work / "colour.onnx")]
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", CHECK, str(ROOT), *map(str, words)], capture_output=True, check=False, timeout=600
        )
        said = json.loads(done.stdout) if done.stdout else {}
        return {
            "files": sum(path.is_file() for path in folder.rglob("*")),
            "exit_code": done.returncode,
            "pictures": said.get("pictures"),
            "unreadable": said.get("unreadable"),
            "seconds": round(time.perf_counter() - start, 1),
            "mebis": done.stderr.decode()[-300:],
        }


if __name__ == "__main__":
    main()
