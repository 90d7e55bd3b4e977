"""Functions that build networks of timm and torchvision with weights from files.

This module imports torch.
"""

import inspect
import sys
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import timm
import torch
import torchvision
from torch import nn
from torchvision.models.vision_transformer import interpolate_embeddings

from discern.errors import BackboneError
from discern.features.backbones.library_names import require_network
from discern.features.backbones.network_settings import NetworkSettings
from discern.features.backbones.normalisation import Normalisation

_WRAPPERS = ("state_dict_ema", "model_ema", "state_dict", "model", "module")
_PREFIXES = ("module.", "_orig_mod.")
_UNUSED = ("aux1.", "aux2.", "AuxLogits.")  # auxiliary heads, which only training uses
_SHOWN = 4
_POINTER = b"version https://git-lfs"
_FORM = (
    "If they were downloaded, download them again. If they are your own, save them with safetensors or "
    "`torch.save(network.state_dict(), path)`."
)


@dataclass(frozen=True, kw_only=True)
class TorchNetwork:
    """Network in evaluation mode that maps normalised pictures to features.

    Attributes:
        module: network from `[N, 3, size, size]` to `[N, D]`.
        head: names of the removed layers that computed the scores of classes.
        size: side of the pictures, in pixels.
        normalisation: normalisation that the network's library publishes for it.
        licence: licence of the weights that the library publishes under the name; empty if it states none.
    """

    module: nn.Module
    head: tuple[str, ...]
    size: int
    normalisation: Normalisation
    licence: str = ""


def build_network(library: str, name: str, settings: NetworkSettings, *, size: int | None) -> TorchNetwork:
    """Build a network with random weights and without its last layer.

    Args:
        library: "timm" or "torchvision".
        name: name of the network there.
        settings: options and layers that differ from the library's.
        size: side of the pictures, in pixels; None for that of the library.

    Raises:
        BackboneError: the library does not have the network, or not with these options.
    """
    build = _build_timm if library == "timm" else _build_torchvision
    network = build(name, dict(settings.options), size)
    for layer in settings.identity:
        try:
            network.module.get_submodule(layer)
        except AttributeError as error:
            similar = get_close_matches(layer, [each for each, _ in network.module.named_modules()], _SHOWN)
            raise BackboneError(
                f"The network {library}/{name} has no layer {layer!r}.",
                hint=f"Similar layers: {', '.join(similar)}." if similar else "`named_modules()` lists its layers.",
            ) from error
        network.module.set_submodule(layer, nn.Identity())
    network.module.eval()
    return network


def load_weights(network: TorchNetwork, path: Path) -> None:
    """Load a file of weights into a network; all of its layers must be there, and none but the head's may be left over.

    Raises:
        BackboneError: the file is not a state dict, or belongs to another network.
    """
    tensors: Mapping[str, torch.Tensor] = _read(path)
    module = network.module
    expected = module.state_dict()
    if _find_fault(tensors, expected, network.head):
        with suppress(Exception):  # a library's conversion may fail in any way for weights of other networks
            converted = _convert(dict(tensors), module, network.size)
            tensors = tensors if _find_fault(converted, expected, network.head) else converted
    if fault := _find_fault(tensors, expected, network.head):
        raise BackboneError(
            f"The weights {path} {fault}.", hint="Use the name of the network that the weights were trained with."
        )
    loaded = {key: tensors[key].to(expected[key].dtype) for key in expected if key in tensors}
    if not all(torch.isfinite(tensor).all() for tensor in loaded.values()):
        raise BackboneError(
            f"The weights {path} contain numbers that are not finite.",
            hint="Download them again, or use those of an earlier step of their training.",
        )
    network.module.load_state_dict(loaded, strict=False)


def _find_fault(
    tensors: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor], head: tuple[str, ...]
) -> str:
    """Describe why tensors do not fit to a network; empty if they do."""
    missing = [key for key in expected if key not in tensors and not key.endswith("num_batches_tracked")]
    allowed = tuple(f"{layer}." for layer in head) + _UNUSED
    surplus = [key for key in tensors if key not in expected and not key.startswith(allowed)]
    shapes = [key for key in expected if key in tensors and tensors[key].shape != expected[key].shape]
    for keys, fault in ((missing, "lack"), (surplus, "have the surplus"), (shapes, "have another shape of")):
        if keys:
            more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
            return f"{fault} {', '.join(keys[:_SHOWN])}{more}"
    return ""


