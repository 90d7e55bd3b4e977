"""The documentation is true: references are current, commands are accepted, code runs, links resolve."""

import ast
import inspect
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tools import write_cli_reference, write_python_reference

import discern
from discern.cli.app import app
from discern.cli.option_values import parse_error_limit, parse_parts, parse_share
from discern.errors import RunError
from discern.inference.batch_config import BatchConfig
from discern.serving.config import ServeConfig
from tests.e2e.drawn import write_shapes

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
OTHER_PAGES = [ROOT / "GLOSSARY.md", ROOT / "SECURITY.md"]
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
    except RunError:  # of an option that opens a run, which only the reader has
        return ""
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
        options = [(each, names) for each, names in spelled if names[0].startswith("--") and not each.hidden]
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


@pytest.mark.parametrize("name", COMMANDS)
def test_no_help_text_is_cut(name: str) -> None:
    command = COMMANDS[name]
    shown = command.get_help(typer.Context(command, info_name=name, terminal_width=80, max_content_width=80))
    assert max(map(len, shown.splitlines())) <= 80
    told = "".join(shown.split())
    for each in command.params:
        if not getattr(each, "hidden", False):
            assert "".join((each.help or "").split()) in told


@cache
def strings() -> dict[str, str]:
    """All strings of each module, docstrings included."""
    return {
        str(path.relative_to(ROOT)): " ".join(
            node.value
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        )
        for path in sorted((ROOT / "src").rglob("*.py"))
    }


# Options of npm, and of the commands that copy from elsewhere.
FOREIGN = {"pack-destination", "loglevel", "ignore-scripts", "no-update-notifier", "recursive", "ratio", "share"}
FOREIGN |= {"invalidation-mode", "no-sign-request"}  # of python -m compileall, and of the command line of AWS
FOREIGN |= {"dest", "only-binary", "no-deps", "python-version", "no-input", "disable-pip-version-check", "quiet"}
FOREIGN |= {"implementation", "abi"}  # as those before, of pip
FOREIGN |= {"parameter-overrides", "template-file", "capabilities", "s3-bucket"}  # as those that follow
FOREIGN |= {"guided", "stack-name", "image-tag-mutability", "repository-name", "tags"}  # of the command lines of AWS
FOREIGN |= {"tag", "provenance", "password-stdin", "platform", "format", "username", "from"}  # of Docker and Buildah
FOREIGN |= {"generate-hashes", "output-file"}  # of uv
FOREIGN |= {"build", "build-arg", "fetch-timeout", "fetch-retries", "fetch-retry-mintimeout"}


def test_messages_name_only_commands_and_options_that_exist() -> None:
    spelled = [each for command in COMMANDS.values() for each in command.params]
    options = {name for each in spelled for name in (*each.opts, *each.secondary_opts)}
    options |= {"--help", "--version", "--debug"} | {f"--{name}" for name in FOREIGN}
    for path, text in (strings() | {path.name: path.read_text("utf-8") for path in OTHER_PAGES}).items():
        commands = set(re.findall(r"`discern ([a-z]+)\b", text))
        assert commands <= COMMANDS.keys(), path
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) <= options, path


def test_messages_promise_no_package_that_no_registry_has() -> None:
    """The project's own name is on none: it is installed from its folder."""
    name = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["name"]
    pages = {path.name: path.read_text("utf-8") for path in PAGES}
    for path, text in (strings() | pages).items():
        assert not re.search(rf"pip install[^\n`]*{name}", text), path


def test_the_readme_s_install_brings_what_the_code_imports() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    wanted = {canonicalize_name(Requirement(each).name) for each in declared}
    brought = {"starlette", "pydantic", "markupsafe", "threadpoolctl"}  # by fastapi, jinja2 and scikit-learn
    optional = {"pandas", "boto3", "botocore", "obstore"}  # the last three by the extra aws
    optional |= {"psycopg"}  # by the extra postgres
    optional |= {"onnxscript", "optuna", "safetensors", "timm", "torch", "torchvision"}  # by the extra torch
    homes = {module: set(map(canonicalize_name, names)) for module, names in packages_distributions().items()}
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            outside = {name.split(".")[0] for name in names} - {
                *sys.stdlib_module_names,
                "discern",
                "__future__",
                *optional,
            }
            for module in outside:
                assert homes.get(module, set()) & (wanted | brought), f"{path.name} imports {module}"


def plain_default(name: str, value: Any) -> Any:
    """Default of a command's option as its function takes it."""
    if isinstance(value, str):
        parsers = {"coverage": parse_share, "at_most_wrong": parse_error_limit, "parts": parse_parts}
        value = parsers[name](value) if name in parsers else value
    return None if value in ((), [], "") else value


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("serve", "cache")])
def test_the_defaults_of_a_command_are_those_of_its_function(name: str) -> None:
    defaults = {key: each.default for key, each in inspect.signature(getattr(discern, name)).parameters.items()}
    defaults = {key: value for key, value in defaults.items() if value is not inspect.Parameter.empty}
    for each in COMMANDS[name].params:
        if each.name in defaults and not getattr(each, "hidden", False):
            assert plain_default(each.name, each.default) == plain_default(each.name, defaults[each.name]), each.name


def test_the_defaults_of_serve_are_those_of_its_configuration() -> None:
    config, batching = ServeConfig(bundles=("a",)), BatchConfig()
    found = {each.name: each.default for each in COMMANDS["serve"].params}
    names = ("host", "port", "workers", "no_auth", "max_pictures", "request_timeout", "allow_urls", "trusted_proxies")
    for name in (*names, "watch"):
        assert found[name] == getattr(config, name), name
    for name in ("max_batch", "max_queue", "timeout", "threads"):
        assert found[name] == getattr(batching, name), name
    assert (found["max_wait_ms"], found["max_mb"]) == (batching.max_wait * 1000, config.limits.max_bytes / 1e6)


def test_the_earlier_spelling_of_copies_is_accepted_and_not_listed() -> None:
    assert misuse("discern split photos/ --copy") == ""
    assert "--copy" not in write_cli_reference.page()


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
    named = {name for page in PAGES for name in re.findall(r"`make ([\w-]+)", page.read_text("utf-8"))}
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
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
        (folder / "names.csv").write_text("label,alias\nround,disc\n", encoding="utf-8")

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


@pytest.mark.slow
def test_the_python_of_the_notebooks_page_runs(reader: Reader, trained: Any) -> None:
    # The folder holds the training pictures, whose features are cached by then.
    done = reader.run("-c", "\n".join(blocks(ROOT / "docs/notebooks.md", "python")))
    assert done.returncode == 0, done.stderr
    assert "('disc', 'square', 'stripes')" in done.stdout
    assert "CheckResult(run=" in done.stdout
    assert "\nTrue\n" in done.stdout


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
@pytest.mark.parametrize("line", [line for line in TABLE if line.split()[1] not in ("train", "tune", "unsort")])
def test_the_readme_s_commands_run_and_print_the_documented_keys(line: str, reader: Reader, trained: Any) -> None:
    done = reader.run("-m", *shlex.split(line), "--json")
    # A bundle from so few pictures may fall short of the floor, and that is an answer too.
    assert done.returncode in ((0, 1) if "--at-least" in line else (0,)), done.stderr
    printed = json.loads(done.stdout.splitlines()[0])
    assert printed.keys() - documented(shlex.split(line)[1]) == set()
    assert documented(shlex.split(line)[1]) - printed.keys() <= {
        "error",
        "order_value",
        "name",
        "spoken",
        "route",
        "plots",
    }


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
