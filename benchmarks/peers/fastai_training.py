"""Train timm's EfficientNet-Lite0 with fastai, from the weights of Discern's backbone, and apply it to other pictures.

    python fastai_training.py WEIGHTS SIZE TRAIN TEST [--fine-tune] [--epochs N ...] [--validation FOLDER]
        [--strangers FOLDER] [--predictions FILE]

The head alone on a frozen network; or, with `--fine-tune`, the head for an epoch and then the whole network.
Augmentation, optimiser, schedule and head are fastai's defaults. Of several numbers of epochs, each a training of its
own, the most accurate one on the validation pictures is kept. Without these all training pictures train; none are kept
for validation after each epoch, which costs fastai nothing but time.
"""

import argparse
import json
import os
import time
from pathlib import Path

import torch
from fastai.vision.all import (
    CategoryBlock,
    DataBlock,
    DataLoaders,
    FuncSplitter,
    ImageBlock,
    Learner,
    Normalize,
    RandomResizedCrop,
    accuracy,
    aug_transforms,
    get_image_files,
    parent_label,
    set_seed,
    vision_learner,
)

# Of fastai's 64 pictures per batch, 300 give four steps an epoch; smaller batches are in its favour.
BATCH = 16
EPOCHS = 4


def read_pictures(folder: Path, validation: Path | None, size: int) -> DataLoaders:
    held_out = set() if validation is None else set(get_image_files(validation))
    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=lambda source: [*get_image_files(source), *sorted(held_out)],
        get_y=parent_label,
        splitter=FuncSplitter(held_out.__contains__),
        item_tfms=RandomResizedCrop(size, min_scale=0.5),
        batch_tfms=[*aug_transforms(), Normalize.from_stats([0.5] * 3, [0.5] * 3)],
    )
    return block.dataloaders(folder, bs=BATCH)


def create_learner(loaders: DataLoaders, weights: Path) -> Learner:
    learner = vision_learner(loaders, "tf_efficientnet_lite0", pretrained=False, normalize=False, metrics=accuracy)
    body = learner.model[0].model
    values = torch.load(weights, weights_only=True)
    names = [name for name in values if not name.startswith("_fc")]
    # Both name the layers in their own way, and list them in the same order.
    body.load_state_dict(dict(zip(body.state_dict(), (values[name] for name in names), strict=True)))
    return learner


def train(loaders: DataLoaders, weights: Path, epochs: int, *, fine_tune: bool) -> Learner:
    set_seed(0)
    learner = create_learner(loaders, weights)
    with learner.no_bar(), learner.no_logging():
        if fine_tune:
            learner.fine_tune(epochs)
        else:
            learner.freeze()
            learner.fit_one_cycle(epochs)
    return learner


def validate(learner: Learner) -> tuple[float, float]:
    """Return the accuracy on the validation pictures, and the negative loss, which decides between equal ones."""
    with learner.no_bar(), learner.no_logging():
        loss, right = learner.validate()
    return right, -loss


def predict(learner: Learner, files: list[Path]) -> list[list[float]]:
    with learner.no_bar(), learner.no_logging():
        return learner.get_preds(dl=learner.dls.test_dl(files))[0].tolist()


def processor_seconds() -> float:
    return sum(os.times()[:4])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("weights", type=Path)
    parser.add_argument("size", type=int)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--fine-tune", action="store_true")
    parser.add_argument("--epochs", type=int, nargs="+", default=[EPOCHS])
    parser.add_argument("--validation", type=Path)
    parser.add_argument("--strangers", type=Path)
    parser.add_argument("--predictions", type=Path)
    args = parser.parse_args()
    set_seed(0)
    loaders = read_pictures(args.train, args.validation, args.size)
    best, chosen, tried = None, None, []
    for epochs in args.epochs:
        start, cpu = time.perf_counter(), processor_seconds()
        learner = train(loaders, args.weights, epochs, fine_tune=args.fine_tune)
        score = validate(learner) if args.validation else (0.0, 0.0)
        seconds = {"seconds": time.perf_counter() - start, "cpu_s": processor_seconds() - cpu}
        tried.append({"epochs": epochs, "validation_accuracy": score[0], **seconds})
        if best is None or score > best:
            best, chosen, kept = score, learner, epochs
    fitted, cpu = time.perf_counter(), processor_seconds()
    files = sorted(get_image_files(args.test))
    test = predict(chosen, files)
    labels = list(chosen.dls.vocab)
    right = sum(labels[row.index(max(row))] == parent_label(path) for row, path in zip(test, files, strict=True))
    if args.predictions:
        strangers = sorted(get_image_files(args.strangers)) if args.strangers else []
        found = {
            "labels": labels,
            "test": {str(path.relative_to(args.test)): row for path, row in zip(files, test, strict=True)},
            "strangers": {path.name: row for path, row in zip(strangers, predict(chosen, strangers), strict=True)},
        }
        args.predictions.write_text(json.dumps(found))
    seconds = {"evaluate_s": time.perf_counter() - fitted, "evaluate_cpu_s": processor_seconds() - cpu}
    print(json.dumps({"accuracy": right / len(files), "epochs": kept, "tried": tried} | seconds))


if __name__ == "__main__":
    main()
