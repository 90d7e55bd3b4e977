"""Estimates of the command: by a bundle, and before one exists; and the examples of docs/cost.md."""

import re
import shlex
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import typer

from discern.cli.app import app
from discern.errors import BundleError, CatalogError, DataError, UsageError
from discern.flow.cost import cost
from discern.flow.cost_result import CostResult
from discern.flow.cost_workload import CostOptions
from tests.unit.bundle.factories import write_small

PAGE = (Path(__file__).resolve().parents[3] / "docs/cost.md").read_text("utf-8")
TODAY = date(2026, 11, 29)
GIVEN = CostOptions(milliseconds=60, memory=1.73)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("colours") / "model.discern")


def estimate(bundle: Path, options: CostOptions = GIVEN, per_day: float = 5000, **changes: Any) -> CostResult:
    return cost(bundle, per_day=per_day, options=options, today=TODAY, **changes)


def sections() -> dict[str, str]:
    """Examples of the page by their headings."""
    return dict(re.findall(r"^### (.*?)\n(.*?)(?=^#)", PAGE, re.MULTILINE | re.DOTALL))


def calculations(section: str) -> dict[str, tuple[str, str]]:
    """Term and result of each line, by its name."""
    block = re.findall(r"```text\n(.*?)```", section, re.DOTALL)[0]
    return {name: (term, value) for name, term, value in re.findall(r"^(\S+)\s+(\S.*) = (\S+)$", block, re.MULTILINE)}


def computed(term: str) -> float:
    """Value of a term of sums, products and quotients."""
    plain = term.replace(" x ", " * ").replace(",", "").replace("$", "")
    assert re.fullmatch(r"[\d.+\-*/() ]+", plain)
    return float(eval(plain))


def options_of(section: str) -> dict[str, Any]:
    """Options of the command in an example, as Typer understands them."""
    line = re.findall(r"`discern cost (.*?)`", section)[0]
    return dict(typer.main.get_command(app).commands["cost"].make_context("cost", shlex.split(line)).params)


@pytest.mark.parametrize("name", sections())
def test_each_line_of_the_examples_is_right(name: str) -> None:
    lines = calculations(sections()[name])
    assert len(lines) >= 5
    for term, value in lines.values():
        number = value.replace(",", "").replace("$", "")
        decimals = len(number.partition(".")[2])
        assert computed(term) == pytest.approx(float(number), abs=0.5 * 10**-decimals + 1e-9), term


@pytest.mark.parametrize("name", ["A function against machines", "A service with the free tier"])
def test_the_command_gives_what_the_examples_say(name: str, bundle: Path) -> None:
    section = sections()[name]
    given = options_of(section)
    options = CostOptions(milliseconds=given["milliseconds"], memory=given["memory"], free_tier=given["free_tier"])
    result = estimate(bundle, options, given["per_day"], target=given["target"])
    parts = result.row(result.chosen).parts or {}
    compared = 0
    for line, (_, value) in calculations(section).items():
        amount = float(value.replace(",", "").replace("$", ""))
        found = {row.target: row.per_month for row in result.rows}.get(line, parts.get(line))
        if found is not None:
            decimals = len(value.partition(".")[2])
            assert found == pytest.approx(amount, abs=0.5 * 10**-decimals + 1e-9), line
            compared += 1
    assert compared >= 4


def test_training_costs_what_the_example_says(tmp_path: Path) -> None:
    section = sections()["Before a bundle exists"]
    given, lines = options_of(section), calculations(section)
    for index in range(20):
        (tmp_path / "photos" / "a").mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / "a" / f"{index}.jpg").write_bytes(bytes(1000))
    result = cost(tmp_path / "photos", per_day=given["per_day"], method=given["method"], today=TODAY)
    rows = {row.target: row for row in result.rows}
    seconds = computed(lines["seconds"][0].replace("10,000", "20"))
    assert rows["training"].one_off == pytest.approx(seconds / 3600 * 0.23)
    assert rows["tuning"].one_off == pytest.approx(12 * seconds / 3600 * 0.23)
    assert rows["storage"].per_month == pytest.approx(20e-6 * 0.023)
    assert rows["storage"].one_off == pytest.approx(20 / 1000 * 0.005)
    assert rows["lambda-x86"].per_month == pytest.approx(0.289, abs=0.001)


