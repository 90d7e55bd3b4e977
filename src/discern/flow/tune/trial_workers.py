"""Processes that run the trials of a study side by side."""

import os
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

from discern.errors import DataError, RunError
from discern.evaluating.study_trials import SETTLED, TrialRow
from discern.flow.tune.trial_store import TrialStore
from discern.flow.tune.trial_watch import Watch
from discern.flow.tune.trial_worker import Work, run_trials
from discern.parallel import WorkerProcess, count_cores, run_in_daemon_thread

_SECONDS_BETWEEN_LOOKS = 0.25
# Not tuned: if the first trials all fail, others will.
_MOST_FAILURES = 5
# Not tuned: processes that end before they settle a trial.
_MOST_RESTARTS = 3


@dataclass
class _Running:
    process: WorkerProcess
    pid: int
    result: Future[None]


class TrialWorkers:
    """Processes that run trials until there are enough.

    Args:
        store: the trials.
        work: what each process does.
        count: number of processes.
        watch: called with all trials whenever one changes.
    """

    def __init__(self, store: TrialStore, work: Work, *, count: int, watch: Watch) -> None:
        threads = max(1, count_cores() // count)
        self._store, self._count, self._watch = store, count, watch
        self._work = replace(work, threads=threads, parent=os.getpid())
        self._running: list[_Running] = []
        self._restarts = 0
        self._shown: list[TrialRow] = []

    def run(self) -> list[TrialRow]:
        """Run the trials and return them; an interrupted call leaves trials that a later one repeats.

        Raises:
            DataError: the first trials all failed.
            RunError: the processes end again and again.
        """
        try:
            while self._is_open():
                self._fill()
                while self._running:
                    self._look()
                    time.sleep(_SECONDS_BETWEEN_LOOKS)
                self._store.recover()
                self._show()
        finally:
            for each in self._running:
                each.process.kill()
            for each in self._running:
                each.process.close()
        return self._show()

    def _is_open(self) -> bool:
        """Return True if there is a trial to start, and time for it."""
        work, rows = self._work, self._show()
        if work.deadline is not None and time.time() >= work.deadline:
            return False
        if work.trials is None:
            return work.deadline is not None
        return sum(row.state in (*SETTLED, "running") for row in rows) < work.trials

    def _fill(self) -> None:
        while len(self._running) < self._count:
            process = WorkerProcess()
            pid = process.run(os.getpid)
            self._running.append(_Running(process, pid, run_in_daemon_thread(process.run, run_trials, self._work)))

    def _look(self) -> None:
        rows = self._show()
        for each in list(self._running):
            if each.result.done():
                self._end(each)
        require_success(rows)

    def _end(self, worker: _Running) -> None:
        """Take leave of a process, and start another if it was killed."""
        self._running.remove(worker)
        error = worker.result.exception()
        if error is not None:
            worker.process.kill()  # whatever made it stop answering
        worker.process.close()
        if error is None:
            return
        if not isinstance(error, OSError):
            raise error
        self._store.recover(worker.pid)
        settled = sum(row.state in SETTLED for row in self._shown)
        self._restarts += 1
        if self._restarts > _MOST_RESTARTS + settled:
            raise RunError(
                f"The processes that run the trials ended {self._restarts} times.",
                hint="Free memory, or use fewer with --workers; then resume the study with --resume and its --name.",
            ) from None
        if self._is_open():
            self._fill()

    def _show(self) -> list[TrialRow]:
        rows = self._store.rows()
        if rows != self._shown:
            self._shown = rows
            self._watch(rows)
        return rows


def require_success(rows: Sequence[TrialRow]) -> None:
    """Raise DataError if the first trials all failed."""
    states = [row.state for row in rows if row.state in SETTLED]
    if len(states) >= _MOST_FAILURES and set(states) == {"failed"}:
        raise DataError(
            f"The first {len(states)} trials failed: {describe_failure(rows)}",
            hint="Change the search space, and start a study with another --name.",
        )


def describe_failure(rows: Sequence[TrialRow]) -> str:
    """Return the reason of the first trial that failed."""
    return next((row.note for row in rows if row.state == "failed" and row.note), "no reason is known.")
