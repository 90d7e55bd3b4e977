"""Exchanges are recorded before their responses are sent."""

import asyncio
import hashlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from discern.serving.keys import add_key
from discern.serving.web.exchange_recorder import ExchangeRecorder, report_losses
from tests.unit.bundle.factories import write_small
from tests.unit.serving.web.conftest import BYTES, DARK, RED, WHITE, Capturing, as_json, b64, encoded, infer
from tests.unit.serving.web.listing_sink import ListingSink


def test_an_answer_is_kept_with_its_picture_and_circumstances(capturing: Capturing) -> None:
    answer = capturing.client.post("/predict", content=RED, headers={"X-Request-ID": "order-7"}).json()
    [exchange] = capturing.sink.exchanges
    assert (exchange.id, exchange.model, exchange.bundle) == (answer["id"], "colours", answer["model"]["fingerprint"])
    assert (exchange.door, exchange.client_id, exchange.content) == ("rest", "order-7", hashlib.sha256(RED).hexdigest())
    assert (exchange.width, exchange.height, exchange.media_type) == (40, 40, "image/png")
    assert exchange.prediction == {name: value for name, value in answer.items() if name not in ("id", "model")}
    assert exchange.embedding is not None


def test_every_endpoint_keeps_its_answers(capturing: Capturing) -> None:
    client = capturing.client
    client.post("/predict", files=[("files", ("a.png", RED)), ("files", ("b.png", DARK))])
    client.post("/predict", **as_json({"image_b64": b64(WHITE)[0]}))
    client.post("/invocations", content=RED)
    client.post("/invocations", content=RED, headers={"Accept": "application/json; format=array"})
    infer(client, {"inputs": [BYTES | {"shape": [2], "data": b64(RED, DARK)}]})
    doors = [each.door for each in capturing.sink.exchanges]
    assert doors == ["rest", "rest", "rest", "sagemaker", "sagemaker", "v2", "v2"]
    assert len({each.id for each in capturing.sink.exchanges}) == 7
    assert capturing.client.get("/metrics").text.count("\ndiscern_captured_exchanges_total 7.0") == 1


@pytest.mark.parametrize(
    ("kind", "side", "count", "in_loop"),
    [
        ("JPEG", 40, 1, True),
        ("PNG", 40, 4, True),
        ("PNG", 40, 5, False),
        ("BMP", 40, 1, False),
        ("JPEG", 900, 1, False),
    ],
)
def test_the_event_loop_builds_and_writes_only_what_is_quick(
    capturing: Capturing, kind: str, side: int, count: int, *, in_loop: bool
) -> None:
    """The others have a thread: many or large pictures, and formats that are encoded again."""
    threads = []

    class NotingSink(ListingSink):
        def sampling(self, exchange_id: str, decision: str) -> float:
            threads.append(threading.current_thread().name)
            return super().sampling(exchange_id, decision)

    capturing.sink.__class__ = NotingSink
    noise = np.random.default_rng(0).integers(0, 255, (side, side, 3), np.uint8)
    picture = encoded(noise, kind)
    files = [("files", (f"{number}.img", picture)) for number in range(count)]
    assert capturing.client.post("/predict", files=files).status_code == 200
    assert len(threads) == len(capturing.sink.exchanges) == count
    assert {name.startswith("discern-capture") for name in threads} == {not in_loop}


def test_what_is_not_answered_is_not_kept(capturing: Capturing) -> None:
    """A damaged picture, and for tensors the whole request that has one."""
    capturing.client.post("/predict", content=b"no picture")
    capturing.client.post("/predict", files=[("files", ("a.png", RED)), ("files", ("b.png", b"none"))])
    assert len(capturing.sink.exchanges) == 1
    assert infer(capturing.client, {"inputs": [BYTES | {"shape": [2], "data": b64(RED, b"x")}]}).status_code == 415
    assert len(capturing.sink.exchanges) == 1


