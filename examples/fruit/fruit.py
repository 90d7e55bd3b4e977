"""Many fruits, reproducible and watched.

A student has 90,000 pictures of 131 fruits on a turntable, trains a ResNet of timm on them, and wants the whole to be
reproducible, tested by continuous integration, served to many, and monitored; none of the last four was built. These
are the steps, run with Discern.
"""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import discern as api
from examples.commands import discern
from examples.fruit.resnet import choose_few, write_random_weights
from examples.fruit.varieties import choose_classes, find_varieties, write_classes
from examples.packs import find_pack
from examples.steps import Example, Run, StepFailed, digest, write_json

STEPS = (
    "131 classes",
    "data version",
    "training from a seed",
    "random split or whole films",
    "timm ResNet",
    "continuous integration",
)
PUBLISHED: dict[str, Any] = {
    "accuracy": None,
    "note": "The project reports none; others report 99 % and more on its parts, which share the films.",
}
EXAMPLE = Example("fruit", published=PUBLISHED, required=STEPS)
PACK = "fruits360_varieties"
FRAMES, FEW_FRAMES = 8, 3
"""Frames of each film, and where fewer pictures are sent than `FEW`."""
FEW = 50
LIMIT = "10%"
"""Share of fruits with a wrong answer among those that pass."""
SEED = "0"


@EXAMPLE.step("131 classes")
def gather(run: Run) -> Path:
    """Put 131 classes into folders: 52 varieties as they were filmed, and 79 made of them by turning their colours.

    The names of the made ones end with "(made)", and `classes.csv` says of which variety each is. Of a class with three
    films, the last one is kept for the traffic: nobody has filmed fruit from that side for the training.
    """
    source = run.options.data or find_pack(PACK)
    if source is None or not source.is_dir():
        raise StepFailed(
            f"There are no fruits at hand. Pass DATA=path/to/folder with {{train,test}}/VARIETY/ of Fruits-360, "
            f"or set DISCERN_TEST_DATA to a folder with {PACK}/."
        )
    run.data = "subset"
    classes = choose_classes(find_varieties(source))
    numbers = write_classes(classes, run.folder, frames=FRAMES if run.options.pictures >= FEW else FEW_FRAMES)
    made = sum(each.is_made for each in classes)
    print(f"    {len(classes)} classes, {made} of them made; pictures: {numbers}")
    return run.folder


@EXAMPLE.step("data version")
def version(run: Run) -> Path:
    """Give the data a version: one digest of all pictures, labels and groups, whatever folder they are in.

    It stands in `run.json` of every run. The checks also name the frames that stand under two labels.
    """
    train = run.artefact("131 classes") / "train"
    found = discern("check", train, "--name", "check", "--runs", run.folder, partly=True)
    opened = api.open_run(run.folder / "check")
    fingerprint = opened.facts["data"]["fingerprint"]
    if api.read(train).fingerprint != fingerprint:
        raise StepFailed("Two readings of the same pictures have different fingerprints.")
    counts = dict(opened.findings["check"].value_counts(sort=True).iter_rows())
    print(f"    version {fingerprint[:12]}, {found['used']} pictures; findings: {counts}")
    return write_json(run.folder / "version.json", {"fingerprint": fingerprint, "files": found["used"]})


@EXAMPLE.step("training from a seed")
def train(run: Run) -> Path:
    """Train a linear head on the features of a frozen network, with a seed, and keep the versions beside the model."""
    train_folder = run.artefact("131 classes") / "train"
    options = ("--seed", SEED, "--at-most-wrong", LIMIT)
    trained = discern("train", train_folder, *options, "--name", "fruits", "--runs", run.folder)
    print(f"    {trained['policy']['sentence']}")
    print(f"    SHA-256 of the bundle: {digest(Path(trained['bundle']))}")
    return Path(trained["bundle"])


