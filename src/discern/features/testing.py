"""Contract tests for backbones, and a small fast backbone for other tests."""

import hashlib
from functools import cached_property

import numpy as np

from discern.bundle import Runtime, open_runtime
from discern.bundle.onnx_graph import GraphWriter, average_mirrored, serialise
from discern.features.backbones.backbone import Backbone, OnnxBackbone

_PLACES = 4


def colour_backbone(*, size: int = 16, mirror: bool = True) -> OnnxBackbone:
    """Build a fast backbone for tests that computes mean colours.

    Its map is the mean colour of each quarter of the picture. The block "head" is the mean of the quarters, and
    "stage7" their mean and deviation.

    Args:
        size: height and width of its input, an even number of pixels.
        mirror: average the outputs for each picture and its mirror image.

    Returns:
        Backbone with D = 9: the head's three channels in -1..1, then the stage's means and standard deviations.
    """
    writer = GraphWriter()
    scaled = writer.add("Div", writer.centred_pixels("pixels"), writer.scalar(127.5))
    quarters = writer.add("AveragePool", scaled, kernel_shape=[size // 2] * 2, strides=[size // 2] * 2)
    parts = writer.spatial_mean(quarters), *writer.spatial_statistics(quarters, places=_PLACES)
    writer.add("Concat", *parts, axis=1, result="embedding")
    writer.channels_last(quarters, result="map")
    model = writer.model(size=size, embedding=9, map_shape=(2, 2, 3))
    if mirror:
        average_mirrored(model)
    return OnnxBackbone(
        name="colour",
        graph=serialise(model),
        size=size,
        blocks={"head": (0, 3), "stage7": (3, 9)},
        pretraining="nothing",
        licence="Apache-2.0",
    )


class BackboneContract:
    """Contract tests for backbones, inherited by a test class that overrides `backbone`."""

    tolerance = 1e-4

    def backbone(self) -> Backbone:
        """Load the backbone under test."""
        raise NotImplementedError

    def embed(self, pixels: np.ndarray) -> dict[str, np.ndarray]:
        """Run the backbone on a batch of images and return its outputs by name.

        The images are uint8 `[N, size, size, 3]`.
        """
        return self._runtime.run({"pixels": pixels})

    @cached_property
    def _runtime(self) -> Runtime:
        return open_runtime(self.backbone().graph, threads=1)

    def pictures(self, count: int = 3) -> np.ndarray:
        """Generate test images of random noise, with the second white and the third black."""
        size = self.backbone().size
        noise = np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8)
        noise[1:2], noise[2:3] = 255, 0
        return noise

    def test_returns_one_finite_row_per_picture(self) -> None:
        """Check that embeddings are finite, even for plain black or white images."""
        embedding = self.embed(self.pictures())["embedding"]
        assert embedding.shape == (3, self.backbone().width)
        assert embedding.dtype == np.float32
        assert np.isfinite(embedding).all()

    def test_blocks_cover_the_embedding_in_order(self) -> None:
        """Check that the embedding blocks are contiguous and that "head" comes first."""
        backbone = self.backbone()
        blocks = backbone.blocks
        assert next(iter(blocks)) == "head"
        ends = [0, *(end for _, end in blocks.values())]
        assert [start for start, _ in blocks.values()] == ends[:-1]
        assert ends[-1] == backbone.width

    def test_head_is_the_mean_of_the_map(self) -> None:
        """Check that the block "head" is the mean of the feature map, if the backbone has one."""
        outputs = self.embed(self.pictures())
        if "map" in outputs:
            start, end = self.backbone().blocks["head"]
            means = outputs["map"].mean(axis=(1, 2))
            np.testing.assert_allclose(means, outputs["embedding"][:, start:end], atol=self.tolerance)

    def test_a_batch_does_not_change_embeddings(self) -> None:
        """Check that batching does not change the embedding of an image."""
        pictures = self.pictures()
        batch = self.embed(pictures)["embedding"]
        alone = np.concatenate([self.embed(picture[None])["embedding"] for picture in pictures])
        np.testing.assert_allclose(alone, batch, atol=self.tolerance)

    def test_key_is_the_hash_of_the_graph(self) -> None:
        """Check that loading a backbone twice gives the same graph and the same key."""
        one, other = self.backbone(), self.backbone()
        assert one.graph == other.graph
        assert one.key == other.key == hashlib.sha256(one.graph).hexdigest()
