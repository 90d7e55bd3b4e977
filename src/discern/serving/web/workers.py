"""State shared by the worker processes of one server.

The state is a directory for metrics and reload signals.
"""

import os
import uuid
from pathlib import Path

SHARED_DIR = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable that prometheus_client reads."""


def shared_dir() -> Path | None:
    """Return the directory that all worker processes share.

    The result is None if there is only one worker.
    """
    directory = os.environ.get(SHARED_DIR)
    return Path(directory) if directory else None


class ReloadSignal:
    """Signal between worker processes to reload their model bundles."""

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
        """Return True if another worker has sent a signal since the last call."""
        sent = self._sent()
        new = sent - self._known
        self._known |= sent
        return bool(new)

    def _sent(self) -> set[str]:
        return {path.name for path in self._dir.glob("reload.*")} if self._dir else set()
