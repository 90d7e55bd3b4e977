"""Streaming prediction: in order, with bounded memory, and no thread left behind."""

import io
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from discern.bundle import Model, Prediction, load
from discern.catalog.formats.source import Item, item_from_bytes, unreadable_item
from discern.errors import UnreadableFile
from discern.flow.predict.stream import predict_items
from tests.unit.bundle.factories import plain, write_small


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load(write_small(tmp_path_factory.mktemp("bundle") / "model.discern"), threads=1)


def encoded(red: int, side: int = 40) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((side, side, 3), (red, 0, 0), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def items(count: int, taken: list[int] | None = None) -> Iterator[Item]:
    for number in range(count):
        if taken is not None:
            taken.append(number)
        yield item_from_bytes(f"{number}.png", encoded(number % 256, side=8 + 64 * (number % 3)))


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_predictions_are_in_order_and_those_of_the_model(model: Model, threads: int) -> None:
    answers = list(predict_items(model, items(100), threads=threads))
    assert [path for path, _ in answers] == [f"{number}.png" for number in range(100)]
    for number, (_, answer) in enumerate(answers):
        assert isinstance(answer, Prediction)
        alone = model(plain(number, 0, 0))
        assert (answer.label, answer.decision) == (alone.label, alone.decision)
        assert answer.confidence == pytest.approx(alone.confidence, abs=1e-4)


def test_errors_are_in_their_place(model: Model) -> None:
    bad = [
        unreadable_item("a", UnreadableFile("It is gone.")),
        item_from_bytes("b", b"no picture"),
        item_from_bytes("c", encoded(250)),
    ]
    codes = [(path, getattr(answer, "code", "")) for path, answer in predict_items(model, bad)]
    assert codes == [("a", "unreadable_file"), ("b", "not_a_picture"), ("c", "")]


def test_few_are_taken_ahead(model: Model) -> None:
    taken: list[int] = []
    answers = predict_items(model, items(10_000, taken), threads=2)
    next(answers)
    answers.close()
    assert len(taken) <= 64


def test_memory_is_limited_in_bytes(model: Model) -> None:
    """Four files of 20 MB each exceed the limit."""
    taken: list[int] = []

    def large() -> Iterator[Item]:
        for number in range(100):
            taken.append(number)
            yield Item(path=str(number), load=partial(bytes, 20 << 20))

    answers = predict_items(model, large(), threads=2)
    assert getattr(next(answers)[1], "code", "") == "not_a_picture"
    answers.close()
    assert len(taken) == 4


def test_no_thread_outlives_it(model: Model) -> None:
    before = threading.active_count()
    answers = predict_items(model, items(1_000), threads=3)
    next(answers)
    answers.close()
    assert threading.active_count() == before


def test_an_error_of_the_source_is_raised(model: Model) -> None:
    def broken() -> Iterator[Item]:
        yield from items(3)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(predict_items(model, broken()))


def test_an_empty_source_yields_nothing(model: Model, tmp_path: Path) -> None:
    assert list(predict_items(model, [])) == []
