"""Risk control: the error limit holds as often as stated, and the missing evidence is named."""

import json

import numpy as np
import pytest
from scipy import stats

from discern.bundle import Thresholds
from discern.errors import UsageError
from discern.heads.policy.risk_control import (
    RiskControl,
    allowed_errors,
    counts_to_test,
    fewest_groups,
    fit_risk_control,
)


def predictions(size: int, *, wrong: tuple[int, ...] = ()) -> tuple[np.ndarray, np.ndarray]:
    """Distinct descending confidences; predictions at the positions `wrong` are errors."""
    correct = np.ones(size, bool)
    correct[list(wrong)] = False
    return np.linspace(1, 0.5, size), correct


def share_violated(draw, true_risk, *, draws: int, risk: float) -> float:
    """Share of draws whose true risk above the threshold exceeds the limit."""
    random = np.random.default_rng(0)
    thresholds = [fit_risk_control(*draw(random), risk=risk).t_accept for _ in range(draws)]
    return float(np.mean([threshold is not None and true_risk(threshold) > risk for threshold in thresholds]))


def certain(random: np.random.Generator, size: int) -> np.ndarray:
    """Confidences of which none is below the floor."""
    return (1 + random.random(size)) / 2


def beyond_chance(draws: int) -> float:
    return 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)


@pytest.mark.parametrize(("risk", "groups"), [(0.02, 149), (0.05, 59), (0.01, 299), (0.5, 5)])
def test_the_fewest_groups_are_those_of_the_binomial_bound(risk: float, groups: int):
    assert fewest_groups(risk) == groups
    assert (1 - risk) ** groups <= 0.05 < (1 - risk) ** (groups - 1)


@pytest.mark.parametrize("wrong", [1, 2, 10, 57])
def test_the_fewest_groups_with_wrong_ones_just_pass(wrong: int):
    groups = fewest_groups(0.02, wrong=wrong)
    assert stats.binom.cdf(wrong, groups, 0.02) <= 0.05 < stats.binom.cdf(wrong, groups - 1, 0.02)


@pytest.mark.parametrize("risk", [1e-6, 0.001, 0.02, 0.05, 1 / 3, 0.5, 0.9, 0.999])
def test_the_allowed_errors_are_those_of_the_binomial_quantile(risk: float):
    groups = [*range(1, 40), 59, 149, 150, 999, 20_000, 1_000_003]
    expected = stats.binom.ppf(0.05, groups, risk) - 1
    assert [allowed_errors(each, risk) for each in groups] == expected.tolist()
    assert allowed_errors(0, risk) == -1


@pytest.mark.parametrize("risk", [0.001, 0.05, 0.9])
def test_enough_groups_are_no_more_than_poissons_bound(risk: float):
    for wrong in (0, 1, 5, 100, 3000):
        bound = stats.chi2.ppf(0.95, 2 * wrong + 2) / 2
        assert wrong < fewest_groups(risk, wrong=wrong) <= np.ceil(bound / risk) + 1


def test_one_group_too_few_accepts_nothing_and_states_how_many_are_needed():
    control = fit_risk_control(*predictions(148))
    assert control.t_accept is None
    assert (control.needed, control.groups, control.share, control.high) == (1, 148, 0.0, None)
    assert "148 independent groups" in control.sentence
    assert "at least 1 more" in control.sentence


def test_just_enough_groups_without_an_error_accept_everything():
    control = fit_risk_control(*predictions(149))
    assert (control.t_accept, control.share, control.needed) == (0.5, 1.0, None)
    assert control.high == pytest.approx(1 - 0.05 ** (1 / 149))


def test_the_bound_is_clopper_and_pearsons():
    control = fit_risk_control(*predictions(1000, wrong=(600, 700, 999)))
    assert (control.wrong, control.groups) == (3, 1000)
    assert control.high == pytest.approx(stats.binomtest(3, 1000).proportion_ci(0.9, "exact").high)


def test_the_first_failure_ends_the_tests():
    # Three errors among the 236 most confident are too many, though three among all 1000 are few.
    early = fit_risk_control(*predictions(1000, wrong=(200, 210, 220)), risk=0.02)
    assert early.t_accept is None
    late = fit_risk_control(*predictions(1000, wrong=(500, 510, 520)), risk=0.02)
    assert late.t_accept == 0.5


