import numpy as np
import pytest
from PIL import Image
from tests.unit.grouping.synthetic_images import (
    brightened,
    cropped,
    halved,
    look_alike,
    mirrored,
    quarter_turned,
    re_encoded,
    rotated,
    scene,
)

from discern.grouping.near_copies.candidates import CandidateFinder, CandidateIndex, Candidates
from discern.picture import thumbnail

ALTERED = [re_encoded(40), halved, cropped, brightened, mirrored, quarter_turned]
ALTERED += [rotated(33), rotated(-45, expand=True)]


def finder_of(images, **kwargs):
    thumbs = np.stack([thumbnail(np.asarray(image)) for image in images])
    sizes = np.array([image.size for image in images])
    return CandidateFinder(thumbs, np.arange(len(images)), sizes[:, 0], sizes[:, 1], **kwargs)


def propose(finder):
    return Candidates.join([job() for job in finder.jobs()])


@pytest.fixture(scope="module")
def images():
    sources = [scene(seed) for seed in range(80)]
    return sources + [alter(sources[at]) for at, alter in enumerate(ALTERED)]


@pytest.fixture(scope="module")
def candidates(images):
    return propose(finder_of(images))


def unordered(pairs):
    return {frozenset((int(a), int(b))) for a, b in zip(pairs.wide, pairs.narrow, strict=True)}


def test_every_altered_copy_is_proposed(candidates):
    assert {frozenset((at, 80 + at)) for at in range(len(ALTERED))} <= unordered(candidates)


def test_the_number_of_pairs_is_bounded(candidates, images):
    assert np.bincount(candidates.wide).max() <= 5
    assert len(candidates) <= 5 * len(images)
    assert (candidates.wide != candidates.narrow).all()


def still(number):
    """Draw a frame of a film in which nothing moves."""
    pixels = np.asarray(scene(99), np.float32) + np.random.default_rng(number).normal(0, 6, (120, 160, 3))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def test_frames_of_a_film_are_no_pairs_and_do_not_make_different_pictures_look_alike():
    """Frames agree nearly as well as copies, so that copies of photographs would no longer exceed their level."""
    sources = [still(number) for number in range(70)] + [scene(seed) for seed in range(60)]
    film = np.maximum(np.arange(130), 69)
    unknown, known = finder_of(sources), finder_of(sources, film=film)
    assert (unknown.is_crowded, known.is_crowded) == (True, False)
    for pairs in (known.reference, propose(known)):
        assert len(pairs)
        assert (film[pairs.wide] != film[pairs.narrow]).all()


def test_frames_of_a_film_are_look_alikes_where_there_are_too_few_others():
    sources = [still(number) for number in range(70)] + [scene(seed) for seed in range(10)]
    finder = finder_of(sources, film=np.maximum(np.arange(80), 69))
    assert len(finder.reference) >= 30


def test_crops_of_look_alikes_are_proposed():
    """The discs of different X-rays agree better than those of an X-ray and its crop."""
    sources = [look_alike(seed, detail=3) for seed in range(90)]
    crops = [image.crop((12, 12, 128, 128)) for image in sources[:30]]
    found = unordered(propose(finder_of([*sources, *crops])))
    assert sum(frozenset((at, 90 + at)) in found for at in range(30)) >= 27


def test_candidates_are_deterministic(candidates, images):
    again = propose(finder_of(images))
    for name in ("wide", "narrow", "affine", "agreement"):
        np.testing.assert_array_equal(getattr(again, name), getattr(candidates, name))


def test_blank_pictures_are_never_proposed():
    blank = np.full((20, 64, 64, 3), 255, np.uint8)
    finder = CandidateFinder(blank, np.arange(20), np.full(20, 64), np.full(20, 64))
    assert len(propose(finder)) == 0
    assert len(finder.look_alikes()) == 0


def test_candidates_are_rows_of_the_catalog(images):
    thumbs = np.stack([thumbnail(np.asarray(image)) for image in (images[1], images[0], images[80])])
    thumbs = np.concatenate([np.zeros((5, 64, 64, 3), np.uint8), thumbs])
    found = propose(CandidateFinder(thumbs, np.array([5, 6, 7]), np.full(3, 160), np.full(3, 120)))
    assert set(found.wide.tolist()) <= {5, 6, 7}
    assert frozenset((6, 7)) in unordered(found)


def test_neighbours_by_embedding_are_proposed(images):
    different = [scene(seed) for seed in range(200, 230)]
    embeddings = np.random.default_rng(0).normal(size=(30, 16)).astype(np.float32)
    embeddings[1] = embeddings[0]
    finder = finder_of([different[0], cropped(different[0]), *different[2:]], embeddings=embeddings)
    assert frozenset((0, 1)) in unordered(propose(finder))


def test_jobs_may_run_in_any_order():
    images = [scene(seed, width=64, height=64) for seed in range(270)]
    images.append(mirrored(images[3]))
    jobs = finder_of(images).jobs()
    assert len(jobs) == 2
    found = [job() for job in reversed(jobs)]
    assert found[0].wide.min() >= 256 > found[1].wide.max()
    assert frozenset((3, 270)) in unordered(Candidates.join(found))


def test_temporary_files_are_removed(images, tmp_path):
    candidates = propose(finder_of(images[:9], scratch=tmp_path))
    assert len(candidates) >= 0
    assert list(tmp_path.iterdir()) == []


def test_look_alikes_are_pairs_of_evenly_spaced_pictures(images):
    pairs = finder_of(images).look_alikes(count=10, rank=20)
    assert len(pairs) == 10
    assert (pairs.wide != pairs.narrow).all()


def test_candidates_can_be_selected_and_joined(candidates):
    halves = [candidates.take(np.arange(3)), candidates.take(np.arange(3, 7))]
    joined = Candidates.join(halves)
    assert len(joined) == 7
    np.testing.assert_array_equal(joined.affine, candidates.affine[:7])


def unit_rows(count, dimensions=24):
    rows = np.random.default_rng(0).normal(size=(count, dimensions)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_neighbours_are_sorted_and_exclude_the_own_row():
    rows = unit_rows(200)
    own = np.arange(50)
    found = CandidateIndex(rows).neighbours_of(own, 4)
    expected = np.argsort(-(rows[own] @ rows.T), axis=1)[:, 1:5]
    np.testing.assert_array_equal(found, expected)


def test_a_large_index_approximates_the_exact_neighbours():
    rows = unit_rows(9000)
    own = np.arange(300)
    expected = np.argsort(-(rows[own] @ rows.T), axis=1)[:, 1:4]
    found = CandidateIndex(rows).neighbours_of(own, 3)
    again = CandidateIndex(rows).neighbours_of(own, 3)
    np.testing.assert_array_equal(found, again)
    assert (found != own[:, None]).all()
    assert np.mean([len(set(a) & set(b)) / 3 for a, b in zip(found.tolist(), expected.tolist(), strict=True)]) > 0.8


def test_an_index_may_have_fewer_rows_than_neighbours():
    assert CandidateIndex(unit_rows(3)).neighbours_of(np.array([0]), 5).shape == (1, 2)
