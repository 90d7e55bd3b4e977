"""A store in memory, which can be down or reject exchanges."""

import errno
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from discern.errors import StoreError
from discern.inference.exchange import Exchange, Feedback


class MemoryStore:
    """The part of a store that is written to.

    `down` makes every call fail, `rejected` makes each call with one of these exchanges fail, and so does `too_large`
    for want of space.
    """

    def __init__(self) -> None:
        self.exchanges: dict[str, Exchange] = {}
        self.given: list[Feedback] = []
        self.lost = 0
        self.calls: list[int] = []
        self.down = False
        self.fail_after: int | None = None
        self.rejected: set[str] = set()
        self.too_large: set[str] = set()

    def add(self, exchanges: Sequence[Exchange], feedback: Sequence[Feedback] = (), *, lost: int = 0) -> int:
        """Store all or nothing."""
        self._require_up()
        if any(each.id in self.rejected for each in exchanges):
            raise ValueError("this exchange is not storable")
        if any(each.id in self.too_large for each in exchanges):
            raise StoreError("The store cannot be written: its disk is full.") from OSError(errno.ENOSPC, "full")
        if self.fail_after is not None and len(self.calls) >= self.fail_after:
            raise OSError("the store went down")
        self.calls.append(len(exchanges))
        new = [each for each in exchanges if each.id not in self.exchanges]
        self.exchanges.update({each.id: replace(each) for each in new})
        self.given += [each for each in feedback if each not in self.given]
        self.lost += lost
        return len(new)

    def set_setting(self, name: str, value: Any) -> None:
        """Fail if it is down."""
        assert name
        self._require_up()
        if self.fail_after is not None and len(self.calls) >= self.fail_after:
            raise OSError("the store went down")

    def close(self) -> None:
        """Do nothing."""

    def _require_up(self) -> None:
        if self.down:
            raise OSError("the store is down")
