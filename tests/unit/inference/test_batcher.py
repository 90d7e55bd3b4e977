"""Many askers, one model: everybody gets their own answer, the queue has an end, and nothing that was taken is lost."""

import contextlib
import io
import threading
from concurrent.futures import CancelledError, Future
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.unit.bundle.factories import plain, write_small

from discern.bundle import Model, load
from discern.errors import EmptyFile, Overloaded
from discern.inference import BatchConfig, Batcher, BatchResult
from discern.inference.batcher import BatcherClosed


class Slow:
    """A model whose graph runs only while a gate is open."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.open = threading.Event()
        self.entered = threading.Event()
        self.sizes: list[int] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._model, name)

    def run(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        self.entered.set()
        assert self.open.wait(20)
        self.sizes.append(len(inputs))
        return self._model.run(inputs)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load(write_small(tmp_path_factory.mktemp("bundle") / "model.discern"), threads=1)


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def shades(count: int) -> list[bytes]:
    return [png(plain(number * 250 // count, 0, 0)) for number in range(count)]


def results(futures: "list[Future[BatchResult]]") -> list[BatchResult]:
    return [future.result(20) for future in futures]


def test_everybody_gets_their_own_answer(model: Model) -> None:
    pictures = shades(50)
    batcher = Batcher(model, batching=BatchConfig(max_batch=7))
    answers = results([batcher.submit(picture) for picture in pictures])
    batcher.close()
    expected = [model(picture) for picture in pictures]
    assert [each.prediction.label for each in answers] == [each.label for each in expected]
    for answered, alone in zip(answers, expected, strict=True):
        assert answered.prediction.confidence == pytest.approx(alone.confidence, abs=1e-4)


def test_what_waits_together_runs_together(model: Model) -> None:
    slow = Slow(model)
    batcher = Batcher(slow, batching=BatchConfig(max_batch=4, threads=1))
    first = batcher.submit(png(plain(0, 0, 0)))
    assert slow.entered.wait(20)
    rest = [batcher.submit(picture) for picture in shades(9)]
    slow.open.set()
    results([first, *rest])
    batcher.close()
    assert slow.sizes == [1, 4, 4, 1]


def test_a_ready_picture_waits_for_one_that_is_being_decoded(model: Model) -> None:
    decoding, may_decode = threading.Event(), threading.Event()

    class Reluctant(Slow):
        def prepare(self, picture: bytes) -> np.ndarray:
            if picture == b"second":
                decoding.set()
                assert may_decode.wait(20)
                picture = png(plain(9, 9, 9))
            else:
                assert decoding.wait(20)
            return self._model.prepare(picture)

    slow = Reluctant(model)
    slow.open.set()
    batcher = Batcher(slow, batching=BatchConfig(max_batch=2, max_wait=20, threads=2))
    asked = batcher.submit_all([png(plain(0, 0, 0)), b"second"])
    assert decoding.wait(20)
    may_decode.set()
    results(asked)
    batcher.close()
    assert slow.sizes == [2]


def test_a_bad_picture_is_refused_alone(model: Model) -> None:
    batcher = Batcher(model)
    good, bad = batcher.submit(png(plain(9, 9, 9))), batcher.submit(b"")
    assert good.result(20).prediction.label == "dark"
    with pytest.raises(EmptyFile):
        bad.result(20)
    assert batcher.pending == 0
    batcher.close()


def test_a_full_queue_refuses_and_takes_again_when_there_is_room(model: Model) -> None:
    slow = Slow(model)
    batcher = Batcher(slow, batching=BatchConfig(queue=3, threads=1))
    taken = batcher.submit_all(shades(3))
    with pytest.raises(Overloaded) as refused:
        batcher.submit(shades(1)[0])
    assert refused.value.retry_after > 0
    slow.open.set()
    results(taken)
    assert results([batcher.submit(shades(1)[0])])
    batcher.close()


def test_a_long_queue_that_is_all_but_full_is_pressed(model: Model) -> None:
    slow = Slow(model)
    batcher = Batcher(slow, batching=BatchConfig(queue=40, threads=1))
    taken = batcher.submit_all(shades(36))
    assert not batcher.is_pressed
    taken += batcher.submit_all(shades(1))
    assert batcher.is_pressed
    slow.open.set()
    results(taken)
    batcher.close()


def test_several_are_taken_together_or_not_at_all(model: Model) -> None:
    slow = Slow(model)
    batcher = Batcher(slow, batching=BatchConfig(queue=4, threads=1))
    taken = batcher.submit_all(shades(2))
    with pytest.raises(Overloaded):
        batcher.submit_all(shades(3))
    assert batcher.pending == 2
    slow.open.set()
    results(taken)
    batcher.close()


def test_who_waited_too_long_is_told(model: Model) -> None:
    slow = Slow(model)
    batcher = Batcher(slow, batching=BatchConfig(timeout=0.01, threads=1))
    first = batcher.submit(png(plain(0, 0, 0)))
    assert slow.entered.wait(20)
    late = batcher.submit(png(plain(0, 0, 0)))
    threading.Event().wait(0.05)
    slow.open.set()
    first.result(20)
    with pytest.raises(Overloaded):
        late.result(20)
    batcher.close()


def test_a_question_that_is_taken_back_costs_nothing(model: Model) -> None:
    slow = Slow(model)
    batcher = Batcher(slow, batching=BatchConfig(threads=1))
    first = batcher.submit(png(plain(0, 0, 0)))
    assert slow.entered.wait(20)
    regretted = batcher.submit(png(plain(0, 0, 0)))
    assert regretted.cancel()
    slow.open.set()
    first.result(20)
    batcher.close()
    assert sum(slow.sizes) == 1
    with pytest.raises(CancelledError):
        regretted.result(0)


def test_good_pictures_do_not_starve_among_bad_ones(model: Model) -> None:
    """However many fail to decode, what is ready is run."""
    batcher = Batcher(model, batching=BatchConfig(threads=1, queue=10_000))
    stop = threading.Event()

    def spoil() -> None:
        while not stop.is_set():
            with contextlib.suppress(Overloaded):
                batcher.submit_all([png(plain(9, 9, 9))[:-30]] * 50)

    spoiler = threading.Thread(target=spoil)
    spoiler.start()
    try:
        assert batcher.submit(png(plain(250, 0, 0))).result(20).prediction.label == "red"
    finally:
        stop.set()
        spoiler.join()
        batcher.close()


def test_a_fault_of_the_graph_is_told_to_all_who_asked_and_ends_nothing(model: Model) -> None:
    class Faulty(Slow):
        def run(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
            if not self.open.is_set():
                raise ArithmeticError("a fault")
            return self._model.run(inputs)

    faulty = Faulty(model)
    batcher = Batcher(faulty)
    for future in batcher.submit_all(shades(3)):
        with pytest.raises(ArithmeticError):
            future.result(20)
    faulty.open.set()
    assert batcher.submit(shades(1)[0]).result(20)
    batcher.close()


def test_closing_answers_what_was_taken_and_takes_no_more(model: Model) -> None:
    slow = Slow(model)
    batcher = Batcher(slow, batching=BatchConfig(threads=2))
    taken = batcher.submit_all(shades(20))
    closing = threading.Thread(target=batcher.close)
    closing.start()
    while True:
        try:
            batcher.submit(shades(1)[0]).cancel()
        except BatcherClosed:
            break
    slow.open.set()
    closing.join(20)
    assert len(results(taken)) == 20


def test_a_lone_picture_runs_on_the_wide_model(model: Model) -> None:
    wide, narrow = Slow(model), Slow(model)
    wide.open.set()
    narrow.open.set()
    batcher = Batcher(narrow, wide=wide, batching=BatchConfig(threads=1))
    batcher.submit(shades(1)[0]).result(20)
    assert (len(wide.sizes), len(narrow.sizes)) == (1, 0)
    results(batcher.submit_all(shades(6)))
    assert narrow.sizes
    batcher.close()


def test_a_path_and_pixels_are_pictures_too(model: Model, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(plain(250, 0, 0)))
    batcher = Batcher(model)
    asked = batcher.submit_all([tmp_path / "a.png", plain(250, 0, 0)], evidence=True)
    assert {answered.prediction.label for answered in results(asked)} == {"red"}
    assert all(answered.seen is not None for answered in results(asked))
    batcher.close()
