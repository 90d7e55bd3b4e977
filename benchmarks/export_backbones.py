"""Exports of well-known networks with random weights, in the form that a backbone must have, and their operators.

    python benchmarks/export_backbones.py FOLDER [NAME ...] [--exporter dynamo|legacy] [--map] [--opset N]

It needs torch, torchvision, timm and onnxscript, on which Discern does not depend; nothing is downloaded. Each file is
FOLDER/NAME-EXPORTER.onnx, or NAME-map-EXPORTER.onnx with the feature map as a second output. FOLDER/OPS.md lists the
operators of every file there. No argument that names a network means all of them, by both exporters.
"""

import argparse
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import onnx
import timm
import torch
import torchvision
from torch import nn

SIZE, OPSET = 224, 18
EXPORTERS = ("dynamo", "legacy")
FEATURES: Mapping[str, Callable[[], nn.Module]] = {
    "resnet18": lambda: nn.Sequential(*list(torchvision.models.resnet18(weights=None).children())[:-2]),
    "vgg16": lambda: torchvision.models.vgg16(weights=None).features,
    "mobilenet_v3_small": lambda: torchvision.models.mobilenet_v3_small(weights=None).features,
    "mobilenet_v3_large": lambda: torchvision.models.mobilenet_v3_large(weights=None).features,
    "efficientnet_b0": lambda: torchvision.models.efficientnet_b0(weights=None).features,
    "densenet121": lambda: nn.Sequential(torchvision.models.densenet121(weights=None).features, nn.ReLU()),
    "squeezenet1_1": lambda: torchvision.models.squeezenet1_1(weights=None).features,
    "regnet_y_400mf": lambda: nn.Sequential(*list(torchvision.models.regnet_y_400mf(weights=None).children())[:-2]),
}
"""Convolutional networks up to their feature map `[N, D, h, w]`."""

POOLED: Mapping[str, Callable[[], nn.Module]] = {
    "resnet18": lambda: _without_head(torchvision.models.resnet18(weights=None), "fc"),
    "vgg16": lambda: nn.Sequential(torchvision.models.vgg16(weights=None).features, _SpatialMean()),
    "vgg16_classifier": lambda: _without_last(torchvision.models.vgg16(weights=None)),
    "mobilenet_v3_small": lambda: _without_last(torchvision.models.mobilenet_v3_small(weights=None)),
    "mobilenet_v3_large": lambda: _without_last(torchvision.models.mobilenet_v3_large(weights=None)),
    "efficientnet_b0": lambda: _without_head(torchvision.models.efficientnet_b0(weights=None), "classifier"),
    "densenet121": lambda: _without_head(torchvision.models.densenet121(weights=None), "classifier"),
    "squeezenet1_1": lambda: nn.Sequential(torchvision.models.squeezenet1_1(weights=None).features, _SpatialMean()),
    "regnet_y_400mf": lambda: _without_head(torchvision.models.regnet_y_400mf(weights=None), "fc"),
    "convnext_atto": lambda: timm.create_model("convnext_atto", pretrained=False, num_classes=0),
    "vit_tiny": lambda: timm.create_model("vit_tiny_patch16_224", pretrained=False, num_classes=0),
    "vit_tiny_unfused": lambda: _unfused("vit_tiny_patch16_224"),
    "swin_tiny": lambda: timm.create_model("swin_tiny_patch4_window7_224", pretrained=False, num_classes=0),
    "swin_t_torchvision": lambda: _without_head(torchvision.models.swin_t(weights=None), "head"),
    "vit_b_16_torchvision": lambda: _without_head(torchvision.models.vit_b_16(weights=None), "heads"),
    "resnet50": lambda: _without_head(torchvision.models.resnet50(weights=None), "fc"),
}
"""Networks up to their embedding `[N, D]`, as their authors pool it."""


class _SpatialMean(nn.Module):
    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features.mean(dim=(2, 3))


