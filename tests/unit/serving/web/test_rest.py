"""`POST /predict` and `GET /model`: every way to send a picture gives the answer that the model gives."""

import asyncio
import base64
import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from discern.bundle import Model
from tests.unit.bundle.factories import plain, write_small
from tests.unit.serving.web.conftest import DARK, RED, WHITE, encoded

B64 = base64.b64encode(RED).decode()


def as_json(said: Any) -> dict[str, Any]:
    return {"content": json.dumps(said), "headers": {"Content-Type": "application/json"}}


WAYS = {
    "file": {"files": {"file": ("a.png", RED)}},
    "files": {"files": [("files", ("a.png", RED))]},
    "data": {"files": {"data": RED}},
    "png": {"content": RED, "headers": {"Content-Type": "image/png"}},
    "called jpeg": {"content": RED, "headers": {"Content-Type": "image/jpeg; q=1"}},
    "bytes": {"content": RED, "headers": {"Content-Type": "application/octet-stream"}},
    "curl --data-binary": {"content": RED, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    "no type": {"content": RED},
    "base64": as_json({"image_b64": B64}),
    "data url": as_json({"image_b64": "data:image/png;base64," + B64}),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_send_one_picture_gives_one_answer(client: TestClient, model: Model, way: str) -> None:
    answer = client.post("/predict", **WAYS[way])
    assert answer.status_code == 200, answer.text
    said, expected = answer.json(), model(RED).to_json()
    assert said.pop("id") != expected.pop("id")
    assert said == expected
    assert "answer;dur=" in answer.headers["server-timing"]


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_every_format_is_read(client: TestClient, kind: str) -> None:
    assert client.post("/predict", content=encoded(plain(250, 0, 0), kind)).json()["label"] == "red"


@pytest.mark.parametrize(
    "way",
    [
        {"files": [("files", RED), ("files", b"nothing"), ("file", DARK)]},
        as_json([{"image_b64": B64}, {"image_b64": "AAAA"}, {"image_b64": base64.b64encode(DARK).decode()}]),
        as_json({"image_b64": [B64, "AAAA", base64.b64encode(DARK).decode()]}),
    ],
)
def test_several_keep_their_order_and_errors_their_places(client: TestClient, way: dict[str, Any]) -> None:
    said = client.post("/predict", **way).json()["predictions"]
    assert [each.get("label", each.get("error", {}).get("code")) for each in said] == ["red", "not_a_picture", "dark"]


def test_a_list_of_one_answers_a_list(client: TestClient) -> None:
    assert len(client.post("/predict", **as_json([{"image_b64": B64}])).json()["predictions"]) == 1


def test_evidence_comes_when_asked_for(client: TestClient) -> None:
    left = plain(0, 0, 0).copy()
    left[:, :15] = (250, 0, 0)
    evidence = client.post("/predict?evidence=1", content=encoded(left)).json()["evidence"]
    picture = Image.open(BytesIO(base64.b64decode(evidence["map"].partition(",")[2])))
    assert (picture.mode, picture.format) == ("RGBA", "PNG")
    assert evidence["label"] in ("red", "dark")
    assert 0 < evidence["box"][0] < evidence["box"][2] < 1
    assert "evidence" not in client.post("/predict", content=RED).json()


BAD = {
    "no body": ({"content": b""}, 400, "empty"),
    "no picture": ({"content": b"hello, this is some text"}, 415, "not_a_picture"),
    "cut": ({"content": encoded(plain(1, 2, 3), "JPEG")[:-200]}, 422, "truncated"),
    "another body": ({"content": "<x/>", "headers": {"Content-Type": "text/xml"}}, 415, "unsupported"),
    "no json": ({"content": "{", "headers": {"Content-Type": "application/json"}}, 400, "bad_request"),
    "deep json": ({"content": "[" * 1000, "headers": {"Content-Type": "application/json"}}, 400, "bad_request"),
    "many values": ({"content": "[" + "{}," * 9000, "headers": {"Content-Type": "application/json"}}, 413, "too_large"),
    "lists of lists": (as_json([[[]]]), 400, "bad_request"),
    "an empty list": (as_json([]), 400, "bad_request"),
    "nothing named": (as_json({"image": "x"}), 400, "bad_request"),
    "two named": (as_json({"image_b64": B64, "image_url": "http://x"}), 400, "bad_request"),
    "a number": (as_json({"image_b64": 7}), 400, "bad_request"),
    "no base64": (as_json({"image_b64": "!!!"}), 400, "bad_request"),
    "a url": (as_json({"image_url": "http://example.org/a.png"}), 400, "bad_request"),
    "another field": ({"files": {"picture": RED}}, 400, "bad_request"),
    "a form without files": (
        {"content": b"--x--\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        400,
        "bad_request",
    ),
    "a form without a boundary": (
        {"content": b"--x\r\n", "headers": {"Content-Type": "multipart/form-data"}},
        400,
        "bad_request",
    ),
    "a broken form": (
        {"content": b"--y\r\nnonsense", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        400,
        "bad_request",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_answered_is_refused_by_name(client: TestClient, name: str) -> None:
    way, status, code = BAD[name]
    answer = client.post("/predict", **way)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code), answer.text
    assert error["message"]
    assert error["hint"]


def test_a_form_chooses_no_encoding(client: TestClient) -> None:
    """Some of Python's take hours for a few megabytes."""
    body = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + RED + b"\r\n--x--\r\n"
    for more in ("", "; charset=cp500", "; charset=punycode"):
        kind = f"multipart/form-data; boundary=x{more}"
        assert client.post("/predict", content=body, headers={"Content-Type": kind}).json().get("label") == "red", more


def test_of_several_the_wrong_one_is_named(client: TestClient) -> None:
    said = client.post("/predict", **as_json([{"image_b64": B64}, {"image_b64": "zz!z"}])).json()
    assert said["error"]["message"].startswith("Number 2 of 2: image_b64")


def test_nothing_is_given_in_parts(client: TestClient) -> None:
    for part in ("bytes=0-3", "bytes=x", "bytes=99999999-"):
        assert client.get("/", headers={"Range": part}).status_code == 200


def test_too_many_and_too_large_are_refused(serve: Callable[..., TestClient]) -> None:
    client = serve(max_pictures=2, max_request_bytes=5_000)
    for way in ({"files": [("files", RED)] * 3}, as_json({"image_b64": [B64] * 3})):
        answer = client.post("/predict", **way)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large"), answer.text
    answer = client.post("/predict", content=b"x" * 6_000)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


def test_another_model_may_be_asked(serve: Callable[..., TestClient], bundle: Path, tmp_path: Path) -> None:
    other = write_small(tmp_path / "other.discern", name="other")
    client = serve(bundles=(str(bundle), str(other)))
    assert client.post("/predict", content=RED).json()["model"]["name"] == "colours"
    assert client.post("/predict?model=other", content=RED).json()["model"]["name"] == "other"
    answer = client.post("/predict?model=none", content=RED)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_the_model_describes_itself(client: TestClient, model: Model) -> None:
    said = client.get("/model").json()
    assert said["labels"] == ["dark", "red"]
    assert said["fingerprint"] == model.fingerprint
    assert said["models"] == ["colours"]
    assert said["card"] == "# Card\n"
    assert said["thresholds"] == {"unknown": 0.6, "accept": 0.9, "set": None}
    assert client.get("/model?model=x").status_code == 404


def test_a_stranger_is_unknown_at_this_door_too(client: TestClient) -> None:
    said = client.post("/predict", content=WHITE).json()
    assert (said["decision"], said["looks_like"]) == ("unknown", "red")


@pytest.mark.parametrize(
    ("method", "path", "code"), [("GET", "/predict", 405), ("POST", "/model", 405), ("GET", "/x", 404)]
)
def test_other_paths_and_methods_have_the_same_form(client: TestClient, method: str, path: str, code: int) -> None:
    answer = client.request(method, path)
    assert answer.status_code == code
    assert set(answer.json()["error"]) == {"code", "message", "hint"}
    if code == 405:
        assert answer.headers["allow"]


def test_arguments_that_make_no_sense_are_named(client: TestClient) -> None:
    answer = client.post("/predict?evidence=perhaps", content=RED)
    assert answer.status_code == 400
    assert "evidence" in answer.json()["error"]["message"]


def test_urls_of_a_request_share_bytes_and_time(serve: Callable[..., TestClient]) -> None:
    class Fetcher:
        """Gives a picture for every URL, slowly for some."""

        async def fetch(self, url: str) -> bytes:
            await asyncio.sleep(5 if "slow" in url else 0)
            return RED

        async def close(self) -> None:
            pass

    client = serve(app={"fetcher": Fetcher()}, allow_urls=True, max_request_bytes=3 * len(RED), body_seconds=0.5)
    urls = [f"http://example.org/{number}.png" for number in range(4)]
    assert len(client.post("/predict", json={"image_url": urls[:3]}).json()["predictions"]) == 3
    assert client.post("/predict", json={"image_url": urls}).status_code == 413
    slow = client.post("/predict", json={"image_url": ["http://example.org/slow.png"]})
    assert (slow.status_code, "not fetched within" in slow.json()["error"]["message"]) == (400, True)
    held = serve(app={"fetcher": Fetcher()}, allow_urls=True, max_held_bytes=len(RED))
    assert held.post("/predict", json={"image_url": urls}).status_code == 503
