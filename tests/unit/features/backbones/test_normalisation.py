"""A normalisation comes from options or from a file's metadata, and contradictions are refused."""

import json
from typing import Any

import pytest

from discern.errors import UsageError
from discern.features import Normalisation

USUAL = Normalisation(mean=(0.485, 0.456, 0.406), deviation=(0.229, 0.224, 0.225), scale=1)
BYTES = Normalisation(mean=(123.0, 116.0, 103.0), deviation=(58.0, 57.0, 57.0), scale=255)


@pytest.mark.parametrize(
    ("mean", "deviation", "scale", "expected"),
    [
        (None, None, None, None),
        (USUAL.mean, USUAL.deviation, None, USUAL),
        (list(USUAL.mean), list(USUAL.deviation), 1, USUAL),
        (BYTES.mean, BYTES.deviation, None, BYTES),
        (BYTES.mean, BYTES.deviation, 255, BYTES),
        (BYTES.mean, 1, None, Normalisation(mean=BYTES.mean, deviation=(1, 1, 1), scale=255)),
        (0.5, 0.5, None, Normalisation(mean=(0.5,) * 3, deviation=(0.5,) * 3, scale=1)),
        ([127.5], [127.5], None, Normalisation(mean=(127.5,) * 3, deviation=(127.5,) * 3, scale=255)),
        (0, 255, None, Normalisation(mean=(0, 0, 0), deviation=(255,) * 3, scale=255)),
        (None, None, 1, Normalisation(mean=(0, 0, 0), deviation=(1, 1, 1), scale=1)),
        (None, None, 255, Normalisation(mean=(0, 0, 0), deviation=(1, 1, 1), scale=255)),
    ],
)
def test_options_make_a_normalisation(mean: Any, deviation: Any, scale: Any, expected: Any) -> None:
    assert Normalisation.of(mean=mean, deviation=deviation, scale=scale) == expected


@pytest.mark.parametrize(
    ("mean", "deviation", "scale", "why"),
    [
        (0.5, None, None, "one is missing"),
        (None, 0.5, 255, "one is missing"),
        (0.5, 0, None, "not positive"),
        (0.5, (0.5, 0.5, -0.5), None, "not positive"),
        ((0.5, 0.5), 0.5, None, "one number, or one per colour"),
        (float("nan"), 0.5, None, "Invalid mean"),
        (0.5, float("inf"), None, "Invalid deviation"),
        ("abc", 0.5, None, "Invalid mean"),
        (True, 0.5, None, "Invalid mean"),
        (0, 1, None, "do not tell the range"),
        (0.5, 0.5, 2, "Invalid scale"),
        (0.5, 0.5, 255, "not those of pixels from 0 to 255"),
        (123, 58, 1, "not those of pixels from 0 to 1"),
    ],
)
def test_incomplete_or_contradicting_options_are_refused(mean: Any, deviation: Any, scale: Any, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        Normalisation.of(mean=mean, deviation=deviation, scale=scale)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({}, None),
        ({"author": "someone", "config": "{not json"}, None),
        ({"mean": "0.485, 0.456, 0.406", "std": "(0.229 0.224 0.225)"}, USUAL),
        ({"Image_Mean": str(list(USUAL.mean)), "image_std": str(list(USUAL.deviation))}, USUAL),
        ({"pretrained_cfg": json.dumps({"mean": USUAL.mean, "std": USUAL.deviation})}, USUAL),
        ({"config": json.dumps({"pretrained_cfg": {"mean": USUAL.mean, "std": USUAL.deviation}})}, USUAL),
        ({"pixel_mean": "[123,116,103]", "pixel_std": "[58,57,57]"}, BYTES),
        ({"Image.NominalPixelRange": "Normalized_0_1"}, Normalisation.of(mean=None, deviation=None, scale=1)),
        ({"Image.NominalPixelRange": "NominalRange_0_255", "Image.BitmapPixelFormat": "Rgb8"},
         Normalisation.of(mean=None, deviation=None, scale=255)),
        ({"Image.NominalPixelRange": "Normalized_1_1"}, Normalisation.of(mean=0.5, deviation=0.5, scale=None)),
    ],
)  # fmt: skip
def test_metadata_are_read(metadata: dict[str, str], expected: Normalisation | None) -> None:
    assert Normalisation.read(metadata) == expected


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ({"mean": "0.5"}, "one is missing"),
        ({"mean": "half", "std": "half"}, "the numbers 'half'"),
        ({"mean": "", "std": ""}, "Invalid mean"),
        ({"mean": '{"a": 1}', "std": "1"}, "the numbers"),
        ({"config": json.dumps({"mean": [[1]], "std": [1]})}, "Invalid mean"),
        ({"Image.BitmapPixelFormat": "Gray8", "mean": "0.5", "std": "0.5"}, "format 'gray8'"),
        ({"Image.NominalPixelRange": "NominalRange_16_235"}, "range of pixels"),
    ],
)
def test_other_metadata_are_refused(metadata: dict[str, str], why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        Normalisation.read(metadata)
    assert caught.value.hint


def test_deep_metadata_do_not_matter() -> None:
    assert Normalisation.read({"config": '{"a":' * 100_000 + "1" + "}" * 100_000}) is None