def _convert(tensors: dict[str, torch.Tensor], module: nn.Module, size: int) -> Mapping[str, torch.Tensor]:
    """Convert weights as a library does, to its own names and to position embeddings of another size."""
    if isinstance(module, torchvision.models.VisionTransformer):
        converted: Mapping[str, torch.Tensor] = interpolate_embeddings(size, module.patch_size, OrderedDict(tensors))
    else:
        converted = sys.modules[type(module).__module__].checkpoint_filter_fn(tensors, module)
    return converted


def _build_timm(name: str, options: dict[str, Any], size: int | None) -> TorchNetwork:
    require_network("timm", name)
    published = timm.get_pretrained_cfg(name)
    own = published.input_size[-1] if published is not None else 224
    options |= {"pretrained": False, "num_classes": 0}
    if size in (None, own):
        module = _create("timm", name, timm.create_model, options)
    else:
        try:
            module = timm.create_model(name, img_size=size, **options)
        except TypeError:  # convolutional networks take any size
            module = _create("timm", name, timm.create_model, options)
    found = module.pretrained_cfg
    head = found.get("classifier") or ()
    normalisation = Normalisation.of(mean=found["mean"], deviation=found["std"], scale=1)
    assert normalisation is not None
    return TorchNetwork(
        module=module,
        head=(head,) if isinstance(head, str) else tuple(head),
        size=size or own,
        normalisation=normalisation,
        licence=str((published and published.license) or ""),
    )


def _build_torchvision(name: str, options: dict[str, Any], size: int | None) -> TorchNetwork:
    models = torchvision.models
    require_network("torchvision", name)
    published = models.get_model_weights(name).DEFAULT.transforms()
    accepted = inspect.signature(models.get_model_builder(name)).parameters
    if name in ("inception_v3", "googlenet"):  # as with the weights that torchvision publishes
        options = {"transform_input": True, "init_weights": False, "aux_logits": True} | options
    own = published.crop_size[0]
    if size not in (None, own) and name.startswith("vit_"):
        options["image_size"] = size
    module = _create("torchvision", name, models.get_model, options | ({"weights": None} if accepted else {}))
    layers = [
        key for key, layer in module.named_modules() if isinstance(layer, nn.Linear) and not key.startswith(_UNUSED)
    ]
    if not layers or not layers[-1].startswith(("fc", "classifier", "head")):
        raise BackboneError(
            f"The network torchvision/{name} does not end with a linear layer.",
            hint="Export its features to an ONNX file, and pass that as the backbone.",
        )
    module.set_submodule(layers[-1], nn.Identity())
    normalisation = Normalisation.of(mean=published.mean, deviation=published.std, scale=1)
    assert normalisation is not None
    return TorchNetwork(module=module, head=(layers[-1],), size=size or own, normalisation=normalisation)


def _create(library: str, name: str, create: Any, options: Mapping[str, Any]) -> nn.Module:
    try:
        module: nn.Module = create(name, **options)
    except Exception as error:
        raise BackboneError(
            f"The network {library}/{name} cannot be built: {error}", hint="Check its options and its size."
        ) from error
    return module


def _explain(error: Exception, path: Path) -> str:
    """Explain why a file of weights cannot be read."""
    with path.open("rb") as file:
        start = file.read(len(_POINTER))
    if not start:
        return "the file is empty"
    if start == _POINTER:
        return "it is a pointer of Git LFS, which `git lfs pull` replaces by the weights"
    if isinstance(error, UnpicklingError):
        return "they are damaged, or contain objects that could run code"
    reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
    return f"they are damaged or incomplete ({reason})"


def _read(path: Path) -> dict[str, torch.Tensor]:
    """Read a state dict without running code that the file may contain."""
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file  # noqa: PLC0415 - other files do not need it

            content: Any = load_file(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise BackboneError(f"The weights {path} cannot be read: {_explain(error, path)}.", hint=_FORM) from error
    for key in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if (
        not isinstance(content, Mapping)
        or not content
        or not all(isinstance(each, torch.Tensor) for each in content.values())
    ):
        raise BackboneError(f"The file {path} contains other objects than named tensors.", hint=_FORM)
    for prefix in _PREFIXES:
        if all(str(key).startswith(prefix) for key in content):
            content = {key.removeprefix(prefix): value for key, value in content.items()}
    return dict(content)
