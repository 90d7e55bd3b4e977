"""Train timm's EfficientNet-Lite0 with fastai, from the weights of Discern's backbone, and apply it to other pictures.

    python fastai_training.py WEIGHTS SIZE TRAIN TEST [--fine-tune]

Four epochs of the head on a frozen network; or, with `--fine-tune`, one of the head and four of the whole network.
Augmentation, optimiser, schedule and head are fastai's defaults. All training pictures train; none are kept for
validation after each epoch, which costs fastai nothing but time.
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
    ImageBlock,
    IndexSplitter,
    Learner,
    Normalize,
    RandomResizedCrop,
    aug_transforms,
    get_image_files,
    parent_label,
    set_seed,
    vision_learner,
)

# Of fastai's 64 pictures per batch, 300 give four steps an epoch; smaller batches are in its favour.
BATCH = 16
EPOCHS = 4


def read_pictures(folder: Path, size: int) -> DataLoaders:
    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=get_image_files,
        get_y=parent_label,
        splitter=IndexSplitter([]),
        item_tfms=RandomResizedCrop(size, min_scale=0.5),
        batch_tfms=[*aug_transforms(), Normalize.from_stats([0.5] * 3, [0.5] * 3)],
    )
    return block.dataloaders(folder, bs=BATCH)


def create_learner(loaders: DataLoaders, weights: Path) -> Learner:
    learner = vision_learner(loaders, "tf_efficientnet_lite0", pretrained=False, normalize=False)
    body = learner.model[0].model
    values = torch.load(weights, weights_only=True)
    names = [name for name in values if not name.startswith("_fc")]
    # Both name the layers in their own way, and list them in the same order.
    body.load_state_dict(dict(zip(body.state_dict(), (values[name] for name in names), strict=True)))
    return learner


def processor_seconds() -> float:
    return sum(os.times()[:4])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("weights", type=Path)
    parser.add_argument("size", type=int)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--fine-tune", action="store_true")
    args = parser.parse_args()
    set_seed(0)
    learner = create_learner(read_pictures(args.train, args.size), args.weights)
    with learner.no_bar(), learner.no_logging():
        if args.fine_tune:
            learner.fine_tune(EPOCHS)
        else:
            learner.freeze()
            learner.fit_one_cycle(EPOCHS)
        fitted, cpu = time.perf_counter(), processor_seconds()
        files = get_image_files(args.test)
        probabilities, _ = learner.get_preds(dl=learner.dls.test_dl(files))
    labels = [learner.dls.vocab[number] for number in probabilities.argmax(dim=1)]
    accuracy = sum(label == parent_label(path) for label, path in zip(labels, files, strict=True)) / len(files)
    seconds = {"evaluate_s": time.perf_counter() - fitted, "evaluate_cpu_s": processor_seconds() - cpu}
    print(json.dumps({"accuracy": accuracy} | seconds))


if __name__ == "__main__":
    main()
