"""Names with an article read well, wherever they stand in a sentence that the page shows or speaks."""

from pathlib import Path

import pytest

from discern.bundle.prediction_message import compose_message, compose_spoken
from tests.unit.serving.page.node import run

SENTENCES = """
import { answerText, answerNotes } from "./view/text.js";
import { spokenAnswer } from "./voice/phrases.js";
const names = { a: { name: given.name }, b: { name: "A tram" } };
const info = { labels: ["a", "b"], names, thresholds: { accept: 0.9 } };
const common = { label: "a", confidence: 0.6, set: ["a", "b"], name: given.name, spoken: null };
const said = (decision, probabilities, language) => {
  const prediction = { ...common, decision, probabilities };
  const page = answerText(prediction, info).headline;
  return [page, ...answerNotes(prediction, info), spokenAnswer(prediction, { modelInfo: info, language })];
};
made = ["accept", "review", "unknown"].flatMap((decision) => said(decision, { a: 0.9, b: 0.1 }, given.language));
made.push(said("review", { a: 0.5, b: 0.4 }, given.language)[0]);
"""


def test_the_page_writes_articles_in_lower_case_within_a_sentence(tmp_path: Path) -> None:
    said = run(tmp_path, SENTENCES, {"name": "The bus", "language": "en"})
    assert [each.replace("\u202f", " ") for each in said] == [
        "The bus, 60 %",
        "It is one of these: the bus or a tram.",
        "The bus, 60 percent sure",
        "Probably the bus, 60 %: please have a look.",
        "It is one of these: the bus or a tram.",
        "perhaps the bus, 60 percent; please check",
        "This is not one of the things I know. It looks most like the bus.",
        "none of the things I know; most like the bus",
        "I can\N{RIGHT SINGLE QUOTATION MARK}t tell the bus from a tram here: please have a look.",
    ]


@pytest.mark.parametrize(
    ("language", "name", "review"),
    [
        ("de", "Die Banane", "vielleicht die Banane, 60 Prozent; bitte nachsehen"),
        ("fr", "L'autobus", "peut-être l'autobus, 60 pour cent ; à vérifier"),
        ("es", "Un plátano", "quizás un plátano, 60 por ciento; compruébelo, por favor"),
        ("it", "La banana", "forse la banana, 60 per cento; controlli, per favore"),
        ("nl", "De bus", "misschien de bus, 60 procent; kijk het even na"),
        ("en", "A380", "perhaps A380, 60 percent; please check"),
    ],
)
def test_spoken_articles_are_those_of_the_language(tmp_path: Path, language: str, name: str, review: str) -> None:
    assert review in run(tmp_path, SENTENCES, {"name": name, "language": language})


@pytest.mark.parametrize(
    ("name", "accept", "review", "spoken"),
    [
        ("a banana", "This is a banana (97 %).", "This looks like a banana", "perhaps a banana"),
        ("The bus", "This is the bus (97 %).", "This looks like the bus", "perhaps the bus"),
        ("An apple", "This is an apple (97 %).", "This looks like an apple", "perhaps an apple"),
        ("ripe banana", 'This is "ripe banana" (97 %).', 'This looks like "ripe banana"', "perhaps ripe banana"),
        ("A 4", 'This is "A 4" (97 %).', 'This looks like "A 4"', "perhaps A 4"),
        ("Theory", 'This is "Theory" (97 %).', 'This looks like "Theory"', "perhaps Theory"),
    ],
)
def test_messages_have_one_article(name: str, accept: str, review: str, spoken: str) -> None:
    assert compose_message(name, "accept", 0.97) == accept
    assert compose_message(name, "review", 0.97) == f"{review} (97 %), but please have a look."
    assert (
        compose_message(name, "unknown", 0.97)
        == f"This is not one of the things I know; it looks most like {accept[8:-8]}."
    )
    assert compose_spoken(name, "review", 0.97) == f"{spoken}, 97 percent; please check"
    start = compose_message(name, "review", 0.97, caveat="Too few.")
    assert start == f"{name[0].upper() if name[1:2] == ' ' else name[0]}{name[1:]} (97 %). Too few."
