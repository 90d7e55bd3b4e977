"""The page on a study has its figures, every trial, and nothing that a name could inject."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from discern.evaluating.study_trials import TrialRow
from discern.reporting.tuning_page import StudyAccount, write_tuning_page

TRIALS = [
    TrialRow(number=0, state="done", value=0.5, params={"views": 2, "strength": 10.0}, seconds=2.0, is_default=True),
    TrialRow(number=1, state="done", value=0.4, params={"views": 1, "strength": 3.0}, seconds=61.0, repeats=7),
    TrialRow(number=2, state="pruned", params={"views": 1, "strength": 0.1}),
    TrialRow(number=3, state="failed", params={"views": 1, "strength": 9.0}, note="the <b>reason</b>"),
]


def page(folder: Path, **more: Any) -> str:
    given: dict[str, Any] = {
        "title": "bananas",
        "measure": "log loss",
        "maximise": False,
        "trials": TRIALS,
        "best": 1,
        "options": ["views", "strength"],
        "logarithmic": ["strength"],
        "fixed": {"size": 192},
        "importances": {"strength": 0.75, "views": 0.25},
        "why": "Ship </script> it.",
        "notes": ["1 trial failed."],
        "accuracy": {"value": 0.959, "low": 0.913, "high": 0.981},
        "sampler": "TPE, seed 0",
        "pruner": "median",
        "space": "default",
        "has_comparison": True,
    }
    path = folder / "study.html"
    write_tuning_page(path, StudyAccount(**(given | more)))
    return path.read_text(encoding="utf-8")


def test_the_page_has_its_figures_and_all_trials(tmp_path: Path) -> None:
    text = page(tmp_path)
    for words in ("95.9", "91.3", "98.1", "0.4", "2 trials completed, 1 pruned, 1 failed", "TPE, seed 0", "size 192"):
        assert words in text
    rows = re.search(r'<section id="trials">.*?</section>', text, re.DOTALL)
    assert rows is not None
    assert rows[0].count('<th scope="row"') == 4
    assert "the default options" in rows[0]
    assert "repeats trial 7" in rows[0]


def test_the_options_are_listed_by_importance(tmp_path: Path) -> None:
    text = page(tmp_path)
    assert text.index('<th scope="row">strength') < text.index('<th scope="row">views')
    assert "75" in text
    assert "There are too few trials to tell." in page(tmp_path, importances={})


def test_names_and_reasons_are_escaped(tmp_path: Path) -> None:
    text = page(tmp_path, title="<i>")
    assert "<b>reason" not in text
    assert "<i>" not in text
    assert "Ship &lt;/script&gt; it." in text


def test_the_script_gets_completed_and_pruned_trials(tmp_path: Path) -> None:
    trials = [*TRIALS, TrialRow(number=4, state="done", value=0.6, params={"backbone": "</script>"})]
    text = page(tmp_path, trials=trials)
    (block,) = re.findall(r'<script type="application/json">(.*?)</script>', text)
    value = json.loads(block)
    assert [number for number, _ in value["trials"]] == [0, 1, 2, 4]
    assert value["first"] == 1
    assert value["trials"][3][1].endswith("backbone </script>")


@pytest.mark.parametrize("accuracy", [{"value": 1.0, "low": None, "high": None}, {"value": None}])
def test_an_accuracy_without_an_interval_says_so(tmp_path: Path, accuracy: dict[str, Any]) -> None:
    assert "no interval" in page(tmp_path, accuracy=accuracy)


def test_the_comparison_is_linked_if_there_is_one(tmp_path: Path) -> None:
    assert 'href="comparison.html"' in page(tmp_path)
    assert "comparison.html" not in page(tmp_path, has_comparison=False)


def test_the_page_names_the_direction(tmp_path: Path) -> None:
    assert "lower is better" in page(tmp_path)
    assert "higher is better" in page(tmp_path, maximise=True, measure="accuracy")
