"""Networks of timm and torchvision that are trained further.

This module imports torch.
"""

from pathlib import Path
from typing import Any, Self

import torch

from discern.features.backbones import BackboneOrigin, Normalisation, OnnxBackbone
from discern.features.backbones.library_names import known_name
from discern.features.backbones.library_network import TorchNetwork, build_network, load_weights
from discern.features.backbones.network_settings import NetworkSettings
from discern.features.backbones.torch_embedding import embed_all_blocks
from discern.features.backbones.torch_export import wrap_network
from discern.training.methods.networks.torch_pretrained import PretrainedNetwork, trained_further


class LibraryNetwork(PretrainedNetwork):
    """Network of timm or torchvision.

    Args:
        backbone: its frozen backbone.
        origin: name and weights of the network.
        network: the network without its last layer.
        normalisation: normalisation of its pictures.
        classes: number of classes.
        options: options of `PretrainedNetwork`.
    """

    def __init__(
        self,
        backbone: OnnxBackbone,
        origin: BackboneOrigin,
        network: TorchNetwork,
        normalisation: Normalisation,
        classes: int,
        **options: Any,
    ) -> None:
        trunk = embed_all_blocks(network, backbone, normalisation)
        super().__init__(trunk, backbone.blocks, classes, mirror=origin.mirror, **options)
        self._backbone, self._origin = backbone, origin
        self._own = (network.module,)  # in a tuple, since a layer of its own would be saved twice
        self._normalisation = normalisation
        for name in ("mean", "deviation"):
            values = torch.tensor(getattr(normalisation, name)) / normalisation.scale
            self.register_buffer(name, values.view(3, 1, 1), persistent=False)

    @classmethod
    def load(cls, backbone: OnnxBackbone, origin: BackboneOrigin, classes: int, **options: Any) -> Self:
        """Load the network with the weights of its file, as `PretrainedNetwork.load`."""
        network = _build(origin, backbone)
        load_weights(network, origin.weights)
        by = origin.normalisation or (origin.settings and origin.settings.normalisation) or network.normalisation
        return cls(backbone, origin, network, by, classes, **options)

    def normalise(self, pictures: torch.Tensor) -> torch.Tensor:
        """Normalise pictures by mean and deviation, as `PretrainedNetwork.normalise`."""
        return (pictures - self.mean) / self.deviation

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        """Compute the values before the last layer, as `PretrainedNetwork.features`."""
        embedding: torch.Tensor = self.trunk(pixels).flatten(1)
        return embedding

    def to_backbone(self, *, size: int, factor: int) -> OnnxBackbone:  # noqa: ARG002 - of the frozen backbone, and 1
        """Export the network with the trained weights, as `TrainableNetwork.to_backbone`."""
        # What `embed_all_blocks` added to the trained network cannot be exported.
        fresh = _build(self._origin, self._backbone)
        fresh.module.load_state_dict(self._own[0].state_dict())
        label, mirror = Path(self._backbone.name), self._origin.mirror
        return trained_further(self._backbone, wrap_network(fresh, label, self._normalisation, mirror=mirror).graph)


def _build(origin: BackboneOrigin, backbone: OnnxBackbone) -> TorchNetwork:
    library, _, name = origin.name.partition("/")
    plain = backbone.name.partition("/")[2]
    known = name if name == plain else known_name(name, plain)
    return build_network(library, known, origin.settings or NetworkSettings(), size=backbone.size)
