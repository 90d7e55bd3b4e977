"""Workspace for integration tests: small pictures, a backbone for colours, and a cache."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from discern.features.testing import colour_backbone
from discern.flow.check import CheckResult, check
from discern.flow.split import SplitResult, split
from discern.flow.train import TrainResult, train
from discern.progress import Progress, silent
from tests.unit.training.factories import COLOURS, write_colours

ACCOUNT_KEYS = {
    *("found", "used", "unreadable", "left_out", "left_out_file", "classes", "unjudged"),
    *("links_not_followed", "folders_without_pictures", "classes_without_pictures"),
}


def write_backbone(path: Path) -> Path:
    """Write the colour backbone as an ONNX file without a feature map."""
    model = onnx.load_from_string(colour_backbone(mirror=False).graph)
    model.graph.output.remove(next(output for output in model.graph.output if output.name == "map"))
    path.write_bytes(model.SerializeToString())
    return path


@dataclass(frozen=True)
class Workspace:
    """Folder with pictures, runs, a backbone and a cache.

    Attributes:
        folder: folder of everything.
        backbone: ONNX file.
        cache: cache directory.
    """

    folder: Path
    backbone: Path
    cache: Path

    @classmethod
    def at(cls, folder: Path) -> "Workspace":
        return cls(folder, write_backbone(folder / "colour.onnx"), folder / "cache")

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    @property
    def photos(self) -> Path:
        """Twelve pictures of each colour, written on first access."""
        folder = self.folder / "photos"
        return folder if folder.exists() else write_colours(folder)

    def some(self, name: str, **each: int) -> Path:
        """A new folder with a number of photos of each colour."""
        for colour, number in each.items():
            (self.folder / name / colour).mkdir(parents=True)
            for path in self.pictures(colour)[:number]:
                shutil.copy(path, self.folder / name / colour)
        return self.folder / name

    def pictures(self, colour: str) -> list[Path]:
        assert colour in COLOURS
        return sorted((self.photos / colour).iterdir())

    def check(self, source: Path | str, *, name: str | None = None, resume: bool = False, **more: Any) -> CheckResult:
        return check(
            source, name=name, resume=resume, runs=self.runs, backbone=str(self.backbone), cache=self.cache, **more
        )

    def split(self, source: Path | str, *, seed: int = 0, **more: Any) -> SplitResult:
        return split(source, seed=seed, runs=self.runs, backbone=str(self.backbone), cache=self.cache, **more)

    def train(
        self,
        source: Path | str,
        *,
        name: str | None = None,
        seed: int = 0,
        resume: bool = False,
        progress: Progress = silent,
        **more: Any,
    ) -> TrainResult:
        return train(
            source,
            name=name,
            seed=seed,
            resume=resume,
            runs=self.runs,
            backbone=str(self.backbone),
            cache=self.cache,
            progress=progress,
            **more,
        )

    def kept(self) -> list[str]:
        """Names of the existing runs."""
        return sorted(path.name for path in self.runs.iterdir()) if self.runs.exists() else []


def interrupt_at(stage: str) -> Progress:
    """A progress callback that raises `KeyboardInterrupt` when a stage starts."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    return acting_at(stage, interrupt)


def acting_at(at: str, act: Callable[[], object]) -> Progress:
    """A progress callback that calls a function when a stage starts."""

    def progress(stage: str, done: int, total: int | None) -> None:
        if stage == at and done == 0:
            act()

    return progress
