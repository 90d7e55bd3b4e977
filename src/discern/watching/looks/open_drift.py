"""Tests for drift as a look uses them, and the function that opens them."""

from collections.abc import Iterable
from typing import Any, Protocol

from discern.bundle.reference_pictures import ReferencePictures
from discern.watching.looks.look import Alarm
from discern.watching.stores.exchange_store import ExchangeColumns


class DriftTests(Protocol):
    """Protocol for tests for drift that hold at any time."""

    def update(self, columns: ExchangeColumns) -> None:
        """Take new exchanges, in the order of their numbers."""

    def alarms(self) -> tuple[Alarm, ...]:
        """Return the alarms so far."""

    def signals(self) -> Iterable[dict[str, Any]]:
        """Return `name`, `against`, `median` and `reference` of each signal."""

    def estimated(self) -> dict[str, float] | None:
        """Return the estimate of the accuracy without labels."""

    def forget(self, ids: Iterable[str]) -> None:
        """Drop what names the given exchanges."""

    def to_bytes(self) -> bytes:
        """Serialise the tests."""


def open_drift(reference: ReferencePictures, state: bytes | None = None) -> DriftTests | None:
    """Return the tests against a reference, from their beginning or from a serialised state."""
    return None
