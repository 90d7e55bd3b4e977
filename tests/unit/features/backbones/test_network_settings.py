"""Settings beside the weights are read as timm writes them, and damaged ones are refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from discern.errors import BackboneError
from discern.features.backbones.network_settings import NetworkSettings, parse_options

CONTENT = {
    "architecture": "mobilenetv2_100",
    "model_args": {"pad_type": "same"},
    "identity": ["blocks.0.0.bn1.act"],
    "pretrained_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25], "license": "apache-2.0"},
}


@pytest.mark.parametrize(("weights", "settings"), [("net.pth", "net.json"), ("model.safetensors", "config.json")])
def test_settings_are_read(tmp_path: Path, weights: str, settings: str) -> None:
    (tmp_path / settings).write_text(json.dumps(CONTENT))
    found = NetworkSettings.read(tmp_path / weights)
    assert (found.options, found.identity, found.licence) == (
        {"pad_type": "same"},
        ("blocks.0.0.bn1.act",),
        "apache-2.0",
    )
    assert found.normalisation is not None
    assert (found.normalisation.mean, found.normalisation.deviation) == ((0.5,) * 3, (0.25,) * 3)


def test_without_a_file_there_are_none(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    assert NetworkSettings.read(tmp_path / "net.pth") == NetworkSettings()


@pytest.mark.parametrize(
    "content",
    ["{", "[]", '"a"', "1", '{"model_args": [1]}', '{"identity": "a"}', '{"identity": [1]}', '{"pretrained_cfg": 1}',
     '{"pretrained_cfg": {"mean": [0.5, 0.5]}}', '{"pretrained_cfg": {"mean": "a", "std": 1}}',
     '{"pretrained_cfg": {"mean": {}, "std": 1}}', '{"pretrained_cfg": {"mean": 0.5, "std": 0}}',
     "[" * 100_000, "\x00"],
)  # fmt: skip
def test_damaged_settings_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "net.json").write_text(content)
    with pytest.raises(BackboneError, match=r"net\.json"):
        NetworkSettings.read(tmp_path / "net.pth")


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("", {}),
        ("pad_type=same", {"pad_type": "same"}),
        ("a=1,b=true,c=0.5,d=x", {"a": 1, "b": True, "c": 0.5, "d": "x"}),
    ],
)
def test_options_follow_the_name(text: str, options: dict[str, Any]) -> None:
    assert parse_options(text) == options


@pytest.mark.parametrize("text", ["same", "pad_type", "pad_type=", "=same", "pad type=same", "a=1,b"])
def test_options_without_a_name_or_a_value_are_refused(text: str) -> None:
    with pytest.raises(BackboneError, match="Invalid option"):
        parse_options(text)


def test_options_are_added_to_those_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "net.json").write_text('{"model_args": {"pad_type": "", "depth": 2}, "identity": ["a.bn1"]}')
    settings = NetworkSettings.read(tmp_path / "net.pth").updated(parse_options("pad_type=same,identity=b.act+a.bn1"))
    assert settings.options == {"pad_type": "same", "depth": 2}
    assert settings.identity == ("a.bn1", "b.act")
    assert settings.updated({}) == settings
