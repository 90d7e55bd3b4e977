"""Spaces of the same pictures are built once, whatever is fitted on them."""

import numpy as np

from discern.heads.feature_space import FeatureSpace
from discern.heads.head_fitter import HeadFitter
from discern.heads.out_of_fold import predict_out_of_fold
from discern.heads.space_cache import SpaceCache, complete


def space() -> FeatureSpace:
    return FeatureSpace(np.eye(4, dtype=np.float32), ((0, 4),), (1.0,))


def test_spaces_are_kept_for_the_same_pictures_alone():
    cache, rows = SpaceCache(), np.arange(4)
    complete(cache.of(rows), {"one": space})
    first = cache.of(rows.copy())["one"]
    complete(cache.of(rows), {"one": space, "two": space})
    assert cache.of(rows)["one"] is first
    assert len(cache.of(rows)) == 2
    assert not cache.of(np.arange(3))
    assert not cache.of(rows), "spaces of other pictures are not kept, too"


def test_fits_on_other_folds_share_their_spaces_and_give_the_same(make, blocks):
    made, spaces = make(90, 3), {}
    given = {"classes": 3, "blocks": blocks}
    checked = predict_out_of_fold(made.features, made.labels, made.fold, **given, spaces=spaces)
    own = predict_out_of_fold(made.features, made.labels, made.fold, **given)
    np.testing.assert_allclose(checked.probabilities, own.probabilities, atol=1e-6)
    HeadFitter(made.features, made.labels, made.fold, **given, spaces=spaces).fit_head()
    built = dict(spaces)
    other = (made.fold + np.arange(90)) % 5
    shared = HeadFitter(made.features, made.labels, other, **given, spaces=spaces)
    alone = HeadFitter(made.features, made.labels, other, **given)
    np.testing.assert_allclose(shared.cross_probabilities(), alone.cross_probabilities(), atol=1e-4)
    assert len(built) == 3, "all blocks, the head's, and centred"
    assert all(spaces[key] is each for key, each in built.items())
    assert len(spaces) == 3
