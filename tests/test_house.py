"""The house holds: sizes, comments, charters, the public face, and what an import may load."""

import ast
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import discern
from tests.language import (
    missing_mirrors,
    phrases,
    phrases_in_document,
    phrases_in_source,
    questions,
    repeated_names,
)

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
ROOMS = sorted(
    {path.relative_to(ROOT / "src/discern").parts[0].removesuffix(".py") for path in SOURCES}
    - {"__init__", "__main__", "_version"}
)
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PAGES = sorted(path for suffix in ("js", "html") for path in (ROOT / "src").rglob(f"*.{suffix}"))
RULES = Path(__file__).with_name("language.py"), Path(__file__)
HEAVY = ("polars", "sklearn", "scipy", "typer", "rich", "jinja2", "usearch", "onnx", "torch", "ray", "pi_heif")


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def functions() -> list[tuple[int, str]]:
    """Lines of each function without its docstring: a public one describes each of its options."""
    return sorted(
        (_code_lines(node), f"{path.name}:{node.name}")
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def _code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    docstring = isinstance(first, ast.Expr) and ast.get_docstring(node) is not None
    return node.end_lineno - node.lineno + 1 - docstring * (first.end_lineno - first.lineno + 1)


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh process has after a statement."""
    code = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_no_module_is_long() -> None:
    assert [path.name for path in SOURCES if lines(path) > 400] == []


def test_functions_are_short() -> None:
    sizes = functions()
    assert sizes[int(0.9 * len(sizes))][0] <= 20
    assert sizes[-1][0] <= 80, sizes[-1]


def test_comments_are_few() -> None:
    comments = sum(bool(re.match(r"\s*#", line)) for path in SOURCES for line in path.read_text().splitlines())
    assert comments / sum(map(lines, SOURCES)) <= 0.04


def test_there_is_nearly_as_much_test_as_source() -> None:
    assert sum(map(lines, TESTS)) >= 0.9 * sum(map(lines, SOURCES))


def test_nothing_is_pretended() -> None:
    # Split so that this file does not count itself.
    words = "|".join(("mo" + "ck", "Mo" + "ck", "Magic" + "Mock", "monkey" + "patch"))
    assert sum(len(re.findall(rf"\b(?:{words})\b", path.read_text())) for path in TESTS) <= 40


def test_the_median_function_fits_a_hand() -> None:
    assert statistics.median(size for size, _ in functions()) <= 15


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_has_its_charter_in_the_architecture(room: str) -> None:
    path = ROOT / "src/discern" / room
    module = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    said = " ".join((ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or "").split())
    charters = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE))
    assert said.startswith(charters[room])


def test_the_layers_name_every_room() -> None:
    contract = (ROOT / "pyproject.toml").read_text().split("layers = [")[1].split("]")[0]
    assert sorted(re.findall(r"\w+", contract)) == ROOMS


def test_the_public_face_is_what_it_says() -> None:
    assert set(discern.__all__) == {*discern._HOMES, "__version__"}
    for name in discern.__all__:
        assert getattr(discern, name) is not None
    assert dir(discern) == sorted(discern.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_like_it"):
        discern.nothing_like_it  # noqa: B018


def test_importing_discern_loads_no_third_party_module() -> None:
    outside = {name.split(".")[0] for name in loaded_by("import discern")} & {*HEAVY, "numpy", "PIL", "onnxruntime"}
    assert outside == set()


@pytest.mark.parametrize("room", ["picture", "bundle", "inference"])
def test_the_serving_rooms_stay_light(room: str) -> None:
    modules = [f"discern.{room}"]
    if room == "inference":  # whose package imports none of its modules
        modules += [f"discern.inference.{path.stem}" for path in (ROOT / "src/discern/inference").glob("[!_]*.py")]
    found = {name.split(".")[0] for name in loaded_by(f"import {', '.join(modules)}")}
    assert found & {*HEAVY, "fastapi", "starlette", "python_multipart", "threadpoolctl", "boto3"} == set()


def test_the_command_line_starts_without_the_libraries() -> None:
    found = {name.split(".")[0] for name in loaded_by("import discern.cli.app")}
    assert found & {"numpy", "polars", "sklearn", "onnxruntime", "onnx", "jinja2"} == set()


def test_nothing_is_printed_outside_the_command_line() -> None:
    for path in SOURCES:
        if "cli" not in path.parts:
            assert not re.search(r"^\s*print\(", path.read_text(), re.MULTILINE), path


def test_no_docstring_opens_with_a_question_word() -> None:
    assert [line for path in SOURCES for line in questions(path.read_text(encoding="utf-8"))] == []


def test_no_message_comment_or_docstring_has_a_discouraged_phrase() -> None:
    paths = [path for path in (*SOURCES, *TESTS) if path not in RULES]
    found = {str(path.relative_to(ROOT)): phrases_in_source(path.read_text(encoding="utf-8")) for path in paths}
    assert {name: hits for name, hits in found.items() if hits} == {}


def test_no_document_has_a_discouraged_phrase() -> None:
    assert [hit for path in DOCUMENTS for hit in phrases_in_document(path.read_text(encoding="utf-8"))] == []


def test_no_page_has_a_discouraged_phrase() -> None:
    assert [hit for path in PAGES for hit in phrases(path.read_text(encoding="utf-8"))] == []


def test_a_module_is_found_by_its_base_name_alone() -> None:
    assert repeated_names(SOURCES) == []


@pytest.mark.parametrize("package", ["client", "inference", "serving/web"])
def test_each_module_that_speaks_http_has_a_test_file_of_its_own(package: str) -> None:
    assert missing_mirrors(ROOT / "src/discern" / package, ROOT / "tests/unit" / package) == []


@pytest.mark.parametrize("word", ["What", "Who", "How", "Which", "Whether", "Where", "When"])
@pytest.mark.parametrize("source", ['"""{}."""', 'class A:\n    """{}."""', 'def f():\n    """{}."""'])
def test_a_planted_question_is_found(word: str, source: str) -> None:
    line = f"{word} something is"
    assert questions(source.format(line)) == [f"{line}."]
    assert questions(source.format("Whatever is given")) == []


@pytest.mark.parametrize(
    "phrase",
    [
        "is told how far",
        "This is no picture",
        "Start anew",
        "has begun",
        "go on with it",
        "Mend it",
        "two askers",
        "files of the same kind",
    ],
)
def test_a_planted_phrase_is_found(phrase: str) -> None:
    assert phrases_in_source(f'raise ValueError("{phrase}.")')
    assert phrases_in_source(f"x = 1  # {phrase}")
    assert phrases_in_source(f'def f(a):\n    return f"{{a}} {phrase}"')
    assert phrases_in_document(f"A line.\n\n- {phrase}")
    assert not phrases_in_document(f"The old name was `{phrase}`.")


@pytest.mark.parametrize("phrase", ["There is no file.", "It is no longer read.", "a kind of list", "commend", "begin"])
def test_plain_english_is_left_alone(phrase: str) -> None:
    assert phrases(phrase) == []


def test_a_planted_double_is_found() -> None:
    planted = [Path("a/table.py"), Path("b/table.py"), Path("a/config.py"), Path("b/config.py"), Path("b/rows.py")]
    assert repeated_names(planted) == ["table"]


def test_a_planted_module_without_tests_is_found(tmp_path: Path) -> None:
    for name in ("package/inner/a.py", "package/b.py", "package/__init__.py", "tests/test_b.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert missing_mirrors(tmp_path / "package", tmp_path / "tests") == ["inner/a.py"]
