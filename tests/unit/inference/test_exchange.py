"""Exchanges: they cannot be changed, and need no optional field."""

from dataclasses import FrozenInstanceError

import pytest

from discern.inference.exchange import Feedback
from tests.unit.inference.factories import make_exchange


def test_an_exchange_is_kept_for_certain_and_whole_by_default() -> None:
    exchange = make_exchange()
    assert exchange.kept_with == 1
    assert exchange.client_id is None
    with pytest.raises(FrozenInstanceError):
        exchange.id = "other"  # type: ignore[misc]


def test_feedback_names_a_known_class_by_default() -> None:
    assert Feedback(exchange="ab", label="red", time=0.0, source="api").is_new is False
