"""Which pictures there are: sources, content hashes, labels, groups; an immutable table."""

from discern.catalog.scanning import scan
from discern.catalog.sources import Item, Source
from discern.catalog.table import COLUMNS, Catalog

__all__ = ["COLUMNS", "Catalog", "Item", "Source", "scan"]
