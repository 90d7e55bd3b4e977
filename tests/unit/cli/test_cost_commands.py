"""Options of `discern cost` that have no effect are refused."""

from pathlib import Path
from typing import Any

import pytest
import typer

from discern.cli.app import app
from discern.errors import UsageError
from tests.unit.bundle.factories import write_small

GROUP: Any = typer.main.get_command(app)


def run(*words: str) -> Any:
    return GROUP(args=["cost", *words], prog_name="discern", standalone_mode=False)


@pytest.mark.parametrize("option", ["--epochs", "--trials"])
@pytest.mark.parametrize("method", [(), ("--method", "probe")])
def test_options_of_a_fine_tuning_are_refused_without_one(tmp_path: Path, option: str, method: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match=f"{option} belongs to --method finetune"):
        run(str(tmp_path), "--per-day", "5", *method, option, "3")


def test_a_factor_is_refused_beside_the_time_that_it_would_multiply(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--factor applies to a measured time"):
        run(str(tmp_path), "--per-day", "5", "--milliseconds", "60", "--factor", "2")


def test_options_of_a_file_wait_for_their_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "discern.toml").write_text("[cost]\nepochs = 3\nfactor = 2\n", encoding="utf-8")
    bundle = str(write_small(tmp_path / "small.discern"))
    assert run(bundle, "--per-day", "5", "--milliseconds", "60") == 0
    assert "Given, not measured: 60 ms an answer." in capsys.readouterr().out


def test_an_assumed_time_is_stated_as_it_is_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    run(str(tmp_path), "--per-day", "5", "--method", "probe", "--factor", "2")
    assert "120 ms an answer is assumed" in " ".join(capsys.readouterr().out.split())
