"""Names of files and folders in a cache directory."""

import re
from pathlib import Path

SUFFIX = ".shelf"
BUCKETS = "buckets"
ENGINES = "engines"
WEIGHTS = "weights"
NETWORKS = "networks"
PRUNE_LOCK = "prune.lock"

_SHELF = re.compile(".+-[0-9a-f]{12}")


def is_cache_folder(folder: Path) -> bool:
    """Check whether a directory is a cached table, by its name and content."""
    return bool(_SHELF.fullmatch(folder.name)) and any(folder.glob(f"*{SUFFIX}"))
