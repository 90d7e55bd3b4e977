"""Classes that are one film each are named, with the remedy."""

import numpy as np

from discern.checking.film_remedy import describe_films, one_film_labels


def test_only_classes_of_one_film_are_named(make_catalog, make_groups):
    catalog = make_catalog(["bed"] * 4 + ["chair"] * 4 + ["sofa"] * 4)
    groups = make_groups([0] * 4 + [1, 1, 1, 2] + [3] * 4)
    frames = np.array([True] * 4 + [True] * 3 + [False] + [False] * 4)
    assert one_film_labels(catalog, groups, frames) == ("bed",)


def test_the_sentence_says_film_and_the_remedy_says_film_again():
    reason, remedy = describe_films(("bed",))
    assert reason.startswith("'bed' is one film: ")
    assert remedy.startswith("Film it again in other places")
    assert "--group-by" in remedy
    reason, remedy = describe_films(tuple("abcdefg"))
    assert reason.startswith("'a', 'b', 'c', 'd', 'e' and 2 more are one film each: ")
    assert remedy.startswith("Film each again")
