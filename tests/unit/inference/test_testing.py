"""The contract of sinks: it passes for one that keeps everything, and fails for each kind of careless one."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from discern.inference.exchange import Exchange, Feedback
from discern.inference.testing import CaptureSinkContract
from tests.unit.inference.sinks import MemorySink


class Disk(MemorySink):
    """A sink that can break down, and that hands its loss on when it is closed."""

    def __init__(self, shared: dict[str, list[object]], broken: list[bool]) -> None:
        super().__init__()
        self._shared, self._broken = shared, broken

    def keep(self, exchanges: Sequence[Exchange]) -> int:
        if self._broken:
            self.lost += len(exchanges)
            return 0
        self._shared["exchanges"] += exchanges
        return len(exchanges)

    def keep_feedback(self, feedback: Feedback) -> bool:
        if self._broken:
            self.lost += 1
            return False
        self._shared["feedback"].append(feedback)
        return True

    def close(self) -> None:
        self._shared["lost"].append(self.lost)


class Doubling(Disk):
    def keep(self, exchanges: Sequence[Exchange]) -> int:
        super().keep(exchanges)
        return super().keep(exchanges)


class Silent(Disk):
    def close(self) -> None:
        """Hand no loss on."""


class Raising(Disk):
    def keep(self, exchanges: Sequence[Exchange]) -> int:
        if self._broken:
            raise OSError("the disk is full")
        return super().keep(exchanges)


class Forgetful(Disk):
    def keep_feedback(self, feedback: Feedback) -> bool:
        return not self._broken


class Drawing(Disk):
    def sampling(self, exchange_id: str, decision: str) -> float:
        return 0.5


def contract(kind: type[Disk]) -> CaptureSinkContract:
    shared: dict[str, list[object]] = {"exchanges": [], "feedback": [], "lost": []}
    broken: list[bool] = []

    class Contract(CaptureSinkContract):
        def sink(self, folder: Path) -> Disk:
            return kind(shared, broken)

        def kept(self, folder: Path) -> tuple[list[Exchange], list[Feedback], int]:
            return shared["exchanges"], shared["feedback"], sum(shared["lost"])

        def break_down(self, folder: Path) -> None:
            broken.append(True)

        def repair(self, folder: Path) -> None:
            broken.clear()

    return Contract()


def failures(kind: type[Disk], folder: Path) -> list[str]:
    """Names of the tests of the contract that a sink fails."""
    names = [name for name in dir(CaptureSinkContract) if name.startswith("test_")]
    failed = []
    for name in names:
        test = getattr(contract(kind), name)
        try:
            test(folder)
        except (AssertionError, OSError):
            failed.append(name)
    return failed


def test_a_careful_sink_passes(tmp_path: Path) -> None:
    assert failures(Disk, tmp_path) == []


@pytest.mark.parametrize("kind", [Doubling, Silent, Raising, Forgetful, Drawing])
def test_a_careless_sink_fails(kind: type[Disk], tmp_path: Path) -> None:
    assert failures(kind, tmp_path)
