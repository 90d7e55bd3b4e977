"""The kept files, laid out in a folder of the tests' own as if they had been made there."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import PIL
import polars as pl

from tests.compatibility.drawing import COLOURS, WORKSHOP, write_names, write_negatives, write_photos

FORMAT_1 = Path(__file__).parent / "format_1"


@dataclass(frozen=True)
class Kept:
    """A copy whose runs name the pictures that are drawn again here.

    Attributes:
        folder: holds the runs `finished`, `interrupted` and `checked`, the backbone, the cache and the pictures.
    """

    folder: Path

    @classmethod
    def copied_to(cls, folder: Path) -> "Kept":
        shutil.copytree(FORMAT_1, folder)
        for run in ("finished", "interrupted", "checked"):
            _move_facts(folder / run / "run.json", folder)
            _move_catalog(folder / run / "catalog.parquet", folder)
        write_photos(folder / "photos")
        write_negatives(folder / "negatives")
        write_names(folder / "names.csv")
        return cls(folder)

    @property
    def photos(self) -> Path:
        return self.folder / "photos"

    @property
    def places(self) -> dict[str, Any]:
        """Where runs of these pictures are, and what they need."""
        return {
            "runs": self.folder,
            "cache": self.folder / "cache",
            "backbone": str(self.folder / "colour.onnx"),
        }

    @property
    def options(self) -> dict[str, Any]:
        """All that the training was asked for."""
        return self.places | {
            "ordered": list(COLOURS),
            "negatives": self.folder / "negatives",
            "names": self.folder / "names.csv",
            "at_most_wrong": 0.23,
        }

    def shelves(self) -> dict[str, bytes]:
        """What the cache holds for the decoder that is installed; shelves of pixels name the version they are from."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in (self.folder / "cache").rglob("*.shelf")
            if "pillow" not in path.parent.name or f"pillow{PIL.__version__}-" in path.parent.name
        }

    def knows_the_decoder(self) -> bool:
        """Whether the pictures were looked at by the decoder that is installed."""
        return any((FORMAT_1 / "cache").glob(f"thumbs-*pillow{PIL.__version__}-*"))


def contents(folder: Path) -> dict[str, bytes]:
    """Each file that is not hidden, and what it holds."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _move_facts(path: Path, folder: Path) -> None:
    path.write_text(json.dumps(_moved(read(path), folder), indent=1) + "\n", encoding="ascii")


def _move_catalog(path: Path, folder: Path) -> None:
    table, said = pl.read_parquet(path), pl.read_parquet_metadata(path)
    facts = json.dumps(_moved(json.loads(said["discern"]), folder))
    table.write_parquet(path, metadata={"discern": facts})


def _moved(value: Any, folder: Path) -> Any:
    if isinstance(value, dict):
        return {key: _moved(each, folder) for key, each in value.items()}
    if isinstance(value, str) and value.startswith(f"{WORKSHOP.as_posix()}/"):
        return str(folder / value.removeprefix(f"{WORKSHOP.as_posix()}/"))
    return value
