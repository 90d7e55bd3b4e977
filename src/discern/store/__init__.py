"""What was computed once, kept by content.

Shelves of rows that any later run may read again.
"""

from discern.store.chunk import FORMAT
from discern.store.rows import Rows
from discern.store.shelf import Shelf
from discern.store.upkeep import ShelfInfo, default_folder, is_shelf, prune, survey

__all__ = ["FORMAT", "Rows", "Shelf", "ShelfInfo", "default_folder", "is_shelf", "prune", "survey"]
