"""The verdict says what the figures say, and no more."""

import pytest

from discern.evaluating import Metrics
from discern.reporting.verdict import equal_baselines, notes, sentences
from tests.unit.reporting.factories import figures_json


def figure(value, low=None, high=None, **more) -> dict:
    return {"value": value, "low": low, "high": high, **more}


def metrics(**changes) -> dict:
    accuracy = {
        "leak_free": figure(0.9, 0.87, 0.93, estimates="recipe", classes=3),
        "naive": figure(0.95, 0.93, 0.97),
        "difference": figure(0.05, 0.03, 0.07),
    }
    return {"accuracy": accuracy | changes.pop("accuracy", {}), **changes}


def told(given: dict) -> list[str]:
    return [
        sentence.replace("\N{NO-BREAK SPACE}", " ").replace("\N{MINUS SIGN}", "-")
        for sentence in sentences(Metrics.from_json(given))
    ]


def titles(given: dict, run: dict | None = None, labels=("a", "b")) -> dict[str, bool]:
    return {note.title: note.warning for note in notes(Metrics.from_json(given), run or {}, labels)}


def test_three_sentences():
    policy = {"asked": 0.05, "t_accept": 0.9, "share": 0.678, "basis": "held-out"}
    first, second, third = told(metrics(policy=policy))
    assert "90.0 % of the time (95 % interval 87.0 to 93.0 %)" in first
    assert "claimed 95.0 %: +5.0 points (95 % interval +3.0 to +7.0)" in second
    assert third.startswith(
        "Of 100 pictures like these, 68 can be answered without a person, at most 5 % of them wrongly"
    )


@pytest.mark.parametrize(
    ("estimates", "subject"), [("bundle", "this classifier"), ("recipe", "a classifier made this way")]
)
def test_it_says_what_was_judged(estimates, subject):
    assert subject in told(metrics(accuracy={"leak_free": figure(0.9, 0.8, 0.95, estimates=estimates)}))[0]


def test_few_groups_are_said_first():
    first, *_ = told(metrics(accuracy={"leak_free": figure(0.9, note="too few for an interval")}))
    assert "too few independent pictures" in first


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (figure(0.01, -0.01, 0.03), "may be chance"),
        (figure(-0.05, -0.08, -0.02), "nothing was gained here by leaks"),
        (figure(0.05, None, None), "too few groups"),
        (figure(0.05, 0.02, 0.08), "as good as seen"),
        (None, "claimed 95.0 %."),
    ],
)
def test_a_difference_is_called_one_only_where_it_is(difference, words):
    assert words in told(metrics(accuracy={"difference": difference}))[1]


def test_a_difference_on_other_pictures_says_on_which():
    for low, high in ((-0.04, 0.04), (0.01, 0.04), (-0.04, -0.01)):
        difference = figure(0.02, low, high, pictures=41)
        assert "+2.0 points on the 41 pictures that both" in told(metrics(accuracy={"difference": difference}))[1]


def test_without_a_naive_figure_nothing_is_said_of_it():
    assert len(told(metrics(accuracy={"naive": None}))) == 1


def test_an_estimate_is_called_one():
    policy = {"asked": 0.02, "t_accept": 0.9, "share": 0.5, "basis": "cross-fitted"}
    assert "an estimated 2 % or fewer of them wrongly" in told(metrics(policy=policy))[2]


def test_what_a_promise_still_needs_is_said():
    policy = {"asked": 0.05, "t_accept": None, "share": 0.0, "needed": 30}
    assert "No answer may stand without a person yet" in told(metrics(policy=policy))[2]
    assert "at least 30 more independent pictures" in told(metrics(policy=policy))[2]
    assert told(metrics(policy=policy | {"needed": None}))[2].endswith("to be wrong.")


def test_no_promise_asked_for_is_said_and_an_older_run_is_silent():
    assert "no promise about errors was asked for" in told(metrics(policy=None))[2]
    assert len(told(metrics())) == 2


