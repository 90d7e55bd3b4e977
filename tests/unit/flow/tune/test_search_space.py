"""A search space has each trial choose the values that apply, and knows the default ones."""

from typing import Any

import pytest

from discern.flow.prepare import PrepareConfig
from discern.flow.tune.search_space import Choice, SearchSpace
from discern.flow.tune.trial_settings import TrialSettings
from discern.training import TrainConfig

SETTINGS = TrialSettings(preparing=PrepareConfig(source="photos"), training=TrainConfig())
METHOD = Choice(name="method", kind="categorical", values=("probe", "scratch"))
EPOCHS = Choice(name="epochs", kind="int", low=2, high=40, when={"method": ("scratch",)})
STRENGTH = Choice(name="strength", kind="float", low=0.1, high=100.0, log=True, when={"method": ("probe",)})
SPACE = SearchSpace(name="test", fixed={"views": 1}, choices=(METHOD, EPOCHS, STRENGTH))


class FirstValues:
    """A trial that takes the first or lowest value, and records what it was asked."""

    def __init__(self, **chosen: Any) -> None:
        self.chosen, self.asked = chosen, []

    def suggest_categorical(self, name: str, values: tuple[Any, ...]) -> Any:
        self.asked.append((name, values))
        return self.chosen.get(name, values[0])

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        self.asked.append((name, low, high, step, log))
        return low

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:
        self.asked.append((name, low, high, step, log))
        return low


def test_only_what_applies_is_chosen() -> None:
    trial = FirstValues()
    assert SPACE.suggest(trial) == {"views": 1, "method": "probe", "strength": 0.1}
    assert trial.asked == [("method", ("probe", "scratch")), ("strength", 0.1, 100.0, None, True)]
    other = FirstValues(method="scratch")
    assert SPACE.suggest(other) == {"views": 1, "method": "scratch", "epochs": 2}
    assert other.asked[1] == ("epochs", 2, 40, 1, False)


def test_the_values_of_a_trial_are_completed_by_the_fixed_ones() -> None:
    assert SPACE.complete({"method": "probe"}) == {"views": 1, "method": "probe"}


def test_a_whole_number_on_a_logarithmic_scale_has_steps_of_one() -> None:
    trial = FirstValues()
    Choice(name="batch", kind="int", low=4, high=512, log=True).suggest(trial)
    assert trial.asked == [("batch", 4, 512, 1, True)]


@pytest.mark.parametrize(
    ("choice", "value", "contained"),
    [
        (STRENGTH, 10.0, True),
        (STRENGTH, 1000.0, False),
        (STRENGTH, None, False),
        (METHOD, "probe", True),
        (METHOD, "finetune", False),
        (Choice(name="size", kind="int", low=96, high=192, step=32), 128, True),
        (Choice(name="size", kind="int", low=96, high=192, step=32), 130, False),
        (Choice(name="dropout", kind="float", low=0.0, high=0.5, step=0.1), 0.3, True),
        (Choice(name="views", kind="categorical", values=(1, 2)), True, False),
    ],
)
def test_a_choice_knows_its_values(choice: Choice, value: Any, contained: bool) -> None:
    assert choice.contains(value) is contained


def test_the_defaults_are_those_of_the_default_method() -> None:
    assert SPACE.defaults(SETTINGS) == {"method": "probe", "strength": 10.0}
    scratch = SearchSpace(name="test", fixed={"method": "scratch"}, choices=(EPOCHS,))
    assert scratch.defaults(SETTINGS) == {"epochs": 30}


def test_what_a_space_sets_to_another_value_than_train_is_known() -> None:
    fixed = {"method": "probe", "views": 2, "strength": 10.0, "size": 160, "backbone": "lite1"}
    space = SearchSpace(name="own", fixed=fixed, choices=())
    assert space.departures(SETTINGS) == {"size": 160, "backbone": "lite1"}


def test_a_default_outside_the_space_is_left_to_the_sampler() -> None:
    narrow = SearchSpace(name="test", fixed={}, choices=(Choice(name="strength", kind="float", low=0.1, high=1.0),))
    assert narrow.defaults(SETTINGS) == {}


def test_a_space_is_written_in_the_form_of_its_file() -> None:
    assert SPACE.to_json() == {
        "views": 1,
        "method": {"type": "categorical", "values": ["probe", "scratch"]},
        "epochs": {"type": "int", "low": 2, "high": 40, "when": {"method": ["scratch"]}},
        "strength": {"type": "float", "low": 0.1, "high": 100.0, "log": True, "when": {"method": ["probe"]}},
    }


def test_settings_of_a_trial_replace_those_of_the_study() -> None:
    values = {"views": 1, "size": 96, "fit": "pad", "strength": 3, "stage_scale": 0.5}
    found = SETTINGS.replaced(values)
    assert (found.preparing.views, found.preparing.size, found.preparing.fit) == (1, 96, "pad")
    assert (found.training.head.strength, found.training.head.stage_scale) == (3.0, 0.5)
    assert found.training.method.name == "probe"
    assert found.preparing.backbone == "lite0"
    trained = SETTINGS.replaced({"method": "scratch", "epochs": 3, "lr": 0.1})
    assert {"epochs": 3, "batch": 32, "lr": 0.1}.items() <= trained.training.method.resolved().items()


def test_the_path_of_a_backbone_becomes_absolute() -> None:
    assert SETTINGS.replaced({"backbone": "net.onnx"}).preparing.backbone.startswith("/")
    assert SETTINGS.replaced({"backbone": "lite1"}).preparing.backbone == "lite1"
