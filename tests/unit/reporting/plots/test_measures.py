"""Texts of file sizes and aspect ratios."""

import pytest

from discern.reporting.plots.measures import MEASURES

TEXTS = {measure.name: measure.text for measure in MEASURES}


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (1, "1 B"),
        (999, "999 B"),
        (999.6, "1 kB"),
        (1000, "1 kB"),
        (1250, "1.2 kB"),
        (9960, "10 kB"),
        (12_345, "12 kB"),
        (999_900, "1 MB"),
        (3_500_000, "3.5 MB"),
        (2e9, "2 GB"),
    ],
)
def test_file_sizes(size, text):
    assert TEXTS["file_sizes"](size) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (1, "1:1"),
        (192 / 256, "3:4"),
        (1920 / 1080, "16:9"),
        (1080 / 1920, "9:16"),
        (2, "2:1"),
        (0.5, "1:2"),
        (2.4, "2.4:1"),
        (1 / 2.4, "1:2.4"),
        (10, "10:1"),
        (1 / 20, "1:20"),
    ],
)
def test_aspect_ratios(ratio, text):
    assert TEXTS["aspect_ratios"](ratio) == text


def test_sides():
    assert TEXTS["resolutions"](1536) == "1,536 px"
