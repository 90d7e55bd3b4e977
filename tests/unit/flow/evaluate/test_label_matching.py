"""Other names of labels stand for the labels of a model, in both directions."""

from pathlib import Path

import pytest

from discern.errors import NamesError
from discern.flow.evaluate.label_matching import Aliases


def test_each_name_in_a_row_stands_for_the_label_of_the_model() -> None:
    aliases = Aliases(aliases={"bicycle": ("0", "bike"), "motorcycle": ("1",)})
    assert aliases.match(("bicycle", "motorcycle"), {}) == {"0": "bicycle", "bike": "bicycle", "1": "motorcycle"}
    assert aliases.match(("0", "1"), {}) == {"bicycle": "0", "bike": "0", "motorcycle": "1"}


def test_labels_of_the_model_are_never_taken_for_others() -> None:
    assert Aliases().match(("a", "b"), {"a": ["b", "c"]}) == {"c": "a"}


def test_the_file_wins_over_the_bundle() -> None:
    assert Aliases(aliases={"b": ("x",)}).match(("a", "b"), {"a": ["x", "y"]}) == {"x": "b", "y": "a"}


def test_a_file_without_aliases_is_refused(tmp_path: Path) -> None:
    (tmp_path / "names.csv").write_text("label,alias\na,\n")
    with pytest.raises(NamesError, match="has no aliases"):
        Aliases.read(tmp_path / "names.csv")
