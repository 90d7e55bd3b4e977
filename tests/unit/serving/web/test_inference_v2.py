"""Open Inference Protocol: pictures and pixels in, tensors out."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from discern.bundle import Model
from discern.inference.model_registry import ModelRegistry
from tests.unit.bundle.factories import LABELS, SIZE, write_small
from tests.unit.inference.factories import BLACK
from tests.unit.serving.web.conftest import BYTES, DARK, RED, b64, infer


def test_pictures_are_predicted(client: TestClient, model: Model) -> None:
    body = infer(client, {"id": "7", "inputs": [BYTES | {"shape": [2], "data": b64(RED, DARK)}]}).json()
    outputs = {each["name"]: each for each in body["outputs"]}
    expected = [model(RED), model(DARK)]
    assert (body["id"], body["model_name"], body["model_version"]) == ("7", "colours", "1")
    assert outputs["label"]["data"] == [each.label for each in expected]
    assert outputs["decision"]["data"] == [each.decision for each in expected]
    assert outputs["probabilities"]["shape"] == [2, 2]
    assert np.reshape(outputs["probabilities"]["data"], (2, 2)) == pytest.approx(
        np.array([list(each.probabilities.values()) for each in expected]), abs=1e-5
    )
    assert json.loads(outputs["prediction"]["data"][1])["message"] == expected[1].message


def test_pixels_are_predicted(client: TestClient, model: Model) -> None:
    pixels = model.prepare(RED)
    tensor = {"name": "pixels", "datatype": "UINT8", "shape": [1, SIZE, SIZE, 3], "data": pixels.ravel().tolist()}
    body = infer(client, {"inputs": [tensor], "outputs": [{"name": "label"}]}).json()
    assert [(each["name"], each["data"]) for each in body["outputs"]] == [("label", ["red"])]


def test_base64_may_be_wrapped_and_an_error_names_its_position(client: TestClient) -> None:
    (text,) = b64(RED)
    wrapped = "\r\n".join(text[at : at + 76] for at in range(0, len(text), 76)).rstrip("=")
    assert infer(client, {"inputs": [BYTES | {"shape": [1], "data": [wrapped]}]}).status_code == 200
    refused = infer(client, {"inputs": [BYTES | {"shape": [1], "data": [f"{text[:8]}!{text[8:]}"]}]})
    assert (refused.status_code, "'!' at position 8" in refused.text) == (400, True)


BAD_TENSORS = {
    "no inputs": {"inputs": []},
    "two inputs": {"inputs": [BYTES | {"shape": [1], "data": b64(RED)}] * 2},
    "another shape": {"inputs": [BYTES | {"shape": [3], "data": b64(RED)}]},
    "no pictures": {"inputs": [BYTES | {"shape": [0], "data": []}]},
    "no base64": {"inputs": [BYTES | {"shape": [1], "data": ["!"]}]},
    "numbers": {"inputs": [BYTES | {"shape": [1], "data": [1]}]},
    "another type": {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "data": [1]}]},
    "few pixels": {"inputs": [{"datatype": "UINT8", "shape": [1, SIZE, SIZE, 3], "data": [1, 2]}]},
    "another size": {"inputs": [{"datatype": "UINT8", "shape": [1, 1, 1, 3], "data": [1, 2, 3]}]},
    "large numbers": {"inputs": [{"datatype": "UINT8", "shape": [1, SIZE, SIZE, 3], "data": [300] * SIZE * SIZE * 3}]},
    "fractions": {"inputs": [{"datatype": "UINT8", "shape": [1, SIZE, SIZE, 3], "data": [0.5] * SIZE * SIZE * 3}]},
    "ragged": {"inputs": [{"datatype": "UINT8", "shape": [1, SIZE, SIZE, 3], "data": [[1], [1, 2]]}]},
    "huge numbers": {"inputs": [{"datatype": "UINT8", "shape": [1, SIZE, SIZE, 3], "data": [10**30]}]},
    "many outputs": {"inputs": [BYTES | {"shape": [1], "data": b64(RED)}], "outputs": [{"name": "label"}] * 6},
    "another output": {"inputs": [BYTES | {"shape": [1], "data": b64(RED)}], "outputs": [{"name": "x"}]},
}


@pytest.mark.parametrize("name", BAD_TENSORS)
def test_invalid_tensors_are_rejected(client: TestClient, name: str) -> None:
    answer = infer(client, BAD_TENSORS[name])
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request"), answer.text


def test_eight_pictures_of_pixels_are_predicted(client: TestClient, model: Model) -> None:
    pixels = np.stack([model.prepare(RED)] * 8)
    for data in (pixels.ravel().tolist(), pixels.tolist()):
        tensor = {"name": "pixels", "datatype": "UINT8", "shape": list(pixels.shape), "data": data}
        assert infer(client, {"inputs": [tensor], "outputs": [{"name": "label"}]}).json()["outputs"][0]["shape"] == [8]


def test_nested_strings_are_accepted(client: TestClient) -> None:
    tensor = BYTES | {"shape": [2, 1], "data": [[text] for text in b64(RED, DARK)]}
    assert infer(client, {"inputs": [tensor]}).status_code == 200


def test_an_id_with_a_lone_surrogate_is_rejected(client: TestClient) -> None:
    question = json.dumps({"id": "\ud800", "inputs": [BYTES | {"shape": [1], "data": b64(RED)}]})
    assert client.post("/v2/models/colours/infer", content=question).status_code == 400


def test_versions_are_addressable(client: TestClient) -> None:
    question = {"inputs": [BYTES | {"shape": [1], "data": b64(RED)}]}
    version = client.get("/v2/models/colours").json()["versions"][0]
    assert client.get(f"/v2/models/colours/versions/{version}").json()["name"] == "colours"
    assert client.get(f"/v2/models/colours/versions/{version}/ready").json()["ready"]
    assert client.post(f"/v2/models/colours/versions/{version}/infer", json=question).status_code == 200
    assert client.post("/v2/models/colours/versions/7/infer", json=question).status_code == 404


def test_binary_tensors_are_rejected_with_a_hint(client: TestClient) -> None:
    rejected = client.post(
        "/v2/models/colours/infer", content=b"{}xxxx", headers={"Inference-Header-Content-Length": "2"}
    )
    assert rejected.status_code == 400
    assert "binary_data=False" in rejected.json()["error"]["hint"]


def test_the_version_is_that_of_the_model_that_answered(
    serve: Callable[..., TestClient], bundle: Path, tmp_path: Path
) -> None:
    """Another bundle takes the place while a request's body is still on its way."""
    path = tmp_path / "m.discern"
    path.write_bytes(bundle.read_bytes())
    registry = ModelRegistry([path])
    client = serve(app={"registry": registry})
    body = json.dumps({"inputs": [BYTES | {"shape": [1], "data": b64(RED)}]}).encode()

    def slowly() -> Iterator[bytes]:
        yield body[:10]
        write_small(path, labels=("dark", "red"), version="2")
        registry.reload()
        yield body[10:]

    body = client.post("/v2/models/colours/infer", content=slowly()).json()
    assert body["model_version"] == "2"


