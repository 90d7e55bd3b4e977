"""Names from untrusted graphs cannot change a terminal, nor fill it."""

from pathlib import Path

import pytest

from discern.bundle.graph_safety import graph_limits as limits
from discern.bundle.graph_safety.graph_limits import printable


@pytest.mark.parametrize("name", ["\x1b[2J", "line\nline", "\u202eright to left", "a" * 10_000, "\0", "é" * 500])
def test_a_name_in_a_message_is_short_and_plain(name: str) -> None:
    shown = printable(name)
    assert shown.isascii()
    assert shown.isprintable()
    assert len(shown) < 700


def test_a_plain_name_is_shown_as_it_is() -> None:
    assert printable("/features/0/conv") == "/features/0/conv"


def test_the_documentation_has_the_limits() -> None:
    text = (Path(__file__).parents[4] / "docs/backbones.md").read_text(encoding="utf-8")
    for number in (limits.MAX_FIELDS, limits.MAX_NODES, limits.MAX_AXIS, limits.MAX_MULTIPLY_ADDS):
        assert f"{number:,}" in text
    for size in (limits.MAX_WEIGHT_BYTES, limits.MAX_TENSOR_BYTES, limits.MAX_HELD_BYTES, limits.MAX_ACTIVATION_BYTES):
        assert f"{size >> 20:,} MiB" in text
    assert f"opset {limits.OLDEST_OPSET} to {limits.NEWEST_OPSET}" in text
    assert f"format version {limits.OLDEST_IR} to {limits.NEWEST_IR}" in text
