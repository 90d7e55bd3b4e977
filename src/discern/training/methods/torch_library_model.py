"""Networks of timm and torchvision that are trained further.

This module imports torch.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import torch

from discern.features.backbones import BackboneOrigin, Normalisation, OnnxBackbone
from discern.features.backbones.imported_graph import import_graph
from discern.features.backbones.library_network import TorchNetwork, build_network, load_weights
from discern.features.backbones.network_settings import NetworkSettings
from discern.features.backbones.torch_export import export_graph
from discern.training.methods.torch_pretrained import PretrainedNetwork, trained_further


class LibraryModel(PretrainedNetwork):
    """Network of timm or torchvision.

    Args:
        backbone: its frozen backbone.
        network: the network without its last layer.
        normalisation: normalisation of its pictures.
        classes: number of classes.
        options: options of `PretrainedNetwork`.
    """

    def __init__(
        self,
        backbone: OnnxBackbone,
        network: TorchNetwork,
        normalisation: Normalisation,
        classes: int,
        **options: Any,
    ) -> None:
        super().__init__(network.module, backbone.blocks, classes, **options)
        self._backbone, self._network, self._normalisation = backbone, network, normalisation
        for name in ("mean", "deviation"):
            values = torch.tensor(getattr(normalisation, name)) / normalisation.scale
            self.register_buffer(name, values.view(3, 1, 1), persistent=False)

    @classmethod
    def load(cls, backbone: OnnxBackbone, origin: BackboneOrigin, classes: int, **options: Any) -> Self:
        """Load the network with the weights of its file, as `PretrainedNetwork.load`."""
        library, _, name = origin.name.partition("/")
        settings = origin.settings or NetworkSettings()
        network = build_network(library, name, settings, size=backbone.size)
        load_weights(network, origin.weights)
        by = origin.normalisation or settings.normalisation or network.normalisation
        return cls(backbone, network, by, classes, mirror=origin.mirror, **options)

    def normalise(self, pictures: torch.Tensor) -> torch.Tensor:
        """Normalise pictures by mean and deviation, as `PretrainedNetwork.normalise`."""
        return (pictures - self.mean) / self.deviation

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        """Compute the values before the last layer, as `PretrainedNetwork.features`."""
        embedding: torch.Tensor = self.trunk(pixels).flatten(1)
        return embedding

    def to_backbone(self, *, size: int, factor: int) -> OnnxBackbone:  # noqa: ARG002 - the factor is 1
        """Export the network with the trained weights, as `TrainableNetwork.to_backbone`."""
        label = Path(self._backbone.name)
        trunk = self.trunk.eval().to(memory_format=torch.contiguous_format)
        graph = export_graph(replace(self._network, module=trunk), label)
        exported = import_graph(graph, label, size=size, mirror=self._mirror, normalisation=self._normalisation)
        return trained_further(self._backbone, exported.graph)
