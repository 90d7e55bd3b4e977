"""The composed command repeats a run with another error limit."""

import shlex
from pathlib import Path

from typer.testing import CliRunner

from discern.cli.app import app
from discern.flow.input_options import InputOptions
from discern.flow.prepare import PrepareConfig
from discern.flow.train_command import compose_command
from discern.heads import HeadConfig
from discern.splitting import SplitConfig
from discern.training import TrainConfig, choose_method


def test_options_with_default_values_are_left_out(tmp_path: Path) -> None:
    preparing = PrepareConfig.of(tmp_path / "my photos", fixes=None, backbone="lite0")
    command = compose_command(preparing, TrainConfig(), limit=0.1)
    assert shlex.split(command) == ["discern", "train", str(tmp_path / "my photos"), "--at-most-wrong", "10%"]


def test_all_other_options_are_kept(tmp_path: Path) -> None:
    preparing = PrepareConfig.of(
        tmp_path / "photos",
        fixes=tmp_path / "fixes.csv",
        backbone="lite0",
        negatives=tmp_path / "others",
        ordered=["green", "ripe"],
        names=tmp_path / "names.csv",
        parts_of={"train": "a", "test": "b"},
        group_by=r"film (\d+)",
        classes=["ripe", "green, still"],
        inputs=InputOptions.checked_input(size=224, fit="pad", mean=[0.485, 0.456, 0.406], deviation=0.229, scale=1),
        thresholds={"dark": 50, "blurred": 0.25},
    )
    config = TrainConfig(seed=3, split=SplitConfig(seed=3), head=HeadConfig(ordered=True), coverage=None)
    words = shlex.split(compose_command(preparing, config, limit=0.2))
    options = dict(zip(words[3::2], words[4::2], strict=True))
    assert options == {
        "--seed": "3",
        "--fixes": str(tmp_path / "fixes.csv"),
        "--coverage": "none",
        "--ordered": "green,ripe",
        "--negatives": str(tmp_path / "others"),
        "--names": str(tmp_path / "names.csv"),
        "--parts-of": "train=a,test=b",
        "--group-by": r"film (\d+)",
        "--classes": 'ripe,"green, still"',
        "--size": "224",
        "--fit": "pad",
        "--mean": "0.485,0.456,0.406",
        "--deviation": "0.229",
        "--scale": "1",
        "--set": "blurred=0.25,dark=50",
        "--at-most-wrong": "20%",
    }
    shown = CliRunner().invoke(app, ["train", "--help"], env={"COLUMNS": "200"}).output
    assert all(name in shown for name in options)


def test_the_method_is_kept_with_what_differs_from_its_preset(tmp_path: Path) -> None:
    chosen = choose_method("fruit-resnet", epochs=3, mirror=False, backbone="lite0")
    preparing = PrepareConfig.of(tmp_path / "photos", fixes=None, backbone=chosen.backbone)
    config = TrainConfig(split=SplitConfig(folds=3), folds=3, method=chosen.config)
    words = compose_command(preparing, config, limit=0.2).split()[3:]
    assert words == [
        *("--backbone", "lite0", "--folds", "3", "--at-most-wrong", "20%"),
        *("--preset", "fruit-resnet", "--epochs", "3", "--no-mirror"),
    ]


def test_a_method_without_a_preset_is_kept(tmp_path: Path) -> None:
    preparing = PrepareConfig.of(tmp_path / "photos", fixes=None, backbone="lite0")
    config = TrainConfig(method=choose_method(method="scratch", lr=0.001).config)
    words = compose_command(preparing, config, limit=0.2).split()[3:]
    assert words == ["--at-most-wrong", "20%", "--method", "scratch", "--lr", "0.001"]
