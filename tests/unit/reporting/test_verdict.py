"""Verdict and notes: they state what was measured, and no more."""

import pytest

from discern.evaluating import Metrics
from discern.reporting.verdict import equal_baselines, notes, sentences
from tests.unit.reporting.factories import classification_json


def interval(value, low=None, high=None, **more) -> dict:
    return {"value": value, "low": low, "high": high, **more}


def metrics(**changes) -> dict:
    accuracy = {
        "leak_free": interval(0.9, 0.87, 0.93, estimates="recipe", classes=3),
        "naive": interval(0.95, 0.93, 0.97),
        "difference": interval(0.05, 0.03, 0.07),
    }
    return {"accuracy": accuracy | changes.pop("accuracy", {}), **changes}


def sentences_of(given: dict) -> list[str]:
    return [
        sentence.replace("\N{NO-BREAK SPACE}", " ").replace("\N{MINUS SIGN}", "-")
        for sentence in sentences(Metrics.from_json(given))
    ]


def titles(given: dict, run: dict | None = None, labels=("a", "b")) -> dict[str, bool]:
    return {note.title: note.warning for note in notes(Metrics.from_json(given), run or {}, labels)}


def test_three_sentences():
    policy = {"asked": 0.05, "t_accept": 0.9, "share": 0.678, "basis": "held-out"}
    first, second, third = sentences_of(metrics(policy=policy))
    assert "90.0 % of the time (95 % interval 87.0 to 93.0 %)" in first
    assert "reported 95.0 %: +5.0 points (95 % interval +3.0 to +7.0)" in second
    assert third == (
        "Of 100 pictures like these, 68 can be accepted without review: of independent groups among them, at most 5 % "
        "have an error. A person reviews the others."
    )
    found = sentences_of(metrics(policy=policy | {"auto": True, "asked": 0.1}))[2]
    assert found.startswith("The strictest error limit that holds is 10 %. Of 100 pictures")


@pytest.mark.parametrize(
    ("estimates", "subject"), [("bundle", "this classifier"), ("recipe", "a classifier trained this way")]
)
def test_the_subject_is_what_was_evaluated(estimates, subject):
    assert subject in sentences_of(metrics(accuracy={"leak_free": interval(0.9, 0.8, 0.95, estimates=estimates)}))[0]


def test_few_groups_have_no_interval():
    first, *_ = sentences_of(metrics(accuracy={"leak_free": interval(0.9, note="too few for an interval")}))
    assert "too few independent pictures" in first


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (interval(0.01, -0.01, 0.03), "may be chance"),
        (interval(-0.05, -0.08, -0.02), "leaks did not inflate the accuracy"),
        (interval(0.05, None, None), "too few groups"),
        (interval(0.05, 0.02, 0.08), "near-duplicates of training pictures"),
        (None, "reported 95.0 %."),
    ],
)
def test_a_difference_is_stated_only_if_significant(difference, words):
    assert words in sentences_of(metrics(accuracy={"difference": difference}))[1]


def test_a_difference_names_the_shared_pictures():
    for low, high in ((-0.04, 0.04), (0.01, 0.04), (-0.04, -0.01)):
        difference = interval(0.02, low, high, pictures=41)
        assert (
            "+2.0 points on the 41 pictures in both tests"
            in sentences_of(metrics(accuracy={"difference": difference}))[1]
        )


class TestClassesOfFewGroups:
    def given(self, classes: int = 3, estimates: str = "recipe", **changes) -> dict:
        leak_free = interval(0.79, 0.7, 0.86, estimates=estimates, classes=classes, few_groups={"x": 2, "y": 4})
        return metrics(accuracy={"leak_free": leak_free, **changes}, names={"x": {"name": "Apple"}})

    def test_their_accuracy_is_called_pessimistic(self):
        assert "pessimistic for 2 of 3 classes" in sentences_of(self.given())[0]
        assert "pessimistic for every class" in sentences_of(self.given(classes=2))[0]
        assert "pessimistic" not in "".join(sentences_of(metrics()))

    def test_the_difference_is_not_called_a_leak(self):
        second = sentences_of(self.given())[1]
        assert "+5.0 points" in second
        assert "cannot be told" in second
        assert "because" not in second

    @pytest.mark.parametrize(("low", "words"), [(-0.01, "may be chance"), (None, "too few groups")])
    def test_a_difference_that_may_be_chance_is_still_called_so(self, low, words):
        difference = interval(0.05, low, None if low is None else 0.11)
        assert words in sentences_of(self.given(difference=difference))[1]

    @pytest.mark.parametrize(
        ("estimates", "reason"), [("recipe", "trained on all of them"), ("bundle", "kept for testing")]
    )
    def test_a_note_lists_them_with_their_groups(self, estimates, reason):
        (note,) = [
            note
            for note in notes(Metrics.from_json(self.given(estimates=estimates)), {}, ("x", "y", "z"))
            if "pessimistic" in note.title
        ]
        assert note.warning
        assert "Apple (2) and y (4)" in note.text
        assert reason in note.text


def test_a_missing_random_split_has_no_sentence():
    assert len(sentences_of(metrics(accuracy={"naive": None}))) == 1


def test_an_estimated_policy_is_called_an_estimate():
    policy = {"asked": 0.02, "t_accept": 0.9, "share": 0.5, "basis": "cross-fitted"}
    assert "an estimated 2 % or fewer have an error" in sentences_of(metrics(policy=policy))[2]


