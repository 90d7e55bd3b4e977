"""Captured requests become exchanges with the captured predictions, and pictures without metadata."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from discern.bundle import Model, load
from discern.catalog.formats.capture_file import read_captured_pictures
from discern.flow.captured.captured_exchanges import CapturedExchange, answered, build_exchange
from discern.picture import Limits, open_picture, pixel_hash
from tests.unit.bundle.factories import write_small
from tests.unit.catalog.factories import captured, picture
from tests.unit.inference.factories import RED

NOW = datetime(2026, 11, 29, 10, tzinfo=UTC)
EVENT = "0f6b9a1c-5d7e-4b2f-8a3c-6d9e1f4b7a20"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load(write_small(tmp_path_factory.mktemp("bundle") / "model.discern"))


def answers(line: bytes, labels: tuple[str, ...] = ()) -> list[CapturedExchange | None]:
    return list(answered(read_captured_pictures("a.jsonl", line, limits=Limits()), time=NOW, labels=labels))


def only(line: bytes, labels: tuple[str, ...] = ()) -> CapturedExchange:
    (found,) = answers(line, labels)
    assert found is not None
    return found


def test_a_prediction_is_kept_whole_without_its_model_and_id() -> None:
    output = {
        "label": "red",
        "confidence": 0.9,
        "decision": "unknown",
        "unknown_score": 1.5,
        "probabilities": {"red": 0.9},
        "model": {"name": "colours", "version": "1", "fingerprint": "cd" * 32},
        "id": "12" * 16,
    }
    found = only(captured(RED, event=EVENT, output=output))
    assert found.prediction == {name: output[name] for name in output if name not in ("model", "id")}
    assert (found.id, found.model, found.bundle) == ("12" * 16, "colours", "cd" * 32)
    assert found.time == NOW.timestamp()


def test_plain_probabilities_are_named_by_the_labels_and_go_to_review() -> None:
    line = captured(RED, event=EVENT, output=[0.2, 0.8])
    assert only(line, ("dark", "red")).prediction == {"label": "red", "confidence": 0.8, "decision": "review"}
    assert only(line).prediction["label"] == "class 1"
    assert only(line).id == EVENT.replace("-", "")


def test_several_pictures_of_a_request_get_their_own_answers_and_identifiers() -> None:
    sent = json.dumps([{"image_b64": "aGk="}, {"image_b64": "aG8="}])
    output = [{"label": label, "confidence": 0.7, "decision": "review"} for label in ("a", "b")]
    line = captured(sent, event=EVENT, content_type="application/json", encoding="JSON", output={"predictions": output})
    one, two = answers(line)
    assert one is not None
    assert two is not None
    assert [one.prediction["label"], two.prediction["label"]] == ["a", "b"]
    assert one.id != two.id
    assert answers(line)[1].id == two.id  # type: ignore[union-attr]


def test_a_request_without_a_usable_answer_has_no_exchange() -> None:
    assert answers(captured(RED, event=EVENT, output={"error": "no"})) == [None]


def test_lines_without_an_event_have_identifiers_of_their_own() -> None:
    line = captured(RED, output=[1.0]) + captured(RED, output=[1.0])
    pictures = list(read_captured_pictures("a.jsonl", line, limits=Limits()))
    found = [next(iter(answered([each], time=None, labels=()))) for each in pictures]
    assert len({each.id for each in found if each}) == 2
    assert all(each is not None and each.time == 0 for each in found)


def test_a_picture_is_measured_and_loses_its_metadata() -> None:
    photo = picture(200, size=(64, 48), file_format="JPEG")
    exchange = build_exchange(only(captured(photo + b"GPS 52.5 N", event=EVENT, output=[1.0])), model=None)
    assert (exchange.width, exchange.height, exchange.media_type) == (64, 48, "image/jpeg")
    assert exchange.picture is not None
    assert b"GPS" not in exchange.picture
    assert exchange.pixels == pixel_hash(open_picture(photo))
    assert 0 < exchange.brightness < 1
    assert exchange.embedding is None
    assert (exchange.door, exchange.bundle) == ("sagemaker", "")


def test_a_bundle_gives_the_embedding_and_leaves_the_captured_prediction(model: Model) -> None:
    output = {"label": "dark", "confidence": 0.9, "decision": "accept"}
    exchange = build_exchange(only(captured(RED, event=EVENT, output=output)), model=model)
    assert exchange.prediction == output
    assert exchange.embedding is not None
    assert np.allclose(exchange.embedding, [250 / 255, 0, 0], atol=1e-3)
    assert (exchange.bundle, exchange.model) == (model.fingerprint, "colours")


def test_an_answer_to_what_is_no_picture_is_kept_without_one() -> None:
    exchange = build_exchange(only(captured(b"text", event=EVENT, output=[1.0])), model=None)
    assert (exchange.picture, exchange.width, exchange.content) == (None, 0, "")


@pytest.mark.parametrize("output", [None, "text", [[["x"]]], {"predictions": 3}, [1, "a"]])
def test_a_strange_answer_is_left_out(output: Any) -> None:
    assert answers(captured(RED, event=EVENT, output=output)) == [None]


def test_the_time_without_one_is_the_beginning_of_the_epoch(tmp_path: Path) -> None:
    pictures = read_captured_pictures("a.jsonl", captured(RED, output=[1.0], time="?"), limits=Limits())
    (found,) = answered(pictures, time=None, labels=())
    assert found is not None
    assert found.time == 0
