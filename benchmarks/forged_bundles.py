"""Time and memory of the refusal of every forged bundle, by each way into Discern, each in a fresh process.

Usage: python benchmarks/forged_bundles.py [WORD] [--no-reload]; Linux only. WORD: only the bundles whose title contains
it. A refusal must name its reason, and take less than a second and 200 MiB in the process that reads the bundle; the
libraries are not counted. A reload, which tries the bundle in a process of its own, takes as long as that process
needs to start. Ends with 1 if a bundle is accepted, or a limit exceeded.
"""

import gc
import json
import os
import re
import resource
import select
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import onnxruntime  # noqa: E402, F401 - loaded before the measurement, as the other libraries are
from tests.attacks.entry_points import peak_memory  # noqa: E402
from tests.attacks.forged_bundle import Forged  # noqa: E402
from tests.attacks.forged_corpus import CORPUS, DOORS, GRAPHS, Reloading  # noqa: E402

from discern.errors import BackboneError  # noqa: E402
from discern.features import load_backbone  # noqa: E402

OUT = Path(__file__).parent / "out"
SECONDS, MEBIS = 1.0, 200
PATIENCE, MEMORY = 60, 6 << 30
RELOAD, BACKBONE = "reload", "backbone"
RELOAD_SECONDS = 30.0


def run_alone(act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run a function in a forked process and return its result, or how the process ended."""
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reader)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 2)
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        try:
            result = act()
        except BaseException as error:  # noqa: BLE001 - any other exception is a failure to report
            result = {"failed": f"{type(error).__name__}: {error}"}
        with os.fdopen(writer, "w") as out:
            json.dump(result, out)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as opened:
        if select.select([opened], [], [], PATIENCE)[0]:
            text = opened.read()
        else:
            os.kill(process, signal.SIGKILL)
            text = json.dumps({"failed": f"still running after {PATIENCE} s"})
    _, status = os.waitpid(process, 0)
    return json.loads(text) if text else {"failed": f"ended by signal {os.WTERMSIG(status)}"}


def measured(door: Callable[[Path], str], path: Path) -> dict[str, Any]:
    """Pass a bundle to a door; return the reason of the refusal, the seconds, and the memory in MiB."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak to the current memory
    before = peak_memory()
    start = time.perf_counter()
    reason = door(path).replace(str(path), "")
    seconds = time.perf_counter() - start
    return {"reason": reason, "seconds": round(seconds, 3), "mebis": (peak_memory() - before) >> 20}


def by_reload(path: Path) -> str:
    """Replace the bundle of a server by another one."""
    served = Reloading(path.parent)
    try:
        return served(path)
    finally:
        served.close()


def by_backbone(path: Path) -> str:
    """Load a backbone."""
    try:
        load_backbone(path)
    except BackboneError as error:
        return error.message if error.hint else "it has no hint"
    return ""


def write(path: Path, data: bytes) -> dict[str, Any]:
    path.write_bytes(data)
    return {}


def examine(
    title: str, says: str, path: Path, door: Callable[[Path], str], name: str, *, loads: bool
) -> dict[str, Any]:
    """Measure a refusal, and decide whether it is one."""
    row = {"title": title, "door": name, "reason": "", "seconds": 0.0, "mebis": 0, "failed": ""}
    row |= run_alone(lambda: measured(door, path))
    accepted = loads and name == "load"
    if not row["failed"] and bool(row["reason"]) == accepted:
        row["failed"] = "refused" if accepted else "accepted"
    elif not row["failed"] and not accepted and not re.search(says, row["reason"]):
        row["failed"] = "refused for another reason"
    elif not row["failed"] and row["seconds"] > (RELOAD_SECONDS if name == RELOAD else SECONDS):
        row["failed"] = f"took {row['seconds']} s"
    elif not row["failed"] and name != RELOAD and row["mebis"] > MEBIS:
        row["failed"] = f"took {row['mebis']} MiB"
    return row


def examine_bundle(forged: Forged, folder: Path, doors: dict[str, Callable[[Path], str]]) -> list[dict[str, Any]]:
    path = folder / "forged.discern"
    if failed := run_alone(lambda: write(path, forged.make())).get("failed"):
        return [{"title": forged.title, "door": "made", "seconds": 0.0, "mebis": 0, "reason": "", "failed": failed}]
    return [examine(forged.title, forged.says, path, door, name, loads=forged.loads) for name, door in doors.items()]


def kind_table(rows: list[dict[str, Any]]) -> list[str]:
    """Format a row for each kind: the number of bundles, the worst time and the worst memory."""
    kinds: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        kinds.setdefault(row["title"].partition(":")[0], []).append(row)
    lines = [f"{'kind':<40} bundles  worst load, verify, serve, backbone   worst reload"]
    for kind, each in kinds.items():
        here = [row for row in each if row["door"] != RELOAD]
        reload_time = max((row["seconds"] for row in each if row["door"] == RELOAD), default=0.0)
        worst = max(row["seconds"] for row in here), max(row["mebis"] for row in here)
        count = len({row["title"] for row in each})
        lines.append(f"{kind:<40} {count:7}  {worst[0]:12.3f} s {worst[1]:12} MiB {reload_time:17.2f} s")
    return lines


def main() -> None:
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    doors = DOORS if "--no-reload" in sys.argv else DOORS | {RELOAD: by_reload}
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="forged-") as workdir:
        folder = Path(workdir)
        for forged in CORPUS:
            if not words or words[0] in forged.title:
                rows += examine_bundle(forged, folder, doors)
        for graph in GRAPHS:
            if not words or words[0] in graph.title:
                path = folder / "net.onnx"
                run_alone(lambda graph=graph, path=path: write(path, graph.backbone()))
                rows.append(examine(graph.title, graph.says, path, by_backbone, BACKBONE, loads=False))
    failed = [row for row in rows if row["failed"]]
    for line in kind_table(rows):
        print(line)
    for row in failed:
        print(f"FAILED  {row['title']}, {row['door']}: {row['failed']} ({row['reason']:.90})")
    titles = len({row["title"] for row in rows})
    print(f"{titles} bundles, {len(rows)} refusals, {len(failed)} failures")
    OUT.mkdir(exist_ok=True)
    (OUT / "forged_bundles.json").write_text(json.dumps(rows, indent=1))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
