"""Check for shortcuts: features planted to predict the label, and features that do not."""

import numpy as np
import pytest

from tests.unit.checking.conftest import scenes

LABELS = [label for label in "abcd" for _ in range(40)]


def by_class(**values):
    return [values[label] for label in LABELS]


def draw(choices, seed=0):
    return np.random.default_rng(seed).choice(choices, len(LABELS)).tolist()


def feature_names(findings):
    """Names of the features that the findings report."""
    return [finding.why.split(" alone ")[0].removeprefix("From the ") for finding in findings]


def test_unrelated_features_have_no_finding(find):
    columns = {
        "width": np.random.default_rng(0).integers(80, 900, 160).tolist(),
        "height": np.random.default_rng(1).integers(80, 900, 160).tolist(),
        "format": draw(["JPEG", "PNG"]),
        "camera": draw([None, "Canon", "Nikon"], 1),
        "mode": draw(["RGB", "L"], 2),
        "path": [f"{label}/{number:04d}.jpg" for number, label in enumerate(LABELS)],
    }
    assert find("shortcut", LABELS, **columns) == []


@pytest.mark.parametrize(
    ("column", "values", "name"),
    [
        ("format", by_class(a="PNG", b="JPEG", c="WEBP", d="GIF"), "file format"),
        ("format", by_class(a="PNG", b="JPEG", c="PNG", d="JPEG"), "file format"),
        ("mode", by_class(a="L", b="RGB", c="RGB", d="RGB"), "colour mode"),
        ("camera", by_class(a="Canon", b=None, c=None, d="Nikon"), "camera"),
    ],
)
def test_a_feature_that_determines_the_label_is_found(find, column, values, name):
    findings = find("shortcut", LABELS, **{column: values})
    assert feature_names(findings) == [name]
    assert findings[0].score > 0.5
    assert findings[0].action == "keep"


def test_the_accuracy_is_stated(find):
    (finding,) = find("shortcut", LABELS, format=by_class(a="PNG", b="JPEG", c="WEBP", d="GIF"))
    assert "100% of labels can be predicted, 25% by chance" in finding.why
    assert finding.rows == tuple(range(160))


def test_one_class_of_many_is_enough(find):
    labels = [f"{number // 20:02d}" for number in range(400)]
    formats = ["PNG"] * 20 + ["JPEG"] * 380
    (finding,) = find("shortcut", labels, format=formats)
    assert feature_names([finding]) == ["file format"]
    assert "(at best 10% with so few categories), 5% by chance" in finding.why
    assert "100% of class '00', and 0% of the others are predicted as that class" in finding.why


def test_sizes_need_a_high_accuracy(find):
    random = np.random.default_rng(0)
    apart = [100 * (1 + "abcd".index(label)) for label in LABELS]
    overlapping = [size + int(random.integers(0, 400)) for size in apart]
    assert feature_names(find("shortcut", LABELS, width=apart, height=apart)) == ["picture's size"]
    assert find("shortcut", LABELS, width=overlapping, height=overlapping) == []


def test_frames_in_the_colour_of_the_class(find):
    thumbs, colours = scenes(160), {"a": (255, 0, 0), "b": (0, 255, 0), "c": (0, 0, 255), "d": (255, 255, 0)}
    for thumb, label in zip(thumbs, LABELS, strict=True):
        thumb[[0, -1]] = thumb[:, [0, -1]] = colours[label]
    assert feature_names(find("shortcut", LABELS, thumbs=thumbs)) == ["border's colour"]


def test_light_by_class(find):
    thumbs = scenes(160)
    for row, label in enumerate(LABELS):
        thumbs[row] = thumbs[row] // 4 + 60 * "abcd".index(label)
    assert "brightness" in feature_names(find("shortcut", LABELS, thumbs=thumbs))


def test_file_names_have_a_low_score_and_label_names_are_ignored(find):
    plain = [f"{label}/{label}_{number:04d}.jpg" for number, label in enumerate(LABELS)]
    assert find("shortcut", LABELS, path=plain) == []
    forms = {"a": "IMG_{:04d}.jpg", "b": "{:012d}.jpg", "c": "photo ({:03d}).jpg", "d": "DSC{:05d}.jpg"}
    path = [f"{label}/{forms[label].format(number)}" for number, label in enumerate(LABELS)]
    (finding,) = find("shortcut", LABELS, path=path)
    assert feature_names([finding]) == ["form of the file name"]
    assert finding.score <= 0.3


def test_copies_count_once_and_groups_are_not_split(find):
    formats = ["PNG"] * 40 + ["JPEG"] * 120
    few = np.concatenate([np.arange(40) // 20, np.arange(40, 160)])
    assert find("shortcut", LABELS, format=formats, group=few) == []
    same = ["p"] * 40 + [f"p{number}" for number in range(120)]
    assert find("shortcut", LABELS, format=formats, pixels=same) == []


@pytest.mark.parametrize("labels", [[None] * 40, ["a"] * 40, ["a"] * 40 + ["b"] * 5])
def test_without_two_classes_there_is_no_finding(find, labels):
    formats = ["PNG"] * 40 + ["JPEG"] * (len(labels) - 40)
    assert find("shortcut", labels, format=formats) == []


def test_borders_explained_by_the_content_are_not_found(find):
    colours = {"a": (200, 30, 30), "b": (30, 200, 30), "c": (30, 30, 200), "d": (240, 230, 40)}
    noise = np.random.default_rng(0).normal(0, 12, (160, 64, 64, 3))
    thumbs = np.clip([colours[label] for label in LABELS] + noise.transpose(1, 2, 0, 3), 0, 255).transpose(2, 0, 1, 3)
    assert find("shortcut", LABELS, thumbs=thumbs.astype(np.uint8)) == []


class TestTwoSources:
    """Features that separate the classes in two sets without identifying any class."""

    LABELS = tuple(f"{number // 20:02d}" for number in range(240))

    def by_half(self, one, other):
        return [one if int(label) % 2 else other for label in self.LABELS]

    def test_two_sizes_separate_the_classes(self, find):
        side = np.random.default_rng(0).integers(90, 110, 240)
        width = (side * np.array(self.by_half(1, 2))).tolist()
        (finding,) = find("shortcut", list(self.LABELS), width=width, height=width)
        assert feature_names([finding]) == ["picture's size"]
        assert "'01', '03', '05', '07' and 2 more" in finding.why or "'00', '02', '04', '06' and 2 more" in finding.why
        assert finding.rows == tuple(range(240))

    def test_two_cameras_mostly_separate_the_classes(self, find):
        rng = np.random.default_rng(0)
        cameras = [one if rng.random() < 0.9 else "Canon" for one in self.by_half("Canon", "Nikon")]
        assert feature_names(find("shortcut", list(self.LABELS), camera=cameras)) == ["camera"]

    def test_unrelated_sizes_separate_nothing(self, find):
        width = np.random.default_rng(0).integers(90, 900, 240).tolist()
        assert find("shortcut", list(self.LABELS), width=width, height=width) == []
