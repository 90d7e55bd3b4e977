"""Functions that add out-of-distribution images (negatives) to the training data."""

from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np

from discern.bundle import PictureHashes
from discern.catalog import Catalog
from discern.errors import CatalogError, DataError
from discern.features import extract
from discern.flow.source_options import scan_source
from discern.grouping import Groups, find_edges_cached, form_groups
from discern.heads import Negatives
from discern.heads.random_subset import random_subset
from discern.progress import Progress
from discern.training import NegativePictures, TrainingData

_MAX_NEGATIVES = 20_000


@dataclass(frozen=True, kw_only=True, eq=False)
class _Part:
    """Negatives of one catalog, with their features `[m, D]` and groups int `[m]`."""

    pictures: NegativePictures
    features: np.ndarray
    groups: np.ndarray

    @property
    def hashes(self) -> PictureHashes:
        return PictureHashes(*self.pictures.catalog.hashes(self.pictures.rows))


def add_negatives(
    data: TrainingData, groups: Groups, source: Path | None, *, cache: Path, progress: Progress
) -> TrainingData:
    """Add the features of out-of-distribution images to the training data.

    Args:
        data: the labelled pictures, and those under the label `_other`.
        groups: groups of these pictures.
        source: further negatives, in any form that can be scanned, without those that are copies of labelled pictures;
            None for no more.
        cache: cache directory.
        progress: called with the stage, items done and items in all.

    Raises:
        DataError: the source has no picture except copies of labelled ones.
        CatalogError: the source cannot be read.
    """
    parts = []
    if data.catalog.negative.any():
        rows = np.flatnonzero(data.catalog.negative)
        parts.append(_part(data.catalog, rows, data.rows(rows)[:], groups.group[rows]))
    if source is not None:
        parts.append(_scan(data, source, cache=cache, progress=progress))
    return _join(data, parts) if parts else data


def _scan(data: TrainingData, source: Path, *, cache: Path, progress: Progress) -> _Part:
    try:
        catalog = scan_source(source, cache=cache, progress=progress, labels=False)
    except CatalogError as error:
        raise CatalogError(f"The negatives cannot be used: {error.message}", hint=error.hint) from error
    known = data.catalog.table.filter(data.catalog.label_index >= 0)["pixels"]
    is_negative = catalog.readable & ~catalog.table["pixels"].is_in(known.implode()).fill_null(value=False).to_numpy()
    rows = np.flatnonzero(is_negative)
    if not len(rows):
        raise DataError(
            f"All negatives in {source} are training pictures as well.",
            hint="Pass other pictures, of none of the classes, with --negatives.",
        )
    rows = random_subset(rows, _MAX_NEGATIVES, seed=0)
    features = extract(catalog, rows.tolist(), data.backbone, data.recipe, cache=cache, progress=progress)
    group = form_groups(catalog, find_edges_cached(catalog, cache=cache, progress=progress)).group[rows]
    return _part(catalog, rows, features[:], group)


def _part(catalog: Catalog, rows: np.ndarray, features: np.ndarray, groups: np.ndarray) -> _Part:
    return _Part(pictures=NegativePictures(catalog=catalog, rows=rows), features=features, groups=groups)


def _join(data: TrainingData, parts: list[_Part]) -> TrainingData:
    groups: list[np.ndarray] = []
    for part in parts:
        _, inverse = np.unique(part.groups, return_inverse=True)
        groups.append(inverse + sum(int(other.max()) + 1 for other in groups))
    features = np.concatenate([part.features for part in parts])
    return replace(
        data,
        negatives=Negatives(features=features, groups=np.concatenate(groups)),
        negative_hashes=reduce(add, (part.hashes for part in parts)),
        negative_pictures=tuple(part.pictures for part in parts),
    )
