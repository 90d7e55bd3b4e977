"""Scan of a source with the fixes of a fixes.csv applied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from discern.catalog import Catalog, Fix, apply_fixes, read_fixes
from discern.catalog.fixes import list_relabelled, resolve_aliases
from discern.errors import FixesError
from discern.flow.source_options import SourceOptions, scan_source
from discern.progress import Progress


@dataclass(frozen=True)
class FixedScan:
    """Catalog of a source before and after fixes.

    Attributes:
        scanned: the catalog as it was scanned.
        catalog: the catalog with the fixes applied.
        fixes: the fixes.
    """

    scanned: Catalog
    catalog: Catalog
    fixes: Sequence[Fix]


def scan_with_fixes(
    source: Path,
    options: SourceOptions,
    *,
    fixes: Path | None,
    aliases: Mapping[str, str],
    cache: Path,
    progress: Progress,
) -> FixedScan:
    """Scan a source of pictures as its options determine, and apply fixes.

    Args:
        source: absolute path of the source.
        options: options of the source.
        fixes: path of a fixes.csv; None for no fixes.
        aliases: label that stands for each alias.
        cache: directory of the cache of facts and thumbnails.
        progress: called with the stage, files done and files in all.

    Raises:
        CatalogError: the source cannot be read, contains no readable picture, or its layout is refused.
        FixesError: the fixes cannot be read or applied, or drop every picture.
        UsageError: an option does not fit the source.
    """
    changes = [] if fixes is None else resolve_aliases(read_fixes(fixes), aliases)
    scanned = scan_source(
        source,
        options,
        cache=cache,
        progress=progress,
        strict=True,
        aliases=aliases,
        relabelled=list_relabelled(changes),
    )
    catalog = apply_fixes(scanned, changes) if changes else scanned
    if not catalog.readable.any():
        raise FixesError(f"{fixes} drops every picture.", hint="Keep some of the pictures.")
    return FixedScan(scanned, catalog, changes)
