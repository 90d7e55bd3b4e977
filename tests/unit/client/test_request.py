"""Requests: keys and pictures as they are sent, and the errors before anything is sent."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from discern import errors
from discern.errors import UsageError
from tests.unit.client.conftest import Ask
from tests.unit.client.fake_server import GOOD, serving


def test_the_key_is_sent(ask: Ask) -> None:
    with serving(GOOD) as server:
        ask(server.url, key="secret\n")
    assert server.requests[0].headers["Authorization"] == "Bearer secret"


@pytest.mark.parametrize("key", ["", " ", "a\nb", "schlüssel"])
def test_an_invalid_key_is_refused_and_not_repeated(ask: Ask, key: str) -> None:
    with pytest.raises(UsageError, match="API key is empty or contains invalid characters") as raised:
        ask("http://127.0.0.1:9", key=key)
    assert key.strip() == "" or key not in str(raised.value)


def test_paths_bytes_and_pixels_are_sent(ask: Ask, tmp_path: Path) -> None:
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    path = tmp_path / "a.jpg"
    path.write_bytes(b"file")
    with serving(GOOD) as server:
        for picture in (path, str(path), b"bytes", pixels, Image.fromarray(pixels)):
            ask(server.url, picture)
    assert [request.body for request in server.requests[:3]] == [b"file", b"file", b"bytes"]
    for request in server.requests[3:]:
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(request.body))), pixels)


@pytest.mark.parametrize("picture", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
def test_arrays_of_other_shapes_are_not_sent(ask: Ask, picture: np.ndarray) -> None:
    with serving(GOOD) as server, pytest.raises(UsageError, match="Pixels must be RGB"):
        ask(server.url, picture)
    assert server.requests == []


def test_a_missing_file_is_the_error_of_a_local_bundle(ask: Ask, tmp_path: Path) -> None:
    with serving(GOOD) as server, pytest.raises(errors.UnreadableFile):
        ask(server.url, tmp_path / "none.jpg")


def test_without_httpx_the_remedy_is_named() -> None:
    code = "import sys; sys.modules['httpx2'] = None; import discern; discern.Client('http://a')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install httpx2" in done.stderr