def test_missing_pictures_of_a_policy_are_stated():
    policy = {"asked": 0.05, "t_accept": None, "share": 0.0, "needed": 30}
    assert "No prediction can be accepted without review yet" in sentences_of(metrics(policy=policy))[2]
    assert "at least 30 more independent pictures" in sentences_of(metrics(policy=policy))[2]
    assert sentences_of(metrics(policy=policy | {"needed": None}))[2].endswith("may be wrong.")
    offered = {"risk": 0.1, "share": 0.4, "sentence": "Of independent groups ...", "command": "discern train x"}
    assert sentences_of(metrics(policy=policy | {"offered": offered}))[2].endswith(". At 10 % it can.")


def test_wrong_pictures_of_few_groups_are_stated():
    policy = {"asked": 0.05, "t_accept": None, "share": 0.0, "groups": 610, "wrong": 12, "picture_error": 0.325}
    told = sentences_of(metrics(policy=policy | {"needed": 3000}))[2]
    assert told.endswith("12 of 610 independent groups tested had an error, and 32.5 % of the pictures were wrong.")


def test_a_missing_error_limit_is_stated_except_for_older_runs():
    assert "no error limit was set" in sentences_of(metrics(policy=None))[2]
    assert len(sentences_of(metrics())) == 2


def test_unmeasured_accuracy_is_stated():
    assert "could not be measured" in sentences_of({})[0]
    assert "could not be measured" in sentences_of({"accuracy": {"leak_free": None}})[0]


def test_an_equal_baseline_is_a_warning():
    given = metrics(baselines={"mean_colour": interval(0.89, 0.85, 0.92), "majority": interval(0.3, 0.2, 0.4)})
    assert equal_baselines(Metrics.from_json(given)) == ["mean_colour"]
    assert titles(given)["A far simpler method does as well"]


def test_baselines_that_fall_short_are_a_plain_note():
    given = metrics(baselines={"majority": interval(0.3, 0.2, 0.4), "raw_pixels": interval(0.6, None, None)})
    assert titles(given) == {"Simpler methods do worse": False}
    assert "60.0" in notes(Metrics.from_json(given), {}, ())[0].text


def test_the_pretraining_data_is_stated():
    run = {"backbone": {"pretraining": "ImageNet-1k"}}
    assert titles({}, run) == {"Data that the backbone was pretrained on": False}


def test_imagenet_s_own_class_names_are_a_warning():
    run = {"backbone": {"pretraining": "ImageNet-1k"}}
    found = titles({}, run, ("n01440764", "n02102040", "n02979186"))
    assert found == {"The backbone has probably been trained on these very pictures": True}


@pytest.mark.parametrize(
    ("method", "title"),
    [
        ("test-part", "The model itself was evaluated"),
        ("grouped-cv", "Evaluated by cross-validation, then trained on everything"),
    ],
)
def test_the_method_is_explained(method, title):
    given = Metrics.from_json({"split": {"method": method, "reason": "Because.", "leaks": 3}})
    note = notes(given, {}, ())[0]
    assert note.title == title
    assert note.text.endswith("Because. 3 pictures that would have leaked were left out of training.")


def test_unevaluated_classes_are_named():
    given = metrics(split={"method": "grouped-cv", "unjudged": ["elm", "oak"]})
    note = next(note for note in notes(Metrics.from_json(given), {}, ()) if "evaluated" in note.title and note.warning)
    assert note.title == "2 classes could not be evaluated"
    assert note.text.startswith("elm and oak: ")
    assert "the other 3 classes" in note.text


def test_classes_have_their_display_names():
    given = metrics(split={"unjudged": ["n1"]}, names={"n1": {"name": "oboe", "spoken": "", "route": ""}})
    assert notes(Metrics.from_json(given), {}, ())[0].text.startswith("oboe: ")


@pytest.mark.parametrize(("value", "warning"), [(0.02, False), (0.08, True)])
def test_miscalibration_beyond_chance_is_a_warning(value, warning):
    assert list(titles({"ece": interval(value, 0.0, 0.1, null95=0.04)}).values()) == [warning]


@pytest.mark.parametrize(
    ("bins", "title"),
    [
        ([(0.5, 0.8, 10), (0.9, 0.97, 30), (1.0, 0.99, 5)], "The model is underconfident"),
        ([(0.5, 0.2, 10), (0.9, 0.7, 30)], "The model is overconfident"),
        ([(0.5, 0.8, 10), (0.9, 0.7, 15)], "The confidence is miscalibrated"),
        ([], "The confidence is miscalibrated"),
    ],
)
def test_one_sided_miscalibration_has_its_direction(bins, title):
    reliability = [
        {"confidence": confidence, "accuracy": accuracy, "pictures": count} for confidence, accuracy, count in bins
    ]
    assert titles({"ece": interval(0.2, null95=0.04), "figures": classification_json(reliability=reliability)}) == {
        title: True
    }


def test_calibration_without_a_null_distribution_has_no_note():
    assert titles({"ece": interval(0.1, null95=None)}) == {}


def test_warnings_come_first():
    given = metrics(ece=interval(0.2, 0.1, 0.3, null95=0.04), split={"method": "test-part"})
    assert [note.warning for note in notes(Metrics.from_json(given), {"backbone": {"pretraining": "x"}}, ())] == [
        True,
        False,
        False,
    ]
