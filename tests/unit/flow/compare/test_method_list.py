"""Names of methods and backbones become the models of a comparison."""

from typing import Any

import pytest

from discern.errors import UsageError
from discern.flow.compare.method_list import Candidate, list_candidates


def listed(methods: list[str], backbones: list[str] | None = None, **settings: Any) -> list[Candidate]:
    return list_candidates(methods, backbones or [], settings)


def test_each_method_is_a_model() -> None:
    found = listed(["probe", "scratch", "tuned"])
    assert [each.name for each in found] == ["probe", "scratch", "tuned"]
    assert [each.chosen is None for each in found] == [False, False, True]


def test_each_backbone_is_trained_with_each_method_that_uses_one() -> None:
    found = listed(["probe", "scratch", "finetune"], ["lite0", "timm/resnet18", "nets/own.onnx"])
    assert [each.name for each in found] == [
        *("probe-lite0", "probe-timm-resnet18", "probe-own"),
        "scratch",
        *("finetune-lite0", "finetune-timm-resnet18", "finetune-own"),
    ]
    assert [each.backbone for each in found][:3] == ["lite0", "timm/resnet18", "nets/own.onnx"]


def test_a_single_backbone_is_that_of_all() -> None:
    found = listed(["probe", "scratch"], ["lite1"])
    assert [(each.name, each.chosen and each.chosen.backbone) for each in found] == [
        ("probe", "lite1"),
        ("scratch", "lite1"),
    ]


def test_a_setting_goes_to_the_methods_that_use_it() -> None:
    probe, scratch, auto = listed(["probe", "scratch", "auto"], epochs=3, budget=60.0)
    assert probe.chosen is not None
    assert scratch.chosen is not None
    assert auto.chosen is not None
    assert probe.chosen.config.given() == {}
    assert scratch.chosen.config.given() == {"epochs": 3}
    assert auto.chosen.config.given() == {"epochs": 3, "budget": 60.0}


def test_a_preset_keeps_its_own_backbone_and_settings() -> None:
    preset, _ = listed(["fruit-resnet", "probe"], epochs=None)
    assert preset.chosen is not None
    assert (preset.chosen.backbone, preset.chosen.config.preset) == ("timm/resnet34", "fruit-resnet")


@pytest.mark.parametrize(
    ("methods", "backbones", "settings", "said"),
    [
        (["probe"], [], {}, "needs two or more models"),
        (["probe", "magic"], [], {}, "Unknown method to compare: magic"),
        (["probe", "probe"], [], {}, "methods to compare are not distinct: probe"),
        (["probe", ""], [], {}, "methods to compare are not distinct: empty"),
        (["probe", "scratch"], ["lite0", "lite0"], {}, "backbones to compare are not distinct: lite0"),
        (
            ["probe", "scratch"],
            ["a/net.onnx", "b/net.onnx"],
            {},
            "names of models to compare are not distinct: probe-net",
        ),
        (["probe", "tuned"], [], {"epochs": 3}, "None of the methods probe, tuned uses --epochs"),
        (["probe", "scratch"], [], {"budget": 60.0}, "uses --budget"),
        (["probe", "scratch"], [], {"trials": 3}, "Only 'tuned' uses --trials"),
        (["probe", "tuned"], [], {"folds": 3}, "'tuned' needs a test part"),
    ],
)
def test_what_makes_no_comparison_is_refused(
    methods: list[str], backbones: list[str], settings: dict[str, Any], said: str
) -> None:
    trials, folds = settings.pop("trials", None), settings.pop("folds", None)
    with pytest.raises(UsageError, match=said):
        list_candidates(methods, backbones, settings, trials=trials, folds=folds)


def test_one_method_with_two_backbones_is_a_comparison() -> None:
    assert [each.name for each in listed(["probe"], ["lite0", "lite1"])] == ["probe-lite0", "probe-lite1"]
