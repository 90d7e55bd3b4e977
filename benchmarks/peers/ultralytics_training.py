"""Train a classifier with Ultralytics, and apply the weights of its best validation epoch to other pictures.

    python ultralytics_training.py WEIGHTS SIZE TRAIN TEST --strangers FOLDER --predictions FILE [--same-weights]

Its own smallest network starts from random weights, as it cannot take those of another one. With `--same-weights`, its
trainer is given timm's EfficientNet-Lite0 with the weights of Discern's backbone, by the method that it has for that;
nothing in its documentation does so. All else is its default, but for `EPOCHS`, of which it takes 100.

`TRAIN` has `validation` beside it.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path

# Both must be set before the import: the first keeps its settings out of the home folder.
os.environ["YOLO_CONFIG_DIR"] = tempfile.mkdtemp()
os.environ["YOLO_AUTOINSTALL"] = "false"

with contextlib.redirect_stdout(sys.stderr):
    from ultralytics import settings

    settings.update({"sync": False})
    import timm
    import torch
    from ultralytics import YOLO
    from ultralytics.models.yolo.classify import ClassificationTrainer
    from ultralytics.nn.tasks import ClassificationModel
    from ultralytics.utils.events import events

    events.enabled = False

NETWORK = "yolo26n-cls.yaml"
EPOCHS = 20


class Lite0(torch.nn.Module):
    """timm's network in the place of the layers of Ultralytics' own."""

    i, f, type = 0, -1, "lite0"

    def __init__(self, weights: str, classes: int) -> None:
        super().__init__()
        self.net = timm.create_model("tf_efficientnet_lite0", num_classes=classes)
        values = [value for name, value in torch.load(weights, weights_only=True).items() if name[:3] != "_fc"]
        names = [name for name in self.net.state_dict() if not name.startswith("classifier")]
        self.net.load_state_dict(dict(zip(names, values, strict=True)), strict=False)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        logits = self.net(2 * pictures - 1)
        return logits if self.training else (logits.softmax(1), logits)


class Lite0Trainer(ClassificationTrainer):
    weights = ""

    def get_model(self, cfg=None, weights=None, verbose=True):
        model = ClassificationModel(NETWORK, nc=self.data["nc"], ch=self.data["channels"], verbose=False)
        model.model = torch.nn.Sequential(Lite0(self.weights, self.data["nc"]))
        for parameter in model.parameters():
            parameter.requires_grad = True
        return model


def train(args: argparse.Namespace, folder: str) -> YOLO:
    model = YOLO(NETWORK, task="classify")
    Lite0Trainer.weights = str(args.weights)
    model.train(
        trainer=Lite0Trainer if args.same_weights else None,
        data=str(args.train.parent),
        epochs=EPOCHS,
        imgsz=args.size,
        pretrained=False,
        device="cpu",
        seed=0,
        project=folder,
        name="run",
        plots=False,
        verbose=False,
    )
    return YOLO(Path(folder) / "run" / "weights" / "best.pt")


def answers(model: YOLO, folder: Path, size: int) -> dict[str, list[float]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): model.predict(path, imgsz=size, device="cpu", verbose=False)[
            0
        ].probs.data.tolist()
        for path in files
    }


def processor_seconds() -> float:
    return sum(os.times()[:4])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("weights", type=Path)
    parser.add_argument("size", type=int)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--strangers", type=Path)
    parser.add_argument("--predictions", type=Path)
    parser.add_argument("--same-weights", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        model = train(args, folder)
        fitted, cpu = time.perf_counter(), processor_seconds()
        found = {
            "labels": [model.names[number] for number in sorted(model.names)],
            "test": answers(model, args.test, args.size),
            "strangers": answers(model, args.strangers, args.size),
        }
    args.predictions.write_text(json.dumps(found))
    print(json.dumps({"evaluate_s": time.perf_counter() - fitted, "evaluate_cpu_s": processor_seconds() - cpu}))


if __name__ == "__main__":
    main()
