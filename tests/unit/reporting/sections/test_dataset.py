"""What there is: counts, samples, sizes, formats."""

import numpy as np
import pytest

from discern.catalog import scan
from discern.reporting.gallery import Gallery
from discern.reporting.sections.dataset import describe_data, samples_per_class
from tests.unit.reporting.factories import EACH, LABELS, write_pictures


@pytest.fixture
def facts(catalog, gallery):
    return describe_data(catalog, gallery, seed=0)


def test_pictures_are_counted_by_class_and_part(facts):
    assert facts.pictures == EACH * len(LABELS)
    assert facts.unreadable == 1
    assert facts.parts == ("train", "test")
    assert [row.label for row in facts.classes] == list(LABELS)
    assert {row.counts for row in facts.classes} == {(8, 4)}
    assert {row.total for row in facts.classes} == {EACH}


def test_some_of_each_class_are_shown(facts):
    assert {len(row.samples) for row in facts.classes} == {10}
    for row in facts.classes:
        assert all(f"labelled {row.label}" in shot.alt for shot in row.samples)
        assert len({shot.alt for shot in row.samples}) == 10


def test_the_same_seed_shows_the_same(catalog, gallery, facts):
    assert describe_data(catalog, gallery, seed=0).classes[0].samples == facts.classes[0].samples
    assert describe_data(catalog, gallery, seed=1).classes[0].samples != facts.classes[0].samples


def test_sizes_and_formats(facts):
    assert [(bar.name, bar.count) for bar in facts.sides] == [("32 to 63 px", 36)]
    assert [(bar.name, bar.count) for bar in facts.formats] == [("PNG", 36)]
    assert facts.smallest == facts.middle == facts.largest
    assert facts.middle.startswith("60 ")


def test_many_classes_show_fewer_of_each():
    shown = [samples_per_class(classes) for classes in (2, 10, 52, 131, 1000)]
    assert shown == sorted(shown, reverse=True)
    assert all(number * classes <= 2000 for number, classes in zip(shown, (2, 10, 52, 131, 1000), strict=True))


def test_many_classes_need_no_picture_opened(tmp_path):
    names = [f"kind {number}" for number in range(20)]
    catalog = scan(write_pictures(tmp_path / "many", names, each=2), cache=tmp_path / "cache", threads=1)

    def refuse(row):
        raise AssertionError("thumbnails were enough")

    assert len(describe_data(catalog, Gallery(catalog, refuse)).classes) == 20


def test_a_folder_without_labels_is_described_too(tmp_path):
    source = write_pictures(tmp_path / "some", ["one"], each=3)
    flat = tmp_path / "flat"
    flat.mkdir()
    for number, file in enumerate(sorted(source.rglob("*.png"))):
        file.rename(flat / f"{number}.png")
    catalog = scan(flat, cache=tmp_path / "cache", threads=1)
    facts = describe_data(catalog, Gallery(catalog, lambda row: np.zeros((4, 4, 3), np.uint8)))
    assert (facts.pictures, facts.unlabelled) == (3, 3)
    assert facts.classes == ()
    assert facts.parts == ()