def test_nothing_measured_is_said():
    assert "could not be measured" in told({})[0]
    assert "could not be measured" in told({"accuracy": {"leak_free": None}})[0]


def test_a_baseline_as_good_comes_before_all_else():
    given = metrics(baselines={"mean_colour": figure(0.89, 0.85, 0.92), "majority": figure(0.3, 0.2, 0.4)})
    assert equal_baselines(Metrics.from_json(given)) == ["mean_colour"]
    assert titles(given)["A far simpler method does as well"]


def test_baselines_that_fall_short_are_a_plain_note():
    given = metrics(baselines={"majority": figure(0.3, 0.2, 0.4), "raw_pixels": figure(0.6, None, None)})
    assert titles(given) == {"Simpler methods do not reach it": False}
    assert "60.0" in notes(Metrics.from_json(given), {}, ())[0].text


def test_what_the_backbone_learned_from_is_said():
    run = {"backbone": {"pretraining": "ImageNet-1k"}}
    assert titles({}, run) == {"What the network beneath has seen": False}


def test_imagenet_s_own_class_names_are_a_warning():
    run = {"backbone": {"pretraining": "ImageNet-1k"}}
    shown = titles({}, run, ("n01440764", "n02102040", "n02979186"))
    assert shown == {"The network beneath has probably seen these very pictures": True}


@pytest.mark.parametrize(
    ("method", "title"),
    [
        ("test-part", "This very model was judged"),
        ("grouped-cv", "The recipe was judged, then the model was made from everything"),
    ],
)
def test_the_method_is_explained(method, title):
    given = Metrics.from_json({"split": {"method": method, "reason": "Because.", "leaks": 3}})
    note = notes(given, {}, ())[0]
    assert note.title == title
    assert note.text.endswith("Because. 3 pictures that would have leaked did not take part in learning.")


def test_classes_that_could_not_be_judged_are_named():
    given = metrics(split={"method": "grouped-cv", "unjudged": ["elm", "oak"]})
    note = next(note for note in notes(Metrics.from_json(given), {}, ()) if "judged" in note.title and note.warning)
    assert note.title == "2 classes could not be judged"
    assert note.text.startswith("elm and oak: ")
    assert "the other 3 classes" in note.text


def test_classes_are_called_by_their_names():
    given = metrics(split={"unjudged": ["n1"]}, names={"n1": {"name": "oboe", "spoken": "", "route": ""}})
    assert notes(Metrics.from_json(given), {}, ())[0].text.startswith("oboe: ")


@pytest.mark.parametrize(("value", "warning"), [(0.02, False), (0.08, True)])
def test_confidence_is_doubted_beyond_chance(value, warning):
    assert list(titles({"ece": figure(value, 0.0, 0.1, null95=0.04)}).values()) == [warning]


@pytest.mark.parametrize(
    ("bins", "title"),
    [
        ([(0.5, 0.8, 10), (0.9, 0.97, 30), (1.0, 0.99, 5)], "It is right more often than it says"),
        ([(0.5, 0.2, 10), (0.9, 0.7, 30)], "It is right less often than it says"),
        ([(0.5, 0.8, 10), (0.9, 0.7, 15)], "Its confidence is off"),
        ([], "Its confidence is off"),
    ],
)
def test_a_confidence_that_is_off_says_which_way(bins, title):
    reliability = [{"confidence": said, "accuracy": right, "pictures": count} for said, right, count in bins]
    assert titles({"ece": figure(0.2, null95=0.04), "figures": figures_json(reliability=reliability)}) == {title: True}


def test_confidence_that_could_not_be_judged_is_not_spoken_of():
    assert titles({"ece": figure(0.1, null95=None)}) == {}


def test_warnings_come_first():
    given = metrics(ece=figure(0.2, 0.1, 0.3, null95=0.04), split={"method": "test-part"})
    assert [note.warning for note in notes(Metrics.from_json(given), {"backbone": {"pretraining": "x"}}, ())] == [
        True,
        False,
        False,
    ]