def test_errors_at_low_confidence_are_not_accepted():
    confidence, correct = predictions(1000, wrong=tuple(range(600, 1000, 2)))
    control = fit_risk_control(confidence, correct)
    assert 0.5 < control.share <= 0.62
    accepted = confidence >= control.t_accept
    assert accepted.sum() == control.groups
    assert control.picture_error == pytest.approx(np.mean(~correct[accepted]))


def test_the_bundle_accepts_the_same_predictions():
    confidence, correct = predictions(500, wrong=tuple(range(400, 500)))
    control = fit_risk_control(confidence.astype(np.float32), correct)
    thresholds = Thresholds(accept=json.loads(json.dumps(control.t_accept)))
    decisions = [thresholds.decide(float(each), 0.0) for each in confidence.astype(np.float32)]
    assert decisions.count("accept") == control.groups


def test_errors_at_the_highest_confidence_accept_nothing():
    control = fit_risk_control(*predictions(400, wrong=(0, 1)))
    assert control.t_accept is None
    assert (control.groups, control.wrong) == (149, 2)
    assert control.needed == np.ceil((fewest_groups(0.02, wrong=2) - 149) * 400 / 149)
    assert "of the 149 most confident independent groups 2 had an error" in control.sentence


@pytest.mark.parametrize(
    ("size", "wrong", "text"), [(40, 4, "4 of the 40 independent groups"), (400, 20, "most confident")]
)
def test_errors_above_the_limit_call_for_no_number_of_groups(size, wrong, text):
    control = fit_risk_control(*predictions(size, wrong=tuple(range(wrong))))
    sentence = control.sentence
    assert text in sentence
    assert sentence.endswith("had an error, more than 2 %.")
    assert "needed" not in sentence
    assert control.to_json()["needed"] is None


def test_what_is_needed_is_enough():
    short = fit_risk_control(*predictions(100))
    assert fit_risk_control(*predictions(100 + short.needed)).t_accept is not None
    assert fit_risk_control(*predictions(100 + short.needed - 1)).t_accept is None


def test_a_group_counts_once_and_as_wrong_if_one_picture_is():
    confidence, correct = predictions(200)
    group = np.full(300, 40)
    groups = np.concatenate([np.arange(200), group])
    all_confidence = np.concatenate([confidence, confidence[group]])
    all_correct = np.concatenate([correct, np.ones(300, bool)])
    assert fit_risk_control(all_confidence, all_correct, groups=groups).groups == 200
    all_correct[350] = False
    assert fit_risk_control(all_confidence, all_correct, groups=groups).t_accept is None


def test_an_error_in_a_group_counts_only_if_it_is_accepted():
    confidence, correct = predictions(400)
    groups = np.arange(401) % 400
    control = fit_risk_control(np.append(confidence, 0.55), np.append(correct, False), groups=groups, risk=0.05)
    assert (control.curve.wrong[control.curve.t_accept > 0.55] == 0).all()
    assert control.curve.wrong[-1] == 1


def test_unknown_pictures_are_not_accepted_and_lower_the_share():
    confidence, correct = predictions(400, wrong=tuple(range(0, 400, 2)))
    control = fit_risk_control(confidence, correct, known=correct)
    assert (control.t_accept, control.share, control.groups) == (0.5, 0.5, 200)


def test_weights_count_in_shares_of_pictures_and_not_in_groups():
    confidence, correct = predictions(400, wrong=(399,))
    weights = np.where(np.arange(400) == 399, 101.0, 1.0)
    control = fit_risk_control(confidence, correct, weights=weights, risk=0.25)
    assert (control.groups, control.wrong) == (400, 1)
    assert control.picture_error == pytest.approx(101 / 500)
    without = fit_risk_control(confidence, correct, weights=np.where(correct, 1.0, 0.0))
    assert (without.groups, without.wrong) == (399, 0)


