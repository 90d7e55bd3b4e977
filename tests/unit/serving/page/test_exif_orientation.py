"""The page turns pictures upright as Python does, where the browser does not."""

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from discern.picture import open_picture
from tests.e2e.web.site_api import encode
from tests.unit.serving.page.node import run

TURN = """
import { readOrientation, rotatePixels } from "./decode/exif_orientation.js";
made = await Promise.all(given.map(async ({ file, kind, data, width, height }) => {
  const turn = await readOrientation(new Blob([Buffer.from(file, "base64")]), kind);
  if (!data) return turn;
  const pixels = rotatePixels({ data: Uint8Array.from(Buffer.from(data, "base64")), width, height }, turn);
  return { turn, ...pixels, data: Buffer.from(pixels.data).toString("base64") };
}));
"""


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def held(turn: int) -> Image.Exif:
    made = Image.Exif()
    made[0x010F] = "a maker of cameras"
    made[0x0112] = turn
    return made


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("WEBP", {"lossless": True})])
def test_each_way_of_holding_is_turned_as_python_turns_it(kind: str, options: dict[str, Any], tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    stored = text(np.dstack([pixels, np.full((5, 7), 255, np.uint8)]).tobytes())
    files = [encode(pixels, kind, exif=held(turn), **options) for turn in range(1, 9)]
    asked = [{"file": text(file), "kind": kind, "data": stored, "width": 7, "height": 5} for file in files]
    for turn, made, file in zip(range(1, 9), run(tmp_path, TURN, asked), files, strict=True):
        got = np.frombuffer(base64.b64decode(made["data"]), np.uint8).reshape(made["height"], made["width"], 4)
        assert made["turn"] == turn
        np.testing.assert_array_equal(got[..., :3], open_picture(file), err_msg=str(turn))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_says_nothing_or_nonsense_is_upright(kind: str, tmp_path: Path) -> None:
    pixels = np.zeros((5, 7, 3), np.uint8)
    told = encode(pixels, kind, exif=held(6))
    cut = [told[:length] for length in range(0, len(told), 3)]
    files = [encode(pixels, kind), encode(pixels, kind, exif=held(9)), encode(pixels, kind, exif=held(0)), *cut]
    turns = run(tmp_path, TURN, [{"file": text(file), "kind": kind} for file in files])
    assert set(turns[:3]) == {1}
    assert set(turns) <= {1, 6}


def test_a_jpeg_says_how_it_was_held(tmp_path: Path) -> None:
    pixels = np.zeros((5, 7, 3), np.uint8)
    asked = [{"file": text(encode(pixels, "JPEG", exif=held(turn))), "kind": "JPEG"} for turn in range(1, 9)]
    assert run(tmp_path, TURN, asked) == list(range(1, 9))
