"""Well-known networks that torch exports are accepted as backbones, by both of its exporters."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from discern.bundle import open_runtime
from discern.features import load_backbone

NEEDED = ("torch", "torchvision", "timm", "onnxscript")
MISSING = [name for name in NEEDED if not importlib.util.find_spec(name)]
WIDTHS = {"resnet18": 512, "vgg16": 512, "mobilenet_v3_small": 1024, "convnext_atto": 320, "vit_tiny": 192}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}, which Discern does not depend on"),
]


@pytest.mark.parametrize("name", WIDTHS)
@pytest.mark.parametrize("exporter", ["dynamo", "legacy"])
def test_an_exported_network_is_a_backbone(tmp_path: Path, exporter: str, name: str) -> None:
    from benchmarks.export_backbones import export  # noqa: PLC0415 - imports torch

    export(name, tmp_path / "network.onnx", exporter=exporter)
    backbone = load_backbone(tmp_path / "network.onnx", mirror=True)
    assert (backbone.size, backbone.width) == (224, WIDTHS[name])
    pixels = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), np.uint8)
    embedding = open_runtime(backbone.graph, threads=1).run({"pixels": pixels})["embedding"]
    assert embedding.shape == (2, WIDTHS[name])
    assert np.isfinite(embedding).all()


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small"])
def test_an_exported_map_is_used(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmarks.export_backbones import main  # noqa: PLC0415 - imports torch

    monkeypatch.setattr(sys, "argv", ["export_backbones.py", str(tmp_path), name, "--exporter", "dynamo", "--map"])
    main()
    assert f"{name}-map-dynamo.onnx: " in capsys.readouterr().out
    backbone = load_backbone(tmp_path / f"{name}-map-dynamo.onnx", mirror=False)
    outputs = open_runtime(backbone.graph, threads=1).run({"pixels": np.zeros((1, 224, 224, 3), np.uint8)})
    assert outputs["map"].shape == (1, 7, 7, backbone.width)
