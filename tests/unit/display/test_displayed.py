"""Results: one short line of text, and a card."""

from dataclasses import dataclass, field
from pathlib import Path

from discern.display.displayed import Displayed
from tests.unit.display.shown import read_html


@dataclass(frozen=True, kw_only=True, repr=False)
class Result(Displayed):
    out: Path = Path("/runs/mine")
    pictures: int = 300
    seconds: float = 1 / 3
    note: str = ""
    decisions: dict[str, int] = field(default_factory=lambda: {"accept": 2, "review": 1})
    probabilities: dict[str, float] = field(default_factory=lambda: {f"label {n}": 0.1 for n in range(131)})


def test_the_text_is_one_short_line() -> None:
    assert repr(Result()) == "Result(out='/runs/mine', pictures=300, seconds=0.3333, note='')"
    assert len(repr(Result(note="long " * 1000))) < 200


def test_the_card_has_numbers_texts_paths_and_short_tables() -> None:
    page = read_html(Result(note="<b>")._repr_html_())
    assert "accept: 2, review: 1" in page.text
    assert "<b>" in page.text
    assert "label 1" not in page.text
    assert "note" not in read_html(Result()._repr_html_()).text