def test_a_probe_has_no_search(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    result = cost(tmp_path, per_day=1, method="probe", today=TODAY)
    assert {row.target: row.one_off for row in result.rows}["tuning"] == 0


def test_the_json_has_its_keys(bundle: Path) -> None:
    value = estimate(bundle).to_json()
    assert value["prices_as_of"] == "2026-09-27"
    assert {"rows", "break_even"} <= set(value)
    assert [row["target"] for row in value["rows"]][:2] == ["lambda-x86", "lambda-arm"]
    assert value["rows"][0]["per_month"] == pytest.approx(0.2895, abs=1e-4)
    assert {each["against"] for each in value["break_even"]} == {"real-time-endpoint", "ml.m5.xlarge", "small-server"}


def test_a_bundle_is_measured_and_that_is_said(bundle: Path) -> None:
    result = estimate(bundle, CostOptions(factor=2))
    assert result.measured is not None
    assert result.workload.milliseconds == pytest.approx(2 * result.measured.milliseconds)
    assert result.notes[0].startswith("Measured on this machine, on one core:")
    assert "2 times as long" in result.notes[0]


def test_old_prices_are_warned_of(bundle: Path) -> None:
    result = cost(bundle, per_day=1, options=GIVEN, today=date(2027, 6, 1))
    assert any("older than 180 days: lambda" in note for note in result.notes)


def test_the_budget_is_held_against_the_plan(bundle: Path) -> None:
    assert estimate(bundle, budget="0.29USD").passed
    refused = estimate(bundle, budget="0.28USD")
    assert not refused.passed
    assert "lambda-x86 costs $0.29" in refused.refusal
    assert not estimate(bundle, budget="1000USD", target="container-fargate").passed


def test_the_proposal_and_the_figure_are_written(bundle: Path, tmp_path: Path) -> None:
    result = estimate(bundle, out=tmp_path / "new" / "proposal", budget="5USD")
    assert [Path(path).name for path in result.files] == ["BUDGET.md", "break_even.svg", "break_even.png"]
    page, svg, png = (Path(path).read_bytes() for path in result.files)
    assert b"# Budget: colours" in page
    assert svg.startswith(b"<svg")
    assert png.startswith(b"\x89PNG")
    assert estimate(bundle, out=tmp_path / "one.md").files == (str(tmp_path / "one.md"),)


@pytest.mark.parametrize("name", ["page.html", "a.pdf"])
def test_other_files_are_refused(bundle: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="--out cannot be"):
        estimate(bundle, out=tmp_path / name)


@pytest.mark.parametrize("per_day", [0, -1, float("nan"), float("inf"), 1e12])
def test_impossible_numbers_of_answers_are_refused(bundle: Path, per_day: float) -> None:
    with pytest.raises(UsageError, match="--per-day is"):
        estimate(bundle, per_day=per_day)


@pytest.mark.parametrize(
    "changes", [{"milliseconds": 0}, {"memory": 0.01}, {"memory": 11}, {"peak": 0.5}, {"factor": 0}]
)
def test_impossible_facts_are_refused(bundle: Path, changes: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=f"--{next(iter(changes))} is"):
        estimate(bundle, CostOptions(**changes))


def test_an_unknown_way_names_the_known_ones(bundle: Path) -> None:
    with pytest.raises(UsageError, match=r"Unknown way to deploy: 'heroku'.*lambda-x86"):
        estimate(bundle, target="heroku")


def test_what_cannot_be_estimated_is_refused(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder, not a bundle"):
        estimate(tmp_path)
    with pytest.raises(UsageError, match="trained already"):
        estimate(bundle, method="probe")
    with pytest.raises(UsageError, match="does not exist"):
        estimate(tmp_path / "missing", method="probe")
    with pytest.raises((DataError, CatalogError)):
        estimate(tmp_path, method="probe")
    with pytest.raises(BundleError):
        estimate(tmp_path / "missing.discern")
