"""The page's tables hold nothing that a spreadsheet runs, by the rule that Python has."""

import csv
import io
from pathlib import Path

from tests.unit.catalog.formulas import HARMLESS, RUN
from tests.unit.serving.page.node import run

CODE = 'import { formatCsv } from "./view/csv.js"; made = formatCsv(["text"], given.map((text) => [text]));'


def test_text_is_guarded_as_in_python(tmp_path: Path) -> None:
    made = run(tmp_path, CODE, RUN + HARMLESS)
    assert made.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(made.removeprefix("\ufeff"), newline="")))
    assert [row[0] if row else "" for row in rows[1:]] == [*(f"./{text}" for text in RUN), *HARMLESS]


def test_numbers_are_numbers(tmp_path: Path) -> None:
    assert run(tmp_path, CODE, [-1.5, None]).splitlines()[1:] == ["-1.5", ""]
