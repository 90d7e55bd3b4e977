"""SageMaker endpoints."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from discern.bundle import Model
from discern.serving.config import ServeConfig
from discern.serving.web.app import create_app
from tests.unit.bundle.factories import LABELS, write_small
from tests.unit.inference.factories import BLACK
from tests.unit.serving.web.conftest import DARK, RED, b64, encoded


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


@pytest.mark.parametrize(
    "wrap", [lambda state: {"body": state}, lambda state: {"statusCode": 200, "body": json.dumps(state)}]
)
def test_the_state_of_a_workflow_comes_back_with_inferences(client: TestClient, model: Model, wrap: Any) -> None:
    state = {"image_data": b64(RED)[0], "s3_bucket": "scones", "s3_key": "test/a.png", "inferences": []}
    bare = client.post("/invocations", json=state).json()
    assert bare["inferences"] == list(model(RED).probabilities.values())
    assert (bare["image_data"], bare["s3_bucket"], bare["s3_key"]) == ("", "scones", "test/a.png")
    assert bare["decision"] == model(RED).decision
    wrapped = client.post("/invocations", json=wrap(state)).json()
    assert wrapped["statusCode"] == 200
    assert wrapped["body"] | {"id": bare["id"]} == bare
    array = client.post("/invocations", json=wrap(state), headers={"Accept": "application/json;format=array"})
    assert array.json() == bare["inferences"]
    short = client.post("/invocations", json={"image_data": b64(RED)[0], "bucket": "scones", "key": "a.png"}).json()
    assert (short["s3_bucket"], short["s3_key"]) == ("scones", "a.png")


def test_a_large_picture_may_come_in_json_text(client: TestClient, model: Model) -> None:
    noise = encoded(np.random.default_rng(0).integers(0, 256, (96, 96, 3)).astype(np.uint8))
    assert len(noise) > 4096
    text = json.dumps({"image_data": b64(noise)[0], "s3_key": "a"}).replace("/", "\\/")
    response = client.post("/invocations", json={"body": text}).json()
    assert response["body"]["inferences"] == list(model(noise).probabilities.values())


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ({"image_data": "", "s3_bucket": "b", "s3_key": "k"}, "not read here"),
        ({"image_data": "%%"}, "not valid base64"),
        ({"body": {"image_data": None}}, "not read here"),
        ({"body": "{"}, "not valid JSON"),
        ({"body": {"inferences": []}}, "names no picture"),
        ({"body": "{}"}, "names no picture"),
    ],
)
def test_a_state_without_a_picture_is_refused(client: TestClient, state: dict[str, Any], text: str) -> None:
    response = client.post("/invocations", json=state)
    assert (response.status_code, text in response.json()["error"]["message"]) == (400, True)


def test_the_model_that_a_request_names_answers(bundle: Path, tmp_path: Path) -> None:
    other = write_small(tmp_path / "other.discern", labels=LABELS[::-1])
    target = {"X-Amzn-SageMaker-Target-Model": "second"}
    with TestClient(create_app(ServeConfig(bundles=(f"first={bundle}", f"second={other}"), watch=False))) as client:
        first, second = (
            client.post(url, content=RED).json()["class_labels"]
            for url in ("/invocations", "/invocations?model=second")
        )
        assert first == second[::-1]
        assert client.post("/invocations", content=RED, headers=target).json()["class_labels"] == second
        assert client.post("/invocations?model=first", content=RED, headers=target).status_code == 400
        assert client.post("/invocations?model=third", content=RED).status_code == 404
        assert client.get("/ping?model=second").status_code == 200
        assert client.get("/ping?model=third").status_code == 404
        for method, path in (("GET", ""), ("GET", "/models/first"), ("GET", "/models/first/ready")):
            assert client.request(method, f"/v2{path}?model=second").status_code == 400
        assert client.get("/v2/models/first?model=first").status_code == 200
        assert client.post("/v2/models/first/infer?model=second", json={}).status_code == 400


def test_ping(client: TestClient) -> None:
    assert client.get("/ping").status_code == 200


def test_probabilities_that_are_not_finite_are_null(nan_client: TestClient) -> None:
    accept = {"Accept": "application/json; format=array"}
    assert nan_client.post("/invocations", content=BLACK, headers=accept).json() == [None, None]
    assert nan_client.post("/invocations", content=BLACK).json()["decision"] == "unknown"
