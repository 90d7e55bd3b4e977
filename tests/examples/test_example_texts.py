"""The examples keep the rules for the project's language and sizes, and their pages name commands that exist."""

import re
from pathlib import Path

import pytest

from tests.e2e.test_documentation import command_lines, misuse
from tests.language import phrases_in_document, phrases_in_source, questions

FOLDER = Path(__file__).resolve().parent.parent.parent / "examples"
SOURCES = sorted(FOLDER.rglob("*.py"))
PAGES = sorted(path for path in FOLDER.rglob("*.md") if "out" not in path.relative_to(FOLDER).parts)


def test_no_module_is_long() -> None:
    assert [path.name for path in SOURCES if len(path.read_text(encoding="utf-8").splitlines()) > 400] == []


def test_the_language_is_that_of_the_project() -> None:
    for path in SOURCES:
        source = path.read_text(encoding="utf-8")
        assert questions(source) + phrases_in_source(source) == [], path
    for path in PAGES:
        assert phrases_in_document(path.read_text(encoding="utf-8")) == [], path


def test_each_example_has_its_page() -> None:
    names = {path.stem for path in SOURCES if path.stem == path.parent.name}
    assert {path.parent.name for path in PAGES} == names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_commands_are_accepted_and_links_resolve(page: Path) -> None:
    lines = [line for line in command_lines(page) if len(line.split()) > 2]  # others name a command alone
    assert lines
    assert [error for line in lines if (error := misuse(line))] == []
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
