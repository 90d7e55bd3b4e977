"""The reference has one picture of each group, with predictions and distances by what never saw that picture."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from discern.bundle import load
from discern.bundle.reference_pictures import SIGNALS, ReferencePictures, project, restore_units
from discern.picture import load_input
from discern.picture.statistics import measure_statistics
from discern.splitting import Split, SplitConfig, make_split
from discern.training import Provenance, TrainConfig, TrainingData, choose_policy, compute_metrics, make_reference, pack
from discern.training.methods import FitResult
from tests.unit.training.factories import fit_probe, load_data, write_colours


class Fitted:
    """A fitted probe with the reference of its held-out pictures."""

    def __init__(self, folder: Path, *, has_test: bool = False) -> None:
        self.cache = folder / "cache"
        self.config = TrainConfig(seed=1, split=SplitConfig(seed=1), at_most_wrong=None)
        source = write_colours(folder / "data", each=20, spread=45, part="train" if has_test else "")
        if has_test:
            write_colours(source, each=10, spread=45, seed=5, part="test")
        self.data, groups = load_data(source, self.cache)
        self.split: Split = make_split(self.data.catalog, groups, self.config.split)
        self.result = fit_probe(self.data, self.split, self.config)
        self.reference = self.make()
        contents, _ = self.data.catalog.hashes()
        prefix = {bytes.fromhex(each[:16]): row for row, each in enumerate(contents)}
        self.rows = np.array([prefix[each.tobytes()] for each in self.reference.content])

    def make(self, **changes: Any) -> ReferencePictures:
        given: dict[str, Any] = {"data": self.data, "split": self.split, "result": self.result, "seed": 1} | changes
        found = make_reference(
            given["data"], given["split"], given["result"], seed=given["seed"], cache=changes.get("cache", self.cache)
        )
        assert found is not None
        return found


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    return Fitted(tmp_path_factory.mktemp("fitted"))


def test_signals_are_those_of_the_held_out_predictions(fitted: Fitted) -> None:
    held_out, reference = fitted.result.held_out, fitted.reference
    place = {row: at for at, row in enumerate(held_out.rows.tolist())}
    at = np.array([place[row] for row in fitted.rows])
    assert reference.signals[:, 0].tolist() == held_out.unknown_score[at].astype(np.float32).tolist()
    assert reference.signals[:, 1] == pytest.approx(held_out.probabilities[at].max(axis=1))
    assert reference.label.tolist() == held_out.probabilities[at].argmax(axis=1).tolist()
    truth = fitted.data.catalog.label_index[fitted.rows]
    assert reference.is_right.tolist() == (reference.label == truth).tolist()
    assert reference.accuracy == np.mean(reference.is_right)
    assert reference.signals[:, SIGNALS.index("size")].tolist() == [40.0] * len(reference)


def test_brightness_and_sharpness_are_those_of_the_input(fitted: Fitted) -> None:
    row = int(fitted.rows[3])
    measured = measure_statistics([load_input(fitted.data.catalog.read_one(row), fitted.data.recipe)])[0]
    assert fitted.reference.signals[3, 3:5] == pytest.approx([measured.brightness, measured.sharpness])


def test_a_group_has_one_picture(fitted: Fitted) -> None:
    group = np.arange(len(fitted.data.catalog)) // 4
    split = replace(fitted.split, group=group)
    reference = fitted.make(split=split)
    assert len(reference) == len(np.unique(group)) < len(fitted.reference)
    assert len(fitted.reference) == len(np.unique(fitted.split.group[fitted.result.held_out.rows]))


def test_the_distance_leaves_out_the_group_of_the_picture(fitted: Fitted) -> None:
    data, reference = fitted.data, fitted.reference
    embedded = project(np.asarray(data.features), 64)
    label = data.catalog.label_index
    for at in range(5):
        row, predicted = int(fitted.rows[at]), int(reference.label[at])
        others = (label == predicted) & (fitted.split.group != fitted.split.group[row])
        centre = embedded[data.position[others]].mean(axis=0)
        distance = 1 - embedded[data.position[row]] @ centre / np.linalg.norm(centre)
        assert reference.signals[at, 2] == pytest.approx(distance, abs=2e-3)
        assert restore_units(reference.projected)[at] == pytest.approx(embedded[data.position[row]], abs=0.01)
    means = np.stack([embedded[data.position[label == each]].mean(axis=0) for each in range(3)])
    assert reference.centres == pytest.approx(means / np.linalg.norm(means, axis=1, keepdims=True), abs=2e-3)


def test_the_spread_is_the_median_distance_within_classes(fitted: Fitted) -> None:
    features = np.asarray(fitted.data.features, dtype=np.float64)[fitted.data.position]
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    label = fitted.data.catalog.label_index
    pairs = (label[:, None] == label) & ~np.eye(len(label), dtype=bool)
    assert fitted.reference.spread == pytest.approx(float(np.median((1 - unit @ unit.T)[pairs])), rel=0.25)


def test_the_same_seed_gives_the_same_bytes_and_nothing_is_decoded_twice(
    fitted: Fitted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert fitted.make(cache=tmp_path).to_bytes() == fitted.reference.to_bytes()
    monkeypatch.setattr("discern.training.held_out_reference.load_input", None)
    assert fitted.make().to_bytes() == fitted.reference.to_bytes()
    assert fitted.make(seed=2).content.tolist() != fitted.reference.content.tolist()


def test_pictures_that_are_kept_are_not_decoded(
    fitted: Fitted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    contents, _ = fitted.data.catalog.hashes()
    inputs = {
        content: load_input(fitted.data.catalog.read_one(row), fitted.data.recipe)
        for row, content in enumerate(contents)
    }
    monkeypatch.setattr("discern.training.held_out_reference.load_input", None)
    again = fitted.make(data=replace(fitted.data, inputs=inputs), cache=tmp_path)
    assert again.to_bytes() == fitted.reference.to_bytes()


def test_pictures_of_a_test_part_come_first_and_others_fill_up(tmp_path: Path) -> None:
    fitted = Fitted(tmp_path, has_test=True)
    test = np.flatnonzero(fitted.split.test)
    assert fitted.split.method == "test-part"
    assert set(fitted.rows[: len(test)]) == set(test)
    assert len(fitted.rows) > len(test)


def trained_network(data: TrainingData, result: FitResult) -> FitResult:
    """Return a result as of a method that trained the network."""
    return replace(result, backbone=data.backbone)


def test_embeddings_of_a_trained_network_come_from_its_graph_and_only_on_a_test_part(
    fitted: Fitted, tmp_path: Path
) -> None:
    crossed = fitted.make(result=trained_network(fitted.data, fitted.result))
    assert np.isnan(crossed.signals[:, 2]).all()
    assert (len(crossed.projected), len(crossed.centres)) == (0, 0)
    assert np.isnan(crossed.spread)
    assert np.isfinite(crossed.signals[:, :2]).all()
    assert ReferencePictures.from_bytes(crossed.to_bytes(), classes=3).to_bytes() == crossed.to_bytes()
    tested = Fitted(tmp_path, has_test=True)
    own = tested.make(result=trained_network(tested.data, tested.result))
    count = int(tested.split.test.sum())
    assert len(own) == count
    assert own.signals == pytest.approx(tested.reference.signals[:count], abs=1e-3)


def test_the_reference_is_part_of_the_bundle_and_its_embeddings_are_those_of_the_model(
    fitted: Fitted, tmp_path: Path
) -> None:
    data, result, config = fitted.data, fitted.result, fitted.config
    policy = choose_policy(data, fitted.split, result, config)
    metrics = compute_metrics(data, fitted.split, result, policy, config)
    provenance = Provenance(name="colours", versions={}, config=config, group=fitted.split.group)
    path = tmp_path / "model.discern"
    pack(path, data, result, policy, metrics, provenance=provenance, reference=fitted.reference)
    model = load(path)
    assert model.reference is not None
    assert model.reference.to_bytes() == fitted.reference.to_bytes()
    inputs = np.stack([load_input(data.catalog.read_one(int(row)), data.recipe) for row in fitted.rows[:8]])
    embedded = project(model.run(inputs)["embedding"], 64)
    assert restore_units(model.reference.projected[:8]) == pytest.approx(embedded, abs=0.01)
