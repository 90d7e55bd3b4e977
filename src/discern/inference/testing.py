"""Reusable contract tests for sinks of captured exchanges."""

from collections.abc import Sequence
from pathlib import Path

from discern.inference.capture_sink import CaptureSink
from discern.inference.exchange import Exchange, Feedback


class CaptureSinkContract:
    """Base class of contract tests for sinks of captured exchanges.

    A test class inherits them and implements `sink`, `kept`, `break_down` and `repair`.
    """

    def sink(self, folder: Path) -> CaptureSink:
        """Create a sink that keeps everything, and whose files lie in a folder."""
        raise NotImplementedError

    def kept(self, folder: Path) -> tuple[list[Exchange], list[Feedback], int]:
        """Return what closed sinks of a folder have passed on: exchanges, feedback, and the number of lost ones."""
        raise NotImplementedError

    def break_down(self, folder: Path) -> None:
        """Make it impossible to write where the sinks of a folder write."""
        raise NotImplementedError

    def repair(self, folder: Path) -> None:
        """Make it possible again."""
        raise NotImplementedError

    def test_what_was_kept_is_passed_on_once(self, tmp_path: Path) -> None:
        """Check that exchanges and feedback arrive whole, in order, and once."""
        sink = self.sink(tmp_path)
        sent = [_exchange(number, picture=number % 2 == 0) for number in range(5)]
        assert sink.keep(sent[:2]) == 2
        assert sink.keep([]) == 0
        assert sink.keep(sent[2:]) == 3
        assert sink.keep_feedback(_feedback(1)) is True
        assert sink.lost == 0
        sink.close()
        exchanges, feedback, lost = self.kept(tmp_path)
        assert _without_embeddings(exchanges) == _without_embeddings(sent)
        for found, expected in zip(exchanges, sent, strict=True):
            assert found.picture == expected.picture
        assert feedback == [_feedback(1)]
        assert lost == 0

    def test_two_sinks_keep_side_by_side(self, tmp_path: Path) -> None:
        """Check that sinks of one folder, as several processes have, do not disturb each other."""
        sinks = [self.sink(tmp_path), self.sink(tmp_path)]
        for number in range(6):
            assert sinks[number % 2].keep([_exchange(number)]) == 1
        for sink in sinks:
            sink.close()
        exchanges, _, _ = self.kept(tmp_path)
        assert sorted(each.id for each in exchanges) == [_exchange(number).id for number in range(6)]

    def test_what_cannot_be_written_is_counted_and_never_raised(self, tmp_path: Path) -> None:
        """Check that a broken sink loses what it is given, counts it, and works again once it can."""
        sink = self.sink(tmp_path)
        assert sink.keep([_exchange(0)]) == 1
        self.break_down(tmp_path)
        try:
            assert sink.keep([_exchange(1), _exchange(2)]) == 0
            assert sink.keep_feedback(_feedback(0)) is False
            assert sink.lost == 3
        finally:
            self.repair(tmp_path)
        assert sink.keep([_exchange(3)]) == 1
        assert sink.lost == 3
        sink.close()
        exchanges, feedback, lost = self.kept(tmp_path)
        assert [each.id for each in exchanges] == [_exchange(0).id, _exchange(3).id]
        assert (feedback, lost) == ([], 3)

    def test_everything_is_sampled(self, tmp_path: Path) -> None:
        """Check that a sink without sampling keeps each exchange with certainty."""
        sink = self.sink(tmp_path)
        assert {sink.sampling(f"{number:032x}", "accept") for number in range(50)} == {1.0}
        sink.close()


def _exchange(number: int, *, picture: bool = True) -> Exchange:
    return Exchange(
        id=f"{number:032x}",
        time=1.8e9 + number,
        model="contract",
        bundle="ab" * 32,
        door="rest",
        picture=b"content %d" % number if picture else None,
        media_type="image/jpeg" if picture else "",
        content=f"{number:064x}",
        pixels=f"{number:064x}",
        width=4,
        height=3,
        brightness=0.5,
        sharpness=0.5,
        prediction={"label": "a", "decision": "accept"},
        seconds=0.01,
    )


def _feedback(number: int) -> Feedback:
    return Feedback(exchange=f"{number:032x}", label="b", time=1.9e9, source="api")


def _without_embeddings(exchanges: Sequence[Exchange]) -> list[dict[str, object]]:
    return [{name: value for name, value in vars(each).items() if name != "embedding"} for each in exchanges]
