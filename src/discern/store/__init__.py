"""Content-addressed disk cache for computed arrays.

Rows of one name, dtype and shape form a shelf, which later runs and other processes can read.
"""

from discern.store.cache_names import BUCKETS, ENGINES, NETWORKS, WEIGHTS, is_cache_folder
from discern.store.chunk import FORMAT
from discern.store.network_files import cached_networks
from discern.store.permissions import private_folder
from discern.store.prune import ShelfInfo, default_folder, prune, survey
from discern.store.rows import Rows
from discern.store.shelf import Shelf

__all__ = [
    "BUCKETS",
    "ENGINES",
    "FORMAT",
    "NETWORKS",
    "WEIGHTS",
    "Rows",
    "Shelf",
    "ShelfInfo",
    "cached_networks",
    "default_folder",
    "is_cache_folder",
    "private_folder",
    "prune",
    "survey",
]
