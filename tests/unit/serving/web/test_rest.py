"""REST endpoints: `POST /predict` and `GET /model`."""

import base64
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient

from discern.bundle import Model
from tests.unit.bundle.factories import plain, write_small
from tests.unit.inference.factories import BLACK
from tests.unit.serving.web.conftest import RED, WHITE, encoded


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_every_format_is_read(client: TestClient, kind: str) -> None:
    assert client.post("/predict", content=encoded(plain(250, 0, 0), kind)).json()["label"] == "red"


def test_evidence_is_given_on_request(client: TestClient) -> None:
    left = plain(0, 0, 0).copy()
    left[:, :15] = (250, 0, 0)
    evidence = client.post("/predict?evidence=1", content=encoded(left)).json()["evidence"]
    picture = Image.open(BytesIO(base64.b64decode(evidence["map"].partition(",")[2])))
    assert (picture.mode, picture.format) == ("RGBA", "PNG")
    assert evidence["label"] in ("red", "dark")
    assert 0 < evidence["box"][0] < evidence["box"][2] < 1
    assert "evidence" not in client.post("/predict", content=RED).json()


def test_a_model_is_chosen_by_name(serve: Callable[..., TestClient], bundle: Path, tmp_path: Path) -> None:
    other = write_small(tmp_path / "other.discern", name="other")
    client = serve(bundles=(str(bundle), str(other)))
    assert client.post("/predict", content=RED).json()["model"]["name"] == "colours"
    assert client.post("/predict?model=other", content=RED).json()["model"]["name"] == "other"
    answer = client.post("/predict?model=none", content=RED)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_a_model_is_described(client: TestClient, model: Model) -> None:
    body = client.get("/model").json()
    assert body["labels"] == ["dark", "red"]
    assert body["fingerprint"] == model.fingerprint
    assert body["models"] == ["colours"]
    assert body["card"] == "# Card\n"
    assert body["thresholds"] == {"unknown": 0.6, "accept": 0.9, "set": None}
    assert client.get("/model?model=x").status_code == 404


def test_a_picture_of_no_class_is_unknown(client: TestClient) -> None:
    body = client.post("/predict", content=WHITE).json()
    assert (body["decision"], body["looks_like"]) == ("unknown", "red")


def test_numbers_that_are_not_finite_are_null_and_unknown(nan_client: TestClient) -> None:
    response = nan_client.post("/predict?evidence=1", content=BLACK)
    body = response.json()
    assert (response.status_code, body["decision"]) == (200, "unknown")
    assert body["confidence"] is body["unknown_score"] is None
    assert body["probabilities"] == {"dark": None, "red": None}
    assert nan_client.post("/predict", content=RED).json()["label"] == "red"
