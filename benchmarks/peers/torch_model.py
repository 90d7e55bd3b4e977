"""Model of the peers: the same network at the same size with the same views, in eager fp32 torch."""

import io
import os

import timm
import torch
from PIL import Image
from torchvision import transforms


def load() -> torch.nn.Module:
    """Create the network with random weights; only time is measured."""
    net = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=int(os.environ["PEER_CLASSES"]))
    return net.eval()


def transform() -> transforms.Compose:
    size, resize = int(os.environ["PEER_SIZE"]), int(os.environ["PEER_RESIZE"])
    return transforms.Compose(
        [
            transforms.Resize(resize),
            transforms.CenterCrop(size),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )


@torch.inference_mode()
def predict(net: torch.nn.Module, batch: torch.Tensor) -> list[list[float]]:
    logits = net(batch)
    if os.environ["PEER_VIEWS"] == "2":
        logits = (logits + net(batch.flip(3))) / 2
    return logits.softmax(1).tolist()


def open_picture(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")
