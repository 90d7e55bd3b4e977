import numpy as np
import pytest
from tests.unit.grouping.synthetic_images import (
    brightened,
    cropped,
    halved,
    mirrored,
    re_encoded,
    rotated,
    scene,
    turned,
)

from discern.grouping.near_copies.candidates import CandidateFinder, CandidateIndex, Candidates
from discern.picture import thumbnail

ALTERED = [re_encoded(40), halved, cropped, brightened, mirrored, rotated, turned(33), turned(-45, grow=True)]


def proposer_of(images, **kwargs):
    thumbs = np.stack([thumbnail(np.asarray(image)) for image in images])
    sizes = np.array([image.size for image in images])
    return CandidateFinder(thumbs, np.arange(len(images)), sizes[:, 0], sizes[:, 1], **kwargs)


def propose(proposer):
    return Candidates.join([piece() for piece in proposer.pieces()])


@pytest.fixture(scope="module")
def images():
    sources = [scene(seed) for seed in range(80)]
    return sources + [alter(sources[place]) for place, alter in enumerate(ALTERED)]


@pytest.fixture(scope="module")
def proposals(images):
    return propose(proposer_of(images))


def unordered(pairs):
    return {frozenset((int(a), int(b))) for a, b in zip(pairs.wide, pairs.narrow, strict=True)}


def test_every_altered_copy_is_proposed(proposals):
    assert {frozenset((place, 80 + place)) for place in range(len(ALTERED))} <= unordered(proposals)


def test_the_number_of_pairs_is_bounded(proposals, images):
    assert np.bincount(proposals.wide).max() <= 5
    assert len(proposals) <= 5 * len(images)
    assert (proposals.wide != proposals.narrow).all()


def test_the_same_pictures_give_the_same_pairs(proposals, images):
    again = propose(proposer_of(images))
    for name in ("wide", "narrow", "affine", "agreement"):
        np.testing.assert_array_equal(getattr(again, name), getattr(proposals, name))


def test_blank_pictures_are_never_proposed():
    blank = np.full((20, 64, 64, 3), 255, np.uint8)
    proposer = CandidateFinder(blank, np.arange(20), np.full(20, 64), np.full(20, 64))
    assert len(propose(proposer)) == 0
    assert len(proposer.look_alikes()) == 0


def test_rows_are_named_as_in_the_catalog(images):
    thumbs = np.stack([thumbnail(np.asarray(image)) for image in (images[1], images[0], images[80])])
    thumbs = np.concatenate([np.zeros((5, 64, 64, 3), np.uint8), thumbs])
    found = propose(CandidateFinder(thumbs, np.array([5, 6, 7]), np.full(3, 160), np.full(3, 120)))
    assert set(found.wide.tolist()) <= {5, 6, 7}
    assert frozenset((6, 7)) in unordered(found)


def test_embeddings_propose_too(images):
    different = [scene(seed) for seed in range(200, 230)]
    embeddings = np.random.default_rng(0).normal(size=(30, 16)).astype(np.float32)
    embeddings[1] = embeddings[0]
    proposer = proposer_of([different[0], cropped(different[0]), *different[2:]], embeddings=embeddings)
    assert frozenset((0, 1)) in unordered(propose(proposer))


def test_pieces_may_be_done_in_any_order():
    images = [scene(seed, width=64, height=64) for seed in range(270)]
    images.append(mirrored(images[3]))
    pieces = proposer_of(images).pieces()
    assert len(pieces) == 2
    found = [piece() for piece in reversed(pieces)]
    assert found[0].wide.min() >= 256 > found[1].wide.max()
    assert frozenset((3, 270)) in unordered(Candidates.join(found))


def test_what_is_in_the_way_is_in_a_folder_only_while_it_is_needed(images, tmp_path):
    proposals = propose(proposer_of(images[:9], scratch=tmp_path))
    assert len(proposals) >= 0
    assert list(tmp_path.iterdir()) == []


def test_look_alikes_are_evenly_drawn_pairs(images):
    pairs = proposer_of(images).look_alikes(count=10, rank=20)
    assert len(pairs) == 10
    assert (pairs.wide != pairs.narrow).all()


def test_joined_and_taken(proposals):
    halves = [proposals.take(np.arange(3)), proposals.take(np.arange(3, 7))]
    joined = Candidates.join(halves)
    assert len(joined) == 7
    np.testing.assert_array_equal(joined.affine, proposals.affine[:7])


def unit_rows(count, dimensions=24):
    rows = np.random.default_rng(0).normal(size=(count, dimensions)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_neighbours_are_nearest_first_and_never_oneself():
    rows = unit_rows(200)
    own = np.arange(50)
    found = CandidateIndex(rows).neighbours_of(own, 4)
    expected = np.argsort(-(rows[own] @ rows.T), axis=1)[:, 1:5]
    np.testing.assert_array_equal(found, expected)


def test_a_large_index_finds_what_an_exact_one_finds():
    rows = unit_rows(9000)
    own = np.arange(300)
    expected = np.argsort(-(rows[own] @ rows.T), axis=1)[:, 1:4]
    found = CandidateIndex(rows).neighbours_of(own, 3)
    again = CandidateIndex(rows).neighbours_of(own, 3)
    np.testing.assert_array_equal(found, again)
    assert (found != own[:, None]).all()
    assert np.mean([len(set(a) & set(b)) / 3 for a, b in zip(found.tolist(), expected.tolist(), strict=True)]) > 0.8


def test_fewer_rows_than_neighbours():
    assert CandidateIndex(unit_rows(3)).neighbours_of(np.array([0]), 5).shape == (1, 2)
