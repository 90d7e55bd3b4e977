"""Request bodies over HTTP: every way to send pictures, and how bad ones are rejected."""

import asyncio
import base64
import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from discern.bundle import Model
from tests.unit.bundle.factories import plain
from tests.unit.serving.web.conftest import DARK, RED, as_json, b64, encoded
from tests.waiting import wait_until

WAYS = {
    "file": {"files": {"file": ("a.png", RED)}},
    "files": {"files": [("files", ("a.png", RED))]},
    "data": {"files": {"data": RED}},
    "png": {"content": RED, "headers": {"Content-Type": "image/png"}},
    "called jpeg": {"content": RED, "headers": {"Content-Type": "image/jpeg; q=1"}},
    "bytes": {"content": RED, "headers": {"Content-Type": "application/octet-stream"}},
    "curl --data-binary": {"content": RED, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    "no type": {"content": RED},
    "base64": as_json({"image_b64": b64(RED)[0]}),
    "data url": as_json({"image_b64": "data:image/png;base64," + b64(RED)[0]}),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_send_a_picture_gives_the_same_prediction(client: TestClient, model: Model, way: str) -> None:
    answer = client.post("/predict", **WAYS[way])
    assert answer.status_code == 200, answer.text
    body, expected = answer.json(), model(RED).to_json()
    assert body.pop("id") != expected.pop("id")
    assert body == expected
    assert "answer;dur=" in answer.headers["server-timing"]


@pytest.mark.parametrize(
    "way",
    [
        {"files": [("files", RED), ("files", b"nothing"), ("file", DARK)]},
        as_json([{"image_b64": b64(RED)[0]}, {"image_b64": "AAAA"}, {"image_b64": base64.b64encode(DARK).decode()}]),
        as_json({"image_b64": [b64(RED)[0], "AAAA", base64.b64encode(DARK).decode()]}),
    ],
)
def test_several_pictures_keep_their_order_with_errors_in_place(client: TestClient, way: dict[str, Any]) -> None:
    body = client.post("/predict", **way).json()["predictions"]
    assert [each.get("label", each.get("error", {}).get("code")) for each in body] == ["red", "not_a_picture", "dark"]


def test_a_list_of_one_gives_a_list(client: TestClient) -> None:
    assert len(client.post("/predict", **as_json([{"image_b64": b64(RED)[0]}])).json()["predictions"]) == 1


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
    "two named": (as_json({"image_b64": b64(RED)[0], "image_url": "http://x"}), 400, "bad_request"),
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
def test_bad_bodies_are_rejected_with_their_code(client: TestClient, name: str) -> None:
    way, status, code = BAD[name]
    answer = client.post("/predict", **way)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code), answer.text
    assert error["message"]
    assert error["hint"]


def test_the_encoding_of_a_form_is_ignored(client: TestClient) -> None:
    """Some codecs of Python take hours for a few megabytes."""
    body = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + RED + b"\r\n--x--\r\n"
    for more in ("", "; charset=cp500", "; charset=punycode"):
        kind = f"multipart/form-data; boundary=x{more}"
        assert client.post("/predict", content=body, headers={"Content-Type": kind}).json().get("label") == "red", more


def test_the_error_names_the_picture_of_several(client: TestClient) -> None:
    body = client.post("/predict", **as_json([{"image_b64": b64(RED)[0]}, {"image_b64": "zz!z"}])).json()
    assert body["error"]["message"].startswith("Number 2 of 2: image_b64")


def test_too_many_pictures_and_too_large_bodies_are_rejected(serve: Callable[..., TestClient]) -> None:
    client = serve(max_pictures=2, max_request_bytes=5_000)
    for way in ({"files": [("files", RED)] * 3}, as_json({"image_b64": [b64(RED)[0]] * 3})):
        answer = client.post("/predict", **way)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large"), answer.text
    answer = client.post("/predict", content=b"x" * 6_000)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


def test_urls_of_a_request_share_bytes_and_time(serve: Callable[..., TestClient]) -> None:
    class Fetcher:
        """Returns a picture for every URL, slowly for some."""

        async def fetch(self, url: str) -> bytes:
            await asyncio.sleep(5 if "slow" in url else 0)  # the pace of the server
            return RED

        async def close(self) -> None:
            pass

    client = serve(app={"fetcher": Fetcher()}, allow_urls=True, max_request_bytes=3 * len(RED), request_timeout=0.5)
    urls = [f"http://example.org/{number}.png" for number in range(4)]
    assert len(client.post("/predict", json={"image_url": urls[:3]}).json()["predictions"]) == 3
    assert client.post("/predict", json={"image_url": urls}).status_code == 413
    late = client.post("/predict", json={"image_url": ["http://example.org/slow.png"]})
    assert (late.status_code, "not fetched within" in late.json()["error"]["message"]) == (400, True)
    held = serve(app={"fetcher": Fetcher()}, allow_urls=True, max_held_bytes=len(RED))
    assert held.post("/predict", json={"image_url": urls}).status_code == 503


def test_rejected_pictures_are_not_held_until_garbage_is_collected(client: TestClient) -> None:
    form = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + b"x" * 3_000_000 + b"\r\n--x--\r\n"
    bodies = {
        "image/png": [b"x" * 3_000_000],
        "multipart/form-data; boundary=x": [form],
        "application/json": [b'{"image_b64": "' + b"A" * 4_000_000 + end for end in (b'"}', b'!"}')],
    }
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        for content_type, several in bodies.items():
            for body in several:  # iterators, as the client would keep anything else
                answer = client.post("/predict", content=iter([body]), headers={"Content-Type": content_type})
                assert answer.status_code in (400, 415)
        wait_until(lambda: tracemalloc.get_traced_memory()[0] < 2_000_000, 20)
    finally:
        tracemalloc.stop()
        gc.enable()
