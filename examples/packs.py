"""Packs of pictures on this machine, for examples whose original data are not at hand."""

import os
from pathlib import Path

_BESIDE = Path(__file__).resolve().parents[2] / "shared/data"


def find_pack(name: str) -> Path | None:
    """Return the folder of a pack in DISCERN_TEST_DATA or ../shared/data, or None."""
    folder = Path(os.environ.get("DISCERN_TEST_DATA") or _BESIDE) / name
    return folder if folder.is_dir() else None
