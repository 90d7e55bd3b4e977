"""What was computed once, kept by content.

Shelves of rows that any later run may read again.
"""

from discern.store.chunk import FORMAT
from discern.store.prune import ShelfInfo, default_folder, is_cache_folder, prune, survey
from discern.store.rows import Rows
from discern.store.shelf import Shelf

__all__ = ["FORMAT", "Rows", "Shelf", "ShelfInfo", "default_folder", "is_cache_folder", "prune", "survey"]
