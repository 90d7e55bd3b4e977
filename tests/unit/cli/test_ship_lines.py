"""Plans with their cost in the terminal, and the exit code of a budget."""

from pathlib import Path
from typing import Any

import pytest
import typer

from discern.cli.app import app
from discern.cli.exit_codes import FELL_SHORT
from discern.cli.ship_lines import outcome, plan_lines
from discern.errors import UsageError
from tests.unit.bundle.factories import write_small

COST = {
    "target": "small-server",
    "per_month": 5.0,
    "per_1000": 0.1667,
    "one_off": 0.0,
    "assumptions": ["One machine."],
    "parts": {"busy": 1.0, "idle": 4.0, "spare": 0.0},
    "per_day": 1000.0,
    "prices_as_of": "2026-09-27",
}
PLAN: dict[str, Any] = {"target": "container", "plan": [], "files": [], "unpacked_bytes": None, "zipped_bytes": None}


def run(*words: str) -> int:
    return int(typer.main.get_command(app)(args=["ship", *words], prog_name="discern", standalone_mode=False) or 0)


def test_the_cost_names_the_answers_a_day_and_its_parts() -> None:
    assert list(plan_lines(PLAN | {"cost": COST}))[1:] == [
        "cost: $5.00 a month at 1,000 answers a day (small-server, prices of 2026-09-27",
        "  and later, an estimate)",
        "  busy                            $1.00",
        "  idle                            $4.00",
        "  One machine.",
    ]
    once = "\n".join(plan_lines(PLAN | {"cost": COST | {"one_off": 2.0, "prices_as_of": "undated"}}))
    assert "$5.00 a month, and $2.00 once at 1,000 answers a day (small-server,\n  undated prices" in once


def test_an_unknown_cost_says_why() -> None:
    assert list(plan_lines(PLAN | {"cost": None, "cost_reason": "No price."}))[1:] == ["cost: not known. No price."]
    assert list(plan_lines(PLAN | {"cost": None}))[1:] == []


def test_a_refused_plan_does_not_ask_for_a_confirmation() -> None:
    lines = list(outcome(PLAN | {"refusal": "Too much."}, out=None, dry_run=False))
    assert lines == ["refused: Too much.", "Nothing was created."]
    assert "add --yes" in "".join(outcome(PLAN, out=None, dry_run=False))


def test_a_plan_above_the_budget_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = str(write_small(tmp_path / "small.discern"))
    words = ("container", bundle, "--per-day", "2000", "--budget")
    assert run(*words, "1USD", "--yes") == FELL_SHORT
    shown = capsys.readouterr().out
    assert "a month at 2,000 answers a day (small-server" in shown
    assert "refused: small-server costs $5." in shown
    assert shown.endswith("Nothing was created.\n")


@pytest.mark.parametrize("option", [("--per-day", "5"), ("--budget", "5USD")])
def test_options_of_the_cost_are_refused_where_nothing_is_planned(tmp_path: Path, option: tuple[str, str]) -> None:
    bundle = str(write_small(tmp_path / "small.discern"))
    with pytest.raises(UsageError, match=f"{option[0]} does not apply to status"):
        run("status", *option)
    with pytest.raises(UsageError, match=f"{option[0]} does not apply to --traffic"):
        run("workflow", bundle, "--traffic", str(tmp_path), *option)
