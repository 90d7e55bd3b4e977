"""Packing: the bundle predicts as the fitted model did, and carries metrics, provenance and card."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from discern.bundle import Model, load
from discern.flow.run import versions
from discern.picture import load_input
from discern.splitting import Split, SplitConfig, make_split
from discern.training import Provenance, TrainConfig, TrainingData, choose_policy, compute_metrics, pack
from tests.unit.training.factories import fit_probe, load_data, write_colours


class Training:
    """A training with its metrics and its bundle."""

    def __init__(self, folder: Path) -> None:
        self.config = TrainConfig(seed=1, split=SplitConfig(seed=1), at_most_wrong=0.05)
        self.data, groups = load_data(write_colours(folder / "data", spread=45), folder / "cache")
        self.split: Split = make_split(self.data.catalog, groups, self.config.split)
        self.result = fit_probe(self.data, self.split, self.config)
        self.policy = choose_policy(self.data, self.split, self.result, self.config)
        self.metrics = compute_metrics(self.data, self.split, self.result, self.policy, self.config)
        self.path = folder / "model.discern"
        self.fingerprint = self.pack(self.path)

    def pack(self, path: Path) -> str:
        provenance = Provenance(
            name="colours", versions=versions(), config=self.config, faults={"blurred": 2}, group=self.split.group
        )
        return pack(path, self.data, self.result, self.policy, self.metrics, provenance=provenance)


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Training:
    return Training(tmp_path_factory.mktemp("training"))


@pytest.fixture(scope="module")
def model(training: Training) -> Model:
    return load(training.path)


def inputs(data: TrainingData) -> np.ndarray:
    rows = range(len(data.catalog.table))
    return np.stack([load_input(content, data.recipe) for _, content in data.catalog.read(list(rows))])


def test_the_bundle_predicts_as_the_head_does(training: Training, model: Model) -> None:
    outputs = model.run(inputs(training.data))
    features = training.data.rows(np.arange(36))
    head = training.result.head
    assert np.abs(outputs["probabilities"] - head.probabilities(features)).max() < 1e-5
    assert np.abs(outputs["unknown_score"] - head.unknown_score(features)).max() < 1e-4


def test_the_manifest_has_labels_thresholds_and_provenance(training: Training, model: Model) -> None:
    manifest = model.manifest
    assert manifest.labels == ("blue", "green", "red")
    assert manifest.thresholds.unknown == pytest.approx(training.result.head.t_unknown)
    assert manifest.thresholds.accept is None
    assert manifest.policy == training.policy.to_json()
    assert manifest.config["at_most_wrong"] == 0.05
    assert manifest.thresholds.label_set == training.metrics.conformal.threshold
    assert manifest.metrics["conformal"]["asked"] == 0.9
    assert manifest.data["fingerprint"] == training.data.catalog.fingerprint
    assert manifest.backbone["pretraining"] == "nothing"
    assert manifest.data["per_class"]["red"] == {"pictures": 12, "groups": 12}
    assert (manifest.data["groups"], manifest.data["formats"], manifest.data["faults"]) == (
        36,
        {"PNG": 36},
        {"blurred": 2},
    )


def test_nothing_is_accepted_with_too_few_groups(training: Training, model: Model) -> None:
    assert training.metrics.policy.needed == 59 - training.metrics.policy.groups
    decisions = {answer.decision for answer in model.answer(inputs(training.data))}
    assert decisions <= {"review", "unknown"}


def test_the_limit_that_was_found_is_a_number_for_earlier_versions(training: Training, tmp_path: Path) -> None:
    config = replace(training.config, at_most_wrong="auto")
    policy = choose_policy(training.data, training.split, training.result, config)
    path = tmp_path / "auto.discern"
    provenance = Provenance(name="colours", config=config, versions={}, group=training.split.group)
    pack(path, training.data, training.result, policy, training.metrics, provenance=provenance)
    manifest = load(path).manifest
    assert manifest.policy is not None
    assert (manifest.policy["asked"], manifest.config["at_most_wrong"]) == ("auto", manifest.policy["risk"])


def test_about_the_stated_share_is_called_unknown(training: Training) -> None:
    unknown = training.metrics.unknown
    assert unknown.false_rejection == unknown.rejection.value
    assert 0 <= unknown.rejection.low <= unknown.false_rejection <= unknown.rejection.high
    assert unknown.false_rejection < 0.3
    plain = training.metrics.for_bundle()["unknown"]
    assert plain["false_rejection_interval"] == unknown.rejection.to_json()


def test_seen_lists_every_training_picture(training: Training, model: Model) -> None:
    prefixes = {bytes(row).hex() for row in model.seen}
    contents = training.data.catalog.table["content"].to_list()
    assert prefixes == {content[:16] for content in contents}


def test_the_same_training_packs_to_the_same_bytes(training: Training, tmp_path: Path) -> None:
    assert training.pack(tmp_path / "again.discern") == training.fingerprint
    assert (tmp_path / "again.discern").read_bytes() == training.path.read_bytes()


def test_the_card_names_labels_method_and_policy(model: Model) -> None:
    for words in ("# colours", "blue, green, red", "grouped-cv", "pretrained on nothing", "Nothing is accepted"):
        assert words in model.card


def test_metrics_convert_to_complete_json(training: Training) -> None:
    metrics = json.loads(json.dumps(training.metrics.to_json(), allow_nan=False))
    assert set(metrics["accuracy"]) == {"leak_free", "naive", "given", "difference"}
    leak_free = metrics["accuracy"]["leak_free"]
    assert leak_free["low"] <= leak_free["value"] <= leak_free["high"]
    assert (leak_free["method"], leak_free["estimates"], leak_free["classes"]) == ("grouped-cv", "recipe", 3)
    assert {"value", "low", "high", "null95", "chance"} <= set(metrics["ece"])
    assert metrics["accuracy"]["difference"]["pictures"] == 36
    assert sum(metrics["split"]["pictures"].values()) == 36


def test_baselines_are_measured(training: Training) -> None:
    baselines = training.metrics.baselines
    assert baselines["mean_colour"].value > baselines["majority"].value


def test_the_bundle_carries_its_metrics(training: Training, model: Model) -> None:
    assert model.manifest.metrics["accuracy"] == training.metrics.accuracy.to_json()
    assert "confusion" not in json.dumps(model.manifest.metrics)


def test_it_passes_verification(model: Model) -> None:
    assert model.verify().passed
