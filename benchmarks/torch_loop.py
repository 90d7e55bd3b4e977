"""Seconds of the training loop beside a bare loop of PyTorch on the same pictures, with the same network.

    python benchmarks/torch_loop.py [--repeats 5] [--pictures 512] [--side 64] [--epochs 3] [--batch 32]

Both loops read pictures from memory, augment them lightly in the process, take the same steps (AdamW, a learning rate
for each step, clipped gradients) and compute the loss of held-out pictures after each epoch. Ours also checks losses,
draws by seed, epoch and step, keeps the best weights, saves checkpoints, reports progress and watches for interrupts.
They run in turn, in rotated order; reported are the seconds of each and the median of the ratios of the pairs.
Needs `discern[torch]`.
"""

import argparse
import json
import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from discern.training.methods.loop.loop_config import LoopConfig
from discern.training.methods.loop.loop_data import LoopData
from discern.training.methods.loop.torch_augmentation import Augmentation
from discern.training.methods.loop.torch_loop import Loop
from discern.training.methods.loop.torch_pictures import ReducedPictures
from discern.training.methods.networks.torch_small_cnn import SmallCnn

HERE = Path(__file__).parent
CLASSES, HELD_OUT, EVALUATED_AT_ONCE, LR, GOAL = 5, 64, 256, 1e-3, 1.03


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--pictures", type=int, default=512)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--cpu-time", action="store_true", help="count seconds of the processor, for a busy machine")
    parser.add_argument("--out", type=Path, default=HERE / "out" / "torch_loop.json")
    args = parser.parse_args()
    data = noise(args.pictures, args.side)
    loops = {"bare": run_bare, "ours": run_ours}
    clock = time.process_time if args.cpu_time else time.perf_counter
    for run in loops.values():
        run(data, args.epochs, args.batch)  # imports and memory
    seconds: dict[str, list[float]] = {name: [] for name in loops}
    for repeat in range(args.repeats):
        for name in sorted(loops, reverse=bool(repeat % 2)):
            start = clock()
            loops[name](data, args.epochs, args.batch)
            seconds[name].append(clock() - start)
    ratios = [ours / bare for ours, bare in zip(seconds["ours"], seconds["bare"], strict=True)]
    ratio = statistics.median(ratios)
    for name, each in seconds.items():
        print(f"{name}: {statistics.median(each):.2f} s (of {args.repeats}: {min(each):.2f} to {max(each):.2f})")
    print(f"ratio {ratio:.3f} ({min(ratios):.3f} to {max(ratios):.3f}); the goal is at most {GOAL}")
    args.out.parent.mkdir(exist_ok=True)
    facts = {"cores": len(os.sched_getaffinity(0)), "threads": torch.get_num_threads(), "ratio": ratio}
    args.out.write_text(json.dumps(facts | {"ratios": ratios, "seconds": seconds}, indent=1) + "\n")


def noise(pictures: int, side: int) -> LoopData:
    """Draw pictures and labels."""
    random = np.random.default_rng(0)
    count = pictures + HELD_OUT
    return LoopData(
        pictures=ReducedPictures(
            sums=random.integers(0, 255, (count, side, side, 3)).astype(np.uint16),
            factor=1,
            seeds=random.integers(0, 2**63, count).astype(np.uint64),
        ),
        labels=random.integers(0, CLASSES, count),
        weights=np.ones(count),
        train=np.arange(pictures),
        stop=np.arange(pictures, count),
    )


def run_ours(data: LoopData, epochs: int, batch: int) -> None:
    config = LoopConfig(epochs=epochs, batch=batch, lr=LR, seed=1)
    with tempfile.TemporaryDirectory() as folder:
        Loop(SmallCnn(CLASSES), data, config, checkpoint=Path(folder) / "fit.pt").run(ignore)


def ignore(done: int, total: int) -> None:
    """Ignore a progress report."""


def run_bare(data: LoopData, epochs: int, batch: int) -> None:
    network, augmentation = SmallCnn(CLASSES), Augmentation()
    optimiser = torch.optim.AdamW(network.parameter_groups(), lr=LR)
    steps = round(len(data.train) / batch)
    labels = torch.from_numpy(data.labels)
    factor = schedule(epochs * steps)
    for epoch in range(epochs):
        network.train()
        for step, rows in enumerate(np.array_split(np.random.permutation(data.train), steps)):
            seeds = data.pictures.seeds[rows]
            pictures = torch.from_numpy(augmentation.apply(data.pictures.take(rows), seeds, seed=1, epoch=epoch))
            for group in optimiser.param_groups:
                group["lr"] = LR * factor(epoch * steps + step)
            optimiser.zero_grad()
            functional.cross_entropy(network(pictures), labels[rows]).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
        network.eval()
        with torch.inference_mode():
            for start in range(0, len(data.stop), EVALUATED_AT_ONCE):
                rows = data.stop[start : start + EVALUATED_AT_ONCE]
                functional.cross_entropy(network(torch.from_numpy(data.pictures.take(rows))), labels[rows]).item()


def schedule(total: int) -> Callable[[int], float]:
    return lambda step: min((step + 1) / max(0.1 * total, 1), 0.5 * (1 + math.cos(math.pi * step / total)))


if __name__ == "__main__":
    main()
