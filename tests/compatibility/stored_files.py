"""Stored files, copied to a test folder as if they had been made there."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import PIL
import polars as pl

from discern.catalog.picture_cache import VERSION
from tests.compatibility.fixture_pictures import COLOURS, FIXTURE_FOLDER, write_names, write_negatives, write_photos

FORMAT_1 = Path(__file__).parent / "format_1"


@dataclass(frozen=True)
class StoredFiles:
    """A copy of the stored files with the pictures that its runs refer to.

    Attributes:
        folder: contains the runs `finished`, `interrupted` and `checked`, the backbone, the cache and the pictures.
    """

    folder: Path

    @classmethod
    def copy_to(cls, folder: Path) -> "StoredFiles":
        shutil.copytree(FORMAT_1, folder)
        for run in ("finished", "interrupted", "checked"):
            _relocate_facts(folder / run / "run.json", folder)
            _relocate_catalog(folder / run / "catalog.parquet", folder)
        write_photos(folder / "photos")
        write_negatives(folder / "negatives")
        write_names(folder / "names.csv")
        return cls(folder)

    @property
    def photos(self) -> Path:
        return self.folder / "photos"

    @property
    def common_options(self) -> dict[str, Any]:
        """Options shared by all runs."""
        return {
            "runs": self.folder,
            "cache": self.folder / "cache",
            "backbone": str(self.folder / "colour.onnx"),
        }

    @property
    def options(self) -> dict[str, Any]:
        """Options of the training."""
        return self.common_options | {
            "ordered": list(COLOURS),
            "negatives": self.folder / "negatives",
            "names": self.folder / "names.csv",
            "at_most_wrong": 0.23,
        }

    def shelves(self) -> dict[str, bytes]:
        """Return the cached shelves that are valid for the installed Pillow and the decoder's version, by path."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in (self.folder / "cache").rglob("*.shelf")
            if "pillow" not in path.parent.name or f"-{VERSION}-pillow{PIL.__version__}-" in path.parent.name
        }

    def has_installed_decoder(self) -> bool:
        """Return whether the stored cache has thumbnails of the installed Pillow and the decoder's version."""
        return any((FORMAT_1 / "cache").glob(f"thumbs-{VERSION}-pillow{PIL.__version__}-*"))


def contents(folder: Path) -> dict[str, bytes]:
    """Return the contents of the folder's files that are not hidden, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _relocate_facts(path: Path, folder: Path) -> None:
    path.write_text(json.dumps(_relocated(read(path), folder), indent=1) + "\n", encoding="ascii")


def _relocate_catalog(path: Path, folder: Path) -> None:
    table, said = pl.read_parquet(path), pl.read_parquet_metadata(path)
    facts = json.dumps(_relocated(json.loads(said["discern"]), folder))
    table.write_parquet(path, metadata={"discern": facts})


def _relocated(value: Any, folder: Path) -> Any:
    if isinstance(value, dict):
        return {key: _relocated(item, folder) for key, item in value.items()}
    if isinstance(value, str) and value.startswith(f"{FIXTURE_FOLDER.as_posix()}/"):
        return str(folder / value.removeprefix(f"{FIXTURE_FOLDER.as_posix()}/"))
    return value
