"""Signals of exchanges are measured as those of the reference were, and ranked among them."""

from dataclasses import replace

import numpy as np
import pytest

from discern.bundle.reference_pictures import SIGNALS, project
from discern.watching.drift.drift_signals import SignalRanks, label_index, signals_of
from tests.unit.watching.drift.factories import LABELS, make_columns, make_reference


def test_signals_are_in_their_order() -> None:
    reference, columns = make_reference(), make_columns(20)
    signals = signals_of(columns, reference, LABELS)
    assert signals.shape == (20, len(SIGNALS))
    assert signals[:, 0].tolist() == columns.unknown_score.tolist()
    assert signals[:, 1].tolist() == columns.confidence.tolist()
    assert signals[:, 5].tolist() == [100.0] * 20
    assert columns.embedding is not None
    centre = reference.centres[LABELS.index(columns.label[3])].astype(np.float32)
    assert signals[3, 2] == pytest.approx(1 - float(project(columns.embedding, 16)[3] @ centre), abs=1e-6)


def test_the_distance_is_unknown_without_embeddings_centres_or_label() -> None:
    reference, columns = make_reference(), make_columns(5)
    bare = replace(reference, centres=np.zeros((0, 16), np.float16))
    other = replace(columns, label=np.array(["plum", *columns.label[1:]], object))
    assert np.isnan(signals_of(make_columns(5, embeddings=False), reference, LABELS)[:, 2]).all()
    assert np.isnan(signals_of(columns, bare, LABELS)[:, 2]).all()
    assert np.isnan(signals_of(other, reference, LABELS)[:, 2]).tolist() == [True, False, False, False, False]
    assert label_index(other.label, LABELS)[0] == -1


def test_ranks_of_like_pictures_are_uniform_and_those_of_shifted_ones_are_not() -> None:
    reference = make_reference(2000)
    ranks = SignalRanks(reference)
    assert ranks.names == SIGNALS
    for shift, low, high in ((0.0, 0.46, 0.54), (1.0, 0.7, 0.85)):
        columns = make_columns(1000, shift={"brightness": shift})
        found = ranks.rank(signals_of(columns, reference, LABELS), label_index(columns.label, LABELS), columns.number)
        assert low < found[:, SIGNALS.index("brightness")].mean() / 2000 < high
        assert 0.46 < found[:, SIGNALS.index("size")].mean() / 2000 < 0.54  # all equal


def test_unknown_signals_have_no_rank() -> None:
    reference = make_reference()
    columns = make_columns(10, embeddings=False)
    ranks = SignalRanks(reference)
    found = ranks.rank(signals_of(columns, reference, LABELS), label_index(columns.label, LABELS), columns.number)
    assert (found[:, 2] == -1).all()
    assert (found[:, [0, 1, 3, 4, 5]] >= 0).all()
    assert (ranks.normal(found)[:, 2] == 0).all()


def test_a_signal_that_the_reference_lacks_is_left_out() -> None:
    reference = make_reference()
    signals = reference.signals.copy()
    signals[:, 2] = np.nan
    assert "distance" not in SignalRanks(replace(reference, signals=signals)).names


def test_confidences_of_almost_one_are_ranked_alike_whatever_the_engine() -> None:
    reference = make_reference(2000)
    signals = reference.signals.copy()
    signals[:, 1] = 1
    ranks = SignalRanks(replace(reference, signals=signals))
    columns = make_columns(1000)
    found = signals_of(columns, reference, LABELS)
    found[:, 1] = 1 - 1e-6
    ranked = ranks.rank(found, label_index(columns.label, LABELS), columns.number)[:, 1]
    assert 0.46 < ranked.mean() / 2000 < 0.54
