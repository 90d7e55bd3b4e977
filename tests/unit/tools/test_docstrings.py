from tools.docstrings import markdown_table, parse_docstring


def walk(steps, *, home=None):
    """Walk some steps,
    and come back.

    It may rain.

    Args:
        steps: how many: at least 1,
            and at most 9.
        home: where to end; None: where it began.

    Returns:
        The way,
        as a list.

    Raises:
        ValueError: it is too far.

    >>> walk(1)
    """


def stand():
    """Stand."""


def test_a_docstring_is_taken_apart():
    told = parse_docstring(walk)
    assert told.summary == "Walk some steps, and come back."
    assert told.text == "It may rain."
    assert list(told.sections) == ["Args", "Returns", "Raises"]


def test_entries_are_joined_to_one_line_and_keep_their_colons():
    assert parse_docstring(walk).entries("Args") == {
        "steps": "how many: at least 1, and at most 9.",
        "home": "where to end; None: where it began.",
    }
    assert parse_docstring(walk).entries("Raises") == {"ValueError": "it is too far."}


def test_a_section_in_words_is_one_line():
    assert parse_docstring(walk).section_text("Returns") == "The way, as a list."


def test_what_is_not_there_is_empty():
    told = parse_docstring(stand)
    assert (told.summary, told.text, told.sections) == ("Stand.", "", {})
    assert told.entries("Args") == {}
    assert told.section_text("Returns") == ""


def test_bars_in_cells_are_escaped():
    assert markdown_table(("a", "b"), [("x|y", "z")]) == ["| a | b |", "|---|---|", "| x\\|y | z |", ""]


def test_without_rows_there_is_no_table():
    assert markdown_table(("a", "b"), []) == []
