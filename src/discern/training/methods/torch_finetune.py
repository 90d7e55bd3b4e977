"""Training method that trains a pretrained network further, from the head that the probe would fit.

This module imports torch.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from discern.bundle.heads import LinearHead
from discern.catalog import Catalog
from discern.features import Backbone
from discern.features.backbones import BackboneOrigin, OnnxBackbone, untrainable
from discern.picture import Recipe
from discern.progress import Progress
from discern.splitting import Split
from discern.training.data import TrainingData
from discern.training.methods.loop.torch_full_pictures import FullPictures, load_full
from discern.training.methods.networks.torch_library_network import LibraryNetwork
from discern.training.methods.networks.torch_lite import LiteNetwork
from discern.training.methods.networks.torch_pretrained import PretrainedNetwork
from discern.training.methods.probe import Probe
from discern.training.methods.torch_fits import NetworkMethod
from discern.training.methods.torch_parts import FitParts

# Batches of a small set are poor estimates of its statistics; not tuned.
_FEWEST_FOR_STATISTICS = 2000
_STEM_SCALE = 0.1  # not tuned
# The stem and the first stages stay as they are: a step of lite0 takes two thirds of the time or less. Not tuned; on 47
# bananas of validation groups the log loss was 0.154 with it, and 0.155 without at another learning rate.
_FROZEN_LEVELS = 2


@dataclass(frozen=True, kw_only=True)
class Finetune(NetworkMethod):
    """Training method that trains the backbone further together with a linear head, as `NetworkMethod`.

    It starts from the head that the probe fits on the frozen features, which ships if training does not improve on it.
    """

    keep_start: ClassVar[bool] = True

    def load_pictures(
        self, catalog: Catalog, rows: np.ndarray, recipe: Recipe, path: Path, progress: Progress
    ) -> FullPictures:
        """Load pictures of full size."""
        return load_full(catalog, rows, recipe, path, progress)

    def build_network(self, data: TrainingData, split: Split, parts: FitParts) -> PretrainedNetwork:
        """Build the network of the backbone with the head that the probe fits on the training pictures."""
        backbone, origin = require_origin(data.backbone)
        nominal = replace(self.head, ordered=False)  # the network's head is linear, and its loss follows the order
        head = Probe(config=nominal, seed=self.seed).fit_head(data, split, parts.train)
        assert isinstance(head, LinearHead)
        kind = LibraryNetwork if "/" in origin.name else LiteNetwork
        network = kind.load(
            backbone,
            origin,
            len(data.catalog.labels),
            stem_scale=_STEM_SCALE,
            frozen_levels=_FROZEN_LEVELS,
            freeze_statistics=len(parts.train) < _FEWEST_FOR_STATISTICS,
        )
        network.set_linear_weights(head.weight, head.bias, head.centre)
        return network


def require_origin(backbone: Backbone) -> tuple[OnnxBackbone, BackboneOrigin]:
    """Return a backbone with the network that it was built from.

    Raises:
        UsageError: only its graph is known.
    """
    if not isinstance(backbone, OnnxBackbone) or backbone.origin is None:
        raise untrainable(backbone.name)
    return backbone, backbone.origin