@EXAMPLE.step("random split or whole films")
def compare_splits(run: Run) -> Path:
    """Compare the accuracy of a random split, as it is published, with that of films that were not learned.

    The field pictures are the judge: their films were kept out of everything.
    """
    bundle, field = run.artefact("training from a seed"), run.artefact("131 classes") / "field"
    judged = discern("evaluate", bundle, field, "--name", "field", "--runs", run.folder)
    measured = json.loads((bundle.parent / "metrics.json").read_text(encoding="utf-8"))["accuracy"]
    run.ours = {name: judged["accuracy"][name] for name in ("value", "low", "high")}
    rows = {"random split": measured["naive"], "whole films": measured["leak_free"], "field": judged["accuracy"]}
    rows = {name: {each: row[each] for each in ("value", "low", "high")} for name, row in rows.items()}
    for name, row in rows.items():
        print(f"    {name:<13} {row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})")
    return write_json(run.folder / "splits.json", rows)


@EXAMPLE.step("timm ResNet")
def train_resnet(run: Run) -> Path:
    """Fine-tune a ResNet of timm beside the probe, on some of the varieties, by the same methods and judged alike.

    No pretrained weights of a ResNet are at hand, so it starts from random ones, and runs for two epochs only: this
    shows the way, and says nothing about a ResNet. Without PyTorch, the step says so and ends.
    """
    if not (find_spec("torch") and find_spec("timm")):
        print("    PyTorch and timm are not installed: the ResNet is left out")
        return write_json(run.folder / "resnet.json", {"left_out": "PyTorch or timm is not installed."})
    few = choose_few(run.artefact("131 classes") / "train", run.folder / "few")
    weights = write_random_weights("resnet18", run.folder / "resnet18.safetensors", seed=int(SEED))
    network = ("--method", "finetune", "--backbone", "timm/resnet18", "--weights", weights, "--size", "64")
    options = {"probe": (), "resnet18": (*network, "--epochs", "2", "--batch", "32")}
    found = {}
    for name, own in options.items():
        trained = discern("train", few, *own, "--seed", SEED, "--name", name, "--runs", run.folder)
        row = trained["accuracy"]["leak_free"]
        found[name] = {each: row[each] for each in ("value", "low", "high")}
        print(f"    {name:<9} {row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})")
    return write_json(run.folder / "resnet.json", found)


@EXAMPLE.step("continuous integration")
def integrate(run: Run) -> Path:
    """Write what GitHub runs at each push, and run it here: from the lock and the seed comes the same model to the bit.

    The script trains in a process of its own with an empty cache, so that nothing is left of the first training but the
    options, the versions and the pictures. With a minimum that no model reaches, it fails.
    """
    bundle, data = run.artefact("training from a seed"), run.artefact("131 classes")
    repository = run.folder / "repository"
    discern("ship", "ci", bundle.parent, "--data", "train", "--test", "field", "--out", repository)
    for part in ("train", "field"):
        (repository / part).symlink_to(data / part)
    first = run_script(repository, "train", "evaluate", "smoke", "ship", REPRODUCE="1")
    again = repository / "ci-out/fruits/model.discern"
    if first.returncode or digest(again) != digest(bundle):
        raise StepFailed(f"The script ended with {first.returncode}: {first.stderr or first.stdout}")
    print(f"    again {digest(again)}")
    short = run_script(repository, "evaluate", AT_LEAST="accuracy=.999")
    if short.returncode != 1 or "FELL SHORT" not in short.stdout:
        raise StepFailed(f"A minimum of .999 should end with 1, not {short.returncode}: {short.stderr}")
    print("    with a minimum of .999 the script ends with 1")
    write_json(run.folder / "twice.json", {"sha256": [digest(bundle), digest(again)]})
    return repository / "ci"


def run_script(repository: Path, *steps: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run steps of continuous integration as its service does, with an empty cache the first time."""
    print(f"    $ sh ci/run.sh {' '.join(steps)}", flush=True)
    own = {"PYTHON": sys.executable, "XDG_CACHE_HOME": str(repository / ".cache"), **variables}
    command = ["sh", "ci/run.sh", *steps]
    return subprocess.run(command, cwd=repository, env=os.environ | own, capture_output=True, text=True, check=False)
