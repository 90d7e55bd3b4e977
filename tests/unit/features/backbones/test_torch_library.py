"""Networks of timm and torchvision are exported once, and used without torch from then on."""

import importlib.util
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.e2e.server_process import call_here
from tests.unit.features.backbones.float_networks import SIZE, WIDTH, make_network, write_network
from tests.unit.features.backbones.hub_server import COMMIT, serve_hub

import discern
from discern.errors import BackboneError
from discern.features import Normalisation, load_backbone
from discern.features.backbones.exported_networks import ExportedNetwork, make_key, write_export
from discern.features.backbones.network_settings import NetworkSettings
from discern.features.backbones.onnx_file import OnnxFile
from discern.features.backbones.torch_library import TorchLibrary
from discern.features.backbones.weight_files import read_weights_digest

EXTRA = ("torch", "timm", "torchvision", "onnxscript", "safetensors")
needs_torch = pytest.mark.skipif(
    any(importlib.util.find_spec(each) is None for each in ("torch", "timm", "torchvision", "onnxscript")),
    reason="the extra torch is not installed",
)


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
    key = make_key(name="timm/net", network="net", size=None, sha256=sha256, settings=settings, normalisation=None)
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


@pytest.mark.parametrize("name", ["lite0", "net.onnx"])
def test_weights_for_other_backbones_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BackboneError, match="has its own weights"):
        load_backbone(name, weights=tmp_path)


@pytest.mark.parametrize(
    "name", ["timm/", "torchvision/", "timm/../resnet18", "timm/a/b", "timm/ resnet18", "timm/:a=1"]
)
def test_names_without_a_network_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BackboneError, match=r"does not name a network of (timm|torchvision)"):
        load_backbone(name, cache=tmp_path)


def draw(folder: Path, count: int) -> Path:
    """Draw red and blue pictures."""
    random = np.random.default_rng(0)
    for kind, colour in (("red", (200, 60, 60)), ("blue", (60, 60, 200))):
        (folder / kind).mkdir(parents=True)
        for number in range(count // 2):
            pixels = np.clip(random.normal(colour, 40, (64, 64, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / kind / f"{number}.png")
    return folder


@needs_torch
@pytest.mark.slow
def test_weights_of_the_hub_train_a_model_and_torch_is_needed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch, timm = pytest.importorskip("torch"), pytest.importorskip("timm")
    from safetensors.torch import save  # noqa: PLC0415 - a part of the extra

    torch.manual_seed(0)
    pictures, command = draw(tmp_path / "pictures", 24), "import sys; from discern.cli import main; main()"
    words = ["train", str(pictures), "--backbone", "timm/test_vit:depth=1", "--json", "--cache", "cache", "--runs"]
    with serve_hub(save(timm.create_model("test_vit", depth=1).state_dict())) as hub:
        hub.repository = "timm/test_vit.r160_in1k"
        for name, value in hub.environment(HF_HUB_OFFLINE="", DISCERN_WEIGHTS="").items():
            monkeypatch.setenv(name, value)
        done = call_here(tmp_path, [*words, "first"])
        assert done.code == 0, done.err
        hidden = command.replace(";", f"; sys.modules.update(dict.fromkeys({EXTRA!r}));", 1)
        without = subprocess.run(
            [sys.executable, "-c", hidden, *words, "second"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert without.returncode == 0, without.stderr
        assert len(hub.requests) == 3  # the digest, the file, and its content; the second run asks nothing
    runs = [json.loads(text) for text in (done.out, without.stdout)]
    assert runs[0]["accuracy"] == runs[1]["accuracy"]
    card = discern.load(runs[1]["bundle"]).manifest.backbone
    assert (card["name"], card["licence"]) == ("timm/test_vit", "apache-2.0")
    assert f"commit {COMMIT[:12]}, sha256 {hub.file().sha256[:16]}" in card["pretraining"]
    facts = json.loads(next((tmp_path / "cache/networks").glob("*.json")).read_text())
    assert 0 <= facts["difference"] <= 1e-4
    assert list(facts["blocks"]) == ["head", "class_token"]


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


class Code:
    """An object that runs code when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@needs_torch
@pytest.mark.parametrize("form", ["torch", "pickle"])
def test_code_in_weights_is_never_run(tmp_path: Path, form: str) -> None:
    torch = pytest.importorskip("torch")
    from discern.features.backbones.library_network import build_network, load_weights  # noqa: PLC0415 - imports torch

    path, trace = tmp_path / "net.pth", tmp_path / "executed"
    if form == "torch":
        torch.save({"weight": Code(trace)}, path)
    else:
        path.write_bytes(pickle.dumps(Code(trace)))
    network = build_network("timm", "test_vit", NetworkSettings(), size=None)
    with pytest.raises(BackboneError, match="cannot be read: they are damaged"):
        load_weights(network, path)
    assert not trace.exists()


@needs_torch
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("net.pth", b"", "the file is empty"),
        ("net.safetensors", b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "a pointer of Git LFS"),
        ("net.safetensors", (1 << 40).to_bytes(8, "little"), "damaged or incomplete"),
        ("net.pth", b"<html>", "damaged"),
    ],
)
def test_files_that_are_no_weights_are_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    from discern.features.backbones.library_network import build_network, load_weights  # noqa: PLC0415 - imports torch

    (tmp_path / name).write_bytes(content)
    network = build_network("timm", "test_vit", NetworkSettings(), size=None)
    with pytest.raises(BackboneError, match=message) as caught:
        load_weights(network, tmp_path / name)
    assert "download them again" in caught.value.hint


@needs_torch
def test_position_embeddings_are_resized(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from discern.features.backbones.library_network import build_network, load_weights  # noqa: PLC0415 - imports torch

    tensors = build_network("timm", "test_vit", NetworkSettings(), size=None).module.state_dict()
    torch.save(tensors, tmp_path / "net.pth")
    other = build_network("timm", "test_vit", NetworkSettings(), size=224)
    load_weights(other, tmp_path / "net.pth")
    found = other.module.state_dict()
    assert found["pos_embed"].shape[1] > tensors["pos_embed"].shape[1]
    assert torch.equal(found["norm.weight"], tensors["norm.weight"])


@needs_torch
def test_a_layer_that_is_not_there_is_named_with_similar_ones() -> None:
    from discern.features.backbones.library_network import build_network  # noqa: PLC0415 - imports torch

    with pytest.raises(BackboneError, match=r"no layer 'blocks\.9\.attn'") as caught:
        build_network("timm", "test_vit", NetworkSettings(identity=("blocks.9.attn",)), size=None)
    assert "blocks.5.attn" in caught.value.hint
