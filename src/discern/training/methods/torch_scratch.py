"""Training method that trains a small network from random weights, on the pictures alone.

This module imports torch.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from discern.catalog import Catalog
from discern.picture import Recipe
from discern.progress import Progress
from discern.splitting import Split
from discern.training.data import TrainingData
from discern.training.methods.torch_fits import NetworkMethod
from discern.training.methods.torch_network import TrainableNetwork
from discern.training.methods.torch_parts import FitParts
from discern.training.methods.torch_pictures import ReducedPictures, load_reduced
from discern.training.methods.torch_small_cnn import SmallCnn


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
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            return SmallCnn(len(data.catalog.labels))
