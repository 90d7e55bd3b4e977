"""Training method that trains a head with a hidden layer on frozen backbone features.

This module imports torch. The features come from the cache, so that a fit takes seconds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from discern.bundle.heads import Span, unit_blocks
from discern.bundle.heads.hidden_layer import HiddenLayer
from discern.bundle.onnx_graph.hidden_layer_graph import attach_hidden_layer
from discern.catalog import Catalog
from discern.features import Backbone
from discern.features.backbones import OnnxBackbone
from discern.heads import Negatives
from discern.picture import Recipe
from discern.progress import Progress, silent
from discern.splitting import Split
from discern.store import Rows
from discern.training.data import TrainingData
from discern.training.methods.base import EpochReport, FitResult, report_nothing
from discern.training.methods.loop.torch_pictures import Pictures, content_seeds
from discern.training.methods.networks.torch_network import TrainableNetwork
from discern.training.methods.torch_fits import Fits, Fitted, NetworkMethod
from discern.training.methods.torch_parts import FitParts
from discern.training.predictions import HeldOutPredictions, Predictions

_LEAST_DEVIATION = 0.01  # of a feature, relative to the mean over the features; not tuned


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureRows(Pictures):
    """Pictures as their features, which are not augmented.

    Attributes:
        features: float32 `[M, D]`.
        spans: start and end of the features' blocks.
    """

    features: Rows
    spans: tuple[Span, ...]

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Return features with blocks at unit length, float32 `[m, D]`."""
        return unit_blocks(self.features[rows], self.spans)


class HiddenHead(TrainableNetwork):
    """Network of one hidden layer: linear, ReLU, batch normalisation, dropout.

    Args:
        backbone: the network that computed the features.
        classes: number of classes.
        hidden: number of hidden values.
        dropout: share of these that a training step leaves out.
        mean: float32 `[D]`, subtracted from the unit-length blocks.
        deviation: float32 `[D]`, divisor of the rest.
    """

    def __init__(
        self, backbone: Backbone, classes: int, *, hidden: int, dropout: float, mean: np.ndarray, deviation: np.ndarray
    ) -> None:
        super().__init__({"head": (0, hidden)}, classes)
        self._backbone = backbone
        self.register_buffer("mean", torch.from_numpy(mean))
        self.register_buffer("deviation", torch.from_numpy(deviation))
        self.layer, self.norm = nn.Linear(len(mean), hidden), nn.BatchNorm1d(hidden)
        self.dropout = nn.Dropout(dropout)

    def embed(self, pictures: torch.Tensor) -> torch.Tensor:
        """Compute the hidden values from features whose blocks have unit length."""
        hidden = functional.relu(self.layer((pictures - self.mean) / self.deviation))
        # A single row has no deviation to be divided by.
        alone = self.training and len(hidden) == 1
        normal: torch.Tensor = hidden * self.norm.weight + self.norm.bias if alone else self.norm(hidden)
        dropped: torch.Tensor = self.dropout(normal)
        return dropped

    def to_layer(self) -> HiddenLayer:
        """Convert the network to the layer of a bundle, with the standardisation of the features folded in."""
        with torch.no_grad():
            weight = self.layer.weight.double() / self.deviation.double()
            bias = self.layer.bias.double() - weight @ self.mean.double()
            scale = self.norm.weight.double() / (self.norm.running_var.double() + self.norm.eps).sqrt()
            shift = self.norm.bias.double() - self.norm.running_mean.double() * scale
            weight, bias, scale, shift = (each.float().numpy() for each in (weight.T, bias, scale, shift))
        spans = tuple(self._backbone.blocks.values())
        return HiddenLayer(spans=spans, weight=np.ascontiguousarray(weight), bias=bias, scale=scale, shift=shift)

    def to_backbone(self, *, size: int, factor: int) -> "HiddenBackbone":  # noqa: ARG002 - the backbone reads pixels
        """Append the hidden layer to the graph of the backbone."""
        layer, backbone = self.to_layer(), self._backbone
        return HiddenBackbone(
            name=backbone.name,
            graph=attach_hidden_layer(backbone.graph, layer),
            size=size,
            blocks=self.blocks,
            pretraining=backbone.pretraining,
            licence=backbone.licence,
            layer=layer,
        )


