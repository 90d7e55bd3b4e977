"""Section on the dataset."""

import numpy as np
import pytest

from discern.catalog import scan
from discern.reporting.gallery import Gallery
from discern.reporting.sections.dataset import describe_dataset, samples_per_class
from tests.unit.reporting.factories import EACH, LABELS, write_pictures


@pytest.fixture
def summary(catalog, gallery):
    return describe_dataset(catalog, gallery, seed=0)


def test_pictures_are_counted_by_class_and_part(summary):
    assert summary.pictures == EACH * len(LABELS)
    assert summary.unreadable == 1
    assert summary.parts == ("train", "test")
    assert [row.label for row in summary.classes] == list(LABELS)
    assert {row.counts for row in summary.classes} == {(8, 4)}
    assert {row.total for row in summary.classes} == {EACH}
    assert summary.part_totals == (8 * len(LABELS), 4 * len(LABELS))


def test_totals_are_those_of_the_rows_above_them(tmp_path):
    write_pictures(tmp_path / "trees", (*LABELS, "_other"), each=3)
    catalog = scan(tmp_path / "trees", cache=tmp_path / "cache", threads=1)
    summary = describe_dataset(catalog, Gallery(catalog, lambda row: np.zeros((4, 4, 3), np.uint8)))
    assert summary.negatives == 3
    assert summary.part_totals == tuple(
        sum(column) for column in zip(*(row.counts for row in summary.classes), strict=True)
    )


def test_samples_of_each_class_are_shown(summary):
    assert {len(row.samples) for row in summary.classes} == {10}
    for row in summary.classes:
        assert all(f"labelled {row.label}" in image.alt for image in row.samples)
        assert len({image.alt for image in row.samples}) == 10


def test_the_seed_determines_the_samples(catalog, gallery, summary):
    assert describe_dataset(catalog, gallery, seed=0).classes[0].samples == summary.classes[0].samples
    assert describe_dataset(catalog, gallery, seed=1).classes[0].samples != summary.classes[0].samples


def test_sizes_and_formats(summary):
    assert [measure.title for measure in summary.measures] == ["File sizes", "Aspect ratios", "Resolutions"]
    assert summary.measures[2].summary == "all 40 px"
    assert "36 pictures" in summary.measures[2].chart
    assert {own.median for own in summary.measures[2].ranges.values()} == {"40 px"}
    assert set(summary.measures[2].ranges) == set(LABELS)
    assert [(bar.name, bar.count) for bar in summary.formats] == [("PNG", 36)]
    assert summary.smallest == summary.median == summary.largest
    assert summary.median.startswith("60 ")


def test_many_classes_have_fewer_samples_each():
    shown = [samples_per_class(classes) for classes in (2, 10, 52, 131, 1000)]
    assert shown == sorted(shown, reverse=True)
    assert all(number * classes <= 2000 for number, classes in zip(shown, (2, 10, 52, 131, 1000), strict=True))


def test_many_classes_are_shown_as_thumbnails(tmp_path):
    names = [f"kind {number}" for number in range(20)]
    catalog = scan(write_pictures(tmp_path / "many", names, each=2), cache=tmp_path / "cache", threads=1)

    def refuse(row):
        raise AssertionError("thumbnails were enough")

    assert len(describe_dataset(catalog, Gallery(catalog, refuse)).classes) == 20


def test_a_folder_without_labels_has_a_summary(tmp_path):
    source = write_pictures(tmp_path / "some", ["one"], each=3)
    flat = tmp_path / "flat"
    flat.mkdir()
    for number, file in enumerate(sorted(source.rglob("*.png"))):
        file.rename(flat / f"{number}.png")
    catalog = scan(flat, cache=tmp_path / "cache", threads=1)
    summary = describe_dataset(catalog, Gallery(catalog, lambda row: np.zeros((4, 4, 3), np.uint8)))
    assert (summary.pictures, summary.unlabelled) == (3, 3)
    assert summary.classes == ()
    assert summary.parts == ()


def test_pictures_of_none_of_the_classes_are_not_without_a_label(tmp_path):
    source = write_pictures(tmp_path / "some", ["one", "_other"], each=3)
    catalog = scan(source, cache=tmp_path / "cache", threads=1)
    summary = describe_dataset(catalog, Gallery(catalog, lambda row: np.zeros((4, 4, 3), np.uint8)))
    assert (summary.pictures, summary.negatives, summary.unlabelled) == (6, 3, 0)
