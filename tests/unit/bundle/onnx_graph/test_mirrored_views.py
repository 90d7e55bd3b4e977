"""A backbone with mirrored views averages its outputs for a picture and for the picture's mirror image."""

import numpy as np
import onnx
import pytest

from discern.bundle import open_runtime
from discern.bundle.onnx_graph import GraphWriter, average_mirrored, serialise

PICTURES = np.random.default_rng(0).integers(0, 256, (2, 5, 5, 3), np.uint8)


def test_views_are_averaged_and_the_map_is_mirrored_back() -> None:
    writer = GraphWriter()
    values = writer.channels_last(writer.centred_pixels("pixels"), result="map")
    writer.add("Flatten", values, result="embedding")
    model = writer.model(size=5, embedding=75, map_shape=(5, 5, 3))
    average_mirrored(model)
    onnx.checker.check_model(model, full_check=True)
    outputs = open_runtime(serialise(model), threads=1).run({"pixels": PICTURES})
    centred = PICTURES.astype(np.float32) - 127.5
    np.testing.assert_array_equal(outputs["map"], centred)
    np.testing.assert_array_equal(outputs["embedding"], ((centred + centred[:, :, ::-1]) / 2).reshape(2, 75))


@pytest.mark.parametrize("with_map", [True, False])
def test_a_picture_and_its_mirror_image_have_the_same_embedding(with_map: bool) -> None:
    writer = GraphWriter()
    values = writer.channels_last(writer.centred_pixels("pixels"), result="map")
    writer.add("Flatten", values, result="embedding")
    model = writer.model(size=5, embedding=75, map_shape=(5, 5, 3) if with_map else None)
    average_mirrored(model)
    runtime = open_runtime(serialise(model), threads=1)
    plain, mirrored = (runtime.run({"pixels": pixels}) for pixels in (PICTURES, PICTURES[:, :, ::-1].copy()))
    assert ("map" in plain) is with_map
    np.testing.assert_array_equal(plain["embedding"], mirrored["embedding"])
