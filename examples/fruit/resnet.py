"""A ResNet of timm with random weights, and a few varieties to train it on."""

import shutil
from pathlib import Path

from examples.fruit.varieties import MADE

_VARIETIES = 8
_FRAMES = 12


def choose_few(train: Path, out: Path) -> Path:
    """Copy some frames of some real varieties, evenly chosen, and return the folder."""
    folders = [each for each in sorted(train.iterdir()) if not each.name.endswith(MADE)]
    step = max(1, len(folders) // _VARIETIES)
    for folder in folders[::step][:_VARIETIES]:
        (out / folder.name).mkdir(parents=True)
        frames = sorted(folder.iterdir())
        for frame in frames[:: max(1, len(frames) // _FRAMES)]:
            shutil.copyfile(frame, out / folder.name / frame.name)
    return out


def write_random_weights(name: str, path: Path, *, seed: int) -> Path:
    """Write random weights of a network of timm, which depend on the seed alone, and return the path."""
    import timm  # noqa: PLC0415 - optional
    import torch  # noqa: PLC0415 - optional
    from safetensors.torch import save_file  # noqa: PLC0415 - optional

    torch.manual_seed(seed)
    save_file(timm.create_model(name, pretrained=False).state_dict(), path)
    return path
