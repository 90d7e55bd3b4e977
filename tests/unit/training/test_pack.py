import json
from pathlib import Path

import numpy as np
import pytest

from discern.bundle import Model, load
from discern.flow.run import versions
from discern.picture import load_input
from discern.splitting import Split, SplitConfig, make_split
from discern.training import FitResult, Provenance, TrainConfig, TrainingData, choose_policy, compute_metrics, fit, pack
from tests.unit.training.factories import see, write_colours


class Story:
    """One training, measured and packed."""

    def __init__(self, folder: Path) -> None:
        self.config = TrainConfig(seed=1, split=SplitConfig(seed=1))
        self.material, groups = see(write_colours(folder / "data", spread=45), folder / "cache")
        self.split: Split = make_split(self.material.catalog, groups, self.config.split)
        self.learned: FitResult = fit(self.material, self.split, self.config)
        self.decided = choose_policy(self.material, self.split, self.learned, self.config)
        self.metrics = compute_metrics(self.material, self.split, self.learned, self.decided, self.config)
        self.path = folder / "model.discern"
        self.fingerprint = self.pack(self.path)

    def pack(self, path: Path) -> str:
        origin = Provenance(
            name="colours", versions=versions(), config=self.config, faults={"blurred": 2}, group=self.split.group
        )
        return pack(path, self.material, self.learned, self.decided, self.metrics, origin=origin)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return Story(tmp_path_factory.mktemp("story"))


@pytest.fixture(scope="module")
def model(story: Story) -> Model:
    return load(story.path)


def inputs(material: TrainingData) -> np.ndarray:
    rows = range(len(material.catalog.table))
    return np.stack([load_input(data, material.recipe) for _, data in material.catalog.read(list(rows))])


def test_the_bundle_answers_as_the_head_did(story: Story, model: Model) -> None:
    outputs = model.run(inputs(story.material))
    features = story.material.rows(np.arange(36))
    final = story.learned.final
    assert np.abs(outputs["probabilities"] - final.probabilities(features)).max() < 1e-5
    assert np.abs(outputs["unknown_score"] - final.unknown_score(features)).max() < 1e-4


def test_it_knows_its_labels_thresholds_and_origin(story: Story, model: Model) -> None:
    manifest = model.manifest
    assert manifest.labels == ("blue", "green", "red")
    assert manifest.thresholds.unknown == pytest.approx(story.learned.final.t_unknown)
    assert manifest.thresholds.accept is None
    assert manifest.policy == story.decided.policy()
    assert manifest.thresholds.label_set == story.metrics.conformal.threshold
    assert manifest.metrics["conformal"]["asked"] == 0.9
    assert manifest.data["fingerprint"] == story.material.catalog.fingerprint
    assert manifest.backbone["pretraining"] == "nothing"
    assert manifest.data["per_class"]["red"] == {"pictures": 12, "groups": 12}
    assert (manifest.data["groups"], manifest.data["formats"], manifest.data["faults"]) == (
        36,
        {"PNG": 36},
        {"blurred": 2},
    )


def test_nothing_is_accepted_where_too_few_groups_support_it(story: Story, model: Model) -> None:
    assert story.metrics.policy.needed == 59 - story.metrics.policy.groups
    decisions = {answer.decision for answer in model.answer(inputs(story.material))}
    assert decisions <= {"review", "unknown"}


def test_about_the_stated_share_is_turned_away(story: Story) -> None:
    assert 0 <= story.metrics.unknown.false_rejection < 0.3


def test_seen_lists_every_learned_picture(story: Story, model: Model) -> None:
    prefixes = {bytes(row).hex() for row in model.seen}
    contents = story.material.catalog.table["content"].to_list()
    assert prefixes == {content[:16] for content in contents}


def test_the_same_training_packs_to_the_same_bytes(story: Story, tmp_path: Path) -> None:
    assert story.pack(tmp_path / "again.discern") == story.fingerprint
    assert (tmp_path / "again.discern").read_bytes() == story.path.read_bytes()


def test_the_card_says_what_matters(model: Model) -> None:
    for words in ("# colours", "blue, green, red", "grouped-cv", "pretrained on nothing", "Nothing is accepted"):
        assert words in model.card


def test_the_metrics_are_json_and_complete(story: Story) -> None:
    metrics = json.loads(json.dumps(story.metrics.to_json(), allow_nan=False))
    assert set(metrics["accuracy"]) == {"leak_free", "naive", "given", "difference"}
    leak_free = metrics["accuracy"]["leak_free"]
    assert leak_free["low"] <= leak_free["value"] <= leak_free["high"]
    assert (leak_free["method"], leak_free["estimates"], leak_free["classes"]) == ("grouped-cv", "recipe", 3)
    assert {"value", "low", "high", "null95"} <= set(metrics["ece"])
    assert metrics["accuracy"]["difference"]["pictures"] == 36
    assert sum(metrics["split"]["pictures"].values()) == 36


def test_the_rivals_stand_beside_it(story: Story) -> None:
    rivals = story.metrics.baselines
    assert rivals["mean_colour"].value > rivals["majority"].value


def test_the_bundle_carries_its_figures(story: Story, model: Model) -> None:
    assert model.manifest.metrics["accuracy"] == story.metrics.accuracy.to_json()
    assert "confusion" not in json.dumps(model.manifest.metrics)


def test_it_verifies(model: Model) -> None:
    assert model.verify().passed
