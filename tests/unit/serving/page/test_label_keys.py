"""Keys of the classes in the audit, and finding one of many."""

from pathlib import Path
from typing import Any

from tests.unit.serving.page.node import run

IMPORT = 'import { filterLabels, MAX_KEYED, withKeys } from "./monitor/label_keys.js";'


def labels(*names: str) -> list[dict[str, str]]:
    return [{"label": name.lower(), "name": name} for name in names]


def evaluate(folder: Path, expression: str, given: Any) -> Any:
    return run(folder, f"{IMPORT} made = {expression};", given)


def test_digits_come_first_then_letters_and_then_none(tmp_path: Path) -> None:
    many = labels(*(f"Class {number}" for number in range(40)))
    keys = evaluate(tmp_path, "withKeys(given).map(({ key }) => key)", many)
    assert "".join(keys) == "123456789abcdefghijklmnopqrstuvwxyz"
    assert keys[35:] == [""] * 5


def test_names_that_begin_with_the_text_come_first(tmp_path: Path) -> None:
    found = evaluate(
        tmp_path,
        'filterLabels(given, " APPLE ").map(({ name }) => name)',
        labels("Pineapple", "Apple red", "Pear", "Apple"),
    )
    assert found == ["Apple red", "Apple", "Pineapple"]


def test_without_a_text_all_keep_their_order(tmp_path: Path) -> None:
    given = labels("b", "a", "c")
    assert evaluate(tmp_path, 'filterLabels(given, "")', given) == given