class _Backbone(nn.Module):
    """A network that takes uint8 pixels, channels last."""

    def __init__(self, network: nn.Module, *, with_map: bool) -> None:
        super().__init__()
        self.network, self.with_map = network, with_map
        self.register_buffer("centre", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("spread", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        scaled = (pixels.permute(0, 3, 1, 2).float() / 255 - self.centre) / self.spread
        out = self.network(scaled)
        return (out.mean(dim=(2, 3)), out) if self.with_map else out


def _without_head(network: nn.Module, head: str) -> nn.Module:
    setattr(network, head, nn.Identity())
    return network


def _without_last(network: nn.Module) -> nn.Module:
    """Remove the last layer of a network's classifier."""
    network.classifier = network.classifier[:-1]
    return network


def _unfused(name: str) -> nn.Module:
    """Create a transformer whose attention is written out as products and a softmax."""
    network = timm.create_model(name, pretrained=False, num_classes=0)
    for module in network.modules():
        if hasattr(module, "fused_attn"):
            module.fused_attn = False
    return network


def build(name: str, *, with_map: bool = False) -> nn.Module:
    """Build a network with random weights that are the same each time."""
    torch.manual_seed(0)
    return _Backbone((FEATURES if with_map else POOLED)[name](), with_map=with_map).eval()


def export(name: str, path: Path, *, exporter: str, with_map: bool = False, opset: int = OPSET) -> None:
    """Export a network to an ONNX file that holds its weights."""
    outputs = ["embedding", "map"] if with_map else ["embedding"]
    pixels = torch.randint(0, 256, (2, SIZE, SIZE, 3), dtype=torch.uint8)
    options: dict[str, object] = {"input_names": ["pixels"], "output_names": outputs, "opset_version": opset}
    if exporter == "dynamo":
        options |= {"dynamic_shapes": ({0: torch.export.Dim("N")},), "external_data": False, "verbose": False}
    else:
        options |= {"dynamic_axes": {each: {0: "N"} for each in ["pixels", *outputs]}}
    network = build(name, with_map=with_map)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(network, (pixels,), str(path), dynamo=exporter == "dynamo", **options)


def describe(path: Path) -> str:
    """Describe an ONNX file: its versions, outputs, operators and their attributes."""
    model = onnx.load(path)
    counts = Counter(f"{node.domain}::{node.op_type}" if node.domain else node.op_type for node in model.graph.node)
    attributes: dict[str, set[str]] = {}
    for node in model.graph.node:
        attributes.setdefault(node.op_type, set()).update(each.name for each in node.attribute)
    opsets = ", ".join(f"{entry.domain or 'ai.onnx'} {entry.version}" for entry in model.opset_import)
    outputs = ", ".join(
        f"{out.name} {[each.dim_param or each.dim_value for each in out.type.tensor_type.shape.dim]}"
        for out in model.graph.output
    )
    lines = [
        f"## {path.name} ({path.stat().st_size / 2**20:.1f} MiB)",
        f"IR {model.ir_version}; opsets {opsets}; functions {[each.name for each in model.functions]}; "
        f"outputs {outputs}; {len(model.graph.value_info)} value_info; {len(model.metadata_props)} metadata_props; "
        f"{len(model.graph.initializer)} initializers, of which {Counter(_kinds(model))}",
        "",
    ]
    names = {entry: sorted(attributes[entry.rpartition("::")[2]]) for entry in counts}
    lines += [f"* {entry} x {times}: {', '.join(names[entry]) or '-'}" for entry, times in sorted(counts.items())]
    return "\n".join(lines) + "\n"


def _kinds(model: onnx.ModelProto) -> Iterator[str]:
    for tensor in model.graph.initializer:
        yield onnx.TensorProto.DataType.Name(tensor.data_type)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--exporter", choices=EXPORTERS)
    parser.add_argument("--map", action="store_true", help="with the feature map, of the networks that have one")
    parser.add_argument("--opset", type=int, default=OPSET, help="another one becomes part of the file's name")
    options = parser.parse_args()
    suffix = "" if options.opset == OPSET else f"-opset{options.opset}"
    options.folder.mkdir(parents=True, exist_ok=True)
    variants = [(name, False) for name in options.names or POOLED if not options.map]
    variants += [(name, True) for name in options.names or FEATURES if options.map or not options.names]
    for name, with_map in variants:
        for exporter in [options.exporter] if options.exporter else EXPORTERS:
            path = options.folder / f"{name}{'-map' if with_map else ''}-{exporter}{suffix}.onnx"
            try:
                export(name, path, exporter=exporter, with_map=with_map, opset=options.opset)
            except Exception as error:  # noqa: BLE001 - the exporters raise anything
                print(f"{path.name}: FAILED, {type(error).__name__}: {str(error).splitlines()[0]}", flush=True)
            else:
                print(f"{path.name}: {path.stat().st_size / 2**20:.1f} MiB", flush=True)
    descriptions = [describe(path) for path in sorted(options.folder.glob("*.onnx"))]
    (options.folder / "OPS.md").write_text("\n".join(descriptions))


if __name__ == "__main__":
    main()