def with_wrong_films(films: int, frames: int, singles: int = 598) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Correct single pictures, and equally confident films of which every frame is wrong."""
    group = np.concatenate([np.arange(singles), singles + np.repeat(np.arange(films), frames)])
    return np.full(len(group), 0.9), group < singles, group


def test_few_wrong_groups_with_many_wrong_pictures_accept_nothing():
    confidence, correct, groups = with_wrong_films(12, 24)
    control = fit_risk_control(confidence, correct, groups=groups, risk=0.05)
    assert control.t_accept is None
    assert (control.groups, control.wrong) == (610, 12)
    assert control.picture_error == pytest.approx(288 / 886)
    assert "32.5 % of the accepted pictures would be wrong, more than 5 %" in control.sentence
    plain = control.to_json()
    assert (control.needed > 1, plain["needed"], plain["error"]) == (True, None, None)
    frames = fit_risk_control(*with_wrong_films(12, 2)[:2], groups=with_wrong_films(12, 2)[2], risk=0.05)
    assert (frames.t_accept, frames.wrong) == (0.5, 12)


def test_a_threshold_above_the_wrong_pictures_is_chosen():
    confidence, correct, groups = with_wrong_films(12, 24)
    confidence = np.where(correct, np.linspace(1, 0.8, len(correct)), 0.7)
    control = fit_risk_control(confidence, correct, groups=groups, risk=0.05)
    assert 0.7 < control.t_accept < 0.88
    assert (control.wrong, control.picture_error) == (0, 0.0)


def test_no_prediction_below_one_half_is_accepted():
    confidence = np.linspace(1, 0.1, 900)
    control = fit_risk_control(confidence, np.ones(900, bool))
    assert control.t_accept == control.floor == 0.5
    assert control.share == pytest.approx(np.mean(confidence >= 0.5))
    nothing = fit_risk_control(confidence / 2 - 1e-9, np.ones(900, bool))
    assert (nothing.t_accept, nothing.groups, nothing.needed) == (None, 0, 149)


def test_the_threshold_is_never_below_the_floor():
    confidence, correct = predictions(1000)
    control = fit_risk_control(confidence, correct, floor=0.8)
    assert control.t_accept >= control.floor == 0.8
    assert control.share == pytest.approx(np.mean(confidence >= control.t_accept))
    assert 0.35 < control.share <= 0.401
    few = fit_risk_control(confidence, correct, floor=0.96)
    assert (few.t_accept, few.groups) == (None, 80)
    assert "80 independent groups of pictures with a confidence of 96 % or more are too few" in few.sentence


def test_a_floor_between_two_predictions_accepts_those_above():
    confidence = np.repeat([0.9, 0.6], [300, 300])
    control = fit_risk_control(confidence, np.ones(600, bool), floor=0.75)
    assert (control.t_accept, control.groups) == (0.75, 300)


def test_equal_confidences_are_accepted_together():
    confidence = np.repeat([1.0, 0.8], [300, 300])
    control = fit_risk_control(confidence, confidence > 0.9)
    assert (control.groups, control.wrong) == (300, 0)
    assert 0.8 < control.t_accept <= 1.0
    assert fit_risk_control(np.ones(600), np.arange(600) % 2 == 0).t_accept is None


@pytest.mark.parametrize("groups", [149, 160, 745, 1000, 12_345, 90_000])
def test_the_tested_counts_are_few_ascending_and_end_with_all(groups: int):
    counts = counts_to_test(groups, 0.02)
    assert len(counts) <= 41
    assert list(counts) == sorted(set(counts))
    assert counts[-1] == groups
    assert max(149, 0.2 * groups) <= counts[0] <= max(149, 0.2 * groups + 100)


def test_the_tested_thresholds_do_not_depend_on_the_errors():
    confidence, correct = predictions(900, wrong=tuple(range(300, 900, 3)))
    first, other = fit_risk_control(confidence, correct), fit_risk_control(confidence, ~correct)
    assert np.array_equal(first.curve.t_accept, other.curve.t_accept)
    assert np.array_equal(first.curve.share, other.curve.share)


def test_the_curve_has_the_rates_of_each_threshold():
    random = np.random.default_rng(0)
    confidence, groups = random.random(500), random.integers(0, 300, 500)
    correct = random.random(500) < confidence
    curve = fit_risk_control(confidence, correct, groups=groups).curve
    assert curve.share[-1] == pytest.approx(1.0)
    for place in (0, 10, len(curve.t_accept) - 1):
        accepted = confidence >= curve.t_accept[place]
        assert curve.share[place] == pytest.approx(accepted.mean())
        assert curve.picture_error[place] == pytest.approx(np.mean(~correct[accepted]))
        assert curve.groups[place] == len(np.unique(groups[accepted]))
        assert curve.wrong[place] == len(np.unique(groups[accepted & ~correct]))
        assert curve.error[place] <= curve.high[place]


def test_the_order_of_the_pictures_does_not_matter():
    random = np.random.default_rng(3)
    confidence, groups = random.random(600).round(2), random.integers(0, 400, 600)
    correct = random.random(600) < 0.9 + 0.1 * confidence
    shuffled = random.permutation(600)
    first = fit_risk_control(confidence, correct, groups=groups, risk=0.1)
    again = fit_risk_control(confidence[shuffled], correct[shuffled], groups=groups[shuffled], risk=0.1)
    assert again.to_json() == first.to_json()
    assert again.t_accept == first.t_accept


def reached(**options) -> RiskControl:
    return fit_risk_control(*predictions(300, wrong=(299,)), **options)


def test_the_sentence_states_the_basis():
    assert reached().sentence == (
        "Of independent groups with accepted predictions for known classes, at most 2 % have an error at 95 % "
        "confidence (1 of 300 had one, and 0.3 % of their pictures were wrong)."
    )
    estimated = reached(basis="cross-fitted").sentence
    assert "an estimated 2 % or fewer have an error" in estimated
    assert "confidence" not in estimated
    assert "at most 2.5 %" in reached(risk=0.025).sentence


def test_the_json_keys():
    control = reached()
    plain = json.loads(json.dumps(control.to_json(), allow_nan=False))
    assert list(plain) == ["sentence", "basis", "share", "error", "needed", "risk", "floor"]
    assert plain["error"] == {"value": 1 / 300, "high": control.high}
    assert (plain["basis"], plain["share"], plain["needed"]) == ("held-out", 1.0, None)
    assert (plain["risk"], plain["floor"]) == (0.02, 0.5)
    nothing = fit_risk_control(*predictions(10)).to_json()
    assert (nothing["error"], nothing["share"], nothing["needed"]) == (None, 0.0, 139)
    assert nothing["risk"] is None


def test_without_pictures_nothing_is_accepted():
    control = fit_risk_control(np.zeros(0), np.zeros(0, bool))
    assert (control.t_accept, control.needed, len(control.curve.share)) == (None, 149, 0)
    unknown = fit_risk_control(*predictions(200), known=np.zeros(200, bool))
    assert (unknown.t_accept, unknown.needed) == (None, 149)


@pytest.mark.parametrize(
    "changed",
    [
        {"confidence": np.array([0.5, 1.5])},
        {"confidence": np.array([0.5, np.nan])},
        {"confidence": np.ones((2, 2))},
        {"correct": np.ones(3, bool)},
        {"groups": np.arange(3)},
        {"known": np.ones(1, bool)},
        {"weights": np.array([1.0, -1.0])},
        {"weights": np.array([1.0, np.inf])},
        {"risk": 0.0},
        {"risk": 1.0},
    ],
)
def test_invalid_arguments_are_rejected(changed: dict):
    arguments = {"confidence": np.ones(2), "correct": np.ones(2, bool)} | changed
    with pytest.raises(UsageError):
        fit_risk_control(**arguments)


def test_a_constant_risk_just_above_the_limit_passes_once_in_twenty():
    draws = 2000
    violated = share_violated(lambda random: (certain(random, 160), random.random(160) > 0.0201), lambda _: 0.0201,
                          draws=draws, risk=0.02)  # fmt: skip
    assert 0.035 <= violated <= beyond_chance(draws)


@pytest.mark.parametrize("decimals", [8, 2])
def test_a_risk_that_falls_with_confidence_is_accepted_up_to_the_limit(decimals: int):
    def draw(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        confidence = certain(random, 300).round(decimals)
        return confidence, random.random(300) > 0.3 * (1 - confidence)

    draws = 1500
    assert share_violated(draw, lambda t: 0.3 * (1 - t) / 2, draws=draws, risk=0.05) <= beyond_chance(draws)


def test_groups_with_common_errors_count_once():
    def draw(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        group = np.repeat(np.arange(80), random.integers(1, 9, 80))
        return certain(random, len(group)), (random.random(80) > 0.051)[group], group

    random, draws = np.random.default_rng(1), 1500
    accepted = 0
    for _ in range(draws):
        confidence, correct, group = draw(random)
        accepted += fit_risk_control(confidence, correct, groups=group, risk=0.05).t_accept is not None
    assert accepted / draws <= beyond_chance(draws)
