"""Exchanges of a request: sampled by decision, without metadata, and equal to what was answered."""

import hashlib
import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from discern.bundle import Model, load
from discern.errors import EmptyFile, PictureError
from discern.inference.batch_config import BatchConfig
from discern.inference.batcher import Batcher, BatchResult
from discern.inference.build_exchanges import MAX_CLIENT_ID, build_exchanges
from discern.inference.exchange import Exchange
from discern.picture import Limits, open_picture, pixel_hash
from discern.picture.exif_tags import ORIENTATION
from discern.picture.picture_facts import hash_file
from tests.unit.bundle.factories import plain, write_small
from tests.unit.inference.factories import BLACK, RED
from tests.unit.inference.sinks import MemorySink


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load(write_small(tmp_path_factory.mktemp("bundle") / "model.discern"), threads=1)


@pytest.fixture(scope="module")
def batcher(model: Model) -> Iterator[Batcher]:
    batcher = Batcher(model, batching=BatchConfig(capture=True, threads=1))
    yield batcher
    batcher.close()


def classify(batcher: Batcher, *pictures: bytes | np.ndarray) -> list[BatchResult]:
    return [each.result(20) for each in batcher.submit_all(pictures)]


def build(results: list[BatchResult | PictureError], sink: MemorySink | None = None, **facts: str) -> list[Exchange]:
    return build_exchanges(results, model="colours", door="rest", sink=sink or MemorySink(), now=5.0, **facts)


def photo() -> bytes:
    """A red picture with a place of capture, stored on its side."""
    exif, buffer = Image.Exif(), io.BytesIO()
    exif[ORIENTATION] = 6
    exif.get_ifd(0x8825)[29] = "GPS-secret"
    Image.new("RGB", (60, 30), (250, 0, 0)).save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


def test_an_exchange_is_what_was_answered(batcher: Batcher, model: Model) -> None:
    results = classify(batcher, RED)
    [exchange] = build(results, client="line-1", client_id="part 17")
    answer = results[0].prediction.to_json()
    assert exchange.prediction | {"model": answer["model"], "id": exchange.id} == answer
    assert (exchange.bundle, exchange.model) == (model.fingerprint, "colours")
    assert (exchange.door, exchange.client, exchange.client_id, exchange.time) == ("rest", "line-1", "part 17", 5.0)
    assert exchange.content == hashlib.sha256(RED).hexdigest()
    assert exchange.seconds == pytest.approx(results[0].queue_seconds + results[0].compute_seconds)
    assert np.array_equal(exchange.embedding, results[0].embedding)
    assert np.array_equal(open_picture(exchange.picture), open_picture(RED))


def test_metadata_is_removed_before_anything_is_kept(batcher: Batcher) -> None:
    assert b"GPS-secret" in photo()
    [exchange] = build(classify(batcher, photo()))
    assert b"GPS-secret" not in exchange.picture
    assert (exchange.width, exchange.height, exchange.media_type) == (30, 60, "image/jpeg")
    assert exchange.content == hashlib.sha256(photo()).hexdigest()
    assert np.array_equal(open_picture(exchange.picture), open_picture(photo()))


def test_a_format_that_is_encoded_again_keeps_the_hash_of_its_pixels(batcher: Batcher) -> None:
    buffer = io.BytesIO()
    Image.fromarray(plain(250, 3, 9)).save(buffer, "BMP")
    [exchange] = build(classify(batcher, buffer.getvalue()))
    assert exchange.media_type == "image/png"
    assert exchange.pixels == hash_file(buffer.getvalue(), Limits())


def test_pixels_are_kept_as_a_file(batcher: Batcher) -> None:
    [exchange] = build(classify(batcher, plain(250, 0, 0)))
    assert (exchange.content, exchange.media_type) == ("", "image/png")
    assert np.array_equal(open_picture(exchange.picture), plain(250, 0, 0))
    assert exchange.pixels == pixel_hash(plain(250, 0, 0))


def test_no_picture_is_kept_where_none_may_be(batcher: Batcher) -> None:
    for picture in (RED, plain(250, 0, 0)):
        [exchange] = build(classify(batcher, picture), MemorySink(keeps_pictures=False))
        assert (exchange.picture, exchange.media_type, exchange.pixels) == (None, "", "")
        assert exchange.embedding is not None


def test_sampling_chooses_by_decision_and_is_noted(batcher: Batcher) -> None:
    results = classify(batcher, RED, BLACK, np.full((40, 40, 3), 255, np.uint8))
    assert [each.prediction.decision for each in results] == ["accept", "accept", "unknown"]
    kept = build(results, MemorySink(rates={"accept": 0.0, "unknown": 0.25}))
    assert [(each.id, each.kept_with) for each in kept] == [(results[2].prediction.id, 0.25)]


def test_errors_and_results_that_were_not_captured_are_left_out(batcher: Batcher, model: Model) -> None:
    plainly = Batcher(model)
    without = plainly.submit(RED).result(20)
    plainly.close()
    results = classify(batcher, RED)
    found = build([EmptyFile("The file is empty."), without, *results])
    assert [each.id for each in found] == [results[0].prediction.id]


def test_a_long_identifier_of_the_client_is_cut(batcher: Batcher) -> None:
    [exchange] = build(classify(batcher, RED), client_id="x" * 10_000)
    assert exchange.client_id == "x" * MAX_CLIENT_ID
