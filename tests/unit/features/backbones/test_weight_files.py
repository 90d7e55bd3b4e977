"""Weights are found by their network's name, and errors tell where they were looked for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from discern.errors import BackboneError
from discern.features.backbones.weight_files import FOLDER, list_weights, locate_weights, read_weights_digest


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    before = os.environ.pop(FOLDER, None)
    yield
    os.environ.pop(FOLDER, None)
    if before is not None:
        os.environ[FOLDER] = before


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"weights")


def test_a_given_file_is_taken(tmp_path: Path) -> None:
    put(tmp_path, "any.pth", "net.onnx")
    assert locate_weights("resnet18", tmp_path / "any.pth") == tmp_path / "any.pth"
    with pytest.raises(BackboneError, match=r"There is no file of weights .*none\.pth"):
        locate_weights("resnet18", tmp_path / "none.pth")
    with pytest.raises(BackboneError, match="not known as weights"):
        locate_weights("resnet18", tmp_path / "net.onnx")


@pytest.mark.parametrize(
    ("network", "name"),
    [
        ("resnet18", "resnet18.safetensors"),
        ("resnet18", "resnet18.pth"),
        ("resnet18", "resnet18-5c106cde.pth"),
        ("resnet18", "resnet18.a1_in1k.safetensors"),
        ("resnet18", "resnet18/model.safetensors"),
        ("resnet18.a1_in1k", "resnet18.a1_in1k.safetensors"),
        ("resnet18.a1_in1k", "resnet18.a1_in1k/pytorch_model.bin"),
        ("resnet18.a1_in1k", "resnet18.pth"),
    ],
)
def test_the_usual_names_are_found_in_the_folder(tmp_path: Path, network: str, name: str) -> None:
    put(tmp_path, name, "resnet18d.pth", "resnet180.pth", "resnet1.pth", "resnet18.onnx", "xresnet18.pth")
    os.environ[FOLDER] = str(tmp_path)
    assert locate_weights(network, None) == tmp_path / name
    assert locate_weights(network, tmp_path) == tmp_path / name


def test_a_tag_is_not_replaced_by_another_one(tmp_path: Path) -> None:
    put(tmp_path, "resnet18.a2_in1k.pth")
    assert list_weights("resnet18.a1_in1k", tmp_path) == []


def test_the_exact_name_wins_and_doubtful_ones_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "resnet18.a1_in1k.pth", "resnet18.a2_in1k.pth")
    with pytest.raises(BackboneError, match=r"several files .* resnet18\.a1_in1k\.pth, resnet18\.a2_in1k"):
        locate_weights("resnet18", tmp_path)
    put(tmp_path, "resnet18.pth")
    assert locate_weights("resnet18", tmp_path) == tmp_path / "resnet18.pth"


def test_missing_weights_are_reported_with_place_names_and_remedy(tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match="DISCERN_WEIGHTS is not set") as unset:
        locate_weights("resnet18", None)
    assert "--weights" in unset.value.hint
    os.environ[FOLDER] = str(tmp_path)
    with pytest.raises(BackboneError, match=r"has none of resnet18\.safetensors, resnet18\.pth") as empty:
        locate_weights("resnet18", None)
    assert str(tmp_path) in str(empty.value)
    assert "resnet18.safetensors" in empty.value.hint
    os.environ[FOLDER] = str(tmp_path / "none")
    with pytest.raises(BackboneError, match="does not exist"):
        locate_weights("resnet18", None)


def test_a_file_that_cannot_be_read_has_no_digest(tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match="cannot be read"):
        read_weights_digest(tmp_path)
