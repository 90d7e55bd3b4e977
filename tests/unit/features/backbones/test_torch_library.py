"""Networks of timm and torchvision are exported once, and used without torch from then on."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.unit.features.backbones.float_networks import SIZE, WIDTH, make_network, write_network

from discern.errors import BackboneError
from discern.features import Normalisation, load_backbone
from discern.features.backbones.exported_networks import ExportedNetwork, make_key, write_export
from discern.features.backbones.network_settings import NetworkSettings
from discern.features.backbones.onnx_file import OnnxFile
from discern.features.backbones.torch_library import INSTALL, TorchLibrary
from discern.features.backbones.weight_files import read_weights_digest

needs_torch = pytest.mark.skipif(
    any(importlib.util.find_spec(each) is None for each in ("torch", "timm", "torchvision", "onnxscript")),
    reason="the extra torch is not installed",
)


def run(code: str) -> str:
    """Run code in a process of its own, as importing torch cannot be undone."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def exported(folder: Path) -> bytes:
    """The graph of one view of a small network."""
    path = write_network(folder / "net.onnx", make_network())
    normalisation = Normalisation(mean=(0.5,) * 3, deviation=(0.5,) * 3, scale=1.0)
    return OnnxFile().load(path, size=None, mirror=False, normalisation=normalisation).graph


@pytest.mark.parametrize(
    ("name", "accepted"),
    [("timm/a", True), ("torchvision/a", True), ("timm/a:b=c", True), ("timm", False), ("x/timm/a", False),
     ("timm/a.onnx", False), ("lite0", False)],
)  # fmt: skip
def test_names_begin_with_the_library(name: str, accepted: bool) -> None:
    assert TorchLibrary().accepts(name) == accepted


def test_an_export_is_used_without_torch(tmp_path: Path) -> None:
    graph = exported(tmp_path)
    weights = tmp_path / "net.pth"
    weights.write_bytes(b"weights")
    sha256 = read_weights_digest(weights)
    settings = {"options": {}, "identity": (), "normalisation": None, "licence": ""}
    key = make_key(name="timm/net", size=None, sha256=sha256, settings=settings, normalisation=None)
    network = ExportedNetwork(
        graph=graph,
        name="timm/net",
        size=SIZE,
        blocks={"head": (0, WIDTH)},
        weights="net.pth",
        sha256=sha256,
        licence="MIT",
        pretraining="flowers",
        notes=(),
        difference=0,
    )
    write_export(tmp_path / "cache", key, network)
    backbone = load_backbone("timm/net", weights=weights, cache=tmp_path / "cache", mirror=False)
    assert (backbone.name, backbone.licence, backbone.graph) == ("timm/net", "MIT", graph)
    assert (backbone.pretraining, backbone.blocks) == ("flowers", {"head": (0, WIDTH)})


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="torch is installed")
def test_without_torch_the_extra_is_named(tmp_path: Path) -> None:
    (tmp_path / "net.pth").write_bytes(b"weights")
    with pytest.raises(BackboneError, match="torch") as error:
        load_backbone("timm/net", weights=tmp_path, cache=tmp_path / "cache")
    assert INSTALL in error.value.hint


@pytest.mark.parametrize("name", ["lite0", "net.onnx"])
def test_weights_for_other_backbones_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BackboneError, match="has its own weights"):
        load_backbone(name, weights=tmp_path)


@needs_torch
@pytest.mark.slow
def test_a_network_is_exported_once_and_equals_torch(tmp_path: Path) -> None:
    prints = (
        "import sys; from pathlib import Path; from discern.features import load_backbone\n"
        f"f = Path({str(tmp_path)!r})\n"
        "b = load_backbone('timm/test_efficientnet', weights=f / 'net.pth', cache=f / 'cache')\n"
        "print('torch' in sys.modules, b.key, b.size, b.width, b.licence)"
    )
    run(
        "import torch, timm; torch.manual_seed(0)\n"
        f"torch.save(timm.create_model('test_efficientnet').state_dict(), {str(tmp_path / 'net.pth')!r})"
    )
    first, second = run(prints).split(), run(prints).split()
    assert (first[0], second[0]) == ("True", "False")
    assert first[1:] == second[1:]
    facts = json.loads(next((tmp_path / "cache/networks").glob("*.json")).read_text())
    assert 0 <= facts["difference"] <= 1e-4
    (tmp_path / "net.json").write_text('{"pretrained_cfg": {"mean": [0.4, 0.4, 0.4], "std": [0.2, 0.2, 0.2]}}')
    assert run(prints).split()[:2] != second[:2]


@needs_torch
def test_foreign_weights_are_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from discern.features.backbones.library_network import build_network, load_weights  # noqa: PLC0415 - imports torch

    network = build_network("torchvision", "resnet18", NetworkSettings(), size=None)
    tensors = network.module.state_dict()
    key = "layer1.0.conv1.weight"
    planted = {
        "lack": {name: each for name, each in tensors.items() if name != key},
        "surplus": tensors | {"layer9.weight": torch.zeros(1)},
        "shape": tensors | {key: torch.zeros(1)},
        "finite": tensors | {key: torch.full(tensors[key].shape, np.nan)},
    }
    for word, content in planted.items():
        torch.save(content, tmp_path / "net.pth")
        with pytest.raises(BackboneError, match=word):
            load_weights(network, tmp_path / "net.pth")
    torch.save({"state_dict": {f"module.{name}": each for name, each in tensors.items()}}, tmp_path / "net.pth")
    load_weights(network, tmp_path / "net.pth")
    (tmp_path / "net.pth").write_bytes(b"damaged")
    with pytest.raises(BackboneError, match="cannot be read"):
        load_weights(network, tmp_path / "net.pth")
