"""`discern ship` takes the options of its targets, and refuses those of others."""

from pathlib import Path
from typing import Any

import pytest
import typer

from discern.cli.app import app
from discern.errors import UsageError
from discern.shipping.ship_registry import SHIP_TARGETS
from tests.unit.bundle.factories import write_small

GROUP = typer.main.get_command(app)
SHIP = GROUP.commands["ship"]


def run(*words: str) -> Any:
    return GROUP(args=["ship", *words], prog_name="discern", standalone_mode=False)


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    return str(write_small(tmp_path / "small.discern"))


def test_the_help_lists_the_options_of_each_target_under_its_name() -> None:
    shown = SHIP.get_help(typer.Context(SHIP, info_name="ship", terminal_width=80, max_content_width=80))
    heads = [line for line in shown.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert heads[:2] == ["Arguments:", "Options:"]
    assert {f"Options of {name}:" for name in ("lambda", "workflow", "site")} < set(heads)
    of_lambda = shown.partition("Options of lambda:")[2].partition("Options of")[0]
    assert "--arch" in of_lambda
    assert "--notify" not in of_lambda


def test_each_option_belongs_to_a_target() -> None:
    known = {item for target in SHIP_TARGETS.values() for item in target.options_type.__dataclass_fields__}
    of_targets = {param.name for param in SHIP.params if (param.rich_help_panel or "").startswith("Options of")}
    of_targets -= {"traffic", "state_machine", "record"}
    assert {"map" if name == "each" else name for name in of_targets} <= known


def test_an_option_of_another_target_is_refused(bundle: str) -> None:
    with pytest.raises(UsageError, match="--arch does not apply to the target workflow"):
        run("workflow", bundle, "--dry-run", "--arch", "arm64")


def test_an_option_of_another_target_in_a_file_is_left_alone(bundle: str, tmp_path: Path) -> None:
    (tmp_path / "discern.toml").write_text('[ship]\narch = "arm64"\nthreshold = 0.75\nmap = true\n', encoding="utf-8")
    run("workflow", bundle, "--dry-run", "--out", "flow")
    assert "0.75" in (tmp_path / "flow/state_machine.asl.json").read_text("utf-8")
    assert '"Map"' in (tmp_path / "flow/state_machine.asl.json").read_text("utf-8")


def test_minimums_of_continuous_integration_are_parsed_as_those_of_an_evaluation(bundle: str) -> None:
    with pytest.raises(UsageError, match="Invalid minimum: 'fast'"):
        run("ci", bundle, "--at-least", "fast")
    with pytest.raises(UsageError, match=r"Invalid minimum: speed=0\.9"):
        run("ci", bundle, "--at-least", "speed=.9")
    with pytest.raises(UsageError, match="cannot ship to 'moon'"):
        run("ci", bundle, "--deploy", "moon")
    with pytest.raises(UsageError, match="--deploy does not apply to the target container"):
        run("container", bundle, "--deploy", "lambda")


@pytest.mark.parametrize("action", ["status", "down", "stop-notebooks"])
def test_an_action_on_the_account_refuses_the_options_of_targets(action: str) -> None:
    with pytest.raises(UsageError, match=f"--bucket does not apply to {action}"):
        run(action, "--bucket", "pictures")


def test_a_target_needs_a_bundle_and_traffic_a_workflow(bundle: str) -> None:
    with pytest.raises(UsageError, match="no bundle to deploy to lambda"):
        run("lambda")
    with pytest.raises(UsageError, match="--traffic does not apply to the target lambda"):
        run("lambda", bundle, "--traffic", "pictures")
    with pytest.raises(UsageError, match="needs a workflow and a bucket"):
        run("workflow", bundle, "--traffic", "pictures")
    with pytest.raises(UsageError, match="belong to --traffic"):
        run("workflow", bundle, "--record", "traffic.jsonl")


@pytest.mark.parametrize("option", [("--yes",), ("--out", "o"), ("--dry-run",), ("--arch", "arm64"), ("--map",)])
def test_traffic_refuses_what_belongs_to_a_plan(bundle: str, option: tuple[str, ...]) -> None:
    traffic = ("--traffic", "pictures", "--state-machine", "arn:aws:states:x", "--bucket", "pictures")
    with pytest.raises(UsageError, match=f"{option[0]} does not apply to --traffic"):
        run("workflow", bundle, *traffic, *option)


def test_an_unknown_target_is_named_even_without_a_bundle() -> None:
    with pytest.raises(UsageError, match="'stop-notebook'") as raised:
        run("stop-notebook")
    assert "stop-notebooks" in raised.value.hint


@pytest.mark.parametrize("target", ["container", "kubernetes"])
def test_a_plan_that_discern_does_not_create_says_who_does(
    target: str, bundle: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(target, bundle, "--memory", "300")
    shown = capsys.readouterr().out
    assert "add --yes" not in shown
    assert "Discern only writes the files" in shown
    with pytest.raises(UsageError) as raised:
        run(target, bundle, "--memory", "300", "--yes")
    # Not a temporary folder, which is removed before anyone could use it.
    assert "in the folder of --out" in raised.value.hint


@pytest.mark.parametrize("target", ["container", "kubernetes"])
def test_a_region_is_refused_where_no_account_is_called(target: str, bundle: str) -> None:
    with pytest.raises(UsageError, match=f"--region does not apply to the target {target}"):
        run(target, bundle, "--memory", "300", "--region", "eu-west-1")
