"""Exports are compared with torch on photographs, and refused if they differ."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from discern.errors import BackboneError
from discern.features import Normalisation
from discern.features.backbones.library_weights import missing_libraries
from discern.features.backbones.network_settings import NetworkSettings

pytestmark = pytest.mark.skipif(bool(missing_libraries()), reason="the extra torch is not installed")
USUAL = Normalisation(mean=(0.5, 0.4, 0.3), deviation=(0.2, 0.3, 0.4), scale=1.0)


def test_photographs_are_real_and_differ() -> None:
    from discern.features.backbones.torch_export import read_photographs  # noqa: PLC0415 - imports torch

    pictures = read_photographs(64)
    assert (pictures.shape, pictures.dtype) == ((4, 64, 64, 3), np.uint8)
    assert all(picture.std() > 20 for picture in pictures)
    for first in range(4):
        for second in range(first):
            assert np.abs(pictures[first].astype(int) - pictures[second]).mean() > 10


@pytest.mark.parametrize(("scale", "white"), [(1.0, 1.0), (255.0, 255.0)])
def test_pictures_are_normalised_as_by_numpy(scale: float, white: float) -> None:
    from discern.features.backbones.torch_export import normalise  # noqa: PLC0415 - imports torch

    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 5, 3), np.uint8)
    by = Normalisation(
        mean=tuple(each * white for each in USUAL.mean),
        deviation=tuple(each * white for each in USUAL.deviation),
        scale=scale,
    )
    found = normalise(pixels, by).numpy()
    expected = (pixels / 255 - np.array(USUAL.mean)) / np.array(USUAL.deviation)
    np.testing.assert_allclose(found, expected.transpose(0, 3, 1, 2), rtol=1e-5, atol=1e-5)


def changed(graph: bytes, factor: float) -> bytes:
    """Return a graph with its largest weight multiplied."""
    model = onnx.load_from_string(graph)
    largest = max(model.graph.initializer, key=lambda each: len(each.raw_data))
    values = numpy_helper.to_array(largest) * np.float32(factor)
    largest.CopyFrom(numpy_helper.from_array(values, largest.name))
    return model.SerializeToString()


@pytest.mark.slow
def test_a_graph_that_computes_other_features_differs() -> None:
    import torch  # noqa: PLC0415 - a part of the extra

    from discern.features.backbones import torch_export  # noqa: PLC0415 - imports torch
    from discern.features.backbones.library_network import build_network  # noqa: PLC0415 - imports torch

    torch.manual_seed(0)
    network = build_network("timm", "test_vit", NetworkSettings(options={"depth": 1}), size=96)
    with torch.no_grad():
        for values in network.module.parameters():
            if values.ndim == 1:  # some are 0 at first, so that the layers before them have no effect
                values.uniform_(0.5, 1.5)
    backbone = torch_export.wrap_network(network, Path("test_vit"), USUAL)
    allowed = torch_export.LARGEST_DIFFERENCE
    assert torch_export.compare(network, backbone, USUAL) <= allowed
    assert torch_export.compare(network, replace(backbone, graph=changed(backbone.graph, 1.05)), USUAL) > allowed
    other = replace(USUAL, mean=(0.4, 0.4, 0.4))
    assert torch_export.compare(network, backbone, other) > allowed
    with torch.no_grad():
        next(network.module.parameters()).fill_(float("nan"))
    assert torch_export.compare(network, backbone, USUAL) == float("inf")


def test_what_cannot_be_traced_is_refused_with_the_cause() -> None:
    from discern.features.backbones.library_network import build_network  # noqa: PLC0415 - imports torch
    from discern.features.backbones.torch_export import export_graph  # noqa: PLC0415 - imports torch

    network = build_network("timm", "test_vit", NetworkSettings(), size=100)
    with pytest.raises(
        BackboneError, match=r"cannot be exported at 100 px: .*divisible by patch size \(16\)"
    ) as caught:
        export_graph(network, Path("timm/test_vit"))
    assert "--size" in caught.value.hint
    assert "\x1b" not in caught.value.message
