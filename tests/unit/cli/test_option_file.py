"""discern.toml: keys, types and paths."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from discern.cli.app import app
from discern.cli.option_file import read_option_file
from discern.errors import UsageError

COMMANDS = typer.main.get_command(app).commands


def read(folder: Path, text: str) -> dict[str, dict[str, Any]]:
    path = folder / "options.toml"
    path.write_text(text, encoding="utf-8")
    return read_option_file(path, COMMANDS)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(UsageError) as error:
        read(folder, text)
    assert str(folder / "options.toml") in error.value.message
    return str(error.value)


def test_every_option_of_every_command_can_be_set(tmp_path: Path) -> None:
    def accepts(value: str) -> bool:
        path = tmp_path / "options.toml"
        path.write_text(f"[{name}]\n{key} = {value}")
        try:
            return any(read_option_file(path, {name: command}).values())
        except UsageError:
            return False

    for name, command in COMMANDS.items():
        for param in command.params:
            if getattr(param, "hidden", False):
                continue
            key = param.opts[0].lstrip("-") if param.param_type_name == "option" else param.name
            assert any(map(accepts, ('"text"', "1", "true", '["text"]'))) is (key != "config"), (name, key)


def test_values_are_those_of_a_command_line(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """
        [train]
        seed = 3
        at-most-wrong = 0.02
        coverage = "none"
        ordered = ["green", "ripe"]
        parts_of = { train = "a", test = "b" }
        set = { blurred = 0.25, dark = 50 }
        resume = true
        [split]
        parts = [70, 20, 10]
        [evaluate]
        at-least = { accuracy = 0.9 }
        against = "other.discern"
        """,
    )
    assert found["train"] == {
        "seed": 3, "at_most_wrong": "0.02", "coverage": "none", "ordered": "green,ripe",
        "parts_of": "train=a,test=b", "thresholds": ["blurred=0.25", "dark=50"], "resume": True,
    }  # fmt: skip
    assert found["split"] == {"parts": "70/20/10"}
    assert found["evaluate"]["at_least"] == ["accuracy=0.9"]
    assert found["evaluate"]["against"] == [str(tmp_path / "other.discern")]


def test_keys_above_the_tables_are_for_all_commands_that_have_them(tmp_path: Path) -> None:
    found = read(tmp_path, 'seed = 1\ncache = "/tmp/x"\n[train]\nseed = 2\n')
    assert (found["train"]["seed"], found["split"]["seed"], found["evaluate"]["seed"]) == (2, 1, 1)
    assert "seed" not in found["check"]
    # "cache" is the name of an option and of a command.
    assert found["check"] == found["cache"] == {"cache": "/tmp/x"}
    assert read(tmp_path, "[cache]\nkeep = 5\n")["cache"] == {"keep": 5}


def test_relative_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    text = """
    [train]
    source = "photos"
    fixes = "/abs/fixes.csv"
    negatives = "~/others"
    backbone = "my.onnx"
    group-by = "(x)/"
    [evaluate]
    bundle = "http://127.0.0.1:8000"
    [check]
    backbone = "lite1"
    """
    found = read(tmp_path, text)
    assert found["train"] == {
        "source": str(tmp_path / "photos"), "fixes": "/abs/fixes.csv", "negatives": "~/others",
        "backbone": str(tmp_path / "my.onnx"), "group_by": "(x)/",
    }  # fmt: skip
    assert found["evaluate"]["bundle"] == "http://127.0.0.1:8000"
    assert found["check"]["backbone"] == "lite1"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sed = 3", ("'sed'", "outside of tables", "nearest is seed")),
        ("[trian]\nseed = 1", ("table 'trian'", "nearest is [train]")),
        ("[check]\ngruop_by = 'x'", ("'gruop_by' in [check]", "nearest is group-by")),
        ("[check]\nseed = 1", ("'seed' in [check]",)),
        ("[check.more]\nseed = 1", ("'more' in [check]",)),
        ("[train]\nconfig = 'x'", ("'config' in [train]",)),
        ("[train]\nhelp = true", ("'help' in [train]",)),
    ],
)
def test_unknown_keys_name_the_nearest(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    message = refusal(tmp_path, text)
    assert all(word in message for word in words), message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('seed = "one"', "seed must be a whole number, not text"),
        ("seed = 1.5", "seed must be a whole number, not a number"),
        ("seed = true", "seed must be a whole number, not true or false"),
        ("[check]\nstrict = 1", "check.strict must be true or false, not a whole number"),
        ('[check]\nstrict = "yes"', "check.strict must be true or false, not text"),
        ("[train]\nfixes = 3", "train.fixes must be text, not a whole number"),
        ("[train]\nfixes = ['a']", "train.fixes must be text, not a list"),
        ("[train]\nfixes = 2026-01-01", "train.fixes must be text, not a date or time"),
        ("[train]\ncoverage = true", "train.coverage must be text or a number, not true or false"),
        ("[train]\nordered = 3", "train.ordered must be text or a list, not a whole number"),
        ("[train]\nset = 3", "train.set must be text or a list or a table, not a whole number"),
        ("train = 5", "train must be a table, not a whole number"),
        ('[check]\ngroup-by = "a"\ngroup_by = "b"', "group-by and group_by in [check] are one option"),
        ("x = [", "is not valid TOML"),
    ],
)
def test_wrong_types_are_named(tmp_path: Path, text: str, words: str) -> None:
    assert words in refusal(tmp_path, text)


def test_labels_with_commas_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has a comma"):
        read(tmp_path, "[train]\nordered = ['a,b', 'c']")


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "options.toml"
    with pytest.raises(UsageError, match="no file of options"):
        read_option_file(path, COMMANDS)
    path.write_bytes(b"\xff = 1")
    with pytest.raises(UsageError, match="not valid TOML"):
        read_option_file(path, COMMANDS)
    path.write_bytes(b"\xef\xbb\xbfseed = 1")
    assert read_option_file(path, COMMANDS)["train"] == {"seed": 1}
    path.unlink()
    path.mkdir()
    with pytest.raises(UsageError, match="is not a file of options"):
        read_option_file(path, COMMANDS)


def test_the_example_in_the_documentation_is_valid(tmp_path: Path) -> None:
    page = Path(__file__).resolve().parents[3] / "docs/repeating.md"
    (example,) = re.findall(r"^```toml\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    found = read(tmp_path, example)
    assert found["train"]["thresholds"] == ["blurred=0.25"]
    assert found["check"]["backbone"] == "lite1"
