"""Predictions as JSON: every number is one that JSON has, and a list keeps its order."""

import base64
import io
import json
from pathlib import Path

import pytest
from PIL import Image

from discern.bundle import load
from discern.errors import EmptyFile, NotAPicture
from discern.inference.answer_json import response_json, result_json, result_or_error_json
from discern.inference.batcher import Batcher, BatchResult
from tests.unit.bundle.factories import plain, write_small
from tests.unit.inference.factories import BLACK, RED, write_nan_bundle


def results(bundle: Path, *pictures: bytes, evidence: bool = False) -> list[BatchResult]:
    batcher = Batcher(load(bundle))
    try:
        return [future.result(20) for future in batcher.submit_all(pictures, evidence=evidence)]
    finally:
        batcher.close()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("bundle") / "model.discern")


def test_one_picture_gives_an_object_and_several_a_list(bundle: Path) -> None:
    red, black = results(bundle, RED, BLACK)
    assert response_json([red], is_list=False) == red.prediction.to_json()
    error = NotAPicture("not a picture", hint="a hint")
    body = response_json([red, error, black], is_list=True)
    assert [each.get("label") for each in body["predictions"]] == ["red", None, "dark"]
    assert body["predictions"][1] == {"error": {"code": "not_a_picture", "message": "not a picture", "hint": "a hint"}}
    assert response_json([red], is_list=True) == {"predictions": [result_json(red)]}


def test_the_error_of_the_only_picture_is_raised(bundle: Path) -> None:
    with pytest.raises(EmptyFile):
        response_json([EmptyFile("empty")], is_list=False)
    assert result_or_error_json(EmptyFile("empty"))["error"]["code"] == "empty"


def test_evidence_is_an_overlay(bundle: Path) -> None:
    pixels = plain(0, 0, 0).copy()
    pixels[:, :15] = (250, 0, 0)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    [result] = results(bundle, buffer.getvalue(), evidence=True)
    evidence = result_json(result)["evidence"]
    overlay = Image.open(io.BytesIO(base64.b64decode(evidence["map"].partition(",")[2])))
    assert (overlay.mode, overlay.format) == ("RGBA", "PNG")
    assert set(evidence) == {"label", "place", "box", "map"}
    assert "evidence" not in result_json(results(bundle, RED)[0])


def test_numbers_that_are_not_finite_are_null(tmp_path: Path) -> None:
    [result] = results(write_nan_bundle(tmp_path / "nan.discern"), BLACK, evidence=True)
    plain_json = json.loads(json.dumps(result_json(result), allow_nan=False))
    assert plain_json["decision"] == "unknown"
    assert plain_json["confidence"] is plain_json["unknown_score"] is None
    assert plain_json["probabilities"] == {"dark": None, "red": None}
    assert plain_json["evidence"]["place"] is None
