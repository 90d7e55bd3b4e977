"""Metrics and reload signals that are shared by the worker processes."""

import os
import shutil
import uuid
from pathlib import Path

SHARED_DIR = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable that prometheus_client reads."""

PREFIX = "discern-"
"""Prefix of the name of the shared directory."""


def shared_dir() -> Path | None:
    """Return the directory shared by all worker processes, or None if there is only one."""
    directory = os.environ.get(SHARED_DIR)
    return Path(directory) if directory else None


def remove_shared_dir() -> None:
    """Delete the shared directory, if Discern created it: for workers whose parent process ended without doing so."""
    directory = shared_dir()
    if directory and directory.name.startswith(PREFIX):
        shutil.rmtree(directory, ignore_errors=True)


class ReloadSignal:
    """Signal that tells other worker processes to reload their model bundles."""

    def __init__(self) -> None:
        self._dir = shared_dir()
        self._known = self._sent()

    def send(self) -> None:
        """Signal the other worker processes to reload their model bundles."""
        if self._dir:
            # One file per signal, so that two sent at the same time are both received.
            file = self._dir / f"reload.{uuid.uuid4().hex}"
            self._known.add(file.name)
            file.touch()

    def receive(self) -> bool:
        """Return True if another worker process has sent a reload signal since the last call."""
        sent = self._sent()
        new = sent - self._known
        self._known |= sent
        return bool(new)

    def _sent(self) -> set[str]:
        return {path.name for path in self._dir.glob("reload.*")} if self._dir else set()
