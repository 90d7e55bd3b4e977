"""The accept policy: thresholds from held-out predictions, and metrics that no tuned picture contributes to."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from discern.errors import UsageError
from discern.heads import Negatives
from discern.splitting import Split, make_split
from discern.training import TrainConfig, TrainingData, choose_policy, compute_metrics
from discern.training.methods import ProbeResult
from tests.unit.training.factories import fit_probe, load_data, write_colours

Fitted = tuple[TrainingData, Split, ProbeResult]
CONFIG = TrainConfig(seed=3)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    folder = tmp_path_factory.mktemp("fitted")
    data, groups = load_data(write_colours(folder / "data", each=30, spread=38), folder / "cache")
    split = make_split(data.catalog, groups, CONFIG.split)
    return data, split, fit_probe(data, split, CONFIG)


def test_accepted_predictions_reach_the_threshold(fitted: Fitted) -> None:
    data, split, result = fitted
    policy = choose_policy(data, split, result, CONFIG)
    assert policy.risk_control is not None
    t_accept = policy.thresholds.accept
    assert t_accept is not None
    held_out = result.held_out
    accepted = (held_out.probabilities.max(axis=1) >= t_accept) & (held_out.unknown_score <= held_out.t_unknown)
    assert accepted.mean() == pytest.approx(policy.risk_control.share)
    assert policy.risk_control.basis == "cross-fitted"
    assert "estimated" in policy.risk_control.sentence


def test_the_strictest_limit_that_holds_is_found(fitted: Fitted) -> None:
    policy = choose_policy(*fitted, CONFIG)
    plain = policy.to_json()
    assert plain is not None
    assert (plain["asked"], plain["risk"], plain["offered"]) == ("auto", 0.05, None)
    assert policy.thresholds.accept >= plain["floor"] >= 0.5
    stated = choose_policy(*fitted, replace(CONFIG, at_most_wrong=0.05)).to_json()
    assert stated is not None
    assert {**stated, "asked": "auto"} == plain


def test_a_looser_limit_is_offered_where_the_stated_one_does_not_hold(fitted: Fitted) -> None:
    policy = choose_policy(*fitted, replace(CONFIG, at_most_wrong=0.01))
    plain = policy.to_json()
    assert plain is not None
    assert (policy.thresholds.accept, plain["risk"], plain["asked"], plain["share"]) == (None, None, 0.01, 0.0)
    offered = plain["offered"]
    again = choose_policy(*fitted, replace(CONFIG, at_most_wrong=offered["risk"])).to_json()
    assert again is not None
    assert {name: again[name] for name in ("risk", "share", "sentence")} == {
        name: offered[name] for name in ("risk", "share", "sentence")
    }
    assert offered["command"] == "discern train SOURCE --at-most-wrong 5%"
    assert offered["share"] > 0.2
    assert compute_metrics(*fitted, policy, CONFIG).policy.summary() == plain


def test_nothing_is_offered_where_no_looser_limit_holds(fitted: Fitted) -> None:
    data, split, result = fitted
    rolled = np.roll(result.held_out.probabilities, 1, axis=1)
    wrong = replace(result, held_out=replace(result.held_out, probabilities=rolled))
    plain = choose_policy(data, split, wrong, replace(CONFIG, at_most_wrong=0.05)).to_json()
    assert plain is not None
    assert (plain["offered"], plain["risk"]) == (None, None)
    found = choose_policy(data, split, wrong, CONFIG)
    assert found.to_json()["risk"] is None
    assert found.risk_control.risk == 0.2


def test_no_prediction_where_many_are_wrong_is_accepted(fitted: Fitted) -> None:
    # All below 0.9 are wrong, so few that the error limit holds with them.
    data, split, result = fitted
    truth = data.catalog.label_index[result.held_out.rows]
    doubtful = np.arange(len(truth)) % 30 == 0
    certain = np.where(np.eye(3)[truth] > 0, 0.98, 0.01)
    shifted = np.where(np.eye(3)[(truth + 1) % 3] > 0, 0.72, 0.14)
    probabilities = np.where(doubtful[:, None], shifted, certain).astype(np.float32)
    changed = replace(result, held_out=replace(result.held_out, probabilities=probabilities))
    policy = choose_policy(data, split, changed, replace(CONFIG, at_most_wrong=0.15))
    assert policy.risk_control is not None
    assert policy.risk_control.curve.high[-1] <= 0.15
    assert policy.thresholds.accept == policy.risk_control.floor == 0.75
    assert policy.risk_control.picture_error == 0


def test_an_undefined_unknown_score_counts_as_unknown(fitted: Fitted) -> None:
    data, split, result = fitted
    undefined = np.full_like(result.held_out.unknown_score, np.nan)
    changed = replace(result, held_out=replace(result.held_out, unknown_score=undefined))
    policy = choose_policy(data, split, changed, CONFIG)
    assert policy.thresholds.accept is None
    assert compute_metrics(data, split, changed, policy, CONFIG).unknown.false_rejection == 1


def test_a_low_error_limit_needs_more_groups_than_there_are(fitted: Fitted) -> None:
    policy = choose_policy(*fitted, replace(CONFIG, at_most_wrong=0.01))
    plain = policy.to_json()
    assert policy.thresholds.accept is None
    assert plain is not None
    assert plain["needed"] > 200
    assert plain["error"] is None


def test_without_error_limit_and_coverage_there_are_no_thresholds(fitted: Fitted) -> None:
    policy = choose_policy(*fitted, replace(CONFIG, at_most_wrong=None, coverage=None))
    assert (policy.thresholds.accept, policy.thresholds.label_set) == (None, None)
    assert (policy.to_json(), policy.conformal) == (None, None)


def test_sets_contain_the_truth_about_as_often_as_stated(fitted: Fitted) -> None:
    policy = choose_policy(*fitted, replace(CONFIG, coverage=0.8))
    assert policy.conformal is not None
    assert policy.conformal.coverage.value > 0.7
    assert policy.conformal.size.value >= 1
    assert not policy.conformal.guaranteed
    assert len(policy.conformal.per_class) == 3


def test_nothing_is_accepted_if_all_predictions_are_wrong(fitted: Fitted) -> None:
    data, split, result = fitted
    rolled = np.roll(result.held_out.probabilities, 1, axis=1)
    wrong = replace(result, held_out=replace(result.held_out, probabilities=rolled))
    policy = choose_policy(data, split, wrong, CONFIG)
    assert policy.thresholds.accept is None
    assert policy.conformal is not None
    assert policy.conformal.size.value > 1.5


def test_ordered_labels_are_evaluated_by_their_distance(fitted: Fitted) -> None:
    data, split, result = fitted
    ordered = replace(data, catalog=data.catalog.ordered(["green", "blue", "red"]))
    permuted = result.held_out.probabilities[:, [1, 0, 2]]
    changed = replace(result, held_out=replace(result.held_out, probabilities=permuted))
    policy = choose_policy(ordered, split, changed, CONFIG)
    metrics = compute_metrics(ordered, split, changed, policy, CONFIG).ordered
    assert metrics.labels == ("green", "blue", "red")
    assert metrics.constant == "blue"
    assert metrics.mae.value < metrics.constant_mae.value
    assert metrics.gain.low > 0


@pytest.mark.parametrize(
    "invalid",
    [{"at_most_wrong": 0.0}, {"at_most_wrong": 1.5}, {"at_most_wrong": "5%"}, {"coverage": 1.0}, {"coverage": "auto"}],
)
def test_shares_outside_0_and_1_are_refused(invalid: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        TrainConfig(**invalid)  # type: ignore[arg-type]


def test_a_small_test_part_is_joined_by_out_of_fold_predictions(tmp_path: Path) -> None:
    write_colours(tmp_path / "data", part="train", each=30)
    write_colours(tmp_path / "data", part="test", each=6, seed=9)
    data, groups = load_data(tmp_path / "data", tmp_path / "cache")
    split = make_split(data.catalog, groups, CONFIG.split)
    result = fit_probe(data, split, CONFIG)
    assert split.method == "test-part"
    assert set(result.out_of_fold.rows) == set(result.train_rows)
    control = choose_policy(data, split, result, replace(CONFIG, at_most_wrong=0.1)).risk_control
    assert control is not None
    assert control.basis == "cross-fitted"
    assert control.groups > 18
    # A high error limit needs few groups: the test part is enough.
    alone = choose_policy(data, split, result, replace(CONFIG, at_most_wrong=0.3)).risk_control
    assert alone is not None
    assert (alone.basis, alone.groups <= 18) == ("held-out", True)
    # The test part alone proves 20 %, and all predictions together a stricter limit.
    found = choose_policy(data, split, result, CONFIG).risk_control
    assert found is not None
    assert (found.basis, found.risk) == ("cross-fitted", 0.05)


@pytest.fixture(scope="module")
def with_negatives(fitted: Fitted) -> Fitted:
    data, split, _ = fitted
    random = np.random.default_rng(4)
    features = random.uniform(0, 1, (60, data.features.shape[1])).astype(np.float32)
    data = replace(data, negatives=Negatives(features=features, groups=np.arange(60) // 2))
    return data, split, fit_probe(data, split, CONFIG)


class TestNegatives:
    def test_their_detection_is_measured(self, with_negatives: Fitted) -> None:
        data, split, result = with_negatives
        metrics = compute_metrics(data, split, result, choose_policy(*with_negatives, CONFIG), CONFIG).negatives
        assert (metrics.negatives, metrics.scored) == (60, 60)
        assert metrics.kept.value > 0.9
        assert metrics.rejected.value > 0.8
        assert metrics.auroc.value > 0.95
        assert metrics.accepted.value <= 1 - metrics.rejected.value

    def test_they_change_the_unknown_score_and_not_the_probabilities(
        self, fitted: Fitted, with_negatives: Fitted
    ) -> None:
        plain, tuned = fitted[2], with_negatives[2]
        np.testing.assert_array_equal(plain.head.head.bias, tuned.head.head.bias)
        assert plain.negatives is None
        assert tuned.description["unknown"]["score"] == "tuned by negatives"

    def test_without_them_there_are_no_metrics(self, fitted: Fitted) -> None:
        assert compute_metrics(*fitted, choose_policy(*fitted, CONFIG), CONFIG).negatives is None


def test_a_condition_is_stated_wherever_predictions_are_accepted(fitted: Fitted) -> None:
    condition = "This was earned on look-alikes."
    policy = replace(choose_policy(*fitted, CONFIG), condition=condition)
    plain = policy.to_json()
    assert plain is not None
    assert plain["sentence"].endswith(condition)
    metrics = compute_metrics(*fitted, policy, CONFIG)
    assert metrics.policy is not None
    assert metrics.policy.sentence == plain["sentence"]
    strict = replace(choose_policy(*fitted, replace(CONFIG, at_most_wrong=0.01)), condition=condition)
    assert strict.sentence is not None
    assert condition not in strict.sentence  # nothing is accepted
    assert strict.offered is not None
    assert strict.offered["sentence"].endswith(condition)
