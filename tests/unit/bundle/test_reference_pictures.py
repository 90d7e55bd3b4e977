"""A reference fits into 200 KB, keeps its values and is refused if a part does not fit the model."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from discern.bundle import archive, load, write_bundle
from discern.bundle.reference_pictures import (
    MAX_BYTES,
    ReferencePictures,
    choose_dimensions,
    count_projected,
    project,
    quantise,
    restore_units,
)
from discern.errors import BundleDamaged, BundleError
from tests.unit.bundle.factories import LABELS, colour_graph, make_manifest, write_small


def make_reference(pictures: int = 50, classes: int = 2, seed: int = 0) -> ReferencePictures:
    """Make a reference of random pictures, as large as one may be."""
    random = np.random.default_rng(seed)
    dimensions = choose_dimensions(classes) or 64
    kept = count_projected(pictures, classes=classes, dimensions=dimensions)
    return ReferencePictures(
        signals=random.normal(size=(pictures, 6)).astype(np.float32),
        label=random.integers(0, classes, pictures).astype(np.int16),
        is_right=random.random(pictures) < 0.9,
        content=random.integers(0, 256, (pictures, 8)).astype(np.uint8),
        projected=quantise(project(random.normal(size=(kept, 200)), dimensions)),
        centres=project(random.normal(size=(classes, 200)), dimensions).astype(np.float16),
        spread=0.4,
        accuracy=0.9,
    )


def write_watched(path: Path, reference: ReferencePictures) -> Path:
    """Write the small bundle with a reference."""
    write_bundle(
        path, graph=colour_graph(), manifest=make_manifest(), seen=["ab" * 32], card="# Card\n", reference=reference
    )
    return path


def test_a_reference_is_read_as_it_was_written() -> None:
    reference = make_reference()
    again = ReferencePictures.from_bytes(reference.to_bytes(), classes=2)
    assert again.to_bytes() == reference.to_bytes()
    assert np.array_equal(again.signals, reference.signals)
    assert (again.spread, again.accuracy) == pytest.approx((0.4, 0.9))


@pytest.mark.parametrize("classes", [2, 131, 1000, 2000])
def test_the_largest_reference_fits(classes: int) -> None:
    reference = make_reference(pictures=2000, classes=classes)
    assert len(reference.to_bytes()) <= MAX_BYTES
    assert len(reference.projected) > 500


def test_the_centres_of_too_many_classes_are_left_out() -> None:
    assert choose_dimensions(131) == 64
    assert choose_dimensions(32_768) is None


DAMAGES: dict[str, dict[str, Any]] = {
    "no pictures": {"signals": np.zeros((0, 6)), "label": np.zeros(0)},
    "five signals": {"signals": np.zeros((50, 5))},
    "other labels": {"label": np.full(50, 2)},
    "negative labels": {"label": np.full(50, -1)},
    "fewer truths": {"is_right": np.zeros(49, bool)},
    "infinite signals": {"signals": np.full((50, 6), np.inf)},
    "a signal missing once": {"signals": np.where(np.eye(50, 6) > 0, np.nan, 0)},
    "centres of other classes": {"centres": np.zeros((3, 64))},
    "more embeddings than pictures": {"projected": np.zeros((51, 64))},
    "other dimensions": {"projected": np.zeros((50, 63))},
    "an impossible accuracy": {"accuracy": 1.5},
    "longer hashes": {"content": np.zeros((50, 9))},
}


@pytest.mark.parametrize("changes", DAMAGES.values(), ids=DAMAGES)
def test_a_part_that_does_not_fit_is_refused(changes: dict[str, Any]) -> None:
    data = replace(make_reference(), **changes).to_bytes()
    with pytest.raises(BundleDamaged, match=r"reference\.npz"):
        ReferencePictures.from_bytes(data, classes=2)


def test_a_projection_keeps_cosines_and_is_the_same_for_ever() -> None:
    random = np.random.default_rng(1)
    first = random.normal(size=(200, 500))
    second = first + random.normal(size=first.shape)
    unit = [values / np.linalg.norm(values, axis=1, keepdims=True) for values in (first, second)]
    cosine = [np.sum(each, axis=1) for each in (unit[0] * unit[1], project(first, 64) * project(second, 64))]
    assert np.abs(cosine[0] - cosine[1]).mean() < 0.1
    assert project(np.eye(1, 4), 4).ravel().tolist() == [0.5, 0.5, -0.5, -0.5]


def test_quantised_embeddings_keep_their_directions() -> None:
    units = project(np.random.default_rng(2).normal(size=(100, 300)), 64)
    assert (restore_units(quantise(units)) * units).sum(axis=1).min() > 0.999


def test_a_model_has_the_reference_of_its_bundle_and_an_older_one_has_none(tmp_path: Path) -> None:
    reference = make_reference(classes=len(LABELS))
    model = load(write_watched(tmp_path / "new.discern", reference))
    assert model.reference is not None
    assert model.reference.to_bytes() == reference.to_bytes()
    assert load(write_small(tmp_path / "old.discern")).reference is None


def test_a_bundle_with_a_reference_is_canonical_and_any_change_of_it_is_rejected(tmp_path: Path) -> None:
    path = write_watched(tmp_path / "model.discern", make_reference())
    content, members = path.read_bytes(), archive.unpack(path)
    assert list(members)[-1] == archive.REFERENCE
    assert archive.pack(members) == content
    assert archive.unpack_checked(path, archive.fingerprint(members)) == members
    start = content.index(members[archive.REFERENCE])
    for offset in range(start, start + len(members[archive.REFERENCE]), 797):
        path.write_bytes(content[:offset] + bytes([content[offset] ^ 1]) + content[offset + 1 :])
        with pytest.raises(BundleError):
            load(path)


def test_a_reference_that_was_removed_or_added_is_noticed(tmp_path: Path) -> None:
    members = archive.unpack(write_watched(tmp_path / "model.discern", make_reference()))
    without = {name: data for name, data in members.items() if name != archive.REFERENCE}
    (tmp_path / "less.discern").write_bytes(archive.pack(without))
    with pytest.raises(BundleDamaged, match=r"lists 'reference\.npz'"):
        load(tmp_path / "less.discern")
    plain = archive.unpack(write_small(tmp_path / "old.discern"))
    (tmp_path / "more.discern").write_bytes(archive.pack(plain | {archive.REFERENCE: members[archive.REFERENCE]}))
    with pytest.raises(BundleDamaged, match=r"reference\.npz was changed"):
        load(tmp_path / "more.discern")
