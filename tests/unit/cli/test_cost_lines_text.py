"""Text of cost estimates and of what was deployed."""

from datetime import date
from typing import Any

import pytest

from discern.cli.cost_lines_text import describe_costs, describe_deployed, wrapped
from discern.flow.cost import cost
from discern.flow.cost_result import CostResult
from discern.flow.cost_workload import CostOptions
from tests.unit.bundle.factories import write_small

RESOURCES = [
    {"kind": "endpoint", "name": "scones", "per_hour": 0.46, "bundle": "scones", "state": "InService"},
    {"kind": "notebook", "name": "theirs", "per_hour": None, "bundle": None, "state": "InService"},
    {"kind": "function", "name": "scones", "per_hour": 0.0, "bundle": "scones", "state": ""},
]


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> CostResult:
    path = write_small(tmp_path_factory.mktemp("colours") / "model.discern")
    options = CostOptions(milliseconds=60, memory=1.73)
    return cost(path, per_day=5000, options=options, budget="0.01USD", today=date(2026, 11, 29))


def deployed(**changes: Any) -> dict[str, Any]:
    empty = {"resources": [], "region": "us-east-1", "done": [], "planned": False}
    return empty | {"failed": [], "unchecked": [], "notes": []} | changes


@pytest.mark.parametrize("compare", [False, True])
def test_an_estimate_fits_a_terminal(result: CostResult, compare: bool) -> None:
    lines = list(describe_costs(result, compare=compare))
    assert max(map(len, lines)) <= 82
    text = "\n".join(lines)
    assert "lambda-x86                        $0.29" in text
    assert ("$167.90" in text) == compare
    assert "refused: lambda-x86 costs $0.29" in text


def test_the_break_even_numbers_are_listed(result: CostResult) -> None:
    text = "\n".join(describe_costs(result, compare=False))
    assert "ml.m5.xlarge                  2,899,822 (one machine keeps up to 1,152,000)" in text


def test_resources_are_listed_with_their_cost() -> None:
    lines = list(describe_deployed(deployed(resources=RESOURCES), verb=""))
    assert lines[:2] == [
        "us-east-1: 3 resources",
        "  endpoint          $0.46 an hour  scones  (bundle scones, InService)",
    ]
    assert "not known" in lines[2]
    assert "not created by Discern" in lines[2]
    assert " ".join(lines[4:]).startswith("together $0.46 an hour")
    assert "1 whose price is not known" in " ".join(" ".join(lines).split())


def test_a_removal_says_what_is_left() -> None:
    lines = list(describe_deployed(deployed(done=["role scones"], unchecked=["queue: no"]), verb="removed"))
    assert lines == [
        "removed: role scones",
        "looked again in us-east-1: no resources of Discern left",
        "not checked: queue: no",
    ]
    assert list(describe_deployed(deployed(planned=True), verb="removed"))[-1] == "There is nothing to do."


def test_long_words_are_kept_whole() -> None:
    assert wrapped("a " + "b" * 100) == ["a", "  " + "b" * 100]
