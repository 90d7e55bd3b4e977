"""Record of the comparisons that used the same held-out pictures, in a file beside the runs."""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FILE = "comparisons.jsonl"
_LOG = logging.getLogger("discern.runs")
_MOST_BYTES = 64 << 20  # not tuned


@dataclass(frozen=True, kw_only=True)
class Uses:
    """Number of times that held-out pictures were used to compare models.

    Attributes:
        comparisons: number of comparisons of different models, this one included.
        models: number of different models in them.
        recorded: False if this comparison could not be recorded.
    """

    comparisons: int
    models: int
    recorded: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return the numbers in JSON-ready values."""
        return {"comparisons": self.comparisons, "models": self.models}


def record_use(folders: Sequence[Path], pictures: str, models: Sequence[str]) -> Uses:
    """Record a comparison beside the runs, and count those that used the same pictures.

    The same models on the same pictures give the same figures, so that repeating a comparison does not count.

    Args:
        folders: folders of the runs.
        pictures: digest of the held-out pictures.
        models: digests of the models.
    """
    own = frozenset(models)
    places = sorted({folder.parent for folder in folders})
    known = {place: set(_read(place / FILE, pictures)) for place in places}
    recorded = all(own in known[place] or _append(place / FILE, pictures, own) for place in places)
    every = set().union({own}, *known.values())
    return Uses(comparisons=len(every), models=len(frozenset().union(*every)), recorded=recorded)


def _read(path: Path, pictures: str) -> Iterator[frozenset[str]]:
    """Read the models of each comparison of the pictures; other lines, and damaged ones, are passed over."""
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        try:
            found = json.loads(line)
            if found["pictures"] == pictures:
                yield frozenset(map(str, found["models"]))
        except (ValueError, LookupError, TypeError, RecursionError):
            continue


def _append(path: Path, pictures: str, models: frozenset[str]) -> bool:
    """Append a line by one write, so that concurrent comparisons do not mix; return False if that is impossible."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    line = json.dumps({"pictures": pictures, "models": sorted(models), "created": now})
    try:
        with path.open("ab") as file:
            file.write(f"{line}\n".encode("ascii"))
    except OSError as error:
        _LOG.warning("%s cannot be written: %s.", path, error.strerror)
        return False
    return True
