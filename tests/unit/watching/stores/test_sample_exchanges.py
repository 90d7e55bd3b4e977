"""Exchanges to test with: the same for a number, and different for others."""

import numpy as np

from discern.watching.stores.sample_exchanges import START, make_exchange, make_feedback, with_picture


def test_a_number_decides_what_differs() -> None:
    first, again, other = make_exchange(1), make_exchange(1), make_exchange(2)
    assert np.array_equal(first.embedding, again.embedding)
    assert not np.array_equal(first.embedding, other.embedding)
    assert len({first.id, first.content, first.pixels, other.id, other.content, other.pixels}) == 6
    assert (first.time, first.id == again.id) == (START + 1, True)
    assert START % 3600 == 0


def test_values_are_changed() -> None:
    exchange = with_picture(1, label="bird", confidence=0.5, client="me")
    assert (exchange.prediction["label"], exchange.prediction["confidence"]) == ("bird", 0.5)
    assert (exchange.picture, exchange.media_type, exchange.client) == (b"picture 1", "image/jpeg", "me")
    assert make_feedback(1, is_new=True).exchange == exchange.id
