"""Pictures of none of the classes: from a folder of their own, and from the class folder `_other`."""

from pathlib import Path

import numpy as np

from discern.catalog import Catalog, scan
from discern.errors import DataError
from discern.features import extract
from discern.flow.run import is_own
from discern.grouping import Groups, find_edges, form_groups
from discern.progress import Progress
from discern.training import Material, Negatives

_MOST = 20_000


def find_negatives(
    material: Material, groups: Groups, folder: Path | None, *, cache: Path, progress: Progress
) -> Negatives | None:
    """Gather what shows none of the classes; copies of known pictures are left out.

    Args:
        material: the known pictures, and those under the label `_other`.
        groups: theirs.
        folder: more pictures, in any form that can be scanned; None: no more.
        cache: where computed things are kept.
        progress: is told how far the work is.

    Raises:
        DataError: the folder has no picture that is not a known one.
        CatalogError: it cannot be read.
    """
    parts = []
    if material.catalog.negative.any():
        rows = np.flatnonzero(material.catalog.negative)
        parts.append(_part(material.catalog, rows, material.rows(rows)[:], groups.group[rows]))
    if folder is not None:
        parts.append(_looked_at(material, folder, cache=cache, progress=progress))
    return _joined(parts) if parts else None


def _looked_at(material: Material, folder: Path, *, cache: Path, progress: Progress) -> Negatives:
    catalog = scan(folder, cache=cache, progress=progress, leave_out=is_own)
    known = material.catalog.table.filter(material.catalog.label_index >= 0)["pixels"]
    strange = catalog.readable & ~catalog.table["pixels"].is_in(known.implode()).fill_null(value=False).to_numpy()
    rows = np.flatnonzero(strange)
    if not len(rows):
        raise DataError(
            f"Every picture in {folder} is one of those to be learned.", hint="Name pictures of something else."
        )
    if len(rows) > _MOST:
        rows = np.sort(np.random.default_rng(0).choice(rows, _MOST, replace=False))
    features = extract(catalog, rows.tolist(), material.backbone, material.recipe, cache=cache, progress=progress)
    group = form_groups(catalog, find_edges(catalog, progress=progress)).group[rows]
    return _part(catalog, rows, features[:], group)


def _part(catalog: Catalog, rows: np.ndarray, features: np.ndarray, group: np.ndarray) -> Negatives:
    return Negatives(features=features, group=group, content=tuple(catalog.table["content"].gather(rows)))


def _joined(parts: list[Negatives]) -> Negatives:
    groups, last = [], 0
    for part in parts:
        _, inverse = np.unique(part.group, return_inverse=True)
        groups.append(inverse + last)
        last += int(inverse.max()) + 1
    return Negatives(
        features=np.concatenate([np.asarray(part.features) for part in parts]),
        group=np.concatenate(groups),
        content=tuple(content for part in parts for content in part.content),
    )
