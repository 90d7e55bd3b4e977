"""Pictures of a study, of which the trials see the training part alone."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
from filelock import FileLock

from discern.catalog import Catalog
from discern.flow.prepare import CATALOG, SPLIT, PrepareConfig, extract_features
from discern.progress import silent
from discern.splitting import TEST, Split
from discern.training import TrainingData


@dataclass(frozen=True, kw_only=True, eq=False)
class StudyData:
    """Catalog and split of a study, which all trials share.

    Attributes:
        catalog: the pictures.
        split: their assignment to folds and test part.
        folder: folder of the study.
        cache: directory of the feature cache.
    """

    catalog: Catalog
    split: Split
    folder: Path
    cache: Path
    _known: dict[tuple[object, ...], TrainingData] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, folder: Path, cache: Path, *, ordered: tuple[str, ...] = ()) -> Self:
        """Load what `prepare` and the split wrote to the folder of a study."""
        catalog = Catalog.load(folder / CATALOG, cache=cache)
        split = Split.from_json(json.loads((folder / SPLIT).read_text(encoding="utf-8")))
        return cls(catalog=catalog.ordered(ordered) if ordered else catalog, split=split, folder=folder, cache=cache)

    @property
    def rows(self) -> np.ndarray:
        """Return the rows of the training part, without those that leak from the test part."""
        return self.split.training_rows(TEST)

    def features(self, preparing: PrepareConfig) -> TrainingData:
        """Return the training part with its features; no picture of the test part is read.

        One worker at a time computes what the cache lacks, on all cores.
        """
        key = (preparing.backbone, preparing.size, preparing.views, preparing.fit, preparing.weights)
        if key not in self._known:
            self._known.clear()  # their feature spaces would fill the memory
            with FileLock(self.folder / ".features.lock"):
                backbone = preparing.load_backbone(preparing.backbone, cache=self.cache)
                self._known[key] = extract_features(
                    self.catalog, backbone, fit=preparing.fit, rows=self.rows, cache=self.cache, progress=silent
                )
        return self._known[key]
