"""Where the decision changes, and that pictures which set a threshold are not those that it is judged on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from discern.errors import UsageError
from discern.heads import Negatives
from discern.splitting import Split, make_split
from discern.training import FitResult, TrainConfig, TrainingData, choose_policy, compute_metrics, fit
from tests.unit.training.factories import see, write_colours

World = tuple[TrainingData, Split, FitResult]
CONFIG = TrainConfig(seed=3)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("deciding")
    material, groups = see(write_colours(folder / "data", each=30, spread=38), folder / "cache")
    split = make_split(material.catalog, groups, CONFIG.split)
    return material, split, fit(material, split, CONFIG)


def test_what_is_accepted_is_as_sure_as_the_threshold(world: World) -> None:
    material, split, learned = world
    decided = choose_policy(material, split, learned, CONFIG)
    assert decided.promise is not None
    t_accept = decided.thresholds.accept
    assert t_accept is not None
    honest = learned.honest
    accepted = (honest.probabilities.max(axis=1) >= t_accept) & (honest.unknown_score <= honest.t_unknown)
    assert accepted.mean() == pytest.approx(decided.promise.share)
    assert decided.promise.basis == "cross-fitted"
    assert "estimated" in decided.promise.sentence


def test_a_score_that_is_no_number_counts_as_turned_away(world: World) -> None:
    material, split, learned = world
    lost = np.full_like(learned.honest.unknown_score, np.nan)
    answered = replace(learned, honest=replace(learned.honest, unknown_score=lost))
    decided = choose_policy(material, split, answered, CONFIG)
    assert decided.thresholds.accept is None
    assert compute_metrics(material, split, answered, decided, CONFIG).unknown.false_rejection == 1


def test_a_stricter_promise_needs_more_groups_than_there_are(world: World) -> None:
    decided = choose_policy(*world, replace(CONFIG, at_most_wrong=0.01))
    policy = decided.policy()
    assert decided.thresholds.accept is None
    assert policy is not None
    assert policy["needed"] > 200
    assert policy["error"] is None


def test_what_was_not_asked_for_is_not_decided(world: World) -> None:
    decided = choose_policy(*world, replace(CONFIG, at_most_wrong=None, coverage=None))
    assert (decided.thresholds.accept, decided.thresholds.label_set) == (None, None)
    assert (decided.policy(), decided.sets) == (None, None)


def test_sets_hold_the_truth_about_as_often_as_asked(world: World) -> None:
    decided = choose_policy(*world, replace(CONFIG, coverage=0.8))
    assert decided.sets is not None
    assert decided.sets.coverage.value > 0.7
    assert decided.sets.size.value >= 1
    assert not decided.sets.guaranteed
    assert len(decided.sets.per_class) == 3


def test_wrong_answers_only_make_nothing_accepted(world: World) -> None:
    material, split, learned = world
    rolled = np.roll(learned.honest.probabilities, 1, axis=1)
    misled = replace(learned, honest=replace(learned.honest, probabilities=rolled))
    decided = choose_policy(material, split, misled, CONFIG)
    assert decided.thresholds.accept is None
    assert decided.sets is not None
    assert decided.sets.size.value > 1.5


def test_ordered_labels_are_judged_by_their_distance(world: World) -> None:
    material, split, learned = world
    ordered = replace(material, catalog=material.catalog.ordered(["green", "blue", "red"]))
    turned = learned.honest.probabilities[:, [1, 0, 2]]
    answered = replace(learned, honest=replace(learned.honest, probabilities=turned))
    policy = choose_policy(ordered, split, answered, CONFIG)
    metrics = compute_metrics(ordered, split, answered, policy, CONFIG).ordered
    assert metrics.labels == ("green", "blue", "red")
    assert metrics.constant == "blue"
    assert metrics.mae.value < metrics.constant_mae.value
    assert metrics.gain.low > 0


@pytest.mark.parametrize("wrong", [{"at_most_wrong": 0.0}, {"at_most_wrong": 1.5}, {"coverage": 1.0}])
def test_shares_outside_0_and_1_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        TrainConfig(**wrong)  # type: ignore[arg-type]


def test_a_small_test_part_is_helped_by_what_training_held_out(tmp_path: Path) -> None:
    write_colours(tmp_path / "data", part="train", each=30)
    write_colours(tmp_path / "data", part="test", each=6, seed=9)
    material, groups = see(tmp_path / "data", tmp_path / "cache")
    split = make_split(material.catalog, groups, CONFIG.split)
    learned = fit(material, split, CONFIG)
    assert split.method == "test-part"
    assert set(learned.chosen_by.rows) == set(learned.learned)
    promise = choose_policy(material, split, learned, replace(CONFIG, at_most_wrong=0.1)).promise
    assert promise is not None
    assert promise.basis == "cross-fitted"
    assert promise.groups > 18
    # What needs few groups is promised by the test part alone.
    alone = choose_policy(material, split, learned, replace(CONFIG, at_most_wrong=0.3)).promise
    assert alone is not None
    assert (alone.basis, alone.groups <= 18) == ("held-out", True)


@pytest.fixture(scope="module")
def gated(world: World) -> World:
    material, split, _ = world
    random = np.random.default_rng(4)
    features = random.uniform(0, 1, (60, material.features.shape[1])).astype(np.float32)
    others = replace(material, negatives=Negatives(features=features, groups=np.arange(60) // 2))
    return others, split, fit(others, split, CONFIG)


class TestGate:
    def test_how_they_were_told_is_measured(self, gated: World) -> None:
        material, split, learned = gated
        metrics = compute_metrics(material, split, learned, choose_policy(*gated, CONFIG), CONFIG).negatives
        assert (metrics.negatives, metrics.scored) == (60, 60)
        assert metrics.kept.value > 0.9
        assert metrics.rejected.value > 0.8
        assert metrics.auroc.value > 0.95
        assert metrics.accepted.value <= 1 - metrics.rejected.value

    def test_they_change_the_unknown_score_and_not_the_answers(self, world: World, gated: World) -> None:
        plain, tuned = world[2].final, gated[2].final
        np.testing.assert_array_equal(plain.head.bias, tuned.head.bias)
        assert plain.negative_excess is None
        assert tuned.chosen["unknown"]["score"] == "tuned by negatives"

    def test_without_negatives_there_is_no_gate(self, world: World) -> None:
        assert compute_metrics(*world, choose_policy(*world, CONFIG), CONFIG).negatives is None
