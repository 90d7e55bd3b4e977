"""Function that reads a source of pictures into its catalog (`discern.read`)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

from discern.catalog import Catalog
from discern.catalog.label_names import read_name_table
from discern.flow.bucket_paths import local_source
from discern.flow.fixed_scan import scan_with_fixes
from discern.flow.paths import cache_folder, resolve_path
from discern.flow.source_options import SourceKeywords, SourceOptions
from discern.progress import Progress, silent


def read(
    source: str | Path,
    *,
    fixes: str | Path | None = None,
    names: str | Path | None = None,
    ordered: Sequence[str] = (),
    cache: str | Path | None = None,
    progress: Progress = silent,
    **reading: Unpack[SourceKeywords],
) -> Catalog:
    """Read a source of pictures into a table with one row per file.

    It is read as `check`, `split` and `train` read it, and nothing is written but the cache: the next of these on the
    same pictures need not decode them again.

    Args:
        source: a folder of pictures, a list (CSV, Parquet, .lst, .manifest), or an archive; never changed.
        fixes: path of a fixes.csv to apply first.
        names: names.csv with aliases of labels, which are replaced.
        ordered: the labels in ascending order, or `["numeric"]`; empty if they have no order.
        cache: directory of the cache of facts and thumbnails; None for the user's cache directory.
        progress: called with the stage, items done and items in all.
        **reading: options of the source, such as `parts_of`, `group_by` and `classes`, as those of `check`.

    Raises:
        DiscernError: the source, an option or the fixes cannot be used.
    """
    aliases = {} if names is None else read_name_table(resolve_path(names)).labels_by_alias()
    folder = cache_folder(cache)
    scan = scan_with_fixes(
        local_source(source, cache=folder, progress=progress),
        SourceOptions.checked(**reading),
        fixes=None if fixes is None else resolve_path(fixes),
        aliases=aliases,
        cache=folder,
        progress=progress,
    )
    return scan.catalog.ordered(ordered) if ordered else scan.catalog
