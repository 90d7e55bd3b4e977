"""Search spaces are read from TOML, and what is wrong in them is named with its line."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.flow.prepare import PrepareConfig
from discern.flow.tune.read_space import PRESETS, read_space
from discern.flow.tune.search_space import Choice
from discern.flow.tune.trial_settings import TrialSettings, is_used, option_types
from discern.training import TrainConfig

SETTINGS = TrialSettings(preparing=PrepareConfig(source="photos"), training=TrainConfig())
STRENGTH = '[strength]\ntype = "float"\nlow = 0.1\nhigh = 10.0\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "space.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(folder: Path, text: str) -> str:
    with pytest.raises(UsageError) as refusal:
        read_space(written(folder, text), SETTINGS)
    return str(refusal.value)


def test_each_type_is_read(tmp_path: Path) -> None:
    text = """
fit = "pad"
[strength]
type = "float"
low = 1
high = 100.0
log = true
[size]
type = "int"
low = 96
high = 288
step = 32
[views]
type = "categorical"
values = [1, 2]
"""
    space = read_space(written(tmp_path, text), SETTINGS)
    assert space.fixed == {"fit": "pad"}
    assert space.choices == (
        Choice(name="strength", kind="float", low=1.0, high=100.0, log=True),
        Choice(name="size", kind="int", low=96, high=288, step=32),
        Choice(name="views", kind="categorical", values=(1, 2)),
    )
    assert all(isinstance(end, float) for end in space.choices[0].ends())


def test_an_option_may_depend_on_another(tmp_path: Path) -> None:
    text = """
