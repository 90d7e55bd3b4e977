"""Differences between networks of torch and their exports, on real pictures and with random weights.

    python benchmarks/torch_parity.py [LIBRARY/NAME[@SIZE] ...] [--pictures FOLDER] [--limit N]

It needs the extra `torch`. Each row is the largest difference between the features, relative to the largest feature;
the number of pictures whose largest score of 1,000 random linear classes changes ("flips"); the blocks of the backbone;
and the seconds of building, exporting and comparing. Without a folder, the pictures are parts of photographs that
scikit-learn ships.
"""

import argparse
import sys
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from photographs import list_photographs
from PIL import Image

from discern.bundle import open_runtime
from discern.errors import BackboneError
from discern.features import Normalisation
from discern.features.backbones.backbone import OnnxBackbone
from discern.features.backbones.library_network import TorchNetwork, build_network
from discern.features.backbones.network_settings import NetworkSettings
from discern.features.backbones.torch_export import LARGEST_DIFFERENCE, normalise, read_photographs, wrap_network

NETWORKS = (
    "timm/resnet18",
    "torchvision/resnet18",
    "timm/mobilenetv3_small_100",
    "timm/convnext_atto",
    "timm/resnet50",
    "timm/inception_v3",
    "torchvision/inception_v3",
    "timm/vit_small_patch14_dinov2@224",
    "timm/vit_small_patch16_224",
    "torchvision/vgg16",
    "timm/vgg16",
    "timm/resnet101",
)
_CLASSES = 1000
_BATCH = 8


def read_pictures(folder: Path | None, limit: int, size: int) -> np.ndarray:
    """Read pictures of a folder, evenly spread over its files, as uint8 `[N, size, size, 3]`."""
    if folder is None:
        return read_photographs(size)
    files = list_photographs(folder)
    chosen = [files[place] for place in np.linspace(0, len(files) - 1, min(limit, len(files))).astype(int)]
    return np.stack([np.asarray(Image.open(path).convert("RGB").resize((size, size))) for path in chosen])


def randomise(module: torch.nn.Module) -> None:
    """Draw the numbers that libraries set to 0 or nearly so, behind which layers would have no effect, in place."""
    for name, values in (*module.named_parameters(), *module.named_buffers()):
        if values.ndim == 1 and values.is_floating_point():
            is_offset = name.endswith(("bias", "running_mean"))
            values.data.uniform_(-0.1, 0.1) if is_offset else values.data.uniform_(0.5, 1.5)


def measure(
    network: TorchNetwork, backbone: OnnxBackbone, by: Normalisation, pictures: np.ndarray
) -> tuple[float, int]:
    """Return the largest difference relative to the largest feature, and the number of flips."""
    runtime, expected, found = open_runtime(backbone.graph), [], []
    for start in range(0, len(pictures), _BATCH):
        part = pictures[start : start + _BATCH]
        with torch.inference_mode():
            expected.append(network.module(normalise(part, by)).flatten(1).numpy())
        found.append(runtime.run({"pixels": part})["embedding"])
    wanted, embedded = np.concatenate(expected), np.concatenate(found)
    embedded = embedded[:, embedded.shape[1] - wanted.shape[1] :]
    # The features of random networks hardly depend on the picture: the head looks at what is left without their mean.
    mean, spread = wanted.mean(axis=0), wanted.std(axis=0) + 1e-12
    head = np.random.default_rng(0).normal(size=(wanted.shape[1], _CLASSES))
    chosen = [((each - mean) / spread @ head).argmax(axis=1) for each in (wanted.astype(float), embedded.astype(float))]
    return float(np.abs(embedded - wanted).max() / np.abs(wanted).max()), int((chosen[0] != chosen[1]).sum())


def compare(label: str, size: int | None, folder: Path | None, limit: int) -> bool:
    """Export and compare one network, print its row, and return whether it passed."""
    library, _, name = label.partition("/")
    torch.manual_seed(0)
    start = perf_counter()
    try:
        network = build_network(library, name, NetworkSettings(), size=size)
        randomise(network.module)
        backbone = wrap_network(network, Path(label), network.normalisation)
    except BackboneError as error:
        print(f"{label:34} {error} {error.hint}", flush=True)
        return False
    pictures = read_pictures(folder, limit, backbone.size)
    difference, flips = measure(network, backbone, network.normalisation, pictures)
    blocks = " + ".join(f"{name} {end - first}" for name, (first, end) in backbone.blocks.items())
    row = f"{label:34}{backbone.size:4}{len(pictures):9}{difference:11.1e}{flips:7}"
    print(f"{row}{perf_counter() - start:7.1f}  {blocks}", flush=True)
    return difference <= LARGEST_DIFFERENCE and not flips


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", metavar="LIBRARY/NAME[@SIZE]", default=NETWORKS)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--limit", type=int, default=64)
    options = parser.parse_args()
    print(f"{'network':34}{'px':>4}{'pictures':>9}{'difference':>11}{'flips':>7}{'s':>7}  blocks")
    passed = True
    for network in options.networks:
        label, _, size = network.partition("@")
        passed &= compare(label, int(size) if size else None, options.pictures, options.limit)
    sys.exit(not passed)


if __name__ == "__main__":
    main()
