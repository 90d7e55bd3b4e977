import json

import numpy as np
import pytest

from discern.errors import DataError, UsageError
from discern.splitting import Split, SplitConfig, make_split


@pytest.fixture
def split(make_catalog, make_groups) -> Split:
    labels = ["a"] * 10 + ["b"] * 10 + ["film"] * 3
    part = (["train"] * 7 + ["test"] * 3) * 2 + ["train"] * 3
    groups = make_groups([*range(20), 20, 20, 20], cross_pairs=[(0, 8), (1, 2)])
    return make_split(make_catalog(labels, part=part), groups)


def test_a_split_survives_json(split):
    again = Split.from_json(json.loads(json.dumps(split.to_json(), allow_nan=False)))
    for name in ("fold", "always", "test", "group", "part"):
        assert np.array_equal(getattr(again, name), getattr(split, name))
        assert getattr(again, name).dtype.kind == getattr(split, name).dtype.kind
    for name in ("method", "reason", "held_out", "unevaluated", "leaks", "proof"):
        assert getattr(again, name) == getattr(split, name)
    assert {fold: rows.tolist() for fold, rows in again.left_out.items()} == {
        fold: rows.tolist() for fold, rows in split.left_out.items()
    }


def test_a_newer_format_is_an_error_with_a_remedy(split):
    with pytest.raises(DataError, match="format 2") as caught:
        Split.from_json(split.to_json() | {"format": 2})
    assert "Upgrade" in caught.value.hint


@pytest.mark.parametrize("damage", [{"fold": None}, {"test": [999]}, {"left_out": []}, {"part": 3, "group": "x"}])
def test_a_damaged_split_is_an_error(split, damage):
    with pytest.raises(DataError, match="incomplete"):
        Split.from_json(split.to_json() | damage)


def test_a_split_without_folds_is_an_error(split):
    data = split.to_json()
    del data["fold"]
    with pytest.raises(DataError, match="fold"):
        Split.from_json(data)


def test_rounds_have_training_and_held_out_rows(split):
    assert split.rounds == (*split.held_out, -1)
    assert split.held_out_rows(-1).tolist() == np.flatnonzero(split.test).tolist()
    assert split.training_rows(-1).tolist() == np.flatnonzero(split.train).tolist()
    assert split.left_out[-1].tolist() == [0]
    assert 0 not in split.training_rows(-1)
    assert {20, 21, 22} <= set(split.training_rows(split.held_out[0]))


@pytest.mark.parametrize(
    "wrong", [{"folds": 1}, {"parts": (0.5, 0.5)}, {"parts": (1.2, -0.2, 0.0)}, {"parts": (0.0, 0.5, 0.5)}]
)
def test_invalid_settings_are_errors(wrong):
    with pytest.raises(UsageError) as caught:
        SplitConfig(**wrong)
    assert caught.value.hint


def test_left_out_rows_are_positions_among_given_rows(split):
    rows = split.training_rows(-1)[::-1]
    for fold, positions in split.left_out_among(rows).items():
        expected = [row for row in split.left_out[fold].tolist() if row in rows]
        assert rows[positions].tolist() == expected
    assert any(len(positions) for positions in split.left_out_among(np.arange(len(split.fold))).values())
