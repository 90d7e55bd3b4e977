"""Renamed options: the old names still work, with a note on standard error."""

import pytest
import typer

from discern.cli.app import app

SERVE = typer.main.get_command(app).commands["serve"]
RENAMED = [
    (["--open"], "no_auth", True, "--no-auth"),
    (["--behind", "10.0.0.1"], "trusted_proxies", "10.0.0.1", "--trusted-proxies"),
    (["--patience", "5"], "request_timeout", 5.0, "--request-timeout"),
    (["--rate=60/minute"], "rate_limit", "60/minute", "--rate-limit"),
    (["--queue", "7"], "max_queue", 7, "--max-queue"),
]


def parse(*options: str) -> dict[str, object]:
    return SERVE.make_context("serve", ["a.discern", *options]).params


@pytest.mark.parametrize(("old", "parameter", "value", "new"), RENAMED)
def test_an_old_name_sets_the_new_option_and_prints_one_line_on_standard_error(
    old: list[str], parameter: str, value: object, new: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert parse(*old)[parameter] == value
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert f"use {new}." in printed.err


@pytest.mark.parametrize(("old", "parameter", "value", "new"), RENAMED)
def test_a_new_name_is_accepted_silently(
    old: list[str], parameter: str, value: object, new: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [] if value is True else [str(value)]
    assert parse(new, *words)[parameter] == value
    assert capsys.readouterr() == ("", "")


def test_old_names_are_not_shown_in_the_help() -> None:
    shown = {option for each in SERVE.params for option in each.opts}
    assert not shown & {"--open", "--behind", "--patience", "--rate", "--queue"}


def test_an_old_name_as_a_value_is_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert parse("--host", "open", "--", "queue")["host"] == "open"
    assert capsys.readouterr().err == ""


def test_other_commands_know_no_old_names() -> None:
    with pytest.raises(Exception, match="--open"):
        typer.main.get_command(app).commands["key"].make_context("key", ["me", "--open"])
