"""The page's own rules: which words, which cells, what has changed, what is news."""

from typing import Any

import pytest
from playwright.sync_api import Page


def within(page: Page, module: str, expression: str, *given: Any) -> Any:
    """Evaluate with what a module exports, as `m`, and `given`."""
    script = f"async (given) => {{ const m = await import('/page/{module}'); return ({expression}); }}"
    return page.evaluate(script, list(given))


@pytest.fixture(scope="module")
def blank(browser: Any, address: str) -> Any:
    """One page for all: these only compute."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49", "'+49"),
        ("-x", "'-x"),
        ("@a", "'@a"),
        ("\t=1", "'\t=1"),
        (" =1", "' =1"),
        ("a,b", '"a,b"'),
        ('a"b', '"a""b"'),
        ("a\nb", '"a\nb"'),
        ("=1\r\n", '"\'=1\r\n"'),
        ("plain", "plain"),
        (-1.5, "-1.5"),
        (None, ""),
    ],
)
def test_cells_are_safe(blank: Page, value: Any, cell: str) -> None:
    assert within(blank, "view/csv.js", "m.formatCell(given[0])", value) == cell


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.944, "94 %"), (0.996, "over 99 %"), (1, "100 %"), (0.004, "under 1 %"), (0, "0 %"), (0.5, "50 %")],
)
def test_a_share_never_claims_more_than_is_known(blank: Page, share: float, said: str) -> None:
    assert within(blank, "view/text.js", "m.percent(given[0])", share).replace("\u202f", " ") == said


def answer(**probabilities: float) -> dict[str, Any]:
    label = max(probabilities, key=lambda name: probabilities[name])
    return {"label": label, "decision": "review", "confidence": probabilities[label], "probabilities": probabilities}


def test_doubt_names_those_between_which_it_hesitates(blank: Page) -> None:
    def worded(said: dict[str, Any]) -> str:
        return str(within(blank, "view/text.js", "m.answerText(given[0], given[1]).headline", said, {"names": {}}))

    assert (
        worded(answer(ripe=0.5, over_ripe=0.4, green=0.1))
        == "I can\u2019t tell ripe from over ripe here: please have a look."
    )
    assert worded(answer(a=0.4, b=0.3, c=0.3)) == "I can\u2019t decide between a, b and c: please have a look."
    assert worded(answer(ripe=0.8, green=0.2)) == "Probably ripe, 80\u202f%: please have a look."


def test_ordered_labels_stay_in_their_order(blank: Page) -> None:
    said = answer(green=0.1, ripe=0.2, overripe=0.7)
    names = "m.candidates(given[0], given[1]).map((each) => each.label)"
    assert within(blank, "view/text.js", names, said, {"ordered": True}) == ["green", "ripe", "overripe"]
    assert within(blank, "view/text.js", names, said, {"ordered": False}) == ["overripe", "ripe", "green"]


def test_a_graded_answer_tells_its_middle_where_that_is_another(blank: Page) -> None:
    words = "m.answerNotes(given[0], given[1])"
    said = answer(green=0.4, ripe=0.3, over=0.3) | {"order_value": 1.0, "set": None}
    about = {"labels": ["green", "ripe", "over"], "names": {"ripe": {"name": "ripe ones"}}}
    assert within(blank, "view/text.js", words, said, about) == ["The middle of the likely range is ripe ones."]
    assert within(blank, "view/text.js", words, said | {"order_value": 0.0}, about) == []
    assert within(blank, "view/text.js", words, said | {"decision": "unknown"}, about) == []
    numbers = answer(**{"10": 0.4, "20": 0.3, "30": 0.3}) | {"order_value": 20.0, "set": ["10", "20"]}
    assert within(blank, "view/text.js", words, numbers, {"labels": ["10", "20", "30"]}) == [
        "It is one of these: 10 or 20.",
        "The middle of the likely range is 20.",
    ]


def test_every_language_has_every_phrase(blank: Page) -> None:
    keys = within(
        blank, "voice/phrases.js", "Object.values(m.LANGUAGES).map((each) => Object.keys(each).sort().join())"
    )
    assert len(keys) == 6
    assert len(set(keys)) == 1
    tallies = within(
        blank, "voice/phrases.js", "Object.values(m.LANGUAGES).map(({ summary }) => Object.keys(summary).join())"
    )
    assert len(set(tallies)) == 1


def test_spoken_words_of_the_model_come_first_and_the_place_last(blank: Page) -> None:
    said = answer(a=0.97, b=0.03) | {"decision": "accept", "spoken": "ein A, sicher"}
    how = "m.spokenAnswer(given[0], given[1])"
    assert within(blank, "voice/phrases.js", how, said, {"place": "left"}) == "ein A, sicher, to your left"
    assert (
        within(blank, "voice/phrases.js", how, said, {"language": "fr", "place": "right"})
        == "a, sûr à 97 pour cent, à votre droite"
    )
    assert within(blank, "voice/phrases.js", how, said, {"place": "centre", "short": True}) == "a, in front of you"
    stranger = said | {"decision": "unknown", "spoken": None}
    assert (
        within(blank, "voice/phrases.js", how, stranger, {"place": "left"}) == "none of the things I know; most like a"
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
def test_only_what_happens_in_the_scene_is_a_change(blank: Page, change: str, differs: bool) -> None:
    script = f"before.map((value, place) => {change})"
    frames = (
        f"((before) => m.hasChanged(before, {script}))(Array.from({{length: 1728}}, (_, place) => 60 + place % 50))"
    )
    assert within(blank, "camera/change_detection.js", frames) is differs


def test_an_answer_is_news_when_it_is_new_and_came_twice(blank: Page) -> None:
    script = """((settling) => given[0].map(([label, place]) => {
        const { isStable, isNew } = settling.add({ decision: "accept", label, place });
        return isNew ? "news" : isStable ? "settled" : "";
    }))(new m.StabilityFilter())"""

    def take(*seen: tuple[str, str]) -> list[str]:
        return list(within(blank, "camera/change_detection.js", script, seen))

    chair, bed = ("chair", "left"), ("bed", "left")
    assert take(chair, chair, chair) == ["", "news", "settled"]
    assert take(chair, bed, chair, bed) == ["", "", "", ""]
    assert take(chair, chair, bed, bed, chair, chair) == ["", "news", "", "news", "", "news"]
    moved = ("chair", "centre")
    assert take(chair, chair, moved, moved, chair, chair) == ["", "news", "", "", "", "settled"]
    assert take(chair, chair, moved, moved, moved) == ["", "news", "", "", "news"]
