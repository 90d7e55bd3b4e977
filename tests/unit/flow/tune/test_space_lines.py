"""The line of a key is found in each form that TOML has for it."""

import pytest

from discern.flow.tune.space_lines import SpaceLines

TEXT = """# a comment on lr = 1
size = 96

[lr]
type = "float"
low = 1.0

["batch"]
low = 4

[ hidden ]
type.low = 3
when = { method = "scratch" }
"""


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("size",), 2),
        (("lr",), 4),
        (("lr", "type"), 5),
        (("lr", "low"), 6),
        (("batch", "low"), 9),
        (("hidden", "type"), 12),
        (("hidden", "when"), 13),
        (("batch", "high"), 8),
    ],
)
def test_a_key_has_its_line(keys: tuple[str, ...], line: int) -> None:
    assert SpaceLines("space.toml", TEXT).place(*keys) == f"space.toml, line {line}"


def test_a_key_that_is_nowhere_has_the_file_alone() -> None:
    assert SpaceLines("space.toml", TEXT).place("dropout") == "space.toml"


def test_a_key_that_pattern_characters_stand_in_is_found() -> None:
    assert SpaceLines("space.toml", '"l(r" = 1\n').place("l(r") == "space.toml, line 1"