def test_an_identifier_that_the_server_made_is_not_the_client_s(capturing: Capturing) -> None:
    capturing.client.post("/predict", content=RED)
    capturing.client.post("/predict", content=RED, headers={"X-Request-ID": "two words"})
    assert [each.client_id for each in capturing.sink.exchanges] == [None, None]


def test_a_client_is_the_name_of_its_key_or_a_digest(
    capture: Callable[..., Capturing], capturing: Capturing, tmp_path: Path
) -> None:
    key = add_key(tmp_path / "keys.txt", "alice")
    keyed = capture(key_file=tmp_path / "keys.txt")
    keyed.client.post("/predict", content=RED, headers={"X-API-Key": key})
    capturing.client.post("/predict", content=RED)
    assert keyed.sink.exchanges[0].client == "alice"
    digest = capturing.sink.exchanges[0].client
    assert len(digest) == 16
    assert digest == hashlib.sha256(b"salt" + b"testclient").hexdigest()[:16]


def test_a_full_sink_changes_no_answer_and_its_losses_are_shown(capturing: Capturing) -> None:
    capturing.sink.is_full = True
    answer = capturing.client.post("/predict", content=RED)
    assert (answer.status_code, answer.json()["label"]) == (200, "red")
    page = capturing.client.get("/metrics").text
    assert "discern_capture_lost_total 1.0" in page
    assert "discern_captured_exchanges_total 0.0" in page
    capturing.sink.is_full = False
    capturing.client.post("/predict", content=RED)
    page = capturing.client.get("/metrics").text
    assert "discern_capture_lost_total 1.0" in page
    assert "discern_capture_waiting_bytes 10.0" in page


def open_with(sink: ListingSink, **options: Any) -> ExchangeRecorder:
    """Open a recorder without a server."""
    recorder = ExchangeRecorder(
        None,  # type: ignore[arg-type]
        open_sink=lambda: sink,
        find=lambda _: None,
        waiting_bytes=lambda: 0,
        salt=b"",
        **options,
    )
    recorder.open()
    return recorder


def test_losses_are_logged_once_a_minute(logged: pytest.LogCaptureFixture) -> None:
    sink = ListingSink()
    recorder = open_with(sink)

    async def lose() -> None:
        task = asyncio.create_task(report_losses(recorder, tick=0.001))
        for lost in (2, 3, 7):
            sink.lost = lost
            await asyncio.sleep(0.05)
        task.cancel()

    asyncio.run(lose())
    messages = [each.getMessage() for each in logged.records if "could not be kept" in each.getMessage()]
    assert messages == ["2 exchanges could not be kept, 2 since the start"]


def test_the_sink_is_closed_at_the_shutdown(capture: Callable[..., Capturing]) -> None:
    capturing = capture()
    capturing.client.__exit__(None, None, None)
    assert capturing.sink.is_closed


def test_a_sink_that_does_not_close_delays_the_shutdown_for_a_bounded_time() -> None:
    released = threading.Event()

    class StuckSink(ListingSink):
        def close(self) -> None:
            released.wait(60)

    started = time.monotonic()
    asyncio.run(open_with(StuckSink(), close_seconds=0.01).close())
    assert time.monotonic() - started < 30
    released.set()


def test_the_description_of_a_model_says_that_answers_are_kept(
    capturing: Capturing, serve: Callable[..., object], client: object
) -> None:
    assert capturing.client.get("/model").json()["capture"] is True
    assert "capture" not in client.get("/model").json()  # type: ignore[attr-defined]


def test_answers_of_several_models_are_kept_by_name(
    capture: Callable[..., Capturing], bundle: Path, tmp_path: Path
) -> None:
    other = write_small(tmp_path / "other.discern", name="other", version="2")
    capturing = capture(bundles=(str(bundle), f"second={other}"))
    for model in ("colours", "second"):
        capturing.client.post(f"/predict?model={model}", content=RED)
    assert [each.model for each in capturing.sink.exchanges] == ["colours", "second"]
    assert len({each.bundle for each in capturing.sink.exchanges}) == 2
