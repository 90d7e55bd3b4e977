"""Compiled templates are kept like compiled modules, and never used for another source or other settings."""

import sys

import pytest
from jinja2 import DictLoader, Environment

from discern.reporting.template_cache import TemplateCache


@pytest.fixture(autouse=True)
def _code_is_kept(monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)


def render(folder, source="{{ 1 + 1 }}", **settings):
    environment = Environment(loader=DictLoader({"page.html": source}), **settings)
    environment.bytecode_cache = TemplateCache(environment, folder)
    return environment.get_template("page.html")


def kept(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_compiled_template_is_kept_and_used(tmp_path):
    assert render(tmp_path).render() == "2"
    before = kept(tmp_path)
    assert [path.parent.name for path in before] == ["__pycache__"]
    assert render(tmp_path).render() == "2"
    assert kept(tmp_path) == before


def test_another_source_and_other_settings_are_compiled_again(tmp_path):
    render(tmp_path, "<{% if true %}\n{{ '<' }}{% endif %}")
    assert render(tmp_path, "<{% if true %}\n{{ '>' }}{% endif %}").render() == "<\n>"
    assert render(tmp_path, "<{% if true %}\n{{ '<' }}{% endif %}").render() == "<\n<"
    assert render(tmp_path, "<{% if true %}\n{{ '<' }}{% endif %}", autoescape=True).render() == "<\n&lt;"
    assert render(tmp_path, "<{% if true %}\n{{ '<' }}{% endif %}", trim_blocks=True).render() == "<<"


@pytest.mark.parametrize("content", [b"", b"other bytes", None])
def test_a_damaged_file_is_replaced(tmp_path, content):
    render(tmp_path)
    ((path, code),) = kept(tmp_path).items()
    path.write_bytes(code[:-9] if content is None else content)
    assert render(tmp_path).render() == "2"
    assert kept(tmp_path) == {path: code}


def test_nothing_is_kept_where_python_keeps_no_code_or_cannot(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    assert render(tmp_path / "file").render() == "2"
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert render(tmp_path).render() == "2"
    assert [path.name for path in kept(tmp_path)] == ["file"]
