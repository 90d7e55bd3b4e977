"""What several workers of one server share: a folder, in which they count, and call each other."""

import os
import uuid
from pathlib import Path

SHARED = "PROMETHEUS_MULTIPROC_DIR"  # the environment's name for it, as the library wants it that counts


def shared_folder() -> Path | None:
    """Where all workers may write; None: there is one worker."""
    folder = os.environ.get(SHARED)
    return Path(folder) if folder else None


class ReloadSignal:
    """A worker's call to the others to read all bundles anew, as it has done itself."""

    def __init__(self) -> None:
        self._folder = shared_folder()
        self._heard = self._made()

    def make(self) -> None:
        """Call the others, if there are any."""
        if self._folder:
            # One file a call: two that are made at once are both heard.
            call = self._folder / f"reload.{uuid.uuid4().hex}"
            self._heard.add(call.name)
            call.touch()

    def is_heard(self) -> bool:
        """Whether another worker has called since this was asked last."""
        made = self._made()
        new = made - self._heard
        self._heard |= made
        return bool(new)

    def _made(self) -> set[str]:
        return {path.name for path in self._folder.glob("reload.*")} if self._folder else set()
