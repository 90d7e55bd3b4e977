"""Time, CPU time and memory of whole processes, for the benchmarks that compare commands; Linux only."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any

from process_tree import memory

SAMPLING_S, SAMPLING_SHARE = 0.2, 50

Row = dict[str, Any]


def environment(python: str) -> dict[str, str]:
    """Return the environment of a contestant: offline, and with this one's modules for this interpreter only."""
    kept = os.environ | {"HF_HUB_OFFLINE": "1", "ORT_DISABLE_TELEMETRY": "1"}
    if python != sys.executable:
        kept.pop("PYTHONPATH", None)
    return kept


def measure(name: str, command: list[Any]) -> tuple[Row, Row]:
    """Run a process to its end, and return what it printed as JSON, and its time and memory."""
    parts = list(map(str, command))
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        before, start = child_cpu(), time.perf_counter()
        with subprocess.Popen(parts, stdout=out, stderr=errors, env=environment(parts[0])) as process:
            peak = PeakMemory(process.pid)
            process.wait()
            seconds = time.perf_counter() - start
            peak.end()
        out.seek(0)
        errors.seek(0)
        if process.returncode:
            sys.exit(f"{name} failed: {errors.read()[-2000:]}")
        return json.load(out), {"seconds": seconds, "cpu_s": child_cpu() - before, "peak_mib": peak.mib}


def child_cpu() -> float:
    """Return the CPU seconds of all ended processes that this one, or they themselves, have started."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class PeakMemory:
    """Largest memory of a process and its descendants, with shared pages divided, sampled by a thread."""

    def __init__(self, process: int) -> None:
        self.mib, self._process, self._ended = 0, process, threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        pause = SAMPLING_S
        while not self._ended.wait(pause):
            start = time.perf_counter()
            self.mib = max(self.mib, memory(self._process))
            # Adding up the pages of a large process takes long, and must not slow it down.
            pause = max(SAMPLING_S, SAMPLING_SHARE * (time.perf_counter() - start))
