"""The documentation is true: references are current, commands are accepted, code runs, links resolve."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
from tools import write_cli_reference, write_python_reference

from discern.cli.app import app
from tests.e2e.drawn import write_shapes

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/cli.md", "docs/python.md")]
COMMANDS = typer.main.get_command(app).commands


def blocks(path: Path, language: str) -> list[str]:
    """Fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def command_lines(path: Path) -> list[str]:
    """Every `discern ...` in a page: lines of shell blocks, and inline code."""
    shell = "\n".join(blocks(path, "sh"))
    prose = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^discern .*$", shell, re.MULTILINE) + re.findall(r"`(discern [^`]*)`", prose)


def misuse(line: str) -> str:
    """Error of a command line; "" if it is accepted."""
    _, name, *words = shlex.split(line, comments=True)
    if name not in COMMANDS:
        return f"no command {name}"
    try:
        COMMANDS[name].make_context(name, words)
    except Exception as error:  # noqa: BLE001 - the errors of misuse have no public class
        return f"{line}: {getattr(error, 'message', error)}"
    return ""


@pytest.mark.parametrize("reference", [write_cli_reference, write_python_reference], ids=lambda each: each.TARGET.name)
def test_the_references_are_current(reference: ModuleType) -> None:
    assert reference.TARGET.read_text("utf-8") == reference.page(), "run `make docs`"


def test_every_command_and_option_is_in_the_reference() -> None:
    sections = dict(re.findall(r"^## discern (\w+)\n(.*?)(?=^## |\Z)", write_cli_reference.page(), re.M | re.S))
    assert sections.keys() == COMMANDS.keys()
    for name, command in COMMANDS.items():
        spelled = [(each, [*each.opts, *each.secondary_opts]) for each in command.params]
        options = [(each, names) for each, names in spelled if names[0].startswith("--")]
        assert options
        for each, names in options:
            row = re.search(rf"^\| {', '.join(f'`{name}`' for name in names)} \| (.*?) \|", sections[name], re.M)
            assert row, names
            if each.is_flag:
                assert row[1] == ("on" if each.default else "off")


def test_no_summary_is_cut_in_the_list_of_commands() -> None:
    group = typer.main.get_command(app)
    listed = group.get_help(typer.Context(group, terminal_width=80, max_content_width=80))
    assert "Commands:" in listed
    assert "..." not in listed.partition("Commands:")[2]


@pytest.mark.parametrize("page", PAGES, ids=lambda each: each.name)
def test_every_command_is_accepted(page: Path) -> None:
    assert [why for line in command_lines(page) if (why := misuse(line))] == []


def test_commands_are_found_and_wrong_ones_refused() -> None:
    assert len(command_lines(ROOT / "README.md")) >= 10
    assert len(command_lines(ROOT / "docs/cli.md")) == len(COMMANDS)
    assert misuse("discern fly photos/")
    assert misuse("discern check photos/ --faster")
    assert misuse("discern predict")
    assert misuse("discern split photos/ --seed one")


@pytest.mark.parametrize("page", PAGES, ids=lambda each: each.name)
def test_links_resolve(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).is_file()] == []


def test_the_make_targets_exist() -> None:
    named = {name for page in PAGES for name in re.findall(r"`make (\w+)", page.read_text("utf-8"))}
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert {"demo", "docs"} <= named
    assert named <= targets


class Reader:
    """Folder with a few pictures, in which the README's commands are run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        write_shapes(folder / "photos")
        write_shapes(folder / "other", each=8, seed=5)
        write_shapes(folder / "more", each=1, seed=6)
        next((folder / "more" / "disc").iterdir()).rename(folder / "new.jpg")
        (folder / "names.csv").write_text("label,alias\nround,disc\n")

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        places = {name: str(self.folder / "cache") for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME")}
        return subprocess.run(
            [sys.executable, *command],
            cwd=self.folder,
            env=os.environ | places,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return Reader(tmp_path_factory.mktemp("reader"))


@pytest.fixture(scope="module")
def trained(reader: Reader) -> Any:
    """Result of the README's training command, as JSON."""
    line = next(line for line in command_lines(ROOT / "README.md") if line.startswith("discern train"))
    done = reader.run("-m", *shlex.split(line), "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_the_readme_s_python_runs(reader: Reader) -> None:
    code, _ = blocks(ROOT / "README.md", "python")
    done = reader.run("-c", code)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"This .*(disc|square|stripes).*\.\n", done.stdout)
    assert (reader.folder / "runs" / "photos-1" / "report.html").is_file()


