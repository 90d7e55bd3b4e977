"""Files of the figures."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from discern.errors import UnreadableFile
from discern.reporting import write_plots
from discern.reporting.plots.slide import draw_slide, render_png
from tests.unit.reporting.factories import parse_svg
from tests.unit.reporting.plots.sized import UNREADABLE, picture, sized_catalog

NAMES = {
    "pictures_per_class",
    *(f"{measure}{end}" for measure in ("file_sizes", "aspect_ratios", "resolutions") for end in ("", "_by_class")),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "plots"
    rows = [picture("cat", size=900 + 10 * n, part="train") for n in range(30)] + [picture("dog", part="test")]
    write_plots(folder, sized_catalog(rows), name="pets")
    return folder


def test_each_figure_has_three_files(folder):
    assert {path.name for path in folder.iterdir()} == {
        f"{name}.{end}" for name in NAMES for end in ("png", "svg", "json")
    }


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_png_shows_the_figure_and_its_text(folder, name):
    picture = Image.open(io.BytesIO((folder / f"{name}.png").read_bytes()))
    assert picture.size == (1920, 1080)
    pixels = np.asarray(picture.convert("L"))
    # The title, at the upper left, is text; without a font it would be missing.
    assert (pixels[40:110, 60:500] < 100).mean() > 0.02
    assert (pixels[200:, :] < 200).any()
    parse_svg((folder / f"{name}.svg").read_text("utf-8"))


def test_json_has_the_numbers(folder):
    found = {name: json.loads((folder / f"{name}.json").read_text("ascii")) for name in NAMES}
    assert found["pictures_per_class"]["classes"]["dog"] == {"pictures": 1, "parts": {"train": 0, "test": 1}}
    assert sum(found["file_sizes"]["counts"]) == 31
    assert found["file_sizes_by_class"]["classes"]["cat"]["largest"] == 1190
    assert found["resolutions"]["overall"]["median"] == 40


def test_pictures_without_labels_have_the_other_figures_which_replace_earlier_ones(tmp_path):
    folder = tmp_path / "plots"
    folder.mkdir()
    (folder / "file_sizes.json").write_text("{}")
    write_plots(folder, sized_catalog([picture(None), UNREADABLE]), name="pets")
    assert {path.stem for path in folder.iterdir()} == {"file_sizes", "aspect_ratios", "resolutions"}
    assert json.loads((folder / "file_sizes.json").read_text())["pictures"] == 1


def test_a_label_that_xml_does_not_allow_is_drawn(tmp_path):
    svg = draw_slide("a\ufffe\x01\ud800b", "", [])
    assert Image.open(io.BytesIO(render_png(svg))).size == (1920, 1080)
    assert "a\ufffd\ufffd\ufffdb" in svg


def test_a_file_in_the_way_is_an_error_with_a_remedy(tmp_path):
    (tmp_path / "plots").write_text("in the way")
    with pytest.raises(UnreadableFile, match="cannot be written"):
        write_plots(tmp_path / "plots", sized_catalog([picture("cat")]), name="pets")
