"""Which pictures there are: sources, content hashes, labels, groups; an immutable table."""

from discern.catalog.applying import apply_fixes
from discern.catalog.fixes import Fix, read_fixes, write_fixes
from discern.catalog.names import read_names
from discern.catalog.scanning import scan
from discern.catalog.sources import Item, Source
from discern.catalog.table import COLUMNS, OTHER, Catalog

__all__ = [
    "COLUMNS",
    "OTHER",
    "Catalog",
    "Fix",
    "Item",
    "Source",
    "apply_fixes",
    "read_fixes",
    "read_names",
    "scan",
    "write_fixes",
]
