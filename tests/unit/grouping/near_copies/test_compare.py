import numpy as np
import pytest
from PIL import Image
from tests.unit.grouping.synthetic_images import catalog_of, cropped, re_encoded, scene

from discern.grouping.near_copies.candidates import Candidates
from discern.grouping.near_copies.compare import CompareConfig, compare_pictures, compare_thumbs

SAME = np.array([[1, 0, 0], [0, 1, 0]], np.float32)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    whole = scene(1)
    luma, blue, red = whole.convert("YCbCr").split()
    inverted = [plane.point(lambda value: 255 - value) for plane in (blue, red)]
    other_hue = Image.merge("YCbCr", (luma, *inverted)).convert("RGB")
    pictures = {
        "a.png": whole,
        "b.jpg": re_encoded(80)(whole),
        "c.png": cropped(whole),
        "d.png": scene(2),
        "e.png": other_hue,
    }
    return catalog_of(tmp_path_factory.mktemp("compare"), pictures)


def guessed(*pairs, affine=SAME):
    wide, narrow = np.array(pairs).T
    return Candidates(
        wide=wide,
        narrow=narrow,
        affine=np.repeat(affine[None], len(pairs), axis=0),
        agreement=np.ones(len(pairs), np.float32),
    )


def ends(pairs):
    return list(zip(pairs.wide.tolist(), pairs.narrow.tolist(), strict=True))


def test_only_copies_are_selected(catalog):
    selected, _ = compare_thumbs(catalog, [lambda: guessed((0, 1), (0, 3), (1, 3))], CompareConfig())
    assert ends(selected) == [(0, 1)]


def test_a_pair_is_returned_once(catalog):
    selected, _ = compare_thumbs(catalog, [lambda: guessed((0, 1), (1, 0), (0, 1))], CompareConfig())
    assert len(selected) == 1


def test_pictures_of_different_colours_are_not_copies(catalog):
    assert len(compare_thumbs(catalog, [lambda: guessed((0, 4))], CompareConfig())[0]) == 0
    assert len(compare_thumbs(catalog, [lambda: guessed((0, 4))], CompareConfig(max_hue_difference=2))[0]) == 1


def test_the_map_is_refined(catalog):
    guess = np.array([[0.9, 0, 0.1], [0, 0.9, 0.0]], np.float32)
    selected, _ = compare_thumbs(catalog, [lambda: guessed((0, 2), affine=guess)], CompareConfig())
    assert len(selected) == 1
    # the crop keeps 91 % of the width and 92 % of the height, to the right of the centre and slightly above it
    assert selected.affine[0, 0, 0] == pytest.approx(0.92, abs=0.03)
    assert selected.affine[0, 0, 2] == pytest.approx(0.12, abs=0.03)
    assert selected.affine[0, 1, 2] == pytest.approx(-0.04, abs=0.03)


def test_an_anisotropic_map_is_rejected(catalog):
    assert len(compare_thumbs(catalog, [lambda: guessed((0, 1))], CompareConfig(max_anisotropy=0.99))[0]) == 0


def test_a_small_overlap_is_rejected(catalog):
    assert len(compare_thumbs(catalog, [lambda: guessed((0, 1))], CompareConfig(min_overlap=0.999))[0]) == 0


def test_copies_agree_and_others_do_not(catalog):
    agreement = compare_pictures(catalog, guessed((0, 1), (0, 3)), CompareConfig())
    assert agreement[0] > 0.97
    assert agreement[1] < 0.4


def test_no_pairs(catalog):
    nothing = guessed((0, 1)).take(np.zeros(0, np.int64))
    selected, agreement = compare_thumbs(catalog, [lambda: nothing], CompareConfig())
    assert len(selected) == len(agreement) == 0
    assert compare_pictures(catalog, nothing, CompareConfig()).shape == (0,)


def test_jobs_are_joined(catalog):
    pieces = [guessed((0, 1), (0, 3)), guessed((0, 1)).take(np.zeros(0, np.int64)), guessed((1, 0), (3, 3))]
    selected, score = compare_thumbs(catalog, [lambda piece=piece: piece for piece in pieces], CompareConfig())
    whole, scores = compare_thumbs(catalog, [lambda: Candidates.join(pieces)], CompareConfig())
    assert ends(selected) == ends(whole)
    assert [{*pair} for pair in ends(selected)] == [{0, 1}, {3}]
    np.testing.assert_allclose(score, scores, atol=1e-5)


def test_many_pairs_are_compared_as_few_are(catalog):
    """Batches of pairs and of pictures neither lose nor mix up a pair."""
    pairs = guessed(*[(0, 1), (0, 3)] * 150)
    agreement = compare_pictures(catalog, pairs, CompareConfig()).reshape(150, 2)
    assert (agreement == agreement[0]).all()
    assert agreement[0, 0] > 0.97 > 0.4 > agreement[0, 1]


def test_progress_is_reported(catalog):
    steps = []
    compare_thumbs(catalog, [lambda: guessed((0, 1))] * 2, CompareConfig(), progress=lambda *step: steps.append(step))
    assert steps == [("compare pictures", 2, 5), ("compare pictures", 5, 5)]
    steps.clear()
    compare_pictures(catalog, guessed((0, 1)), CompareConfig(), progress=lambda *step: steps.append(step))
    assert steps == [("confirm copies", 1, 1)]
