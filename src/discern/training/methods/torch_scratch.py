"""Training method that trains a small network from random weights, on the pictures alone.

This module imports torch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from discern.catalog import Catalog
from discern.picture import Recipe
from discern.progress import Progress
from discern.splitting import Split
from discern.training.data import TrainingData
from discern.training.methods.loop.torch_pictures import ReducedPictures, load_reduced, reduction_of
from discern.training.methods.networks.torch_dense_cnn import build_dense_cnn
from discern.training.methods.networks.torch_network import TrainableNetwork
from discern.training.methods.networks.torch_small_cnn import PooledCnn, ResNet9, SmallCnn
from discern.training.methods.torch_fits import NetworkMethod
from discern.training.methods.torch_parts import FitParts

_POOLED: Mapping[str, Callable[[int], PooledCnn]] = {"small": SmallCnn, "resnet9": ResNet9}


@dataclass(frozen=True, kw_only=True)
class Scratch(NetworkMethod):
    """Training method that trains a small network from random weights, as `NetworkMethod`."""

    def load_pictures(
        self,
        catalog: Catalog,
        rows: np.ndarray,
        recipe: Recipe,
        path: Path,  # noqa: ARG002 - reduced pictures fit into memory
        progress: Progress,
    ) -> ReducedPictures:
        """Load pictures reduced to a small size."""
        return load_reduced(catalog, rows, recipe, progress)

    def build_network(
        self,
        data: TrainingData,
        split: Split,  # noqa: ARG002 - the first weights depend on the seed alone
        parts: FitParts,  # noqa: ARG002 - likewise
    ) -> TrainableNetwork:
        """Build a network with random weights."""
        settings, classes, size = self.config.resolved(), len(data.catalog.labels), data.recipe.size
        name = settings["network"]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            if name in _POOLED:
                return _POOLED[name](classes)
            side, hidden, dropout = size // reduction_of(size), settings["hidden"], settings["dropout"]
            return build_dense_cnn(name, classes, side=side, hidden=hidden, dropout=dropout)