[method]
type = "categorical"
values = ["probe", "scratch"]
[epochs]
type = "int"
low = 2
high = 9
when = { method = "scratch" }
[strength]
type = "float"
low = 0.1
high = 10.0
when = { method = ["probe"] }
"""
    space = read_space(written(tmp_path, text), SETTINGS)
    assert [choice.name for choice in space.choices_of("probe")] == ["strength"]
    assert [choice.name for choice in space.choices_of("scratch")] == ["epochs"]
    assert space.methods() == ("probe", "scratch")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[strenght]\ntype = 'float'", 1, ["unknown option", "Did you mean strength", "backbone", "epochs"]),
        ("size = 96\nsizes = 96", 2, ["'sizes'"]),
        (f"{STRENGTH}hihg = 2", 5, ["unknown key of strength", "Did you mean high", "when"]),
        (f"{STRENGTH}values = [1.0]", 5, ["'values'", "low, high"]),
        ("\n\n[strength]\nlow = 1.0\nhigh = 2.0", 3, ["has no type", "float or categorical"]),
        ("[strength]\ntype = 'integer'\nlow = 1", 2, ["'integer'", "float or categorical"]),
        ("[size]\ntype = 'float'\nlow = 1.0\nhigh = 2.0", 2, ["int or categorical"]),
        ("[fit]\ntype = 'int'\nlow = 1\nhigh = 2", 2, ["categorical"]),
        ("[strength]\ntype = 'float'\nlow = 1.0", 1, ["no high"]),
        ("[strength]\ntype = 'float'\nlow = '1'\nhigh = 2.0", 3, ["low of strength must be a number", "'1'"]),
        ("[strength]\ntype = 'float'\nlow = nan\nhigh = 2.0", 3, ["must be a number"]),
        ("[strength]\ntype = 'float'\nlow = 2.0\nhigh = 2.0", 4, ["not below high"]),
        ("[strength]\ntype = 'float'\nlow = 0.0\nhigh = 2.0\nlog = true", 3, ["logarithmic"]),
        ("[strength]\ntype = 'float'\nlow = 0.1\nhigh = 2.0\nlog = 1", 5, ["true or false"]),
        ("[strength]\ntype = 'float'\nlow = 0.1\nhigh = 2.0\nlog = true\nstep = 0.1", 6, ["exclude each other"]),
        ("[size]\ntype = 'int'\nlow = 96\nhigh = 128\nstep = 0", 5, ["above 0"]),
        ("[size]\ntype = 'int'\nlow = 96.5\nhigh = 128", 3, ["must be a whole number"]),
        ("[views]\ntype = 'categorical'\nvalues = []", 3, ["no list of values"]),
        ("[views]\ntype = 'categorical'\nvalues = [1, 1]", 3, ["stands twice"]),
        ("[views]\ntype = 'categorical'\nvalues = [1, true]", 3, ["must be a whole number, not True"]),
        ("[views]\ntype = 'categorical'\nvalues = [1, 3]", 1, ["Invalid views: 3"]),
        ("[fit]\ntype = 'categorical'\nvalues = ['crop', 'cut']", 1, ["'cut'", "squash"]),
        ("size = true\n[views]\ntype = 'categorical'\nvalues = [1]", 1, ["whole number, not True"]),
        ("[size]\ntype = 'int'\nlow = 0\nhigh = 128", 1, ["Invalid size: 0"]),
        ("[strength]\ntype = 'float'\nlow = -1.0\nhigh = 2.0", 1, ["must be positive"]),
        ("method = 'forest'\n[views]\ntype = 'categorical'\nvalues = [1]", 1, ["'forest'", "probe"]),
        (f"{STRENGTH}[epochs]\ntype = 'int'\nlow = 1\nhigh = 5", 5, ["'probe' does not use epochs", "scratch"]),
        (f"epochs = 4\n{STRENGTH}", 1, ["'probe' does not use epochs"]),
        (f"method = 'scratch'\n{STRENGTH}", 2, ["'scratch' does not use strength", 'when = { method = ["probe"] }']),
        ("method = 'scratch'\n[lr]\ntype = 'float'\nlow = 0.1\nhigh = 99.0", 2, ["Invalid lr: 99"]),
        (f"{STRENGTH}when = 3", 5, ["not a table"]),
        (f"{STRENGTH}when = {{ views = 1 }}", 5, ["depends on 'views'", "above it"]),
        (f"fit = 'pad'\n{STRENGTH}when = {{ fit = 'crop' }}", 6, ["fit is never 'crop'", "Use pad"]),
        ("strength = { type = 'float', low = 1.0, hihg = 2.0 }", 1, ["'hihg'"]),
        ("strength.type = 'float'\nstrength.low = 1.0\nstrength.hihg = 2.0", 3, ["'hihg'"]),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, line: int, words: list[str]) -> None:
    message = refused(tmp_path, text)
    assert f"space.toml, line {line}:" in message
    assert [word for word in words if word not in message] == []


@pytest.mark.parametrize(("text", "words"), [("", "no option to search"), ("size = 96", "no option to search")])
def test_a_space_without_a_choice_is_refused(tmp_path: Path, text: str, words: str) -> None:
    assert words in refused(tmp_path, text)


def test_broken_toml_is_named_with_its_line(tmp_path: Path) -> None:
    assert re.search(r"not valid TOML: .*line 2", refused(tmp_path, "size = 96\n[views\n"))
    (tmp_path / "space.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not text in UTF-8"):
        read_space(tmp_path / "space.toml", SETTINGS)


def test_a_space_that_does_not_exist_names_the_presets(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="default, banana, bins or fruit"):
        read_space("bananas", SETTINGS)
    with pytest.raises(UsageError, match=re.escape(str(tmp_path))):
        read_space(tmp_path, SETTINGS)


def test_a_very_long_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="too long"):
        read_space(written(tmp_path, "#" * (1 << 21)), SETTINGS)


@pytest.mark.parametrize("name", PRESETS)
def test_each_preset_can_be_read(name: str) -> None:
    space = read_space(name, SETTINGS)
    assert space.name == name
    assert space.choices


def test_the_default_space_has_sizes_for_backbones_that_take_them_all() -> None:
    for backbone, sizes in (("lite1", True), ("nets/own.onnx", False), ("dinov2-small", False)):
        settings = replace(SETTINGS, preparing=PrepareConfig(source="photos", backbone=backbone))
        assert ("size" in {choice.name for choice in read_space("default", settings).choices}) == sizes


def test_the_default_space_contains_the_default_options() -> None:
    own = replace(SETTINGS, preparing=replace(SETTINGS.preparing, size=192))
    space = read_space("default", own)
    assert space.defaults(own) == {"size": 192, "views": 2, "strength": 10.0, "stage_scale": 0.7}


def test_every_option_of_a_method_can_be_searched() -> None:
    types = option_types()
    assert {"epochs": int, "batch": int, "lr": float}.items() <= types.items()
    assert is_used("epochs", "scratch", {})
    assert not is_used("epochs", "probe", {})
    assert is_used("epochs", "probe", {"hidden": 64})
    assert is_used("size", "scratch", {})
    assert is_used("strength", "probe", {})
    assert not is_used("strength", "probe", {"hidden": 64})
    assert not is_used("strength", "scratch", {})
