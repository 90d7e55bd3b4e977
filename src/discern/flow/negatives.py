"""Pictures of none of the classes: from a folder of their own, and from the class folder `_other`."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from discern.catalog import Catalog, scan
from discern.errors import DataError
from discern.features import extract
from discern.flow.run import is_own
from discern.grouping import Groups, find_edges_cached, form_groups
from discern.heads import Negatives
from discern.progress import Progress
from discern.training import TrainingData

_MOST = 20_000
_Part = tuple[np.ndarray, np.ndarray, list[str]]
"""Features `[m, D]`, groups int `[m]`, and content hashes."""


def add_negatives(
    data: TrainingData, groups: Groups, folder: Path | None, *, cache: Path, progress: Progress
) -> TrainingData:
    """Gather what shows none of the classes, and put it beside what is learned; copies of known pictures are left out.

    Args:
        data: the known pictures, and those under the label `_other`.
        groups: theirs.
        folder: more pictures, in any form that can be scanned; None: no more.
        cache: where computed things are kept.
        progress: is told how far the work is.

    Raises:
        DataError: the folder has no picture that is not a known one.
        CatalogError: it cannot be read.
    """
    parts = []
    if data.catalog.negative.any():
        rows = np.flatnonzero(data.catalog.negative)
        parts.append(_part(data.catalog, rows, data.rows(rows)[:], groups.group[rows]))
    if folder is not None:
        parts.append(_looked_at(data, folder, cache=cache, progress=progress))
    return _joined(data, parts) if parts else data


def _looked_at(data: TrainingData, folder: Path, *, cache: Path, progress: Progress) -> _Part:
    catalog = scan(folder, cache=cache, progress=progress, leave_out=is_own)
    known = data.catalog.table.filter(data.catalog.label_index >= 0)["pixels"]
    strange = catalog.readable & ~catalog.table["pixels"].is_in(known.implode()).fill_null(value=False).to_numpy()
    rows = np.flatnonzero(strange)
    if not len(rows):
        raise DataError(
            f"Every picture in {folder} is one of those to be learned.", hint="Name pictures of something else."
        )
    if len(rows) > _MOST:
        rows = np.sort(np.random.default_rng(0).choice(rows, _MOST, replace=False))
    features = extract(catalog, rows.tolist(), data.backbone, data.recipe, cache=cache, progress=progress)
    group = form_groups(catalog, find_edges_cached(catalog, cache=cache, progress=progress)).group[rows]
    return _part(catalog, rows, features[:], group)


def _part(catalog: Catalog, rows: np.ndarray, features: np.ndarray, group: np.ndarray) -> _Part:
    return features, group, catalog.table["content"].gather(rows).to_list()


def _joined(data: TrainingData, parts: list[_Part]) -> TrainingData:
    groups: list[np.ndarray] = []
    for _, group, _ in parts:
        _, inverse = np.unique(group, return_inverse=True)
        groups.append(inverse + sum(int(other.max()) + 1 for other in groups))
    features = np.concatenate([some for some, _, _ in parts])
    return replace(
        data,
        negatives=Negatives(features=features, groups=np.concatenate(groups)),
        negative_content=tuple(content for _, _, contents in parts for content in contents),
    )