@dataclass(frozen=True, kw_only=True)
class HiddenBackbone(OnnxBackbone):
    """Backbone with a hidden layer, which also computes its embeddings from features."""

    layer: HiddenLayer


@dataclass(frozen=True, kw_only=True)
class MlpProbe(NetworkMethod):
    """Training method that trains a head with a hidden layer on frozen features, as `NetworkMethod`.

    Predictions are computed from the cached features, and compared with the exported graph once.
    """

    @property
    def loop_settings(self) -> Mapping[str, Any]:
        """Return the settings of the training loop, which must not change the features."""
        return {**self.config.resolved(), "augment": "none"}

    def load_pictures(
        self, catalog: Catalog, rows: np.ndarray, recipe: Recipe, path: Path, progress: Progress
    ) -> Pictures:
        """Raise an error, since the fits take the features of the data."""
        raise NotImplementedError

    def build_network(
        self,
        data: TrainingData,
        split: Split,  # noqa: ARG002 - the training part is enough
        parts: FitParts,
    ) -> TrainableNetwork:
        """Build a network with random weights, whose input is standardised by the training part."""
        settings = self.config.resolved()
        units = unit_blocks(data.rows(parts.train)[:], tuple(data.backbone.blocks.values()))
        deviation = units.std(axis=0)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            return HiddenHead(
                data.backbone,
                len(data.catalog.labels),
                hidden=settings["hidden"],
                dropout=settings["dropout"],
                mean=units.mean(axis=0),
                deviation=np.maximum(deviation, _LEAST_DEVIATION * deviation.mean() or np.float32(1)),
            )

    def fit(self, data: TrainingData, split: Split, *, checkpoints: Path, progress: Progress = silent) -> FitResult:
        """Train a head and predict all held-out pictures, as `Method.fit` specifies."""
        result = _FeatureFits(self, data, split, checkpoints, progress).result()
        for path in checkpoints.glob("*.pt"):
            path.unlink()
        return replace(result, backbone=None)  # it was not trained

    def predict_folds(
        self, data: TrainingData, split: Split, *, checkpoints: Path, report: EpochReport = report_nothing
    ) -> Iterator[Predictions]:
        """Predict the held-out folds of the training part, as `Method.predict_folds` specifies."""
        fits = _FeatureFits(self, data, split, checkpoints, silent, report=report)
        return (fits.predict_fold(number) for number in split.held_out)


class _FeatureFits(Fits):
    """All fits of one run, on features."""

    _is_compared = False

    def _load_pictures(self, rows: np.ndarray) -> Pictures:
        data = self._data
        spans = tuple(data.backbone.blocks.values())
        return FeatureRows(factor=1, seeds=content_seeds(data.catalog, rows), features=data.rows(rows), spans=spans)

    def _embed(self, backbone: OnnxBackbone, catalog: Catalog, rows: np.ndarray) -> np.ndarray:
        assert isinstance(backbone, HiddenBackbone)
        assert catalog is self._data.catalog
        return backbone.layer.embed(self._data.rows(rows)[:])

    def _embed_negatives(self, backbone: OnnxBackbone) -> Negatives | None:
        negatives = self._data.negatives
        if negatives is None:
            return None
        assert isinstance(backbone, HiddenBackbone)
        features = backbone.layer.embed(np.asarray(negatives.features[np.arange(len(negatives.groups))]))
        return Negatives(features=features, groups=negatives.groups)

    def _predict(self, fitted: Fitted, rows: np.ndarray) -> HeldOutPredictions:
        embedding, head = self._embed(fitted.backbone, self._data.catalog, rows), fitted.calibrated
        return HeldOutPredictions(
            rows=rows,
            probabilities=head.head.probabilities(embedding),
            uncalibrated=head.head.uncalibrated(embedding, head.temperature),
            unknown_score=head.unknown.score(embedding, head.head.logits(embedding)),
            t_unknown=np.full(len(rows), head.t_unknown),
        )

    def _compare(self, backbone: OnnxBackbone, network: TrainableNetwork, parts: FitParts) -> None:
        """Compare the graph of the first fit alone, since all are written alike."""
        if not self._is_compared:
            self._is_compared = True
            super()._compare(backbone, network, parts)
