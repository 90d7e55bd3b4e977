"""Network of torch that computes all blocks of a backbone's embedding, for methods that train it further.

This module imports torch.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from discern.bundle import open_runtime
from discern.errors import BackboneError
from discern.features.backbones.backbone import OnnxBackbone
from discern.features.backbones.library_network import TorchNetwork
from discern.features.backbones.normalisation import Normalisation
from discern.features.backbones.torch_export import normalise, read_photographs

_TOLERANCE = 1e-3  # of the largest mean; not tuned
_MOST_PREFIX = 5
_Mean = Callable[[torch.Tensor], torch.Tensor]


class EmbeddingNetwork(nn.Module):  # type: ignore[misc]
    """Network that returns the mean of its map and, after it, its own vector.

    Args:
        network: network from normalised pictures to the vector.
        layer: name of the layer that returns the map.
        mean: function from what the layer returns to its mean.
    """

    def __init__(self, network: nn.Module, layer: str, mean: _Mean) -> None:
        super().__init__()
        self.network = network
        self._mean, self._returned = mean, torch.empty(0)
        network.get_submodule(layer).register_forward_hook(self._keep)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Compute the embedding of normalised pictures, `[N, D]`."""
        vector = self.network(pictures).flatten(1)
        return torch.cat([self._mean(self._returned), vector], dim=1)

    def _keep(self, _layer: nn.Module, _inputs: Any, returned: torch.Tensor) -> None:
        self._returned = returned


def embed_all_blocks(network: TorchNetwork, backbone: OnnxBackbone, by: Normalisation) -> nn.Module:
    """Return a network with the weights of another one that computes all blocks of its backbone.

    Args:
        network: network of a library.
        backbone: its export.
        by: normalisation of its pictures.

    Raises:
        BackboneError: no layer returns the map of the backbone.
    """
    if len(backbone.blocks) == 1:
        return network.module
    pictures = read_photographs(backbone.size)
    pictures = np.maximum(pictures, pictures[:, :, ::-1])  # so that the mean over mirrored views is that of one view
    start, end = backbone.blocks["head"]
    wanted = torch.from_numpy(open_runtime(backbone.graph).run({"pixels": pictures})["embedding"][:, start:end])
    found: list[tuple[str, _Mean]] = []

    def compare(name: str) -> Callable[..., None]:
        def hook(_layer: nn.Module, _inputs: Any, returned: Any) -> None:
            found.extend((name, mean) for mean in _means(returned, end - start) if _is_close(mean(returned), wanted))

        return hook

    handles = [layer.register_forward_hook(compare(name)) for name, layer in network.module.named_modules() if name]
    with torch.inference_mode():
        network.module(normalise(pictures, by))
    for handle in handles:
        handle.remove()
    if not found:
        raise BackboneError(
            f"No layer of the network {backbone.name} returns its feature map.",
            hint="Train a probe on it, or choose another network.",
        )
    return EmbeddingNetwork(network.module, *found[-1])


def _means(returned: Any, width: int) -> list[_Mean]:
    """List the functions that may compute the mean of a map or of tokens."""
    if not isinstance(returned, torch.Tensor):
        return []
    if returned.ndim == 4:
        means = [partial(torch.mean, dim=axes) for axes in ((2, 3), (1, 2))]
        return [mean for mean, axis in zip(means, (1, 3), strict=True) if returned.shape[axis] == width]
    if returned.ndim == 3 and returned.shape[2] == width:
        return [partial(_mean_after, prefix) for prefix in range(_MOST_PREFIX + 1) if prefix < returned.shape[1]]
    return []


def _mean_after(prefix: int, tokens: torch.Tensor) -> torch.Tensor:
    return tokens[:, prefix:].mean(dim=1)


def _is_close(found: torch.Tensor, wanted: torch.Tensor) -> bool:
    return bool((found - wanted).abs().max() <= _TOLERANCE * float(np.abs(wanted.numpy()).max()))
