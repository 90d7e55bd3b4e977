"""Functions that export networks of torch to ONNX graphs of backbones and compare both.

This module imports torch.
"""

import importlib.util
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from discern.bundle import open_runtime
from discern.bundle.onnx_graph import OPSET
from discern.errors import BackboneError
from discern.features.backbones.backbone import OnnxBackbone
from discern.features.backbones.imported_graph import import_graph
from discern.features.backbones.library_network import TorchNetwork, build_network, load_weights
from discern.features.backbones.network_settings import NetworkSettings
from discern.features.backbones.normalisation import Normalisation

LARGEST_DIFFERENCE = 1e-4  # of the largest feature; twelve networks reach at most 3e-6 (benchmarks/torch_parity.py)
_EXAMPLES = 2  # the exporter would take a batch of one for fixed
_PHOTOGRAPHS = ("china.jpg", "flower.jpg")  # scikit-learn ships them


@dataclass(frozen=True, kw_only=True)
class TorchExport:
    """Network that was exported to a backbone of one view.

    Attributes:
        backbone: the backbone.
        difference: largest difference from torch on photographs, relative to the largest feature.
        normalisation: normalisation of its pixels.
        licence: licence of the weights that the library publishes under the name; empty if it states none.
    """

    backbone: OnnxBackbone
    difference: float
    normalisation: Normalisation
    licence: str


def export_network(
    library: str,
    name: str,
    weights: Path | None,
    settings: NetworkSettings,
    *,
    size: int | None,
    normalisation: Normalisation | None,
) -> TorchExport:
    """Export a network to a backbone of one view, and compare their features of photographs.

    Args:
        library: "timm" or "torchvision".
        name: name of the network there.
        weights: file of its weights; None for random ones.
        settings: what the weights need beside the name.
        size: side of the pictures, in pixels; None for that of the library.
        normalisation: normalisation of the pixels; None for that of the settings, or else of the library.

    Raises:
        BackboneError: the network cannot be built or exported, or its graph computes other features.
    """
    network = build_network(library, name, settings, size=size)
    if weights is not None:
        load_weights(network, weights)
    by = normalisation or settings.normalisation or network.normalisation
    label = Path(f"{library}/{name}")
    backbone = wrap_network(network, label, by)
    difference = compare(network, backbone, by)
    if not difference <= LARGEST_DIFFERENCE:
        raise BackboneError(
            f"The exported graph of {label} differs from torch by {difference:.1e} of the largest feature; "
            f"{LARGEST_DIFFERENCE:.0e} is allowed.",
            hint="Use other versions of torch and onnxscript, or export it yourself and pass the ONNX file.",
        )
    return TorchExport(backbone=backbone, difference=difference, normalisation=by, licence=network.licence)


def wrap_network(network: TorchNetwork, label: Path, by: Normalisation, *, mirror: bool = False) -> OnnxBackbone:
    """Export a network for normalised pictures, and wrap its graph as a backbone.

    Raises:
        BackboneError: the exporter cannot trace it, or a bundle could not have such a graph.
    """
    graph = export_graph(network, label)
    return import_graph(graph, label, size=network.size, mirror=mirror, normalisation=by, search_map=True)


def compare(network: TorchNetwork, backbone: OnnxBackbone, by: Normalisation) -> float:
    """Compute the largest difference between the features of photographs, relative to the largest feature."""
    pictures = read_photographs(backbone.size)
    with torch.inference_mode():
        expected = network.module(normalise(pictures, by)).flatten(1).numpy()
    found = open_runtime(backbone.graph).run({"pixels": pictures})["embedding"]
    found = found[:, found.shape[1] - expected.shape[1] :]  # after the mean of the map, if that is another block
    if found.shape != expected.shape or not np.isfinite(expected).all():
        return float("inf")
    largest = float(np.abs(expected).max())
    return float(np.abs(found - expected).max()) / largest if largest else float("inf")


def normalise(pictures: np.ndarray, by: Normalisation) -> torch.Tensor:
    """Normalise uint8 pictures `[N, size, size, 3]` to float32 `[N, 3, size, size]`."""
    mean, deviation = (torch.tensor(each).view(3, 1, 1) for each in (by.mean, by.deviation))
    return (torch.from_numpy(pictures).permute(0, 3, 1, 2).float() * (by.scale / 255) - mean) / deviation


def read_photographs(size: int) -> np.ndarray:
    """Read parts of the photographs that scikit-learn ships, uint8 `[N, size, size, 3]`."""
    spec = importlib.util.find_spec("sklearn")
    assert spec is not None
    assert spec.origin is not None
    parts = []
    for name in _PHOTOGRAPHS:
        with Image.open(Path(spec.origin).parent / "datasets/images" / name) as photograph:
            side = min(photograph.size)
            for left in np.linspace(0, photograph.width - side, 2).astype(int).tolist():
                square = photograph.convert("RGB").crop((left, 0, left + side, side))
                parts.append(np.asarray(square.resize((size, size), Image.Resampling.BILINEAR)))
    return np.stack(parts)


def export_graph(network: TorchNetwork, label: Path) -> bytes:
    """Export a network for normalised pictures with the exporter that traces it by TorchDynamo.

    Raises:
        BackboneError: the exporter cannot trace it.
    """
    try:
        with _quiet(), torch.no_grad():
            program = torch.onnx.export(
                network.module,
                (torch.zeros(_EXAMPLES, 3, network.size, network.size),),
                dynamo=True,
                input_names=["pictures"],
                output_names=["embedding"],
                dynamic_shapes=({0: torch.export.Dim("N", min=1, max=4096)},),
                opset_version=OPSET,
                verbose=False,
            )
            assert program is not None
            program.optimize()
            graph: bytes = program.model_proto.SerializeToString()
            return graph
    except Exception as error:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        reason = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
        raise BackboneError(
            f"The network {label} cannot be exported at {network.size} px: {reason}",
            hint="Choose another --size, or export it yourself and pass the ONNX file.",
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Context manager that withholds the exporter's warnings about its own libraries."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