def test_an_output_is_returned_once(client: TestClient) -> None:
    body = infer(client, {"inputs": [BYTES | {"shape": [1], "data": b64(RED)}], "outputs": [{"name": "label"}] * 3})
    assert len(body.json()["outputs"]) == 1


def test_the_limits_of_a_body_apply(serve: Callable[..., TestClient]) -> None:
    client = serve(max_request_bytes=1000)
    answer = client.post("/v2/models/colours/infer", content=iter([b" " * 600] * 3))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    many = serve().post("/v2/models/colours/infer", content=b"[" * 100_000)
    assert (many.status_code, many.json()["error"]["code"]) == (413, "too_large")


def test_bad_pictures_and_unknown_models_are_rejected(client: TestClient) -> None:
    assert infer(client, {"inputs": [BYTES | {"shape": [2], "data": b64(RED, b"text")}]}).status_code == 415
    assert client.get("/v2/models/none").status_code == 404
    assert client.get("/v2/models/none/ready").status_code == 404


def test_a_model_has_metadata(client: TestClient) -> None:
    body = client.get("/v2/models/colours").json()
    assert {each["name"]: each["shape"] for each in body["inputs"]} == {"image": [-1], "pixels": [-1, SIZE, SIZE, 3]}
    assert body["parameters"]["labels"] == list(LABELS)
    assert client.get("/v2/models/colours/ready").json()["ready"]


@pytest.mark.parametrize("path", ["/v2", "/v2/health/live", "/v2/health/ready"])
def test_the_server_is_live_and_ready(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200


def test_numbers_that_are_not_finite_are_null(nan_client: TestClient) -> None:
    response = infer(nan_client, {"inputs": [BYTES | {"shape": [2], "data": b64(BLACK, RED)}]})
    outputs = {each["name"]: each["data"] for each in response.json()["outputs"]}
    assert response.status_code == 200
    assert outputs["probabilities"][:2] == [None, None]
    assert outputs["unknown_score"][0] is None
    assert outputs["decision"][0] == "unknown"
    assert all(isinstance(value, float) for value in outputs["probabilities"][2:])
