"""A network in torch returns the same blocks as its exported graph."""

from pathlib import Path

import numpy as np
import pytest

from discern.bundle import open_runtime
from discern.features.backbones.network_settings import NetworkSettings

torch = pytest.importorskip("torch")
pytest.importorskip("timm")
pytest.importorskip("onnxscript")


@pytest.mark.slow
def test_all_blocks_are_computed() -> None:
    from discern.features.backbones import torch_export  # noqa: PLC0415 - imports torch
    from discern.features.backbones.library_network import build_network  # noqa: PLC0415 - imports torch
    from discern.features.backbones.torch_embedding import embed_all_blocks  # noqa: PLC0415 - imports torch

    torch.manual_seed(0)
    network = build_network("timm", "test_vit", NetworkSettings(options={"depth": 1}), size=None)
    by = network.normalisation
    backbone = torch_export.wrap_network(network, Path("test_vit"), by)
    assert list(backbone.blocks) == ["head", "class_token"]
    whole = embed_all_blocks(network, backbone, by)
    pictures = torch_export.read_photographs(backbone.size)
    with torch.inference_mode():
        found = whole(torch_export.normalise(pictures, by)).numpy()
    expected = open_runtime(backbone.graph, threads=1).run({"pixels": pictures})["embedding"]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    pixels = torch_export.normalise(pictures, by)
    whole(pixels).sum().backward()
    assert all(each.grad is not None for each in network.module.parameters())