@pytest.mark.slow
def test_the_outputs_of_training_are_where_the_readme_says(reader: Reader, trained: Any) -> None:
    assert (reader.folder / "runs/mine/report.html").is_file()
    assert (reader.folder / "runs/mine/model.discern").is_file()


ADDRESS = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def address(reader: Reader, trained: Any) -> Iterator[str]:
    """Address of the README's server, on a free port."""
    line = next(line for line in command_lines(ROOT / "README.md") if line.startswith("discern serve"))
    command = [sys.executable, "-m", *shlex.split(line, comments=True), "--port", "0"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(command, cwd=reader.folder, **pipes) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.mark.slow
def test_the_readme_s_client_works(reader: Reader, address: str) -> None:
    _, code = blocks(ROOT / "README.md", "python")
    done = reader.run("-c", code.replace(ADDRESS, address))
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"This .*(disc|square|stripes).*\.\n", done.stdout)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_readme_s_curl_is_answered(reader: Reader, address: str) -> None:
    (line,) = re.findall(r"^curl .*$", "\n".join(blocks(ROOT / "README.md", "sh")), re.MULTILINE)
    words = shlex.split(line.replace(ADDRESS, address))
    done = subprocess.run([*words, "-sS"], cwd=reader.folder, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["label"] in ("disc", "square", "stripes")


@pytest.mark.slow
@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_the_readme_s_other_commands_work(reader: Reader, trained: Any, address: str, command: str) -> None:
    doors = "\n".join(blocks(ROOT / "README.md", "sh"))
    line = re.findall(rf"^discern {command} .*(?:--out|--against).*$", doors, re.MULTILINE)[0].replace(ADDRESS, address)
    done = reader.run("-m", *shlex.split(line), "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    if command == "predict":
        assert said["pictures"] == 42
        assert all(Path(said[name]).is_file() for name in ("out", "sheet"))
    else:
        assert said["against"][0]["difference"]["value"] == 0


TABLE = re.findall(r"^\| `(discern [^`]*)` \|", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("line", [line for line in TABLE if line.split()[1] not in ("train", "unsort")])
def test_the_readme_s_commands_run_and_print_the_documented_keys(line: str, reader: Reader, trained: Any) -> None:
    done = reader.run("-m", *shlex.split(line), "--json")
    # A bundle from so few pictures may fall short of the floor, and that is an answer too.
    assert done.returncode in ((0, 1) if "--at-least" in line else (0,)), done.stderr
    printed = json.loads(done.stdout.splitlines()[0])
    assert printed.keys() - documented(shlex.split(line)[1]) == set()
    assert documented(shlex.split(line)[1]) - printed.keys() <= {"error", "order_value", "name", "spoken", "route"}


@pytest.mark.slow
def test_the_readme_s_sorted_folder_is_removed_again(reader: Reader, trained: Any) -> None:
    doors = "\n".join(blocks(ROOT / "README.md", "sh"))
    line = re.findall(r"^discern predict .* --sort .*$", doors, re.MULTILINE)[0]
    copied = json.loads(reader.run("-m", *shlex.split(line, comments=True), "--json").stdout)["copied"]
    undo = next(line for line in TABLE if line.startswith("discern unsort"))
    undone = json.loads(reader.run("-m", *shlex.split(undo), "--json").stdout)
    assert undone.keys() == documented("unsort")
    assert undone["removed"] == sum(copied.values()) == 42


@pytest.mark.slow
def test_training_prints_the_documented_keys(trained: Any) -> None:
    assert trained.keys() == documented("train")


def documented(name: str) -> set[str]:
    """Documented keys of a command's JSON."""
    section = (ROOT / "docs/cli.md").read_text("utf-8").split(f"## discern {name}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `(\w+)` \|", section.split("| JSON key |")[1], re.MULTILINE))
