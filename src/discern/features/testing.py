"""For tests, here and elsewhere: a backbone that runs in no time, and what every backbone must hold to."""

import hashlib
from functools import cached_property

import numpy as np

from discern.bundle import Runtime, open_runtime
from discern.bundle.onnx_graph import GraphWriter, average_mirrored, serialise
from discern.features.backbones.backbone import Backbone, OnnxBackbone

_PLACES = 4


def colour_backbone(*, size: int = 16, mirror: bool = True) -> OnnxBackbone:
    """A public fake: the mean colour of each quarter as its map, their mean as "head", their deviation as "stage7".

    Args:
        size: height and width of its pictures, an even number of pixels.
        mirror: average the two mirrored views.

    Returns:
        A backbone with D = 9: the head's three channels in -1..1, then the stage's means and deviations.
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
    """What every backbone holds to; a test class inherits it and says which by `backbone`."""

    tolerance = 1e-4

    def backbone(self) -> Backbone:
        """The backbone under test."""
        raise NotImplementedError

    def see(self, pixels: np.ndarray) -> dict[str, np.ndarray]:
        """What it sees in pictures, uint8 `[N, size, size, 3]`."""
        return self._runtime.run({"pixels": pixels})

    @cached_property
    def _runtime(self) -> Runtime:
        return open_runtime(self.backbone().graph, threads=1)

    def pictures(self, count: int = 3) -> np.ndarray:
        """Noise, white and black, as many as wanted."""
        size = self.backbone().size
        noise = np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8)
        noise[1:2], noise[2:3] = 255, 0
        return noise

    def test_gives_one_finite_row_per_picture(self) -> None:
        """Embeddings are float32 `[N, D]` without holes, black and white pictures included."""
        embedding = self.see(self.pictures())["embedding"]
        assert embedding.shape == (3, self.backbone().width)
        assert embedding.dtype == np.float32
        assert np.isfinite(embedding).all()

    def test_blocks_cover_the_embedding_in_order(self) -> None:
        """The blocks follow each other without gaps, and "head" is the first."""
        backbone = self.backbone()
        blocks = backbone.blocks
        assert next(iter(blocks)) == "head"
        ends = [0, *(end for _, end in blocks.values())]
        assert [start for start, _ in blocks.values()] == ends[:-1]
        assert ends[-1] == backbone.width

    def test_head_is_the_mean_of_the_map(self) -> None:
        """Where there is a map, evidence on it adds up to what the head says."""
        seen = self.see(self.pictures())
        if "map" in seen:
            start, end = self.backbone().blocks["head"]
            means = seen["map"].mean(axis=(1, 2))
            np.testing.assert_allclose(means, seen["embedding"][:, start:end], atol=self.tolerance)

    def test_a_picture_is_seen_alone_as_in_company(self) -> None:
        """Batches change nothing."""
        pictures = self.pictures()
        together = self.see(pictures)["embedding"]
        alone = np.concatenate([self.see(picture[None])["embedding"] for picture in pictures])
        np.testing.assert_allclose(alone, together, atol=self.tolerance)

    def test_key_names_the_graph(self) -> None:
        """Made twice it is the same, byte for byte."""
        one, other = self.backbone(), self.backbone()
        assert one.graph == other.graph
        assert one.key == other.key == hashlib.sha256(one.graph).hexdigest()
