"""Patterns: wildcards find what folder sources find, each file once."""

import os
from pathlib import Path

import pytest

from discern.flow.predict.glob_patterns import expand_pattern


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("a.jpg", "b.png", "sub/c.jpg", "sub/deep/d.jpg", "@eaDir/a.jpg/T.jpg", "sub/@eaDir/T.jpg", ".h/e.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "Thumbs.db").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.jpg", ["a.jpg"]),
        ("*", ["a.jpg", "b.png", "sub"]),
        ("*/*.jpg", ["sub/c.jpg"]),
        ("**/*.jpg", ["a.jpg", "sub/c.jpg", "sub/deep/d.jpg"]),
        ("**", ["a.jpg", "b.png", "sub/c.jpg", "sub/deep/d.jpg"]),
        ("s*/**/*.jpg", ["sub/c.jpg", "sub/deep/d.jpg"]),
        ("sub/**/d?ep", ["sub/deep/d.jpg"]),
        ("**/deep/**", ["sub/deep/d.jpg"]),
        ("@eaDir/*/*.jpg", ["@eaDir/a.jpg/T.jpg"]),
        (".h/*.jpg", [".h/e.jpg"]),
        ("**/none*", []),
        ("none/**", []),
    ],
)
def test_matches(home: Path, pattern: str, expected: list[str]) -> None:
    assert expand_pattern(f"{home}/{pattern}") == [f"{home}/{name}" for name in expected]


def test_relative_patterns(home: Path) -> None:
    before = Path.cwd()
    os.chdir(home)
    try:
        assert expand_pattern("**/*.jpg") == ["a.jpg", "sub/c.jpg", "sub/deep/d.jpg"]
    finally:
        os.chdir(before)


@pytest.mark.skipif(os.name != "posix", reason="links need permission on Windows")
def test_a_loop_of_links_finds_each_file_once(home: Path) -> None:
    (home / "sub" / "loop").symlink_to(home)
    (home / "sub" / "deep" / "loop").symlink_to(home / "sub")
    assert expand_pattern(f"{home}/**/*.jpg") == [f"{home}/{name}" for name in ("a.jpg", "sub/c.jpg", "sub/deep/d.jpg")]
