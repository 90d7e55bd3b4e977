"""Tables of JSON objects name every key with its type and meaning, and refuse what has no description."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from tools.format_tables import nested, plural, rows, section, type_text

from discern.evaluating import Interval


@dataclass(frozen=True, kw_only=True)
class Inner:
    """Part of an outer object.

    Attributes:
        size: its size.
    """

    size: int = 0


@dataclass(frozen=True, kw_only=True)
class OuterObject(Inner):
    """Object with parts.

    Attributes:
        parts: by name; None without any.
        renamed: counterpart of `parts`; None in files of earlier versions.
        hidden: not in the JSON.
    """

    parts: Mapping[str, Inner] | None = None
    renamed: tuple[str, ...] | None = field(default=None, metadata={"json": "others", "optional": True})
    hidden: bool = field(default=False, metadata={"json": None})


@pytest.mark.parametrize(
    ("hint", "text"),
    [
        (float, "number"),
        (int | None, "integer or null"),
        (float | Literal["auto"] | None, "number or string or null"),
        (tuple[str, ...], "list of strings"),
        (list[list[int]], "list of lists of integers"),
        (Mapping[str, Mapping[str, str | None]], "object of objects of strings or nulls"),
        (dict[str, Any], "object"),
        (tuple[Interval, ...], "list of [interval](#interval)"),
    ],
)
def test_types_are_told_in_words(hint: Any, text: str) -> None:
    assert type_text(hint) == text


def test_keys_of_all_bases_are_listed_as_in_the_json() -> None:
    assert list(rows(OuterObject)) == [
        ("`size`", "integer", "its size."),
        ("`parts`", "object of [inner](#inner) or null", "by name; null without any."),
        (
            "`others`",
            "list of strings or null, optional",
            "counterpart of `parts`; missing in files of earlier versions.",
        ),
    ]
    assert section(OuterObject)[:4] == ["### Outer object", "", "Object with parts.", ""]
    assert nested(OuterObject) == [Inner]


def test_plurals() -> None:
    assert plural("number") == "numbers"
    assert plural("[interval](#interval)") == "[interval](#interval)"


def test_a_planted_attribute_without_description_is_refused() -> None:
    @dataclass(frozen=True)
    class Planted(Inner):
        """Part with another attribute."""

        forgotten: str = ""

    with pytest.raises(ValueError, match=r"Planted\.forgotten has no description"):
        list(rows(Planted))


def test_a_planted_description_without_attribute_is_refused() -> None:
    @dataclass(frozen=True)
    class Planted(Inner):
        """Part.

        Attributes:
            gone: was here once.
        """

    with pytest.raises(ValueError, match="Planted has no attribute gone"):
        list(rows(Planted))
