"""Contract tests that each inference engine inherits in its own test class."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from discern.bundle.golden import TOLERANCES
from discern.bundle.onnx_graph import GraphWriter, serialise
from discern.bundle.runtime import Runtime, open_runtime
from discern.errors import BundleDamaged

_SIZE = 5


def mean_colour_graph() -> bytes:
    """Build a small ONNX graph that computes the centred pixels and mean colour of images.

    Its input is uint8 `[N, 5, 5, 3]`.
    """
    writer = GraphWriter()
    centred = writer.centred_pixels("pixels")
    writer.add("Identity", writer.spatial_mean(centred), result="embedding")
    writer.channels_last(centred, result="map")
    return serialise(writer.model(size=_SIZE, embedding=3, map_shape=(_SIZE, _SIZE, 3)))


class RuntimeContract:
    """Contract tests for inference engines, inherited by a test class that sets `kind`."""

    kind = "onnxruntime"

    def open(self, graph: bytes, *, threads: int | None = 1) -> Runtime:
        """Load an ONNX graph into the inference engine under test."""
        return open_runtime(graph, self.kind, threads=threads)

    def pictures(self, count: int = 4) -> np.ndarray:
        """Generate images of random noise for the graph under test.

        The result is uint8 `[count, 5, 5, 3]`.
        """
        return np.random.default_rng(0).integers(0, 256, (count, _SIZE, _SIZE, 3), np.uint8)

    def test_outputs_are_what_numpy_computes(self) -> None:
        """Check that the outputs equal those of NumPy within tolerance, in graph order."""
        pictures = self.pictures()
        expected = pictures.astype(np.float32) - 127.5
        for threads in (None, 1, 2):
            runtime = self.open(mean_colour_graph(), threads=threads)
            outputs, tolerance = runtime.run({"pixels": pictures}), TOLERANCES[runtime.precision]
            assert list(outputs) == ["embedding", "map"]
            assert all(values.dtype == np.float32 for values in outputs.values())
            np.testing.assert_allclose(outputs["map"], expected, rtol=tolerance, atol=tolerance)
            np.testing.assert_allclose(outputs["embedding"], expected.mean(axis=(1, 2)), rtol=tolerance, atol=tolerance)

    def test_the_shapes_of_inputs_are_those_of_the_graph(self) -> None:
        """Check that the shapes of inputs are known before the graph is run, with None for the batch."""
        assert dict(self.open(mean_colour_graph()).input_shapes) == {"pixels": (None, _SIZE, _SIZE, 3)}

    def test_a_batch_does_not_change_the_outputs(self) -> None:
        """Check that batching does not change the outputs for an image."""
        runtime, pictures = self.open(mean_colour_graph()), self.pictures()
        tolerance = TOLERANCES[runtime.precision]
        batch = runtime.run({"pixels": pictures})["embedding"]
        alone = np.concatenate([runtime.run({"pixels": picture[None]})["embedding"] for picture in pictures])
        np.testing.assert_allclose(alone, batch, rtol=tolerance, atol=tolerance)

    def test_threads_share_a_runtime(self) -> None:
        """Check that concurrent runs return the same outputs as consecutive runs."""
        runtime, pictures = self.open(mean_colour_graph()), self.pictures(count=64)
        with ThreadPoolExecutor(4) as pool:
            outputs = list(pool.map(lambda picture: runtime.run({"pixels": picture[None]})["map"][0], pictures))
        alone = [runtime.run({"pixels": picture[None]})["map"][0] for picture in pictures]
        np.testing.assert_array_equal(outputs, alone)

    def test_a_damaged_graph_is_rejected(self) -> None:
        """Check that loading a damaged graph raises `BundleDamaged` with a remedy."""
        for graph in (b"", b"not a graph", bytes(1000)):
            assert _expect_damage(self.open, graph).hint

    def test_unfit_inputs_are_rejected(self) -> None:
        """Check that inputs with an unexpected name, dtype or shape raise `BundleDamaged`."""
        runtime, pictures = self.open(mean_colour_graph()), self.pictures()
        for inputs in ({"images": pictures}, {"pixels": pictures.astype(np.float32)}, {"pixels": pictures[:, 1:]}):
            _expect_damage(runtime.run, inputs)


def _expect_damage(act: Callable[..., object], *arguments: object) -> BundleDamaged:
    try:
        act(*arguments)
    except BundleDamaged as error:
        return error
    raise AssertionError("BundleDamaged was not raised")
