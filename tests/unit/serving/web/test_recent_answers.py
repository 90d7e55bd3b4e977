"""The last answers of a server process."""

from discern.inference.known_labels import KnownLabels
from discern.serving.web.recent_answers import RecentAnswers

FIRST, SECOND = KnownLabels(["a"]), KnownLabels(["b"])


def test_each_answer_has_the_classes_of_its_model() -> None:
    answers = RecentAnswers()
    answers.add(["1", "2"], FIRST)
    answers.add(["3"], SECOND)
    assert [answers.get(each) for each in ("1", "2", "3", "4")] == [FIRST, FIRST, SECOND, None]


def test_the_oldest_is_forgotten_first() -> None:
    answers = RecentAnswers(most=2)
    answers.add(["1", "2", "3"], FIRST)
    assert [answers.get(each) for each in ("1", "2", "3")] == [None, FIRST, FIRST]
