"""Unit tests of the page's modules: texts, CSV cells, change detection and stability."""

from typing import Any

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.slow


def evaluate_in_module(page: Page, module: str, expression: str, *args: Any) -> Any:
    """Evaluate a JavaScript expression with a module's exports as `m` and the arguments as `given`."""
    script = f"async (given) => {{ const m = await import('/page/{module}'); return ({expression}); }}"
    return page.evaluate(script, list(args))


@pytest.fixture(scope="module")
def blank(browser: Any, address: str) -> Any:
    """One page shared by all tests, which have no side effects."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "./=1+1"),
        ("+49", "./+49"),
        ("-x", "./-x"),
        ("@a", "./@a"),
        ("\t=1", "./\t=1"),
        (" =1", "./ =1"),
        ("a,b", '"a,b"'),
        ('a"b', '"a""b"'),
        ("a\nb", '"a\nb"'),
        ("=1\r\n", '"./=1\r\n"'),
        ("plain", "plain"),
        (-1.5, "-1.5"),
        (None, ""),
    ],
)
def test_csv_cells_are_escaped(blank: Page, value: Any, cell: str) -> None:
    assert evaluate_in_module(blank, "view/csv.js", "m.formatCell(given[0])", value) == cell


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.944, "94 %"), (0.996, "over 99 %"), (1, "100 %"), (0.004, "under 1 %"), (0, "0 %"), (0.5, "50 %")],
)
def test_percentages_never_overstate(blank: Page, share: float, text: str) -> None:
    assert evaluate_in_module(blank, "view/text.js", "m.percent(given[0])", share).replace("\u202f", " ") == text


def make_prediction(**probabilities: float) -> dict[str, Any]:
    label = max(probabilities, key=lambda name: probabilities[name])
    return {"label": label, "decision": "review", "confidence": probabilities[label], "probabilities": probabilities}


def test_a_review_headline_names_the_candidates(blank: Page) -> None:
    def headline_of(prediction: dict[str, Any]) -> str:
        return str(
            evaluate_in_module(
                blank, "view/text.js", "m.answerText(given[0], given[1]).headline", prediction, {"names": {}}
            )
        )

    assert (
        headline_of(make_prediction(ripe=0.5, over_ripe=0.4, green=0.1))
        == "I can\u2019t tell ripe from over ripe here: please have a look."
    )
    assert (
        headline_of(make_prediction(a=0.4, b=0.3, c=0.3))
        == "I can\u2019t decide between a, b and c: please have a look."
    )
    assert headline_of(make_prediction(ripe=0.8, green=0.2)) == "Probably ripe, 80\u202f%: please have a look."


def test_without_a_policy_the_answer_leads_and_the_caveat_follows(blank: Page) -> None:
    def told(prediction: dict[str, Any], info: dict[str, Any]) -> Any:
        return evaluate_in_module(blank, "view/text.js", "m.answerText(given[0], given[1])", prediction, info)

    nothing = {"names": {}, "thresholds": {"accept": None}, "policy": {"needed": 1200}}
    text = told(make_prediction(rose=0.99, tulip=0.01), nothing)
    assert text["headline"].replace("\u202f", " ") == "Rose, 99 %"
    assert text["note"] == "Too few pictures for a promise: about 1,200 more."
    some = {"names": {}, "thresholds": {"accept": 0.5}, "metrics": {"split": {"unjudged": ["rose"]}}}
    unmeasured = told(make_prediction(rose=0.99, tulip=0.01), some)
    assert unmeasured["headline"].startswith("Probably rose")
    assert "could not be measured" in unmeasured["note"]
    spoken = "m.spokenAnswer(given[0], given[1])"
    options = [{"language": "de", "modelInfo": each} for each in (nothing, some)]
    assert [
        evaluate_in_module(blank, "voice/phrases.js", spoken, make_prediction(rose=0.9, tulip=0.1), each)
        for each in options
    ] == ["rose, 90 Prozent; bitte nachsehen", "vielleicht rose, 90 Prozent; bitte nachsehen"]


def test_ordered_labels_keep_their_order(blank: Page) -> None:
    prediction = make_prediction(green=0.1, ripe=0.2, overripe=0.7)
    names = "m.candidates(given[0], given[1]).map((each) => each.label)"
    assert evaluate_in_module(blank, "view/text.js", names, prediction, {"ordered": True}) == [
        "green",
        "ripe",
        "overripe",
    ]
    assert evaluate_in_module(blank, "view/text.js", names, prediction, {"ordered": False}) == [
        "overripe",
        "ripe",
        "green",
    ]


def test_an_ordinal_answer_mentions_a_median_that_differs(blank: Page) -> None:
    expression = "m.answerNotes(given[0], given[1])"
    prediction = make_prediction(green=0.4, ripe=0.3, over=0.3) | {"order_value": 1.0, "set": None}
    model_info = {"labels": ["green", "ripe", "over"], "names": {"ripe": {"name": "ripe ones"}}}
    assert evaluate_in_module(blank, "view/text.js", expression, prediction, model_info) == [
        "The middle of the likely range is ripe ones."
    ]
    assert evaluate_in_module(blank, "view/text.js", expression, prediction | {"order_value": 0.0}, model_info) == []
    assert evaluate_in_module(blank, "view/text.js", expression, prediction | {"decision": "unknown"}, model_info) == []
    numbers = make_prediction(**{"10": 0.4, "20": 0.3, "30": 0.3}) | {"order_value": 20.0, "set": ["10", "20"]}
    assert evaluate_in_module(blank, "view/text.js", expression, numbers, {"labels": ["10", "20", "30"]}) == [
        "It is one of these: 10 or 20.",
        "The middle of the likely range is 20.",
    ]


def test_every_language_has_all_phrases(blank: Page) -> None:
    keys = evaluate_in_module(
        blank, "voice/phrases.js", "Object.values(m.LANGUAGES).map((each) => Object.keys(each).sort().join())"
    )
    assert len(keys) == 6
    assert len(set(keys)) == 1
    tallies = evaluate_in_module(
        blank, "voice/phrases.js", "Object.values(m.LANGUAGES).map(({ summary }) => Object.keys(summary).join())"
    )
    assert len(set(tallies)) == 1


def test_the_model_s_spoken_name_comes_first_and_the_side_last(blank: Page) -> None:
    prediction = make_prediction(a=0.97, b=0.03) | {"decision": "accept", "spoken": "ein A, sicher"}
    expression = "m.spokenAnswer(given[0], given[1])"
    assert (
        evaluate_in_module(blank, "voice/phrases.js", expression, prediction, {"place": "left"})
        == "ein A, sicher, to your left"
    )
    assert (
        evaluate_in_module(blank, "voice/phrases.js", expression, prediction, {"language": "fr", "place": "right"})
        == "a, sûr à 97 pour cent, à votre droite"
    )
    assert (
        evaluate_in_module(blank, "voice/phrases.js", expression, prediction, {"place": "centre", "short": True})
        == "a, in front of you"
    )
    unknown = prediction | {"decision": "unknown", "spoken": None}
    assert (
        evaluate_in_module(blank, "voice/phrases.js", expression, unknown, {"place": "left"})
        == "none of the things I know; most like a"
    )


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ("value", False),
        ("value + 40", False),
        ("value + (place * 7919) % 15", False),
        ("place % 72 < 12 && place % 3 < 1 ? value + 90 : value", True),
        ("value + 80", True),
    ],
    ids=["the same", "brighter light", "noise", "something at one side", "the light goes on"],
)
def test_only_changes_in_the_scene_are_detected(blank: Page, change: str, differs: bool) -> None:
    script = f"before.map((value, place) => {change})"
    frames = (
        f"((before) => m.hasChanged(before, {script}))(Array.from({{length: 1728}}, (_, place) => 60 + place % 50))"
    )
    assert evaluate_in_module(blank, "camera/change_detection.js", frames) is differs


def test_an_answer_is_announced_when_it_is_new_and_repeated(blank: Page) -> None:
    script = """((settling) => given[0].map(([label, place]) => {
        const { isStable, isNew } = settling.add({ decision: "accept", label, place });
        return isNew ? "news" : isStable ? "settled" : "";
    }))(new m.StabilityFilter())"""

    def feed(*observations: tuple[str, str]) -> list[str]:
        return list(evaluate_in_module(blank, "camera/change_detection.js", script, observations))

    chair, bed = ("chair", "left"), ("bed", "left")
    assert feed(chair, chair, chair) == ["", "news", "settled"]
    assert feed(chair, bed, chair, bed) == ["", "", "", ""]
    assert feed(chair, chair, bed, bed, chair, chair) == ["", "news", "", "news", "", "news"]
    moved = ("chair", "centre")
    assert feed(chair, chair, moved, moved, chair, chair) == ["", "news", "", "", "", "settled"]
    assert feed(chair, chair, moved, moved, moved) == ["", "news", "", "", "news"]
