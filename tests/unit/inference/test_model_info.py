"""Model descriptions: one source for the model endpoint and `discern show`, whose keys are contracts."""

from pathlib import Path

import pytest

from discern.bundle import Model, Thresholds, load
from discern.flow.show import show
from discern.inference.model_info import describe_model, model_info
from tests.unit.bundle.factories import write_small

ENDPOINT = [
    "name", "version", "fingerprint", "labels", "ordered", "names", "thresholds", "policy", "metrics", "backbone",
    "recipe", "card", "models",
]  # fmt: skip
SHOW = [
    "path", "name", "version", "fingerprint", "labels", "ordered", "names", "metrics", "recipe", "backbone",
    "temperature", "thresholds", "policy", "unknown", "data", "config", "versions", "seen",
]  # fmt: skip


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    thresholds = Thresholds(unknown=0.6, accept=0.9, false_rejection=0.05, label_set=0.2)
    return write_small(tmp_path_factory.mktemp("bundle") / "model.discern", thresholds=thresholds)


@pytest.fixture(scope="module")
def model(bundle: Path) -> Model:
    return load(bundle)


def test_the_endpoints_keys(model: Model) -> None:
    described = describe_model("served", model, ["served", "other"])
    assert list(described) == ENDPOINT
    assert (described["name"], described["models"]) == ("served", ["served", "other"])
    assert described["thresholds"] == {"unknown": 0.6, "accept": 0.9, "set": 0.2}
    assert described["card"] == "# Card\n"


def test_the_commands_keys(bundle: Path) -> None:
    shown = show(bundle)
    assert list(shown) == SHOW
    assert shown["thresholds"] == {"unknown": 0.6, "accept": 0.9, "label_set": 0.2}


def test_both_state_the_same(bundle: Path, model: Model) -> None:
    described, shown, info = describe_model("colours", model, []), show(bundle), model_info(model)
    for key in set(ENDPOINT) & set(SHOW) - {"thresholds"}:
        assert described[key] == shown[key] == info[key]


def test_aliases_are_published_if_there_are_any(tmp_path: Path) -> None:
    aliases = {"red": ["0", "rot"]}
    model = load(write_small(tmp_path / "model.discern", data={"aliases": aliases}))
    assert describe_model("served", model, ["served"])["aliases"] == aliases
