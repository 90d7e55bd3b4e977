"""Packs dealt once to train, validation and test folders, and answers to the test pictures, for trainers of any kind.

The parts are those of `discern split`: no group is in two of them. A trainer writes its answers as JSON: `labels`, and
for each test picture (`test`) and each picture of none of the classes (`strangers`) the probabilities of the labels.
"""

import json
import os
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from pack_features import CACHE, DATA

import discern
from discern.catalog import Catalog
from discern.evaluating import ClassificationMetrics, Interval, evaluate_predictions, paired_difference
from discern.splitting import Split, write_parts

# Train, validation and test; of a pack with a test part of its own, that is the test part. trashnet: the pictures of
# random groups train, about 300 with those for validation, and all others test.
SHARES = {
    "banana_ripeness": (50, 15, 35),
    "scones_bicycle_motorcycle": (70, 15, 15),
    "trashnet": (29, 8, 63),
}
PACKS = tuple(SHARES)
STRANGERS = "negatives_imagenet"
NEGATIVES = Path(__file__).with_name("negatives.toml")


@dataclass(frozen=True, kw_only=True)
class Dealt:
    """A pack in parts that share no group.

    Attributes:
        pack: name of the pack.
        folder: its folder, with `train`, `validation` and `test`, folders of class folders.
        training: the pictures of `train` and `validation` in one such folder, for trainers that hold out their own.
        strangers: folder of pictures of none of the classes.
        pictures: number of pictures of each part.
        labels: the classes.
        files: test pictures, as `class/name`.
        truth: int [N], their classes.
        groups: int [N], dependent pictures share a value.
        weights: float [N], copies count as one picture.
    """

    pack: str
    folder: Path
    pictures: dict[str, int]
    labels: list[str]
    files: list[str]
    truth: np.ndarray
    groups: np.ndarray
    weights: np.ndarray

    @property
    def train(self) -> Path:
        return self.folder / "parts" / "train"

    @property
    def validation(self) -> Path:
        return self.folder / "parts" / "validation"

    @property
    def test(self) -> Path:
        return self.folder / "parts" / "test"

    @property
    def training(self) -> Path:
        return self.folder / "training" / "train"

    @property
    def strangers(self) -> Path:
        return self.folder / "strangers"

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a pack that was dealt before."""
        found = json.loads((folder / "dealt.json").read_text())
        arrays = {name: np.array(found.pop(name)) for name in ("truth", "groups", "weights")}
        return cls(folder=folder, **found, **arrays)


def deal(pack: str, out: Path) -> Dealt:
    """Deal a pack below `out`, unless it was dealt there before."""
    folder = out / pack
    if (folder / "dealt.json").exists():
        return Dealt.open(folder)
    shutil.rmtree(folder, ignore_errors=True)
    run = discern.split(DATA / pack, parts=SHARES[pack], runs=folder / "runs", cache=CACHE).run
    catalog = Catalog.load(run / "catalog.parquet", cache=CACHE)
    split = Split.from_json(json.loads((run / "split.json").read_text()))
    write_parts(catalog, split, folder / "parts")
    together = np.where(split.part == "validation", "train", np.where(split.part == "test", "", split.part))
    write_parts(catalog, replace(split, part=together), folder / "training")
    link_strangers(pack, folder / "strangers")
    rows = np.flatnonzero(split.part == "test")
    rows = rows[np.argsort(catalog.table["path"].to_numpy()[rows].astype(str), kind="stable")]
    # Files are listed in the order of their paths in the source. A line is: number, class and file, separated by tabs.
    lines = [line.split("\t") for line in (folder / "parts" / "test.lst").read_text(encoding="utf-8").splitlines()]
    assert [int(label) for _, label, _ in lines] == catalog.label_index[rows].tolist()
    pixels = catalog.table["pixels"].to_numpy()[rows].astype(str)
    _, copy, count = np.unique(pixels, return_inverse=True, return_counts=True)
    dealt = {
        "pack": pack,
        "pictures": {part: int((split.part == part).sum()) for part in ("train", "validation", "test")},
        "labels": list(catalog.labels),
        "files": [str(Path(file).relative_to("test")) for _, _, file in lines],
        "truth": catalog.label_index[rows].tolist(),
        "groups": split.group[rows].tolist(),
        "weights": (1 / count[copy]).tolist(),
    }
    (folder / "dealt.json").write_text(json.dumps(dealt, indent=1))
    return Dealt.open(folder)


def link_strangers(pack: str, folder: Path) -> None:
    """Link to the pictures of other things, without those that may show a class of the pack."""
    excluded = tuple(tomllib.loads(NEGATIVES.read_text()).get(pack, ()))
    folder.mkdir(parents=True)
    for path in sorted((DATA / STRANGERS).resolve().iterdir()):
        if not path.name.startswith(excluded or ("\0",)):
            (folder / path.name).symlink_to(path)


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """Answers of a trained model.

    Attributes:
        probabilities: float [N, K] of the test pictures, in the order of `Dealt.files` and `Dealt.labels`.
        strangers: float [M], highest probability given to each picture of none of the classes.
        named: share of the pictures that are given a class without reserve, of the `test` pictures and the `strangers`;
            1 for models that cannot do otherwise.
    """

    probabilities: np.ndarray
    strangers: np.ndarray
    named: Mapping[str, float]

    @classmethod
    def read(cls, file: Path, dealt: Dealt) -> Self:
        found: dict[str, Any] = json.loads(file.read_text())
        order = [found["labels"].index(label) for label in dealt.labels]
        assert sorted(found["test"]) == sorted(dealt.files)
        probabilities = np.array([found["test"][name] for name in dealt.files])[:, order]
        return cls(
            probabilities=probabilities / probabilities.sum(axis=1, keepdims=True),
            strangers=np.array([max(each) for each in found["strangers"].values()]),
            named=found.get("named", {"test": 1.0, "strangers": 1.0}),
        )

    def correct(self, dealt: Dealt) -> np.ndarray:
        return np.asarray(self.probabilities.argmax(axis=1) == dealt.truth)

    def metrics(self, dealt: Dealt) -> ClassificationMetrics:
        return evaluate_predictions(
            dealt.truth, self.probabilities, labels=dealt.labels, groups=dealt.groups, weights=dealt.weights
        )

    def minus(self, other: Self, dealt: Dealt) -> Interval:
        """Return the difference in accuracy to another model on the same pictures."""
        return paired_difference(self.correct(dealt), other.correct(dealt), groups=dealt.groups, weights=dealt.weights)


def write_answers(bundle: Path, dealt: Dealt, file: Path) -> None:
    """Let a bundle answer the test pictures and the strangers, and write its answers as other trainers do."""
    model = discern.load(bundle)
    pictures = {
        "test": {name: dealt.test / name for name in dealt.files},
        "strangers": {path.name: path for path in sorted(dealt.strangers.iterdir())},
    }
    answers = {part: list(model.predict(list(each.values()))) for part, each in pictures.items()}
    found: dict[str, Any] = {"labels": list(model.labels), "named": {}}
    for part, names in pictures.items():
        found[part] = {
            name: list(answer.probabilities.values()) for name, answer in zip(names, answers[part], strict=True)
        }
        found["named"][part] = float(np.mean([answer.decision == "accept" for answer in answers[part]]))
    file.write_text(json.dumps(found))


def points(difference: Interval) -> str:
    """Format a difference of accuracies in percentage points with its interval."""
    if difference.value is None or difference.low is None or difference.high is None:
        return difference.note or "-"
    return f"{100 * difference.value:+.1f} [{100 * difference.low:+.1f}, {100 * difference.high:+.1f}]"


def percent(share: Interval) -> str:
    """Format an accuracy in percent with its interval."""
    if share.value is None or share.low is None or share.high is None:
        return share.note or "-"
    return f"{100 * share.value:.1f} ({100 * share.low:.1f} to {100 * share.high:.1f})"


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def cores() -> int:
    return len(os.sched_getaffinity(0))
