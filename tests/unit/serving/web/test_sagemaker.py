"""SageMaker endpoints."""

import numpy as np
import pytest
from starlette.testclient import TestClient

from discern.bundle import Model
from tests.unit.bundle.factories import LABELS
from tests.unit.inference.factories import BLACK
from tests.unit.serving.web.conftest import DARK, RED, b64


def test_invocations_have_the_fields_of_older_endpoints(client: TestClient, model: Model) -> None:
    body = client.post("/invocations", content=RED, headers={"Content-Type": "application/x-image"}).json()
    expected = model(RED)
    assert body["predicted_label"] == body["label"] == expected.label
    assert body["predicted_index"] == LABELS.index(expected.label)
    assert body["class_labels"] == list(LABELS)
    assert body["probabilities"] == expected.probabilities
    assert body["decision"] == expected.decision


def test_invocations_give_arrays_if_accepted(client: TestClient, model: Model) -> None:
    accept = {"Accept": "application/json; format=array"}
    assert client.post("/invocations", content=RED, headers=accept).json() == list(model(RED).probabilities.values())
    two = client.post("/invocations", json=[{"image_b64": each} for each in b64(RED, DARK)], headers=accept).json()
    expected = np.array([list(model(each).probabilities.values()) for each in (RED, DARK)])
    assert np.array(two) == pytest.approx(expected, abs=1e-4)


def test_invocations_reject_bad_pictures(client: TestClient) -> None:
    assert client.post("/invocations", content=b"text").status_code == 415
    several = client.post("/invocations", json=[{"image_b64": each} for each in b64(RED, b"text")]).json()
    assert several[1]["error"]["code"] == "not_a_picture"


def test_ping(client: TestClient) -> None:
    assert client.get("/ping").status_code == 200


def test_probabilities_that_are_not_finite_are_null(nan_client: TestClient) -> None:
    accept = {"Accept": "application/json; format=array"}
    assert nan_client.post("/invocations", content=BLACK, headers=accept).json() == [None, None]
    assert nan_client.post("/invocations", content=BLACK).json()["decision"] == "unknown"
