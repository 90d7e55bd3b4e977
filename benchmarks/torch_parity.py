"""Differences between networks of torch and their exports, on photographs and with random weights.

    python benchmarks/torch_parity.py [LIBRARY/NAME[@SIZE] ...]

It needs the extra `torch`. Each row is the largest difference between the features, relative to the largest feature,
the seconds of building, exporting and comparing, and whether the export has a feature map.
"""

import sys
from time import perf_counter

import onnx
import torch

from discern.errors import BackboneError
from discern.features.backbones.network_settings import NetworkSettings
from discern.features.backbones.torch_export import LARGEST_DIFFERENCE, export_network

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


def main() -> None:
    print(f"{'network':36}{'px':>5}{'features':>9}{'map':>5}{'difference':>12}{'s':>7}")
    failed = False
    for network in sys.argv[1:] or NETWORKS:
        label, _, size = network.partition("@")
        library, _, name = label.partition("/")
        torch.manual_seed(0)
        start = perf_counter()
        try:
            backbone, difference = export_network(
                library, name, None, NetworkSettings(), size=int(size) if size else None, normalisation=None
            )
        except BackboneError as error:
            print(f"{label:36} {error} {error.hint}", flush=True)
            failed = True
            continue
        outputs = [each.name for each in onnx.load_from_string(backbone.graph).graph.output]
        has_map = "yes" if "map" in outputs else "no"
        seconds = perf_counter() - start
        print(f"{label:36}{backbone.size:5}{backbone.width:9}{has_map:>5}{difference:12.1e}{seconds:7.1f}", flush=True)
        failed |= difference > LARGEST_DIFFERENCE
    sys.exit(failed)


if __name__ == "__main__":
    main()
