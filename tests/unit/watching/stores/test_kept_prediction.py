"""Predictions come back from their short form as they were."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discern.watching.stores.kept_prediction import KeptPrediction, keep_prediction, label_set, restore_prediction


def there_and_back(prediction: dict[str, Any]) -> dict[str, Any]:
    kept = keep_prediction(prediction)
    labels = None if kept.labels is None else label_set(tuple(prediction["probabilities"]))[1]
    return restore_prediction(kept, labels)


@given(
    st.dictionaries(st.text(), st.none() | st.floats(allow_nan=False)),
    st.dictionaries(st.text(max_size=5), st.none() | st.booleans() | st.integers() | st.lists(st.text(), max_size=3)),
)
def test_any_prediction_comes_back(probabilities: dict[str, Any], others: dict[str, Any]) -> None:
    prediction = {**others, "probabilities": probabilities}
    restored = there_and_back(prediction)
    assert restored == prediction
    assert list(restored) == list(prediction)
    assert list(restored["probabilities"]) == list(probabilities)


@pytest.mark.parametrize(
    "prediction",
    [{}, {"label": "a"}, {"probabilities": None}, {"probabilities": [0.5]}, {"probabilities": {"a": "0.5"}}],
)
def test_another_form_stays_in_the_json(prediction: dict[str, Any]) -> None:
    kept = keep_prediction(prediction)
    assert (kept.probabilities, kept.labels) == (None, None)
    assert there_and_back(prediction) == prediction


def test_the_labels_are_not_in_the_short_form() -> None:
    prediction = {"label": "class 7", "probabilities": {f"class {k}": 1 / 131 for k in range(131)}}
    kept = keep_prediction(prediction)
    assert b"class 8" not in kept.text
    assert len(kept.text) + len(kept.probabilities or b"") < 0.4 * len(json.dumps(prediction))
    assert restore_prediction(kept, label_set(tuple(prediction["probabilities"]))[1]) == prediction  # type: ignore[arg-type]


def test_long_text_is_compressed() -> None:
    prediction = {"label": "a", "set": [f"class {k}" for k in range(1000)]}
    assert len(keep_prediction(prediction).text) < 5000
    assert there_and_back(prediction) == prediction


def test_the_key_is_the_same_in_every_process_and_fits_into_the_column() -> None:
    assert label_set(("cat", "dog")) == (8344933225895377382, '["cat", "dog"]')
    keys = {label_set((str(number),))[0] for number in range(1000)}
    assert len(keys) == 1000
    assert all(0 <= key < 2**63 for key in keys)


def test_a_short_form_without_its_labels_is_still_read() -> None:
    kept = keep_prediction({"label": "a", "probabilities": {"a": math.pi}})
    assert isinstance(kept, KeptPrediction)
    assert restore_prediction(kept, None) == {"label": "a", "probabilities": None}
