"""Presets: what they stand for, and that a given option wins."""

import pytest

from discern.errors import UsageError
from discern.training import beyond_preset, choose_method, explain_method
from discern.training.method_presets import PRESETS, spell_options


def test_without_a_preset_the_defaults_apply() -> None:
    chosen = choose_method()
    assert (chosen.config.name, chosen.backbone, chosen.size, chosen.fit) == ("probe", "lite0", None, None)
    assert "default" in explain_method(chosen.config)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_valid_and_says_everything_that_it_stands_for(name: str) -> None:
    chosen = choose_method(name)
    assert chosen.config.preset == name
    why = explain_method(chosen.config)
    assert f"--preset {name}" in why
    assert spell_options(PRESETS[name]) in why
    assert why.endswith(".")
    assert "here with" not in why
    assert {"method", "backbone", "epochs", "batch", "lr", "size", "fit"} <= PRESETS[name].keys()


def test_a_given_option_wins_over_the_preset() -> None:
    chosen = choose_method("fruit-resnet", epochs=3, backbone="lite0", size=160, fit="pad")
    assert (chosen.backbone, chosen.size, chosen.fit) == ("lite0", 160, "pad")
    assert chosen.config.epochs == 3
    assert chosen.config.batch == PRESETS["fruit-resnet"]["batch"]
    assert "here with --epochs 3" in explain_method(chosen.config)


def test_a_false_or_zero_option_wins_as_well() -> None:
    chosen = choose_method("fruit-resnet", mirror=False, weight_decay=0.0)
    assert chosen.config.mirror is False
    assert chosen.config.weight_decay == 0.0


def test_a_given_method_keeps_the_settings_that_it_uses() -> None:
    chosen = choose_method("fruit-resnet", method="scratch")
    assert chosen.config.name == "scratch"
    assert chosen.config.epochs == PRESETS["fruit-resnet"]["epochs"]
    assert choose_method("fruit-resnet", method="probe").config.given() == {}


def test_a_given_setting_that_the_method_ignores_is_refused_in_spite_of_the_preset() -> None:
    with pytest.raises(UsageError, match="does not use --epochs"):
        choose_method("fruit-resnet", method="probe", epochs=3)


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="Unknown preset: banana") as caught:
        choose_method("banana")
    assert "fruit-resnet" in caught.value.hint


def test_what_a_preset_stands_for_is_told_from_what_was_given() -> None:
    options = {**PRESETS["fruit-resnet"], "epochs": 3, "seed": 1}
    assert beyond_preset("fruit-resnet", options) == {"epochs": 3, "seed": 1}
    assert beyond_preset(None, options) == options
    assert beyond_preset("gone since then", options) == options
