"""Options of the backbone's input are checked before any work, and reach the backbone."""

from pathlib import Path

import pytest

from discern.errors import BackboneError, UsageError
from discern.flow.input_options import InputOptions
from tests.unit.features.backbones.float_networks import make_network, write_network


def test_without_options_the_backbone_is_the_usual_one() -> None:
    assert InputOptions.checked_input() == InputOptions()
    assert InputOptions().load_backbone("lite0").size == 192


def test_options_reach_the_backbone(tmp_path: Path) -> None:
    path = write_network(tmp_path / "net.onnx", make_network(shape=("batch", 3, "height", "width")))
    options = InputOptions.checked_input(size=16, fit="pad", mean=0.5, deviation=[0.5, 0.5, 0.5])
    assert (options.size, options.fit, options.mean, options.deviation) == (16, "pad", (0.5,), (0.5, 0.5, 0.5))
    backbone = options.load_backbone(str(path))
    assert backbone.size == 16
    other = InputOptions.checked_input(size=16, mean=0.5, deviation=0.25).load_backbone(str(path))
    assert other.key != backbone.key


@pytest.mark.parametrize("option", [{"size": 0}, {"fit": "stretch"}, {"mean": 0.5}, {"scale": 3}, {"mean": "a"}])
def test_invalid_options_are_refused(option: dict) -> None:
    with pytest.raises(UsageError):
        InputOptions.checked_input(**option)


def test_options_that_the_backbone_does_not_allow_are_refused() -> None:
    for option in ({"size": 300}, {"mean": 0.5, "deviation": 0.5}):
        with pytest.raises(BackboneError, match="lite0"):
            InputOptions.checked_input(**option).load_backbone("lite0")


def test_weights_become_an_absolute_path_and_are_refused_for_other_backbones(tmp_path: Path) -> None:
    options = InputOptions.checked_input(weights=tmp_path / "a/../net.pth")
    assert options.weights == str(tmp_path / "net.pth")
    with pytest.raises(BackboneError, match="has its own weights"):
        options.load_backbone("lite0")
    with pytest.raises(BackboneError, match=r"There is no file of weights .*net\.pth"):
        options.load_backbone("timm/resnet18", cache=tmp_path)
