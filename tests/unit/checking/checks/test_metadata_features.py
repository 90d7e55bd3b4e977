"""Features of files and exposure, and forms of file names."""

import numpy as np
import pytest

from discern.checking import CheckInput
from discern.checking.checks.metadata_features import metadata_features, name_form


@pytest.mark.parametrize(
    ("path", "label", "form"),
    [
        ("glass/glass12.jpg", "glass", "a00"),
        ("7/7_177.jpg", "7", "_000"),
        ("n01440764/n01440764_12.jpg", "n01440764", "_00"),
        ("ripe/ripe_1234.jpg", "ripe", "_0000"),
        ("bicycle/safety_bike_s_000017.png", "bicycle", "a_000000"),
        ("a/motorcycle_s_000017.png", "bicycle", "a_000000"),
        ("a/IMG_20210504.jpg", "a", "<img>_00000000"),
        ("a/DSC_0012.JPG", None, "<dsc>_0000"),
        ("a.zip!/b/ünïcode-nämé (2).jpg", None, "a (0)"),
        ("a/.jpg", "a", ""),
    ],
)
def test_the_form_of_a_name(path, label, form):
    assert name_form(path, label) == form


def test_each_feature_has_a_row_for_each_picture(make_catalog, make_groups, make_edges):
    catalog = make_catalog(["a", "b", "c"], camera=[None, "Canon", None], format=["JPEG", "PNG", "JPEG"])
    data = CheckInput(catalog=catalog, edges=make_edges(), groups=make_groups(range(3)))
    found = {feature.name: feature for feature in metadata_features(data, np.array([0, 2]))}
    assert list(found) == [
        "picture's size",
        "file format",
        "colour mode",
        "camera",
        "brightness",
        "border's colour",
        "form of the file name",
    ]
    assert all(len(feature.values) == 2 and np.isfinite(feature.values).all() for feature in found.values())
    assert np.ptp(found["file format"].values) == 0


def test_categories_are_encoded_as_integers(make_catalog, make_groups, make_edges):
    catalog = make_catalog(["a"] * 4, camera=[None, "Canon", None, "Nikon"])
    data = CheckInput(catalog=catalog, edges=make_edges(), groups=make_groups(range(4)))
    camera = next(feature for feature in metadata_features(data, np.arange(4)) if feature.name == "camera")
    assert camera.categorical
    assert camera.values.ravel().tolist() == [0, 1, 0, 2]
