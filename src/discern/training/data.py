"""Dataclasses for training images with their features and sample weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from discern.bundle import PictureHashes
from discern.catalog import Catalog
from discern.features import Backbone
from discern.heads import Negatives, SpaceCache
from discern.picture import Recipe
from discern.store import Rows


@dataclass(frozen=True, kw_only=True)
class AppliedFixes:
    """Changes made to the catalog by accepted fixes.

    Attributes:
        dropped: number of pictures removed.
        relabelled: number of pictures with a changed label.
        label: int `[N]`, label index of each picture before the fixes; -1 where it is not a label of the catalog.
    """

    dropped: int
    relabelled: int
    label: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class NegativePictures:
    """Pictures of none of the classes, as rows of a catalog.

    Attributes:
        catalog: the catalog.
        rows: int `[M]`, its rows.
    """

    catalog: Catalog
    rows: np.ndarray


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """Training images with their backbone features.

    A method that trains on pixels reads files in any order by `catalog.read_one(row)`.

    Attributes:
        catalog: N pictures.
        features: float32 `[R, D]`, one row for each readable picture.
        position: int `[N]`, row of each picture in `features`, or -1.
        backbone: the network that computed the features.
        recipe: preprocessing of a picture for the backbone.
        negatives: pictures of none of the classes; None without negatives.
        negative_hashes: their hashes.
        negative_pictures: their catalogs and rows, in the order of `negatives`.
        fixed: effect of the fixes; None if none were applied.
        spaces: feature spaces of the pictures fitted on last, by their catalog rows.
        inputs: some pictures preprocessed by the recipe, uint8 `[size, size, 3]`, by content hash.
    """

    catalog: Catalog
    features: Rows
    position: np.ndarray
    backbone: Backbone
    recipe: Recipe
    negatives: Negatives | None = None
    negative_hashes: PictureHashes = field(default_factory=PictureHashes)
    negative_pictures: tuple[NegativePictures, ...] = ()
    fixed: AppliedFixes | None = None
    spaces: SpaceCache = field(default_factory=SpaceCache, repr=False, compare=False)
    inputs: Mapping[str, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    def rows(self, rows: np.ndarray) -> Rows:
        """Return the backbone features of the given catalog rows."""
        return self.features.select(self.position[rows])

    def weights(self, rows: np.ndarray) -> np.ndarray:
        """Compute evaluation weights, so that identical images among `rows` share a weight of 1."""
        _, inverse, count = np.unique(self._picture[rows], return_inverse=True, return_counts=True)
        return np.asarray(1.0 / count[inverse])

    @cached_property
    def _picture(self) -> np.ndarray:
        return self.catalog.table["pixels"].fill_null("").rank("dense").to_numpy()

    def training_weights(self, rows: np.ndarray, group: np.ndarray) -> np.ndarray:
        """Compute sample weights, with each group weighted by the square root of its distinct images.

        Pictures of a burst or film repeat each other: twenty carry more information than one, but less than twenty
        independent pictures.

        Args:
            rows: int `[M]`, catalog rows.
            group: int `[M]`, their groups.
        """
        distinct = self.weights(rows)
        _, place = np.unique(group, return_inverse=True)
        weights = distinct / np.sqrt(np.bincount(place, distinct))[place]
        return np.asarray(weights * (distinct.sum() / weights.sum()))
