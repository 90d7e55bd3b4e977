"""Batcher: each picture gets its own result, the queue is bounded, and no submitted picture is lost."""

import contextlib
import hashlib
import io
import threading
from concurrent.futures import CancelledError, Future
from pathlib import Path

import numpy as np
import pytest

from discern.bundle import Model, load
from discern.errors import EmptyFile, Overloaded
from discern.inference.batch_config import BatchConfig
from discern.inference.batcher import Batcher, BatcherClosed, BatchResult
from tests.unit.bundle.factories import plain, write_small
from tests.unit.inference.factories import BLACK, RED, GatedModel, png


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load(write_small(tmp_path_factory.mktemp("bundle") / "model.discern"), threads=1)


def shades(count: int) -> list[bytes]:
    return [png(plain(number * 250 // count, 0, 0)) for number in range(count)]


def results(futures: "list[Future[BatchResult]]") -> list[BatchResult]:
    return [future.result(20) for future in futures]


def test_each_picture_gets_its_own_result(model: Model) -> None:
    pictures = shades(50)
    batcher = Batcher(model, batching=BatchConfig(max_batch=7))
    found = results([batcher.submit(picture) for picture in pictures])
    batcher.close()
    expected = [model(picture) for picture in pictures]
    assert [each.prediction.label for each in found] == [each.label for each in expected]
    for result, alone in zip(found, expected, strict=True):
        assert result.prediction.confidence == pytest.approx(alone.confidence, abs=1e-4)


def test_an_open_file_is_read_once_for_the_prediction_and_its_size(model: Model) -> None:
    batcher = Batcher(model)
    picture = png(np.full((30, 60, 3), (250, 0, 0), np.uint8))
    expected, found = (batcher.submit(each, evidence=True).result(20) for each in (picture, io.BytesIO(picture)))
    batcher.close()
    assert found.localisation is not None
    assert expected.localisation is not None
    assert found.localisation.box == expected.localisation.box
    assert found.prediction.label == "red"


def test_queued_pictures_run_in_one_batch(model: Model) -> None:
    gated = GatedModel(model)
    batcher = Batcher(gated, batching=BatchConfig(max_batch=4, threads=1))
    first = batcher.submit(BLACK)
    assert gated.entered.wait(20)
    rest = [batcher.submit(picture) for picture in shades(9)]
    gated.open.set()
    results([first, *rest])
    batcher.close()
    assert gated.sizes == [1, 4, 4, 1]


def test_a_ready_picture_waits_for_one_that_is_being_decoded(model: Model) -> None:
    decoding, may_decode = threading.Event(), threading.Event()

    class SlowDecoder(GatedModel):
        def prepare(self, picture: bytes) -> np.ndarray:
            if picture == b"second":
                decoding.set()
                assert may_decode.wait(20)
                picture = png(plain(9, 9, 9))
            else:
                assert decoding.wait(20)
            return self._model.prepare(picture)

    gated = SlowDecoder(model)
    gated.open.set()
    batcher = Batcher(gated, batching=BatchConfig(max_batch=2, max_wait=20, threads=2))
    submitted = batcher.submit_all([BLACK, b"second"])
    assert decoding.wait(20)
    may_decode.set()
    results(submitted)
    batcher.close()
    assert gated.sizes == [2]


def test_a_captured_result_has_the_embedding_and_the_picture(model: Model) -> None:
    batcher = Batcher(model, batching=BatchConfig(capture=True))
    wide = png(np.full((30, 60, 3), (250, 0, 0), np.uint8))
    found = results(batcher.submit_all([wide, plain(0, 0, 255)]))
    batcher.close()
    file, pixels = (each.captured for each in found)
    assert file is not None
    assert pixels is not None
    assert (file.data, file.content_hash) == (wide, hashlib.sha256(wide).hexdigest())
    assert (file.width, file.height) == (60, 30)
    assert pixels.data is None
    for result, picture in zip(found, (wide, plain(0, 0, 255)), strict=True):
        expected = model.run(model.prepare(picture)[None])["embedding"][0]
        assert result.embedding is not None
        assert np.allclose(result.embedding, expected)
        assert result.embedding.base is None  # a view would hold the outputs of the whole batch


def test_a_captured_localisation_is_the_same(model: Model) -> None:
    picture = png(np.full((30, 60, 3), (250, 0, 0), np.uint8))
    plainly, captured = Batcher(model), Batcher(model, batching=BatchConfig(capture=True))
    boxes = [each.submit(picture, evidence=True).result(20).localisation for each in (plainly, captured)]
    plainly.close()
    captured.close()
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0].box == boxes[1].box


def test_nothing_is_captured_unless_asked(model: Model) -> None:
    batcher = Batcher(model)
    found = batcher.submit(BLACK).result(20)
    batcher.close()
    assert found.embedding is None
    assert found.captured is None


def test_a_bad_picture_fails_alone(model: Model) -> None:
    batcher = Batcher(model)
    good, bad = batcher.submit(png(plain(9, 9, 9))), batcher.submit(b"")
    assert good.result(20).prediction.label == "dark"
    with pytest.raises(EmptyFile):
        bad.result(20)
    assert batcher.pending == 0
    batcher.close()


def test_a_full_queue_rejects_pictures_until_there_is_room(model: Model) -> None:
    gated = GatedModel(model)
    batcher = Batcher(gated, batching=BatchConfig(max_queue=3, threads=1))
    submitted = batcher.submit_all(shades(3))
    with pytest.raises(Overloaded) as rejected:
        batcher.submit(shades(1)[0])
    assert rejected.value.retry_after > 0
    gated.open.set()
    results(submitted)
    assert results([batcher.submit(shades(1)[0])])
    batcher.close()


def test_a_long_queue_over_90_percent_full_is_nearly_full(model: Model) -> None:
    gated = GatedModel(model)
    batcher = Batcher(gated, batching=BatchConfig(max_queue=40, threads=1))
    submitted = batcher.submit_all(shades(36))
    assert not batcher.is_nearly_full
    submitted += batcher.submit_all(shades(1))
    assert batcher.is_nearly_full
    gated.open.set()
    results(submitted)
    batcher.close()


def test_several_pictures_are_queued_all_or_none(model: Model) -> None:
    gated = GatedModel(model)
    batcher = Batcher(gated, batching=BatchConfig(max_queue=4, threads=1))
    submitted = batcher.submit_all(shades(2))
    with pytest.raises(Overloaded):
        batcher.submit_all(shades(3))
    assert batcher.pending == 2
    gated.open.set()
    results(submitted)
    batcher.close()


def test_a_picture_that_waits_too_long_is_rejected(model: Model) -> None:
    gated = GatedModel(model)
    batcher = Batcher(gated, batching=BatchConfig(timeout=0.01, threads=1))
    first = batcher.submit(BLACK)
    assert gated.entered.wait(20)
    late = batcher.submit(BLACK)
    threading.Event().wait(0.05)
    gated.open.set()
    first.result(20)
    with pytest.raises(Overloaded):
        late.result(20)
    batcher.close()


def test_a_cancelled_picture_is_not_run(model: Model) -> None:
    gated = GatedModel(model)
    batcher = Batcher(gated, batching=BatchConfig(threads=1))
    first = batcher.submit(BLACK)
    assert gated.entered.wait(20)
    cancelled = batcher.submit(BLACK)
    assert cancelled.cancel()
    gated.open.set()
    first.result(20)
    batcher.close()
    assert sum(gated.sizes) == 1
    with pytest.raises(CancelledError):
        cancelled.result(0)


def test_good_pictures_do_not_starve_among_bad_ones(model: Model) -> None:
    """However many pictures fail to decode, decoded ones are run."""
    batcher = Batcher(model, batching=BatchConfig(threads=1, max_queue=10_000))
    stop = threading.Event()

    def submit_bad_pictures() -> None:
        while not stop.is_set():
            with contextlib.suppress(Overloaded):
                batcher.submit_all([png(plain(9, 9, 9))[:-30]] * 50)

    thread = threading.Thread(target=submit_bad_pictures)
    thread.start()
    try:
        assert batcher.submit(RED).result(20).prediction.label == "red"
    finally:
        stop.set()
        thread.join()
        batcher.close()


def test_an_error_of_the_graph_fails_its_batch_alone(model: Model) -> None:
    class FailingModel(GatedModel):
        def run(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
            if not self.open.is_set():
                raise ArithmeticError("a division")
            return self._model.run(inputs)

    failing = FailingModel(model)
    batcher = Batcher(failing)
    for future in batcher.submit_all(shades(3)):
        with pytest.raises(ArithmeticError):
            future.result(20)
    failing.open.set()
    assert batcher.submit(shades(1)[0]).result(20)
    batcher.close()


def test_closing_finishes_submitted_pictures_and_rejects_more(model: Model) -> None:
    gated = GatedModel(model)
    batcher = Batcher(gated, batching=BatchConfig(threads=2))
    submitted = batcher.submit_all(shades(20))
    closing = threading.Thread(target=batcher.close)
    closing.start()
    while True:
        try:
            batcher.submit(shades(1)[0]).cancel()
        except BatcherClosed:
            break
    gated.open.set()
    closing.join(20)
    assert len(results(submitted)) == 20


def test_a_lone_picture_runs_on_the_multithreaded_model(model: Model) -> None:
    multithreaded, single = GatedModel(model), GatedModel(model)
    multithreaded.open.set()
    single.open.set()
    batcher = Batcher(single, multithreaded=multithreaded, batching=BatchConfig(threads=1))
    batcher.submit(shades(1)[0]).result(20)
    assert (len(multithreaded.sizes), len(single.sizes)) == (1, 0)
    results(batcher.submit_all(shades(6)))
    assert single.sizes
    batcher.close()


def test_paths_and_arrays_are_accepted(model: Model, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(RED)
    batcher = Batcher(model)
    submitted = batcher.submit_all([tmp_path / "a.png", plain(250, 0, 0)], evidence=True)
    assert {result.prediction.label for result in results(submitted)} == {"red"}
    assert all(result.localisation is not None for result in results(submitted))
    batcher.close()
