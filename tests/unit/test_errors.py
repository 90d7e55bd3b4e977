"""Errors: pickled with all that they say, and short whatever they quote."""

import pickle

import pytest

from discern.errors import BundleError, DiscernError, Overloaded, UsageError, bound_message, overlong_path, shorten

BODY = "/9j/4AAQSkZJRg" * 3000


@pytest.mark.parametrize("length", [0, 1, 199, 200])
def test_a_short_text_is_not_changed(length: int) -> None:
    assert shorten("x" * length) == bound_message("x" * length) == "x" * length


def test_a_long_text_keeps_its_beginning_and_its_end() -> None:
    short = shorten("begin" + "x" * 1000 + "end")
    assert (len(short), short[:5], short[-3:], "..." in short) == (200, "begin", "end", True)


@pytest.mark.parametrize("quoted", [BODY, repr(BODY), f"'{BODY}'", f"{BODY} {BODY}", str(BODY.encode())])
def test_a_message_never_repeats_a_body(quoted: str) -> None:
    error = UsageError(f"{quoted} is invalid.", hint=f"Not {quoted}.")
    assert len(error.message) < 450
    assert len(error.hint) < 450
    assert error.message.endswith("is invalid.")
    assert len(repr(error)) < 900


@pytest.mark.parametrize("text", ["word " * 6000, 'a "word" ' * 6000, "it's a word\n" * 6000])
def test_a_quoted_text_with_blanks_is_short_as_well(text: str) -> None:
    assert len(UsageError(f"Invalid share: {text!r}.").message) < 300


def test_apostrophes_are_not_quotation_marks() -> None:
    text = "The model's labels are not the list's: " + "each label is named here, " * 20 + "as the file's user's."
    assert bound_message(text) == text


def test_the_content_of_a_file_is_not_a_path() -> None:
    assert overlong_path("a" * 4096) is None
    assert (overlong_path("word " * 6000) or "").endswith(" is not a path: File name too long (30,000 characters).")


def test_a_message_of_many_words_is_short_as_well() -> None:
    assert len(UsageError("word " * 30_000).message) == 2000


def test_an_error_is_pickled_as_it_is() -> None:
    error = BundleError(f"{BODY} is damaged.", hint="Copy it again.")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.message, again.hint) == (BundleError, error.message, error.hint)
    overloaded: DiscernError = Overloaded("Full.", retry_after=7)
    assert pickle.loads(pickle.dumps(overloaded)).retry_after == 7
