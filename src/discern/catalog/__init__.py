"""Immutable table of pictures with their sources, content hashes, labels and groups."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from discern.catalog.fixes import Fix, apply_fixes, read_fixes, write_fixes
    from discern.catalog.formats.source import Item, Source
    from discern.catalog.label_names import read_names
    from discern.catalog.scanner import scan
    from discern.catalog.table import COLUMNS, OTHER, Catalog

# Imported lazily: worker processes need the formats alone and start faster without polars.
_HOMES = {
    "COLUMNS": "table",
    "OTHER": "table",
    "Catalog": "table",
    "Fix": "fixes",
    "Item": "formats.source",
    "Source": "formats.source",
    "apply_fixes": "fixes",
    "read_fixes": "fixes",
    "read_names": "label_names",
    "scan": "scanner",
    "write_fixes": "fixes",
}

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


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'discern.catalog' has no attribute {name!r}")
    return getattr(import_module(f"discern.catalog.{_HOMES[name]}"), name)
